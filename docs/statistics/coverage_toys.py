"""Coverage and median of upper limits in toys of 11 fine bins with a known background.

`coverage_methods` writes its rows. The fine bins are those of ``coverage.py``. Toys with the same
counts in all fine bins have the same limits, so they are counted and solved once.

For Feldman-Cousins and CLs by toys, toys need no limits: whether the limit is above a
signal depends on toys of this signal, which are the same for all toys of a background. These are
drawn apart from the toys that are tested.
"""

from dataclasses import dataclass

import numpy as np
from coverage import shape

from xprofile.likelihood import Cash
from xprofile.likelihood.intervals import IntervalMethod, one_sided_sigma, upper_limit
from xprofile.likelihood.newton import best_fit

LIMITS = {name: IntervalMethod(name) for name in ("likelihood", "bounded", "cls", "bayes")}
TESTED = "feldman_cousins", "cls_toys"
ORDER = "likelihood", "bounded", "cls", "cls_toys", "feldman_cousins", "bayes"
LEVEL = 0.95
CHUNK = 50_000  # toys that are solved at once
FEWER = 10  # medians of the methods by toys have a tenth of the toys
GRID, HALVINGS = 16, 6  # signals that are tried for a median, and steps between two of them
SAME = 1e-9  # relative difference of test statistics that are equal, from rounding


@dataclass(frozen=True, eq=False)
class Toys:
    """Different toys, the number of each, and the best fits with a signal of 0 or more."""

    parts: list[Cash]
    number: np.ndarray
    best: np.ndarray

    @classmethod
    def drawn(cls, background, signal, number, seed):
        """Draw toys of a signal on a background."""
        s, b = shape(2.3), background * shape(2.7)
        rng = np.random.default_rng(seed)
        n, times = different(rng.poisson(signal * s + b, (number, s.size)))
        parts = [
            Cash.from_counts(rows.astype(float), *(np.tile(v, (len(rows), 1)) for v in (s, b)))
            for rows in np.split(n, range(CHUNK, len(n), CHUNK))
        ]
        return cls(parts, times, np.concatenate([best_fit(part, 0.0)[0] for part in parts]))

    def limits(self, method):
        """Upper limits by a method."""
        sigma = one_sided_sigma(LEVEL)
        return np.concatenate([upper_limit(part, sigma, method) for part in self.parts])

    def rise(self, signal):
        """Rise of the fit statistic from the best fit to a signal."""
        stops = np.cumsum([len(part.n) for part in self.parts])[:-1]
        rises = [
            part.rise(best, np.full(best.size, float(signal)))
            for part, best in zip(self.parts, np.split(self.best, stops), strict=True)
        ]
        return np.maximum(np.concatenate(rises), 0)

    def share(self, which):
        """Share of the toys for which something is true."""
        return np.average(which, weights=self.number)

    def quantile(self, values, share):
        """Smallest value that a share of the toys does not exceed."""
        order = np.argsort(values)
        total = np.cumsum(self.number[order])
        return values[order][np.searchsorted(total, share * total[-1] * (1 - 1e-12))]

    def share_from(self, values, least):
        """Share of the toys whose value is `least` or more, for each of these."""
        order = np.argsort(values)
        above = np.append(np.cumsum(self.number[order][::-1])[::-1], 0)
        return above[np.searchsorted(values[order], least * (1 - SAME))] / above[0]


def different(counts):
    """Different rows of counts, and how often each is there.

    Rows are compared as whole numbers. If these would be too large, few rows are the same.
    """
    size = counts.max(axis=0) + 1
    if np.log2(size).sum() > 62:
        return counts, np.ones(len(counts))
    numbers = counts @ np.cumprod([1, *size[:-1]])
    _, first, times = np.unique(numbers, return_index=True, return_counts=True)
    return counts[first], times


def accepted(toys, signal, others):
    """Whether toys accept a signal with Feldman-Cousins, from other toys of this signal."""
    edge = others.quantile(others.rise(signal), LEVEL)
    return toys.rise(signal) <= edge * (1 + SAME)


def limit_holds(toys, signal, others, null):
    """Whether the limits of the methods by toys are above a signal.

    `others` are toys of this signal, and `null` toys without signal. The signal is below the upper
    end of an interval if it is accepted, or below the best fit.
    """
    q, of_signal, of_null = (
        np.where(some.best >= signal, 0, some.rise(signal)) for some in (toys, others, null)
    )
    cls = others.share_from(of_signal, q) >= (1 - LEVEL) * null.share_from(of_null, q)
    return accepted(toys, signal, others) | (toys.best >= signal), cls


def medians(background, toys, null, number, low, high, seed):
    """Median limits of the methods by toys: the highest signals below half of the limits."""

    def below(signal):
        others = Toys.drawn(background, signal, number, seed)
        return np.array([toys.share(which) for which in limit_holds(toys, signal, others, null)])

    tried = np.linspace(low, high, GRID)
    half = np.array([below(signal) for signal in tried]) >= 0.5
    assert half[0].all(), "medians are below the signals that are tried"
    assert not half[-1].any(), "medians are above the signals that are tried"
    found = []
    for method, last in enumerate(GRID - 1 - half[::-1].argmax(axis=0)):
        inside, outside = tried[last], tried[last + 1]
        for _ in range(HALVINGS):
            middle = (inside + outside) / 2
            above = below(middle)[method] >= 0.5
            inside, outside = (middle, outside) if above else (inside, middle)
        found.append((inside + outside) / 2)
    return found


def toy_row(background, signal, number):
    """Coverage in per cent and median of the limits of each method, at one signal."""
    seed = [int(10 * background), signal]
    toys, others, null = (
        Toys.drawn(background, of, number, [*seed, stream])
        for stream, of in enumerate((signal, signal, 0))
    )
    row = {"background": background, "signal": signal}
    for name, method in LIMITS.items():
        limit = toys.limits(method)
        row[name] = 100 * toys.share(signal <= limit * (1 + SAME))
        row[f"median_{name}"] = toys.quantile(limit, 0.5)
    for name, which in zip(TESTED, limit_holds(toys, signal, others, null), strict=True):
        row[name] = 100 * toys.share(which)
    row["feldman_cousins_interval"] = 100 * toys.share(accepted(toys, signal, others))
    fewer = max(number // FEWER, 1)
    some = [Toys.drawn(background, of, fewer, [*seed, 3]) for of in (signal, 0)]
    high = 2 * row["median_bayes"] - signal + 2
    found = medians(background, *some, fewer, 0.7 * row["median_bounded"], high, [*seed, 4])
    return row | {f"median_{name}": value for name, value in zip(TESTED, found, strict=True)}
