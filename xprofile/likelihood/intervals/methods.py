"""Upper limits and two-sided intervals of each method, for all problems at once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.special import ndtr, ndtri

from ..cash import Cash
from ..joint import Joint
from ..newton import best_fit, step_down, step_up
from ..statistic import Bool, Float, Statistic
from .bayes import bayes_interval, bayes_limit
from .cls import cls_limit
from .feldman_cousins import exact_interval
from .posterior import Prior
from .toy_cls import toy_cls_limit
from .toy_intervals import toy_interval
from .toys import bounded_fit

__all__ = [
    "DEFAULT_TOYS",
    "INTERVAL_METHODS",
    "MOST_SIGMA",
    "NULL_TOYS",
    "UL_METHODS",
    "IntervalMethod",
    "UndefinedMethodError",
    "interval",
    "single_fine_bins",
    "summed_over_counts",
    "upper_limit",
]

UL_METHODS: Final = ("likelihood", "bounded", "cls", "feldman-cousins", "bayes")
INTERVAL_METHODS: Final = ("likelihood", "bounded", "feldman-cousins", "bayes")

# Toys for each norm that a construction by toys tries. The error of the share of toys is then 0.2 %
# at a level of 95 %, and that of an end about 1 % of its distance from the best fit. Ten times as
# many take ten times as long; with a tenth, ends are wrong by 4 %.
DEFAULT_TOYS: Final = 10_000

# Toys without signal for limits to expect, if their number is not given. The median of their limits
# is then right to 4 % of the width of its distribution, the bands of 2 sigma to 9 %; with ten times
# as many, to 1 and 3 %.
NULL_TOYS: Final = 1000

# Largest significance of the methods that compute probabilities: 1e-88 is left outside, far from
# the smallest number of double precision.
MOST_SIGMA: Final = 20.0


class UndefinedMethodError(ValueError):
    """The method is not defined for these data, or with these settings."""


@dataclass(frozen=True)
class IntervalMethod:
    """How limits or intervals are made.

    Parameters
    ----------
    name : str
        One of `UL_METHODS`.
    prior : callable, optional
        Prior density of the norm for ``"bayes"``, of arrays; the default is the same density for
        all norms above 0.
    toys : int or "exact", optional
        Number of toys where sums over all counts are not possible; with ``"exact"`` that is an
        error. By default ``"cls"`` is asymptotic, and ``"feldman-cousins"`` has `DEFAULT_TOYS`.
    fc_lengthen : bool
        Whether sums for ``"feldman-cousins"`` lengthen intervals, so that limits never rise with
        the background. Toys give the plain construction: with several fine bins the steps of
        single counts are small, and no single background can vary.
    seed : int
        Seed of the toys.
    """

    name: str = "likelihood"
    prior: Prior | None = None
    toys: int | str | None = None
    fc_lengthen: bool = True
    seed: int = 0

    def toys_needed(self, *, expected: bool = False) -> int:
        """Number of toys that a problem may need, also for limits to expect; 0 without toys."""
        given = self.toys if isinstance(self.toys, int) else 0
        if self.name == "feldman-cousins":
            return 0 if self.toys == "exact" else given or DEFAULT_TOYS
        if self.name == "cls":
            return given
        return (given or NULL_TOYS) if expected else 0


def upper_limit(
    stat: Statistic, n_sigma: float, method: IntervalMethod, norm_min: float | None = None
) -> Float:
    r"""Upper limits with the confidence level :math:`\Phi(n)`; NaN without signal.

    Parameters
    ----------
    stat : Statistic
        The problems.
    n_sigma : float
        One-sided significance n, above 0.
    method : IntervalMethod
        The method. All but ``"likelihood"`` give limits of 0 or more.
    norm_min : float, optional
        Smallest norm allowed, for ``"likelihood"`` alone.

    Raises
    ------
    UndefinedMethodError
        If the method is not defined for the data or settings.
    PriorError
        If a prior gives wrong values, or a posterior has no integral.
    """
    _check(method.name, UL_METHODS, n_sigma)
    solve = _LIMITS.get(method.name)

    def limit(some: Statistic) -> tuple[Float]:
        if solve is None:
            x = _start(some, method, norm_min)
            return (x + step_up(some, x, n_sigma**2),)
        return (solve(some, n_sigma, method),)

    return _with_signal(limit, stat, 1)[0]


def interval(
    stat: Statistic, n_sigma: float, method: IntervalMethod, norm_min: float | None = None
) -> tuple[Float, Float]:
    r"""Ends of intervals with the confidence level :math:`2 \Phi(n) - 1`; NaN without signal.

    The lower end of ``"likelihood"`` is NaN if the data set none. The parameters and errors are
    those of `upper_limit`; ``"cls"`` is not defined.
    """
    if method.name == "cls":
        raise UndefinedMethodError(
            "CLs gives upper limits, not intervals with two ends; for these use one of "
            f"{', '.join(INTERVAL_METHODS)}"
        )
    _check(method.name, INTERVAL_METHODS, n_sigma)

    def ends(some: Statistic) -> tuple[Float, Float]:
        if method.name == "bayes":
            return bayes_interval(some, n_sigma, method.prior)
        if method.name == "feldman-cousins":
            return _unified(some, 2 * float(ndtr(-n_sigma)), method, "both")
        return _rise_interval(some, n_sigma, method, norm_min)

    low, high = _with_signal(ends, stat, 2)
    return low, high


def single_fine_bins(stat: Statistic) -> tuple[Bool, Cash | None]:
    """Problems whose only fine bin with signal has a known background, and these fine bins.

    Whether their counts are whole is not looked at. The fine bins are None if there are none.
    """
    parts = stat.parts if isinstance(stat, Joint) else (stat,)
    none = np.zeros(stat.slope_limit().size, bool)
    known = [part for part in parts if isinstance(part, Cash)]
    if len(known) < len(parts):
        return none, None
    n, s, b = (np.concatenate([getattr(part, name) for part in known], axis=1) for name in "nsb")
    single = (s > 0).sum(axis=1) == 1
    if not single.any():
        return none, None
    column = (s[single] > 0).argmax(axis=1)[:, None]
    return single, Cash.from_counts(
        *(np.take_along_axis(v[single], column, axis=1) for v in (n, s, b))
    )


def summed_over_counts(stat: Statistic) -> Bool:
    """Problems for which exact sums can replace toys: single fine bins with whole counts."""
    return _summed(stat)[0]


def _summed(stat: Statistic) -> tuple[Bool, Cash | None]:
    """As `single_fine_bins`, for whole counts alone."""
    single, fine = single_fine_bins(stat)
    if fine is not None:
        whole = (fine.n == np.floor(fine.n))[:, 0]
        single[single] = whole
        fine = fine.take(whole)
    return single, fine


def _check(name: str, names: tuple[str, ...], n_sigma: float) -> None:
    if name not in names:
        raise UndefinedMethodError(f"unknown method {name!r}; use one of {', '.join(names)}")
    if not n_sigma > 0 or (name not in ("likelihood", "bounded") and n_sigma > MOST_SIGMA):
        raise UndefinedMethodError(
            f"a significance of {n_sigma} is not possible with the method {name}; use one above 0, "
            f"up to {MOST_SIGMA:.0f}, such as a one-sided confidence level above 0.5"
        )


def _with_signal(
    solve: Callable[[Statistic], tuple[Float, ...]], stat: Statistic, number: int
) -> list[Float]:
    """Solve the problems with signal; others are NaN."""
    signal = stat.slope_limit() > 0
    found = [np.full(signal.size, np.nan) for _ in range(number)]
    if signal.any():
        some = stat if signal.all() else stat.take(signal)
        for values, solved in zip(found, solve(some), strict=True):
            values[signal] = solved
    return found


def _rise_interval(
    stat: Statistic, n_sigma: float, method: IntervalMethod, norm_min: float | None
) -> tuple[Float, Float]:
    """Norms where the statistic has risen by n^2 above the best fit, of 0 or more if bounded."""
    lowest = 0.0 if method.name == "bounded" else norm_min
    x = _start(stat, method, norm_min)
    return x - step_down(stat, x, n_sigma**2, lowest), x + step_up(stat, x, n_sigma**2)


def _start(stat: Statistic, method: IntervalMethod, norm_min: float | None) -> Float:
    return bounded_fit(stat) if method.name == "bounded" else best_fit(stat, norm_min)[0]


def _cls(stat: Statistic, n_sigma: float, method: IntervalMethod) -> Float:
    if method.toys is None:
        return cls_limit(stat, n_sigma)

    def exact(some: Cash) -> tuple[Float]:
        # the sum over counts up to n is the integral of the posterior with a flat prior
        return (bayes_limit(some, n_sigma),)

    def by_toys(some: Statistic, toys: int) -> tuple[Float]:
        return (toy_cls_limit(some, n_sigma, toys, method.seed),)

    return _exact_or_toys(stat, method, exact, by_toys, 1)[0]


def _unified(
    stat: Statistic, outside: float, method: IntervalMethod, ends: str
) -> tuple[Float, Float]:
    """Ends of Feldman and Cousins' intervals that leave a probability outside."""

    def exact(some: Cash) -> tuple[Float, Float]:
        n, s, b = some.n[:, 0], some.s[:, 0], some.b[:, 0]
        low, high = exact_interval(n, b, outside, lengthen=method.fc_lengthen, ends=ends)
        return low / s, high / s

    def by_toys(some: Statistic, toys: int) -> tuple[Float, Float]:
        n_sigma = -float(ndtri(outside / 2))
        return toy_interval(some, n_sigma, 1 - outside, toys, method.seed, ends=ends)

    low, high = _exact_or_toys(stat, method, exact, by_toys, 2)
    return low, high


def _exact_or_toys(
    stat: Statistic,
    method: IntervalMethod,
    exact: Callable[[Cash], tuple[Float, ...]],
    by_toys: Callable[[Statistic, int], tuple[Float, ...]],
    number: int,
) -> list[Float]:
    """Sums over counts where there is one fine bin with whole counts and a known background."""
    single, fine = _summed(stat)
    if method.toys == "exact" and not single.all():
        raise UndefinedMethodError(
            f'toys="exact" sums over the counts of one fine bin with a known background; '
            f"{np.count_nonzero(~single)} of {single.size} bins have several fine bins, "
            "a measured or uncertain background, or counts that are not whole. Use "
            "sum_over_energy_groups=True with background='fixed', or a number of toys such as "
            "toys=10000"
        )
    found = [np.full(single.size, np.nan) for _ in range(number)]

    def fill(where: Bool, solved: tuple[Float, ...]) -> None:
        for values, part in zip(found, solved, strict=True):
            values[where] = part

    if fine is not None and single.any():
        fill(single, exact(fine))
    if not single.all():
        toys = method.toys if isinstance(method.toys, int) else DEFAULT_TOYS
        fill(~single, by_toys(stat.take(~single), toys))
    return found


_LIMITS: dict[str, Callable[[Statistic, float, IntervalMethod], Float]] = {
    "cls": _cls,
    "bayes": lambda stat, n_sigma, method: bayes_limit(stat, n_sigma, method.prior),
    "feldman-cousins": lambda stat, n_sigma, method: _unified(
        stat, float(ndtr(-n_sigma)), method, "upper"
    )[1],
}
