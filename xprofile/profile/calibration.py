"""What profiles of toys say about those of data: expected limits, probabilities and coverage."""

from __future__ import annotations

from typing import Final

import numpy as np
import xarray as xr
from scipy.special import ndtr

from ..exceptions import InvalidDataError, MissingVariableError
from ..schema.checks import check_profile
from ..schema.names import SED_TYPE, TOY
from ..schema.variables import SED_TYPES
from .sed import quantity_name, to_sed_type
from .toys import broadcast

__all__ = ["expected_limits", "interval_coverage", "p_value"]

BAND: Final = "band"

_BANDS = (-2.0, -1.0, 0.0, 1.0, 2.0)  # standard deviations of a normal distribution

_TIE = 1e-9  # relative difference of values that are the same


def expected_limits(toys: xr.Dataset, quantity: str | None = None) -> xr.DataArray:
    r"""Limits to be expected: the median of toys, and the bands that hold 68 and 95 % of them.

    Parameters
    ----------
    toys : xarray.Dataset
        Profile of toys without signal, with a dim ``toy``.
    quantity : str, optional
        Which limit, such as ``flux_ul``, of any sed type; the upper limit of the profile's own
        sed type by default.

    Returns
    -------
    xarray.DataArray
        Dims (band, projected_distance, energy), in the unit of the limits: their quantiles at
        :math:`\Phi(z)`, with the coordinate ``band`` z = -2, -1, 0, 1, 2 standard deviations of a
        normal distribution. NaN where the limit of a toy is.

    Raises
    ------
    MissingVariableError
        If there is no dim ``toy``, or no such limit.
    InvalidDataError
        If `toys` is no profile.
    """
    check_profile(toys)
    name = quantity or f"{quantity_name(str(toys.attrs[SED_TYPE]))}_ul"
    kind = name.partition("_")[0]
    limits = _of_toys(to_sed_type(toys, kind) if kind in SED_TYPES else toys, name)
    band = xr.Variable(BAND, np.array(_BANDS), {"long_name": "standard deviations"})
    found = limits.quantile(ndtr(_BANDS), TOY, skipna=False).rename(quantile=BAND)
    found = found.assign_coords({BAND: band})
    words = {"long_name": f"expected {limits.attrs.get('long_name', name)}"}
    return found.assign_attrs({**limits.attrs, **words}).rename(name)


def p_value(profile: xr.Dataset, toys: xr.Dataset, *, quantity: str = "ts") -> xr.DataArray:
    r"""Probability that data without signal have a test statistic as high as that observed.

    Parameters
    ----------
    profile : xarray.Dataset
        The profile observed. A dim ``toy`` of its own gives the value of each of these.
    toys : xarray.Dataset
        Profile of toys without signal, of the same bins by the same settings.
    quantity : str
        What is compared: ``ts`` for signals of either sign, ``sqrt_ts`` for positive ones alone.

    Returns
    -------
    xarray.DataArray
        Dims (projected_distance, energy): :math:`p = (1 + k) / (1 + N)` for k of N toys with a
        value as high as the observed one, so that :math:`P(p \le a) \le a` (Davison & Hinkley
        1997, eq. 4.11); never below 1 / (1 + N). NaN where either is not known.

    Raises
    ------
    MissingVariableError
        If there is no dim ``toy``, or no such quantity.
    InvalidDataError
        If the two have other bins.
    """
    null = _of_toys(toys, quantity).rename({TOY: "_null"})
    observed = _variable(profile, quantity)
    same = set(null.dims) - {"_null"} == set(observed.dims) - {TOY}
    try:
        observed, null = xr.align(observed, null, join="exact")
    except ValueError:
        same = False
    if not same:
        raise InvalidDataError(
            f"the toys have other bins than the profile: {dict(null.sizes)} against "
            f"{dict(observed.sizes)}, or other coordinates; estimate both with the same settings"
        )
    known = observed.notnull() & (null.notnull().sum("_null") > 0)
    above = (null >= observed - _TIE * abs(observed)).sum("_null")
    found = ((1 + above) / (1 + null.notnull().sum("_null"))).where(known)
    attrs = {"long_name": f"probability of a {quantity} as high without signal"}
    return found.transpose(*observed.dims).rename("p_value").assign_attrs(attrs)


def interval_coverage(toys: xr.Dataset, norm: float | xr.DataArray) -> xr.Dataset:
    r"""Shares of toys whose intervals hold the true norm.

    Parameters
    ----------
    toys : xarray.Dataset
        Profile of toys, with a dim ``toy``, of any sed type.
    norm : float or xarray.DataArray
        True norm with which the toys were drawn; an array has dims of the profile.

    Returns
    -------
    xarray.Dataset
        Dims (projected_distance, energy), for each interval that the profile has: ``norm_err``
        (from norm - norm_err to norm + norm_err), ``norm_errn_errp`` (from norm - norm_errn,
        open below where that is NaN, to norm + norm_errp) and ``norm_ul`` (up to the limit), with
        the nominal share as attr ``nominal``; and ``norm_err_error`` and so on, their binomial
        errors

        .. math:: \sqrt{q (1 - q) / N}, \qquad q = (k + 1) / (N + 2)

        for k of N toys, which stay above 0 where all or none hold it. NaN where no toy has a norm.

    Raises
    ------
    MissingVariableError
        If there is no dim ``toy``, or a reference value for the conversion to norms.
    InvalidDataError
        If `toys` is no profile.
    InvalidOptionError
        If the norm does not broadcast.
    """
    norms = to_sed_type(toys, "norm")
    true = broadcast(norm, _of_toys(norms, "norm").isel({TOY: 0}, drop=True))
    shares = {}
    for name, (low, high) in _intervals(norms).items():
        known = norms["norm"].notnull() & high.notnull() & true.notnull()
        total = known.sum(TOY)
        count = ((low <= true) & (true <= high) & known).sum(TOY)
        likely = (count + 1) / (total + 2)
        share = (count / total).where(total > 0)
        error = ((likely * (1 - likely) / total) ** 0.5).where(total > 0)
        words = {"long_name": f"share of toys whose {name} holds the true norm"}
        shares[name] = share.assign_attrs({**words, **_nominal(norms, name)})
        words = {"long_name": f"binomial error of {name}"}
        shares[f"{name}_error"] = error.assign_attrs(words)
    return xr.Dataset(shares)


def _intervals(profile: xr.Dataset) -> dict[str, tuple[xr.DataArray, xr.DataArray]]:
    """Lower and upper ends of the intervals that a profile has."""
    norm = profile["norm"]
    found = {}
    if "norm_err" in profile:
        found["norm_err"] = norm - profile["norm_err"], norm + profile["norm_err"]
    if "norm_errn" in profile and "norm_errp" in profile:
        low, high = norm - profile["norm_errn"], norm + profile["norm_errp"]
        found["norm_errn_errp"] = (low - _TIE * (high - low)).fillna(-np.inf), high
    if "norm_ul" in profile:
        found["norm_ul"] = xr.full_like(norm, -np.inf), profile["norm_ul"]
    return found


def _nominal(profile: xr.Dataset, name: str) -> dict[str, float]:
    """Nominal coverage: two-sided, of a limit one-sided."""
    sigma = profile.attrs.get("n_sigma_ul" if name == "norm_ul" else "n_sigma")
    if sigma is None:
        return {}
    return {"nominal": float(ndtr(sigma) if name == "norm_ul" else 1 - 2 * ndtr(-sigma))}


def _variable(profile: xr.Dataset, name: str) -> xr.DataArray:
    if name not in profile:
        raise MissingVariableError(f"the profile has no {name!r}; there are {list(profile)}")
    return profile[name]


def _of_toys(profile: xr.Dataset, name: str) -> xr.DataArray:
    """Return one quantity of a profile of toys."""
    found = _variable(profile, name)
    if TOY not in found.dims:
        raise MissingVariableError(
            f"{name} has no dim {TOY!r}, found {found.dims}; estimate the profile of "
            "binned.profile.simulate(...)"
        )
    return found
