"""Sums over the pixels of bins, of maps in memory or, a block at a time, of maps of dask."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import reduce
from typing import Any, TypeAlias, TypeVar

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from ..members.membership import Find, Int, Membership, slices
from ..members.search import Search
from .pixel_values import Picked, Place, Planes

__all__ = ["lazy", "sum_over_blocks"]

T = TypeVar("T")

Sums: TypeAlias = Callable[[Picked, Membership, Int], T]

_FAN = 8  # partial results that one task adds up


def lazy(cubes: Mapping[str, xr.Variable]) -> bool:
    """Whether one of some cubes is of dask."""
    return any(cube.chunks for cube in cubes.values())


def sum_over_blocks(
    cubes: Mapping[str, xr.Variable],
    found: Search | Membership,
    sums: Sums[T],
    add: Callable[[T, T], T],
) -> T:
    """Apply a function to the pixels of bins, block by block, and add up what it gives.

    Parameters
    ----------
    cubes : dict of xarray.Variable
        Dims (..., lat, lon), all on the same pixels. If none is of dask there is one block.
    found : Search or Membership
        What finds the pixels of bins in each block; without dask a Membership.
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
    if lazy(cubes):
        return _of_dask(cubes, found, sums, add)
    assert isinstance(found, Membership)
    return _sums_of_planes(sums, found, np.arange(found.nbin), {
        name: [np.asarray(cube.data)] for name, cube in cubes.items()
    })  # fmt: skip


def _of_dask(
    cubes: Mapping[str, xr.Variable],
    found: Search | Membership,
    sums: Sums[T],
    add: Callable[[T, T], T],
) -> T:
    from dask.base import compute
    from dask.delayed import delayed

    arrays = [xr.DataArray(cube) for cube in cubes.values()]
    aligned = dict(zip(cubes, xr.unify_chunks(*arrays), strict=True))
    chunked = {name: cube.data.to_delayed() for name, cube in aligned.items() if cube.chunks}
    known = {name: np.asarray(cube.data) for name, cube in aligned.items() if not cube.chunks}
    chunks = next(cube.data.chunks[-2:] for cube in aligned.values() if cube.chunks)
    places = [slices(sizes) for sizes in chunks]
    of_block, added = (delayed(f, pure=False) for f in (_sums_of_block, _added))
    parts = []
    for place, find in found.blocks(chunks):
        pieces = {name: array[(..., *place)].tolist() for name, array in chunked.items()}
        y, x = (along[i] for along, i in zip(places, place, strict=True))
        there = {name: [values[..., y, x]] for name, values in known.items()}
        parts.append(of_block(sums, find, pieces, there))
    if not parts:
        return _sums_of_nothing(cubes, found.nbin, sums)
    while len(parts) > 1:
        parts = [added(add, parts[i : i + _FAN]) for i in range(0, len(parts), _FAN)]
    total: T = compute(*parts)[0]  # type: ignore[no-untyped-call]
    return total


def _sums_of_nothing(cubes: Mapping[str, xr.Variable], nbin: int, sums: Sums[T]) -> T:
    """Apply a function to planes of which no bin has a pixel."""
    none = Membership(np.empty(0, int), np.empty(0, int), np.empty(0), np.zeros(nbin))
    planes = {
        name: [np.zeros((*cube.shape[:-2], 1, 1), cube.dtype)] for name, cube in cubes.items()
    }
    return _sums_of_planes(sums, none, np.arange(nbin), planes)


def _sums_of_block(
    sums: Sums[T], find: Find, pieces: dict[str, Any], known: dict[str, list[NDArray[Any]]]
) -> T:
    ordered = {name: _in_order(found) for name, found in pieces.items()}
    return _sums_of_planes(sums, *find(), {**ordered, **known})


def _sums_of_planes(
    sums: Sums[T], members: Membership, bins: Int, pieces: dict[str, list[NDArray[Any]]]
) -> T:
    place = Place(members.pixel, next(iter(pieces.values()))[0].shape[-1])
    return sums({name: Planes(found, place) for name, found in pieces.items()}, members, bins)


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
