"""Write the tables of the coverage and median of limits and intervals by method, beside this file.

Run ``python docs/statistics/coverage_methods.py [number of toys]``. The default, a million, takes
about ten minutes.

``methods_limits.csv`` and ``methods_intervals.csv`` are for one fine bin with a known background.
They are exact: sums over all counts, with the probability of each. ``methods_scan.csv`` is the same
at more signals, for the figures. ``methods_toys.csv`` and ``methods_toys_medians.csv`` are for toys
of 11 fine bins, by ``coverage_toys.py``.
"""

import csv
import sys
from pathlib import Path

import numpy as np
from coverage import BACKGROUNDS
from coverage_toys import ORDER, toy_row
from scipy.stats import poisson

from xprofile.likelihood import Cash
from xprofile.likelihood.intervals import (
    IntervalMethod,
    interval,
    one_sided_sigma,
    two_sided_sigma,
    upper_limit,
)

SIGNALS = 0, 1, 2, 3, 5, 10, 20, 30, 50, 100
FEWER = 0, 1, 3, 10, 30, 100
SCAN = [0, *(float(f"{signal:.4g}") for signal in np.geomspace(0.1, 100, 181))]
LIMITS = {
    "likelihood": IntervalMethod(),
    "bounded": IntervalMethod("bounded"),
    "cls": IntervalMethod("cls"),
    "cls_exact": IntervalMethod("cls", toys="exact"),
    "feldman_cousins": IntervalMethod("feldman-cousins"),
    "bayes": IntervalMethod("bayes"),
}
INTERVALS = {name: LIMITS[name] for name in LIMITS if not name.startswith("cls")}
UPPER, TWO_SIDED = one_sided_sigma(0.95), two_sided_sigma(0.6827)


def one_bin(background, most):
    """All counts that matter, and the statistic of each."""
    n = np.arange(poisson.isf(1e-14, most + background) + 2)
    ones = np.ones((n.size, 1))
    return n, Cash.from_counts(n[:, None], ones, background * ones)


def holds(low, high, true):
    """Whether each interval contains the true norm; ends that are equal to it are part of it."""
    above = np.logical_not(np.greater(low, true * (1 + 1e-9)))
    return above & (true <= high * (1 + 1e-9))


def exact(background, signals):
    """Coverage and median of limits, and coverage of intervals, at each signal."""
    n, stat = one_bin(background, max(signals))
    limits = {name: upper_limit(stat, UPPER, method) for name, method in LIMITS.items()}
    ends = {name: interval(stat, TWO_SIDED, method) for name, method in INTERVALS.items()}
    for signal in signals:
        share = poisson.pmf(n, signal + background)
        median = int(poisson.median(signal + background))
        row = {"background": background, "signal": signal}
        for name, limit in limits.items():
            row[name] = 100 * share[holds(np.nan, limit, signal)].sum()
            row[f"median_{name}"] = limit[median]
        for name, (low, high) in ends.items():
            row[f"interval_{name}"] = 100 * share[holds(low, high, signal)].sum()
        yield row


def write(path, rows, columns):
    """Write some columns: shares in per cent to two digits, limits to three."""
    with path.open("w", newline="") as file:
        out = csv.writer(file, lineterminator="\n")
        out.writerow(columns)
        for row in rows:
            digits = (3 if name.startswith("median") else 2 for name in columns[2:])
            numbers = [f"{row[name]:.{k}f}" for name, k in zip(columns[2:], digits, strict=True)]
            out.writerow([f"{row[name]:g}" for name in columns[:2]] + numbers)


def main(number):
    """Write all tables."""
    here = Path(__file__).parent
    few = [row for b in BACKGROUNDS for row in exact(b, SIGNALS)]
    many = [row for b in BACKGROUNDS for row in exact(b, SCAN)]
    first = ["background", "signal"]
    medians = [f"median_{name}" for name in LIMITS]
    pairs = [f"interval_{name}" for name in INTERVALS]
    write(here / "methods_limits.csv", few, [*first, *LIMITS])
    write(here / "methods_medians.csv", few, [*first, *medians])
    write(here / "methods_intervals.csv", few, [*first, *pairs])
    write(here / "methods_scan.csv", many, [*first, *LIMITS, *medians, *pairs])
    rows = [toy_row(b, signal, number) for b in BACKGROUNDS for signal in FEWER]
    write(here / "methods_toys.csv", rows, [*first, *ORDER, "feldman_cousins_interval"])
    write(here / "methods_toys_medians.csv", rows, [*first, *(f"median_{n}" for n in ORDER)])


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000)
