"""Ratio and difference of profiles, bin by bin, with errors."""

from __future__ import annotations

from typing import Any, TypeAlias

import astropy.units as u
import xarray as xr

from ...exceptions import InvalidDataError
from ...schema.arguments.one_by_one import over_further_dims
from ...schema.checks import check_profile
from ...schema.history import extend_history
from ...schema.names import ENERGY, SED_TYPE
from ...schema.options import suggests_options
from ...schema.units import factor_to_unit, unit_text
from ...schema.variables import SED_SUFFIXES
from ..sed import per_solid_angle_of, quantity_name, to_sed_type
from .pairing import paired_bins, read_values

__all__ = ["divide", "subtract", "without_references", "words_of"]

# errors of a difference or ratio upwards are those of the other profile downwards
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
          or in the unit of `profile` over that of an array.
        - ``norm_err``, ``norm_errn``, ``norm_errp``: errors, as far as both have them, by linear
          propagation of independent errors, for the significance of those of `profile`.

    Raises
    ------
    InvalidDataError
        If bins or energies differ.

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
    For a ratio r = a / b, its upper error is sqrt((a_up / b)^2 + (r b_down / b)^2). It holds where
    the errors of b are small beside b.

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
    a, b = _pair(profile, other)
    divisor = b[""].where(b[""] != 0)
    ratio = a[""] / divisor
    found = {"": ratio}
    for end, opposite in _OPPOSITE.items():
        if end in a:
            found[end] = _hypot(a[end] / divisor, ratio * b[opposite] / divisor)
    units = [u.Unit(str(data.attrs.get("units", ""))) for data in (a[""], b[""])]
    words = f"ratio of {words_of(a[''], 'values')}"
    result = _result(profile, found, ("norm", unit_text(units[0] / units[1]), words))
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
        If bins, energies or kinds of units differ.

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
    a, b = _pair(profile, other)
    unit = str(a[""].attrs.get("units", ""))
    factor = factor_to_unit(b[""], "other", unit)
    found = {"": a[""] - factor * b[""]}
    for end, opposite in _OPPOSITE.items():
        if end in a:
            found[end] = _hypot(a[end], factor * b[opposite])
    name = quantity_name(str(profile.attrs[SED_TYPE]))
    result = _result(profile, found, (name, unit, f"difference of {words_of(a[''], name)}"))
    return extend_history(result, profile, "subtract")


Ends: TypeAlias = dict[str, xr.DataArray]  # values and errors, by the ending of their names


def _pair(profile: xr.Dataset, other: xr.Dataset | xr.DataArray) -> tuple[Ends, Ends]:
    """Values and errors of both in the bins that they share, with errors of one significance."""
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
    a = {end: profile[name + end].isel({first.dim: here}) for end in _ends(profile, name)}
    if isinstance(other, xr.DataArray):
        b = {"": other}
    else:
        b = {end: other[name + end] for end in _ends(other, name)}
    scale = float(profile.attrs.get("n_sigma", 1)) / float(other.attrs.get("n_sigma", 1))
    missing = b.get("_err", 0 * b[""])
    full = {end: (scale if end else 1.0) * b.get(end, missing) for end in ("", *_OPPOSITE)}
    return a, {end: _bare(v.isel({first.dim: there}), b[""].attrs) for end, v in full.items()}


def _hypot(first: xr.DataArray, second: xr.DataArray) -> xr.DataArray:
    return (first**2 + second**2) ** 0.5


def _ends(profile: xr.Dataset, name: str) -> list[str]:
    return [end for end in ("", *_OPPOSITE) if name + end in profile]


def _bare(values: xr.DataArray, attrs: dict[Any, Any]) -> xr.DataArray:
    """Leave out coordinates, which would have to be equal to the last digit, and one energy."""
    alone = values.drop_vars(list(values.coords)).assign_attrs(attrs)
    return alone.isel({ENERGY: 0}) if alone.sizes.get(ENERGY) == 1 else alone


def _result(profile: xr.Dataset, found: Ends, described: tuple[str, str, str]) -> xr.Dataset:
    """Make a profile of values and errors, with the name, unit and words of the quantity."""
    name, unit, words = described
    dims = profile[quantity_name(str(profile.attrs[SED_TYPE]))].dims
    made = {}
    for end, values in found.items():
        made[name + end] = values.transpose(*dims).drop_vars(list(values.coords))
        text = f"{words} {SED_SUFFIXES[end]}".strip()
        made[name + end].attrs = {"long_name": text} | ({"units": unit} if unit else {})
    shared = found[""].coords
    kept = [str(n) for n in profile.data_vars if str(n).startswith("ref_")]
    result = xr.Dataset(coords=shared).assign({n: profile[n] for n in kept}).assign(made)
    kind = "likelihood" if name == "norm" else name
    return result.assign_attrs({**profile.attrs, SED_TYPE: kind})


def words_of(values: xr.DataArray, name: str) -> str:
    """Name of a quantity for people."""
    return str(values.attrs.get("long_name", name))


def without_references(profile: xr.Dataset) -> xr.Dataset:
    """Leave out what converts a profile to other sed types."""
    return profile.drop_vars([str(n) for n in profile.data_vars if str(n).startswith("ref_")])
