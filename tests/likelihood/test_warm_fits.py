"""Best norms from a guess, and along rays, against the fits that begin anew."""

import numpy as np
import pytest

from xprofile.likelihood import Cash, Joint, NuisanceCash, WStat, best_fit
from xprofile.likelihood.warm_fits import fit_from

RNG = np.random.default_rng(0)


def random_counts(number=500, bins=6):
    """Counts, signal and background of faint and bright problems, with bins without either."""
    size, shape = 10 ** RNG.uniform(-2, 3, (number, 1)), (number, bins)
    signal = 10 ** RNG.uniform(-2, 0, shape) * (RNG.random(shape) > 0.1)
    background = 10 ** RNG.uniform(-2, 0, shape) * size * (RNG.random(shape) > 0.1)
    norm = size * RNG.uniform(-0.3, 2, (number, 1)) * (RNG.random((number, 1)) > 0.3)
    scale = RNG.uniform(0.5, 1.5, (number, 1))
    counts = RNG.poisson(np.maximum(norm * signal + scale * background, 0)).astype(float)
    return counts, signal, background


def make(kind):
    """Make a statistic of random problems."""
    counts, signal, background = random_counts()
    cash = Cash.from_counts(counts, signal, background)
    if kind == "known":
        return cash
    if kind == "on-off":
        return WStat(counts, signal, RNG.poisson(2 * background).astype(float), 0 * signal + 0.5)
    if kind == "joint":
        other = Cash.from_counts(RNG.poisson(background).astype(float), signal, background)
        return Joint((NuisanceCash(cash, np.inf), NuisanceCash(other, 0.1)))
    return NuisanceCash(cash, float(kind))


@pytest.mark.heavy
@pytest.mark.parametrize("kind", ["known", "on-off", "joint", "inf", "1", "0.1", "0.001"])
def test_best_fits_are_those_that_begin_anew(kind):
    stat = make(kind)
    x, _ = best_fit(stat)
    expected = stat.value(np.where(np.isfinite(x), x, 0))
    cold = fit_from(stat, None)
    guess = np.concatenate([cold.norm[:, None], cold.background], axis=1)
    guess *= RNG.uniform(0.7, 1.4, guess.shape)
    for found in (cold, fit_from(stat, guess)):
        np.testing.assert_allclose(found.value, expected, rtol=1e-11, atol=1e-9)
        np.testing.assert_allclose(found.value, stat.value(found.norm), rtol=1e-11, atol=1e-9)


def test_backgrounds_at_a_given_norm_and_bounds():
    stat = make("inf")
    free = fit_from(stat, None)
    norm = free.norm * 1.1 + 0.1
    guess = np.stack([norm, free.background[:, 0]], axis=1)
    for found in (fit_from(stat, None, norm=norm), fit_from(stat, guess, norm=norm)):
        np.testing.assert_allclose(found.value, stat.value(norm), rtol=1e-11, atol=1e-9)
    bounded = fit_from(stat, None, bounds=(0.5, 2.0))
    np.testing.assert_array_equal(bounded.norm, np.clip(free.norm, 0.5, 2.0))
    assert np.all(bounded.held[(free.norm < 0.5) | (free.norm > 2)])
    np.testing.assert_allclose(bounded.value, stat.value(bounded.norm), rtol=1e-11, atol=1e-9)
