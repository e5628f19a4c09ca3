"""Checks of numbers: positive integers, ascending values, energies, and rounding below 0."""

from __future__ import annotations

from typing import Any, Final

import astropy.units as u
import numpy as np
from numpy.typing import NDArray

from ..exceptions import InvalidEnergyError

__all__ = [
    "ROUNDED_MAPS",
    "check_ascending",
    "check_positive_integer",
    "energies_from_quantity",
    "lowest_valid",
]

Float = NDArray[np.float64]

# Maps that a convolution can make: a background, or off counts summed over rings.
ROUNDED_MAPS: Final = ("background", "counts_off")

# Share of the largest such value at an energy down to which a negative one counts as 0. Convolution
# with a PSF by FFT in single precision leaves values of 1e-7 of the largest. Ten times larger, real
# negative backgrounds of weak pixels would pass; ten times smaller, maps would be refused for the
# rounding of their making.
_NEGLIGIBLE = 1e-6

# The same in counts, where backgrounds are 0 in all used pixels. Double precision leaves 1e-16 of
# the largest pixel of a map, used or not. Ten times larger cannot be told from 0 by a fit either.
# Ten times smaller, rounding next to pixels of a thousand counts would be refused.
_NEGLIGIBLE_COUNTS = 1e-12


def check_positive_integer(
    name: str, value: Any, error: type[Exception], *, least: int = 1
) -> None:
    """Raise unless a value is an integer of `least` or more.

    Parameters
    ----------
    name : str
        Name of the value for the message.
    value
        An int or a numpy integer; a bool is refused.
    error : type
        Class of the exception to raise.
    least : int
        Smallest value that is allowed.
    """
    is_integer = isinstance(value, int | np.integer) and not isinstance(value, bool)
    if not is_integer or value < least:
        expected = "a positive integer" if least == 1 else f"an integer of {least} or more"
        raise error(f"{name} must be {expected}, found {value!r}")


def check_ascending(
    name: str,
    values: Float,
    error: type[Exception],
    *,
    positive: bool = False,
    found: str | None = None,
    hint: str = "",
) -> None:
    """Raise unless numbers are finite and each is larger than the one before.

    Parameters
    ----------
    name : str
        Name of the numbers for the message.
    values : numpy.ndarray
        The numbers, (n,).
    error : type
        Class of the exception to raise.
    positive : bool
        Whether all must be above 0, too.
    found : str, optional
        Text for the numbers in the message, if not the numbers themselves.
    hint : str
        How to mend it.
    """
    fine = np.isfinite(values).all() and np.all(np.diff(values) > 0)
    if not fine or (positive and np.any(values <= 0)):
        kind = "positive" if positive else "finite"
        remedy = f"; {hint}" if hint else ""
        raise error(f"{name} must be {kind} and ascend, found {found or values}{remedy}")


def energies_from_quantity(name: str, values: Any, unit: str, *, least: int = 2) -> Float:
    """Return ascending energies in a unit, without the unit.

    Parameters
    ----------
    name : str
        Name of the energies for messages.
    values : Quantity
        The energies, (n,).
    unit : str
        Unit of the result.
    least : int
        Smallest number of energies that is allowed.

    Returns
    -------
    numpy.ndarray
        Shape (n,).

    Raises
    ------
    InvalidEnergyError
        If the values have no unit of energy, are too few, are not positive, or do not ascend.
    """
    hint = "give ascending energies with a unit, such as [10, 30, 100] * u.GeV"
    try:
        energies = np.atleast_1d(u.Quantity(values).to_value(unit)).astype(float)
    except (u.UnitConversionError, TypeError):
        raise InvalidEnergyError(
            f"{name} has no unit of energy: found {values!r}; {hint}"
        ) from None
    if energies.ndim != 1 or energies.size < least:
        raise InvalidEnergyError(
            f"{name} must be a list of {least} or more energies, found {values!r}; {hint}"
        )
    check_ascending(
        name, energies, InvalidEnergyError, positive=True, found=repr(values), hint=hint
    )
    return energies


def lowest_valid(name: str, highest: Float) -> Float:
    """Return the lowest values that a map may have where its values must not be negative.

    Parameters
    ----------
    name : str
        Name of the map.
    highest : numpy.ndarray
        Highest used value at each energy, (nenergy,).

    Returns
    -------
    numpy.ndarray
        Shape (nenergy,): 0, or for a background or off counts negative numbers that count as
        rounding.
    """
    if name not in ROUNDED_MAPS:
        return np.zeros_like(highest)
    return np.asarray(-np.maximum(_NEGLIGIBLE * highest, _NEGLIGIBLE_COUNTS))
