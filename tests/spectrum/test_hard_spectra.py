"""Spectra with cutoffs, lines, steps and noise: right or warned of, and soon.

Integrals are compared with closed forms. The energies have 100 bins from 0.1 to 100 TeV.
"""

import time
import tracemalloc
import warnings

import astropy.units as u
import numpy as np
import pytest
from astropy.modeling import models
from astropy.utils.masked import Masked
from cases.maps import make_maps
from cases.short_line import line
from cases.spectra import FLUX
from scipy.integrate import trapezoid
from scipy.special import erf, expn

import xprofile
from xprofile import bin_maps, power_law
from xprofile.exceptions import DataWarning, InvalidOptionError
from xprofile.spectrum.models import integral, model_nodes, reference_fluxes
from xprofile.spectrum.response import folded_counts

AMPLITUDE = 1e-12 * FLUX
EDGES = np.geomspace(0.1, 100, 101)
SIGMA = np.log(10) * 1e-4  # 1e-4 decades, relative to the energy of a line


def cutoff(energy):
    return models.ExponentialCutoffPowerLaw1D(AMPLITUDE, 1 * u.TeV, 2, energy * u.TeV)


def gaussian(mean):
    return models.Gaussian1D(AMPLITUDE, mean * u.TeV, SIGMA * mean * u.TeV)


def plain(function):
    """A callable that has no parameters, in units of 1e-12."""
    return lambda energy: function(energy.to_value(u.TeV)) * AMPLITUDE


def primitive_of_cutoff(energy):
    return lambda e: -expn(2, e / energy) / e


def primitive_of_line(mean):
    width = SIGMA * mean
    return lambda e: np.sqrt(np.pi / 2) * width * erf((e - mean) / width / np.sqrt(2))


def primitive_of_curve(beta):
    """Of E^(-2 - beta ln E): a Gaussian in log energy."""
    root = np.sqrt(beta)
    peak = np.exp(1 / (4 * beta)) * np.sqrt(np.pi) / 2 / root
    return lambda e: peak * erf(root * np.log(e) + 1 / (2 * root))


def primitive_of_kink(e):
    """Of a broken power law with indices 1.5 and 3 at 3.7 TeV."""
    x = e / 3.7
    return 3.7 * np.where(x < 1, -2 * x**-0.5, -1.5 - 0.5 * x**-2)


CASES = {f"cutoff at {e} TeV": (cutoff(e), primitive_of_cutoff(e))
         for e in (0.001, 0.01, 0.1, 1, 10, 1e3, 1e5)}  # fmt: skip
CASES |= {f"log-parabola of {beta}": (models.LogParabola1D(AMPLITUDE, 1 * u.TeV, 2, beta),
                                      primitive_of_curve(beta))
          for beta in (0.1, 1, 10)}  # fmt: skip
CASES |= {f"line at {e} TeV": (gaussian(e), primitive_of_line(e)) for e in (0.1001, 1, 7.71, 63)}
CASES |= {
    f"callable line at {e} TeV": (
        plain(lambda x, e=e: np.exp(-((x / e - 1) ** 2) / 2 / SIGMA**2)), primitive_of_line(e))
    for e in (0.1001, 1, 7.71, 63)}  # fmt: skip
CASES |= {
    "callable line on a power law": (
        plain(lambda x: x**-2 + np.exp(-((x / 7.71 - 1) ** 2) / 2 / SIGMA**2)),
        lambda e: primitive_of_line(7.71)(e) - 1 / e),
    "line on a power law": (
        power_law(2) + gaussian(7.71), lambda e: primitive_of_line(7.71)(e) - 1 / e),
    "kink": (models.BrokenPowerLaw1D(AMPLITUDE, 3.7 * u.TeV, 1.5, 3), primitive_of_kink),
    "step": (plain(lambda x: np.where(x < 3.7, 3, 1)),
             lambda e: np.where(e < 3.7, 3 * e, 11.1 + e - 3.7)),
    "many steps": (plain(lambda x: 1 + np.floor(3 * x)),
                   lambda e: e * (1 + np.floor(3 * e))
                   - np.floor(3 * e) * (np.floor(3 * e) + 1) / 6),
    "start": (plain(lambda x: np.where(x < 3.7, 0, x**-2)),
              lambda e: -1 / np.maximum(e, 3.7)),
    "box": (models.Box1D(AMPLITUDE, 3 * u.TeV, 1e-3 * u.TeV),
            lambda e: np.clip(e - 3, -5e-4, 5e-4)),
    "zero": (plain(lambda x: 0 * x), lambda e: 0 * e),
    "compound": (power_law(2) * models.Const1D(3.0), lambda e: -3 / e),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_integrals_are_good_to_1e_6_without_a_warning(name):
    model, primitive = CASES[name]
    started = time.process_time()
    found = integral(model, EDGES)
    assert time.process_time() - started < 1
    exact = 1e-12 * np.diff(primitive(EDGES))
    # far out in a tail the difference of a primitive has no digits
    lost = 1e-12 * 1e-15 * np.abs(primitive(EDGES)[1:])
    np.testing.assert_array_less(np.abs(found - exact), 1e-6 * exact + 10 * lost + 1e-290)


@pytest.mark.parametrize("name", CASES)
def test_an_exposure_is_folded_as_exactly(name):
    """A flat exposure, and one that varies by orders of magnitude inside a wide bin."""
    model, _ = CASES[name]
    fluxes = integral(model, EDGES)
    nodes = np.geomspace(0.05, 200, 9)
    flat = np.full((3, 100, 9), 1e10)
    np.testing.assert_allclose(
        folded_counts(model, EDGES, nodes, flat)[2], 1e10 * fluxes, rtol=1e-6
    )
    wide, steep = EDGES[[0, 50, 100]], nodes**2
    fine = folded_counts(model, EDGES, nodes, np.tile(steep, (100, 1)))
    coarse = folded_counts(model, wide, nodes, np.tile(steep, (2, 1)))
    np.testing.assert_allclose(coarse, fine.reshape(2, -1).sum(axis=1), rtol=1e-6)


@pytest.mark.parametrize("value", [1e-250, 1e-300, 1e-306, 1e-320, 1e300])
def test_tiny_and_huge_values(value):
    found = integral(lambda energy: value * energy.value**-2 * FLUX, EDGES)
    np.testing.assert_allclose(found, value * -np.diff(1 / EDGES), rtol=1e-9, atol=1e-315)


def noise(energy):
    return (1 + np.sin(1e9 * energy.value)) * FLUX


def random(energy):
    return np.random.default_rng(0).random(energy.size) * FLUX


def pole(energy):
    return np.abs(energy.value - 3.0012) ** -0.9 * FLUX


@pytest.mark.heavy
@pytest.mark.parametrize("model", [noise, random, pole])
def test_what_cannot_be_resolved_is_warned_of_once(model):
    tracemalloc.start()
    started = time.process_time()
    with pytest.warns(DataWarning, match=rf"{model.__name__} changes too fast.* TeV") as record:
        integral(model, EDGES)
    assert time.process_time() - started < 2  # twice as long as without tracemalloc
    assert tracemalloc.get_traced_memory()[1] < 200e6
    tracemalloc.stop()
    assert len(record) == 1
    assert record[0].filename == __file__


def test_the_warning_tells_bins_and_error():
    with pytest.warns(DataWarning) as record:
        found = model_nodes(pole, EDGES[:-1], EDGES[1:])
    which = np.flatnonzero(found.error)
    assert which.size == 1
    assert EDGES[which[0]] < 3.0012 < EDGES[which[0] + 1]
    assert "from 2.951 to 3.162 (up to " in str(record[0].message)
    lower, upper = EDGES[which], EDGES[which + 1]
    exact = 10 * ((3.0012 - lower) ** 0.1 + (upper - 3.0012) ** 0.1)
    off = np.abs(found.integrals()[which] / exact - 1)
    assert 1e-6 < off < 3 * found.error[which]


@pytest.mark.slow
def test_a_profile_of_noise_is_warned_of_once_and_soon():
    binned = bin_maps(make_maps(), line()).drop_vars("edisp", errors="ignore")
    started = time.process_time()
    with pytest.warns(DataWarning, match="noise changes too fast") as record:
        profile = xprofile.estimate(binned, spectral_model=noise)
    assert len(record) == 1
    assert time.process_time() - started < 5
    assert np.isfinite(profile.norm).all()


def test_profiles_and_their_conversions_with_a_cutoff_below_the_data():
    binned = bin_maps(make_maps(), line())
    lowest = float(binned.energy_min[0]) / 100
    started = time.process_time()
    for data in (binned, binned.drop_vars("edisp", errors="ignore")):
        profile = xprofile.estimate(data, spectral_model=cutoff(lowest))
        flux = xprofile.to_sed_type(profile, "eflux")
        back = xprofile.with_reference_model(flux, power_law(2))
        assert np.isfinite(back.eflux).all()
    assert time.process_time() - started < 2


def test_many_narrow_bins_are_as_many_integrals():
    edges = np.geomspace(0.1, 100, 5001)
    started = time.process_time()
    found = reference_fluxes(cutoff(10), edges[:-1], edges[1:])
    assert time.process_time() - started < 2
    np.testing.assert_allclose(found["flux"].sum(), integral(cutoff(10), EDGES).sum(), rtol=1e-9)


def test_tables_are_not_asked_beyond_their_ends():
    table = models.Tabular1D(points=EDGES[::20] * u.TeV, lookup_table=EDGES[::20] ** -2 * FLUX)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = integral(table, EDGES)
    expected = trapezoid(EDGES[::20] ** -2, EDGES[::20])
    np.testing.assert_allclose(found.sum(), expected, rtol=1e-9)


@pytest.mark.quick
@pytest.mark.parametrize(
    ("model", "message"),
    [
        (lambda energy: np.where(energy.value > 3, np.nan, 1) * FLUX, "nan at 3.*TeV"),
        (lambda energy: np.where(energy.value > 3, np.inf, 1) * FLUX, "inf at 3.*TeV"),
        (lambda energy: np.where(energy.value > 3, -1, 1) * FLUX, "-1 at 3.*TeV"),
        (lambda energy: np.ones((energy.size, 2)) * FLUX, "differential flux"),
        (lambda energy: np.ones(energy.size + 1) * FLUX, "differential flux"),
        (lambda energy: energy.value**-2j * FLUX, "complex numbers"),
        (lambda energy: np.ones(1) * FLUX, r"the shape \(1,\) for energies"),
        (lambda energy: np.ones((1, energy.size)) * FLUX, r"the shape \(1, "),
        (lambda energy: Masked(energy.value**-2 * FLUX, energy.value > 3), "masked values"),
        (lambda energy: Masked(energy.value**-2, True) * FLUX, "masked values"),
        (lambda energy: 1 // 0, "ZeroDivisionError"),
        (lambda energy: {}["index"], "KeyError: 'index'"),
        (lambda energy: energy.no_such_name, "AttributeError"),
        (lambda energy: 1 * FLUX if energy < 3 * u.TeV else 2 * FLUX, "ambiguous"),
        (lambda energy: 1e306 * energy.value * FLUX, "too large to be integrated"),
        (power_law(index=-180), "not finite .*inf at"),
        (models.Tabular1D(points=[1, 2] * u.TeV, lookup_table=[1, 2] * FLUX), "out of bounds"),
    ],
)
def test_wrong_spectra_are_errors(model, message):
    with pytest.raises(InvalidOptionError, match=message):
        integral(model, EDGES)
