"""Lowest minima of spectra: narrow ones, those in valleys, and random ones of every kind."""

from itertools import product

import astropy.units as u
import numpy as np
import pytest
import xarray as xr
from astropy.coordinates import SkyCoord
from astropy.modeling import models

from xprofile import SkyBins, estimate, fit_spectrum, power_law
from xprofile.schema.variables import STATUS_FLAGS
from xprofile.spectrum.response import predicted_signal

UNIT = u.Unit("cm-2 s-1 TeV-1")
CENTER = SkyCoord(0, 0, unit="deg", frame="galactic")
DIM = "projected_distance"


def power(alpha=2.0):
    return power_law(alpha, reference=50 * u.GeV)


def parabola(alpha=2.0, beta=0.0):
    return models.LogParabola1D(1e-12 * UNIT, 50 * u.GeV, alpha, beta)


def broken(alpha_1=2.0, alpha_2=3.0):
    return models.BrokenPowerLaw1D(1e-12 * UNIT, 50 * u.GeV, alpha_1, alpha_2)


def cutoff(alpha=2.0, x_cutoff=100.0):
    return models.ExponentialCutoffPowerLaw1D(1e-12 * UNIT, 50 * u.GeV, alpha, x_cutoff * u.GeV)


@pytest.fixture(scope="module")
def disc(real_maps):
    return real_maps.profile.bin(SkyBins.annuli(CENTER, edges=[0, 0.25] * u.deg))


def toys(disc, number, seed):
    """Draw counts of random spectra, faint and bright, also without a source."""
    rng = np.random.default_rng(seed)
    known = disc.background.transpose("energy", DIM).to_numpy()
    counts = []
    for _ in range(number):
        signal = predicted_signal(disc, power(rng.uniform(0, 6))).transpose("energy", DIM)
        size = 10 ** rng.uniform(-1, 4) * (rng.random() > 0.1)
        counts.append(rng.poisson(signal.to_numpy() / signal.to_numpy().sum() * size + known))
    return disc.assign(counts=(("toy", "energy", DIM), np.array(counts)))


def measured(data, seed):
    """Replace the background by off counts."""
    off = np.random.default_rng(seed).poisson(2 * data.background)
    one = xr.ones_like(data.background)
    return data.drop_vars("background").assign(
        counts_off=data.background.copy(data=off), acceptance=one, acceptance_off=2 * one
    )


def above(fit, data, model, axes, **options):
    """Largest distance of the fits above the statistic of any point of a grid."""
    points = product(*axes)
    stats = [estimate(data, spectral_model=model(*p), **options).stat for p in points]
    lowest = np.min([stat.isel(energy=0).to_numpy() for stat in stats], axis=0)
    return float(np.max(fit.stat.to_numpy() - lowest))


# counts of the first 0.25 deg, with the lowest minimum far from the lowest point of a coarse grid
NARROW = {
    "index": ([57, 24, 15, 10, 6, 5, 1, 2, 1, 0, 0], power, (1.12,)),
    "valley": ([151, 66, 26, 12, 9, 7, 3, 4, 0, 0, 0], parabola, (3.7858, -0.1706)),
}


@pytest.mark.heavy
@pytest.mark.parametrize("case", NARROW)
def test_narrow_minima_are_found(disc, case):
    counts, model, point = NARROW[case]
    data = disc.assign(counts=disc.counts.copy(data=np.reshape(counts, disc.counts.shape)))
    free = ["alpha", "beta"][: len(point)]
    fit = fit_spectrum(data, model(), free=free, selection_optional=None)
    assert above(fit, data, model, [[v] for v in point]) < 1e-6


STEEP = [9000, 121, 19, 11, 7, 4, 3, 2, 1, 1, 1]  # an index of about 14


def test_bounds_of_the_model_widen_a_range(disc):
    steep = power()
    data = disc.assign(counts=disc.counts.copy(data=np.reshape(STEEP, (11, 1))))
    usual = fit_spectrum(data, steep, selection_optional=None)
    assert usual.alpha == 10
    assert np.all(usual.status & STATUS_FLAGS["best_fit_at_boundary"])
    steep.alpha.bounds = (-20, 40)
    wide = fit_spectrum(data, steep, selection_optional=None)
    assert 10 < wide.alpha.item() < 40
    assert above(wide, data, power, [wide.alpha.item() + np.array([-0.1, 0.1])]) < 0


@pytest.mark.slow
def test_errors_respect_the_bounds_of_the_amplitude(disc):
    data = toys(disc, 40, 3)
    bounded = power()
    bounded.amplitude.bounds = (0, None)
    fit = fit_spectrum(data, bounded)
    known = np.isfinite(fit.amplitude_errn)
    free = fit_spectrum(data, power())
    assert np.all((fit.amplitude_errn <= fit.amplitude).where(known, True))
    assert np.any(free.amplitude_errn > free.amplitude)
    inside = (fit.amplitude > 0) & (free.amplitude_errn <= free.amplitude)
    xr.testing.assert_allclose(
        fit.amplitude_errn.where(inside), free.amplitude_errn.where(inside), rtol=1e-5
    )


def test_responses_with_further_dims_give_fits_with_them(disc):
    more = disc.assign(coverage=disc.coverage.expand_dims(toy=2))
    found, alone = fit_spectrum(more, power()), fit_spectrum(disc, power())
    for number in range(2):
        np.testing.assert_array_equal(found.alpha.isel(toy=number), alone.alpha)


INDEX, INDICES, BETA = np.linspace(-5, 10, 46), np.linspace(-5, 10, 13), np.linspace(-1, 2, 9)
KINDS = {
    "known": (power, ["alpha"], [INDEX], {}),
    "on-off": (power, ["alpha"], [INDEX], {}),
    "free": (power, ["alpha"], [INDEX], {"background": "free"}),
    "uncertain": (power, ["alpha"], [INDEX], {"background": 0.1}),
    "parabola": (parabola, ["alpha", "beta"], [INDICES, BETA], {}),
    "broken": (broken, ["alpha_1", "alpha_2"], [INDICES, INDICES], {}),
    "cutoff": (cutoff, ["alpha", "x_cutoff"], [INDICES, np.geomspace(1, 5000, 9)], {}),
}


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_random_minima_are_the_lowest(disc, kind):
    model, free, axes, options = KINDS[kind]
    data = toys(disc, 30, 7)
    if kind == "on-off":
        data = measured(data, 1)
    fit = fit_spectrum(data, model(), free=free, selection_optional=None, **options)
    assert above(fit, data, model, axes, **options) < 1e-6
