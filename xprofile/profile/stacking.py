"""Profiles of the same bins merged to one: the sum of their likelihoods."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from ..estimation.results import sum_datasets
from ..exceptions import InvalidDataError, InvalidOptionError
from ..schema.axes import bin_dim
from ..schema.checks import check_profile
from ..schema.flags import STATUS_FLAGS
from ..schema.history import extend_history
from ..schema.names import ENERGY, NORM_SCAN, NORM_SCAN_VALUES, SED_TYPE, high, low
from ..schema.variables import result_variable
from .scans import Scan, read_scan
from .sed import is_brightness, quantity_name, to_sed_type, upper_limits
from .summed_scans import common_range, fit_summed_scans, has_best_fit

__all__ = ["merge_profiles"]

Float = NDArray[np.float64]

_SAME = 1e-6  # relative difference of reference values that are the same

_SAME_EDGE = 1e-4

_UNBOUNDED = STATUS_FLAGS["unbounded_interval"]


def merge_profiles(
    profiles: xr.Dataset | Sequence[xr.Dataset], dim: Hashable | None = None
) -> xr.Dataset:
    r"""Merge profiles of the same bins: one norm for all, with the sum of their statistics.

    Binned data are merged exactly by ``estimate([a, b])``; this is for profiles of which only the
    scans are left.

    Parameters
    ----------
    profiles : list of xarray.Dataset, or xarray.Dataset
        With the same bins and energies, the same reference values, and a ``stat_scan`` of each.
    dim : hashable, optional
        Dimension of one Dataset along which to merge, such as ``time``.

    Returns
    -------
    xarray.Dataset
        Profile of the first one's sed type and significances. The rise of each statistic above
        its minimum is interpolated between the norms of its scan, its best fit and norm 0 (see
        `recompute_ul`); where the sum is least is ``norm``, where it has risen are its errors and
        its limit: to 3 % of the error if the scans have a node for each half of it, to 1e-3 with
        five times as many. ``norm_err`` is the mean of the two errors. Of ``stat``,
        ``stat_null``, counts and npred there is the sum; npred_excess is in proportion to
        the norm, npred_background as it was fitted. ``solid_angle`` is the mean, ``coverage`` the
        greatest. ``stat_scan`` is at
        the norms of the scans where all have the same ones, else over the range that all cover.
        Bins without a best fit in a profile are left to the others; attrs that differ are left
        out. There is no sensitivity.

    Raises
    ------
    MissingVariableError
        If a profile has no scan.
    InvalidDataError
        If profiles differ in bins, energies or reference values, or a scan is too narrow for the
        best fit, the errors or the limit of all; the message names the bins.
    InvalidOptionError
        If one Dataset is given without the dimension to merge along.
    """
    parts = _listed(profiles, dim)
    kind = quantity_name(str(parts[0].attrs[SED_TYPE]))
    brightness = is_brightness(parts[0])
    norms = [sum_datasets(to_sed_type(part, "norm")).compute() for part in parts]
    for number, other in enumerate(norms[1:], start=1):
        _check_same(norms[0], other, number)
    order = norms[0]["norm"].dims
    norms = [part.transpose(*order, ...) for part in norms]
    first, scans = norms[0], [read_scan(part) for part in norms]
    attrs = _shared_attrs(norms)
    values = fit_summed_scans(scans, first["norm"], first.attrs, _unlimited(norms))
    best = values["norm"]
    variables = {name: (order, value) for name, value in values.items()}
    variables |= {name: (order, v) for name, v in _sums(norms, best).items()}
    variables |= _scanned(norms, scans, order)
    kept = [name for name in first.data_vars if str(name).startswith("ref_")]
    result = first[kept].drop_vars(NORM_SCAN, errors="ignore")
    made = {n: xr.Variable(*v, result_variable(n).attrs) for n, v in variables.items()}
    result = result.assign(made)
    result = result.assign(_of_bins(norms, best)).assign_attrs(attrs)
    if NORM_SCAN_VALUES not in result:
        result = result.assign_coords({NORM_SCAN: first[NORM_SCAN]})
    result = to_sed_type(result, kind, per_solid_angle=brightness)
    result = result.assign(is_ul=upper_limits(result))
    return extend_history(result, result, f"merge_profiles: {len(parts)} profiles")


def _listed(profiles: xr.Dataset | Sequence[xr.Dataset], dim: Hashable | None) -> list[xr.Dataset]:
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
        raise InvalidDataError("there are no profiles to merge; give one or more")
    for part in parts:
        check_profile(part)
    return parts


def _check_same(first: xr.Dataset, other: xr.Dataset, number: int) -> None:
    """Refuse other sizes, edges and reference values."""
    here, there = dict(first["norm"].sizes), dict(other["norm"].sizes)
    if here != there:
        raise InvalidDataError(
            f"profile {number} has {there}, the first one {here}; merge profiles of the same bins "
            "and energies"
        )
    dims = (ENERGY, bin_dim(first))
    names = [name for dim in dims for name in (low(dim), high(dim)) if name in first.coords]
    tolerances = dict.fromkeys(names, _SAME_EDGE)
    tolerances |= {str(n): _SAME for n in first.data_vars if str(n).startswith("ref_")}
    for name, tolerance in tolerances.items():
        one, two = (data[name].to_numpy() if name in data else np.nan for data in (first, other))
        scale = np.nanmax(np.abs(one), initial=0) if name in names else 0
        if not np.allclose(one, two, rtol=tolerance, atol=tolerance * scale, equal_nan=True):
            raise InvalidDataError(
                f"profile {number} has other {name} than the first one: {two} against {one}; "
                "merge profiles of the same bins, energies and spectral model"
            )


def _shared_attrs(norms: Sequence[xr.Dataset]) -> dict[str, Any]:
    """Attrs on which all agree, and the significances and history of the first."""
    first = norms[0].attrs
    kept = {
        str(name): value
        for name, value in first.items()
        if all(name in n.attrs and np.array_equal(n.attrs[name], value) for n in norms)
    }
    needed = {name: first[name] for name in ("n_sigma", "n_sigma_ul", "history") if name in first}
    return kept | needed | {SED_TYPE: "likelihood"}


def _unlimited(norms: Sequence[xr.Dataset]) -> NDArray[np.bool_]:
    """Whether no profile bounds the norm below, for want of counts."""
    found = xr.ones_like(norms[0]["norm"], dtype=bool)
    for part in norms:
        free = part["norm"].isnull()
        if "status" in part:
            free = free | ((part["status"] & _UNBOUNDED) > 0)
        if "counts" in part:
            free = free | (part["counts"] == 0)
        found = found & free.to_numpy()
    return found.to_numpy()


def _sums(norms: Sequence[xr.Dataset], best: Float) -> dict[str, Float]:
    """Counts, npred and statistics of all, and the significance."""

    def total(name: str) -> Any:
        return sum(np.nan_to_num(part[name].to_numpy()) for part in norms)

    def everywhere(name: str) -> bool:
        return all(name in part for part in norms)

    known = np.isfinite(best)
    found = {name: total(name) for name in ("counts", "npred_background") if everywhere(name)}
    if everywhere("npred_excess"):
        per_norm = sum((part["npred_excess"] / part["norm"]).fillna(0).to_numpy() for part in norms)
        found["npred_excess"] = np.where(known, best * per_norm, np.nan)
        if "npred_background" in found:
            found["npred"] = found["npred_excess"] + found["npred_background"]
    if everywhere("stat_null"):
        found["stat_null"] = np.where(known, total("stat_null"), np.nan)
    found["success"] = known
    return found


def _scanned(
    norms: Sequence[xr.Dataset], scans: Sequence[Scan], order: tuple[Hashable, ...]
) -> dict[str, Any]:
    """Sum of the scans: as they are at the same norms, else interpolated over the common range."""
    dims = (*order, NORM_SCAN)
    shared = [part[NORM_SCAN].to_numpy() for part in norms if NORM_SCAN_VALUES not in part]
    known = has_best_fit(scans)[..., None]
    if len(shared) == len(norms) and all(np.array_equal(shared[0], s) for s in shared):
        values = [part["stat_scan"].transpose(*dims).to_numpy() for part in norms]
        total = sum(np.nan_to_num(v) for v in values)
        return {"stat_scan": (dims, np.where(known, total, np.nan))}
    low_end, high_end = common_range(scans)
    share = np.linspace(0, 1, max(part.sizes[NORM_SCAN] for part in norms))
    at = np.where(known, low_end[..., None], 0) * (1 - share)
    at = at + np.where(known, high_end[..., None], 0) * share
    total = sum(np.nan_to_num(scan.stat)[..., None] + scan.at(at) for scan in scans)
    return {
        NORM_SCAN_VALUES: (dims, np.where(known, at, np.nan)),
        "stat_scan": (dims, np.where(known, total, np.nan)),
    }


def _of_bins(norms: Sequence[xr.Dataset], best: Float) -> dict[str, xr.DataArray]:
    """Solid angle, coverage, and the flags that all have."""
    found = {}
    hows: dict[str, Callable[..., Any]] = {"solid_angle": np.mean, "coverage": np.max}
    for name, how in hows.items():
        if all(name in part for part in norms):
            values = how([part[name].to_numpy() for part in norms], axis=0)
            found[name] = norms[0][name].copy(data=values)
    if all("status" in part for part in norms):
        flags = np.bitwise_and.reduce([part["status"].to_numpy() for part in norms])
        found["status"] = norms[0]["status"].copy(data=flags)
    return found
