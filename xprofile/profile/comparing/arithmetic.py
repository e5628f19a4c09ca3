"""Ratio and difference of profiles, bin by bin, with errors."""

from __future__ import annotations

from typing import Any, TypeAlias

import astropy.units as u
import numpy as np
import xarray as xr
from numpy.typing import NDArray

from ...exceptions import InvalidDataError
from ...schema.arguments.one_by_one import over_further_dims
from ...schema.axes import bin_dim
from ...schema.checks import check_profile
from ...schema.history import extend_history
from ...schema.names import ENERGY, PER_SOLID_ANGLE, SED_TYPE
from ...schema.options import suggests_options
from ...schema.units import factor_to_unit, unit_text
from ...schema.variables import SED_SUFFIXES
from ..sed import per_solid_angle_of, quantity_name, to_sed_type
from .pairing import paired_bins, read_values
from .same_model import norms_of_model

__all__ = ["divide", "subtract", "without_references", "words_of"]

# errors of a difference upwards are those of the other profile downwards
_OPPOSITE = {"_err": "_err", "_errn": "_errp", "_errp": "_errn"}


@suggests_options
@over_further_dims()
def divide(profile: xr.Dataset, other: xr.Dataset | xr.DataArray) -> xr.Dataset:
    """Divide a profile by another one, bin by bin, with errors.

    Parameters
    ----------
    profile : xarray.Dataset
        From `estimate`, of any sed type.
    other : xarray.Dataset or xarray.DataArray
        Another profile in the same bins, which is converted to the sed type of `profile`, or an
        array along the bins without errors, such as ``gas.profile.bin(bins, how="mean")``. It has
        the energies of `profile`, or one for all.

    Returns
    -------
    xarray.Dataset
        Profile with the bins, energies, solid angle and attributes of `profile`.

        - ``norm`` (projected_distance, energy): the ratio, NaN where `other` is 0. Without a unit,
          or in the unit of `profile` over that of an array, if these are of different kinds.
        - ``norm_err``, ``norm_errn``, ``norm_errp``: those that `profile` has, if `other` has
          errors, by linear propagation of independent errors, for the significance of those of
          `profile`. A missing symmetric error is the mean of both sides, and the symmetric one
          stands for missing sides.

    Raises
    ------
    InvalidDataError
        If bins or energies differ, or both are norms of spectral models of different shapes.

    Warns
    -----
    DataWarning
        If bins are other regions of the sky, or only some of them are in both.

    See Also
    --------
    xprofile.subtract : Difference of two profiles.
    xprofile.normalize : Divide by the peak or the sum.
    xprofile.correlation : Correlation over all bins.

    Notes
    -----
    For a ratio r = a / b, its upper error is sqrt((a_up / b)^2 + (r b_down / b)^2), where a and b
    are positive; of negative ones, the errors are those of the other side. It holds where the
    errors of b are small beside b. Norms are compared as those of one spectral model, that of
    `profile`.

    Examples
    --------
    >>> import astropy.units as u
    >>> from astropy.coordinates import SkyCoord
    >>> import xprofile
    >>> maps = xprofile.tutorial.open_maps("galactic-center-sim")
    >>> center = SkyCoord(0, 0, unit="deg", frame="galactic")
    >>> rings = xprofile.SkyBins.annuli(center, radius_max=2 * u.deg, nbin=4)
    >>> low, high = (
    ...     maps.profile.estimate(rings, energy_edges=edges * u.GeV).isel(energy=0)
    ...     for edges in ([10, 100], [100, 2000])
    ... )
    >>> xprofile.divide(high, low).norm_err.dims
    ('projected_distance',)
    """
    a, b, here = _pair(profile, other)
    factor, unit = _ratio_of_units(a[""], b[""])
    divisor = b[""].where(b[""] != 0)
    ratio = a[""] / divisor
    found = {"": factor * ratio}
    for end, opposite in _OPPOSITE.items():
        if {end, opposite} <= a.keys() & b.keys():
            above = a[end].where(divisor > 0, a[opposite])
            below = b[opposite].where(ratio * divisor > 0, b[end])
            found[end] = factor * _hypot(above / divisor, ratio * below / divisor)
    words = f"ratio of {words_of(a[''], 'values')}"
    result = _result(profile, found, here, ("norm", unit, words))
    return extend_history(without_references(result), profile, "divide")


@suggests_options
@over_further_dims()
def subtract(profile: xr.Dataset, other: xr.Dataset | xr.DataArray) -> xr.Dataset:
    """Subtract another profile from a profile, bin by bin, with errors.

    Parameters
    ----------
    profile : xarray.Dataset
        From `estimate`, of any sed type.
    other : xarray.Dataset or xarray.DataArray
        Another profile in the same bins, which is converted to the sed type and unit of `profile`,
        or an array along the bins without errors, in a unit of the same kind. It has the energies
        of `profile`, or one for all.

    Returns
    -------
    xarray.Dataset
        Profile with the bins, energies, solid angle, references and attributes of `profile`.

        - The quantity of its sed type, such as ``flux`` (projected_distance, energy): the
          difference, in the unit of `profile`.
        - ``flux_err``, ``flux_errn``, ``flux_errp``: errors, as far as both have them, by
          propagation of independent errors, for the significance of those of `profile`.

    Raises
    ------
    InvalidDataError
        If bins, energies or kinds of units differ, or as by `divide`.

    Warns
    -----
    DataWarning
        As by `divide`.

    See Also
    --------
    xprofile.divide : Ratio of two profiles.
    xprofile.merge_profiles : One profile of several.

    Examples
    --------
    >>> import astropy.units as u
    >>> from astropy.coordinates import SkyCoord
    >>> import xprofile
    >>> center = SkyCoord(0, 0, unit="deg", frame="galactic")
    >>> maps = xprofile.tutorial.open_maps("galactic-center-sim")
    >>> rings = xprofile.SkyBins.annuli(center, radius_max=2 * u.deg, nbin=4)
    >>> first = maps.profile.estimate(rings).profile.to_sed_type("flux")
    >>> other = maps.profile.estimate(rings, spectral_model=xprofile.power_law(1.8))
    >>> change = xprofile.subtract(first, other)
    >>> change.flux.dims, change.flux.units
    (('projected_distance', 'energy'), 'cm-2 s-1')
    """
    a, b, here = _pair(profile, other)
    unit = str(a[""].attrs.get("units", ""))
    factor = factor_to_unit(b[""], "other", unit)
    found = {"": a[""] - factor * b[""]}
    for end, opposite in _OPPOSITE.items():
        if end in a and opposite in b:
            found[end] = _hypot(a[end], factor * b[opposite])
    name = quantity_name(str(profile.attrs[SED_TYPE]))
    result = _result(profile, found, here, (name, unit, f"difference of {words_of(a[''], name)}"))
    if PER_SOLID_ANGLE in a[""].attrs:  # of relative brightnesses
        result[name].attrs[PER_SOLID_ANGLE] = a[""].attrs[PER_SOLID_ANGLE]
    return extend_history(result, profile, "subtract")


Ends: TypeAlias = dict[str, xr.DataArray]  # values and errors, by the ending of their names


def _pair(
    profile: xr.Dataset, other: xr.Dataset | xr.DataArray
) -> tuple[Ends, Ends, NDArray[np.intp]]:
    """Values and errors of both in shared bins, of one significance, and the bins of `profile`."""
    check_profile(profile)
    name = quantity_name(str(profile.attrs[SED_TYPE]))
    if isinstance(other, xr.Dataset):
        check_profile(other)
        other = to_sed_type(other, name, per_solid_angle=per_solid_angle_of(profile))
    first = read_values(profile, None, "profile", compared=False)
    second = read_values(other, None, "other", compared=False)
    here, there = paired_bins(first, second)
    if second.value.sizes.get(ENERGY, 1) not in (1, first.value.sizes.get(ENERGY, 1)):
        raise InvalidDataError(
            f"the profile has one energy, and the other one has {second.value.sizes[ENERGY]}; "
            "select one of these"
        )
    a = {end: values.isel({first.dim: here}) for end, values in _ends(profile, name).items()}
    if isinstance(other, xr.DataArray):
        b = {"": other, **dict.fromkeys(_OPPOSITE, 0 * other)}
    else:
        b = _ends(norms_of_model(other, profile) if name == "norm" else other, name)
    scale = float(profile.attrs.get("n_sigma", 1)) / float(other.attrs.get("n_sigma", 1))
    full = {end: (scale if end else 1.0) * values for end, values in b.items()}
    b = {end: _bare(v.isel({first.dim: there}), b[""].attrs) for end, v in full.items()}
    return a, b, here


def _ratio_of_units(a: xr.DataArray, b: xr.DataArray) -> tuple[float, str]:
    """Factor and unit of a ratio, which has none if both are of one kind."""
    over, under = (u.Unit(str(data.attrs.get("units", ""))) for data in (a, b))
    if over.is_equivalent(under):
        return float(over.to(under)), ""
    return 1.0, unit_text(over / under)


def _hypot(first: xr.DataArray, second: xr.DataArray) -> xr.DataArray:
    return (first**2 + second**2) ** 0.5


def _ends(profile: xr.Dataset, name: str) -> Ends:
    """Values and errors: symmetric ones are the means of both sides, or sides the symmetric one."""
    found = {end: profile[name + end] for end in ("", *_OPPOSITE) if name + end in profile}
    if "_err" in found:
        return {"_errn": found["_err"], "_errp": found["_err"], **found}
    if {"_errn", "_errp"} <= set(found):
        found["_err"] = (found["_errn"] + found["_errp"]) / 2
    return found


def _bare(values: xr.DataArray, attrs: dict[Any, Any]) -> xr.DataArray:
    """Leave out coordinates, which would have to be equal to the last digit, and one energy."""
    alone = values.drop_vars(list(values.coords)).assign_attrs(attrs)
    return alone.isel({ENERGY: 0}) if alone.sizes.get(ENERGY) == 1 else alone


def _result(
    profile: xr.Dataset, found: Ends, here: NDArray[np.intp], described: tuple[str, str, str]
) -> xr.Dataset:
    """Make a profile of some bins, with the name, unit and words of the quantity."""
    name, unit, words = described
    old = quantity_name(str(profile.attrs[SED_TYPE]))
    dims = profile[old].dims
    made = {}
    for end, values in found.items():
        if old + end not in profile:
            continue
        made[name + end] = values.transpose(*dims).drop_vars(list(values.coords))
        text = f"{words} {SED_SUFFIXES[end]}".strip()
        made[name + end].attrs = {"long_name": text} | ({"units": unit} if unit else {})
    shared = found[""].coords
    kept = {str(n): profile[n] for n in profile.data_vars if str(n).startswith("ref_")}
    if "solid_angle" in profile:
        kept["solid_angle"] = profile["solid_angle"].isel({bin_dim(profile): here})
    result = xr.Dataset(coords=shared).assign(kept).assign(made)
    kind = "likelihood" if name == "norm" else name
    return result.assign_attrs({**profile.attrs, SED_TYPE: kind})


def words_of(values: xr.DataArray, name: str) -> str:
    """Name of a quantity for people."""
    return str(values.attrs.get("long_name", name))


def without_references(profile: xr.Dataset) -> xr.Dataset:
    """Leave out what converts a profile to other sed types."""
    return profile.drop_vars([str(n) for n in profile.data_vars if str(n).startswith("ref_")])
