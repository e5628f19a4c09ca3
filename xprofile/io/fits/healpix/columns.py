"""Columns of HEALPix tables: which of them hold values, and which the numbers of cells."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
from astropy.io import fits
from numpy.typing import NDArray

from ....exceptions import FileFormatError, InvalidOptionError
from ..units import named_unit

__all__ = [
    "ENERGY_FAMILIES",
    "common_unit",
    "find_family",
    "is_healpix_table",
    "named_column",
    "number_column",
    "value_columns",
    "whole_numbers",
]

_NUMBERS = ("PIX", "PIXEL", "IPIX", "HPX_PIX", "HPXPIX", "CELL_IDS")  # names that tools use
_KEYS = ("CHANNEL", "KEY")  # of sparse maps
_NUMERIC = "BIJKED"  # formats of FITS tables
_NUMBERED = re.compile(r"(.*?)_?(\d+)$")

# Names before the number of an energy: of Gammapy and Fermi counts, of Fermi exposures and
# templates, and of GALPROP
ENERGY_FAMILIES = ("CHANNEL", "ENERGY", "BIN")
_ANGLES = "COSBINS"  # of Fermi livetime cubes


def is_healpix_table(hdu: fits.hdu.base.ExtensionHDU) -> bool:
    """Whether an HDU is a HEALPix map."""
    if not isinstance(hdu, fits.BinTableHDU) or isinstance(hdu, fits.CompImageHDU):
        return False
    header = hdu.header
    if str(header.get("PIXTYPE", "")).strip().upper() == "HEALPIX":
        return True
    return "ORDERING" in header and ("NSIDE" in header or "ORDER" in header)


def number_column(table: fits.BinTableHDU) -> str | None:
    """Return the column with the numbers of the cells; None if there is none."""
    names = {name.strip().upper(): name for name in table.columns.names}
    return next((names[name] for name in _NUMBERS if name in names), None)


def value_columns(table: fits.BinTableHDU, label: str) -> list[str]:
    """Return the columns with values, in the order of the planes.

    Raises
    ------
    FileFormatError
        If there are none, or they are angles of a livetime cube.
    """
    others = {number_column(table), *(n for n in table.columns.names if n.upper() in _KEYS)}
    names = [
        column.name
        for column in table.columns
        if column.name not in others and _is_numeric(str(column.format))
    ]
    if not names:
        raise FileFormatError(
            f"{label} has no column of values; found {table.columns.names or 'no columns'}"
        )
    if any(name.upper().startswith(_ANGLES) for name in names):
        raise FileFormatError(
            f"{label} is a livetime cube, with columns of angles ({names[0]} ...), expected a map; "
            "make an exposure of it with gtexpcube2"
        )
    family = find_family(names)
    if family is None:
        return names
    numbered = [(int(match[2]), name) for name in names if (match := _NUMBERED.match(name))]
    wanted = [pair for pair in numbered if _family_of(pair[1]) == family]
    return [name for _, name in sorted(wanted)]


def find_family(names: Sequence[str]) -> str | None:
    """Return the part of the names before the number, if columns are the planes of one cube."""
    families = [_family_of(name) for name in names]
    for known in ENERGY_FAMILIES:
        if known in families:
            return known
    one = len(set(families)) == 1 and families[0] is not None
    return families[0] if one else None


def _family_of(name: str) -> str | None:
    match = _NUMBERED.match(name)
    return match[1].upper() if match else None


def _is_numeric(form: str) -> bool:
    match = re.match(r"\d*([A-Z])", form.strip())
    return match is not None and match[1] in _NUMERIC + "L"


def named_column(table: fits.BinTableHDU, column: object, label: str) -> str:
    """Return the column that the caller names; capitals do not matter.

    Raises
    ------
    InvalidOptionError
        If the table has no such column of numbers.
    """
    known = [c.name for c in table.columns if _is_numeric(str(c.format))]
    found = {name.upper(): name for name in known if name != number_column(table)}
    if not isinstance(column, str) or column.strip().upper() not in found:
        raise InvalidOptionError(
            f"column is {column!r}, but {label} has the columns {', '.join(found.values())}"
        )
    return str(found[column.strip().upper()])


def common_unit(table: fits.BinTableHDU, names: Sequence[str], label: str) -> str | None:
    """Return the unit of a map, from BUNIT or from its columns.

    Raises
    ------
    FileFormatError
        If columns have different units.
    """
    whole = named_unit(table.header.get("BUNIT"))
    units = [named_unit(table.columns[name].unit) for name in names]
    if whole is None and len(set(units)) > 1:
        raise FileFormatError(
            f"{label} has columns with the units {sorted({str(unit) for unit in units})}, expected "
            "one unit for all planes; correct TUNIT, or read one column with column="
        )
    return whole or units[0]


def whole_numbers(values: NDArray[np.generic], what: str) -> NDArray[np.int64]:
    """Return whole numbers of any type as 64-bit integers.

    Raises
    ------
    FileFormatError
        If they are not whole.
    """
    flat = np.asarray(values).reshape(-1)
    if flat.dtype.kind not in "iu" and not (flat.dtype.kind == "f" and np.all(flat % 1 == 0)):
        raise FileFormatError(f"{what} has the type {flat.dtype}, expected whole numbers")
    return flat.astype(np.int64)
