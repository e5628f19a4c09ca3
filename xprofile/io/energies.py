"""Energies of a cube's planes, from whichever table or keyword its writer left them in.

Formats: GADF's BANDS table; EBOUNDS of OGIP, edges of bins; ENERGIES of the Fermi tools and ctools,
nodes; or a third axis ``log_Energy``, the natural logarithm of nodes in MeV.
"""

from __future__ import annotations

import numpy as np
from astropy.io import fits

from ..exceptions import FileFormatError
from .bands import Axis, bins_axis, nodes_axis, read_axes
from .fitsfile import FitsFile, factor_to

__all__ = ["axes_of_image", "column", "column_in", "ebounds_axis"]

_EBOUNDS, _ENERGIES = "EBOUNDS", "ENERGIES"
_MEV = "MeV"  # of tables of nodes that name no unit


def axes_of_image(file: FitsFile, hdu: fits.ImageHDU, size: int | None) -> list[Axis]:
    """Axes of an image that are not of the sky, the slowest first, energies in TeV.

    Parameters
    ----------
    file : FitsFile
        The file that it is in.
    hdu : astropy.io.fits.ImageHDU
        The image.
    size : int, optional
        Number of its planes; None if it has but the two axes of the sky.

    Raises
    ------
    FileFormatError
        If there are planes and no energies for them, or energies that do not ascend.
    """
    bands = hdu.header.get("BANDSHDU", f"{hdu.name}_BANDS")
    if bands in file and (_is_gadf(file[bands]) or bands not in (_EBOUNDS, _ENERGIES)):
        return read_axes(file[bands])
    if size is None:
        return []
    if "BANDSHDU" not in hdu.header:
        if _EBOUNDS in file:
            return [ebounds_axis(file[_EBOUNDS])]
        if _ENERGIES in file:
            return [_of_nodes(file[_ENERGIES])]
        if str(hdu.header.get("CTYPE3", "")).strip().lower() == "log_energy":
            return [_of_keywords(hdu, size)]
        if size == 1:
            return []
    raise FileFormatError(
        f"{hdu.name} of {file.label} has no table of energies for its {size} planes: HDU {bands} "
        f"is missing, and so are {_EBOUNDS} and {_ENERGIES}; found {file.names}"
    )


def _is_gadf(table: fits.BinTableHDU) -> bool:
    return any(key.startswith("AXCOLS") for key in table.header)


def ebounds_axis(table: fits.BinTableHDU) -> Axis:
    """Make the axis of the bins in a table EBOUNDS, in TeV."""
    lower, upper = (column_in(table, name, None, "TeV") for name in ("E_MIN", "E_MAX"))
    return bins_axis("energy", lower, upper, "EBOUNDS")


def _of_nodes(table: fits.BinTableHDU) -> Axis:
    columns = getattr(table, "columns", None)
    name = columns.names[0] if columns is not None and len(columns) else "Energy"
    return nodes_axis("energy_true", column_in(table, name, _MEV, "TeV"), "ENERGIES")


def _of_keywords(hdu: fits.ImageHDU, size: int) -> Axis:
    start, step, pixel = (float(hdu.header[f"{key}3"]) for key in ("CRVAL", "CDELT", "CRPIX"))
    logs = start + (np.arange(size) + 1 - pixel) * step
    if not np.all(np.abs(logs) < 700):
        raise FileFormatError(f"{hdu.name}: log_Energy goes from {logs[0]} to {logs[-1]}")
    factor = factor_to(_MEV, "TeV", hdu.name)
    return nodes_axis("energy_true", np.exp(logs) * factor, f"{hdu.name}: log_Energy")


def column_in(table: fits.BinTableHDU, name: str, default: str | None, unit: str) -> np.ndarray:
    """Numbers of a column in a unit; where the column names none they are in the default one."""
    values = column(table, name)
    found = table.columns[name].unit or default
    return values * factor_to(found, unit, f"{table.name} column {name}")


def column(table: fits.BinTableHDU, name: str, ndim: int = 1) -> np.ndarray:
    """Numbers of a column, one or as many in each row.

    Raises
    ------
    FileFormatError
        If there is no such column, or something else in it.
    """
    found = table.columns.names if isinstance(table, fits.BinTableHDU) else []
    if name.lower() not in map(str.lower, found):  # as FITS has it
        raise FileFormatError(f"{table.name} has no column {name}; found {found or 'no table'}")
    values = np.asarray(table.data[name])
    if values.ndim != ndim or not values.size or values.dtype.kind not in "iuf":
        raise FileFormatError(
            f"{table.name} column {name} has the shape {values.shape} and type {values.dtype}, "
            f"expected numbers, {ndim} axes"
        )
    return values.astype(np.float64)
