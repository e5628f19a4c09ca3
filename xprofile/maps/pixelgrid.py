"""Pixels of a map on the sky: where they are, and how large they are."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from astropy.coordinates import BaseCoordinateFrame, SkyCoord
from astropy.wcs import WCS, NoConvergence, Sip
from astropy.wcs.utils import proj_plane_pixel_scales
from numpy.typing import NDArray

from ..exceptions import InvalidBinsError
from .solid_angles import block_solid_angles, pixel_solid_angles
from .sphere import lonlat_deg, unit_vectors
from .tangent_plane import TangentPlane, find_tangent_plane
from .world.cards import cards_of_wcs, header_of_cards, wcs_of_header
from .world.distortions import pixel_to_world, sip_polynomials, world_to_pixel
from .world.frames import celestial_frame, frames_in_astropy, is_known_to_astropy

if TYPE_CHECKING:
    from regions import PixelRegion, SkyRegion

__all__ = ["TURN_ROUNDING", "PixelGrid", "pixel_numbers"]

Float = NDArray[np.float64]

# Columns, in parts of a full turn of 360 deg, by which it may differ from a whole number, for
# rounding of the pixel width. Ten times larger changes nothing; at a whole column, maps with a gap
# would be joined across it.
TURN_ROUNDING = 1e-6

# Degrees from the reference point at which a plate carree is compared with a linear one. A
# technical choice: far enough out for an oblique projection to differ. Ten times as far would be
# beyond the poles, so no grid would be separable, and all would be slower.
_COMPARED_AT = 20.0

# Largest difference in degrees between a linear and a true coordinate that counts as rounding; the
# two agree to the last digit where the reference point is on the equator. Ten times larger still
# is 4e-5 arcsec, far below a pixel; ten times smaller changes nothing either.
_LINEAR_ROUNDING = 1e-9

# Largest distance in pixels between a position and the one that the WCS gives for its sky
# coordinates, if the two are the same. They agree to 1e-11 pixels, or are many pixels apart beyond
# the seam of an all-sky map. Ten times larger still tells the two cases apart; at one pixel, places
# next to the seam would count twice.
_SAME_PLACE = 1e-3


@dataclass(frozen=True, eq=False)
class PixelGrid:
    """The pixels of a map: a WCS, and the pixel numbers of the columns and rows.

    Parameters
    ----------
    wcs : astropy.wcs.WCS
        Two celestial axes, with distortions or without.
    x, y : numpy.ndarray
        0-based pixel numbers of the columns (nx,) and rows (ny,).
    """

    wcs: WCS
    x: Float
    y: Float

    def subgrid(self, x: Float, y: Float) -> PixelGrid:
        """Return a part of the grid that another thread can use at the same time.

        The WCS is copied, as astropy's must not be shared by threads. Properties that depend on
        the whole grid, such as the range of its longitudes, stay those of the whole.
        """
        found = PixelGrid(self.wcs.deepcopy(), x, y)
        for name in ("separable", "_offset", "tangent_plane"):
            vars(found)[name] = getattr(self, name)
        return found

    def __getstate__(self) -> dict[str, Any]:
        """Add the exact numbers of the WCS, which astropy pickles as a header, rounded."""
        w = self.wcs.wcs
        matrix = "cd" if w.has_cd() else "pc"
        names = ["crval", "crpix", "cdelt", *([matrix] if w.has_cd() or w.has_pc() else [])]
        exact = {name: getattr(w, name).copy() for name in names}
        sip = None if self.wcs.sip is None else sip_polynomials(self.wcs)
        return {**vars(self), "_exact": exact, "_sip": sip}

    def __setstate__(self, state: dict[str, Any]) -> None:
        exact, sip = state.pop("_exact"), state.pop("_sip")
        vars(self).update(state)
        for name, values in exact.items():
            setattr(self.wcs.wcs, name, values)
        if sip is not None:
            self.wcs.sip = Sip(*sip, self.wcs.wcs.crpix)

    @property
    def shape(self) -> tuple[int, int]:
        """Number of rows and columns."""
        return self.y.size, self.x.size

    @cached_property
    def frame(self) -> BaseCoordinateFrame:
        """Sky frame of the WCS, without data."""
        return celestial_frame(self.wcs)

    @cached_property
    def separable(self) -> bool:
        """Whether longitude is linear in x alone and latitude in y alone."""
        w = self.wcs.wcs
        if any("CAR" not in ctype for ctype in w.ctype) or w.lng != 0 or self.wcs.sip is not None:
            return False
        # near the reference point, so that the answer is the same for every part of a map
        reach = np.array([-_COMPARED_AT, 0.0, _COMPARED_AT])
        x, y = (c - 1 + reach / s for c, s in zip(w.crpix, self.steps, strict=True))
        lon, lat = (np.asarray(a) for a in self.wcs.wcs_pix2world(*np.meshgrid(x, y), 0))
        dlon = (lon - self.linear_coordinate(0, x) + 180) % 360 - 180
        dlat = lat - self.linear_coordinate(1, y)[:, None]
        return bool(np.all(np.abs([dlon, dlat]) < _LINEAR_ROUNDING))

    @property
    def steps(self) -> Float:
        """Width and height of a pixel in degrees; separable grids only."""
        return np.asarray(np.abs(self.wcs.wcs.get_cdelt() * np.diag(self.wcs.wcs.get_pc())))

    def linear_coordinate(self, axis: int, pixel: Float) -> Float:
        """Longitude (axis 0) or latitude (axis 1) of pixel numbers in degrees.

        Separable grids only. Longitudes are not brought to the usual range, and latitudes go on
        beyond the poles.
        """
        w = self.wcs.wcs
        step = w.get_cdelt()[axis] * w.get_pc()[axis, axis]
        return np.asarray(w.crval[axis] + (pixel + 1 - w.crpix[axis]) * step)

    @cached_property
    def _offset(self) -> float:
        """Multiple of 360 degrees that brings the grid's longitudes to the usual range."""
        ends = np.array([self.linear_coordinate(0, self.x[[i]])[0] for i in (0, -1)])
        low, high = min(ends), max(ends)
        offset = -360.0 * np.floor((low + high) / 2 / 360)
        return float(offset - 360.0 if high + offset > 360 + _LINEAR_ROUNDING else offset)

    @property
    def full_turn(self) -> float:
        """Number of columns in 360 degrees; separable grids only."""
        return 360 / float(self.steps[0])

    @property
    def whole_turn(self) -> int:
        """Number of columns in 360 degrees; 0 if it is not whole, or the grid is not separable."""
        if not self.separable:
            return 0
        turn = round(self.full_turn)
        return turn if abs(turn - self.full_turn) <= TURN_ROUNDING * turn else 0

    def lonlat(self, x: Float, y: Float) -> tuple[Float, Float]:
        """Longitude and latitude in degrees of pixel positions, NaN off the sky.

        `x` and `y` broadcast against each other, and so do the results: on a separable grid the
        longitude has the shape of `x` and the latitude has the shape of `y`.
        """
        if self.separable:
            lat = self.linear_coordinate(1, y)
            lon = self.linear_coordinate(0, x) + self._offset
            return lon, np.where(np.abs(lat) > 90, np.nan, lat)
        world = pixel_to_world(self.wcs, *np.broadcast_arrays(x, y))
        return world[self.wcs.wcs.lng], world[self.wcs.wcs.lat]

    def world_pixel(self, lon: Float, lat: Float) -> tuple[Float, Float]:
        """Pixel positions of a longitude and latitude in degrees, as the WCS gives them."""
        world = (lon, lat) if self.wcs.wcs.lng == 0 else (lat, lon)
        return world_to_pixel(self.wcs, *world)

    def pixel(self, coord: SkyCoord) -> tuple[Float, Float]:
        """Pixel positions of sky coordinates, NaN where the projection does not show them.

        On a separable grid, a position has a column in every turn of 360 degrees; the one nearest
        to the grid's centre is given.
        """
        lon, lat = (np.atleast_1d(values) for values in lonlat_deg(coord, self.frame))
        x, y = self.world_pixel(lon, lat)
        if self.separable:
            x = x - self.full_turn * np.round((x - (self.x[0] + self.x[-1]) / 2) / self.full_turn)
        return x, y

    def region_in_pixels(self, region: SkyRegion) -> PixelRegion:
        """Return a region of the sky in the plane of the map, in pixels.

        Raises
        ------
        InvalidBinsError
            If distortions leave no pixel position to a point of the region.
        """
        try:
            with frames_in_astropy():
                return region.to_pixel(self._wcs_for_astropy)
        except NoConvergence:
            raise InvalidBinsError(
                f"{region} has points so far from the map that its distortions (SIP) give them no "
                "pixel position; use regions nearer to the map"
            ) from None

    @cached_property
    def _wcs_for_astropy(self) -> WCS:
        """The WCS, or a new one that does not remember the wrong frame that astropy gave it."""
        if is_known_to_astropy(self.wcs):
            return self.wcs
        return wcs_of_header(header_of_cards(cards_of_wcs(self.wcs)))

    @cached_property
    def pixel_scales(self) -> Float:
        """Width and height in degrees of a pixel at the reference point."""
        return np.asarray(proj_plane_pixel_scales(self.wcs))

    @cached_property
    def pixel_size(self) -> float:
        """Side in degrees of a square with the solid angle of a pixel at the reference point."""
        return float(np.sqrt(np.abs(np.linalg.det(self.wcs.pixel_scale_matrix))))

    @cached_property
    def tangent_plane(self) -> TangentPlane | None:
        """Plane on which the pixels of a gnomonic projection are; None for other projections."""
        return find_tangent_plane(self.wcs)

    def vectors(self, x: Float, y: Float) -> Float:
        """Unit vectors (3, ...) of pixel positions that broadcast, NaN off the sky."""
        if self.tangent_plane is None:
            return unit_vectors(*self.lonlat(x, y))
        return self.tangent_plane.vectors(x, y)

    def pixel_vectors(self, pixel: NDArray[np.integer[Any]]) -> Float:
        """Unit vectors (3, n) of the centres of pixels with these flat indices, NaN off the sky."""
        row, column = np.divmod(pixel, self.x.size)
        return self.vectors(self.x[column], self.y[row])

    def pixel_solid_angles(self, pixel: NDArray[np.integer[Any]]) -> Float:
        """Solid angles in sr (n,) of pixels with these flat indices."""
        row, column = np.divmod(pixel, self.x.size)
        return self.solid_angle(self.x[column], self.y[row])

    def find_pixels(self, coord: SkyCoord) -> NDArray[np.int64]:
        """Flat indices (n,) of the pixels that sky positions are in; -1 off the map."""
        found = np.ones(np.size(coord), bool)
        index = np.zeros(found.size, np.int64)
        for position, numbers in zip(self.pixel(coord)[::-1], (self.y, self.x), strict=True):
            order = np.argsort(numbers)
            nearest = np.floor(np.where(np.isfinite(position), position, -np.inf) + 0.5)
            place = np.minimum(np.searchsorted(numbers[order], nearest), numbers.size - 1)
            found &= numbers[order][place] == nearest
            index = index * numbers.size + order[place]
        return np.where(found, index, -1)

    def solid_angle(self, x: Float, y: Float) -> Float:
        """Solid angles in sr of pixels at positions that broadcast.

        On a separable grid, the area between two meridians and two parallels. On a gnomonic grid
        with axes at right angles, the area of a rectangle of the tangent plane, seen from the
        centre of the sphere. On others, the area of the spherical quadrilateral between the
        corners, or, where a corner is off the sky, an estimate from the scale at the pixel centre.
        """
        return pixel_solid_angles(self, x, y)

    def solid_angles(self, x: Float, y: Float, inside: NDArray[np.intp]) -> Float:
        """Solid angles in sr of some pixels of a block, as from `solid_angle`.

        Parameters
        ----------
        x, y : numpy.ndarray
            Pixel numbers of the block's columns (nx,) and rows (ny,).
        inside : numpy.ndarray of int
            Ascending flat indices (npixel,) of the pixels in the block.
        """
        return block_solid_angles(self, x, y, inside)

    def canonical(self, x: Float, y: Float) -> NDArray[np.bool_]:
        """Whether pixels at positions that broadcast stand for their part of the sky.

        An all-sky plane repeats beyond its seam, so several positions of the plane can have one
        direction; True for the position that the WCS gives this direction. False off the sky.
        """
        if self.tangent_plane is not None:  # on a tangent plane, no direction comes twice
            return np.ones(np.broadcast_shapes(np.shape(x), np.shape(y)), bool)
        lon, lat = self.lonlat(x, y)
        if self.separable:
            offset = 2 * (x - (self.x[0] + self.x[-1]) / 2)
            return np.asarray(
                np.isfinite(lat) & (-self.full_turn <= offset) & (offset < self.full_turn)
            )
        back_x, back_y = self.world_pixel(lon, lat)
        return np.asarray(np.isfinite(lat) & (np.hypot(back_x - x, back_y - y) < _SAME_PLACE))

    @cached_property
    def on_sky(self) -> NDArray[np.bool_]:
        """Whether each pixel stands for its part of the sky, (ny, nx); see `canonical`."""
        return np.broadcast_to(self.canonical(self.x, self.y[:, None]), self.shape)


def pixel_numbers(size: int) -> Float:
    """Pixel numbers 0, 1, ... of `size` columns or rows."""
    return np.arange(size, dtype=np.float64)
