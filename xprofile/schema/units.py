"""Units of axes and fluxes: their names, and how to change them."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any

import astropy.units as u
import numpy as np
import xarray as xr

from ..exceptions import InvalidDataError, InvalidOptionError, MissingVariableError
from .names import (
    COVARIANCE,
    ENERGY,
    ENERGY_TRUE,
    ENERGY_UNIT,
    PARAMETER,
    SED_TYPE,
    high,
    low,
    second_dim,
    true_dim,
)
from .options import suggests_options
from .variables import SED_SUFFIXES, SED_TYPES
from .written_units.parsing import as_unit, conversion_factor, without_events

__all__ = [
    "energy_unit_name",
    "factor_to_unit",
    "solid_angle_part",
    "to_units",
    "unit_text",
    "values_in_unit",
]

# Endings of the variables of a parameter of `fit_spectrum` that are in its unit.
_PARAMETER_ENDS = ("", "_err", "_errn", "_errp", "_mean", "_mean_err")

_ENERGIES = (ENERGY, ENERGY_TRUE)  # axes that are in one unit

_ORDER = (u.cm, u.s, u.TeV, u.sr)  # order of the factors with negative powers, by kind


def unit_text(unit: str | u.Unit) -> str:
    """Write a unit as a product of factors, such as ``erg cm-2 s-1 sr-1``.

    Raises
    ------
    InvalidOptionError
        If the unit is unknown, or it contains a number.
    """
    try:
        found = as_unit(unit)
    except (ValueError, TypeError) as error:
        raise InvalidOptionError(
            f"{unit!r} is not a unit: {error}; give one such as 'cm-2 s-1 GeV-1'"
        ) from error
    if found.scale != 1:
        raise InvalidOptionError(
            f"the unit {unit!r} has a number in it, expected a unit alone, such as 'cm-2 s-1 GeV-1'"
        )

    def place(factor: tuple[u.UnitBase, float]) -> tuple[bool, int]:
        kinds = [factor[0].is_equivalent(kind) for kind in _ORDER]
        return factor[1] < 0, [*kinds, True].index(True)

    factors = sorted(zip(found.bases, found.powers, strict=True), key=place)
    return " ".join(f"{base}{power}" if power != 1 else str(base) for base, power in factors)


def solid_angle_part(unit: u.UnitBase) -> u.UnitBase:
    """Return the unit of solid angle that a unit is divided by, such as sr or deg2; 1 if by none.

    Surface brightness has one: ``cm-2 s-1 sr-1`` gives ``sr``, ``cm-2 s-1 arcmin-2`` gives
    ``arcmin2``.
    """
    found = u.dimensionless_unscaled
    for base, power in zip(unit.bases, unit.powers, strict=True):
        if power < 0 and (base.is_equivalent(u.sr) or base.is_equivalent(u.rad)):
            found = found * base**-power
    return found if found.is_equivalent(u.sr) else u.dimensionless_unscaled


def factor_to_unit(variable: xr.Variable | xr.DataArray, name: str, wanted: str) -> float:
    """Return the factor that brings values to a unit; 1 for a variable without a unit.

    Raises
    ------
    InvalidDataError
        If the variable has a unit of another kind, or an unknown one.
    """
    unit = variable.attrs.get("units", wanted)
    if unit == wanted:
        return 1.0
    try:
        return conversion_factor(as_unit(unit), u.Unit(wanted))
    except (ValueError, TypeError):  # also units of other kinds
        raise InvalidDataError(
            f"{name} has units {unit!r}, expected {wanted!r}: correct attrs['units'], or convert it"
        ) from None


def values_in_unit(variable: xr.Variable | xr.DataArray, name: str, wanted: str) -> np.ndarray:
    """Return the values of a variable in a unit, which they have if it has none."""
    factor = factor_to_unit(variable, name, wanted)
    values = variable.to_numpy()
    return values if factor == 1 else values * factor


def energy_unit_name(unit: Any, option: str = "energy_unit") -> str:
    """Return the name of a unit of energy, which an option gives.

    Raises
    ------
    InvalidOptionError
        If it is not a unit of energy.
    """
    try:
        found = as_unit(unit)
        fine = bool(found.is_equivalent(ENERGY_UNIT))
    except (ValueError, TypeError):
        fine = False
    if not fine:
        raise InvalidOptionError(
            f"{option} must be a unit of energy, such as 'TeV', found {unit!r}"
        )
    return str(found)


@suggests_options
def to_units(
    data: xr.Dataset, units: Mapping[str, str | u.Unit] | None = None, **by_name: str | u.Unit
) -> xr.Dataset:
    """Change the units of axes, fluxes and other variables.

    Parameters
    ----------
    data : xarray.Dataset
        Maps, binned data, a profile or a fit.
    units : dict, optional
        New units by name. The name of an axis, such as ``energy`` or ``projected_distance``,
        changes its edges too, and ``energy`` changes ``energy_true`` with it, or the other way
        round. A sed type, such as ``dnde``, changes its errors, limits and reference value too;
        those that are there also while the profile has another sed type. A parameter of
        `fit_spectrum` changes its errors and means, and its row and column of the covariance. Any
        other variable is changed alone.
    **by_name
        The same as keyword arguments.

    Returns
    -------
    xarray.Dataset
        The Dataset with the same quantities in the new units.

    Raises
    ------
    MissingVariableError
        If the Dataset has no variable of a name.
    InvalidOptionError
        If a unit is unknown, or is of another kind than the variable. Photons and counts, such as
        in ``ph cm-2 s-1``, are plain numbers.

    See Also
    --------
    xprofile.to_sed_type : Convert fluxes to another sed type.
    xprofile.select : Select by coordinates with units.

    Examples
    --------
    >>> import xprofile
    >>> maps = xprofile.tutorial.open_maps("galactic-center-sim")
    >>> changed = xprofile.to_units(maps, energy="MeV", exposure="m2 s")
    >>> changed.energy.units, changed.energy_true.units, changed.exposure.units
    ('MeV', 'MeV', 'm2 s')
    """
    changed: dict[Hashable, xr.Variable] = {}
    wanted = {**(units or {}), **by_name}
    energies = {unit_text(wanted[name]) for name in _ENERGIES if name in wanted}
    if len(energies) > 1:
        raise InvalidOptionError(
            f"{' and '.join(_ENERGIES)} have one unit, found {sorted(energies)}; give one of them"
        )
    for name, unit in wanted.items():
        text = unit_text(unit)
        fitted = _is_fitted_parameter(data, name)
        names = [name + end for end in _PARAMETER_ENDS] if fitted else _names_with_unit(name)
        members = [member for member in names if member in data.variables]
        if not members:
            raise MissingVariableError(
                f"the Dataset has no variable {name!r} whose unit could be changed; it has "
                f"{', '.join(map(str, data.variables))}"
            )
        changed |= {member: _converted(data[member], name, text) for member in members}
        if COVARIANCE in data and data.attrs.get(SED_TYPE) == name:
            changed[COVARIANCE] = _converted(data[COVARIANCE], name, text, power=2)
        if fitted and COVARIANCE in data and PARAMETER in data[COVARIANCE].dims:
            matrix = changed.get(COVARIANCE, data.variables[COVARIANCE])
            changed[COVARIANCE] = _with_parameter(data, matrix, name, as_unit(text))
    coords = {name: v for name, v in changed.items() if name in data.coords}
    rest = {name: v for name, v in changed.items() if name not in coords}
    return data.assign_coords(coords).assign(rest)


def _is_fitted_parameter(data: xr.Dataset, name: str) -> bool:
    """Whether a variable is a parameter of a fit of spectra."""
    return PARAMETER in data.coords and f"{name}_err" in data and name in data[PARAMETER].values


def _with_parameter(
    data: xr.Dataset, matrix: xr.Variable, name: str, unit: u.UnitBase
) -> xr.Variable:
    """Convert the row and the column of a parameter in a covariance."""
    factor = conversion_factor(_unit_of(data[name]), unit)
    scale = np.where(data[PARAMETER].to_numpy() == name, factor, 1.0)
    both = xr.Variable(PARAMETER, scale) * xr.Variable(second_dim(PARAMETER), scale)
    found = (matrix * both).transpose(*matrix.dims)
    return xr.Variable(found.dims, found.data, matrix.attrs)


def _names_with_unit(name: str) -> list[str]:
    """Names of the variables whose unit changes with the unit of `name`."""
    if name in SED_TYPES:
        return [*(name + suffix for suffix in SED_SUFFIXES), f"ref_{name}"]
    axes = _ENERGIES if name in _ENERGIES else (name,)
    ends = (str, low, high, true_dim, second_dim)
    return [end(axis) for axis in axes for end in ends]


def _converted(variable: xr.DataArray, name: str, text: str, power: int = 1) -> xr.Variable:
    """Convert a variable to a power of a new unit of `name`; photons and counts are numbers."""
    old, new = _unit_of(variable), as_unit(text)
    if power != 1:
        new = new**power
        text = unit_text(new)
    if without_events(old) is old and without_events(new) is not new:
        new = without_events(new)
        text = unit_text(new)
    if variable.name == f"ref_{name}":  # references are not per solid angle
        new = new * solid_angle_part(new)
        text = unit_text(new)
    try:
        values = variable.variable.data * conversion_factor(old, new)
    except (u.UnitConversionError, TypeError):
        raise InvalidOptionError(
            f"{variable.name} in {str(old) or 'no unit'!r} has no value in {text!r}; to divide by "
            "solid angle use to_sed_type(..., per_solid_angle=True)"
        ) from None
    return xr.Variable(variable.dims, values, {**variable.attrs, "units": text})


def _unit_of(variable: xr.DataArray) -> u.UnitBase:
    text = variable.attrs.get("units", "")
    try:
        return as_unit(text)
    except (ValueError, TypeError):
        raise InvalidOptionError(
            f"{variable.name} has the unit {text!r}, which is not known, so its values cannot be "
            "converted; set the right one in attrs['units'], or give unit= to open_map"
        ) from None
