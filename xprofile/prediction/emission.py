"""The pixels that photons come from: those of the maps, and beyond them as far as the PSF reaches.

The map of the sky is known beyond the edges of the maps, and so are the photons that the PSF
carries over these edges. The exposure there is taken to be that of the nearest pixel of the maps.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ..binned.psf.lattice import Lattice, Limits
from ..binned.psf.point_spread import PointSpread
from ..exceptions import TooLargeError
from ..maps.grid import AnyGrid
from ..maps.pixelgrid import PixelGrid
from ..maps.regridding.any_averaging import average_to_any, depends_on_neighbours

__all__ = ["MOST_PIXELS", "Sky", "all_sources", "known_pixels", "surrounding"]

Float = NDArray[np.float64]
Int = NDArray[np.intp]

# Share of the photons of a pixel that may come from farther beyond the maps. Pixels at their edge
# have half of it too few, and the PSF is right to as much. Ten times larger, they miss 0.5 %; ten
# times smaller, long tails need many times the pixels of the maps.
_FAR = 1e-3

# Pixels beyond the map, in parts of those that the reach of the PSF has at the reference point, up
# to which photons come. Only projections that shrink their pixels more than this from one place of
# a map to another need more; a tenth would cut the tails of the PSF, ten times more fills memory.
_FARTHEST = 5.0

# Most pixels that photons come from: 400 MB for each energy. Ten times more would fill the memory
# of a large computer; ten times fewer would refuse maps of the whole sky in pixels of 0.1 deg.
MOST_PIXELS = 50_000_000


@dataclass(frozen=True, eq=False)
class Sky:
    """Brightness on the pixels of a map of the sky.

    Parameters
    ----------
    planes : numpy.ndarray
        Values (nplane, ny, nx), or (nplane, 1, ncell) of HEALPix; one plane for all energies, or
        one for each true energy.
    grid : PixelGrid, HealpixGrid or None
        Pixels of the map, with numbers from 0 on; None if the brightness is the same everywhere.
    averaged : tuple of PixelGrid or HealpixGrid, and numpy.ndarray, or None
        All pixels that are wanted, and the means over them with their known share as the last
        plane, if means depend on all of them.
    """

    planes: Float
    grid: AnyGrid | None
    averaged: tuple[AnyGrid, Float] | None = None

    def on(self, target: AnyGrid) -> tuple[Float, Float]:
        """Means over pixels (nplane, ny, nx), and the share of each that is known, (ny, nx)."""
        if self.grid is None:
            return np.broadcast_to(self.planes, (1, *target.shape)), np.ones(target.shape)
        if self.averaged is not None:
            found, _ = average_to_any(self.averaged[1], _copied(self.averaged[0]), target)
            return found[:-1], found[-1]
        return average_to_any(self.planes, _copied(self.grid), target)

    def depends_on_all(self, whole: AnyGrid) -> bool:
        """Whether means over a part of a grid differ a little from those over the whole."""
        return self.grid is not None and depends_on_neighbours(self.grid, whole)

    def for_parts_of(self, whole: AnyGrid) -> Sky:
        """Return the same brightness, with equal means over any part of a grid."""
        means, known = self.on(_copied(whole))
        return replace(self, averaged=(whole, np.concatenate([means, known[None]])))


def _copied(grid: AnyGrid) -> AnyGrid:
    """Return a grid that this thread alone uses."""
    return grid.subgrid(grid.x, grid.y) if isinstance(grid, PixelGrid) else grid


def surrounding(target: PixelGrid, reach: float) -> PixelGrid:
    """Pixels within a reach round those of a grid: a rectangle with all numbers.

    Parameters
    ----------
    target : PixelGrid
        The pixels that receive photons.
    reach : float
        Angle in rad.
    """
    size = int(np.ceil(_FARTHEST * np.degrees(reach) / target.pixel_scales.min())) + 2
    turn = int(np.ceil(target.full_turn)) if target.separable else 0
    limits = Limits(reach, max(size, turn // 2), size)
    lattice = Lattice(target, np.empty(0), np.empty(0), limits)
    ends = [(float(e.min()), float(e.max())) for e in (target.x, target.y)]
    places = [np.unique(np.rint([low, (low + high) / 2, high])) for low, high in ends]
    windows = [lattice.window(x, y) for x in places[0].tolist() for y in places[1].tolist()]
    beside = max(window.x for window in windows), max(window.y for window in windows)
    x, y = (
        np.arange(low - more, high + more + 1)
        for (low, high), more in zip(ends, beside, strict=True)
    )
    if turn and x.size > turn:  # each column once
        x = x[(x.size - turn) // 2 :][:turn]
    return target.subgrid(x, y)


def all_sources(grid: PixelGrid, spread: PointSpread) -> PixelGrid:
    """Pixels whose photons are followed: those of the maps, and of as many beyond as matter.

    Parameters
    ----------
    grid : PixelGrid
        The pixels of the maps.
    spread : PointSpread
        How photons spread.

    Raises
    ------
    TooLargeError
        If there are so many that they do not fit into memory.
    """
    reach = _reach(spread)
    found = surrounding(grid, reach)
    if found.x.size * found.y.size > MOST_PIXELS:
        raise TooLargeError(
            f"the PSF carries photons over {np.degrees(reach):.3g} deg, from {found.x.size} x "
            f"{found.y.size} pixels to {grid.x.size} x {grid.y.size}; make the pixels larger with "
            "maps.profile.coarsen, or leave the PSF out by psf=False"
        )
    return found


def _reach(spread: PointSpread) -> float:
    """Angle in rad within which nearly all photons are, at all energies and positions."""
    within = spread.containment
    inside = within < within[..., -1:] - _FAR
    last = np.minimum(inside.sum(axis=-1), spread.angles.size - 1)
    return float(spread.angles[last].max())


def known_pixels(numbers: Float, known: Float, turn: int) -> Int:
    """Index of the nearest among some known columns or rows to each of others.

    Parameters
    ----------
    numbers : numpy.ndarray
        Pixel numbers (n,).
    known : numpy.ndarray
        Known pixel numbers (nknown,), in any order.
    turn : int
        Columns of a full turn, after which they repeat; 0 if they do not.
    """
    order = np.argsort(known)
    ascending = known[order]
    if turn:
        middle = (ascending[0] + ascending[-1]) / 2
        numbers = numbers - turn * np.round((numbers - middle) / turn)
    between = (ascending[1:] + ascending[:-1]) / 2
    return np.asarray(order[np.searchsorted(between, numbers)], dtype=np.intp)
