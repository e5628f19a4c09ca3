"""Sums over the pixels of bins, of whole maps in memory, or of dask maps block by block."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import reduce
from typing import Any, TypeAlias, TypeVar

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from ...schema.value_checks import is_chunked as has_chunks
from ..members.healpix.cell_search import CellSearch
from ..members.membership import FindMembers, Int, Membership, chunk_slices
from ..members.search import Search
from .pixel_values import PixelIndex, PixelValues, Planes

__all__ = ["Reduce", "is_chunked", "sum_over_blocks"]

T = TypeVar("T")
Reduce: TypeAlias = Callable[[PixelValues, Membership, Int], T]
_FAN_IN = 8  # results that one dask task combines; affects speed and the last digits alone


def is_chunked(cubes: Mapping[str, xr.Variable]) -> bool:
    """Whether any of the cubes is chunked by dask."""
    return any(has_chunks(cube) for cube in cubes.values())


def sum_over_blocks(
    cubes: Mapping[str, xr.Variable],
    search: Search | CellSearch | Membership,
    reduce_block: Reduce[T],
    combine: Callable[[T, T], T],
) -> T:
    """Apply a function to the pixels of bins in each block of maps, and combine its results.

    Parameters
    ----------
    cubes : dict of xarray.Variable
        Dims (..., lat, lon), all on the same pixels. If none is chunked by dask, the whole map is
        one block.
    search : Search, CellSearch or Membership
        Finds the pixels of the bins in each block. Must be a Membership if no cube is chunked.
    reduce_block : callable
        Takes the values at the pixels of bins in one block, the Membership there, in which the bins
        are numbered from 0, and the numbers that these bins have in the whole map.
    combine : callable
        Combines two results of `reduce_block`; must be associative.

    Returns
    -------
    object
        The combined result. Chunks in which no bin has a pixel are not computed.
    """
    if is_chunked(cubes):
        return _sum_chunks(cubes, search, reduce_block, combine)
    assert isinstance(search, Membership)
    return _reduce_arrays(reduce_block, search, np.arange(search.nbin), {
        name: [np.asarray(cube.data)] for name, cube in cubes.items()
    })  # fmt: skip


def _sum_chunks(
    cubes: Mapping[str, xr.Variable],
    search: Search | CellSearch | Membership,
    reduce_block: Reduce[T],
    combine: Callable[[T, T], T],
) -> T:
    from dask.base import compute
    from dask.delayed import delayed

    arrays = [xr.DataArray(cube) for cube in cubes.values()]
    aligned = dict(zip(cubes, xr.unify_chunks(*arrays), strict=True))
    chunked = {name: cube.data.to_delayed() for name, cube in aligned.items() if cube.chunks}
    in_memory = {name: np.asarray(cube.data) for name, cube in aligned.items() if not cube.chunks}
    chunks = next(cube.data.chunks[-2:] for cube in aligned.values() if cube.chunks)
    rows, columns = (chunk_slices(sizes) for sizes in chunks)
    reduce_later, combine_later = (delayed(f, pure=False) for f in (_reduce_block, _combine_all))
    results = []
    for (i, j), find_members in search.blocks(chunks):
        pieces = {name: array[..., i, j].tolist() for name, array in chunked.items()}
        known = {name: [array[..., rows[i], columns[j]]] for name, array in in_memory.items()}
        results.append(reduce_later(reduce_block, find_members, pieces, known))
    if not results:
        return _reduce_nothing(cubes, search.nbin, reduce_block)
    while len(results) > 1:
        groups = (results[i : i + _FAN_IN] for i in range(0, len(results), _FAN_IN))
        results = [combine_later(combine, group) for group in groups]
    total: T = compute(*results)[0]  # type: ignore[no-untyped-call]
    return total


def _reduce_nothing(cubes: Mapping[str, xr.Variable], nbin: int, reduce_block: Reduce[T]) -> T:
    """Apply a function to maps in which no bin has a pixel."""
    members = Membership(np.empty(0, int), np.empty(0, int), np.empty(0), np.zeros(nbin))
    arrays = {
        name: [np.zeros((*cube.shape[:-2], 1, 1), cube.dtype)] for name, cube in cubes.items()
    }
    return _reduce_arrays(reduce_block, members, np.arange(nbin), arrays)


def _reduce_block(
    reduce_block: Reduce[T],
    find_members: FindMembers,
    pieces: dict[str, Any],
    known: dict[str, list[NDArray[Any]]],
) -> T:
    """Apply a function to one block, of chunks in nested lists and of arrays in memory."""
    arrays = {name: _arrays_in_order(chunks) for name, chunks in pieces.items()}
    return _reduce_arrays(reduce_block, *find_members(), {**arrays, **known})


def _reduce_arrays(
    reduce_block: Reduce[T], members: Membership, bins: Int, arrays: dict[str, list[NDArray[Any]]]
) -> T:
    index = PixelIndex(members.pixel, next(iter(arrays.values()))[0].shape[-1])
    return reduce_block({name: Planes(a, index) for name, a in arrays.items()}, members, bins)


def _arrays_in_order(pieces: Any) -> list[NDArray[Any]]:
    """Arrays whose planes follow each other, from chunks in lists nested by the leading axes."""
    if isinstance(pieces, list) and not isinstance(pieces[0], list):
        return [np.asarray(piece) for piece in pieces]
    return [_concatenate(pieces, 0)]


def _concatenate(pieces: Any, axis: int) -> NDArray[Any]:
    """Concatenate chunks in nested lists, each level of lists along its axis."""
    if not isinstance(pieces, list):
        return np.asarray(pieces)
    return np.concatenate([_concatenate(piece, axis + 1) for piece in pieces], axis=axis)


def _combine_all(combine: Callable[[T, T], T], results: Sequence[T]) -> T:
    return reduce(combine, results)
