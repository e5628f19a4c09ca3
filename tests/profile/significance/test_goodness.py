"""Goodness of fit of profiles without signal and of constant ones, against other fits and toys."""

import astropy.units as u
import numpy as np
import pytest
import xarray as xr
from cases.maps import make_maps
from cases.toys import BINS, NSIGMA, make_onoff
from scipy.optimize import minimize_scalar
from scipy.special import xlogy
from scipy.stats import chi2

from xprofile import bin_maps, estimate, fit_templates, goodness_of_fit, power_law, simulate
from xprofile.exceptions import InvalidDataError, InvalidOptionError
from xprofile.spectrum.response import predicted_signal

DIMS = ("projected_distance", "energy")


@pytest.fixture(scope="module")
def binned():
    return bin_maps(make_maps(), BINS)


def deviance(n, mu):
    return 2 * (mu - n + xlogy(n, n / mu)).sum()


def test_they_are_sums_of_deviances(binned):
    found = goodness_of_fit(binned)
    n, b = (binned[name].transpose("energy", ...).to_numpy() for name in ("counts", "background"))
    s = predicted_signal(binned, power_law()).transpose("energy", ...).to_numpy()
    one = minimize_scalar(lambda x: deviance(n, x * s + b), bracket=(-0.1, 0.1), tol=1e-12)
    profile = estimate(binned)
    each = sum(deviance(n[:, j], x * s[:, j] + b[:, j]) for j, x in enumerate(profile.norm.values))
    values = np.array([deviance(n, b), one.fun])
    np.testing.assert_allclose(found["deviance"].values[:, 0], values, rtol=1e-10)
    np.testing.assert_allclose(found["ts"].values[:, 0], values - each, rtol=1e-9)
    np.testing.assert_allclose(found["norm"].values[:, 0], [0, one.x], rtol=1e-5)
    np.testing.assert_array_equal(found["dof"].values[:, 0], [4, 3])
    np.testing.assert_array_equal(found["deviance_dof"].values[:, 0], [n.size, n.size - 1])
    np.testing.assert_allclose(found["p_value"], chi2.sf(found["ts"], found["dof"]), rtol=1e-12)
    assert found["ts"].dims == ("hypothesis", "energy")
    xr.testing.assert_identical(binned.profile.goodness_of_fit(), found)


@pytest.mark.parametrize("kind", ["known", "on-off", "uncertain", "joint", "summed"])
def test_no_signal_is_the_sum_of_ts_and_constant_is_a_template(binned, kind):
    data = make_onoff() if kind == "on-off" else binned
    options = {"background": 0.1} if kind == "uncertain" else {}
    summed = {"sum_over_energy_groups": True} if kind == "summed" else {}
    options["energy_edges"] = [0.01, 0.1, 1] * u.TeV
    given = [data, make_onoff()] if kind == "joint" else data
    found = goodness_of_fit(given, **options, **summed)
    profile = estimate(given, **options, **summed)
    total = profile["ts"].sum("projected_distance")
    np.testing.assert_allclose(found["ts"][0], total, rtol=1e-12)
    if kind in ("known", "on-off", "uncertain"):
        counts = predicted_signal(data, power_law()).assign_attrs(units="")
        fit = fit_templates(data, {"same": counts}, per="energy", **options)
        np.testing.assert_allclose(found["norm"][1], fit["norm"][0], rtol=1e-7)
        np.testing.assert_allclose(found["deviance"][1], fit["deviance"], rtol=1e-8)
    assert (found["ts"][1] <= found["ts"][0]).all()


def test_toys_give_the_same_p_values_for_many_counts(binned):
    drawn = simulate(binned, norm=1, n_toys=1, rng=3).isel(toy=0)
    found = goodness_of_fit(drawn, n_toys=999, rng=1)
    p = found["p_value"].to_numpy()
    np.testing.assert_array_less(
        np.abs(found["p_value_toys"] - p), NSIGMA * np.sqrt(p * (1 - p) / 999) + 2e-3
    )
    assert (found["deviance_p_value_toys"][1] > 0.001).all()
    xr.testing.assert_identical(goodness_of_fit(drawn, n_toys=999, rng=1), found)


def test_toys_of_a_constant_have_its_norm(binned):
    dark = binned.assign(background=binned["background"] * 0)
    counts = float(predicted_signal(dark, power_law()).sum())
    drawn = simulate(dark, norm=40 / counts, n_toys=1, rng=3).isel(toy=0)
    found = goodness_of_fit(drawn, energy_edges=2, n_toys=99, rng=1)
    assert (found["p_value_toys"][1] > 0.01).all()
    assert (found["p_value_toys"][0] == 0.01).all()  # no toy without signal has counts


def test_p_values_are_uniform(binned):
    toys = simulate(binned, norm=0.5, n_toys=1000, rng=2)
    found = goodness_of_fit(toys)
    assert found["ts"].dims == ("hypothesis", "toy", "energy")
    for share in (0.1, 0.5):
        below = (found["p_value"][1] <= share).mean().item()
        assert abs(below - share) < NSIGMA * np.sqrt(share * (1 - share) / 1000) + 0.01


def test_bins_without_data_do_not_count(binned):
    fewer = binned.isel(projected_distance=[0, 2, 3])
    lost = binned.copy(deep=True)
    lost["coverage"][:, 1] = 0
    for name in ("ts", "dof", "deviance", "deviance_dof", "norm"):
        np.testing.assert_allclose(
            goodness_of_fit(lost)[name], goodness_of_fit(fewer)[name], rtol=1e-9
        )
    dark = binned.copy(deep=True)
    dark["exposure"][{"projected_distance": 1}] = 0  # counts, but no signal
    for name in ("ts", "dof", "deviance", "deviance_dof", "norm"):
        np.testing.assert_allclose(
            goodness_of_fit(dark)[name], goodness_of_fit(fewer)[name], rtol=1e-9
        )
    lost["coverage"][:] = 0
    none = goodness_of_fit(lost, n_toys=2, rng=1)
    names = ["ts", "p_value", "p_value_toys", "deviance", "deviance_p_value_toys"]
    assert none[names].isnull().to_array().all()
    single = goodness_of_fit(binned.isel(projected_distance=[0]), n_toys=2, rng=1)
    assert np.isnan(single["p_value"][1]).all()
    assert np.isnan(single["p_value_toys"][1]).all()


def test_round_trip_and_errors(binned, tmp_path):
    found = goodness_of_fit(binned, n_toys=3, rng=1)
    found.to_netcdf(tmp_path / "tests.nc")
    with xr.open_dataset(tmp_path / "tests.nc") as back:
        xr.testing.assert_equal(back.load(), found)
    with pytest.raises(InvalidOptionError, match="'free' has no uncertainty to draw from"):
        goodness_of_fit(binned, background="free", n_toys=3)
    with pytest.raises(InvalidDataError, match="toys already"):
        goodness_of_fit(simulate(binned, n_toys=2, rng=1), n_toys=3)
    with pytest.raises(InvalidOptionError, match="n_toys"):
        goodness_of_fit(binned, n_toys=0)
    with pytest.raises(InvalidOptionError, match="rng must be an integer of 0 or more"):
        goodness_of_fit(binned, n_toys=3, rng=-1)
