"""Upper limits to expect without signal: their median and bands."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri, pdtr, pdtrik

from ..cash import Cash
from ..statistic import Float, Statistic
from .cls import expected_cls_limits
from .methods import DEFAULT_TOYS, IntervalMethod, single_fine_bins, upper_limit
from .toy_cls import expected_toy_cls_limits
from .toy_intervals import expected_toy_ends
from .toys import in_parts, toys_of

__all__ = ["EXPECTED_BANDS", "expected_upper_limits"]

# Median and the usual bands, in standard deviations of a normal distribution.
EXPECTED_BANDS: Final = (-2.0, -1.0, 0.0, 1.0, 2.0)

# Toys without signal, if their number is not given. The median of their limits is then right to 4 %
# of the width of its distribution, the bands of 2 sigma to 9 %; with ten times as many, to 1 and 3
# %.
_NULL_TOYS = 1000


def expected_upper_limits(
    stat: Statistic,
    n_sigma: float,
    method: IntervalMethod,
    bands: Sequence[float] = EXPECTED_BANDS,
    norm_min: float | None = None,
) -> Float:
    r"""Quantiles :math:`\Phi(z)` of the limits without signal, (nproblem, nband).

    Backgrounds that are not known are those that fit the data best without signal. The quantiles
    are exact for asymptotic CLs, and for one fine bin with a known background. Otherwise they come
    from toys.

    Parameters
    ----------
    stat, n_sigma, method, norm_min
        As in `upper_limit`.
    bands : sequence of float
        Standard deviations z of a normal distribution.

    Raises
    ------
    UndefinedMethodError, PriorError
        As in `upper_limit`.
    """
    found = np.full((stat.slope_limit().size, len(bands)), np.nan)
    signal = stat.slope_limit() > 0
    if method.name == "cls" and method.toys is None:
        found[signal] = expected_cls_limits(stat.take(signal), n_sigma, bands)
        return found
    single, fine = single_fine_bins(stat)
    if fine is not None:
        found[single] = _of_single(fine, n_sigma, method, bands, norm_min)
    rest = np.flatnonzero(signal & ~single)
    if rest.size:
        found[rest] = _of_toys(stat.take(rest), n_sigma, method, bands, norm_min)
    return found


def _of_single(
    fine: Cash, n_sigma: float, method: IntervalMethod, bands: Sequence[float],
    norm_min: float | None,
) -> Float:  # fmt: skip
    """Limits of the quantiles of the counts, with which limits rise."""
    counts = np.column_stack([_count_quantile(float(ndtr(z)), fine.b[:, 0]) for z in bands])
    n = counts.reshape(-1, 1)
    s, b = (np.repeat(v, len(bands), axis=0) for v in (fine.s, fine.b))
    limits = upper_limit(Cash.from_counts(n, s, b), n_sigma, method, norm_min)
    return limits.reshape(counts.shape)


def _count_quantile(share: float, mean: Float) -> Float:
    """Smallest counts up to which a Poisson distribution has a share."""
    with np.errstate(invalid="ignore"):
        n = np.ceil(np.where(mean > 0, pdtrik(share, mean), 0))
    n = np.where(n >= 0, n, 0)  # NaN for means so small that no counts have nearly all of it
    fewer = np.maximum(n - 1, 0)
    return np.where(pdtr(fewer, mean) >= share, fewer, n)


def _of_toys(
    stat: Statistic, n_sigma: float, method: IntervalMethod, bands: Sequence[float],
    norm_min: float | None,
) -> Float:  # fmt: skip
    toys = method.toys if isinstance(method.toys, int) else None
    if method.name == "cls" and toys is not None:
        return expected_toy_cls_limits(stat, n_sigma, bands, toys, method.seed)

    def of_part(which: NDArray[np.intp]) -> Float:
        part = stat.take(which)
        zero = np.zeros(which.size)
        limits = []
        for count, null in toys_of(part, zero, toys or _NULL_TOYS, method.seed, stage=1):
            found = upper_limit(null, n_sigma, method, norm_min)
            limits.append(found.reshape(which.size, count))
        return np.asarray(np.quantile(np.concatenate(limits, axis=1), ndtr(bands), axis=1).T)

    if method.name == "feldman-cousins" and method.toys != "exact":
        outside = float(ndtr(-n_sigma))
        return expected_toy_ends(
            stat, -float(ndtri(outside / 2)), 1 - outside, bands, toys or DEFAULT_TOYS, method.seed
        )
    return in_parts(of_part, stat.slope_limit().size, toys or _NULL_TOYS)
