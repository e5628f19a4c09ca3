"""Units that FITS files name."""

from __future__ import annotations

import warnings

import astropy.units as u

from ...exceptions import FileFormatError

__all__ = ["parse_unit", "unit_factor"]


def parse_unit(text: str | None, where: str) -> u.UnitBase:
    """Return the unit that a FITS file names; no text stands for plain numbers.

    Parameters
    ----------
    text : str or None
        Unit in the file.
    where : str
        Place in the file, for messages.

    Raises
    ------
    FileFormatError
        If astropy does not know the unit.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", u.UnitsWarning)  # several slashes, old names
            return u.Unit(text or "")
    except ValueError as error:
        raise FileFormatError(
            f"{where} has the unit {text!r}, which is not one that astropy knows; "
            "correct the unit in the file"
        ) from error


def unit_factor(text: str | None, unit: str, where: str) -> float:
    """Return the factor that converts values from the unit in a FITS file to another unit.

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
        If astropy does not know the unit of the file, or cannot convert it.
    """
    found = parse_unit(text, where)
    try:
        return float(found.to(unit))
    except u.UnitConversionError as error:
        raise FileFormatError(
            f"{where} has the unit {text!r}, expected one like {unit!r}; correct it in the file"
        ) from error
