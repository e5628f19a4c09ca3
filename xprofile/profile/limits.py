"""Upper limits: bins that are quoted as limits, and limits of another significance."""

from __future__ import annotations

import numpy as np
import xarray as xr

from ..estimation.confidence import upper_level
from ..estimation.status import flag_negative_limits
from ..exceptions import InvalidDataError
from ..schema.checks import check_profile
from ..schema.history import extend_history
from ..schema.names import SED_TYPE, THRESHOLD, TOY
from ..schema.number_checks import check_number
from ..schema.options import suggests_options
from ..schema.variables import PROFILE, status_attrs
from .scans import (
    bounded_limit_without_counts,
    describe_flagged_bins,
    read_scan,
    scan_method,
    stored_level,
    without_method,
)
from .sed import per_solid_angle_of, quantity_name, to_sed_type

__all__ = ["recompute_ul", "upper_limits", "with_negative_limits", "with_threshold"]

_THRESHOLD_KIND = "a number, or infinity for all or no bins"


@suggests_options
def upper_limits(profile: xr.Dataset, threshold: float | None = None) -> xr.DataArray:
    """Flag the bins whose upper limit is quoted instead of the value.

    Parameters
    ----------
    profile : xarray.Dataset
        From `estimate`, of any sed type.
    threshold : float, optional
        Significance below which the limit is quoted; by default the attr
        ``sqrt_ts_threshold_ul`` of the profile, or 2 without it.

    Returns
    -------
    xarray.DataArray of bool
        ``is_ul`` (projected_distance, energy): True where ``sqrt_ts`` is below the threshold and
        the limit is known. For a profile without ``sqrt_ts`` or without limits it is the
        ``is_ul`` of the profile, or without that True where the value is NaN.

    Raises
    ------
    MissingVariableError, InvalidDataError
        If the Dataset is not a profile.
    InvalidOptionError
        If the threshold is not a number.

    See Also
    --------
    xprofile.with_threshold : Change the threshold of a profile.
    xprofile.recompute_ul : Compute limits of another significance.

    Examples
    --------
    >>> import astropy.units as u
    >>> from astropy.coordinates import SkyCoord
    >>> import xprofile
    >>> maps = xprofile.tutorial.open_maps("galactic-center-sim")
    >>> center = SkyCoord(0, 3, unit="deg", frame="galactic")
    >>> rings = xprofile.SkyBins.annuli(center, radius_max=1 * u.deg, nbin=2)
    >>> profile = maps.profile.estimate(rings, selection_optional=["ul"])
    >>> xprofile.upper_limits(profile, threshold=100).values.ravel()
    array([ True,  True])
    """
    check_profile(profile)
    if threshold is not None:
        check_number("threshold", threshold, _THRESHOLD_KIND)
    name = quantity_name(str(profile.attrs[SED_TYPE]))
    limit = threshold if threshold is not None else profile.attrs.get(THRESHOLD, 2.0)
    if "sqrt_ts" in profile and f"{name}_ul" in profile:
        flag = (profile["sqrt_ts"] < limit) & profile[f"{name}_ul"].notnull()
    elif "is_ul" in profile:
        flag = profile["is_ul"]
    else:
        flag = profile[name].isnull()
    like, flag = xr.broadcast(profile[name], flag)  # concatenated profiles may differ in dims
    flag = like.copy(data=flag.transpose(*like.dims).to_numpy().astype(bool))
    flag.attrs = PROFILE["is_ul"].attrs
    return flag.rename("is_ul")


@suggests_options
def with_threshold(profile: xr.Dataset, sqrt_ts_threshold_ul: float) -> xr.Dataset:
    """Change the significance below which the bins of a profile are upper limits.

    Parameters
    ----------
    profile : xarray.Dataset
        From `estimate`, of any sed type.
    sqrt_ts_threshold_ul : float
        The new threshold.

    Returns
    -------
    xarray.Dataset
        `profile` with the attr ``sqrt_ts_threshold_ul`` and one other variable:

        - ``is_ul`` (projected_distance, energy), bool: the bins whose limit is quoted, as
          `upper_limits` gives them.

    Raises
    ------
    MissingVariableError, InvalidDataError
        If the Dataset is not a profile.
    InvalidOptionError
        If the threshold is not a number.

    See Also
    --------
    xprofile.upper_limits : Flags of another threshold alone.

    Examples
    --------
    >>> import astropy.units as u
    >>> from astropy.coordinates import SkyCoord
    >>> import xprofile
    >>> maps = xprofile.tutorial.open_maps("galactic-center-sim")
    >>> center = SkyCoord(0, 3, unit="deg", frame="galactic")
    >>> rings = xprofile.SkyBins.annuli(center, radius_max=1 * u.deg, nbin=2)
    >>> profile = maps.profile.estimate(rings, selection_optional=["ul"])
    >>> xprofile.with_threshold(profile, 100).is_ul.values.ravel()
    array([ True,  True])
    """
    check_number(THRESHOLD, sqrt_ts_threshold_ul, _THRESHOLD_KIND)
    changed = profile.assign_attrs({THRESHOLD: float(sqrt_ts_threshold_ul)})
    return changed.assign(is_ul=upper_limits(changed))


@suggests_options
def recompute_ul(
    profile: xr.Dataset, n_sigma_ul: float | None = None, *, cl_ul: float | None = None
) -> xr.Dataset:
    r"""Compute upper limits of another significance from the scan of a profile.

    Binned data give them exactly: ``estimate(binned, cl_ul=...)``. Limits of the methods
    ``"likelihood"`` and ``"bounded"`` keep their method; others need binned data, and become those
    of the likelihood.

    Parameters
    ----------
    profile : xarray.Dataset
        With ``stat_scan`` (..., norm_scan), of any sed type and with any dims. The scan may be in
        any order, at norms ``norm_scan`` or ``norm_scan_values``.
    n_sigma_ul : float, optional
        Significance of the limits; that of the profile by default, or 2 without it.
    cl_ul : float, optional
        One-sided confidence level such as 0.95, instead of `n_sigma_ul`.

    Returns
    -------
    xarray.Dataset
        `profile` with other limits, and the attrs ``n_sigma_ul``, ``cl_ul`` and ``ul_method``. For
        the sed type ``dnde``:

        - ``dnde_ul`` (projected_distance, energy), in the unit of ``dnde``: upper limit, NaN
          where the best fit is NaN.
        - ``is_ul`` (projected_distance, energy), bool: the bins whose limit is quoted.
        - ``status`` (projected_distance, energy): with the flag ``negative_limit`` of these limits.

    Raises
    ------
    MissingVariableError
        If the profile has no scan, or no reference value of its sed type.
    InvalidDataError
        If a scan does not reach the limit; the message names the bins.
    InvalidOptionError
        If `n_sigma_ul` is not a positive number, or `cl_ul` no level above 0.5 and below 1, or both
        are given.

    Warns
    -----
    DataWarning
        If limits are negative, if they were made by another method than those of the result, or
        if `n_sigma_ul` is below 1, like a confidence level.

    See Also
    --------
    xprofile.estimate : Limits of any significance from binned data.
    xprofile.merge_profiles : Merge profiles by their scans.

    Notes
    -----
    The limit is the norm at which the statistic C is ``n_sigma_ul`` squared higher than at the
    best fit. The signed root

    .. math:: r(x) = \mathrm{sign}(x - \hat x) \sqrt{C(x) - C(\hat x)}

    (Barndorff-Nielsen 1986, Biometrika 73, 307) is close to linear in the norm x, so a cubic
    through four nodes near r = n_sigma_ul gives the norm. The best fit and norm 0 are nodes in
    addition to those of the scan. On simulated counts a limit of 2 sigma deviates by 2e-5 of the
    error where the scan has a node for each error, by 1e-3 with the 11 default norms from 0.2 to
    5, and by 1e-2 where nodes are several errors apart.

    Examples
    --------
    >>> import astropy.units as u
    >>> from astropy.coordinates import SkyCoord
    >>> import xprofile
    >>> maps = xprofile.tutorial.open_maps("galactic-center-sim")
    >>> center = SkyCoord(0, 3, unit="deg", frame="galactic")
    >>> rings = xprofile.SkyBins.annuli(center, radius_max=1 * u.deg, nbin=2)
    >>> profile = maps.profile.estimate(rings, selection_optional=["ul", "scan"], scan_n_sigma=5)
    >>> higher = xprofile.recompute_ul(profile, n_sigma_ul=3)
    >>> (higher.norm_ul > profile.norm_ul).values.ravel()
    array([ True,  True])
    """
    if n_sigma_ul is None and cl_ul is None:
        sigma, level = stored_level(profile.attrs)
    else:
        sigma, level = upper_level(n_sigma_ul, cl_ul)
    norms = to_sed_type(profile, "norm").compute()
    scan = read_scan(norms)
    best, *_ = xr.broadcast(norms["norm"], norms["stat"])
    method = scan_method([profile], "recompute_ul computes")
    limit = best.copy(data=scan.upper_limit(sigma, bounded=method == "bounded"))
    if method == "bounded":
        limit = limit.fillna(bounded_limit_without_counts([norms.assign(norm=best)], sigma))
    missing = limit.isnull() & norms["norm"].notnull()
    if missing.any():
        raise InvalidDataError(
            f"the scan does not reach {sigma:g} sigma above the best fit"
            f"{' of 0 or more' if method == 'bounded' else ''} "
            f"{describe_flagged_bins(missing)}; estimate again with higher norm_values=, or with "
            "scan_n_sigma=; or compute the limit from the binned data"
        )
    name = quantity_name(str(profile.attrs[SED_TYPE]))
    limits = norms[["norm", *_conversion_variables(norms)]].assign(norm_ul=limit)
    shown = to_sed_type(limits, name, per_solid_angle=per_solid_angle_of(profile))
    result = profile.assign({f"{name}_ul": shown[f"{name}_ul"].variable})
    attrs = {"n_sigma_ul": sigma, "cl_ul": level, "ul_method": method}
    result = without_method(result.assign_attrs(attrs))
    result = with_negative_limits(result, limit)
    result = result.drop_vars(f"{name}_ul_expected", errors="ignore")
    result = result.assign(is_ul=upper_limits(result))
    return extend_history(result, result, f"recompute_ul n_sigma_ul: {sigma:g}")


def with_negative_limits(profile: xr.Dataset, limits: xr.DataArray) -> xr.Dataset:
    """Flag negative limits in the status of a profile, if it has one, and warn of them.

    Warns
    -----
    DataWarning
        If there are any, unless the profile is one of toys.
    """
    if "status" not in profile:
        return profile
    status, _ = xr.broadcast(profile["status"], limits)
    status = status.transpose(*limits.dims)
    warn = TOY not in profile.dims
    flags = flag_negative_limits(status.to_numpy().astype(np.int16), limits.to_numpy(), warn=warn)
    return profile.assign(status=xr.Variable(limits.dims, flags, status.attrs | status_attrs()))


def _conversion_variables(norms: xr.Dataset) -> list[str]:
    """Names of the variables that a conversion of norms to another sed type needs."""
    return [str(n) for n in norms.data_vars if str(n).startswith("ref_") or n == "solid_angle"]
