"""HEALPix maps as FITS tables in the form of GADF, which Gammapy reads.

A map of the whole sky has one row for each cell (INDXSCHM IMPLICIT). Gammapy does not read lists of
cells (EXPLICIT) but for circles. A part of the sky is therefore written value by value (SPARSE):
Gammapy makes a map of the whole sky of it, with 0 in the other cells.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from astropy.io import fits
from numpy.typing import NDArray

from ....exceptions import InvalidDataError
from ....maps.axes import Axis
from ....maps.healpix.grid import HealpixGrid
from ..arrays import to_fits_type
from ..bands_tables import make_bands_table
from .sparse import LISTED

__all__ = ["healpix_hdus"]

_FORMATS = {"u1": "B", "i2": "I", "i4": "J", "i8": "K", "f4": "E", "f8": "D"}

# COORDSYS, and RADESYS where COORDSYS alone leaves it open
_COORDSYS = {
    "galactic": ("GAL", None),
    "icrs": ("CEL", "ICRS"),
    "fk5": ("CEL", "FK5"),
    "fk4": ("CEL", "FK4"),
    "barycentricmeanecliptic": ("ECL", None),
}

_MOST_COLUMNS = 999  # of a FITS table


def healpix_hdus(
    name: str, values: NDArray[np.generic], unit: str, axis: Axis, grid: HealpixGrid
) -> list[fits.BinTableHDU]:
    """Make the table of a map, and its BANDS table.

    Parameters
    ----------
    name : str
        Name of the HDU.
    values : numpy.ndarray
        Values (nplane, ncell), of cells with ascending numbers.
    unit : str
        Unit of the values.
    axis : Axis
        Energies of the planes.
    grid : HealpixGrid
        The cells.

    Raises
    ------
    InvalidDataError
        If FITS has no name for the sky frame, or there are more planes than columns.
    """
    plain = to_fits_type(values.astype(np.uint8) if values.dtype.kind == "b" else values)
    whole = plain.shape[1] == 12 * 4**grid.level
    columns = _columns_of_planes(plain, name) if whole else _columns_of_values(plain, grid)
    table = fits.BinTableHDU.from_columns(columns, name=name)
    header = table.header
    header["PIXTYPE"] = "HEALPIX"
    header["ORDERING"] = grid.indexing_scheme.upper()
    header["INDXSCHM"] = "IMPLICIT" if whole else "SPARSE"
    header["ORDER"], header["NSIDE"] = grid.level, grid.nside
    header["FIRSTPIX"], header["LASTPIX"] = 0, 12 * 4**grid.level - 1
    header["HPX_CONV"] = "GADF"
    if not whole:
        header[LISTED] = (True, "cells that are not listed are not on the map")
    _add_frame(header, grid)
    header["BANDSHDU"] = f"{name}_BANDS"
    header["BUNIT"] = unit
    return [table, make_bands_table(name, [axis])]


def _columns_of_planes(values: NDArray[np.generic], name: str) -> Sequence[fits.Column]:
    if len(values) > _MOST_COLUMNS:
        raise InvalidDataError(
            f"{name} has {len(values)} energies, but a FITS table has {_MOST_COLUMNS} columns at "
            "most; write netCDF or Zarr, or merge energies"
        )
    form = _FORMATS[values.dtype.str[1:]]
    return [fits.Column(f"CHANNEL{i}", form, array=plane) for i, plane in enumerate(values, 1)]


def _columns_of_values(values: NDArray[np.generic], grid: HealpixGrid) -> Sequence[fits.Column]:
    planes, cells = values.shape
    numbers = np.tile(np.asarray(grid.cell_ids), planes)
    channels = np.repeat(np.arange(planes), cells)
    return [
        fits.Column("PIX", "J" if 12 * 4**grid.level < 2**31 else "K", array=numbers),
        fits.Column("CHANNEL", "I" if planes < 2**15 else "J", array=channels),
        fits.Column("VALUE", _FORMATS[values.dtype.str[1:]], array=values.reshape(-1)),
    ]


def _add_frame(header: fits.Header, grid: HealpixGrid) -> None:
    frame = grid.frame
    if frame.name not in _COORDSYS or not _is_usual_ecliptic(grid):
        raise InvalidDataError(
            f"FITS has no COORDSYS for HEALPix maps in the frame {frame.name!r}"
            f"{'' if frame.name not in _COORDSYS else ' of this equinox'}, expected one of "
            f"{', '.join(_COORDSYS)}; write netCDF or Zarr"
        )
    system, radesys = _COORDSYS[frame.name]
    header["COORDSYS"] = system
    if radesys is not None:
        header["RADESYS"] = radesys
        header["EQUINOX"] = _equinox(frame)


def _equinox(frame: Any) -> float:
    if frame.name == "icrs":
        return 2000.0
    return float(frame.equinox.byear if frame.name == "fk4" else frame.equinox.jyear)


def _is_usual_ecliptic(grid: HealpixGrid) -> bool:
    frame: Any = grid.frame
    return frame.name != "barycentricmeanecliptic" or bool(abs(frame.equinox.jyear - 2000) < 1e-6)
