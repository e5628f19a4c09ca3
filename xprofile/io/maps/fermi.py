"""Responses of the Fermi tools: PSFs of gtpsf, and response matrices of gtdrm and gtrspgen.

Counts, models and exposures of the Fermi tools are images with EBOUNDS or ENERGIES tables, which
`xprofile.io.fits.image_axes` reads.
"""

from __future__ import annotations

import numpy as np
from astropy.io import fits
from numpy.typing import NDArray

from ...exceptions import FileFormatError
from ...maps.axes import Axis, bins_axis, nodes_axis
from ...schema.names import ENERGY_TRUE, ENERGY_UNIT, RAD
from ..fits.arrays import native_order
from ..fits.files import FitsFile
from ..fits.image_axes import axis_from_ebounds
from ..fits.table_columns import column_in_unit, column_values, energy_column
from ..fits.units import named_unit
from .responses import CHANNEL, Hdu, Response

__all__ = ["has_drm", "has_gtpsf", "read_drm", "read_gtpsf"]

Float = NDArray[np.float64]
_DRM = "DRM"  # of gtdrm
_EDISP_MATRIX = "EDISP_MATRIX"  # in datasets of Gammapy before 1.0
_MATRICES = (_DRM, "MATRIX", "SPECRESP MATRIX", _EDISP_MATRIX)
_MOST_CHANNELS = 2**15 - 1  # F_CHAN is a 16-bit number


def has_gtpsf(file: FitsFile, hdu: Hdu | None = None) -> bool:
    """Whether gtpsf wrote the file, and the HDU if one is named."""
    return "PSF" in file and "THETA" in file and hdu in (None, file["PSF"])


def read_gtpsf(file: FitsFile, hdu: Hdu | None = None) -> Response:
    """Read a PSF of gtpsf: one row for each energy, and angles in a table THETA.

    gtpsf writes no units. They are MeV, deg and sr-1.

    Raises
    ------
    FileFormatError
        If a column is missing, or its length differs from the number of angles.
    """
    table, label = file["PSF"] if hdu is None else hdu, f"PSF of {file.label}"
    nodes = energy_column(table, "Energy", file, "MeV")
    energy = nodes_axis(ENERGY_TRUE, nodes, ENERGY_UNIT, label)
    angle = column_in_unit(file["THETA"], "Theta", "deg", "deg", file.notes)
    rad = nodes_axis(RAD, angle, "deg", f"THETA of {file.label}", log=False)
    values = native_order(column_values(table, "Psf", ndim=2))
    if values.shape != (energy.size, rad.size):
        raise FileFormatError(
            f"{label} has the shape {values.shape}, expected {(energy.size, rad.size)} from its "
            "energies and the table THETA"
        )
    unit = named_unit(table.columns["Psf"].unit)
    if not unit:
        file.notes.append(f"{label} in sr-1")
    return Response(values, (energy, rad), unit or "sr-1", label)


def has_drm(file: FitsFile, hdu: Hdu | None = None) -> bool:
    """Whether a file has a response matrix in the format of OGIP, in the HDU if one is named."""
    return any(name in file and hdu in (None, file[name]) for name in _MATRICES)


def read_drm(file: FitsFile, hdu: Hdu | None = None) -> Response:
    """Read a response matrix, which stores groups of nonzero channels in each row.

    Format: OGIP memo CAL/GEN/92-002. gtdrm differs from it: its true energies are in MeV without
    saying so, and its table EBOUNDS is that of a template. Its channels are those of the counts.

    Raises
    ------
    FileFormatError
        If a column is missing, groups exceed the channels, or the matrix contains an effective
        area.
    """
    found = (file[name] for name in _MATRICES if name in file)
    table = next(found) if hdu is None else hdu
    label = f"{table.name} of {file.label}"
    name = f"{_EDISP_MATRIX}_EBOUNDS" if table.name == _EDISP_MATRIX else "EBOUNDS"
    if name not in file:
        raise FileFormatError(f"{label} has no {name} beside it; found the HDUs {file.hdu_names}")
    if table.header.get("HDUCLAS3", "REDIST").strip() == "FULL":
        raise FileFormatError(
            f"{label} has the effective area in it (HDUCLAS3 is FULL), expected the energy "
            "dispersion alone (REDIST): the exposure would count twice"
        )
    unit = "MeV" if table.name == _DRM else None
    lower, upper = (energy_column(table, name, file, unit) for name in ("ENERG_LO", "ENERG_HI"))
    true = bins_axis(ENERGY_TRUE, lower, upper, ENERGY_UNIT, label)
    energy = _channel_axis(table, file[name], file.beside_true_energies())
    values = _full_matrix(table, energy.size, file[name], label)
    return Response(values, (true, energy), None, label)


def _channel_axis(table: fits.BinTableHDU, ebounds: fits.BinTableHDU, file: FitsFile) -> Axis:
    """Return the energies of the channels, or their numbers if EBOUNDS is that of a template."""
    channels = table.header.get("DETCHANS")
    of_template = str(ebounds.header.get("CREATOR", "")).strip().lower() == "gtdrm"
    if table.name != _DRM or not isinstance(channels, int) or channels < 1:
        return axis_from_ebounds(ebounds, file)
    if not of_template and channels == len(ebounds.data):
        return axis_from_ebounds(ebounds, file)
    if channels > _MOST_CHANNELS:
        raise FileFormatError(
            f"{table.name} of {file.label} has {channels} channels (DETCHANS), expected one for "
            "each energy bin of the counts; make it again with gtdrm"
        )
    file.notes.append(f"channels of {table.name} at the energies of the counts")
    numbers = np.arange(1, channels + 1, dtype=np.float64)
    return nodes_axis(CHANNEL, numbers, "", table.name, log=False)


def _full_matrix(
    table: fits.BinTableHDU, size: int, ebounds: fits.BinTableHDU, label: str
) -> Float:
    """Expand the groups of channels to a matrix, (ntrue, nenergy)."""
    first_channel = _first_channel(table, ebounds)
    full = np.zeros((len(table.data), size))
    names = ("N_GRP", "F_CHAN", "N_CHAN", "MATRIX")
    rows = zip(*(_read_cells(table, name, label) for name in names), strict=True)
    for row, (ngroup, firsts, sizes, packed) in enumerate(rows):
        start = 0
        for first, count in zip(firsts[: ngroup[0]], sizes[: ngroup[0]], strict=True):
            begin, end = int(first) - first_channel, int(first) - first_channel + int(count)
            group = packed[start : start + int(count)]
            if not (0 <= begin <= end <= size and group.size == end - begin):
                raise FileFormatError(
                    f"{label}, row {row}: channels {begin} to {end} with {group.size} values do "
                    f"not fit into the {size} channels of EBOUNDS"
                )
            full[row, begin:end] = group
            start += int(count)
    return full


def _first_channel(table: fits.BinTableHDU, ebounds: fits.BinTableHDU) -> int:
    """Return the number of the first channel: TLMIN of F_CHAN, or as in EBOUNDS, or 1."""
    names = _column_names(table)
    number = names.index("F_CHAN") + 1 if "F_CHAN" in names else 0
    if f"TLMIN{number}" in table.header:
        return int(table.header[f"TLMIN{number}"])
    return int(ebounds.data["CHANNEL"][0]) if "CHANNEL" in _column_names(ebounds) else 1


def _column_names(table: fits.BinTableHDU) -> list[str]:
    """Return the names in capitals, which FITS does not distinguish."""
    return [name.upper() for name in table.columns.names]


def _read_cells(table: fits.BinTableHDU, name: str, label: str) -> list[NDArray[np.generic]]:
    """Return the cells of a column as arrays, which may differ in length."""
    if name not in _column_names(table):
        raise FileFormatError(f"{label} has no column {name}; found {table.columns.names}")
    return [np.atleast_1d(np.asarray(cell)) for cell in table.data[name]]
