"""Outlines of bins on sky axes, broken where the projection is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr
from astropy.coordinates import SkyCoord
from astropy.wcs import WCS
from numpy.typing import NDArray
from regions import SkyRegion

from ..binning import AnyBins
from ..bins import as_bins
from ..exceptions import InvalidBinsError, InvalidOptionError, MissingVariableError
from ..pixelgrid import PixelGrid
from ..placed import SphereShape
from ..planar import planar_rings
from ..regionlist import regions_of_texts
from ..schema import LAT, LON, REGION
from ..shapes.rings import Annuli
from ..sphere import unit_vectors
from .numbers import number_bins

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.collections import PolyCollection
    from matplotlib.path import Path

__all__ = ["add_numbers", "centers_of", "plot_bins"]

Float = NDArray[np.float64]
Bool = NDArray[np.bool_]

_EDGE_COLOR = "tab:orange"  # stands out on dark images and on white paper


def plot_bins(
    bins: AnyBins | xr.Dataset, ax: Axes | None = None, *, numbers: bool = False, **kwargs: Any
) -> PolyCollection:
    """Draw the outlines of bins on sky axes.

    Parameters
    ----------
    bins : SkyBins, list of regions.SkyRegion, or xarray.Dataset
        Bins by true angles are drawn by their true outlines; regions in the plane of the map as
        that plane has them. Of binned data or a profile the ``region`` of each bin is drawn, with
        all its parts if bins were merged.
    ax : astropy.visualization.wcsaxes.WCSAxes, optional
        The current axes by default. Their limits stay as they are if they show anything.
    numbers : bool
        Write the number of each bin into it, from 0 as ``isel`` counts; of many bins that of
        every 2nd, 5th, 10th ..., so that they keep apart on the axes as they are now.
    **kwargs
        Passed to `matplotlib.collections.PolyCollection`; ``color`` is the colour of the edges.

    Returns
    -------
    matplotlib.collections.PolyCollection
        One path for each bin, in pixels of the axes' WCS; it is interrupted where the bin crosses
        the seam of the projection or leaves the sky.

    Raises
    ------
    InvalidOptionError
        If the axes have no WCS.
    InvalidBinsError
        If `bins` are no bins, or a region has no outline or is not in DS9's format.
    MissingVariableError
        If a Dataset has no ``region``.
    """
    from matplotlib.cbook import normalize_kwargs
    from matplotlib.collections import PolyCollection
    from matplotlib.pyplot import gca, get_fignums

    shown: Any = gca() if ax is None and get_fignums() else ax
    paths = _paths(bins, _shown_pixels(shown))
    style = normalize_kwargs(kwargs, PolyCollection)
    color = style.pop("color", _EDGE_COLOR)
    drawn = PolyCollection([], **{"facecolor": "none", "edgecolor": color, **style})
    codes: Any = [path.codes for path in paths]
    drawn.set_verts_and_codes([np.asarray(path.vertices) for path in paths], codes)
    _add(shown, drawn)
    if numbers:
        add_numbers(bins, drawn)
    return drawn


def add_numbers(bins: AnyBins | xr.Dataset, drawn: PolyCollection) -> None:
    """Write their numbers into bins that were drawn, as many as have room now."""
    grid = _shown_pixels(drawn.axes)
    number_bins(drawn, np.stack(grid.pixel(centers_of(bins)), axis=-1))


def centers_of(bins: AnyBins | xr.Dataset) -> SkyCoord:
    """Sky positions of bins, or of those of a Dataset."""
    if not isinstance(bins, xr.Dataset):
        return as_bins(bins).center
    lon, lat = (np.atleast_1d(bins[name]) for name in (LON, LAT))
    return SkyCoord(lon, lat, unit="deg", frame=bins[LON].attrs["frame"])


def _paths(bins: AnyBins | xr.Dataset, grid: PixelGrid) -> list[Path]:
    """Make one path for each bin."""
    if isinstance(bins, xr.Dataset):
        return _merged_paths(bins, grid)
    bins = as_bins(bins)
    if isinstance(bins.shape, SphereShape) and not bins.planar:
        return _outline_paths(bins.shape, grid)
    return _region_paths(bins.to_regions(), grid)


def _merged_paths(data: xr.Dataset, grid: PixelGrid) -> list[Path]:
    """Make the path of all regions of each bin."""
    from matplotlib.path import Path

    if REGION not in data.coords:
        raise MissingVariableError("the Dataset has no coordinate region, so no bin to draw")
    parts = regions_of_texts(np.atleast_1d(data[REGION].to_numpy()))
    paths = _region_paths([region for part in parts for region in part], grid)
    stops = np.cumsum([len(part) for part in parts])
    starts = stops - [len(part) for part in parts]
    return [Path.make_compound_path(*paths[i:j]) for i, j in zip(starts, stops, strict=True)]


def _shown_pixels(ax: Any) -> PixelGrid:
    """Return the WCS of sky axes, with the columns and rows that are in view."""
    wcs = getattr(ax, "wcs", None)
    if not isinstance(wcs, WCS) or not wcs.has_celestial:
        raise InvalidOptionError(
            "bins are drawn on axes that know the sky; draw a map first with "
            "image.profile.plot_sky(), or make them with plt.subplot(projection=wcs)"
        )
    wcs = wcs.celestial
    known = ax.has_data() or not ax.get_autoscalex_on()
    x = ax.get_xlim() if known else 2 * (float(wcs.wcs.crpix[wcs.wcs.lng]) - 1,)
    return PixelGrid(wcs, np.array(x), np.array(ax.get_ylim()))


def _outline_paths(shape: SphereShape, grid: PixelGrid) -> list[Path]:
    """Make the path of each bin, of one closed ring, or of two for annuli."""
    outlines = shape.outlines()
    frame = outlines[0].frame.replicate_without_data()
    lon, lat = (
        np.concatenate([getattr(points.spherical, name).deg for points in outlines])
        for name in ("lon", "lat")
    )
    sky = SkyCoord(lon, lat, unit="deg", frame=frame)  # all at once: the cost is by the call
    pixels = np.stack(grid.pixel(sky), axis=-1)
    jumps = _jumps(pixels, np.stack(grid.pixel(_halfway(sky)), axis=-1))
    rings = 2 if isinstance(shape, Annuli) else 1
    stops = np.cumsum([points.size for points in outlines])
    paths = []
    for stop, points in zip(stops, outlines, strict=True):
        size = points.size // rings
        starts = range(stop - points.size, stop, size)
        parts = [_ring(pixels[i : i + size], jumps[i : i + size - 1]) for i in starts]
        paths.append(_compound(parts))
    return paths


def _halfway(sky: SkyCoord) -> SkyCoord:
    """Sky positions half-way between neighbours along the last axis."""
    vectors = unit_vectors(np.asarray(sky.spherical.lon.deg), np.asarray(sky.spherical.lat.deg))
    x, y, z = vectors[..., 1:] + vectors[..., :-1]
    lon, lat = np.arctan2(y, x), np.arctan2(z, np.hypot(x, y))
    return SkyCoord(lon, lat, unit="rad", frame=sky.frame.replicate_without_data())


def _jumps(pixels: Float, halfway: Float) -> Bool:
    """Whether the map is torn between neighbours: then half-way on the sky is not so in pixels."""
    step = np.linalg.norm(np.diff(pixels, axis=-2), axis=-1)
    off = np.linalg.norm(halfway - (pixels[..., 1:, :] + pixels[..., :-1, :]) / 2, axis=-1)
    return np.asarray(~(off <= 0.25 * step + 1e-6))


def _ring(points: Float, jumps: Bool) -> tuple[Float, NDArray[np.uint8]]:
    """Vertices and codes of a closed ring, its last point being the first; empty for a point."""
    from matplotlib.path import Path

    if np.ptp(points, axis=0).max() < 1e-6:
        return np.empty((0, 2)), np.empty(0, np.uint8)
    codes = np.full(len(points), Path.LINETO, np.uint8)
    if not jumps.any():
        codes[0], codes[-1] = Path.MOVETO, Path.CLOSEPOLY
        return points, codes
    first = int(np.argmax(jumps)) + 1  # start after a jump, so that each piece is in one part
    points, before = np.roll(points[:-1], -first, axis=0), np.roll(jumps, 1 - first)
    codes = np.where(before, Path.MOVETO, Path.LINETO).astype(np.uint8)
    seen = np.isfinite(points).all(axis=1)
    return points[seen], codes[seen]


def _compound(rings: list[tuple[Float, NDArray[np.uint8]]]) -> Path:
    from matplotlib.path import Path

    vertices, codes = (np.concatenate(part) for part in zip(*rings, strict=True))
    return Path(vertices, codes) if len(vertices) else Path(vertices)


def _region_paths(regions: list[SkyRegion], grid: PixelGrid) -> list[Path]:
    """Make the paths of regions in the plane of the map, on the side of the seam that is shown."""
    from matplotlib.path import Path

    rings, paths = planar_rings(regions, grid), []
    for index, region in enumerate(regions):
        path = _closed(rings[index]) if index in rings else _artist_path(region, grid)
        vertices = np.array(path.vertices)
        if grid.separable:
            turns = np.round((vertices[:, 0].mean() - grid.x.mean()) / grid.full_turn)
            vertices[:, 0] -= turns * grid.full_turn
        paths.append(Path(vertices, path.codes))
    return paths


def _closed(rings: list[Float]) -> Path:
    """Make a path of closed rings."""
    return _compound([_ring(ring, np.zeros(len(ring) - 1, bool)) for ring in rings])


def _artist_path(region: SkyRegion, grid: PixelGrid) -> Path:
    """Make the path of a region of which only `regions` knows the outline."""
    from matplotlib.patches import Patch

    artist = region.to_pixel(grid.wcs).as_artist()
    if not isinstance(artist, Patch):
        raise InvalidBinsError(f"{type(region).__name__} has no outline that could be drawn")
    return artist.get_patch_transform().transform_path(artist.get_path())


def _add(ax: Axes, drawn: PolyCollection) -> None:
    """Put bins on axes, whose limits follow only if nothing else is there."""
    empty = not ax.has_data()
    ax.add_collection(drawn, autolim=empty)
    if empty:
        ax.autoscale_view()
