"""Axes of images: the energies of their planes, from the tables and keywords of several tools.

Formats: BANDS tables of GADF; EBOUNDS tables of OGIP with the edges of bins; ENERGIES tables of the
Fermi tools and ctools with nodes; or a third axis ``log_Energy``, the natural logarithm of nodes in
MeV.
"""

from __future__ import annotations

import numpy as np
from astropy.io import fits

from ...exceptions import FileFormatError
from ...maps.axes import Axis, bins_axis, nodes_axis
from ...schema.names import ENERGY, ENERGY_TRUE, ENERGY_UNIT
from .bands_tables import read_bands_table
from .files import FitsFile
from .table_columns import energy_column
from .units import unit_factor

__all__ = ["axis_from_ebounds", "axis_from_energies", "read_image_axes", "single_band"]

_EBOUNDS, _ENERGIES = "EBOUNDS", "ENERGIES"

_MEV = "MeV"  # unit of nodes where a table does not name one: the Fermi tools and ctools use it
_LARGEST_LOG = 700  # technical: the exponential of 710 is beyond the range of double precision


def read_image_axes(file: FitsFile, hdu: fits.ImageHDU, planes: int | None) -> list[Axis]:
    """Read the axes of an image besides those of the sky, in its order; energies in TeV.

    Parameters
    ----------
    file : FitsFile
        File with the image.
    hdu : astropy.io.fits.ImageHDU
        The image.
    planes : int, optional
        Number of planes; None if the image has only the two axes of the sky.

    Raises
    ------
    FileFormatError
        If the planes have no energies, or the energies do not ascend.
    """
    bands = hdu.header.get("BANDSHDU", f"{hdu.name}_BANDS")
    if bands in file and (_is_bands_table(file[bands]) or bands not in (_EBOUNDS, _ENERGIES)):
        return read_bands_table(file[bands], file)
    if planes is None:
        return []
    if "BANDSHDU" not in hdu.header:
        if _EBOUNDS in file:
            return [axis_from_ebounds(file[_EBOUNDS], file)]
        if _ENERGIES in file:
            return [axis_from_energies(file[_ENERGIES], file)]
        if str(hdu.header.get("CTYPE3", "")).strip().lower() == "log_energy":
            return [_axis_from_keywords(hdu, planes, file.given_energy_unit or _MEV)]
        if planes == 1:
            return []
    if file.bands is not None and file.bands.size == planes:
        return [file.bands]
    given = "" if file.bands is None else f", and energy_edges has {file.bands.size} bands"
    raise FileFormatError(
        f"{file.label_of(hdu)} has no table of energies for its {planes} planes: HDU {bands} "
        f"is missing, and so are {_EBOUNDS} and {_ENERGIES}; found {file.hdu_names}{given}. Give "
        f"energy_edges= with {planes + 1} energies, the edges of the planes"
    )


def _is_bands_table(table: fits.BinTableHDU) -> bool:
    return any(key.startswith("AXCOLS") for key in table.header)


def single_band(file: FitsFile) -> Axis | None:
    """Return the band of an image in a table EBOUNDS of one row; None without a usable one."""
    if _EBOUNDS not in file or len(np.atleast_1d(file[_EBOUNDS].data)) != 1:
        return None
    try:
        return axis_from_ebounds(file[_EBOUNDS], file)
    except FileFormatError:
        return None  # the caller gives the band


def axis_from_ebounds(table: fits.BinTableHDU, file: FitsFile) -> Axis:
    """Return the axis of energy bins in an EBOUNDS table, in TeV.

    Parameters
    ----------
    table : astropy.io.fits.BinTableHDU
        The table.
    file : FitsFile
        File of the table, with the units that the caller gives.
    """
    lower, upper = (energy_column(table, name, file) for name in ("E_MIN", "E_MAX"))
    return bins_axis(ENERGY, lower, upper, ENERGY_UNIT, _EBOUNDS)


def axis_from_energies(table: fits.BinTableHDU, file: FitsFile) -> Axis:
    """Return the axis of nodes of energy in a table ENERGIES, in TeV; MeV if it names no unit.

    Parameters
    ----------
    table : astropy.io.fits.BinTableHDU
        The table.
    file : FitsFile
        File of the table, with the units that the caller gives.
    """
    columns = getattr(table, "columns", None)
    name = columns.names[0] if columns is not None and len(columns) else "Energy"
    nodes = energy_column(table, name, file, _MEV)
    return nodes_axis(ENERGY_TRUE, nodes, ENERGY_UNIT, _ENERGIES)


def _axis_from_keywords(hdu: fits.ImageHDU, planes: int, unit: str) -> Axis:
    start, step, pixel = (float(hdu.header[f"{key}3"]) for key in ("CRVAL", "CDELT", "CRPIX"))
    logs = start + (np.arange(planes) + 1 - pixel) * step
    if not np.all(np.abs(logs) < _LARGEST_LOG):
        raise FileFormatError(
            f"{hdu.name}: log_Energy goes from {logs[0]} to {logs[-1]}, expected natural "
            f"logarithms of energies in {unit}; correct CRVAL3, CDELT3 and CRPIX3"
        )
    nodes = np.exp(logs) * unit_factor(unit, ENERGY_UNIT, hdu.name)
    return nodes_axis(ENERGY_TRUE, nodes, ENERGY_UNIT, f"{hdu.name}: log_Energy")
