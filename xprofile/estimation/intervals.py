"""Upper limits and intervals by the methods of `xprofile.likelihood.intervals`."""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..exceptions import InvalidOptionError
from ..likelihood import Joint, Statistic, step_up
from ..likelihood.intervals import (
    DEFAULT_TOYS,
    IntervalMethod,
    expected_upper_limits,
    interval,
    single_fine_bins,
    upper_limit,
)
from ..schema.arguments.generators import random_generator
from .confidence import HasIntervals, Prior

__all__ = [
    "interval_methods",
    "interval_quantities",
    "method_attrs",
    "problems_with_toys",
    "scaled_method",
]

Float = NDArray[np.float64]

# Toys that are solved in a block: enough for the speed of arrays, and a block of one problem of 1e4
# toys takes about a second, so that a progress bar moves.
_TOYS_IN_BLOCK = 16384


def interval_quantities(
    stat: Statistic,
    x: Float,
    selection: Collection[str],
    n_sigma: tuple[float, float],
    methods: tuple[IntervalMethod, IntervalMethod | None],
    norm_min: float | None,
) -> dict[str, Float]:
    """Return the limits and intervals that are asked for, by their names.

    Parameters
    ----------
    stat : Statistic
        The problems.
    x : numpy.ndarray
        Their best fits, 0 without signal.
    selection : collection of str
        Optional quantities: ``ul`` and ``ul-expected`` count here.
    n_sigma : tuple of float
        Significances of intervals and of upper limits.
    methods : tuple of IntervalMethod
        Methods of limits and of intervals, in this order; no intervals for None.
    norm_min : float or None
        Smallest norm allowed.
    """
    upper, two_sided = methods
    values = {}
    if "ul" in selection and upper.name == "likelihood":
        values["norm_ul"] = x + step_up(stat, x, n_sigma[1] ** 2)
    elif "ul" in selection:
        values["norm_ul"] = upper_limit(stat, n_sigma[1], upper, norm_min)
    if "ul-expected" in selection:
        values["norm_ul_expected"] = expected_upper_limits(
            stat, n_sigma[1], upper, norm_min=norm_min
        )
    if two_sided is not None:
        values["norm_lo"], values["norm_hi"] = interval(stat, n_sigma[0], two_sided, norm_min)
    return values


def problems_with_toys(
    first: Sequence[Statistic],
    selection: Collection[str],
    methods: tuple[IntervalMethod, IntervalMethod | None],
) -> int | None:
    """Return the number of problems to solve at once if they need toys; None if they do not.

    `first` are the statistics of some of the problems, one for each data set. If all of these have
    exact sums, so many problems have that large blocks are faster.
    """
    upper, two_sided = methods
    asked = [(upper, "ul" in selection, False), (upper, "ul-expected" in selection, True)]
    asked += [] if two_sided is None else [(two_sided, True, False)]
    needed = [m for m, wanted, expected in asked if wanted and m.draws_toys(expected=expected)]
    if not needed:
        return None
    stat = first[0] if len(first) == 1 else Joint(tuple(first))
    if (single_fine_bins(stat)[0] | ~(stat.slope_limit() > 0)).all():
        return None
    toys = max(m.toys if isinstance(m.toys, int) else DEFAULT_TOYS for m in needed)
    return max(_TOYS_IN_BLOCK // toys, 1)


def scaled_method(method: IntervalMethod, factor: float) -> IntervalMethod:
    """Return the method for norms of a signal that is larger by a factor."""
    if method.prior is None:
        return method
    return replace(method, prior=partial(_prior_of_scaled, method.prior, factor))


def _prior_of_scaled(prior: Callable[[Float], ArrayLike], factor: float, norm: Float) -> ArrayLike:
    return prior(norm * factor)


def interval_methods(options: HasIntervals) -> tuple[IntervalMethod, IntervalMethod | None]:
    """Methods of upper limits and of intervals, with the same seed of toys.

    A generator moves on.
    """
    seed = int(random_generator(options.rng).integers(2**63))
    toys = options.toys if options.toys is None or options.toys == "exact" else int(options.toys)

    def method(name: str) -> IntervalMethod:
        given = options.prior if name == "bayes" else None
        prior = None if given is None else partial(_call_prior, given)
        exact = toys == "exact" and name not in ("cls", "feldman-cousins")
        return IntervalMethod(name, prior, None if exact else toys, options.fc_lengthen, seed)

    two_sided = options.interval_method
    return method(options.ul_method), None if two_sided is None else method(two_sided)


def _call_prior(prior: Prior, norm: NDArray[np.float64]) -> ArrayLike:
    """Call a prior, and say that it failed if it does."""
    try:
        return prior(norm)
    except (TypeError, ValueError, AttributeError, LookupError, ArithmeticError) as error:
        raise InvalidOptionError(
            f"prior fails for an array of norms: {type(error).__name__}: {error}; it must be a "
            "function of an array, such as lambda norm: np.exp(-norm)"
        ) from error


def method_attrs(options: HasIntervals) -> dict[Hashable, Any]:
    """Attributes of the profile with the names of the methods."""
    found: dict[Hashable, Any] = {"ul_method": options.ul_method}
    if options.interval_method is not None:
        found["interval_method"] = options.interval_method
    return found
