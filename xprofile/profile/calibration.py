"""Compare profiles with those of toys: expected limits, p-values and coverage of intervals."""

from __future__ import annotations

from typing import Final

import numpy as np
import xarray as xr
from scipy.special import ndtr

from ..exceptions import InvalidDataError, MissingVariableError
from ..schema.checks import check_profile
from ..schema.names import SED_TYPE, TOY
from ..schema.options import suggests_options
from ..schema.variables import SED_TYPES
from .sed import quantity_name, to_sed_type
from .toys import broadcast_norm

__all__ = ["expected_limits", "interval_coverage", "p_value"]

BAND: Final = "band"

# Median and the usual bands of 68 % and 95 %, in standard deviations of a normal distribution.
# Bands further out need more toys: beyond 3 there are 1.3 of 1000, and beyond 20 none.
_BANDS = (-2.0, -1.0, 0.0, 1.0, 2.0)

# Relative difference up to which values count as equal. It is above the rounding of a fit, about
# 1e-12, so that toys with the counts of the data have the same test statistic, and below
# differences between other counts. With 0, such toys count as lower at random; with 1e-2, toys
# with a lower test statistic count as equal and p-values are too large.
_EQUAL = 1e-9


@suggests_options
def expected_limits(toys: xr.Dataset, quantity: str | None = None) -> xr.DataArray:
    r"""Compute the limits that toys lead to expect: their median and the 68 % and 95 % bands.

    Parameters
    ----------
    toys : xarray.Dataset
        Profile of toys without signal, with a dim ``toy``.
    quantity : str, optional
        Name of the limit, such as ``flux_ul``, of any sed type. By default the upper limit of the
        profile's sed type.

    Returns
    -------
    xarray.DataArray
        Limit with the name `quantity` (band, projected_distance, energy), in its unit: quantiles
        of the toys at :math:`\Phi(z)`. The coordinate ``band`` has z = -2, -1, 0, 1, 2, standard
        deviations of a normal distribution. NaN where a toy has no limit.

    Raises
    ------
    MissingVariableError
        If the profile has no dim ``toy``, or lacks the limit.
    InvalidDataError
        If `toys` is not a profile.

    See Also
    --------
    xprofile.simulate : Draw the toys.
    xprofile.p_value : Compare a test statistic with toys.

    Examples
    --------
    >>> import astropy.units as u
    >>> from astropy.coordinates import SkyCoord
    >>> import xprofile
    >>> maps = xprofile.tutorial.open_maps("galactic-center-sim")
    >>> center = SkyCoord(0, 0, unit="deg", frame="galactic")
    >>> rings = xprofile.SkyBins.annuli(center, radius_max=2 * u.deg, nbin=4)
    >>> binned = maps.profile.bin(rings)
    >>> toys = xprofile.simulate(binned, n_toys=100, rng=1)
    >>> limits = xprofile.expected_limits(xprofile.estimate(toys, selection_optional=["ul"]))
    >>> dict(limits.sizes)
    {'band': 5, 'projected_distance': 4, 'energy': 1}
    """
    check_profile(toys)
    name = quantity or f"{quantity_name(str(toys.attrs[SED_TYPE]))}_ul"
    kind = name.partition("_")[0]
    limits = _toy_variable(to_sed_type(toys, kind) if kind in SED_TYPES else toys, name)
    band = xr.Variable(BAND, np.array(_BANDS), {"long_name": "standard deviations"})
    found = limits.quantile(ndtr(_BANDS), TOY, skipna=False).rename(quantile=BAND)
    found = found.assign_coords({BAND: band})
    words = {"long_name": f"expected {limits.attrs.get('long_name', name)}"}
    return found.assign_attrs({**limits.attrs, **words}).rename(name)


@suggests_options
def p_value(profile: xr.Dataset, toys: xr.Dataset, *, quantity: str = "ts") -> xr.DataArray:
    r"""Probability that data without signal have a test statistic as high as the observed one.

    Parameters
    ----------
    profile : xarray.Dataset
        The observed profile. If it has a dim ``toy``, each toy gets a p-value.
    toys : xarray.Dataset
        Profile of toys without signal, of the same bins by the same settings.
    quantity : str
        Variable to compare: ``ts`` for signals of either sign, ``sqrt_ts`` for positive signals
        alone.

    Returns
    -------
    xarray.DataArray
        ``p_value`` (projected_distance, energy): :math:`p = (1 + k) / (1 + N)` if k of N toys have
        a value as high as the observed one. It is never below 1 / (1 + N), and
        :math:`P(p \le a) \le a` (Davison & Hinkley 1997, eq. 4.11). NaN where the observed value
        or those of all toys are not known.

    Raises
    ------
    MissingVariableError
        If the toys have no dim ``toy``, or a profile lacks the quantity.
    InvalidDataError
        If the two have different bins.

    See Also
    --------
    xprofile.simulate : Draw the toys.
    xprofile.expected_limits : Limits of toys.

    Examples
    --------
    >>> import astropy.units as u
    >>> from astropy.coordinates import SkyCoord
    >>> import xprofile
    >>> maps = xprofile.tutorial.open_maps("galactic-center-sim")
    >>> center = SkyCoord(0, 0, unit="deg", frame="galactic")
    >>> rings = xprofile.SkyBins.annuli(center, radius_max=2 * u.deg, nbin=4)
    >>> binned = maps.profile.bin(rings)
    >>> profile = xprofile.estimate(binned)
    >>> null = xprofile.estimate(xprofile.simulate(binned, n_toys=199, rng=1))
    >>> xprofile.p_value(profile, null).values[0].item()
    0.005
    """
    null = _toy_variable(toys, quantity).rename({TOY: "_null"})
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
    above = (null >= observed - _EQUAL * abs(observed)).sum("_null")
    found = ((1 + above) / (1 + null.notnull().sum("_null"))).where(known)
    attrs = {"long_name": f"probability of a {quantity} as high without signal"}
    return found.transpose(*observed.dims).rename("p_value").assign_attrs(attrs)


@suggests_options
def interval_coverage(toys: xr.Dataset, norm: float | xr.DataArray) -> xr.Dataset:
    r"""Share of toys whose intervals hold the true norm.

    Parameters
    ----------
    toys : xarray.Dataset
        Profile of toys, with a dim ``toy``, of any sed type.
    norm : float or xarray.DataArray
        True norm with which the toys were drawn; an array has dims of the profile.

    Returns
    -------
    xarray.Dataset
        For each interval that the profile has, with the nominal share as attr ``nominal``:

        - ``norm_err`` (projected_distance, energy): interval from norm - norm_err to
          norm + norm_err.
        - ``norm_errn_errp`` (projected_distance, energy): interval from norm - norm_errn (open
          below if that is NaN) to norm + norm_errp.
        - ``norm_ul`` (projected_distance, energy): interval up to the limit.
        - ``norm_err_error``, ``norm_errn_errp_error``, ``norm_ul_error`` (projected_distance,
          energy): binomial errors of the shares.

        NaN where no toy has a norm. For k of N toys the binomial error is

        .. math:: \sqrt{q (1 - q) / N}, \qquad q = (k + 1) / (N + 2)

        which is above 0 even if all or no intervals hold the norm.

    Raises
    ------
    MissingVariableError
        If the profile has no dim ``toy``, or no reference value for the conversion to norms.
    InvalidDataError
        If `toys` is not a profile.
    InvalidOptionError
        If the norm does not broadcast.

    See Also
    --------
    xprofile.simulate : Draw the toys.

    Examples
    --------
    >>> import astropy.units as u
    >>> from astropy.coordinates import SkyCoord
    >>> import xprofile
    >>> maps = xprofile.tutorial.open_maps("galactic-center-sim")
    >>> center = SkyCoord(0, 0, unit="deg", frame="galactic")
    >>> rings = xprofile.SkyBins.annuli(center, radius_max=2 * u.deg, nbin=4)
    >>> binned = maps.profile.bin(rings)
    >>> toys = xprofile.simulate(binned, norm=1, n_toys=100, rng=1)
    >>> coverage = xprofile.interval_coverage(xprofile.estimate(toys), norm=1)
    >>> list(coverage)
    ['norm_err', 'norm_err_error']
    """
    norms = to_sed_type(toys, "norm")
    true = broadcast_norm(norm, _toy_variable(norms, "norm").isel({TOY: 0}, drop=True))
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
    """Lower and upper ends of the intervals that a profile has, by the name of the interval."""
    norm = profile["norm"]
    found = {}
    if "norm_err" in profile:
        found["norm_err"] = norm - profile["norm_err"], norm + profile["norm_err"]
    if "norm_errn" in profile and "norm_errp" in profile:
        low, high = norm - profile["norm_errn"], norm + profile["norm_errp"]
        found["norm_errn_errp"] = (low - _EQUAL * (high - low)).fillna(-np.inf), high
    if "norm_ul" in profile:
        found["norm_ul"] = xr.full_like(norm, -np.inf), profile["norm_ul"]
    return found


def _nominal(profile: xr.Dataset, name: str) -> dict[str, float]:
    """Nominal coverage as attr: one-sided for a limit, else two-sided."""
    sigma = profile.attrs.get("n_sigma_ul" if name == "norm_ul" else "n_sigma")
    if sigma is None:
        return {}
    return {"nominal": float(ndtr(sigma) if name == "norm_ul" else 1 - 2 * ndtr(-sigma))}


def _variable(profile: xr.Dataset, name: str) -> xr.DataArray:
    """Return a variable of a profile."""
    if name not in profile:
        raise MissingVariableError(
            f"the profile has no {name!r}; its variables are {list(profile)}"
        )
    return profile[name]


def _toy_variable(profile: xr.Dataset, name: str) -> xr.DataArray:
    """Return a variable of a profile of toys, with the dim ``toy``."""
    found = _variable(profile, name)
    if TOY not in found.dims:
        raise MissingVariableError(
            f"{name} has no dim {TOY!r}, found {found.dims}; estimate the profile of "
            "binned.profile.simulate(...)"
        )
    if not found.sizes[TOY]:
        raise InvalidDataError(f"{name} has no toys, found the sizes {dict(found.sizes)}")
    return found
