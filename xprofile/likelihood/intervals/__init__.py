"""Upper limits and intervals by several methods, as functions of arrays.

`methods` has one function for all upper limits and one for all intervals, `expected` the limits
to expect without signal, and `confidence` turns confidence levels into significances. The methods
are in `cls` (asymptotic CLs), `bayes`, and `feldman_cousins` (exact sums for one fine bin). `toys`
draws toys for `toy_cls` and `toy_intervals` (Feldman and Cousins with any data). `marginal`
integrates likelihoods over backgrounds; `posterior` and `panels` integrate them over norms. `roots`
solves equations.
"""

from .confidence import one_sided_cl, one_sided_sigma, two_sided_cl, two_sided_sigma
from .expected import EXPECTED_BANDS, expected_upper_limits, number_of_expectations
from .methods import (
    DEFAULT_TOYS,
    INTERVAL_METHODS,
    MOST_SIGMA,
    UL_METHODS,
    IntervalMethod,
    UndefinedMethodError,
    interval,
    single_fine_bins,
    summed_over_counts,
    upper_limit,
)
from .posterior import PriorError

__all__ = [
    "DEFAULT_TOYS",
    "EXPECTED_BANDS",
    "INTERVAL_METHODS",
    "MOST_SIGMA",
    "UL_METHODS",
    "IntervalMethod",
    "PriorError",
    "UndefinedMethodError",
    "expected_upper_limits",
    "interval",
    "number_of_expectations",
    "one_sided_cl",
    "one_sided_sigma",
    "single_fine_bins",
    "summed_over_counts",
    "two_sided_cl",
    "two_sided_sigma",
    "upper_limit",
]
