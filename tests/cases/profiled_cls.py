"""CLs limits of one norm of many by scipy, independent of the library: see `Model`."""

import numpy as np
from scipy.optimize import brentq, minimize
from scipy.stats import norm

ALPHA = 0.05


class Model:
    """Counts that are linear in norms, with background norms or off counts as further parameters.

    The parameters are the norms, the background norms of all rows (`width`), and the expected off
    counts of all rows (`alpha`); the last two may be absent.
    """

    def __init__(self, response, n, b, *, width=None, off=None, alpha=None, lower=None, aux=None):
        self.a, self.n, self.b = response, n.astype(float), b
        self.width, self.off, self.alpha, self.lower = width, off, alpha, lower
        nrow, self.nnorm = response.shape
        self.aux = np.ones(nrow) if aux is None else aux
        self.design = response
        if width is not None:
            self.design = np.hstack([response, np.diag(b)])
        if alpha is not None:
            self.design = np.hstack([response, alpha * np.eye(nrow)])
        self.known = b if width is None and alpha is None else 0 * b

    def value(self, p):
        """C and its derivative; below a small part of the counts the logarithm is a parabola."""
        mu = self.design @ p + self.known
        f, slope = terms(self.n, mu)
        total, gradient = f.sum(), self.design.T @ slope
        rest = p[self.nnorm :]
        if self.width is not None:
            total += (((rest - self.aux) / self.width) ** 2).sum()
            gradient[self.nnorm :] += 2 * (rest - self.aux) / self.width**2
        if self.alpha is not None:
            f, slope = terms(self.off, rest)
            total, gradient[self.nnorm :] = total + f.sum(), gradient[self.nnorm :] + slope
        return total, gradient

    def fit(self, column, at=None):
        """Smallest C and its parameters, with a norm free (and 0 or more) or fixed."""
        size = self.design.shape[1]
        bounds = [(self.lower, None)] * self.nnorm + [(0, None)] * (size - self.nnorm)
        bounds[column] = (0, None) if at is None else (at, at)
        rest = self.off + 1.0 if self.alpha is not None else np.ones(size - self.nnorm)
        start = np.r_[np.full(self.nnorm, 1.0), rest]
        start[column] = 1.0 if at is None else at
        options = {"maxiter": 5000, "maxfun": 50000, "ftol": 1e-15, "gtol": 1e-9, "maxcor": 30}
        for _ in range(3):
            found = minimize(
                self.value, start, jac=True, method="L-BFGS-B", bounds=bounds, options=options
            )
            start = found.x
        return found.fun, found.x

    def asimov(self, column):
        """Counts expected at norm 0, with measured backgrounds at what is fitted there."""
        _, p = self.fit(column, 0.0)
        mu, rest = np.maximum(self.design @ p + self.known, 0), p[self.nnorm :]
        given = {"lower": self.lower, "width": self.width, "alpha": self.alpha}
        if self.width is not None:
            given["aux"] = rest
        if self.alpha is not None:
            given["off"] = rest
        return Model(self.a, mu, self.b, **given)


def terms(n, mu):
    """Terms of C, and their slopes."""
    least = np.where(n > 0, 1e-3 * n, 0)
    near = np.maximum(mu, least)
    log = n * np.log(np.where(n > 0, near, 1))
    below = np.where((n > 0) & (mu < least), mu - least, 0)
    ratio = n / np.where(n > 0, near, 1)
    curved = ratio / np.where(n > 0, near, 1)
    f = 2 * (mu - log - ratio * below + curved * below**2 / 2)
    return f, 2 * (1 - ratio + curved * below)


def cls_limit(model, column):
    """Limit by asymptotic CLs (Cowan et al. 2011, eqs. 62-67)."""
    expected = model.asimov(column)
    lowest, lowest_expected = model.fit(column)[0], expected.fit(column)[0]
    best = model.fit(column)[1][column]

    def excess(mu):
        q = max(model.fit(column, mu)[0] - lowest, 0)
        qa = max(expected.fit(column, mu)[0] - lowest_expected, 1e-9)
        if q <= qa:
            above, below = norm.sf(q**0.5), norm.cdf(qa**0.5 - q**0.5)
        else:
            above, below = (norm.sf((q + s * qa) / (2 * qa**0.5)) for s in (1, -1))
        return above / below - ALPHA

    step = 1.0
    while excess(best + step) > 0:
        step *= 2
    return brentq(excess, best, best + step, rtol=1e-8, xtol=1e-10)
