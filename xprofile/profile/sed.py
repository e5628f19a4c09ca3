"""Sed types: convert a profile between norm, differential, integral and energy flux."""

from __future__ import annotations

from typing import Any

import astropy.units as u
import numpy as np
import xarray as xr

from ..exceptions import InvalidOptionError, MissingVariableError
from ..schema.axes import bin_dim, pair_bins
from ..schema.checks import check_profile
from ..schema.names import (
    COVARIANCE,
    PER_SOLID_ANGLE,
    SED_TYPE,
    SOLID_ANGLE_UNIT,
    second_dim,
)
from ..schema.options import suggests_options
from ..schema.units import factor_to_unit, solid_angle_part, unit_text
from ..schema.variables import SED_SUFFIXES, SED_TYPES, sed_variable
from ..schema.written_units.solid_angle_units import wanted_angle

__all__ = [
    "how_to_get",
    "is_brightness",
    "per_solid_angle_of",
    "quantity",
    "quantity_name",
    "solid_angle_unit",
    "to_sed_type",
]

# entry of `selection_optional` that gives the variables with each ending
_OPTION_OF_ENDING = {
    "ul": "ul", "errn": "errn-errp", "errp": "errn-errp", "sensitivity": "sensitivity",
    "ul_expected": "ul-expected", "scan": "scan",
}  # fmt: skip


def quantity_name(sed_type: str) -> str:
    """Name of the variable that holds a sed type: ``norm`` for ``likelihood``.

    Raises
    ------
    InvalidOptionError
        If the sed type is unknown.
    """
    if sed_type != "likelihood" and sed_type not in SED_TYPES:
        raise InvalidOptionError(
            f"unknown sed_type {sed_type!r}; choose one of {['likelihood', *SED_TYPES]}"
        )
    return "norm" if sed_type == "likelihood" else sed_type


def is_brightness(profile: xr.Dataset) -> bool:
    """Whether the unit of a profile's flux is per solid angle, which no norm has."""
    return bool(_angle_unit(profile) != u.dimensionless_unscaled)


def per_solid_angle_of(profile: xr.Dataset) -> bool | u.UnitBase:
    """Return the option `per_solid_angle` that gives a profile the solid angle that it has."""
    return is_brightness(profile) and _angle_unit(profile)


def solid_angle_unit(profile: xr.Dataset) -> u.UnitBase:
    """Return the unit of solid angle that values, also relative ones, are divided by; 1 of none."""
    name = quantity_name(str(profile.attrs[SED_TYPE]))
    if name == "norm" and PER_SOLID_ANGLE in profile[name].attrs:
        return u.Unit(str(profile[name].attrs[PER_SOLID_ANGLE]))
    return _angle_unit(profile)


def _angle_unit(profile: xr.Dataset) -> u.UnitBase:
    """Unit of solid angle that the flux of a profile is divided by; 1 if by none."""
    name = quantity_name(str(profile.attrs[SED_TYPE]))
    return u.dimensionless_unscaled if name == "norm" else solid_angle_part(_unit(profile[name]))


def _unit(values: xr.DataArray) -> u.UnitBase:
    return u.Unit(str(values.attrs.get("units", "")))


@suggests_options
def to_sed_type(
    profile: xr.Dataset, sed_type: str, *, per_solid_angle: bool | str | u.UnitBase = False
) -> xr.Dataset:
    """Convert a profile to another sed type.

    Parameters
    ----------
    profile : xarray.Dataset
        From `estimate`, of any sed type.
    sed_type : {"dnde", "flux", "eflux", "e2dnde", "norm", "likelihood"}
        Differential flux and E^2 dN/dE at the geometric centre of the energy bins, integral and
        energy flux over them, or the norm of the spectral model (``likelihood`` means the same).
    per_solid_angle : bool, str or Unit
        Divide by the solid angle of each bin, for a surface brightness: in a unit such as "deg2",
        or with True in that of `profile`, which is sr unless it was changed.

    Returns
    -------
    xarray.Dataset
        `profile` with other variables in the place of its quantity. For ``dnde`` they are:

        - ``dnde`` (projected_distance, energy): norm x ``ref_dnde``, in the unit of ``ref_dnde``,
          which `estimate` gives in cm-2 s-1 TeV-1.
        - ``dnde_err``, ``dnde_errn``, ``dnde_errp``, ``dnde_ul``, ``dnde_sensitivity``: errors,
          limit and sensitivity, with the same dims and unit; those that `profile` has.

        The other sed types have the same variables with their name in the place of ``dnde``:
        ``flux`` in cm-2 s-1, ``eflux`` and ``e2dnde`` in erg cm-2 s-1, ``norm`` without unit. A
        surface brightness has the unit per solid angle that `per_solid_angle` says. The
        ``covariance`` of `unfold` follows, in the square of the unit. If only some of its bins were
        selected by ``isel``, a change between a flux and a brightness selects these along its
        second dim, too.

    Raises
    ------
    InvalidOptionError
        If the sed type is unknown, or is a norm per solid angle, or the unit is not one of solid
        angle.
    MissingVariableError
        If a reference value is missing, or the solid angle where one of the two is a brightness.

    See Also
    --------
    xprofile.quantity : Values of one quantity with their unit.
    xprofile.to_units : Change the unit of a variable.
    xprofile.with_reference_model : Change the spectral model of the reference values.

    Examples
    --------
    >>> import astropy.units as u
    >>> from astropy.coordinates import SkyCoord
    >>> import xprofile
    >>> maps = xprofile.tutorial.open_maps("galactic-center-sim")
    >>> center = SkyCoord(0, 0, unit="deg", frame="galactic")
    >>> rings = xprofile.SkyBins.annuli(center, radius_max=2 * u.deg, nbin=4)
    >>> profile = maps.profile.estimate(rings, selection_optional=["ul"])
    >>> bright = xprofile.to_sed_type(profile, "flux", per_solid_angle=True)
    >>> bright.flux_ul.attrs["units"]
    'cm-2 s-1 sr-1'
    """
    check_profile(profile)
    old, new = quantity_name(str(profile.attrs[SED_TYPE])), quantity_name(sed_type)
    before, after = _angle_unit(profile), _wanted_angle(profile, per_solid_angle)
    if new == "norm" and after != u.dimensionless_unscaled:
        raise InvalidOptionError("a norm has no surface brightness; choose another sed_type")
    factor, plain_unit = _factor_and_unit(profile, old, new)
    bright = before != u.dimensionless_unscaled
    if bright == (after != u.dimensionless_unscaled):
        factor = factor / before.to(after)
    else:
        # the solid angles of the bins along the second dim of a covariance must be known, too
        profile = pair_bins(profile) if COVARIANCE in profile else profile
        angle = _solid_angle(profile)
        factor = factor * angle * u.sr.to(before) if bright else factor / (angle * u.sr.to(after))
    full_unit = plain_unit / after
    unit = unit_text(full_unit)
    names = {old + suffix: new + suffix for suffix in SED_SUFFIXES if old + suffix in profile}
    others = set(names.values()) - set(names)
    renamed = profile.drop_vars(others, errors="ignore").rename(names)
    same = old == new and np.all(factor == 1)
    converted = {}
    for name in names.values():
        values = renamed[name]
        dims = values.dims
        if not same:
            values = (values * factor).transpose(*dims)
        attrs = sed_variable(new, name.removeprefix(new)).attrs
        if old == new and PER_SOLID_ANGLE in values.attrs:
            attrs = {**attrs, PER_SOLID_ANGLE: values.attrs[PER_SOLID_ANGLE]}
        converted[name] = xr.Variable(dims, values.data, attrs | ({"units": unit} if unit else {}))
    if COVARIANCE in renamed and not same:
        converted[COVARIANCE] = _covariance(renamed, factor, unit_text(full_unit**2))
    kind = "likelihood" if new == "norm" else new
    return renamed.assign(converted).assign_attrs({SED_TYPE: kind})


def _wanted_angle(profile: xr.Dataset, per_solid_angle: Any) -> u.UnitBase:
    """Unit of solid angle to divide a flux by; 1 for none.

    Raises
    ------
    InvalidOptionError
        If it is not a unit of solid angle.
    """
    known = _angle_unit(profile) if is_brightness(profile) else u.Unit(SOLID_ANGLE_UNIT)
    return wanted_angle(per_solid_angle, known) or u.dimensionless_unscaled


def _covariance(profile: xr.Dataset, factor: xr.DataArray, unit: str) -> xr.Variable:
    """Multiply the covariance by the factors of both bins."""
    dim = bin_dim(profile)
    values, one = profile[COVARIANCE].variable, factor.variable
    other = xr.Variable([second_dim(dim) if d == dim else d for d in one.dims], one.data)
    attrs = {name: value for name, value in values.attrs.items() if name != "units"}
    scaled = (values * one * other).transpose(*values.dims)
    return xr.Variable(values.dims, scaled.data, attrs | ({"units": unit} if unit else {}))


def _factor_and_unit(profile: xr.Dataset, old: str, new: str) -> tuple[xr.DataArray, u.UnitBase]:
    """Factor from one quantity to another, and the unit of the result, both without solid angle."""
    found = _unit(profile[old]) * _angle_unit(profile)
    if old == new:
        return xr.DataArray(1.0), found
    before, after = _reference(profile, old), _reference(profile, new)
    return after / before * found.to(_unit(before)), _unit(after)


def _solid_angle(profile: xr.Dataset) -> xr.DataArray:
    if "solid_angle" not in profile:
        raise MissingVariableError(
            "the profile has no solid_angle, which a surface brightness needs; assign it in sr for "
            "each bin, or leave per_solid_angle as the profile has it"
        )
    angle = profile["solid_angle"]
    return angle * factor_to_unit(angle, "solid_angle", SOLID_ANGLE_UNIT)


def _reference(profile: xr.Dataset, name: str) -> xr.DataArray:
    """Value of a quantity at norm 1."""
    if name == "norm":
        return xr.DataArray(1.0)
    if f"ref_{name}" not in profile:
        raise MissingVariableError(
            f"the profile has no ref_{name}, which a conversion from or to {name} needs; open the "
            "profile with spectral_model=, or estimate it again"
        )
    return profile[f"ref_{name}"]


def how_to_get(name: str) -> str:
    """Return how to compute a quantity that is optional, as part of a message; or nothing."""
    option = _OPTION_OF_ENDING.get(name.partition("_")[2])
    return f'estimate it with selection_optional=["{option}"], or ' if option else ""


@suggests_options
def quantity(profile: xr.Dataset, name: str) -> u.Quantity:
    """Values of one quantity with their unit.

    Parameters
    ----------
    profile : xarray.Dataset
        From `estimate`, of any sed type.
    name : str
        A quantity of any sed type, such as ``dnde`` or ``flux_ul``, or another variable. The sed
        type of the profile is given as it is stored, so a surface brightness stays one; others are
        converted as by ``to_sed_type(profile, name)``, without solid angle.

    Returns
    -------
    astropy.units.Quantity
        (projected_distance, energy), in the unit of the variable.

    Raises
    ------
    MissingVariableError
        If the profile has no such variable.

    See Also
    --------
    xprofile.to_sed_type : Convert the whole profile.

    Examples
    --------
    >>> import astropy.units as u
    >>> from astropy.coordinates import SkyCoord
    >>> import xprofile
    >>> maps = xprofile.tutorial.open_maps("galactic-center-sim")
    >>> center = SkyCoord(0, 0, unit="deg", frame="galactic")
    >>> rings = xprofile.SkyBins.annuli(center, radius_max=2 * u.deg, nbin=4)
    >>> profile = maps.profile.estimate(rings)
    >>> xprofile.quantity(profile, "eflux_err").to("MeV cm-2 s-1").shape
    (4, 1)
    """
    kind = name.partition("_")[0]
    source = profile
    if kind in SED_TYPES:
        check_profile(profile)
        own = quantity_name(str(profile.attrs[SED_TYPE]))
        source = profile if kind == own else to_sed_type(profile, kind)
    if name not in source:
        raise MissingVariableError(
            f"the profile has no variable {name!r}; {how_to_get(name)}choose one of {list(source)}"
        )
    return u.Quantity(source[name].to_numpy(), source[name].attrs.get("units", ""))
