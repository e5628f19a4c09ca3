"""Write the tables of the coverage of a profile's intervals, from toys, beside this file.

Run ``python docs/statistics/coverage.py [number of toys]``. The default, a million, takes about six
minutes.
``coverage.csv`` is for a known background. ``coverage_scan.csv`` is the same at more signals, for
the figure, and ``coverage_onoff.csv`` is for on-off data; both have a tenth of the toys.

The data are 11 fine energy bins, equally spaced in log energy from 10 to 500 GeV, with a flat
exposure. The signal is a power law of index 2.3, the background one of index 2.7; the tables give
the expected counts of both. Errors are for one standard deviation, upper limits for two. Signal
and background are drawn from Poisson distributions.
"""

import csv
import sys
from pathlib import Path

import numpy as np

from xprofile.estimation.solve import FitOptions, solve_problems
from xprofile.likelihood import Cash, WStat

EDGES = np.geomspace(10, 500, 12)
BACKGROUNDS = 0.1, 1, 10, 100, 1000
SIGNALS = 0, 1, 3, 10, 30, 100
SCAN = [float(f"{signal:.3g}") for signal in np.geomspace(0.1, 100, 61)]
ALPHA = 0.2  # on-off data with five off counts for each background count
CHUNK = 100_000
OPTIONS = FitOptions(1, 2, 5, ("errn-errp", "ul"), np.array([]))
COLUMNS = "background", "signal", "norm_err", "norm_errn_errp", "norm_ul", "no_counts"


def shape(index):
    """Share of the counts of a power law in each fine bin."""
    integral = EDGES ** (1 - index)
    return (integral[:-1] - integral[1:]) / (integral[0] - integral[-1])


def holds(found, true):
    """Whether each interval of each toy contains the true norm, in the order of `COLUMNS`."""
    norm = found["norm"]
    above = ~(norm - found["norm_errn"] > true)  # no lower end where norm_errn is NaN
    return np.array([
        np.abs(norm - true) <= found["norm_err"],
        above & (true <= norm + found["norm_errp"]),
        true <= found["norm_ul"],
    ])  # fmt: skip


def toys(signal, background, size, rng, alpha):
    """Number of toys whose intervals contain the true norm, and of toys without counts."""
    s, b = shape(2.3), background * shape(2.7)
    n = rng.poisson(signal * s + b, (size, s.size)).astype(float)
    m = None if alpha is None else rng.poisson(b / alpha, n.shape).astype(float)

    def take(block):
        rows = n[block]
        if m is None:
            return [Cash.from_counts(rows, np.tile(s, (len(rows), 1)), np.tile(b, (len(rows), 1)))]
        return [WStat(rows, np.tile(s, (len(rows), 1)), m[block], np.full(rows.shape, alpha))]

    found = solve_problems(take, size, OPTIONS).values
    return np.array([*holds(found, signal), n.sum(axis=1) == 0]).sum(axis=1)


def table(number, signals=SIGNALS, alpha=None):
    """Coverage in per cent for each background and signal."""
    for i, background in enumerate(BACKGROUNDS):
        for j, signal in enumerate(signals):
            rng = np.random.default_rng([i, j, len(signals), alpha is not None])
            sizes = np.diff([*range(0, number, CHUNK), number])
            share = sum(toys(signal, background, size, rng, alpha) for size in sizes) / number
            yield [background, signal, *(f"{100 * value:.2f}" for value in share)]


def write(path, rows):
    with path.open("w", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([COLUMNS, *rows])


if __name__ == "__main__":
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    fewer = max(count // 10, 1)
    here = Path(__file__).parent
    write(here / "coverage.csv", table(count))
    write(here / "coverage_scan.csv", table(fewer, SCAN))
    write(here / "coverage_onoff.csv", table(fewer, alpha=ALPHA))
