"""Units that FITS files name."""

from __future__ import annotations

import warnings

import astropy.units as u
import numpy as np
from numpy.typing import NDArray

from ...exceptions import DataWarning, FileFormatError
from ...schema.units import unit_text
from ...schema.warning_place import user_stacklevel
from ...schema.written_units.parsing import as_unit, conversion_factor, is_number, named_unit

__all__ = [
    "is_number",
    "named_unit",
    "number_scale",
    "parse_unit",
    "remedy_for",
    "unit_by_integral",
    "unit_factor",
    "unit_to_keep",
]

# Factor by which the integral of a PSF may differ from 1 in its unit. A PSF that is cut at its
# largest angle keeps more than a third. The units differ by a factor of 3283, so that with one ten
# times larger still no integral fits both, but a PSF normalised to its peak could.
_SHARE = 3

_EXAMPLES = {"exposure": "cm2 s", "psf": "sr-1"}


def remedy_for(name: str) -> str:
    """Say how to mend a wrong unit of a part, for messages."""
    example = {name: _EXAMPLES.get(name, "ct")}
    return (
        f"correct it in the file, or give the unit that its numbers have: unit={example} in "
        "open_maps, for example, or unit= in open_map"
    )


_REMEDY = remedy_for("exposure")


def parse_unit(text: str | None, where: str, remedy: str = _REMEDY) -> u.UnitBase:
    """Return the unit that a FITS file names in any spelling; no text stands for plain numbers.

    Parameters
    ----------
    text : str or None
        Unit in the file.
    where : str
        Place in the file, for messages.
    remedy : str
        How to mend it, for messages.

    Raises
    ------
    FileFormatError
        If the unit is unknown.
    """
    try:
        return as_unit(str(text or ""))
    except ValueError as error:
        raise FileFormatError(
            f"{where} has the unit {text!r}, which is not one that astropy knows; {remedy}"
        ) from error


def unit_factor(text: str | None, unit: str, where: str, remedy: str = _REMEDY) -> float:
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
    remedy : str
        How to mend it, for messages.

    Raises
    ------
    FileFormatError
        If the unit of the file is unknown, or is of another kind.
    """
    found = parse_unit(text, where, remedy)
    try:
        return conversion_factor(found, u.Unit(unit))
    except u.UnitConversionError as error:
        raise FileFormatError(
            f"{where} has the unit {text!r}, expected one like {unit!r}; {remedy}"
        ) from error


def number_scale(text: str | None, where: str) -> float:
    """Return the factor in a unit of numbers, such as 1000 for ``10**3 counts`` or 0.01 for %.

    Parameters
    ----------
    text : str or None
        Unit in the file.
    where : str
        Place in the file, for messages.
    """
    return float(parse_unit(text, where).decompose().scale)


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


def unit_by_integral(values: NDArray[np.generic], edges: NDArray[np.float64]) -> str | None:
    """Return the unit of a PSF that names none, among sr-1 and deg-2.

    Its integral over the solid angle is 1, or less if the PSF extends beyond the largest angle.

    Parameters
    ----------
    values : numpy.ndarray
        The PSF, (..., nrad).
    edges : numpy.ndarray
        Edges of the angles in deg, (nrad + 1,).

    Returns
    -------
    str or None
        The unit; None if the integral is not about 1 in either of them.
    """
    ring = -2 * np.pi * np.diff(np.cos(np.radians(np.maximum(edges, 0))))
    integrals = values.astype(np.float64) @ ring
    integrals = integrals[np.isfinite(integrals) & (integrals > 0)]
    if not integrals.size:
        return None
    middle = float(np.median(integrals))
    converted = {unit: middle * u.Unit(unit).to("sr-1") for unit in ("sr-1", "deg-2")}
    close = (unit for unit, found in converted.items() if 1 / _SHARE < found < _SHARE)
    return next(close, None)
