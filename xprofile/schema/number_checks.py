"""Checks of numbers: positive integers, ascending values, energies, and rounding below 0."""

from __future__ import annotations

from collections.abc import Callable
from numbers import Real
from typing import Any, Final

import astropy.units as u
import numpy as np
import xarray as xr
from numpy.typing import NDArray

from ..exceptions import InvalidDataError, InvalidEnergyError, InvalidOptionError, TooLargeError

__all__ = [
    "ROUNDED_MAPS",
    "check_ascending",
    "check_bool",
    "check_number",
    "check_number_of_values",
    "check_positive_integer",
    "check_real_numbers",
    "energies_from_quantity",
    "is_used",
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


def check_bool(name: str, value: Any) -> None:
    """Raise unless a value is True or False.

    Raises
    ------
    InvalidOptionError
        If it is not.
    """
    if not isinstance(value, bool | np.bool_):
        raise InvalidOptionError(f"{name} must be True or False, found {value!r}")


def check_number(name: str, value: Any, kind: str) -> None:
    """Raise unless a value is a finite number of a kind.

    Parameters
    ----------
    name : str
        Name of the setting for the message.
    value
        The value. Bools are not numbers here.
    kind : str
        Key of the table `_KINDS`.

    Raises
    ------
    InvalidOptionError
        If the value is not such a number.
    """
    is_number = isinstance(value, Real) and not isinstance(value, bool | np.bool_)
    if not (is_number and _KINDS[kind](_as_float(value))):
        raise InvalidOptionError(f"{name} must be {kind}, found {value!r}")


def _as_float(value: Any) -> float:
    try:
        return float(value)
    except OverflowError:  # an integer beyond all floating-point numbers
        return np.nan


_KINDS: dict[str, Callable[[float], bool]] = {
    "a finite number": lambda value: bool(np.isfinite(value)),
    "a number, or infinity for all or no bins": lambda value: not np.isnan(value),
    "a positive number from 1e-6 to 1e5": lambda value: 1e-6 <= value <= 1e5,
    "a positive number from 1e-100 to 1e100": lambda value: 1e-100 <= value <= 1e100,
    "a positive number": lambda value: 0 < value < np.inf,
    "a number of 0 or more": lambda value: 0 <= value < np.inf,
    "a share from 0 to 1": lambda value: 0 <= value <= 1,
}


# Values that one option may ask for: 400 MB in double precision. Ten times more would fill the
# memory of a laptop, and ten times fewer would refuse 1e6 toys of a profile of ten bins.
_MOST_VALUES = 50_000_000


def check_number_of_values(name: str, number: int, remedy: str) -> None:
    """Raise if an option asks for more values than one call should make.

    Parameters
    ----------
    name : str
        Name and value of the option for the message.
    number : int
        Number of values.
    remedy : str
        What to do.

    Raises
    ------
    TooLargeError
        If there are more than fit into 400 MB.
    """
    if number > _MOST_VALUES:
        raise TooLargeError(
            f"{name} asks for {number:.3g} values, more than {_MOST_VALUES:.0e} in one call; "
            f"{remedy}"
        )


def check_ascending(
    name: str,
    values: Float,
    error: type[Exception],
    *,
    positive: bool = False,
    found: object = None,
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
    found : object, optional
        Text or value for the message, if not the numbers themselves.
    hint : str
        How to mend it.
    """
    fine = np.isfinite(values).all() and np.all(np.diff(values) > 0)
    if not fine or (positive and np.any(values <= 0)):
        kind = "positive" if positive else "finite"
        remedy = f"; {hint}" if hint else ""
        shown = values if found is None else found if isinstance(found, str) else repr(found)
        raise error(f"{name} must be {kind} and ascend, found {shown}{remedy}")


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
    check_ascending(name, energies, InvalidEnergyError, positive=True, found=values, hint=hint)
    return energies


def is_used(mask: Any) -> Any:
    """Whether the values of a mask mean that a pixel is used: all but False, 0 and NaN.

    Parameters
    ----------
    mask : numpy.ndarray, dask array, Variable or DataArray
        Booleans or numbers.

    Returns
    -------
    The same kind of array, of bool; the mask itself if it is one.

    Raises
    ------
    InvalidDataError
        If the values are texts or other objects.
    """
    if mask.dtype.kind not in "biuf":
        raise InvalidDataError(
            f"mask has the type {mask.dtype}, expected True where pixels are used; compare it with "
            "a value, such as mask == 'True'"
        )
    return mask if mask.dtype.kind == "b" else (mask != 0) & (mask == mask)


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


def check_real_numbers(image: xr.DataArray) -> None:
    """Raise unless a map has real numbers or booleans.

    Raises
    ------
    InvalidDataError
        If it has not.
    """
    if image.dtype.kind not in "biuf":
        raise InvalidDataError(
            f"the map {str(image.name or '')!r} has the type {image.dtype}, expected real numbers; "
            "convert it, such as with .astype(float)"
        )
