"""Upper limits and intervals by the methods of `xprofile.likelihood.intervals`."""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import astropy.units as u
import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..exceptions import InvalidOptionError
from ..likelihood import Joint, Statistic, step_up
from ..likelihood.intervals import (
    DEFAULT_TOYS,
    IntervalMethod,
    expected_upper_limits,
    interval,
    number_of_expectations,
    single_fine_bins,
    summed_over_counts,
    upper_limit,
)
from ..schema.arguments.function_texts import function_text
from ..schema.arguments.generators import random_generator
from .confidence import HasIntervals, Prior

__all__ = [
    "construction_attrs",
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

_LARGEST = 2**63  # from which whole numbers do not fit into files

# Problems that are looked at in a block; a technical size, as in `solve`.
_COUNTED_AT_ONCE = 4096


def interval_quantities(
    stat: Statistic,
    x: Float,
    selection: Collection[str],
    n_sigma: tuple[float, float],
    methods: tuple[IntervalMethod, IntervalMethod | None],
    norm_min: float | None,
    kept: dict[bytes, Float] | None = None,
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
    kept : dict, optional
        Limits to expect of other problems; see `expected_upper_limits`.
    """
    upper, two_sided = methods
    values = {}
    if "ul" in selection and upper.name == "likelihood":
        values["norm_ul"] = x + step_up(stat, x, n_sigma[1] ** 2)
    elif "ul" in selection:
        values["norm_ul"] = upper_limit(stat, n_sigma[1], upper, norm_min)
    if "ul-expected" in selection:
        values["norm_ul_expected"] = expected_upper_limits(
            stat, n_sigma[1], upper, norm_min=norm_min, kept=kept
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
    asked = [upper.toys_needed()] if "ul" in selection else []
    asked += [] if two_sided is None else [two_sided.toys_needed()]
    observed = max(asked, default=0)
    expected = upper.toys_needed(expected=True) if "ul-expected" in selection else 0
    if not (observed or expected):
        return None
    stat = first[0] if len(first) == 1 else Joint(tuple(first))
    if (single_fine_bins(stat)[0] | ~(stat.slope_limit() > 0)).all():
        return None
    number = max(_TOYS_IN_BLOCK // max(observed, expected), 1)
    if observed:
        return number
    size = stat.slope_limit().size
    return min(number * size // max(number_of_expectations(stat), 1), _COUNTED_AT_ONCE)


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
    """Call a prior, and say that it failed if it does, or gives no real numbers."""
    try:
        found = prior(norm)
        kind = np.asarray(found).dtype.kind
    except (TypeError, ValueError, AttributeError, LookupError, ArithmeticError) as error:
        raise InvalidOptionError(
            f"prior fails for an array of norms: {type(error).__name__}: {error}; it must be a "
            "function of an array, such as lambda norm: np.exp(-norm)"
        ) from error
    unit = getattr(found, "unit", None)
    if kind not in "biuf" or not (unit is None or u.Unit(unit) == u.dimensionless_unscaled):
        what = f"values of type {np.asarray(found).dtype}" if unit is None else f"a unit, {unit}"
        raise InvalidOptionError(
            f"prior must give real numbers without a unit for an array of norms, found {what}"
        )
    return found


def method_attrs(options: HasIntervals) -> dict[Hashable, Any]:
    """Attributes of the profile that name the methods and the options that repeat them."""
    found: dict[Hashable, Any] = {"ul_method": options.ul_method}
    if options.interval_method is not None:
        found["interval_method"] = options.interval_method
    if options.prior is not None:
        found["prior"] = function_text(options.prior)
    if options.toys is not None:
        found["toys"] = "exact" if options.toys == "exact" else int(options.toys)
    if options.rng is not None and not isinstance(options.rng, np.random.Generator):
        seed = int(options.rng)
        found["rng"] = seed if seed < _LARGEST else str(seed)
    return found


def construction_attrs(
    options: HasIntervals, statistics: Callable[[slice], Sequence[Statistic]], size: int
) -> dict[Hashable, str]:
    """Return attributes of the profile that tell how limits and intervals were constructed.

    Parameters
    ----------
    options : HasIntervals
        The methods.
    statistics : callable
        Returns the statistics of a slice of the problems, one for each data set.
    size : int
        Number of problems.

    Returns
    -------
    dict
        ``ul_construction`` and ``interval_construction``, for CLs, and for Feldman and Cousins.
    """
    methods = {"ul": options.ul_method, "interval": options.interval_method}
    constructed = {k: v for k, v in methods.items() if v in ("cls", "feldman-cousins")}
    if not constructed:
        return {}
    asymptotic = options.toys is None
    if asymptotic and set(constructed.values()) == {"cls"}:
        number = summed = 0
    else:
        number, summed = _numbers_of_sums(statistics, size)
    lengthened = "lengthened" if options.fc_lengthen else "plain"
    toys = f"{DEFAULT_TOYS if asymptotic else options.toys} toys"
    found: dict[Hashable, str] = {}
    for name, method in constructed.items():
        unified = method == "feldman-cousins"
        sums = f"exact sums, {lengthened}" if unified else "exact sums"
        drawn = f"{toys}, plain" if unified else toys
        text = drawn if not summed else sums
        if 0 < summed < number:
            text = f"{sums} in {summed} of {number} results; {drawn} in the others"
        found[f"{name}_construction"] = "asymptotic" if asymptotic and not unified else text
    return found


def _numbers_of_sums(
    statistics: Callable[[slice], Sequence[Statistic]], size: int
) -> tuple[int, int]:
    """Numbers of problems with signal, and of those whose constructions are sums over counts."""
    number = summed = 0
    for start in range(0, size, _COUNTED_AT_ONCE):
        parts = statistics(slice(start, start + _COUNTED_AT_ONCE))
        stat = parts[0] if len(parts) == 1 else Joint(tuple(parts))
        signal = stat.slope_limit() > 0
        number += int(np.count_nonzero(signal))
        summed += int(np.count_nonzero(summed_over_counts(stat) & signal))
    return number, summed
