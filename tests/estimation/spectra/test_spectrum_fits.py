"""Spectra along a profile: Gammapy's numbers, brute force, kinds of data, and comparisons."""

import astropy.units as u
import numpy as np
import pytest
import xarray as xr
from astropy.coordinates import SkyCoord
from astropy.modeling import models
from cases.templates import DIM, filled
from scipy.optimize import minimize_scalar

from xprofile import SkyBins, estimate, fit_spectrum, open_netcdf, power_law
from xprofile.exceptions import InvalidOptionError, TooLargeError
from xprofile.schema.variables import STATUS_FLAGS
from xprofile.spectrum.response import predicted_signal

UNIT = u.Unit("cm-2 s-1 TeV-1")


def bins_of(maps):
    center = SkyCoord(0, 0, unit="deg", frame="galactic")
    return maps.profile.bin(SkyBins.annuli(center, edges=[0, 0.25, 0.5, 1, 1.5, 2] * u.deg))


def bright(seed=1, index=2.6, total=400):
    """Small binned data with a known spectrum in each bin."""
    binned, _ = filled(seed=seed)
    signal = predicted_signal(binned, power_law(index)).transpose("energy", DIM)
    signal = signal / signal.sum("energy") * total
    expected = (signal + binned.background).transpose("energy", DIM)
    counts = np.random.default_rng(seed).poisson(expected)
    return binned.assign(counts=(("energy", DIM), counts))


def stat_at(binned, **parameters):
    """Statistic of `estimate` with a fixed spectrum, whose norm it fits."""
    model = models.LogParabola1D(1e-12 * UNIT, 1 * u.TeV, 2, 0)
    for name, value in parameters.items():
        setattr(model, name, value)
    return estimate(binned, spectral_model=model).stat.isel(energy=0).to_numpy()


def test_index_of_the_galactic_center_as_gammapy_fits_it(real_maps):
    model = power_law(reference=50 * u.GeV)
    fit = fit_spectrum(bins_of(real_maps), model, free=["alpha"])
    assert fit.alpha.dims == (DIM,)
    np.testing.assert_allclose(fit.alpha[:2], [2.696, 3.39], rtol=0.01)
    np.testing.assert_allclose(fit.alpha_err[0], 0.099, rtol=0.03)
    np.testing.assert_allclose(fit.alpha_err[1], 0.41, rtol=0.03)
    assert fit.amplitude.attrs["units"] == "cm-2 s-1 TeV-1"
    assert int(fit.status[4]) & STATUS_FLAGS["best_fit_at_boundary"]


@pytest.mark.parametrize("with_edisp", [True, False])
def test_amplitude_statistic_and_ts_are_those_of_estimate_with_this_index(real_maps, with_edisp):
    binned = bins_of(real_maps).isel({DIM: [0, 1]})
    binned = binned if with_edisp else binned.drop_vars("edisp")
    fit = fit_spectrum(binned, power_law(reference=50 * u.GeV))
    for i in range(2):
        model = power_law(float(fit.alpha[i]), reference=50 * u.GeV)
        alone = estimate(binned.isel({DIM: [i]}), spectral_model=model).isel(energy=0)
        np.testing.assert_allclose(fit.amplitude[i], 1e-12 * alone.norm[0], rtol=1e-7)
        np.testing.assert_allclose(fit.stat[i], alone.stat[0], rtol=1e-12)
        np.testing.assert_allclose(fit.ts[i], alone.ts[0], rtol=1e-7)
        np.testing.assert_allclose(fit.npred[i], alone.npred[0], rtol=1e-7)


@pytest.mark.parametrize(
    "free", [["alpha"], pytest.param(["alpha", "beta"], marks=pytest.mark.slow)]
)
def test_profiled_errors_are_where_the_statistic_has_risen_by_one(free):
    binned = bright(total=4000).isel({DIM: [0]})
    model = models.LogParabola1D(1e-12 * UNIT, 1 * u.TeV, 2, 0)
    fit = fit_spectrum(binned, model, free=free)
    for i in range(binned.sizes[DIM]):
        one = binned.isel({DIM: [i]})
        for sign, name in ((1, "alpha_errp"), (-1, "alpha_errn")):
            at = float(fit.alpha[i] + sign * fit[name][i])
            if len(free) == 1:
                lowest = stat_at(one, alpha=at)[0]
            else:
                beta = float(fit.beta[i])
                lowest = minimize_scalar(
                    lambda b, at=at, one=one: stat_at(one, alpha=at, beta=b)[0],
                    bounds=(beta - 0.5, beta + 0.5), method="bounded",
                ).fun  # fmt: skip
            np.testing.assert_allclose(lowest - float(fit.stat[i]), 1, atol=3e-5)


@pytest.mark.slow
def test_random_bins_are_at_the_lowest_point_of_a_grid():
    """Bins with few to many counts; none may be above any point of the grid."""
    rng = np.random.default_rng(5)
    binned, _ = filled(seed=2)
    expected = binned.background.transpose("energy", DIM)
    toys = rng.poisson(expected.to_numpy() * 10 ** rng.uniform(-2, 1.5, (100, 1, 1)))
    many = binned.assign(counts=(("toy", "energy", DIM), toys))
    fit = fit_spectrum(many, power_law(), selection_optional=None)
    for index in np.linspace(-5, 10, 61):
        at = estimate(many, spectral_model=power_law(index)).stat.isel(energy=0)
        assert float((fit.stat - at).max()) < 1e-6, index
    assert not int((fit.status & STATUS_FLAGS["not_converged"]).max())


@pytest.mark.slow
def test_starting_values_do_not_matter():
    binned = bright(seed=2)
    fits = [fit_spectrum(binned, power_law(index)) for index in (0.5, 2, 6)]
    for fit in fits[1:]:
        np.testing.assert_allclose(fit.alpha, fits[0].alpha, rtol=1e-7)
        np.testing.assert_allclose(fit.amplitude, fits[0].amplitude, rtol=1e-6)


def test_bounds_hold_and_the_end_is_flagged():
    model = power_law()
    model.alpha.bounds = (0, 2.2)
    fit = fit_spectrum(bright(index=3.5), model)
    np.testing.assert_array_equal(fit.alpha, 2.2)
    assert np.all(fit.status & STATUS_FLAGS["best_fit_at_boundary"])
    assert np.isnan(fit.alpha_err).all()
    assert np.isfinite(fit.amplitude_err).all()


def test_bins_that_cannot_say_have_nan_and_a_flag():
    binned = bright()
    counts = binned.counts.copy()
    counts[{DIM: 0}] = 0
    fit = fit_spectrum(binned.assign(counts=counts), power_law())
    assert np.isnan(fit.alpha[0])
    assert np.isfinite(fit.alpha[1:]).all()
    flags = STATUS_FLAGS["zero_counts"] | STATUS_FLAGS["not_determined"]
    assert int(fit.status[0]) & flags == flags
    fine = fit_spectrum(binned, power_law(), energy_edges="fine")
    assert fine.alpha.dims == (DIM, "energy")
    assert np.isnan(fine.alpha).all()
    assert np.all(fine.status & STATUS_FLAGS["not_determined"])


def test_two_equal_data_sets_have_half_the_variance():
    binned = bright()
    one, two = fit_spectrum(binned, power_law()), fit_spectrum([binned, binned], power_law())
    np.testing.assert_allclose(two.alpha, one.alpha, rtol=1e-7)
    np.testing.assert_allclose(two.covariance, one.covariance / 2, rtol=1e-5)
    np.testing.assert_array_equal(two.counts, 2 * one.counts)


@pytest.mark.heavy
@pytest.mark.parametrize("background", ["free", 0.1])
def test_an_uncertain_background_is_that_of_estimate(background):
    binned = bright().isel({DIM: [0]})
    fit = fit_spectrum(binned, power_law(), background=background, selection_optional=None)
    for i in range(binned.sizes[DIM]):
        one = binned.isel({DIM: [i]})
        stats = [
            float(estimate(one, spectral_model=power_law(a), background=background).stat[0, 0])
            for a in float(fit.alpha[i]) + np.array([-0.05, 0, 0.05])
        ]
        np.testing.assert_allclose(fit.stat[i], stats[1], rtol=1e-10)
        assert stats[1] <= min(stats[0], stats[2])


def test_off_counts_that_are_exact_give_nearly_the_known_background():
    binned = bright()
    ratio = 1e-4
    off = np.rint(binned.background / ratio).astype(int)
    onoff = binned.drop_vars("background").assign(
        counts_off=off, acceptance=xr.ones_like(binned.background),
        acceptance_off=xr.full_like(binned.background, 1 / ratio),
    )  # fmt: skip
    known, measured = fit_spectrum(binned, power_law()), fit_spectrum(onoff, power_law())
    np.testing.assert_allclose(measured.alpha, known.alpha, atol=2e-3)
    np.testing.assert_allclose(measured.alpha_err, known.alpha_err, rtol=5e-3)


def test_a_different_index_in_one_bin_is_seen_by_the_chi2_of_the_same():
    same = fit_spectrum(bright(seed=4), power_law(), n_toys=200, rng=1)
    assert 0.01 < float(same.alpha_p_value) <= 1
    weight = same.alpha_err**-2
    mean = (weight * same.alpha).sum() / weight.sum()
    np.testing.assert_allclose(same.alpha_mean, mean, rtol=1e-10)
    np.testing.assert_allclose(same.alpha_chi2, (weight * (same.alpha - mean) ** 2).sum())
    assert int(same.alpha_dof) == same.sizes[DIM] - 1
    other, soft = bright(seed=4, total=4000), bright(seed=4, index=3, total=4000)
    counts = xr.where(other[DIM] == other[DIM][0], soft.counts, other.counts)
    counts = counts.transpose(*other.counts.dims)
    found = fit_spectrum(other.assign(counts=counts), power_law(), n_toys=200, rng=1)
    assert float(found.alpha_p_value) < 0.01


def test_results_go_to_netcdf_and_back(tmp_path):
    fit = fit_spectrum(bright(), power_law())
    fit.profile.to_netcdf(tmp_path / "fit.nc")
    xr.testing.assert_identical(open_netcdf(tmp_path / "fit.nc"), fit)


def wrong_models():
    tied, fixed = power_law(), power_law()
    tied.x_0.tied = lambda m: m.alpha * u.TeV
    fixed.alpha.fixed = True
    upside_down = power_law()
    upside_down.alpha.bounds = (3, 1)
    difference = power_law() + power_law(amplitude=-1e-13 * UNIT)
    return {
        "alpha has the range 3 to 1": (upside_down, ["alpha"]),
        "amplitude_1 of the model must be positive": (difference, ["alpha_0"]),
        "tied": (tied, ["alpha"]), "fixed": (fixed, ["alpha"]),
        "not parameters": (power_law(), ["gamma"]), "one or two": (power_law(), ["amplitude"]),
        "names of parameters": (power_law(), [3]),
        "astropy.modeling": (lambda e: 1e-12 * UNIT * (e / u.TeV) ** -2, ["alpha"]),
        "scales the whole": (power_law() + models.Const1D(1e-12 * UNIT), ["alpha_0"]),
    }  # fmt: skip


@pytest.mark.quick
@pytest.mark.parametrize("text", wrong_models())
def test_models_and_names_that_cannot_be_fitted_are_clear_errors(text):
    model, free = wrong_models()[text]
    with pytest.raises(InvalidOptionError, match=text):
        fit_spectrum(bright(), model, free=free)


@pytest.mark.slow
def test_profiled_intervals_cover_and_pulls_are_normal(real_maps):
    binned = bins_of(real_maps).isel({DIM: [0]})
    model, true = power_law(reference=50 * u.GeV), power_law(2.7, reference=50 * u.GeV)
    norm = 3000.0
    toys = binned.profile.simulate(norm=norm, n_toys=2000, rng=7, spectral_model=true)
    fit = fit_spectrum(toys, model)
    for name, value in (("alpha", 2.7), ("amplitude", norm * 1e-12)):
        found, below, above = fit[name], fit[f"{name}_errn"], fit[f"{name}_errp"]
        inside = (found - below <= value) & (value <= found + above)
        assert abs(float(inside.mean()) - 0.6827) < 3 * np.sqrt(0.6827 * 0.3173 / 2000)
        pull = (found - value) / fit[f"{name}_err"]
        assert abs(float(pull.std()) - 1) < 0.08


def test_too_many_toys_are_refused_before_the_fit():
    with pytest.raises(TooLargeError, match=r"n_toys=1000000000 asks for .* draw fewer toys"):
        fit_spectrum(bright(seed=4), power_law(), n_toys=10**9)
