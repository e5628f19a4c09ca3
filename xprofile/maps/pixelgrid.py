"""Pixels of a map on the sky: where they are, how large, and which are the plane's own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeVar

import numpy as np
from astropy.coordinates import BaseCoordinateFrame, SkyCoord
from astropy.wcs import WCS
from astropy.wcs.utils import proj_plane_pixel_area, proj_plane_pixel_scales, wcs_to_celestial_frame
from numpy.typing import NDArray

from .sphere import dot, lonlat_deg, quadrilateral, unit_vectors

__all__ = ["PixelGrid", "take_pixels", "whole_numbers"]

Float = NDArray[np.float64]

T = TypeVar("T", bound=np.generic)

_SQUARE = 1e-13  # cosine between the axes of a plane that are at right angles, at the most

_REACH = 20.0  # degrees from the reference point where a projection is tried


@dataclass(frozen=True, eq=False)
class PixelGrid:
    """The pixels of a map: a WCS and the pixel numbers of its columns and rows.

    Parameters
    ----------
    wcs : astropy.wcs.WCS
        Two celestial axes.
    x, y : numpy.ndarray
        0-based pixel numbers of the columns (nx,) and rows (ny,).
    """

    wcs: WCS
    x: Float
    y: Float

    def subgrid(self, x: Float, y: Float) -> PixelGrid:
        """Some of the columns and rows, where they are in the whole, for a thread of its own."""
        found = PixelGrid(self.wcs.deepcopy(), x, y)
        for name in ("separable", "_turn", "_tangent", "_flat"):
            vars(found)[name] = getattr(self, name)
        return found

    def __getstate__(self) -> dict[str, Any]:
        """Keep what the header rounds, in which astropy writes a WCS for another process."""
        w = self.wcs.wcs
        matrix = "cd" if w.has_cd() else "pc"
        names = ["crval", "crpix", "cdelt", *([matrix] if w.has_cd() or w.has_pc() else [])]
        return {**vars(self), "_exact": {name: getattr(w, name).copy() for name in names}}

    def __setstate__(self, state: dict[str, Any]) -> None:
        exact = state.pop("_exact")
        vars(self).update(state)
        for name, values in exact.items():
            setattr(self.wcs.wcs, name, values)

    @property
    def shape(self) -> tuple[int, int]:
        """Number of rows and columns."""
        return self.y.size, self.x.size

    @cached_property
    def frame(self) -> BaseCoordinateFrame:
        """Sky frame of the WCS, without data."""
        return wcs_to_celestial_frame(self.wcs)

    @cached_property
    def separable(self) -> bool:
        """Whether longitude is linear in x alone and latitude in y alone."""
        if any("CAR" not in ctype for ctype in self.wcs.wcs.ctype) or self.wcs.wcs.lng != 0:
            return False
        # positions of the plane round the reference point, whichever part of it the grid has
        reach = np.array([-20.0, 0.0, 20.0])
        x, y = (c - 1 + reach / s for c, s in zip(self.wcs.wcs.crpix, self._steps, strict=True))
        lon, lat = (np.asarray(a) for a in self.wcs.wcs_pix2world(*np.meshgrid(x, y), 0))
        dlon = (lon - self._linear(0, x) + 180) % 360 - 180
        dlat = lat - self._linear(1, y)[:, None]
        return bool(np.all(np.abs([dlon, dlat]) < 1e-9))

    def _linear(self, axis: int, pixel: Float) -> Float:
        w = self.wcs.wcs
        step = w.get_cdelt()[axis] * w.get_pc()[axis, axis]
        return np.asarray(w.crval[axis] + (pixel + 1 - w.crpix[axis]) * step)

    @cached_property
    def _turn(self) -> float:
        """Whole turns, in degrees, that bring the grid's longitudes to the usual range."""
        ends = np.array([self._linear(0, self.x[:1])[0], self._linear(0, self.x[-1:])[0]])
        low, high = min(ends), max(ends)
        turn = -360.0 * np.floor((low + high) / 2 / 360)
        return float(turn - 360.0 if high + turn > 360 + 1e-9 else turn)

    def lonlat(self, x: Float, y: Float) -> tuple[Float, Float]:
        """Longitude and latitude in degrees of pixel positions, NaN off the sky.

        `x` and `y` broadcast against each other, and so do the results: on a separable grid the
        longitude has the shape of `x` and the latitude that of `y`.
        """
        if self.separable:
            lat = self._linear(1, y)
            return self._linear(0, x) + self._turn, np.where(np.abs(lat) > 90, np.nan, lat)
        world = self.wcs.wcs_pix2world(*np.broadcast_arrays(x, y), 0)
        return np.asarray(world[self.wcs.wcs.lng]), np.asarray(world[self.wcs.wcs.lat])

    def _to_pixel(self, lon: Float, lat: Float) -> tuple[Float, Float]:
        world = (lon, lat) if self.wcs.wcs.lng == 0 else (lat, lon)
        x, y = self.wcs.wcs_world2pix(*world, 0)
        return np.asarray(x), np.asarray(y)

    def pixel(self, coord: SkyCoord) -> tuple[Float, Float]:
        """Pixel positions of sky coordinates, NaN where the projection has none.

        On a separable grid, of the columns that are whole turns apart the nearest to the
        grid's centre is given.
        """
        lon, lat = (np.atleast_1d(values) for values in lonlat_deg(coord, self.frame))
        x, y = self._to_pixel(lon, lat)
        if self.separable:
            x = x - self.full_turn * np.round((x - (self.x[0] + self.x[-1]) / 2) / self.full_turn)
        return x, y

    @property
    def full_turn(self) -> float:
        """Columns in 360 degrees; separable grids only."""
        return 360 / float(self._steps[0])

    @property
    def _steps(self) -> Float:
        return np.asarray(np.abs(self.wcs.wcs.get_cdelt() * np.diag(self.wcs.wcs.get_pc())))

    @cached_property
    def pixel_scales(self) -> Float:
        """Width and height in degrees of a pixel at the reference point."""
        return np.asarray(proj_plane_pixel_scales(self.wcs))

    @cached_property
    def pixel_size(self) -> float:
        """Side in degrees of a square as large as a pixel at the reference point."""
        return float(np.sqrt(proj_plane_pixel_area(self.wcs)))

    def vectors(self, x: Float, y: Float) -> Float:
        """Unit vectors (3, ...) of pixel positions that broadcast, NaN off the sky."""
        if self._tangent is None:
            return unit_vectors(*self.lonlat(x, y))
        along, down, start = self._tangent.reshape(
            3, 3, *(1 for _ in np.broadcast_shapes(np.shape(x), np.shape(y)))
        )
        found = along * x + down * y + start
        return np.asarray(found / np.sqrt(dot(found, found)))

    @cached_property
    def _tangent(self) -> Float | None:
        """Steps (3, 3) along x, along y and at pixel 0 in the plane that touches the sphere.

        A direction in a gnomonic projection is one of this plane, without further ado. None for
        other projections.
        """
        w = self.wcs.wcs
        if any(not ctype.endswith("-TAN") for ctype in w.ctype):
            return None
        middle = w.crpix - 1
        reach = _REACH / self.pixel_scales
        x, y = (m + r * np.array([-1, 0, 1]) for m, r in zip(middle, reach, strict=True))
        sky = unit_vectors(*self.lonlat(x, y[:, None]))
        plane = sky / np.einsum("i,ijk->jk", sky[:, 1, 1], sky)
        along = (plane[:, 1, 2] - plane[:, 1, 0]) / (x[2] - x[0])
        down = (plane[:, 2, 1] - plane[:, 0, 1]) / (y[2] - y[0])
        start = sky[:, 1, 1] - along * middle[0] - down * middle[1]
        again = along[:, None, None] * x + down[:, None, None] * y[:, None] + start[:, None, None]
        return np.array([along, down, start]) if np.abs(again - plane).max() < 1e-13 else None

    def solid_angle(self, x: Float, y: Float) -> Float:
        """Solid angle in sr of the pixels at positions that broadcast.

        On a separable grid the area between meridians and parallels, on a gnomonic one with axes
        at right angles that of the rectangle of its plane; else that of the spherical quadrilateral
        of the corners, or by the local scale where a corner is off the sky.
        """
        if self.separable:
            step, centre = np.radians(self._steps), np.radians(self._linear(1, y))
            edges = (np.clip(centre + s * step[1] / 2, -np.pi / 2, np.pi / 2) for s in (-1, 1))
            lower, upper = (np.sin(edge) for edge in edges)
            return np.asarray(step[0] * (upper - lower) * np.ones_like(x))
        if self._flat is not None:
            columns, lines = ([e - 0.5, e + 0.5] for e in (x, y))
            return _rectangle(*([self._under(c, line) for c in columns] for line in lines))
        half = ((-0.5, -0.5), (0.5, -0.5), (0.5, 0.5), (-0.5, 0.5))
        area = quadrilateral(*(self.vectors(x + dx, y + dy) for dx, dy in half))
        return self._mended(area, *np.broadcast_arrays(x, y))

    def _mended(self, area: Float, x: Float, y: Float) -> Float:
        """Solid angles of pixels, by the local scale where a corner is off the sky."""
        lost = ~np.isfinite(area)
        if lost.any():
            area[lost] = self._local_solid_angle(x[lost], y[lost])
        return area

    @cached_property
    def _flat(self) -> tuple[Float, Float] | None:
        """Steps and starts along x and y in the plane that touches the sphere, (2,) each.

        None if that is not known, or if they are not at right angles there.
        """
        if self._tangent is None:
            return None
        along, down, start = self._tangent
        steps = np.linalg.norm([along, down], axis=1)
        if abs(along @ down) > _SQUARE * steps[0] * steps[1]:
            return None
        return steps, np.array([along @ start, down @ start]) / steps

    def _under(self, x: Float, y: Float) -> Float:
        """Solid angle from the touching point to pixel positions that broadcast, signed."""
        assert self._flat is not None
        x, y = (start + step * e for step, start, e in zip(*self._flat, (x, y), strict=True))
        return np.asarray(np.arctan2(x * y, np.sqrt(1 + x**2 + y**2)))

    def solid_angles(self, x: Float, y: Float, inside: NDArray[np.intp]) -> Float:
        """Solid angle in sr of some pixels of a block, as `solid_angle` gives it.

        Parameters
        ----------
        x, y : numpy.ndarray
            Pixel numbers of the block's columns (nx,) and rows (ny,).
        inside : numpy.ndarray of int
            Flat indices (npixel,) of the pixels in the block.
        """
        if self.separable:
            area = np.broadcast_to(self.solid_angle(x[:1], y[:, None]), (y.size, x.size))
            return take_pixels(area, inside)
        whole = x[-1] - x[0] + 1 == x.size and y[-1] - y[0] + 1 == y.size
        if not whole or 2 * inside.size < x.size * y.size:
            row, column = np.divmod(inside, x.size)
            return self.solid_angle(x[column], y[row])
        corners = np.append(x, x[-1] + 1) - 0.5, np.append(y, y[-1] + 1)[:, None] - 0.5
        if self._flat is not None:
            under = self._under(*corners)
            left, right = under[:, :-1], under[:, 1:]
            area = _rectangle((left[:-1], right[:-1]), (left[1:], right[1:]))
            return take_pixels(area, inside)
        vectors = self.vectors(*corners)
        left, right = vectors[..., :-1], vectors[..., 1:]
        area = quadrilateral(left[:, :-1], right[:, :-1], right[:, 1:], left[:, 1:])
        row, column = np.divmod(inside, x.size)
        return self._mended(take_pixels(area, inside), x[column], y[row])

    def _local_solid_angle(self, x: Float, y: Float) -> Float:
        """Solid angle by the derivatives at the pixel centre, 0 where there is no sky."""
        eps = 1e-3
        ex = (self.vectors(x + eps, y) - self.vectors(x - eps, y)) / (2 * eps)
        ey = (self.vectors(x, y + eps) - self.vectors(x, y - eps)) / (2 * eps)
        return np.asarray(np.nan_to_num(np.linalg.norm(np.cross(ex, ey, axis=0), axis=0)))

    def canonical(self, x: Float, y: Float) -> NDArray[np.bool_]:
        """Whether pixels at positions that broadcast are the one place of the plane for their sky.

        Off the sky, and beyond the seam of an all-sky map where the plane repeats, they are not.
        """
        if self._tangent is not None:  # each place of the plane has a direction of its own
            return np.ones(np.broadcast_shapes(np.shape(x), np.shape(y)), bool)
        lon, lat = self.lonlat(x, y)
        if self.separable:
            offset = 2 * (x - (self.x[0] + self.x[-1]) / 2)
            return np.asarray(
                np.isfinite(lat) & (-self.full_turn <= offset) & (offset < self.full_turn)
            )
        back_x, back_y = self._to_pixel(lon, lat)
        return np.asarray(np.isfinite(lat) & (np.hypot(back_x - x, back_y - y) < 1e-3))


def whole_numbers(size: int) -> Float:
    """Pixel numbers from 0 up to `size`."""
    return np.arange(size, dtype=np.float64)


def take_pixels(block: NDArray[T], inside: NDArray[np.intp]) -> NDArray[T]:
    """Values of some of a block's pixels, by ascending flat index; no choice if these are all."""
    values = block.reshape(-1)
    return values if inside.size == values.size else values[inside]


def _rectangle(lower: Sequence[Float], upper: Sequence[Float]) -> Float:
    """Solid angle of rectangles of the touching plane, of what is under their corners."""
    return np.asarray(np.abs((upper[1] - upper[0]) - (lower[1] - lower[0])))
