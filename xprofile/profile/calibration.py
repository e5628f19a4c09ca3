"""Summarise profiles of toys: expected limits, and coverage of intervals."""

from __future__ import annotations

import numpy as np
import xarray as xr
from scipy.special import ndtr

from ..likelihood.intervals import EXPECTED_BANDS, one_sided_cl, two_sided_cl
from ..schema.checks import check_profile
from ..schema.names import BAND, SED_TYPE, TOY
from ..schema.options import suggests_options
from ..schema.variables import COORDS, SED_TYPES
from .sed import quantity_name, to_sed_type
from .significance.toy_variables import EQUAL, toy_variable
from .toys import broadcast_norm

__all__ = ["expected_limits", "interval_coverage"]


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
        of the toys at :math:`\Phi(z)` (Cowan et al. 2011, EPJC 71, 1554, section 4.3). The
        coordinate ``band`` has z = -2, -1, 0, 1, 2, standard deviations of a normal distribution.
        NaN where a toy has no limit.

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
    >>> toys = binned.profile.simulate(n_toys=100, rng=1)
    >>> limits = xprofile.expected_limits(toys.profile.estimate(selection_optional=["ul"]))
    >>> dict(limits.sizes)
    {'band': 5, 'projected_distance': 4, 'energy': 1}
    """
    check_profile(toys)
    name = quantity or f"{quantity_name(str(toys.attrs[SED_TYPE]))}_ul"
    kind = name.partition("_")[0]
    limits = toy_variable(to_sed_type(toys, kind) if kind in SED_TYPES else toys, name)
    band = xr.Variable(BAND, np.array(EXPECTED_BANDS), COORDS[BAND].attrs)
    found = limits.quantile(ndtr(EXPECTED_BANDS), TOY, skipna=False).rename(quantile=BAND)
    found = found.assign_coords({BAND: band})
    words = {"long_name": f"expected {limits.attrs.get('long_name', name)}"}
    return found.assign_attrs({**limits.attrs, **words}).rename(name)


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
        - ``norm_lo_hi`` (projected_distance, energy): interval from norm_lo (open below if that is
          NaN) to norm_hi.
        - ``norm_ul`` (projected_distance, energy): interval up to the limit.
        - ``norm_err_error``, ``norm_errn_errp_error``, ``norm_lo_hi_error``, ``norm_ul_error``
          (projected_distance, energy): binomial errors of the shares.

        NaN where no toy has a norm. For k of N toys the binomial error is

        .. math:: \sqrt{q (1 - q) / N}, \qquad q = (k + 1) / (N + 2)

        which is above 0 even if all or no intervals hold the norm; q is the mean of the posterior
        density of the share for a flat prior (Paterno 2004, FERMILAB-TM-2286-CD).

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
    >>> toys = binned.profile.simulate(norm=1, n_toys=100, rng=1)
    >>> coverage = xprofile.interval_coverage(toys.profile.estimate(), norm=1)
    >>> list(coverage)
    ['norm_err', 'norm_err_error']
    """
    norms = to_sed_type(toys, "norm")
    true = broadcast_norm(norm, toy_variable(norms, "norm").isel({TOY: 0}, drop=True))
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
        found["norm_errn_errp"] = (low - EQUAL * (high - low)).fillna(-np.inf), high
    if "norm_lo" in profile and "norm_hi" in profile:
        low, high = profile["norm_lo"], profile["norm_hi"]
        found["norm_lo_hi"] = (low - EQUAL * (high - low)).fillna(-np.inf), high
    if "norm_ul" in profile:
        found["norm_ul"] = xr.full_like(norm, -np.inf), profile["norm_ul"]
    return found


def _nominal(profile: xr.Dataset, name: str) -> dict[str, float]:
    """Nominal coverage as attr: one-sided for a limit, else two-sided."""
    level = "cl_ul" if name == "norm_ul" else "cl"
    if level in profile.attrs:
        return {"nominal": float(profile.attrs[level])}
    sigma = profile.attrs.get(level.replace("cl", "n_sigma"))
    if sigma is None:
        return {}
    return {"nominal": one_sided_cl(sigma) if level == "cl_ul" else two_sided_cl(sigma)}
