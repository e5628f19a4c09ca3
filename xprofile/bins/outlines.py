"""Outlines of bins in the pixels of a map, interrupted where the projection is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from astropy.coordinates import SkyCoord
from numpy.typing import NDArray
from regions import SkyRegion

from ..exceptions import InvalidBinsError
from ..maps.pixelgrid import PixelGrid
from ..maps.sphere import sky_positions, unit_vectors
from .centers import fixed_region
from .regions.boundaries import boundary_rings
from .regions.compounds import Compounds
from .regions.leaves import Leaves
from .shapes.plane import planar_rings
from .shapes.shape import SphereShape

if TYPE_CHECKING:
    from matplotlib.path import Path

__all__ = ["region_paths", "shape_paths"]

Float = NDArray[np.float64]
Bool = NDArray[np.bool_]

# Distance between the middle of a step on the sky and that in pixels, in steps, above which the map
# is torn there. Smooth projections stay below 0.1 but at poles, and a seam gives about 0.5. If
# it were ten times smaller, outlines near poles would have gaps; if it were larger than 0.5, lines
# would run across the map.
_TORN = 0.25

# Pixels of rounding in such a distance, and extent of a ring that is a point.
_POINT = 1e-6


def shape_paths(shape: SphereShape, grid: PixelGrid) -> list[Path]:
    """Make the path of each bin: one closed ring, or two for annuli."""
    outlines = shape.outlines()
    frame = outlines[0].frame.replicate_without_data()
    lon, lat = (
        np.concatenate([getattr(points.spherical, name).deg for points in outlines])
        for name in ("lon", "lat")
    )
    sky = SkyCoord(lon, lat, unit="deg", frame=frame)
    count = shape.rings_per_bin
    sizes = [size for points in outlines for size in [points.size // count] * count]
    rings = _sky_rings(sky, sizes, grid)
    return [_compound(rings[i : i + count]) for i in range(0, len(rings), count)]


def _sky_rings(
    sky: SkyCoord, sizes: list[int], grid: PixelGrid
) -> list[tuple[Float, NDArray[np.uint8]]]:
    """Vertices and codes of closed rings of some sizes, which follow each other.

    They are made all at once, since each call of a WCS is slow.
    """
    pixels = np.stack(grid.pixel(sky), axis=-1)
    jumps = _jumps(pixels, np.stack(grid.pixel(_halfway(sky)), axis=-1))
    ends = zip(np.cumsum(sizes).tolist(), sizes, strict=True)
    return [_ring(pixels[end - n : end], jumps[end - n : end - 1]) for end, n in ends]


def _halfway(sky: SkyCoord) -> SkyCoord:
    """Sky positions half-way between neighbours along the last axis."""
    vectors = unit_vectors(np.asarray(sky.spherical.lon.deg), np.asarray(sky.spherical.lat.deg))
    x, y, z = vectors[..., 1:] + vectors[..., :-1]
    lon, lat = np.arctan2(y, x), np.arctan2(z, np.hypot(x, y))
    return SkyCoord(lon, lat, unit="rad", frame=sky.frame.replicate_without_data())


def _jumps(pixels: Float, halfway: Float) -> Bool:
    """Whether the map is torn between neighbours: the middle on the sky is not that in pixels."""
    step = np.linalg.norm(np.diff(pixels, axis=-2), axis=-1)
    off = np.linalg.norm(halfway - (pixels[..., 1:, :] + pixels[..., :-1, :]) / 2, axis=-1)
    return np.asarray(~(off <= _TORN * step + _POINT))


def _ring(points: Float, jumps: Bool) -> tuple[Float, NDArray[np.uint8]]:
    """Vertices and codes of a closed ring, whose last point is its first; empty for a point."""
    from matplotlib.path import Path

    if np.ptp(points, axis=0).max() < _POINT:
        return np.empty((0, 2)), np.empty(0, np.uint8)
    codes = np.full(len(points), Path.LINETO, np.uint8)
    if not jumps.any():
        codes[0], codes[-1] = Path.MOVETO, Path.CLOSEPOLY
        return points, codes
    first = int(np.argmax(jumps)) + 1  # start after a jump, to keep pieces whole
    points, before = np.roll(points[:-1], -first, axis=0), np.roll(jumps, 1 - first)
    codes = np.where(before, Path.MOVETO, Path.LINETO).astype(np.uint8)
    on_map = np.isfinite(points).all(axis=1)
    return points[on_map], codes[on_map]


def _compound(rings: list[tuple[Float, NDArray[np.uint8]]]) -> Path:
    from matplotlib.path import Path

    vertices, codes = (np.concatenate(part) for part in zip(*rings, strict=True))
    return Path(vertices, codes) if len(vertices) else Path(vertices)


def region_paths(
    regions: Sequence[SkyRegion], grid: PixelGrid, *, planar: bool = False
) -> list[Path]:
    """Make the paths of regions, each with those of all its parts.

    Parameters
    ----------
    regions : sequence of regions.SkyRegion
        One for each path.
    grid : PixelGrid
        The pixels.
    planar : bool
        Draw regions in the plane of the map, on the visible side of the seam, and not as they are
        on the sky.
    """
    return _planar_paths(regions, grid) if planar else _sky_paths(regions, grid)


def _sky_paths(regions: Sequence[SkyRegion], grid: PixelGrid) -> list[Path]:
    """Make the paths of regions on the sky, interrupted where the map is torn."""
    parts = [Compounds.from_regions([region]).parts for region in regions]
    leaves = Leaves.from_regions([part for found in parts for part in found], grid.frame)
    rings = [boundary_rings(leaves, number) for number in range(leaves.kind.size)]
    flat = [ring for found in rings for ring in found]
    made = []
    if flat:
        sky = sky_positions(np.concatenate(flat, axis=1), grid.frame)
        made = _sky_rings(sky, [ring.shape[1] for ring in flat], grid)
    paths, number, used = [], 0, 0
    for region, found in zip(regions, parts, strict=True):
        count = sum(len(rings[number + i]) for i in range(len(found)))
        number += len(found)
        paths.append(_compound(made[used : used + count]) if count else _artist_path(region, grid))
        used += count
    return paths


def _planar_paths(regions: Sequence[SkyRegion], grid: PixelGrid) -> list[Path]:
    """Make the paths of regions in the plane of the map, on the visible side of the seam."""
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
    """Make the path of a region whose outline the package `regions` gives."""
    from matplotlib.patches import Patch

    artist = grid.region_in_pixels(fixed_region(region)).as_artist()
    if not isinstance(artist, Patch):
        raise InvalidBinsError(f"{type(region).__name__} has no outline to draw")
    return artist.get_patch_transform().transform_path(artist.get_path())
