"""Random problems over all that data can hold, and their statistics in extended precision."""

from dataclasses import dataclass

import numpy as np
from hypothesis import strategies as st

from xprofile.likelihood import Cash, Joint, NuisanceCash, WStat

LONG = np.longdouble
WIDTHS = (0.01, 0.1, 1.0, 10.0, np.inf)

seeds = st.integers(0, 2**32 - 1)
sizes = st.integers(1, 100)  # numbers of fine bins


def powers(rng, low, high, shape):
    """Powers of ten: in each problem of one magnitude, of some, or of any."""
    spread = rng.choice([0, 3, high - low], (shape[0], 1))
    top = rng.uniform(low, high, (shape[0], 1))
    return 10 ** np.maximum(top - spread * rng.random(shape), low)


def emptied(rng, values, shares):
    """Zero in some fine bins, with one of the shares in each problem."""
    return np.where(rng.random(values.shape) < rng.choice(shares, (len(values), 1)), 0, values)


def random_counts(seed, count=200, *, nbin=None, s=(-12, 6), b=(-30, 9)):
    """Counts, signal and background, (count, nbin); the ranges are powers of ten.

    Fine bins are one to a hundred. Signal, background and counts are 0 in some or all of them, and
    counts are also where nothing is predicted.
    """
    rng = np.random.default_rng(seed)
    shape = (count, nbin or int(np.rint(100 ** rng.random())))
    signal = emptied(rng, powers(rng, *s, shape), [0, 0, 0, 0.1, 0.5, 0.95])
    background = emptied(rng, powers(rng, *b, shape), [0, 0, 0, 0.1, 0.5, 1])
    bright = rng.choice([0, 10.0, 1000.0], (count, 1)) * rng.random((count, 1))
    expected = bright * signal / np.maximum(signal.max(axis=1, keepdims=True), 1e-300)
    expected += background * rng.choice([0.5, 1, 1, 1], (count, 1))
    anything = 10 ** rng.uniform(-3, 4, shape)
    n = rng.poisson(np.where(rng.random((count, 1)) < 0.1, anything, expected)).astype(float)
    n[rng.random(count) < 0.1] = 0
    signal[rng.random(count) < 0.02] = 0
    return n, signal, background


def random_onoff(seed, count=200, *, nbin=None):
    """On counts, signal, off counts and ratios of acceptances from 1e-3 to 10, (count, nbin)."""
    n, signal, background = random_counts(seed, count, nbin=nbin)
    rng = np.random.default_rng([seed, 1])
    alpha = powers(rng, -3, 1, n.shape)
    m = rng.poisson(np.minimum(background / alpha, 1e12)).astype(float)
    m[rng.random(count) < 0.1] = 0
    return n, signal, m, alpha


def random_parts(seed, count=200, *, nbin):
    """Two or three statistics of the same problems, of one or two kinds."""
    rng = np.random.default_rng([seed, 2])
    kinds = rng.choice(["cash", "wstat"], rng.integers(2, 4))
    scale = 10 ** rng.uniform(-3, 0, len(kinds))
    parts = []
    for i, kind in enumerate(kinds):
        make, statistic = {"cash": (random_counts, Cash.of), "wstat": (random_onoff, WStat)}[kind]
        n, s, *rest = make(seed + i * (rng.random() < 0.5), count, nbin=nbin)
        parts.append(statistic(n, scale[i] * s, *rest))
    return tuple(parts)


def random_statistic(kind, seed, count=200, *, nbin):
    """Problems of one kind: cash, wstat, joint, or cash with a background of some width."""
    if kind == "cash":
        return Cash.of(*random_counts(seed, count, nbin=nbin))
    if kind == "wstat":
        return WStat(*random_onoff(seed, count, nbin=nbin))
    if kind == "joint":
        return Joint(random_parts(seed, count, nbin=nbin))
    width = np.random.default_rng([seed, 3]).choice(WIDTHS)
    return NuisanceCash(Cash.of(*random_counts(seed, count, nbin=nbin)), float(width))


def extended(stat):
    """Return the same problems in extended precision, written independently."""
    if isinstance(stat, Joint):
        return ExactJoint(tuple(extended(part) for part in stat.parts))
    if isinstance(stat, WStat):
        return ExactWStat(*(v.astype(LONG) for v in (stat.n, stat.s, stat.m, stat.alpha)))
    cash = stat.cash if isinstance(stat, NuisanceCash) else stat
    arrays = [v.astype(LONG) for v in (cash.n, cash.s, cash.b)]
    if isinstance(stat, NuisanceCash):
        return ExactNuisance(*arrays, stat.width)
    return ExactCash(*arrays)


def _changed(n, mu, moved):
    """Half the change of the statistic when npred moves; inf where counts have none left."""
    after = mu + moved
    with np.errstate(divide="ignore", invalid="ignore"):
        log = np.where(after > 0, np.log1p(moved / mu), -np.inf)
    empty = np.where((mu >= 0) & (after >= 0), moved, np.maximum(after, 0) - np.maximum(mu, 0))
    return np.where(n > 0, moved - n * np.where(n > 0, log, 0), empty)


def _expected(n, mu):
    """Test statistic of counts n > 0 where mu > 0 is predicted."""
    ratio = (mu - n) / n
    near = ratio > -0.5
    log = np.where(near, np.log1p(np.where(near, ratio, 0)), np.log(mu / n))
    return 2 * (mu - n - n * log)


class Exact:
    """A statistic of extended precision; `rise` is that from one norm to another."""

    def any_signal(self):
        return (self.s > 0).any(axis=1)

    def bounded(self):
        """Whether the statistic rises downwards."""
        return ((self.n > 0) & (self.s > 0)).any(axis=1)

    def seen(self):
        """Whether a large enough signal is significant."""
        return self.any_signal()


@dataclass(frozen=True)
class ExactCash(Exact):
    n: np.ndarray
    s: np.ndarray
    b: np.ndarray

    def rise(self, x, to):
        """Statistic at `to` less that at `x`, both of extended precision."""
        terms = _changed(self.n, x[:, None] * self.s + self.b, (to - x)[:, None] * self.s)
        return 2 * np.where(self.s > 0, terms, 0).sum(axis=1)

    def expected(self, x):
        """Test statistic of the counts expected at a norm; backgrounds are 1e-25 at least."""
        b = np.maximum(self.b, LONG("1e-25"))
        signal = x[:, None] * self.s
        return 2 * ((signal + self.b) * np.log1p(signal / b) - signal).sum(axis=1)


@dataclass(frozen=True)
class ExactWStat(Exact):
    n: np.ndarray
    s: np.ndarray
    m: np.ndarray
    alpha: np.ndarray

    def rates(self, x):
        """On and off rates: that of the two which is below the other, then the other."""
        a, n, m, s = self.alpha, self.n, self.m, x[:, None] * self.s
        b = _positive_root(a * (1 + a), (1 + a) * s - a * (n + m), m * np.maximum(s, 0))
        mu = _positive_root(1 + a, -(1 + a) * s - a * (n + m), a * n * np.maximum(-s, 0))
        return np.where(s < 0, mu, s + a * b), np.where(s < 0, (mu - s) / a, b)

    def rise(self, x, to):
        (mu, b), (new_mu, new_b) = self.rates(x), self.rates(to)
        signal = (to - x)[:, None] * self.s
        below = ((x < 0) & (to < 0))[:, None]
        on = np.where(below, new_mu - mu, signal + self.alpha * (new_b - b))
        off = np.where(below, (on - signal) / self.alpha, new_b - b)
        other = ((x < 0) != (to < 0))[:, None]
        on, off = np.where(other, new_mu - mu, on), np.where(other, new_b - b, off)
        return 2 * (_changed(self.n, mu, on) + _changed(self.m, b, off)).sum(axis=1)

    def expected(self, x):
        """Li & Ma (1983), equation 17, with alpha m + x S counts on."""
        a, m, signal = self.alpha, self.m, x[:, None] * self.s
        n = a * m + signal
        with np.errstate(divide="ignore", invalid="ignore"):
            on = np.where(n > 0, n * np.log((1 + a) / a * (n / (n + m))), 0)
            off = np.where(m > 0, m * np.log((1 + a) * (m / (n + m))), 0)
            near = signal < 1e-3 * a * m  # there both are differences of nearly 0
            u = np.where(near, signal / (a * (n + m)), 0)
            v = np.where(near, -signal / (n + m), 0)
        on = np.where(near, n * np.log1p(u), on)
        off = np.where(near, m * np.log1p(v), off)
        return 2 * (on + off).sum(axis=1)

    def bounded(self):
        return self.any_signal()


def _positive_root(a, b, c):
    """Root of a y^2 + b y = c with c >= 0."""
    root = np.sqrt(b**2 + 4 * a * c)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(b > 0, 2 * c / (b + root), (root - b) / (2 * a))


@dataclass(frozen=True)
class ExactNuisance(Exact):
    n: np.ndarray
    s: np.ndarray
    b: np.ndarray
    width: float

    def background_norm(self, x):
        """Least norm with npred where counts are, and how far the best is above it.

        Found by bisection: of the logarithm while the ends differ by much.
        """
        n, b, signal = self.n, self.b, x[:, None] * self.s
        with np.errstate(divide="ignore", invalid="ignore"):
            wall = np.where((n > 0) & (b > 0), -signal / b, 0).max(axis=1, initial=0)
            high = np.where(b > 0, n / b, 0).max(axis=1, initial=1)
        low = high * LONG(10) ** -80
        low = np.where(self._slope(wall, np.zeros_like(wall), signal) >= 0, 0, low)
        high = np.where(low == 0, 0, high)
        for _ in range(85):
            middle = np.where(high > 4 * low, np.sqrt(low * high), (low + high) / 2)
            rising = self._slope(wall, middle, signal) > 0
            low, high = np.where(rising, low, middle), np.where(rising, middle, high)
        return wall, (low + high) / 2

    def _npred(self, wall, above, signal):
        with np.errstate(divide="ignore", invalid="ignore"):
            over = np.where(self.b > 0, wall[:, None] + signal / self.b, 0)
        return np.where(self.b > 0, self.b * (over + above[:, None]), signal)

    def _slope(self, wall, above, signal):
        mu = self._npred(wall, above, signal)
        with np.errstate(divide="ignore", invalid="ignore"):
            pull = self.b * np.where(self.n > 0, 1 - self.n / mu, mu >= 0)
        pull = np.where(self.b > 0, pull, 0).sum(axis=1)
        return pull + (wall + above - 1) / LONG(self.width) ** 2

    def rise(self, x, to):
        (wall, above), (new_wall, new_above) = self.background_norm(x), self.background_norm(to)
        mu = self._npred(wall, above, x[:, None] * self.s)
        new_mu = self._npred(new_wall, new_above, to[:, None] * self.s)
        shift = (new_wall - wall) + (new_above - above)
        moved = (to - x)[:, None] * self.s + shift[:, None] * self.b
        rounding = np.abs((to - x)[:, None] * self.s) + np.abs(shift[:, None] * self.b)
        moved = np.where(rounding < np.abs(mu) + np.abs(new_mu), moved, new_mu - mu)
        some = (self.s > 0) | (self.b > 0)
        terms = np.where(some, _changed(self.n, mu, moved), 0).sum(axis=1)
        total = wall + above + new_wall + new_above
        return 2 * terms + shift * (total - 2) / LONG(self.width) ** 2

    def bounded(self):
        """A free background takes the signal's place where it is as large, and nowhere larger."""
        least, most = self._ratios(self.n > 0)
        same = np.isinf(self.width) & np.isfinite(most) & (most <= least * (1 + 1e-9))
        return super().bounded() & ~same

    def seen(self):
        """A free background of the signal's own spectrum hides it."""
        least, most = self._ratios(self.n >= 0)
        same = np.isinf(self.width) & np.isfinite(most) & (most <= least * (1 + 1e-9))
        return self.any_signal() & ~same

    def _ratios(self, which):
        """Least signal / background of all fine bins, and greatest of some."""
        some = (self.s > 0) | (self.b > 0)
        with np.errstate(divide="ignore", invalid="ignore"):
            ratio = self.s / self.b
        least = np.where(some, ratio, np.inf).min(axis=1)
        return least, np.where(some & which, ratio, -np.inf).max(axis=1)

    def expected(self, x):
        """Test statistic of the counts expected at a norm, least over the background's norm.

        Fine bins without background have 1e-25 of it, whatever the norm.
        """
        some, p = self.b > 0, 1 / LONG(self.width) ** 2
        b = np.where(some, self.b, LONG("1e-25"))
        n = x[:, None] * self.s + b
        total, counts = self.b.sum(axis=1), np.where(some, n, 0).sum(axis=1)
        none = total == 0
        total, counts = np.where(none, 1, total), np.where(none, 1, counts)
        # stationary where total - counts / norm + (norm - 1) p = 0, from 1 on
        more = _positive_root(p, total + p, counts - total) if p else (counts - total) / total
        norm = 1 + more
        for _ in range(3):  # Newton, for the digits
            slope = total - counts / norm + (norm - 1) * p
            norm = norm - slope / (counts / norm**2 + p)
        return _expected(n, np.where(some, norm[:, None] * b, b)).sum(axis=1) + (norm - 1) ** 2 * p


@dataclass(frozen=True)
class ExactJoint(Exact):
    parts: tuple

    def rise(self, x, to):
        return sum(part.rise(x, to) for part in self.parts)

    def bounded(self):
        return np.any([part.bounded() for part in self.parts], axis=0)

    def expected(self, x):
        return sum(part.expected(x) for part in self.parts)

    def any_signal(self):
        return np.any([part.any_signal() for part in self.parts], axis=0)
