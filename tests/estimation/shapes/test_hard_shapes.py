"""Shapes whose statistic is flat, ragged or at its end: fits end, and at the right place."""

import warnings

import astropy.units as u
import numpy as np
import pytest
from astropy.coordinates import SkyCoord
from astropy.modeling import custom_model
from astropy.modeling.models import Gaussian1D, Tabular1D
from cases.psf_maps import spread_maps
from cases.shapes import spread_counts

from xprofile import SkyBins, bin_maps, fit_shape, power_law
from xprofile.estimation.shapes.fitting.profiled import Rows, best_amplitudes
from xprofile.estimation.shapes.light import find_light
from xprofile.exceptions import InvalidOptionError
from xprofile.schema.variables import STATUS_FLAGS

CENTER = SkyCoord(0, 0, unit="deg", frame="galactic")
MODEL = power_law(2.3)
RINGS = SkyBins.annuli(CENTER, radius_max=1.6 * u.deg, nbin=16)


@custom_model
def shell(distance, amplitude=1.0, inner=0.4, outer=0.6):
    """Brightness of a shell that emits evenly between two radii."""
    return amplitude * (
        np.sqrt(np.clip(outer**2 - distance**2, 0, None))
        - np.sqrt(np.clip(inner**2 - distance**2, 0, None))
    )


@custom_model
def step(distance, amplitude=1.0, edge=0.5):
    """Brightness of a disk."""
    return amplitude * (distance < edge)


def gauss(width=0.2):
    return Gaussian1D(1.0, 0.0, width, fixed={"mean": True})


@pytest.fixture(scope="module")
def binned():
    maps = spread_maps(shape=(40, 40), used=1.1, sigma=0.12).drop_vars(["edisp", "mask"])
    even = maps.exposure.copy(data=np.full(maps.exposure.shape, 1e12))
    maps = maps.assign(exposure=even, background=0 * maps.counts + 0.3)
    return bin_maps(maps, RINGS, psf=True)


def filled(binned, brightness, excess=2e4):
    """Fill in counts that are near the expected ones of a brightness."""
    light = find_light(binned, MODEL)
    return spread_counts(
        binned, light, brightness(light.places.at), excess=excess, seed=0, number=1
    ).isel(toy=0)


@pytest.mark.slow
@pytest.mark.parametrize("start", [(0.3, 0.8), (0.5, 0.9)])
def test_a_shell_is_found_from_afar(binned, start):
    """Its steep edges make a minimum at each place where light is known."""
    data = filled(binned, shell())
    near, fit = (
        fit_shape(data, shell(1.0, *radii), spectral_model=MODEL, selection_optional=None)
        for radii in ((0.4, 0.6), start)
    )
    np.testing.assert_allclose(np.abs(fit.value[1:]), np.abs(near.value[1:]), rtol=1e-3)
    assert fit.deviance < near.deviance + 0.01


@pytest.mark.heavy
@pytest.mark.parametrize("start", [0.335, 0.593, 1.074])
def test_a_step_is_found_from_afar(binned, start):
    """The statistic does not change in stairs as its edge moves."""
    data = filled(binned, step(1.0, 0.62))
    near, fit = (
        fit_shape(data, step(1.0, edge), spectral_model=MODEL, selection_optional=None)
        for edge in (0.62, start)
    )
    np.testing.assert_allclose(fit.value[1], near.value[1], rtol=1e-4)
    assert fit.deviance < near.deviance + 1e-3


def test_smooth_models_of_a_user_are_not_averaged(binned):
    """They give the numbers of the same model of astropy."""
    own = custom_model(lambda distance, amplitude=1.0, stddev=0.2: amplitude * np.exp(
        -(distance**2) / (2 * stddev**2)))()  # fmt: skip
    data = filled(binned, gauss(0.3))
    fit, known = (
        fit_shape(data, m, spectral_model=MODEL, selection_optional=None) for m in (own, gauss())
    )
    np.testing.assert_allclose(fit.value[1], known.value[2], rtol=1e-4)
    np.testing.assert_allclose(fit.deviance, known.deviance, rtol=1e-6)


def test_without_counts_a_shape_has_no_errors(binned):
    with warnings.catch_warnings():
        warnings.simplefilter("error", RuntimeWarning)
        fit = fit_shape(
            binned.assign(counts=0 * binned.counts), gauss(), spectral_model=MODEL,
            selection_optional=None,
        )  # fmt: skip
    assert np.all(fit.status & STATUS_FLAGS["zero_counts"])
    assert np.isnan(fit.err.sel(parameter=["amplitude", "stddev"])).all()
    assert fit.deviance < 1e-6


@pytest.mark.heavy
@pytest.mark.parametrize("scale", [1e-120, 1e-30, 1e30])
def test_the_size_of_the_reference_does_not_matter(binned, scale):
    data = filled(binned, gauss(0.3))
    options = {"selection_optional": ["errn-errp"]}
    expected = fit_shape(data, gauss(), spectral_model=MODEL, **options)
    small = power_law(2.3, scale * MODEL.amplitude.quantity)
    found = fit_shape(data, gauss(), spectral_model=small, **options)
    for name in ("value", "errn", "errp"):
        here, there = (f[name].sel(parameter="stddev") for f in (found, expected))
        np.testing.assert_allclose(here, there, rtol=1e-3)
    np.testing.assert_allclose(found.total * scale, expected.total, rtol=1e-4)


def test_brightness_without_limit_is_silent(binned):
    light = find_light(binned, MODEL)
    bright = np.zeros(light.places.at.size)
    bright[::2] = np.inf
    with warnings.catch_warnings():
        warnings.simplefilter("error", RuntimeWarning)
        assert not np.isfinite(light.counts(bright)).any()


@pytest.mark.parametrize("onoff", [False, True])
def test_one_amplitude_at_its_end_is_exact(onoff):
    """Empty rows hold the amplitude where the first of them would be negative."""
    column = np.array([[1.0], [0.5], [1e-200]])
    zero, background = np.zeros(3), np.array([2.0, 3.0, 1.0])
    rows = Rows(zero, zero if onoff else background, background, np.full(3, 0.5 * onoff))
    found, deviance = best_amplitudes(rows, column, zero, np.array([-np.inf]), None)
    assert np.isfinite(found).all()
    if not onoff:
        np.testing.assert_allclose(found, -6.0)
        np.testing.assert_allclose(deviance, 2.0)


WRONG = {
    "bounds": (
        Gaussian1D(1.0, 0.0, 0.4, bounds={"stddev": (0.5, 0.3)}), {},
        "stddev of the model has the bounds 0.5 to 0.3; give the lower one first",
    ),
    "extension": (gauss(), {"extension": "amplitude"}, "is an amplitude, expected a width"),
    "no values": (
        Tabular1D([0.0, 0.5, 1.0], [2.0, 1.0, 0.0]), {}, "Tabular1D fails at distances from",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("model", "options", "match"), WRONG.values(), ids=WRONG)
def test_wrong_models(binned, model, options, match):
    with pytest.raises(InvalidOptionError, match=match):
        fit_shape(binned, model, spectral_model=MODEL, **options)
