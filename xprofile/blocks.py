"""Sums over the pixels of bins, of maps in memory or, a block at a time, of maps of dask."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import reduce
from itertools import pairwise
from typing import Any, TypeAlias, TypeVar

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from .membership import Membership

__all__ = ["Picked", "sum_over_blocks"]

Picked: TypeAlias = dict[str, NDArray[Any]]
Int = NDArray[np.intp]
T = TypeVar("T")
Sums: TypeAlias = Callable[[Picked, Membership, Int], T]

_FAN = 8  # partial results that one task adds up


def sum_over_blocks(
    cubes: Mapping[str, xr.DataArray],
    members: Membership,
    sums: Sums[T],
    add: Callable[[T, T], T],
) -> T:
    """Apply a function to the pixels of bins, block by block, and add up what it gives.

    Parameters
    ----------
    cubes : dict of xarray.DataArray
        Dims (..., lat, lon), all on the same pixels. If none is of dask there is one block.
    members : Membership
        Pairs of bin and pixel.
    sums : callable
        Of a block's values (..., npair), of its pairs, whose bins are counted from 0 in each
        block, and of the numbers that these bins have.
    add : callable
        Of two results; associative.

    Returns
    -------
    object
        What `sums` gives. Chunks of dask that no bin touches are not computed.
    """
    if any(cube.chunks for cube in cubes.values()):
        return _of_dask(cubes, members, sums, add)
    picked = {name: _pick(np.asarray(cube.data), members.pixel) for name, cube in cubes.items()}
    return sums(picked, members, np.arange(members.nbin))


def _pick(values: NDArray[Any], pixel: Int) -> NDArray[Any]:
    """Values of pixels by their flat index, (..., npair), of a cube (..., lat, lon)."""
    return values.reshape(*values.shape[:-2], -1)[..., pixel]


def _of_dask(
    cubes: Mapping[str, xr.DataArray],
    members: Membership,
    sums: Sums[T],
    add: Callable[[T, T], T],
) -> T:
    from dask.base import compute
    from dask.delayed import delayed

    aligned = dict(zip(cubes, xr.unify_chunks(*cubes.values()), strict=True))
    lazy = {name: cube.data.to_delayed() for name, cube in aligned.items() if cube.chunks}
    known = {name: np.asarray(cube.data) for name, cube in aligned.items() if not cube.chunks}
    shape = next(iter(aligned.values())).shape[-2:]
    chunks = next(cube.data.chunks[-2:] for cube in aligned.values() if cube.chunks)
    of_block, added = (delayed(f, pure=False) for f in (_sums_of_block, _added))
    parts = []
    for place, pairs, pixel in _touched(members.pixel, chunks, shape):
        pieces = {name: array[(..., *place)].tolist() for name, array in lazy.items()}
        there = {name: _pick(values, members.pixel[pairs]) for name, values in known.items()}
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
    edges = [np.concatenate([[0], np.cumsum(sizes)]) for sizes in chunks]
    row, column = (
        np.searchsorted(edge, place, side="right") - 1
        for edge, place in zip(edges, np.divmod(pixel, shape[-1]), strict=True)
    )
    number = row * len(chunks[1]) + column
    order = np.argsort(number, kind="stable")  # so that the bins of a block stay in order
    starts = np.flatnonzero(np.diff(number[order], prepend=-1))
    for start, stop in pairwise([*starts, order.size] if starts.size else [0, 0]):
        pairs = order[start:stop]
        i, j = divmod(int(number[pairs[0]]), len(chunks[1])) if pairs.size else (0, 0)
        y, x = np.divmod(pixel[pairs], shape[-1])
        yield (i, j), pairs, (y - edges[0][i]) * chunks[1][j] + x - edges[1][j]


def _sums_of_block(
    sums: Sums[T], members: Membership, bins: Int, pieces: dict[str, Any], known: Picked
) -> T:
    picked = {name: _pick_joined(piece, members.pixel, 0) for name, piece in pieces.items()}
    return sums({**picked, **known}, members, bins)


def _pick_joined(pieces: Any, pixel: Int, axis: int) -> NDArray[Any]:
    """Pick from a cube that is in pieces along its first axes, as nested lists."""
    if not isinstance(pieces, list):
        return _pick(np.asarray(pieces), pixel)
    return np.concatenate([_pick_joined(piece, pixel, axis + 1) for piece in pieces], axis=axis)


def _added(add: Callable[[T, T], T], parts: Sequence[T]) -> T:
    return reduce(add, parts)
