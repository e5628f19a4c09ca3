"""Upper limits to expect without signal: their median and bands."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri, pdtr, pdtrik

from ..cash import Cash
from ..joint import Joint
from ..statistic import Float, Statistic
from .cls import expected_cls_limits
from .methods import DEFAULT_TOYS, NULL_TOYS, IntervalMethod, single_fine_bins, upper_limit
from .toy_cls import expected_toy_cls_limits
from .toy_intervals import expected_toy_ends
from .toys import in_parts, toys_of

__all__ = ["EXPECTED_BANDS", "expected_upper_limits", "number_of_expectations"]

# Median and the usual bands, in standard deviations of a normal distribution.
EXPECTED_BANDS: Final = (-2.0, -1.0, 0.0, 1.0, 2.0)

# Problems whose limits are kept for others with the same expectation: 20 MB of fine bins.
# Profiles of 1e5 bins or more without toys compute all the same; ten times more fill the memory.
_MOST_KEPT = 100_000


def expected_upper_limits(
    stat: Statistic,
    n_sigma: float,
    method: IntervalMethod,
    bands: Sequence[float] = EXPECTED_BANDS,
    norm_min: float | None = None,
    kept: dict[bytes, Float] | None = None,
) -> Float:
    r"""Quantiles :math:`\Phi(z)` of the limits without signal, (nproblem, nband).

    Backgrounds that are not known are those that fit the data best without signal. The quantiles
    are exact for asymptotic CLs, and for one fine bin with a known background. Otherwise they come
    from toys. With known backgrounds, problems with the same signal and background share them.

    Parameters
    ----------
    stat, n_sigma, method, norm_min
        As in `upper_limit`.
    bands : sequence of float
        Standard deviations z of a normal distribution.
    kept : dict, optional
        Limits from toys of earlier calls with the same options, to which those of this call are
        added.

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
        found[rest] = _shared(
            lambda some: _of_toys(some, n_sigma, method, bands, norm_min),
            stat.take(rest),
            {} if kept is None else kept,
        )
    return found


def number_of_expectations(stat: Statistic) -> int:
    """Number of problems whose expectations without signal differ."""
    return stat.slope_limit().size if _parts(stat) is None else len(set(_expectations(stat)))


def _shared(
    solve: Callable[[Statistic], Float], stat: Statistic, kept: dict[bytes, Float]
) -> Float:
    """Solve problems with the same expectation once."""
    if _parts(stat) is None:
        return solve(stat)
    keys = _expectations(stat)
    first = {key: row for row, key in reversed(list(enumerate(keys))) if key not in kept}
    new = {}
    if first:
        rows = np.array(sorted(first.values()))
        # random numbers then depend on what is expected, not on the counts
        null = stat.take(rows).expected_data(np.zeros(rows.size))
        new = dict(zip((keys[row] for row in rows), solve(null), strict=True))
    found = np.stack([new[key] if key in new else kept[key] for key in keys])
    if len(kept) + len(new) <= _MOST_KEPT:
        kept.update(new)
    return found


def _parts(stat: Statistic) -> tuple[Cash, ...] | None:
    """Data sets of problems with known backgrounds; None if a background is not known."""
    parts = stat.parts if isinstance(stat, Joint) else (stat,)
    known = tuple(part for part in parts if isinstance(part, Cash))
    return known if len(known) == len(parts) else None


def _expectations(stat: Statistic) -> list[bytes]:
    """Signals and backgrounds of each problem."""
    rows = np.hstack([values for part in _parts(stat) or () for values in (part.s, part.b)])
    return [row.tobytes() for row in rows]


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
        for count, null in toys_of(part, zero, toys or NULL_TOYS, method.seed, stage=1):
            found = upper_limit(null, n_sigma, method, norm_min)
            limits.append(found.reshape(which.size, count))
        return np.asarray(np.quantile(np.concatenate(limits, axis=1), ndtr(bands), axis=1).T)

    if method.name == "feldman-cousins" and method.toys != "exact":
        outside = float(ndtr(-n_sigma))
        return expected_toy_ends(
            stat, -float(ndtri(outside / 2)), 1 - outside, bands, toys or DEFAULT_TOYS, method.seed
        )
    return in_parts(of_part, stat.slope_limit().size, toys or NULL_TOYS)
