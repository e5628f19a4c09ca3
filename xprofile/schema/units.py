"""Units of axes and fluxes, changed by name."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any

import astropy.units as u
import xarray as xr

from ..exceptions import InvalidOptionError, MissingVariableError
from .names import ENERGY, ENERGY_TRUE, ENERGY_UNIT, high, low
from .variables import SED_SUFFIXES, SED_TYPES

__all__ = ["energy_unit_name", "to_units", "unit_words"]

_ORDER = (u.cm, u.s, u.TeV, u.sr)  # of kinds of factors below the line


def unit_words(unit: str | u.Unit) -> str:
    """Write a unit in factors, such as ``erg cm-2 s-1 sr-1``.

    Raises
    ------
    InvalidOptionError
        If it is no unit, or has a number in it.
    """
    try:
        found = u.Unit(unit)
    except (ValueError, TypeError) as error:
        raise InvalidOptionError(
            f"{unit!r} is no unit: {error}; give one such as 'cm-2 s-1 GeV-1'"
        ) from error
    if found.scale != 1:
        raise InvalidOptionError(f"the unit {unit!r} has a number in it; give a unit alone")

    def place(factor: tuple[u.UnitBase, float]) -> tuple[bool, int]:
        kinds = [factor[0].is_equivalent(kind) for kind in _ORDER]
        return factor[1] < 0, [*kinds, True].index(True)

    factors = sorted(zip(found.bases, found.powers, strict=True), key=place)
    return " ".join(f"{base}{power}" if power != 1 else str(base) for base, power in factors)


def energy_unit_name(unit: Any) -> str:
    """Return the name of a unit of energy.

    Raises
    ------
    InvalidOptionError
        If it is none.
    """
    try:
        found = u.Unit(unit)
        fine = bool(found.is_equivalent(ENERGY_UNIT))
    except (ValueError, TypeError):
        fine = False
    if not fine:
        raise InvalidOptionError(f"energy_unit must be one of energy, found {unit!r}")
    return str(found)


def to_units(
    data: xr.Dataset, units: Mapping[str, str | u.Unit] | None = None, **by_name: str | u.Unit
) -> xr.Dataset:
    """Change units by name.

    Parameters
    ----------
    data : xarray.Dataset
        Maps, binned data or a profile.
    units : dict, optional
        New units: of an axis such as ``energy`` (``energy_true`` goes with it) or
        ``projected_distance``, whose edges are changed too; of a sed type such as ``dnde``, whose
        errors, limits and reference value are changed too, also while the profile has another
        sed type; or of any other variable.
    **by_name
        The same as keyword arguments.

    Returns
    -------
    xarray.Dataset
        With the same quantities in other units.

    Raises
    ------
    MissingVariableError
        If there is no such variable.
    InvalidOptionError
        If a unit is none, or does not suit the variable.

    Examples
    --------
    >>> from xprofile import to_units
    >>> to_units(profile, energy="GeV", dnde="cm-2 s-1 GeV-1")  # doctest: +SKIP
    """
    changed: dict[Hashable, xr.Variable] = {}
    for name, unit in {**(units or {}), **by_name}.items():
        words = unit_words(unit)
        members = [member for member in _family(name) if member in data.variables]
        if not members:
            raise MissingVariableError(
                f"there is no {name!r} whose unit could be changed; there are "
                f"{', '.join(map(str, data.variables))}"
            )
        changed |= {member: _converted(data[member], name, words) for member in members}
    coords = {name: v for name, v in changed.items() if name in data.coords}
    rest = {name: v for name, v in changed.items() if name not in coords}
    return data.assign_coords(coords).assign(rest)


def _family(name: str) -> list[str]:
    """Names of the variables that have one unit, or differ by a solid angle."""
    if name in SED_TYPES:
        return [*(name + suffix for suffix in SED_SUFFIXES), f"ref_{name}"]
    axes = (ENERGY, ENERGY_TRUE) if name == ENERGY else (name,)
    return [member for axis in axes for member in (axis, low(axis), high(axis))]


def _converted(variable: xr.DataArray, name: str, words: str) -> xr.Variable:
    old, new = u.Unit(variable.attrs.get("units", "")), u.Unit(words)
    if variable.name == f"ref_{name}" and u.sr in new.bases:  # it is not per solid angle
        new = new * u.sr
        words = unit_words(new)
    try:
        values = variable.variable.data * old.to(new)
    except (u.UnitConversionError, TypeError):
        raise InvalidOptionError(
            f"{variable.name} in {str(old) or 'no unit'!r} has no value in {words!r}; to divide by "
            "solid angle use to_sed_type(..., per_solid_angle=True)"
        ) from None
    return xr.Variable(variable.dims, values, {**variable.attrs, "units": words})
