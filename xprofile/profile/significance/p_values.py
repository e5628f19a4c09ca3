r"""Probabilities of test statistics without signal, by toys: of one bin, or of a whole profile.

With m bins, the smallest of m p-values is small by chance. The correction ``"max"`` compares each
bin with the largest value of each toy, which keeps the correlation of the bins (the single-step
maxT procedure of Westfall & Young 1993). ``"holm"`` needs no toys of the whole profile: it
multiplies the k-th smallest p-value by m - k + 1 (Holm 1979, Scand. J. Stat. 6, 65).
"""

from __future__ import annotations

import warnings
from typing import Literal

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from ...exceptions import DataWarning, InvalidDataError, InvalidOptionError
from ...schema.names import TOY
from ...schema.options import suggests_options
from ...schema.warning_place import user_stacklevel
from .same_settings import warn_of_other_settings
from .toy_variables import EQUAL, profile_variable, toy_variable

__all__ = ["matched_with_toys", "p_value", "share_of_toys", "whole_profile"]

_NULL = "_null"
_CORRECTIONS = ("none", "max", "holm")

# Level of significance that p-values should be able to reach, or a warning says how many toys it
# takes. It is the usual one of 5 %; at ten times as much, no number of toys is enough to warn of.
_USUAL_LEVEL = 0.05


@suggests_options
def p_value(
    profile: xr.Dataset,
    toys: xr.Dataset,
    *,
    quantity: str = "ts",
    correction: Literal["none", "max", "holm"] = "none",
) -> xr.DataArray:
    r"""Probability that data without signal have a test statistic as high as the observed one.

    Parameters
    ----------
    profile : xarray.Dataset
        The observed profile. If it has a dim ``toy``, each toy gets a p-value.
    toys : xarray.Dataset
        Profile of toys without signal, of the same bins by the same settings.
    quantity : str
        Variable to compare: ``ts`` for signals of either sign, so that a deficit is significant,
        too; ``sqrt_ts``, the default of `global_significance`, for positive signals alone.
    correction : {"none", "max", "holm"}
        Allowance for many bins and energies. ``"none"`` gives the p-value of each bin alone. With
        both others, the probability is at most a that any p-value of a profile without signal is
        a or less. ``"max"`` compares with the largest value of each toy among all bins and
        energies. It suits values with a similar distribution in all bins, such as ``sqrt_ts``,
        and needs no more toys for more bins. ``"holm"`` multiplies the k-th smallest of m p-values
        by m - k + 1, for any distributions.

    Returns
    -------
    xarray.DataArray
        ``p_value`` (projected_distance, energy): :math:`p = (1 + k) / (1 + N)` if k of N toys have
        a value as high as the observed one. It is never below 1 / (1 + N), and
        :math:`P(p \le a) \le a` (Davison & Hinkley 1997, eq. 4.11). NaN where the observed value
        or those of all toys are not known; such bins do not count in a correction.

    Raises
    ------
    MissingVariableError
        If the toys have no dim ``toy``, or a profile lacks the quantity.
    InvalidDataError
        If the two have different bins.
    InvalidOptionError
        If the correction is unknown.

    Warns
    -----
    DataWarning
        If there are too few toys for a p-value of 5 % with ``"holm"``, or the toys have a signal,
        another background or another spectral model.

    See Also
    --------
    xprofile.simulate : Draw the toys.
    xprofile.global_significance : Significance of the most significant bin.
    xprofile.goodness_of_fit : Tests of all bins together.
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
    >>> profile = binned.profile.estimate()
    >>> null = binned.profile.simulate(n_toys=199, rng=1).profile.estimate()
    >>> xprofile.p_value(profile, null).values[0].item()
    0.005
    >>> xprofile.p_value(profile, null, correction="holm").values[0].item()
    0.02
    """
    if correction not in _CORRECTIONS:
        raise InvalidOptionError(
            f"correction must be one of {list(_CORRECTIONS)}, found {correction!r}"
        )
    observed, null = matched_with_toys(profile, toys, quantity)
    if correction == "max":
        found = share_of_toys(observed, whole_profile(observed, null))
        found = found.where(null.notnull().any(_NULL))
    else:
        found = share_of_toys(observed, null)
    if correction == "holm":
        found = _holm(found, null.sizes[_NULL])
    words = "as high without signal"
    if correction != "none":
        words = f"{words} in any bin ({correction})"
    attrs = {"long_name": f"probability of a {quantity} {words}"}
    return found.transpose(*observed.dims).rename("p_value").assign_attrs(attrs)


def matched_with_toys(
    profile: xr.Dataset, toys: xr.Dataset, quantity: str
) -> tuple[xr.DataArray, xr.DataArray]:
    """Return the observed values, and those of toys without signal in the same bins.

    The toys are along the dim ``_null``, so that the observed profile can have a dim ``toy``.
    """
    null = toy_variable(toys, quantity).rename({TOY: _NULL})
    observed = profile_variable(profile, quantity)
    same = set(null.dims) - {_NULL} == set(observed.dims) - {TOY}
    try:
        observed, null = xr.align(observed, null, join="exact")
    except ValueError:
        same = False
    if not same:
        raise InvalidDataError(
            f"the toys have other bins than the profile: {dict(null.sizes)} against "
            f"{dict(observed.sizes)}, or other coordinates; estimate both with the same settings"
        )
    warn_of_other_settings(profile, toys)
    return observed, null


def share_of_toys(observed: xr.DataArray, null: xr.DataArray) -> xr.DataArray:
    """P-value (1 + k) / (1 + N), if k of N toys have a value as high; NaN where one is unknown."""
    known = observed.notnull() & (null.notnull().sum(_NULL) > 0)
    above = (null >= observed * (1 - EQUAL * np.sign(observed))).sum(_NULL)
    return ((1 + above) / (1 + null.notnull().sum(_NULL))).where(known)


def whole_profile(observed: xr.DataArray, null: xr.DataArray) -> xr.DataArray:
    """Largest value of each toy, among the bins in which the observed value is known."""
    known = observed.notnull()
    if TOY in known.dims:
        known = known.any(TOY)
    return null.where(known).max([dim for dim in null.dims if dim != _NULL])


def _holm(local: xr.DataArray, n_toys: int) -> xr.DataArray:
    """P-values corrected for their number, among all dims but ``toy``."""
    dims = [dim for dim in local.dims if dim != TOY]
    number = int(local.notnull().sum(dims).max()) if local.size else 0
    if number > _USUAL_LEVEL * (1 + n_toys):
        warnings.warn(
            f"the p-values of {number} bins by {n_toys} toys cannot be below "
            f"{min(number / (1 + n_toys), 1):.2g} with correction='holm'; draw at least "
            f"{int(np.ceil(number / _USUAL_LEVEL)) - 1} toys, or use correction='max'",
            DataWarning,
            stacklevel=user_stacklevel(),
        )
    found = xr.apply_ufunc(
        _holm_of_rows,
        local.stack(_bin=dims, create_index=False),
        input_core_dims=[["_bin"]],
        output_core_dims=[["_bin"]],
    )
    shape = local.transpose(..., *dims)
    return shape.copy(data=found.transpose(..., "_bin").to_numpy().reshape(shape.shape))


def _holm_of_rows(p: NDArray[np.float64]) -> NDArray[np.float64]:
    """Corrected p-values along the last axis; NaN stays and does not count."""
    order = np.argsort(p, axis=-1)  # NaN comes last
    ordered = np.take_along_axis(p, order, axis=-1)
    known = ~np.isnan(ordered)
    factor = known.sum(axis=-1, keepdims=True) - np.arange(p.shape[-1])
    raised = np.where(known, np.minimum(ordered * factor, 1), -np.inf)
    found = np.where(known, np.maximum.accumulate(raised, axis=-1), np.nan)
    back = np.empty_like(found)
    np.put_along_axis(back, order, found, axis=-1)
    return back
