"""Merge profiles of the same bins to one: the sum of their statistics."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Hashable, Sequence
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from ..estimation.results import sum_datasets
from ..exceptions import DataWarning, InvalidDataError, InvalidOptionError
from ..schema.axes import bin_dim
from ..schema.checks import check_profile
from ..schema.history import extend_history
from ..schema.names import ENERGY, NORM_SCAN, NORM_SCAN_VALUES, SED_TYPE, high, low
from ..schema.options import suggests_options
from ..schema.units import values_in_unit
from ..schema.variables import STATUS_FLAGS, result_variable
from ..schema.warning_place import user_stacklevel
from .limits import upper_limits, with_negative_limits
from .scans import (
    bounded_limit_without_counts,
    read_scan,
    scan_method,
    stored_level,
    without_method,
)
from .sed import per_solid_angle_of, quantity_name, to_sed_type
from .summed_scans import fit_summed_scans, sum_scans

__all__ = ["merge_profiles"]

Float = NDArray[np.float64]

# Relative difference up to which reference values count as equal. Files may hold them in single
# precision, to 6e-8. With 1e-5, profiles whose models differ in flux by that much would merge,
# and the norm would be wrong by as much.
_SAME_REFERENCE = 1e-6

# The same for edges, relative to the largest edge, as files may hold rounded numbers. Among 50
# bins it is up to 1 % of a bin's width; with 1e-3, bins shifted by a tenth of it would merge.
_SAME_EDGE = 1e-4
_UNBOUNDED = STATUS_FLAGS["unbounded_interval"]
_NO_PIXELS, _MASKED = STATUS_FLAGS["no_pixels"], STATUS_FLAGS["masked"]


@suggests_options
def merge_profiles(
    profiles: xr.Dataset | Sequence[xr.Dataset], dim: Hashable | None = None
) -> xr.Dataset:
    r"""Merge profiles of the same bins: fit one norm to the sum of their statistics.

    Use it if only the profiles are left, with their scans. Binned data give the exact result:
    ``estimate([a, b])``.

    Parameters
    ----------
    profiles : list of xarray.Dataset, or xarray.Dataset
        With the same bins and energies, the same reference values, and a ``stat_scan`` of each.
    dim : hashable, optional
        Dimension of one Dataset along which to merge, such as ``time``.

    Returns
    -------
    xarray.Dataset
        Profile of the sed type of the first one. The variables of its quantity have the dims
        (projected_distance, energy) and the unit of the first profile; for ``dnde`` they are:

        - ``dnde``: value with the least sum of the statistics.
        - ``dnde_err``, ``dnde_errn``, ``dnde_errp``, ``dnde_ul``: errors and limit, where this sum
          has risen by the squares of ``n_sigma`` and ``n_sigma_ul`` of the first profile. Limits
          are bounded if all are. ``dnde_err`` is the mean of the two others.
        - ``ts``, ``sqrt_ts``, ``stat``: of the sum at its minimum.
        - ``stat_null``, ``counts``, ``npred_background``: sums.
        - ``npred_excess``, ``npred``: sums for the merged norm.
        - ``stat_scan`` (..., norm_scan): sum of the scans, at ``norm_scan`` if all have the same
          norms, else at ``norm_scan_values`` (..., norm_scan) in the range that all scans cover.
        - ``success``, ``is_ul`` (bool), ``status``: flags; ``status`` has those that all set.
        - ``coverage``: the greatest.
        - ``solid_angle`` (projected_distance) in sr: the mean.
        - ``ref_dnde`` and the other reference values (energy).

        A bin without a best fit in one profile is that of the others. Attrs on which the profiles
        differ are left out. The result has no sensitivity.

    Raises
    ------
    MissingVariableError
        If a profile has no scan.
    InvalidDataError
        If profiles differ in bins, energies or reference values, or a scan is too narrow for the
        best fit, the errors or the limit of all; the message names the bins.
    InvalidOptionError
        If one Dataset is given without the dimension to merge along.

    Warns
    -----
    DataWarning
        If errors or limits have other levels than those of the first profile; if limits are not
        those of the likelihood, or bounded in all profiles; or if limits are negative.

    See Also
    --------
    xprofile.estimate : Fit several data sets jointly.
    xprofile.recompute_ul : Limits from a scan, by the same interpolation.

    Notes
    -----
    The rise of each statistic is interpolated between the norms of its scan, its best fit and norm
    0. Results deviate from those of binned data by up to 3 % of the error where the scans have a
    node for each half of it, and by up to 0.1 % with five times as many.

    Examples
    --------
    >>> import astropy.units as u
    >>> from astropy.coordinates import SkyCoord
    >>> import xprofile
    >>> maps = xprofile.tutorial.open_maps("galactic-center-sim")
    >>> center = SkyCoord(0, 0, unit="deg", frame="galactic")
    >>> rings = xprofile.SkyBins.annuli(center, radius_max=2 * u.deg, nbin=4)
    >>> scan = {"selection_optional": ["scan"], "scan_n_sigma": 6, "scan_n_values": 49}
    >>> profile = maps.profile.estimate(rings, **scan)
    >>> merged = xprofile.merge_profiles([profile, profile])
    >>> (merged.norm_err / profile.norm_err).values.ravel().round(2)
    array([0.71, 0.71, 0.71, 0.71])
    """
    parts = _as_list(profiles, dim)
    kind = quantity_name(str(parts[0].attrs[SED_TYPE]))
    brightness = per_solid_angle_of(parts[0])
    norms = [sum_datasets(to_sed_type(part, "norm")).compute() for part in parts]
    for number, other in enumerate(norms[1:], start=1):
        _check_alike(norms[0], other, number)
    order = norms[0]["norm"].dims
    norms = [part.transpose(*order, ...) for part in norms]
    first, scans = norms[0], [read_scan(part) for part in norms]
    attrs = _shared_attrs(norms)
    bounded = None
    if attrs["ul_method"] == "bounded":
        bounded = bounded_limit_without_counts(norms, stored_level(first.attrs)[0])
    unlimited = _is_unbounded_below(norms)
    values = fit_summed_scans(scans, first["norm"], first.attrs, unlimited, bounded=bounded)
    best = values["norm"]
    variables = {name: (order, value) for name, value in values.items()}
    variables |= {name: (order, v) for name, v in _summed_variables(norms, best).items()}
    variables |= sum_scans(norms, scans, order)
    kept = [name for name in first.data_vars if str(name).startswith("ref_")]
    result = first[kept].drop_vars(NORM_SCAN, errors="ignore")
    made = {n: xr.Variable(*v, result_variable(n).attrs) for n, v in variables.items()}
    result = result.assign(made)
    result = result.assign(_combined_variables(norms)).assign_attrs(attrs)
    for name in ("interval_method", "interval_construction"):
        result.attrs.pop(name, None)  # merged profiles have no norm_lo and norm_hi
    result = without_method(result)
    result = with_negative_limits(result, result["norm_ul"])
    if NORM_SCAN_VALUES not in result:
        result = result.assign_coords({NORM_SCAN: first[NORM_SCAN]})
    result = to_sed_type(result, kind, per_solid_angle=brightness)
    result = result.assign(is_ul=upper_limits(result))
    return extend_history(result, result, f"merge_profiles: {len(parts)} profiles")


def _as_list(profiles: xr.Dataset | Sequence[xr.Dataset], dim: Hashable | None) -> list[xr.Dataset]:
    """List the profiles to merge, after a check that they are profiles."""
    if isinstance(profiles, xr.Dataset):
        if dim is None or dim not in profiles.dims:
            raise InvalidOptionError(
                f"dim must be one of the profile's dims {list(profiles.dims)}, found {dim!r}; "
                "or give a list of profiles"
            )
        parts = [profiles.isel({dim: i}, drop=True) for i in range(profiles.sizes[dim])]
    else:
        parts = list(profiles)
    if not parts:
        raise InvalidDataError("no profiles to merge; give one or more")
    for part in parts:
        check_profile(part)
    return parts


def _check_alike(first: xr.Dataset, other: xr.Dataset, number: int) -> None:
    """Raise unless two profiles have the same sizes, edges and reference values."""
    here, there = dict(first["norm"].sizes), dict(other["norm"].sizes)
    if here != there:
        raise InvalidDataError(
            f"profile {number} has {there}, the first one {here}; merge profiles of the same bins "
            "and energies"
        )
    dims = (ENERGY, bin_dim(first))
    names = [name for dim in dims for name in (low(dim), high(dim)) if name in first.coords]
    tolerances = dict.fromkeys(names, _SAME_EDGE)
    tolerances |= {str(n): _SAME_REFERENCE for n in first.data_vars if str(n).startswith("ref_")}
    for name, tolerance in tolerances.items():
        one, two = (data[name].to_numpy() if name in data else np.nan for data in (first, other))
        scale = np.nanmax(np.abs(one), initial=0) if name in names else 0
        if not np.allclose(one, two, rtol=tolerance, atol=tolerance * scale, equal_nan=True):
            raise InvalidDataError(
                f"profile {number} has other {name} than the first one: {two} against {one}; "
                "merge profiles of the same bins, energies and spectral model"
            )


def _shared_attrs(norms: Sequence[xr.Dataset]) -> dict[str, Any]:
    """Attrs that are equal in all profiles, and the significances and history of the first."""
    first = norms[0].attrs
    kept = {
        str(name): value
        for name, value in first.items()
        if all(name in n.attrs and np.array_equal(n.attrs[name], value) for n in norms)
    }
    _warn_of_other_levels(norms)
    names = ("n_sigma", "n_sigma_ul", "cl", "cl_ul", "history")
    needed = {name: first[name] for name in names if name in first}
    method = scan_method(norms, "merge_profiles computes")
    return kept | needed | {SED_TYPE: "likelihood", "ul_method": method}


def _warn_of_other_levels(norms: Sequence[xr.Dataset]) -> None:
    """Warn if errors or limits of profiles have other levels than those of the first."""
    for name, what in (("n_sigma", "errors"), ("n_sigma_ul", "limits")):
        found = list(dict.fromkeys(float(n.attrs[name]) for n in norms if name in n.attrs))
        if len(found) > 1 and not np.allclose(found, found[0], rtol=_SAME_REFERENCE):
            warnings.warn(
                f"{what} of the merged profile have {found[0]:.4g} sigma, those of the first "
                f"profile; others have {', '.join(f'{v:.4g}' for v in found[1:])} sigma",
                DataWarning,
                stacklevel=user_stacklevel(),
            )


def _is_unbounded_below(norms: Sequence[xr.Dataset]) -> NDArray[np.bool_]:
    """Whether no profile bounds the norm below, because none has counts there."""
    found = xr.ones_like(norms[0]["norm"], dtype=bool)
    for part in norms:
        free = part["norm"].isnull()
        if "status" in part:
            free = free | ((part["status"] & _UNBOUNDED) > 0)
        if "counts" in part:
            free = free | (part["counts"] == 0)
        found = found & free.to_numpy()
    return found.to_numpy()


def _summed_variables(norms: Sequence[xr.Dataset], best: Float) -> dict[str, Float]:
    """Sums of counts, npred and ``stat_null``, and where the merged profile has a best fit."""

    def total(name: str) -> Any:
        return sum(np.nan_to_num(part[name].to_numpy()) for part in norms)

    def in_all(name: str) -> bool:
        return all(name in part for part in norms)

    known = np.isfinite(best)
    found = {name: total(name) for name in ("counts", "npred_background") if in_all(name)}
    if in_all("npred_excess"):
        per_norm = sum((part["npred_excess"] / part["norm"]).fillna(0).to_numpy() for part in norms)
        found["npred_excess"] = np.where(known, best * per_norm, np.nan)
        if "npred_background" in found:
            found["npred"] = found["npred_excess"] + found["npred_background"]
    if in_all("stat_null"):
        found["stat_null"] = np.where(known, total("stat_null"), np.nan)
    found["success"] = known
    return found


def _combined_variables(norms: Sequence[xr.Dataset]) -> dict[str, xr.DataArray]:
    """Mean solid angle, greatest coverage, and the status flags that all profiles set."""
    found = {}
    hows: dict[str, Callable[..., Any]] = {"solid_angle": np.mean, "coverage": np.max}
    for name, how in hows.items():
        if all(name in part for part in norms):
            unit = str(norms[0][name].attrs.get("units", ""))
            values = how([values_in_unit(part[name], name, unit) for part in norms], axis=0)
            found[name] = norms[0][name].copy(data=values)
    if all("status" in part for part in norms):
        flags = np.bitwise_and.reduce([_with_lesser_flags(part["status"]) for part in norms])
        flags = np.where(flags & _NO_PIXELS, flags & ~_MASKED, flags)
        found["status"] = norms[0]["status"].copy(data=flags)
    return found


def _with_lesser_flags(status: xr.DataArray) -> NDArray[np.integer[Any]]:
    """Let bins without pixels count as masked too, as both say that no pixel is used."""
    flags = status.to_numpy()
    return np.where(flags & _NO_PIXELS, flags | _MASKED, flags)
