"""A HEALPix grid as coordinates of a Dataset.

``cell_ids(cell)`` holds the numbers of the cells, with the attributes of the xdggs convention and
no others, as xdggs refuses others. The scalar ``healpix`` repeats them, with the frame of the sky;
its value is their checksum, so that maps on different grids conflict instead of merging.
"""

from __future__ import annotations

import zlib
from typing import Any, Literal, TypeAlias

import numpy as np
import xarray as xr
from astropy.coordinates import BaseCoordinateFrame

from ...exceptions import InvalidDataError, MissingVariableError
from ...schema.checks import check_one_grid
from ...schema.names import CELL, CELL_IDS, HEALPIX
from ..world.frames import frame_attrs, frame_from_attrs
from .grid import DEEPEST_LEVEL, HealpixGrid

__all__ = [
    "DEEPEST_LEVEL",
    "SCHEMES",
    "IndexingScheme",
    "cell_coords",
    "decode_healpix",
    "restore_cell_attrs",
]

IndexingScheme: TypeAlias = Literal["nested", "ring"]

_GRID_NAME = "healpix"
SCHEMES = ("nested", "ring")


def cell_coords(
    level: int, indexing_scheme: IndexingScheme, frame: BaseCoordinateFrame, cell_ids: Any
) -> dict[str, xr.Variable]:
    """Make the coordinates of maps on a HEALPix grid.

    Parameters
    ----------
    level : int
        Level of the grid: NSIDE is 2**level.
    indexing_scheme : {"nested", "ring"}
        Order in which cells are numbered.
    frame : BaseCoordinateFrame
        Frame of the sky.
    cell_ids : array_like of int
        Numbers of the cells, (cell,), numpy or dask.

    Returns
    -------
    dict of str to xarray.Variable
        - ``cell_ids`` (cell): numbers of the cells.
        - ``healpix``: scalar, level, scheme and frame as attributes, and their checksum as value.
    """
    grid = {"grid_name": _GRID_NAME, "level": int(level), "indexing_scheme": indexing_scheme}
    described = {**grid, **frame_attrs(frame)}
    checksum = zlib.crc32(repr(sorted(described.items())).encode())
    return {
        CELL_IDS: xr.Variable((CELL,), cell_ids, grid),
        HEALPIX: xr.Variable((), np.int64(checksum), described),
    }


def restore_cell_attrs(data: xr.Dataset) -> xr.Dataset:
    """Give the numbers of cells their attributes back, which xdggs moves to an index of its kind.

    Files need them. The numbers have no index afterwards. Other data are unchanged.
    """
    if not {CELL_IDS, HEALPIX} <= set(data.coords) or data[CELL_IDS].dims != (CELL,):
        return data
    names = ("grid_name", "level", "indexing_scheme")
    attrs = {name: v for name, v in data[HEALPIX].attrs.items() if name in names}
    ids = data[CELL_IDS].variable
    if CELL_IDS in data.xindexes:
        data = data.drop_vars(CELL_IDS)
    elif ids.attrs == attrs:
        return data
    return data.assign_coords({CELL_IDS: xr.Variable((CELL,), ids.data, attrs)})


def decode_healpix(data: xr.Dataset | xr.DataArray) -> HealpixGrid:
    """Return the cells of maps or of one map.

    Raises
    ------
    MissingVariableError
        If the ``cell_ids`` or ``healpix`` coordinate is missing.
    InvalidDataError
        If no cell is left, numbers of cells repeat or do not exist, or ``healpix`` is not a scalar
        or does not describe a grid by its attributes.
    """
    lost = [name for name in (CELL_IDS, HEALPIX) if name not in data.coords]
    if lost:
        raise MissingVariableError(
            f"the data have no coordinate {lost}, so their cells have no position on the sky; open "
            "them with xprofile.open_maps, and keep the coordinates in selections"
        )
    check_one_grid(data, HEALPIX)
    level, scheme, frame = _described(dict(data[HEALPIX].attrs))
    known = dict(data[CELL_IDS].attrs)
    for name, value in (("level", level), ("indexing_scheme", scheme)):
        if known.get(name, value) != value:
            raise InvalidDataError(
                f"the attribute {name!r} of cell_ids is {known[name]!r}, and that of healpix is "
                f"{value!r}; take both coordinates from the same maps"
            )
    return HealpixGrid.from_cells(level, scheme, frame, data[CELL_IDS].data)


def _described(attrs: dict[Any, Any]) -> tuple[int, IndexingScheme, BaseCoordinateFrame]:
    """Level, indexing scheme and frame in the attributes of ``healpix``."""
    level, scheme = attrs.get("level"), attrs.get("indexing_scheme")
    remedy = "take the coordinate from the maps as they were opened, or open them again"
    if not isinstance(level, int | np.integer) or not 0 <= level <= DEEPEST_LEVEL:
        raise InvalidDataError(
            f"the attribute 'level' of healpix is {level!r}, expected a whole number from 0 to "
            f"{DEEPEST_LEVEL}; {remedy}"
        )
    if scheme not in SCHEMES:
        raise InvalidDataError(
            f"the attribute 'indexing_scheme' of healpix is {scheme!r}, expected one of "
            f"{SCHEMES}; {remedy}"
        )
    try:
        frame = frame_from_attrs(attrs)
    except (KeyError, TypeError, ValueError) as error:
        raise InvalidDataError(
            f"the attribute 'frame' of healpix is {attrs.get('frame')!r}, expected the name of a "
            f"frame of astropy, such as 'galactic'; {remedy}"
        ) from error
    return int(level), scheme, frame
