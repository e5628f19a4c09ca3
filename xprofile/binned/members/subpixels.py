"""Shares of pixels in bins, by a grid of sub-positions in each pixel."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from numbers import Integral
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from ...bins.skybins import SkyBins
from ...exceptions import InvalidOptionError
from ...maps.grid import AnyGrid
from ...maps.healpix.grid import HealpixGrid
from ...maps.pixelgrid import PixelGrid
from .membership import Int
from .subpixel_number import bins_at_one_position, choose_numbers, choose_power, pixels_near

__all__ = ["Finder", "Subpixels"]

Float = NDArray[np.float64]
Bool = NDArray[np.bool_]

# gives the bins, and the flat indices of the positions, of all pairs of a bin and a position in it,
# of some columns (nx,) and rows (ny,) of a grid
Finder: TypeAlias = Callable[[PixelGrid, Float, Float], tuple[Int, Int]]

_Shares: TypeAlias = tuple[Int, Int, Float, Int]

# Positions that are examined together, and pairs of a bin and such a position; affect memory and
# speed alone.
_BATCH_SIZE, _MOST_PAIRS = 1 << 18, 1 << 22
_WORTH_A_CALL = 1 << 11  # positions that take as long as a call; affects speed alone


@dataclass(frozen=True)
class Subpixels:
    """Sub-positions of pixels, n x n in each, that tell the share of a pixel in a bin.

    Parameters
    ----------
    number : int
        Number n of sub-positions along a side of a pixel.
    probes : int
        Number of positions along a side of a pixel that tell whether it is wholly in the same bins.
    near : numpy.ndarray or None
        Pixel numbers (2, n) of columns and rows near bins that could be between these positions;
        None without such bins. These pixels are always divided.
    at_one_position : float
        Mean number of bins at one position; affects memory and speed alone.
    """

    number: int
    probes: int
    near: Int | None = None
    at_one_position: float = 1.0

    @classmethod
    def from_options(
        cls, overlap: str, subpixels: int | None, bins: SkyBins, grid: AnyGrid
    ) -> Subpixels | None:
        """Choose the sub-positions; None if pixels count by their centres.

        Raises
        ------
        InvalidOptionError
            If the options are not valid, or the bins are in the plane of the map.

        Warns
        -----
        DataWarning
            If so many sub-positions as the bins need would take too long.
        """
        if overlap not in ("center", "subpixel"):
            raise InvalidOptionError(f"overlap must be 'center' or 'subpixel', found {overlap!r}")
        if subpixels is not None and (
            isinstance(subpixels, bool) or not isinstance(subpixels, Integral) or subpixels < 1
        ):
            raise InvalidOptionError(f"subpixels must be a positive integer, found {subpixels!r}")
        if overlap == "center":
            if subpixels is not None:
                raise InvalidOptionError(f"subpixels={subpixels} needs overlap='subpixel'")
            return None
        if bins.planar:
            raise InvalidOptionError(
                "overlap='subpixel' needs bins by angles on the sphere; leave out planar=True, or "
                "use overlap='center'"
            )
        if isinstance(grid, HealpixGrid):  # without probes, as edges tell the cells that they cross
            return cls(choose_power(bins, grid, subpixels), 1)
        number, probes, hidden = choose_numbers(bins, grid, subpixels)
        near = pixels_near(bins, grid) if hidden else None
        return cls(number, probes, near, bins_at_one_position(bins, grid))

    @property
    def _batch_size(self) -> int:
        """Number of positions that are examined together."""
        return max(int(min(_BATCH_SIZE, _MOST_PAIRS / self.at_one_position)), 1)

    def pairs(self, finder: Finder, grid: PixelGrid, x: Float, y: Float) -> _Shares:
        """Bins, flat indices of pixels, shares of the pixels, and overlaps, of all pairs.

        The overlap of a pixel is the number of bins beyond one that hold the same part of it. It is
        given with the first pair of the pixel, and is 0 for the others.

        Parameters
        ----------
        finder : callable
            Finds the bins of columns and rows of positions.
        grid : PixelGrid
            The pixels of the map.
        x, y : numpy.ndarray
            Pixel numbers of neighbouring columns (nx,) and rows (ny,).
        """
        height = max(self._batch_size // (x.size * min(self.probes, self.number) ** 2), 1)
        found = []
        for start in range(0, y.size, height):
            for bins, pixel, share, extra in self._strip(finder, grid, x, y[start:][:height]):
                found.append((bins, pixel + start * x.size, share, extra))
        bins, pixel, share, extra = (np.concatenate(part) for part in zip(*found, strict=True))
        return bins, pixel, share, extra

    def _strip(self, finder: Finder, grid: PixelGrid, x: Float, y: Float) -> Iterator[_Shares]:
        """Yield the same of pixels wholly in the same bins, then of the others."""
        divided = self._divided(finder, grid, x, y)
        bins, inside = finder(grid, x, y)
        whole = ~divided.reshape(-1)[inside]
        bins, inside = bins[whole].astype(np.int64), inside[whole]
        number = np.bincount(inside, minlength=divided.size)
        yield bins, inside, np.ones(inside.size), _overlaps(inside, number)
        for rows, columns in self._rectangles(divided):
            fine_x, fine_y = (_split(n, self.number, 0) for n in (x[columns], y[rows]))
            bins, position = finder(grid, fine_x, fine_y)
            fine_row, fine_column = np.divmod(position, fine_x.size)
            row = fine_row // self.number + rows.start
            column = fine_column // self.number + columns.start
            known = np.zeros(divided.shape)
            known[rows, columns] = self._on_sky(grid, fine_x, fine_y)
            kept = divided[row, column] & (known[row, column] > 0)
            keys = bins.astype(np.int64) * divided.size + row * x.size + column
            found, number = np.unique(keys[kept], return_counts=True)
            pixel = found % divided.size
            most = np.zeros(divided.shape, np.intp)
            most[rows, columns] = _most_bins(position, fine_x.size, fine_y.size, self.number)
            share = number / known.reshape(-1)[pixel]
            yield found // divided.size, pixel, share, _overlaps(pixel, most.reshape(-1))

    def _divided(self, finder: Finder, grid: PixelGrid, x: Float, y: Float) -> Bool:
        """Whether positions in and just round each pixel are in different bins, (ny, nx)."""
        k = self.probes
        if self.number <= k:  # the sub-positions are not more than the probes
            return np.full((y.size, x.size), self.number > 1)
        probe_x, probe_y = _split(x, k, 1), _split(y, k, 1)
        bins, position = finder(grid, probe_x, probe_y)
        # a sum of hashes tells the sets of bins apart
        sets = np.zeros((probe_y.size, probe_x.size), np.uint64)
        np.add.at(sets.reshape(-1), position, _hash(bins))
        across = _any_in_windows(sets[:, 1:] != sets[:, :-1], (y.size, x.size), k, (k + 2, k + 1))
        down = _any_in_windows(sets[1:] != sets[:-1], (y.size, x.size), k, (k + 1, k + 2))
        divided = across | down
        if self.near is not None:
            column, row = self.near - np.array([[x[0]], [y[0]]], dtype=np.int64)
            here = (column >= 0) & (column < x.size) & (row >= 0) & (row < y.size)
            divided[row[here], column[here]] = True
        return divided

    def _on_sky(self, grid: PixelGrid, fine_x: Float, fine_y: Float) -> Float:
        """Number of sub-positions on the sky of each pixel of a rectangle, (ny, nx).

        At the edge of the sky, all that a pixel holds comes from its part on the sky. The number is
        0 for pixels whose centre is off the sky.
        """
        n = self.number
        shape = (fine_y.size // n, fine_x.size // n)
        first_x, first_y = fine_x[::n] - 0.5 / n, fine_y[::n] - 0.5 / n
        edges = np.append(first_x, first_x[-1] + 1), np.append(first_y, first_y[-1] + 1)
        if np.all(_known(grid, *edges)):  # then all positions between are on the sky
            return np.full(shape, float(n**2))
        known = _known(grid, fine_x, fine_y).reshape(shape[0], n, shape[1], n)
        center = _known(grid, first_x + 0.5, first_y + 0.5)
        return np.asarray(known.sum(axis=(1, 3)) * center, dtype=np.float64)

    def _rectangles(self, divided: Bool) -> Iterator[tuple[slice, slice]]:
        """Yield rows and columns of rectangles that hold all divided pixels, and few others."""
        height = max(64 // self.number, 1)
        gap = _WORTH_A_CALL // (height * self.number**2) + 1
        longest = max(self._batch_size // (height * self.number**2), 1)
        for top in range(0, len(divided), height):
            columns = np.flatnonzero(divided[top : top + height].any(axis=0))
            for run in np.split(columns, np.flatnonzero(np.diff(columns) > gap) + 1):
                if not run.size:
                    continue
                for left in range(run[0], run[-1] + 1, longest):
                    right = min(left + longest, run[-1] + 1)
                    yield slice(top, min(top + height, len(divided))), slice(left, right)


def _split(numbers: Float, parts: int, margin: int) -> Float:
    """Positions of parts of neighbouring pixels, and of as many parts beyond both ends."""
    steps = np.arange(-margin, numbers.size * parts + margin)
    return np.asarray(numbers[0] - 0.5 + (steps + 0.5) / parts)


def _known(grid: PixelGrid, x: Float, y: Float) -> Bool:
    """Whether the positions of columns (nx,) and rows (ny,) are on the sky, (ny, nx)."""
    on_sky = np.isfinite(np.add(*grid.lonlat(x, y[:, None])))
    return np.broadcast_to(on_sky, (y.size, x.size))


def _most_bins(position: Int, width: int, height: int, parts: int) -> NDArray[np.intp]:
    """Largest number of bins that hold the same sub-position of each pixel, (ny, nx)."""
    number = np.bincount(position, minlength=width * height)
    number = number.reshape(height // parts, parts, width // parts, parts)
    return np.asarray(number.max(axis=(1, 3)))


def _overlaps(pixel: Int, most: NDArray[np.intp]) -> NDArray[np.intp]:
    """Number of bins beyond one that hold the same part of a pixel, at its first pair, else 0."""
    overlaps = np.zeros(pixel.size, np.intp)
    distinct, first = np.unique(pixel, return_index=True)
    overlaps[first] = np.maximum(most[distinct] - 1, 0)
    return overlaps


def _hash(bins: Int) -> NDArray[np.uint64]:
    """Numbers that look random (splitmix64), one for each bin."""
    value = (bins.astype(np.uint64) + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15)
    value = (value ^ (value >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    value = (value ^ (value >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return np.asarray(value ^ (value >> np.uint64(31)))


def _any_in_windows(values: Bool, shape: tuple[int, int], step: int, size: tuple[int, int]) -> Bool:
    """Whether any value is True in windows that begin at every `step`-th row and column."""
    rows, columns = shape
    tall = np.logical_or.reduce([values[i::step][:rows] for i in range(size[0])])
    parts = [tall[:, j::step][:, :columns] for j in range(size[1])]
    return np.asarray(np.logical_or.reduce(parts), dtype=bool)
