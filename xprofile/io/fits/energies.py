"""Energies of a cube's planes, from whichever table or keyword its writer left them in.

Formats: GADF's BANDS table; EBOUNDS of OGIP, edges of bins; ENERGIES of the Fermi tools and ctools,
nodes; or a third axis ``log_Energy``, the natural logarithm of nodes in MeV.
"""

from __future__ import annotations

import numpy as np
from astropy.io import fits

from ...exceptions import FileFormatError
from ...maps.axes import Axis, bins_axis, nodes_axis
from .bands import read_axes
from .columns import column_in
from .files import FitsFile, factor_to

__all__ = ["axes_of_image", "ebounds_axis"]

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
