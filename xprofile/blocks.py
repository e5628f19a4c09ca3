"""Sums over the pixels of bins, of maps in memory or, a block at a time, of maps of dask."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, reduce
from itertools import pairwise
from typing import Any, TypeAlias, TypeVar

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from .membership import Membership

__all__ = ["Picked", "Planes", "sum_over_blocks"]

Int = NDArray[np.intp]
T = TypeVar("T")


@dataclass(frozen=True, eq=False)
class Planes:
    """Values of the pixels of bins, a plane at a time.

    Parameters
    ----------
    pieces : list of numpy.ndarray
        Planes one after the other, (..., ny, nx) each.
    pixel : numpy.ndarray
        Flat index in a plane of each pair's pixel, (npair,).
    """

    pieces: list[NDArray[Any]]
    pixel: Int

    @cached_property
    def _flat(self) -> list[NDArray[Any]]:
        return [row for piece in self.pieces for row in piece.reshape(-1, _plane_size(piece))]

    def __len__(self) -> int:
        return len(self._flat)

    @cached_property
    def _index(self) -> Int:
        return self.pixel.astype(np.intp, copy=False)

    def __getitem__(self, plane: int) -> NDArray[Any]:
        """Values (npair,) of one plane."""
        return np.take(self._flat[plane], self._index)


def _plane_size(values: NDArray[Any]) -> int:
    return int(values.shape[-1] * values.shape[-2])


Picked: TypeAlias = dict[str, Planes]
Sums: TypeAlias = Callable[[Picked, Membership, Int], T]

_FAN = 8  # partial results that one task adds up


def sum_over_blocks(
    cubes: Mapping[str, xr.Variable],
    members: Membership,
    sums: Sums[T],
    add: Callable[[T, T], T],
) -> T:
    """Apply a function to the pixels of bins, block by block, and add up what it gives.

    Parameters
    ----------
    cubes : dict of xarray.Variable
        Dims (..., lat, lon), all on the same pixels. If none is of dask there is one block.
    members : Membership
        Pairs of bin and pixel.
    sums : callable
        Of a block's planes, of its pairs, whose bins are counted from 0 in each block, and of the
        numbers that these bins have.
    add : callable
        Of two results; associative.

    Returns
    -------
    object
        What `sums` gives. Chunks of dask that no bin touches are not computed.
    """
    if any(cube.chunks for cube in cubes.values()):
        return _of_dask(cubes, members, sums, add)
    planes = {n: Planes([np.asarray(cube.data)], members.pixel) for n, cube in cubes.items()}
    return sums(planes, members, np.arange(members.nbin))


def _of_dask(
    cubes: Mapping[str, xr.Variable],
    members: Membership,
    sums: Sums[T],
    add: Callable[[T, T], T],
) -> T:
    from dask.base import compute
    from dask.delayed import delayed

    arrays = [xr.DataArray(cube) for cube in cubes.values()]
    aligned = dict(zip(cubes, xr.unify_chunks(*arrays), strict=True))
    lazy = {name: cube.data.to_delayed() for name, cube in aligned.items() if cube.chunks}
    known = {name: np.asarray(cube.data) for name, cube in aligned.items() if not cube.chunks}
    shape = next(iter(aligned.values())).shape[-2:]
    chunks = next(cube.data.chunks[-2:] for cube in aligned.values() if cube.chunks)
    of_block, added = (delayed(f, pure=False) for f in (_sums_of_block, _added))
    parts = []
    for place, pairs, pixel in _touched(members.pixel, chunks, shape):
        pieces = {name: array[(..., *place)].tolist() for name, array in lazy.items()}
        there = {name: _picked(values, members.pixel[pairs]) for name, values in known.items()}
        local, bins = members.part(pairs, pixel)
        parts.append(of_block(sums, local, bins, pieces, there))
    while len(parts) > 1:
        parts = [added(add, parts[i : i + _FAN]) for i in range(0, len(parts), _FAN)]
    found: T = compute(*parts)[0]  # type: ignore[no-untyped-call]
    return found


def _touched(
    pixel: Int, chunks: Sequence[Sequence[int]], shape: Sequence[int]
) -> Iterator[tuple[tuple[int, int], Int, Int]]:
    """Blocks (row, column) with pixels of bins: which pairs these are, and their pixels there.

    There is one block without pairs if no pixel is in a bin.
    """
    starts = [np.concatenate([[0], np.cumsum(sizes)]) for sizes in chunks]
    across = len(chunks[1])
    of_row, of_column = (
        np.repeat(np.arange(len(sizes), dtype=np.int32), sizes) for sizes in chunks
    )
    row = pixel // shape[-1]
    number = of_row[row] * across + of_column[pixel - row * shape[-1]]
    if len(chunks[0]) * across < 2**15:
        number = number.astype(np.int16)  # which sorts faster
    order = np.argsort(number, kind="stable")  # so that the bins of a block stay in order
    first = np.flatnonzero(np.diff(number[order], prepend=-1))
    for start, stop in pairwise([*first, order.size] if first.size else [0, 0]):
        pairs = order[start:stop]
        i, j = divmod(int(number[pairs[0]]), across) if pairs.size else (0, 0)
        y, x = np.divmod(pixel[pairs], shape[-1])
        yield (i, j), pairs, (y - starts[0][i]) * chunks[1][j] + x - starts[1][j]


def _picked(values: NDArray[Any], pixel: Int) -> Planes:
    """Planes of nothing but the pixels of some pairs."""
    rows = values.reshape(-1, _plane_size(values))[:, None, pixel]
    return Planes([rows], np.arange(pixel.size))


def _sums_of_block(
    sums: Sums[T], members: Membership, bins: Int, pieces: dict[str, Any], known: Picked
) -> T:
    planes = {name: Planes(_in_order(found), members.pixel) for name, found in pieces.items()}
    return sums({**planes, **known}, members, bins)


def _in_order(pieces: Any) -> list[NDArray[Any]]:
    """Arrays whose planes follow each other, of pieces in nested lists, one for each first axis."""
    if isinstance(pieces, list) and not isinstance(pieces[0], list):
        return [np.asarray(piece) for piece in pieces]
    return [_joined(pieces, 0)]


def _joined(pieces: Any, axis: int) -> NDArray[Any]:
    if not isinstance(pieces, list):
        return np.asarray(pieces)
    return np.concatenate([_joined(piece, axis + 1) for piece in pieces], axis=axis)


def _added(add: Callable[[T, T], T], parts: Sequence[T]) -> T:
    return reduce(add, parts)
