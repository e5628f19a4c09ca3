"""A HEALPix grid given by arguments, and the arrays that are on its cells."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr
from astropy.coordinates import BaseCoordinateFrame

from ...exceptions import InvalidDataError, InvalidOptionError
from ...schema.names import CELL, CELL_IDS, ENERGY, ENERGY_TRUE, HEALPIX, LAT, LON
from ...schema.number_checks import check_positive_integer
from ...schema.variables import MAPS
from ..healpix.coords import DEEPEST_LEVEL, SCHEMES, cell_coords, decode_healpix
from ..sphere import same_frame
from ..world.frames import frame_from_option

__all__ = ["GivenCells", "check_kind", "level_from_options"]


def check_kind(label: str, values: Any, others: tuple[str, ...], kind: str) -> None:
    """Raise if a map has pixels of the other kind, with one of these dims.

    Raises
    ------
    InvalidDataError
        If it has; the message says that the counts are of this kind.
    """
    if set(others) & set(getattr(values, "dims", ())):
        raise InvalidDataError(
            f"{label} has the dims {values.dims}, and the counts are {kind}; "
            f"open_maps(counts=..., {label}=...) interpolates maps of one kind to the other"
        )


def level_from_options(level: Any, nside: Any) -> int | None:
    """Return the level of a grid that is given by itself or by its NSIDE; None without both.

    Raises
    ------
    InvalidOptionError
        If both are given, NSIDE is not a power of two, or the level is too deep.
    """
    if level is not None and nside is not None:
        raise InvalidOptionError(
            f"level={level!r} and nside={nside!r} were given; give one of them, as NSIDE is "
            "2**level"
        )
    if nside is not None:
        check_positive_integer("nside", nside, InvalidOptionError)
        if int(nside) & (int(nside) - 1):
            raise InvalidOptionError(f"nside must be a power of two, 2**level, found {nside}")
        level = int(nside).bit_length() - 1
    if level is None:
        return None
    check_positive_integer("level", level, InvalidOptionError, least=0)
    if level > DEEPEST_LEVEL:
        raise InvalidOptionError(f"level must be {DEEPEST_LEVEL} at most, found {level}")
    return int(level)


class GivenCells:
    """The cells that arrays are on. Arrays become planes with one row of all cells.

    Parameters
    ----------
    counts : array_like
        Counts with one axis of cells, the last one; a map in HEALPix, as a DataArray, also tells
        what is not given.
    cell_ids : array_like of int or None
        Numbers of the cells, (ncell,). The default is all cells in order.
    level, nside : int or None
        Level of the grid or its NSIDE. The default of all cells is found from their number.
    indexing_scheme : str or None
        "nested" or "ring".
    frame : str, BaseCoordinateFrame or None
        Frame of the sky.

    Raises
    ------
    InvalidOptionError
        If a part of the grid is not known.
    InvalidDataError
        If cells repeat or do not exist, or the counts have no axis of cells.
    """

    def __init__(
        self, counts: Any, cell_ids: Any, level: Any, nside: Any, indexing_scheme: Any, frame: Any
    ) -> None:
        known = _known_grid(counts)
        deep = level_from_options(level, nside)
        deep = known.get("level") if deep is None else deep
        scheme = indexing_scheme or known.get("indexing_scheme", "nested")
        if scheme not in SCHEMES:
            raise InvalidOptionError(f"indexing_scheme must be one of {SCHEMES}, found {scheme!r}")
        frame = known.get("frame") if frame is None else frame
        if frame is None:
            raise InvalidOptionError(
                "arrays in HEALPix need the frame of the sky: give frame='galactic', or frame="
                "'icrs' for right ascension and declination"
            )
        if cell_ids is None:
            cell_ids = known.get(CELL_IDS)
        deep, cell_ids = _cells(counts, cell_ids, deep)
        self._coords = cell_coords(deep, scheme, frame_from_option(frame), cell_ids)
        self._grid = decode_healpix(xr.Dataset(coords=self._coords))

    def image_shape(self, counts: Any) -> tuple[int, int]:
        """Return the number of rows, 1, and of cells."""
        return self._grid.shape

    def coords(self, shape: tuple[int, int]) -> dict[str, xr.Variable]:
        """Return the coordinates of maps."""
        return self._coords

    def in_order(self, label: str, values: Any) -> Any:
        """Return a map as a plane with one row of the cells in order; other values as they are.

        Raises
        ------
        InvalidDataError
            If the map is on another grid, or on other cells of this one.
        """
        if not isinstance(values, xr.DataArray):
            return values
        check_kind(label, values, (LAT, LON), "in HEALPix")
        dim = _cell_dim(values)
        if dim not in values.dims:
            return values
        if CELL_IDS in values.coords:
            values = self._cells_in_order(label, values, dim)
        for axis in {ENERGY, ENERGY_TRUE} & set(values.dims) & set(values.coords):
            values = values.isel({axis: np.argsort(values[axis].to_numpy(), kind="stable")})
        ordered = values.variable.transpose(..., dim)
        dims = (*ordered.dims[:-1], LAT, LON)
        return xr.DataArray(ordered.data[..., None, :], dims=dims, attrs=values.attrs)

    def _cells_in_order(self, label: str, values: xr.DataArray, dim: str) -> xr.DataArray:
        """Return a map with its cells in the order of the grid."""
        grid, there = self._grid, _known_grid(values)
        names = ("level", "indexing_scheme", "frame")
        here = {name: getattr(grid, name) for name in names}
        wrong = [name for name in here if _differ(there.get(name), here[name])]
        if wrong:
            raise InvalidDataError(
                f"{label} is on another HEALPix grid: its {wrong[0]} is {there[wrong[0]]!r}, that "
                f"of the counts {here[wrong[0]]!r}; bring both to one grid first"
            )
        ids, wanted = values[CELL_IDS].data, self._grid.cell_ids
        if ids is wanted or (ids.shape == wanted.shape and bool(np.all(ids == wanted))):
            return values
        ids, wanted = np.asarray(ids), np.asarray(wanted)
        order = np.argsort(ids, kind="stable")
        place = order[np.minimum(np.searchsorted(ids[order], wanted), ids.size - 1)]
        if ids.size != wanted.size or not np.array_equal(ids[place], wanted):
            raise InvalidDataError(
                f"{label} has {ids.size} cells that are not the {wanted.size} cells of the counts; "
                "select the same ones first"
            )
        return values.isel({dim: place})

    def rows(self, label: str, values: Any, size: int) -> Any:
        """Return an array (n, ncell) or (ncell,) with one row, of `size` energies.

        One value, or one for each energy, is returned as it is.

        Raises
        ------
        InvalidDataError
            If the array has another shape, or one that fits two meanings of its axis.
        """
        if isinstance(values, xr.DataArray) or np.ndim(values) == 0:
            return values
        values = values if hasattr(values, "ndim") else np.asarray(values)
        ncell, whole = self._grid.shape[1], MAPS[label].kind == "sum" and size != 1
        if values.shape == (size, ncell):
            return values[:, None, :]
        if values.shape == (size,) != (ncell,) or values.shape == (size, 1, ncell):
            return values  # one for each energy, or a map that `in_order` returned
        if not whole and values.shape == (1, ncell):
            return values
        if not whole and values.shape == (ncell,) and (size != ncell or size == 1):
            return values[None, :]
        raise InvalidDataError(
            f"{label} has the shape {values.shape}, expected {(size, ncell)} "
            f"({MAPS[label].dims[0]}, cell); {_remedy(label, values.shape, (size, ncell))}"
        )

    def variable(self, plane: xr.Variable) -> xr.Variable:
        """Return a variable of maps, (..., cell), from a plane with one row."""
        return xr.Variable((*plane.dims[:-2], CELL), plane.data[..., 0, :], plane.attrs)


def _differ(there: Any, here: Any) -> bool:
    """Whether a known level, scheme or frame is another one."""
    if there is None:
        return False
    if isinstance(here, BaseCoordinateFrame):
        return not same_frame(there, here)
    return bool(there != here)


def _remedy(label: str, shape: tuple[int, ...], expected: tuple[int, int]) -> str:
    """Say how an array gets the shape of a map."""
    if shape == expected[::-1]:
        return f"turn it with np.transpose({label})"
    if shape == expected[1:] == expected[:1]:
        return "as there are as many energies as cells, give both axes"
    if shape == expected[1:]:
        return "the share of an image that is in each energy is not known; give a cube"
    return "check the energy edges, cell_ids, the level, and the order of the axes"


def _cell_dim(values: xr.DataArray) -> str:
    """Name of the dim of the cells: of a coordinate ``cell_ids``, if there is one."""
    ids = values.coords.get(CELL_IDS)
    return CELL if ids is None or ids.ndim != 1 else str(ids.dims[0])


def _known_grid(values: Any) -> dict[str, Any]:
    """What the coordinates of a map tell of its grid; nothing for other values."""
    coords = getattr(values, "coords", {})
    if CELL_IDS not in coords or coords[CELL_IDS].ndim != 1:
        return {}
    names = ("level", "indexing_scheme")
    found = {name: v for name, v in coords[CELL_IDS].attrs.items() if name in names}
    if HEALPIX in coords:
        grid = decode_healpix(values)
        found |= {name: getattr(grid, name) for name in (*names, "frame")}
    return {**found, CELL_IDS: coords[CELL_IDS].data}


def _cells(counts: Any, cell_ids: Any, level: int | None) -> tuple[int, Any]:
    """Level and numbers of cells; by default those of all cells, lazy if the counts are."""
    size = _number_of_cells(counts)
    if cell_ids is not None:
        if level is None:
            raise InvalidOptionError(
                "cell_ids have no level: give level=, or nside=, which is 2**level"
            )
        ids = cell_ids if hasattr(cell_ids, "__dask_graph__") else np.asarray(cell_ids)
        if ids.shape != (size,):
            raise InvalidDataError(
                f"cell_ids has the shape {ids.shape}, expected {(size,)}, one number for each cell "
                "of the counts, their last axis"
            )
        return level, ids
    depth = (size // 12).bit_length() // 2 if level is None else level
    if size != 12 * 4**depth:
        expected = "12 * 4**level" if level is None else f"{12 * 4**depth} at level {depth}"
        raise InvalidOptionError(
            f"the counts have {size} cells along their last axis, and all cells of the sky are "
            f"{expected}; give cell_ids, the numbers of the cells"
        )
    chunks = getattr(counts, "chunks", None)
    if not chunks:
        return depth, np.arange(size, dtype=np.int64)
    import dask.array as da

    return depth, da.arange(size, dtype=np.int64, chunks=(chunks[-1],))


def _number_of_cells(counts: Any) -> int:
    """Length of the axis of cells, the last one of an array."""
    if isinstance(counts, xr.DataArray) and (dim := _cell_dim(counts)) in counts.dims:
        return int(counts.sizes[dim])
    shape = np.shape(counts)
    if len(shape) not in (1, 2):
        raise InvalidDataError(f"counts have the shape {shape}, expected two axes (energy, cell)")
    return int(shape[-1])
