"""Maps with the larger cells of a lower level of HEALPix."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from ...exceptions import DataWarning, InvalidOptionError
from ...schema.names import CELL, ENERGY, HEALPIX
from ...schema.number_checks import is_used
from ...schema.variables import MAPS
from ...schema.warning_place import user_stacklevel
from .coords import cell_coords, decode_healpix
from .grid import HealpixGrid

__all__ = ["coarsen_cells"]

Int = NDArray[np.int64]


def coarsen_cells(maps: xr.Dataset, factor: int) -> xr.Dataset:
    """Join cells to those of a lower level, as `xprofile.coarsen` does.

    Parameters
    ----------
    maps : xarray.Dataset
        Maps in HEALPix, of numpy or dask.
    factor : int
        Number of cells along each side that become one cell, a power of two.

    Raises
    ------
    InvalidOptionError
        If the factor is not a power of two, or the level is not so deep.

    Warns
    -----
    DataWarning
        If some larger cells lack a part of their cells. The mask is False there.
    """
    grid = decode_healpix(maps)
    steps = factor.bit_length() - 1
    if factor != 1 << steps or steps > grid.level:
        raise InvalidOptionError(
            f"maps in HEALPix of level {grid.level} are made coarser by powers of two up to "
            f"{2**grid.level}, found {factor}"
        )
    groups = _Groups.from_grid(grid, steps)
    coarse = maps.drop_dims(CELL).drop_vars(HEALPIX)
    level, scheme = grid.level - steps, grid.indexing_scheme
    coarse = coarse.assign_coords(cell_coords(level, scheme, grid.frame, groups.numbers))
    for name, variable in maps.data_vars.items():
        if CELL in variable.dims:
            coarse[name] = groups.join(variable.variable, _kind(str(name)))
    if groups.complete is None or groups.complete.all():
        return coarse
    _warn_of_parts(groups.complete)
    used = xr.Variable((CELL,), groups.complete)
    mask = coarse["mask"].variable if "mask" in coarse else xr.ones_like(coarse["counts"].variable)
    dims = tuple(dim for dim in (ENERGY, *mask.dims) if dim in mask.dims)
    mask = (is_used(mask) & used).transpose(*dict.fromkeys(dims))
    return coarse.assign(mask=xr.Variable(mask.dims, mask.data, MAPS["mask"].attrs))


def _kind(name: str) -> str:
    return MAPS[name].kind if name in MAPS else ""


def _warn_of_parts(complete: NDArray[np.bool_]) -> None:
    number = np.count_nonzero(~complete)
    warnings.warn(
        f"{number} of {complete.size} coarser cells have only a part of their cells on the map: "
        "their mask is False, so that bins do not use them",
        DataWarning,
        stacklevel=user_stacklevel(),
    )


@dataclass(frozen=True, eq=False)
class _Groups:
    """Cells of a map that become one.

    Parameters
    ----------
    numbers : numpy.ndarray or dask.array.Array of int
        Numbers of the larger cells, (ngroup,).
    size : int
        Number of cells in each group, of a whole one.
    order : numpy.ndarray of int or None
        Places of the cells, group by group, (ncell,). None if they are so on the map, and every
        group is whole.
    label : numpy.ndarray of int or None
        Number of the larger cell of each cell in this order, ascending.
    complete : numpy.ndarray of bool or None
        Whether each group is whole; None if all are.
    """

    numbers: Any
    size: int
    order: NDArray[np.intp] | None = None
    label: Int | None = None
    complete: NDArray[np.bool_] | None = None

    @classmethod
    def from_grid(cls, grid: HealpixGrid, steps: int) -> _Groups:
        """Find the groups of cells that are one cell so many levels above."""
        size, cells = 4**steps, grid.cells
        bounds = [cells.first, cells.start]
        if grid.indexing_scheme == "nested" and not any(np.any(b % size) for b in bounds):
            return cls(grid.cell_ids[::size] >> 2 * steps, size)
        coarse = HealpixGrid(grid.level - steps, grid.indexing_scheme, grid.frame, None)
        number = coarse.numbers_of(grid.nested >> 2 * steps)
        order = np.argsort(number, kind="stable")
        label = number[order]
        starts = np.flatnonzero(np.diff(label, prepend=-1))
        complete = np.diff(starts, append=label.size) == size
        return cls(label[starts], size, order, label, complete)

    def join(self, variable: xr.Variable, kind: str) -> xr.Variable:
        """Sum, average or combine the cells of each group; lazy values stay lazy."""
        ordered = variable.transpose(..., CELL)
        values = ordered.data
        if variable.chunks:
            joined = self._join_blocks(values, kind)
        else:
            values = values if self.order is None else values[..., self.order]
            joined = _join(values, self.label, self.size, kind)
        return xr.Variable(ordered.dims, joined, variable.attrs)

    def _join_blocks(self, values: Any, kind: str) -> Any:
        """Join groups of a dask array, in chunks that cut no group."""
        import dask.array as da

        chunk = max(values.chunks[-1])
        ngroup = self.numbers.shape[0]
        per_chunk = max(1, chunk // self.size)
        groups = np.diff([*range(0, ngroup, per_chunk), ngroup])
        if self.order is None or self.label is None:
            labels, sizes = [], groups * self.size
        else:
            starts = np.flatnonzero(np.diff(self.label, prepend=-1, append=-1))
            sizes = np.diff(starts[np.cumsum([0, *groups])])
            with warnings.catch_warnings():  # the many chunks of older dask are joined below
                warnings.simplefilter("ignore", da.PerformanceWarning)
                values = da.take(values, self.order, axis=-1)
            chunks = (tuple(sizes.tolist()),)
            labels = [da.from_array(self.label, chunks=chunks)]  # type: ignore[no-untyped-call]
        values = values.rechunk({values.ndim - 1: tuple(sizes.tolist())})
        small = np.ones((1,) * values.ndim, values.dtype)
        dtype = _join(small, None, 1, kind).dtype
        chunks = (*values.chunks[:-1], tuple(groups.tolist()))
        return da.map_blocks(  # type: ignore[no-untyped-call]
            _join_block, values, *labels, size=self.size, kind=kind, dtype=dtype, chunks=chunks
        )


def _join_block(values: Any, *labels: Any, size: int, kind: str) -> Any:
    return _join(values, labels[0] if labels else None, size, kind)


def _join(values: Any, label: Any, size: int, kind: str) -> Any:
    """Join the cells (..., n) of groups that follow each other.

    Parameters
    ----------
    values : numpy.ndarray
        Values of the cells, (..., n).
    label : numpy.ndarray of int or None
        Number of the larger cell of each cell, ascending; None if each has `size` cells.
    size : int
        Number of cells of a whole group.
    kind : str
        Kind in the table of variables: "all", "mean", "sum" or none.
    """
    if label is None:
        starts = np.arange(0, values.shape[-1], size)
    else:
        starts = np.flatnonzero(np.diff(label, prepend=label[0] - 1))
    if kind == "all":
        return np.logical_and.reduceat(is_used(values), starts, axis=-1)
    floats = values.dtype.kind == "f"
    total = np.add.reduceat(
        values, starts, axis=-1, dtype=float if floats or kind != "sum" else None
    )
    if kind == "mean":
        count = np.diff(starts, append=values.shape[-1])
        return (total / count).astype(values.dtype if floats else float, copy=False)
    single = kind == "sum" and values.dtype == np.float32
    return total.astype(values.dtype, copy=False) if single else total
