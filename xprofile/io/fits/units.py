"""Units that FITS files name."""

from __future__ import annotations

import warnings

import astropy.units as u

from ...exceptions import DataWarning, FileFormatError
from ...schema.units import unit_text
from ...schema.warning_place import user_stacklevel
from ...schema.written_units.parsing import as_unit, conversion_factor, is_number, named_unit

__all__ = ["is_number", "named_unit", "parse_unit", "unit_factor", "unit_to_keep"]

_REMEDY = (
    "correct it in the file; for an image, xprofile.open_map(path, unit=...) reads it in the unit "
    "that you give, and open_maps takes the result"
)


def parse_unit(text: str | None, where: str) -> u.UnitBase:
    """Return the unit that a FITS file names in any spelling; no text stands for plain numbers.

    Parameters
    ----------
    text : str or None
        Unit in the file.
    where : str
        Place in the file, for messages.

    Raises
    ------
    FileFormatError
        If the unit is unknown.
    """
    try:
        return as_unit(str(text or ""))
    except ValueError as error:
        raise FileFormatError(
            f"{where} has the unit {text!r}, which is not one that astropy knows; {_REMEDY}"
        ) from error


def unit_factor(text: str | None, unit: str, where: str) -> float:
    """Return the factor that converts values from the unit in a FITS file to another unit.

    Photons and counts are plain numbers: ``ph cm-2 s-1`` is ``cm-2 s-1``.

    Parameters
    ----------
    text : str or None
        Unit in the file.
    unit : str
        Unit to convert to.
    where : str
        Place in the file, for messages.

    Raises
    ------
    FileFormatError
        If the unit of the file is unknown, or is of another kind.
    """
    found = parse_unit(text, where)
    try:
        return conversion_factor(found, u.Unit(unit))
    except u.UnitConversionError as error:
        raise FileFormatError(
            f"{where} has the unit {text!r}, expected one like {unit!r}; {_REMEDY}"
        ) from error


def unit_to_keep(text: str | None, where: str) -> str:
    """Return the unit of values that are not converted, as text in factors where it is known.

    Parameters
    ----------
    text : str or None
        Unit in the file.
    where : str
        Place in the file, for messages.

    Warns
    -----
    DataWarning
        If the unit is unknown; it is kept as it is written.
    """
    try:
        found = parse_unit(text, where)
    except FileFormatError:
        warnings.warn(
            f"{where} has the unit {text!r}, which is not known and is kept as text; give unit= "
            "to open_map if the values will be converted",
            DataWarning,
            stacklevel=user_stacklevel(),
        )
        return str(text)
    return unit_text(found) if found.scale == 1 else str(found)
