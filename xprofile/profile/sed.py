"""Sed types: a norm as differential, integral or energy flux, and which bins are upper limits."""

from __future__ import annotations

import astropy.units as u
import numpy as np
import xarray as xr
from numpy.typing import NDArray

from ..exceptions import InvalidOptionError, MissingVariableError
from ..schema.checks import check_profile
from ..schema.names import SED_TYPE, THRESHOLD
from ..schema.units import unit_words
from ..schema.variables import PROFILE, SED_SUFFIXES, SED_TYPES, sed_variable

__all__ = [
    "is_brightness",
    "quantity",
    "quantity_name",
    "to_sed_type",
    "upper_limits",
    "with_threshold",
]

Float = NDArray[np.float64]

Bool = NDArray[np.bool_]


def quantity_name(sed_type: str) -> str:
    """Name of the variables of a sed type: ``likelihood`` and ``norm`` are the same.

    Raises
    ------
    InvalidOptionError
        If there is no such sed type.
    """
    if sed_type != "likelihood" and sed_type not in SED_TYPES:
        raise InvalidOptionError(
            f"no sed_type {sed_type!r}; there are {['likelihood', *SED_TYPES]}"
        )
    return "norm" if sed_type == "likelihood" else sed_type


def is_brightness(profile: xr.Dataset) -> bool:
    """Whether a profile's fluxes are per solid angle, as their unit says; a norm never is."""
    name = quantity_name(str(profile.attrs[SED_TYPE]))
    return name != "norm" and u.sr in _unit(profile[name]).bases


def _unit(values: xr.DataArray) -> u.UnitBase:
    return u.Unit(str(values.attrs.get("units", "")))


def to_sed_type(profile: xr.Dataset, sed_type: str, *, per_solid_angle: bool = False) -> xr.Dataset:
    """Convert a profile to another sed type.

    Parameters
    ----------
    profile : xarray.Dataset
        From `estimate`, of any sed type.
    sed_type : {"dnde", "flux", "eflux", "e2dnde", "norm", "likelihood"}
        Differential flux and E^2 dN/dE at the geometric centre of the energy bins, integral and
        energy flux over them, or the norm of the spectral model.
    per_solid_angle : bool
        Divide by the solid angle of each bin, for a surface brightness.

    Returns
    -------
    xarray.Dataset
        The quantity with all its errors and limits, norm x reference value, in the place of the
        one that `profile` had, and in the unit of the reference value.

    Raises
    ------
    InvalidOptionError
        If there is no such sed type, or a norm is asked for per solid angle.
    MissingVariableError
        If a reference value is missing, or the solid angle where one of the two is a brightness.
    """
    check_profile(profile)
    old, new = quantity_name(str(profile.attrs[SED_TYPE])), quantity_name(sed_type)
    if per_solid_angle and new == "norm":
        raise InvalidOptionError("a norm has no surface brightness; choose another sed_type")
    factor, unit = _factor(profile, old, new)
    if is_brightness(profile) != per_solid_angle:
        angle = _solid_angle(profile)
        factor = factor / angle if per_solid_angle else factor * angle
    unit = unit_words(unit / u.sr if per_solid_angle else unit)
    names = {old + end: new + end for end in SED_SUFFIXES if old + end in profile}
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
        converted[name] = xr.Variable(dims, values.data, attrs | ({"units": unit} if unit else {}))
    kind = "likelihood" if new == "norm" else new
    return renamed.assign(converted).assign_attrs({SED_TYPE: kind})


def _factor(profile: xr.Dataset, old: str, new: str) -> tuple[xr.DataArray, u.UnitBase]:
    """Factor from one quantity to another, and the unit that it leads to, without solid angle."""
    found = _unit(profile[old]) * (u.sr if is_brightness(profile) else u.dimensionless_unscaled)
    if old == new:
        return xr.DataArray(1.0), found
    before, after = _reference(profile, old), _reference(profile, new)
    return after / before * found.to(_unit(before)), _unit(after)


def _solid_angle(profile: xr.Dataset) -> xr.DataArray:
    if "solid_angle" not in profile:
        raise MissingVariableError(
            "the profile has no solid_angle, without which fluxes cannot be divided or multiplied "
            "by it; assign it, in sr for each bin, or leave per_solid_angle as the profile is"
        )
    return profile["solid_angle"]


def _reference(profile: xr.Dataset, name: str) -> xr.DataArray:
    """Value of a quantity at norm 1."""
    if name == "norm":
        return xr.DataArray(1.0)
    if f"ref_{name}" not in profile:
        raise MissingVariableError(
            f"the profile has no ref_{name}, so its {name} is not known; open it with "
            "spectral_model=, or estimate it again"
        )
    return profile[f"ref_{name}"]


def quantity(profile: xr.Dataset, name: str) -> u.Quantity:
    """Return one quantity of any sed type, such as ``dnde_ul``, with its unit.

    Raises
    ------
    MissingVariableError
        If the profile has no such quantity.
    """
    kind = name.partition("_")[0]
    source = to_sed_type(profile, kind) if kind in SED_TYPES else profile
    if name not in source:
        raise MissingVariableError(f"the profile has no {name!r}; there are {list(source)}")
    return u.Quantity(source[name].to_numpy(), source[name].attrs.get("units", ""))


def upper_limits(profile: xr.Dataset, threshold: float | None = None) -> xr.DataArray:
    """Whether each bin is to be quoted as an upper limit.

    Parameters
    ----------
    profile : xarray.Dataset
        Of any sed type.
    threshold : float, optional
        Significance below which a limit is quoted; ``profile.attrs["sqrt_ts_threshold_ul"]`` by
        default.

    Returns
    -------
    xarray.DataArray of bool
        ``sqrt_ts < threshold`` where there is a limit. Without ``sqrt_ts`` or without limits it
        is what the profile has as ``is_ul``, or else where there is no value.
    """
    name = quantity_name(str(profile.attrs[SED_TYPE]))
    limit = threshold if threshold is not None else profile.attrs.get(THRESHOLD, 2.0)
    if "sqrt_ts" in profile and f"{name}_ul" in profile:
        flag = (profile["sqrt_ts"] < limit) & profile[f"{name}_ul"].notnull()
    elif "is_ul" in profile:
        flag = profile["is_ul"]
    else:
        flag = profile[name].isnull()
    like, flag = xr.broadcast(profile[name], flag)  # a dim of one may be left out in the other
    flag = like.copy(data=flag.transpose(*like.dims).to_numpy().astype(bool))
    flag.attrs = PROFILE["is_ul"].attrs
    return flag.rename("is_ul")


def with_threshold(profile: xr.Dataset, sqrt_ts_threshold_ul: float) -> xr.Dataset:
    """Return the profile with another significance below which limits are quoted."""
    changed = profile.assign_attrs({THRESHOLD: float(sqrt_ts_threshold_ul)})
    return changed.assign(is_ul=upper_limits(changed))
