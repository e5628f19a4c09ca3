"""Statistics in extended precision, written independently of the package."""

from dataclasses import dataclass

import numpy as np

from xprofile.likelihood import Joint, NuisanceCash, WStat

LONG = np.longdouble


def extended(stat):
    """Return the same problems in extended precision."""
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
    """Half the change of the statistic if npred changes; inf where it leaves no npred to counts."""
    after = mu + moved
    with np.errstate(divide="ignore", invalid="ignore"):
        log = np.where(after > 0, np.log1p(moved / mu), -np.inf)
    empty = np.where((mu >= 0) & (after >= 0), moved, np.maximum(after, 0) - np.maximum(mu, 0))
    return np.where(n > 0, moved - n * np.where(n > 0, log, 0), empty)


def _expected(n, mu):
    """Test statistic of n > 0 counts if mu > 0 is predicted."""
    ratio = (mu - n) / n
    near = ratio > -0.5
    log = np.where(near, np.log1p(np.where(near, ratio, 0)), np.log(mu / n))
    return 2 * (mu - n - n * log)


class Exact:
    """A statistic in extended precision; `rise` is its change from one norm to another."""

    def any_signal(self):
        return (self.s > 0).any(axis=1)

    def bounded(self):
        """Whether the statistic rises towards smaller norms."""
        return ((self.n > 0) & (self.s > 0)).any(axis=1)

    def seen(self):
        """Whether a signal that is large enough is significant."""
        return self.any_signal()


@dataclass(frozen=True)
class ExactCash(Exact):
    n: np.ndarray
    s: np.ndarray
    b: np.ndarray

    def rise(self, x, to):
        """Statistic at `to` minus the statistic at `x`."""
        terms = _changed(self.n, x[:, None] * self.s + self.b, (to - x)[:, None] * self.s)
        return 2 * np.where(self.s > 0, terms, 0).sum(axis=1)

    def expected(self, x):
        """Test statistic of the counts expected at a norm; backgrounds are at least 1e-25."""
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
        """On and off rates: first the smaller one, then the other from it."""
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
        """Smallest norm that leaves npred to all counts, and distance of the best norm from it.

        Found by bisection, of the logarithm as long as the ends differ much.
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
        """A free background can replace the signal if no ratio to it is larger where counts are."""
        least, most = self._ratios(self.n > 0)
        same = np.isinf(self.width) & np.isfinite(most) & (most <= least * (1 + 1e-9))
        return super().bounded() & ~same

    def seen(self):
        """A free background with the spectrum of the signal hides it."""
        least, most = self._ratios(self.n >= 0)
        same = np.isinf(self.width) & np.isfinite(most) & (most <= least * (1 + 1e-9))
        return self.any_signal() & ~same

    def _ratios(self, which):
        """Smallest signal / background of all fine bins, and largest of the selected ones."""
        some = (self.s > 0) | (self.b > 0)
        with np.errstate(divide="ignore", invalid="ignore"):
            ratio = self.s / self.b
        least = np.where(some, ratio, np.inf).min(axis=1)
        return least, np.where(some & which, ratio, -np.inf).max(axis=1)

    def expected(self, x):
        """Test statistic of the counts expected at a norm, with the best norm of the background.

        Fine bins without background have 1e-25 at every norm.
        """
        some, p = self.b > 0, 1 / LONG(self.width) ** 2
        b = np.where(some, self.b, LONG("1e-25"))
        n = x[:, None] * self.s + b
        total, counts = self.b.sum(axis=1), np.where(some, n, 0).sum(axis=1)
        none = total == 0
        total, counts = np.where(none, 1, total), np.where(none, 1, counts)
        # stationary where total - counts / norm + (norm - 1) p = 0; the root above 1
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
