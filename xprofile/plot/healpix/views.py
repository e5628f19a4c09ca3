"""Views of maps in HEALPix: all of the sky in an ellipse, or a part of it round its middle."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import astropy.units as u
import numpy as np
import xarray as xr
from astropy.coordinates import ICRS, BarycentricMeanEcliptic, BaseCoordinateFrame, SkyCoord
from astropy.wcs import WCS
from astropy.wcs.utils import celestial_frame_to_wcs
from numpy.typing import NDArray

from ...maps.healpix.coords import decode_healpix
from ...maps.healpix.grid import HealpixGrid
from ...maps.pixelgrid import PixelGrid
from ...maps.sphere import lonlat_of_vectors

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["add_graticule", "add_view_axes", "cells_on_screen", "is_ellipse", "view_of_cells"]

Float = NDArray[np.float64]

# Distance from the middle in degrees beyond which cells are shown on the whole sky: the local
# projection stretches shapes by a third at 60 deg, and without limit towards 180 deg. At a tenth of
# it, maps a few degrees wide would be dots on the whole sky.
_LARGE = 60.0

# Width of axes in degrees from which on meridians are drawn, as they bend visibly there. At a tenth
# of it they would be straight lines, and at ten times there would be none.
_BENT = 30.0

# Columns of the screen for the whole sky, and the most and the fewest of a part of it: as many as a
# printed figure shows. Ten times more take a hundred times as long, with a tenth cells are coarse.
_ALL_SKY, _MOST, _FEWEST = 1200, 1000, 300

# Columns of the screen for each cell of a small part, so that its outline can be seen.
_PER_CELL = 6

# Cells that tell how large a part of the sky is; of more, those of a lower level do so. A technical
# choice: a tenth of them would miss the outline by a fiftieth.
_SAMPLED = 50_000

# Cells that are looked at together: affects memory and speed alone.
_BLOCK = 1 << 20

# Width in deg, as FITS counts it, of the ellipse of the Mollweide projection: 2 sqrt(2) rad each
# way from the middle. Calabretta and Greisen (2002), A&A 395, 1077, section 5.3.3.
_ELLIPSE = float(np.degrees(4 * np.sqrt(2)))


def view_of_cells(image: xr.DataArray) -> WCS:
    """Choose a projection for a map in HEALPix, with the size of its screen as `array_shape`.

    Mollweide's for large parts of the sky, and the zenithal equal-area projection for others.
    """
    grid = decode_healpix(image)
    if grid.whole_sky:
        return _all_sky(grid.frame, np.zeros(3))
    vectors = _some_vectors(grid)
    mean = vectors.mean(axis=1)
    length = float(np.linalg.norm(mean))
    cosine = mean @ vectors / max(length, 1e-12)
    if length < 1e-3 or cosine.min() < np.cos(np.radians(_LARGE)):
        return _all_sky(grid.frame, mean if length > 0.2 else np.zeros(3))
    return _local(grid, mean, vectors)


def is_ellipse(ax: Any) -> bool:
    """Whether axes are those of the whole sky."""
    return "Elliptical" in type(ax.coords.frame).__name__


def _some_vectors(grid: HealpixGrid) -> Float:
    """Unit vectors (3, n) of the cells, or of those of a lower level that hold them."""
    size = grid.shape[1]
    if size <= _SAMPLED or grid.level == 0:
        return grid.pixel_vectors(np.arange(size))
    steps = min(grid.level, int(np.ceil(np.log2(size / _SAMPLED) / 2)))
    held = np.full(12 * 4 ** (grid.level - steps), grid.whole_sky)
    for start in range(0, 0 if grid.whole_sky else size, _BLOCK):
        cells = grid.numbers(np.arange(start, min(start + _BLOCK, size)))
        held[grid.nested_of(cells) >> 2 * steps] = True
    parents = np.flatnonzero(held)
    coarse = HealpixGrid.from_cells(grid.level - steps, "nested", grid.frame, parents)
    return coarse.pixel_vectors(np.arange(parents.size))


def _wcs(frame: BaseCoordinateFrame, kind: str) -> WCS:
    """Make a projection in a frame, or in ICRS if FITS has no name for the frame."""
    if isinstance(frame, BarycentricMeanEcliptic):  # of which astropy does not know the name
        wcs = WCS(naxis=2)
        wcs.wcs.ctype = f"ELON-{kind}", f"ELAT-{kind}"
        wcs.wcs.equinox = frame.equinox.jyear
        return wcs
    try:
        return celestial_frame_to_wcs(frame, projection=kind)
    except ValueError:
        return celestial_frame_to_wcs(ICRS(), projection=kind)


def _all_sky(frame: BaseCoordinateFrame, middle: Float) -> WCS:
    """Make a projection of the whole sky, in whose middle is the longitude of a vector."""
    wcs = _wcs(frame, "MOL")
    shape = (_ALL_SKY // 2, _ALL_SKY)
    wcs.wcs.crval = float(np.degrees(np.arctan2(middle[1], middle[0]))) if middle.any() else 0, 0
    wcs.wcs.crpix = (shape[1] + 1) / 2, (shape[0] + 1) / 2
    wcs.wcs.cdelt = -_ELLIPSE / shape[1], _ELLIPSE / shape[1]
    wcs.wcs.set()
    wcs.array_shape = shape
    return wcs


def _local(grid: HealpixGrid, middle: Float, vectors: Float) -> WCS:
    """Make a projection round a vector, as large as some cells need."""
    wcs = _wcs(grid.frame, "ZEA")
    position, cells = (
        SkyCoord(*lonlat_of_vectors(v), unit="deg", frame=grid.frame) for v in (middle, vectors)
    )
    own = PixelGrid(wcs, np.zeros(1), np.zeros(1)).frame
    center = position.transform_to(own).spherical
    wcs.wcs.crval = center.lon.deg, center.lat.deg
    wcs.wcs.crpix, wcs.wcs.cdelt = (1, 1), (-1, 1)
    wcs.wcs.set()
    places = np.stack(PixelGrid(wcs, np.zeros(1), np.zeros(1)).pixel(cells))
    margin = _cell_width(grid, vectors.shape[1])
    low, high = places.min(axis=1) - margin, places.max(axis=1) + margin
    step = float((high - low).max() / _columns((high - low).max() / grid.pixel_size))
    nx, ny = np.ceil((high - low) / step).astype(int)
    wcs.wcs.cdelt = -step, step
    wcs.wcs.crpix = -low / step + 0.5
    wcs.wcs.set()
    wcs.array_shape = int(ny), int(nx)
    return wcs


def _columns(cells: float) -> int:
    """Number of columns of a screen that is as wide as so many cells."""
    return int(np.clip(_PER_CELL * cells, _FEWEST, _MOST))


def _cell_width(grid: HealpixGrid, sampled: int) -> float:
    """Half the diagonal in degrees of the cells that were sampled, or of those of a lower level."""
    return grid.pixel_size * float(np.sqrt(max(1.0, grid.shape[1] / sampled)))


def add_view_axes(figure: Any, wcs: WCS) -> Axes:
    """Add sky axes for a view to a figure; those of the whole sky are an ellipse."""
    if "MOL" not in wcs.wcs.ctype[wcs.wcs.lng]:
        axes: Axes = figure.add_subplot(projection=wcs.deepcopy())
        return axes
    from astropy.visualization.wcsaxes.frame import EllipticalFrame

    axes = figure.add_subplot(projection=wcs.deepcopy(), frame_class=EllipticalFrame)
    rows, columns = wcs.array_shape
    axes.set_xlim(-0.5, columns - 0.5)
    axes.set_ylim(-0.5, rows - 0.5)
    axes.set_aspect("equal")
    return axes


def add_graticule(ax: Any) -> None:
    """Draw meridians and parallels where axes show so much of the sky that they bend.

    Longitudes on the whole sky are written along the equator, with an outline, on all colours.
    """
    extent = np.ptp(ax.get_xlim()) * abs(float(ax.wcs.celestial.wcs.cdelt[0]))
    if extent < _BENT:
        return
    ax.coords.grid(color="0.6", alpha=0.6, linestyle=":")
    if not is_ellipse(ax):
        return
    from matplotlib.patheffects import withStroke

    lon, lat = ax.coords
    middle = float(ax.wcs.celestial.wcs.crval[0])
    apart = (np.arange(0, 360, 60) - middle + 180) % 360 - 180
    lon.set_ticks(np.round(middle + np.sort(apart[np.abs(apart) < 150]), 6) % 360 * u.deg)
    lon.set_major_formatter("hh" if lon.get_format_unit() == u.hourangle else "d")
    lat.set_ticks(spacing=30 * u.deg)
    outline = [withStroke(linewidth=2, foreground="black")]
    lon.set_ticklabel(color="white", path_effects=outline)
    ax.text(0.5, -0.02, lon.get_axislabel(), transform=ax.transAxes, ha="center", va="top")
    lon.set_axislabel(" ")


def cells_on_screen(image: xr.DataArray, ax: Any) -> tuple[Float, PixelGrid]:
    """Return the values of the cells at the pixels of a screen, NaN without a cell.

    Parameters
    ----------
    image : xarray.DataArray
        Map in HEALPix, (cell,), of numpy or dask. Only cells on the screen are read.
    ax : WCSAxes
        Sky axes. Those that show anything keep their limits.

    Returns
    -------
    values : numpy.ndarray
        Values, (ny, nx).
    grid : PixelGrid
        Pixels of the screen in those of the axes' WCS, and thus not whole numbers.
    """
    grid = decode_healpix(image)
    wcs = ax.wcs.celestial
    screen = PixelGrid(wcs, *_screen_pixels(ax, grid))
    lon, lat = np.broadcast_arrays(*screen.lonlat(screen.x, screen.y[:, None]))
    shown = np.isfinite(lat) & screen.on_sky
    places = SkyCoord(lon[shown], lat[shown], unit="deg", frame=screen.frame)
    cells = grid.find_pixels(places)
    used, index = np.unique(cells[cells >= 0], return_inverse=True)
    values = np.full(screen.shape, np.nan)
    found = np.full(cells.size, np.nan)
    found[cells >= 0] = image[used].to_numpy().astype(float)[index]
    values[shown] = found
    return values, screen


def _screen_pixels(ax: Any, grid: HealpixGrid) -> tuple[Float, Float]:
    """Columns and rows of the screen in pixels of the axes' WCS."""
    wcs = ax.wcs.celestial
    shape = wcs.array_shape
    if ax.has_data() or not ax.get_autoscalex_on() or not shape or 0 in shape:
        limits = [sorted(ax.get_xlim()), sorted(ax.get_ylim())]
        if not ax.has_data() and ax.get_autoscalex_on():
            limits = _limits_of_cells(wcs, grid)
        widest = max(high - low for low, high in limits)
        size = PixelGrid(wcs, np.zeros(1), np.zeros(1)).pixel_size
        columns = _columns(widest * size / grid.pixel_size)
        steps = [max(1, round(columns * (high - low) / widest)) for low, high in limits]
        return tuple(
            low + (np.arange(n) + 0.5) * (high - low) / n
            for n, (low, high) in zip(steps, limits, strict=True)
        )
    return np.arange(float(shape[1])), np.arange(float(shape[0]))


def _limits_of_cells(wcs: WCS, grid: HealpixGrid) -> list[list[float]]:
    """Limits of axes that show all cells."""
    vectors = _some_vectors(grid)
    cells = SkyCoord(*lonlat_of_vectors(vectors), unit="deg", frame=grid.frame)
    target = PixelGrid(wcs, np.zeros(1), np.zeros(1))
    places = np.stack(target.pixel(cells))
    places = places[:, np.isfinite(places).all(axis=0)]
    margin = _cell_width(grid, vectors.shape[1]) / target.pixel_size
    if not places.size:
        return [[-0.5, 0.5], [-0.5, 0.5]]
    return [[float(p.min() - margin), float(p.max() + margin)] for p in places]
