"""Statistics with nuisance parameters, compared with a minimisation over all parameters."""

import numpy as np
import pytest
from scipy.optimize import minimize

from xprofile.estimation.solve import FitOptions, solve_problems
from xprofile.likelihood import Cash, NuisanceCash, WStat

OPTIONS = FitOptions(1, 2, 5, ("errn-errp", "ul"), np.array([]))
COUNT, NBIN = 4, 3


def poisson(n, mu):
    """Cash statistic and its derivative with respect to npred."""
    mu = np.maximum(mu, 1e-12)
    return 2 * (mu - n * np.log(mu)).sum(), 2 * (1 - n / mu)


def minimum(function, start):
    """Minimum of a function that also returns its gradient, over the logarithms of parameters."""

    def of_logarithm(log):
        value, gradient = function(np.exp(log))
        return value, gradient * np.exp(log)

    found = minimize(of_logarithm, np.log(start), jac=True, tol=1e-14, options={"gtol": 1e-9})
    return found.fun


def onoff(rng):
    """On-off data and their statistic at a norm; each off rate is a parameter."""
    s, alpha = rng.uniform(1, 20, (COUNT, NBIN)), rng.uniform(0.1, 2, (COUNT, NBIN))
    m = rng.poisson(8, s.shape) + 1.0
    n = rng.poisson(s + alpha * 8).astype(float)

    def brute(i, x):
        def function(rate):
            on, d_on = poisson(n[i], x * s[i] + alpha[i] * rate)
            off, d_off = poisson(m[i], rate)
            return on + off, alpha[i] * d_on + d_off

        return minimum(function, m[i])

    return WStat(n, s, m, alpha), brute


def uncertain(rng):
    """Counts on a background that is known to 20 %; its norm is a parameter."""
    s, b = rng.uniform(1, 20, (COUNT, NBIN)), rng.uniform(1, 20, (COUNT, NBIN))
    n = rng.poisson(s + b).astype(float)

    def brute(i, x):
        def function(norm):
            value, derivative = poisson(n[i], x * s[i] + norm * b[i])
            prior = ((norm[0] - 1) / 0.2) ** 2
            return value + prior, np.array([b[i] @ derivative + 2 * (norm[0] - 1) / 0.2**2])

        return minimum(function, np.ones(1))

    return NuisanceCash(Cash.from_counts(n, s, b), 0.2), brute


def known(rng):
    s, b = rng.uniform(1, 20, (COUNT, NBIN)), rng.uniform(1, 20, (COUNT, NBIN))
    n = rng.poisson(s + b).astype(float)
    return Cash.from_counts(n, s, b), lambda i, x: poisson(n[i], x * s[i] + b[i])[0]


@pytest.mark.heavy
@pytest.mark.parametrize("kinds", [[onoff], [uncertain], [onoff, known], [onoff, uncertain, onoff]])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_intervals_end_where_the_minimum_has_risen(kinds, seed):
    rng = np.random.default_rng(seed)
    parts, brutes = zip(*(kind(rng) for kind in kinds), strict=True)
    found = solve_problems(
        lambda block: [part.take(block) for part in parts], COUNT, OPTIONS
    ).values
    for i in range(COUNT):
        norm, errn, errp, ul = (
            found[name][i] for name in ("norm", "norm_errn", "norm_errp", "norm_ul")
        )

        def rise(to, i=i, norm=norm):
            return sum(brute(i, to) - brute(i, norm) for brute in brutes)

        ends = [rise(norm - errn), rise(norm + errp), rise(ul), rise(0)]
        np.testing.assert_allclose(ends, [1, 1, 4, found["ts"][i]], rtol=1e-6)
        assert rise(norm - 0.1 * errn) > 0 < rise(norm + 0.1 * errp)
        # the minimum itself: a parabola through three norms near it has its top there
        low, high = rise(norm - 1e-2 * errp), rise(norm + 1e-2 * errp)
        assert abs(low - high) < 3e-2 * (low + high)
