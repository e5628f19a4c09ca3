"""Outlines of bins in the pixels of a map, broken where the projection is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from astropy.coordinates import SkyCoord
from numpy.typing import NDArray
from regions import SkyRegion

from ..exceptions import InvalidBinsError
from ..maps.pixelgrid import PixelGrid
from ..maps.sphere import unit_vectors
from .shapes.plane import planar_rings
from .shapes.shape import SphereShape

if TYPE_CHECKING:
    from matplotlib.path import Path

Float = NDArray[np.float64]

Bool = NDArray[np.bool_]


def shape_paths(shape: SphereShape, grid: PixelGrid) -> list[Path]:
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
    rings = shape.rings_per_bin
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


def region_paths(regions: Sequence[SkyRegion], grid: PixelGrid) -> list[Path]:
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
