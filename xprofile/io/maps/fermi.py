"""Responses as the Fermi tools write them: PSFs of gtpsf, matrices of gtdrm and gtrspgen."""

from __future__ import annotations

import numpy as np
from astropy.io import fits
from numpy.typing import NDArray

from ...exceptions import FileFormatError
from ...maps.axes import bins_axis, nodes_axis
from ..fits.columns import column, column_in
from ..fits.energies import ebounds_axis
from ..fits.files import FitsFile, native
from .responses import Response

__all__ = ["has_drm", "has_gtpsf", "read_drm", "read_gtpsf"]

Float = NDArray[np.float64]

_MATRICES = ("DRM", "MATRIX", "SPECRESP MATRIX")


def has_gtpsf(file: FitsFile) -> bool:
    """Whether a file is one of gtpsf."""
    return "PSF" in file and "THETA" in file


def read_gtpsf(file: FitsFile) -> Response:
    """Read a PSF: one row for each energy in MeV, angles in deg in a table THETA.

    Raises
    ------
    FileFormatError
        If a column is missing, or of another length than the angles.
    """
    table, where = file["PSF"], f"PSF of {file.label}"
    energy = nodes_axis("energy_true", column_in(table, "Energy", "MeV", "TeV"), where)
    angle = column_in(file["THETA"], "Theta", "deg", "deg")
    rad = nodes_axis("rad", angle, f"THETA of {file.label}", log=False)
    values = native(column(table, "Psf", ndim=2))
    if values.shape != (energy.size, rad.size):
        raise FileFormatError(
            f"{where} has the shape {values.shape}, expected {(energy.size, rad.size)} from its "
            "energies and the table THETA"
        )
    return Response(values, (energy, rad), table.columns["Psf"].unit or "sr-1", where)


def has_drm(file: FitsFile) -> bool:
    """Whether a file has a response matrix in the format of OGIP."""
    return any(name in file for name in _MATRICES)


def read_drm(file: FitsFile) -> Response:
    """Read a response matrix: the groups of channels of each row that are not 0 (CAL/GEN/92-002).

    Raises
    ------
    FileFormatError
        If a column is missing, groups go beyond the channels, or an effective area is in it.
    """
    table = next(file[name] for name in _MATRICES if name in file)
    where = f"{table.name} of {file.label}"
    if "EBOUNDS" not in file:
        raise FileFormatError(f"{where} has no EBOUNDS beside it; found the HDUs {file.names}")
    if table.header.get("HDUCLAS3", "REDIST").strip() == "FULL":
        raise FileFormatError(
            f"{where} has the effective area in it (HDUCLAS3 is FULL), expected the energy "
            "dispersion alone (REDIST): the exposure would count twice"
        )
    energy = ebounds_axis(file["EBOUNDS"])
    lower, upper = (column_in(table, name, None, "TeV") for name in ("ENERG_LO", "ENERG_HI"))
    true = bins_axis("energy_true", lower, upper, where)
    values = _full(table, energy.size, file["EBOUNDS"], where)
    return Response(values, (true, energy), None, where)


def _full(table: fits.BinTableHDU, size: int, ebounds: fits.BinTableHDU, where: str) -> Float:
    """Matrix with all channels, (ntrue, nenergy)."""
    first_channel = _first_channel(table, ebounds)
    full = np.zeros((len(table.data), size))
    names = ("N_GRP", "F_CHAN", "N_CHAN", "MATRIX")
    rows = zip(*(_cells(table, name, where) for name in names), strict=True)
    for row, (ngroup, firsts, sizes, packed) in enumerate(rows):
        start = 0
        for first, count in zip(firsts[: ngroup[0]], sizes[: ngroup[0]], strict=True):
            begin, end = int(first) - first_channel, int(first) - first_channel + int(count)
            part = packed[start : start + int(count)]
            if not (0 <= begin <= end <= size and part.size == end - begin):
                raise FileFormatError(
                    f"{where}, row {row}: channels {begin} to {end} of {part.size} values do not "
                    f"fit into the {size} of EBOUNDS"
                )
            full[row, begin:end] = part
            start += int(count)
    return full


def _first_channel(table: fits.BinTableHDU, ebounds: fits.BinTableHDU) -> int:
    """Number of the first channel: that of F_CHAN's TLMIN, else that of EBOUNDS, else 1."""
    number = table.columns.names.index("F_CHAN") + 1 if "F_CHAN" in table.columns.names else 0
    if f"TLMIN{number}" in table.header:
        return int(table.header[f"TLMIN{number}"])
    return int(ebounds.data["CHANNEL"][0]) if "CHANNEL" in ebounds.columns.names else 1


def _cells(table: fits.BinTableHDU, name: str, where: str) -> list[NDArray[np.generic]]:
    """Cells of a column of numbers or of arrays, of any length."""
    if name not in table.columns.names:
        raise FileFormatError(f"{where} has no column {name}; found {table.columns.names}")
    return [np.atleast_1d(np.asarray(cell)) for cell in table.data[name]]
