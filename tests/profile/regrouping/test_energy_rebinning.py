"""Merged energy bins: their fit is that of the fine bins in groups, for any spectrum."""

from functools import cache, partial

import astropy.units as u
import numpy as np
import pytest
import xarray as xr
from cases.maps import make_maps, uneven_maps
from cases.psf_maps import spread_maps
from cases.rebinning import annuli, uneven_onoff

from xprofile import bin_maps, check_binned, estimate, power_law, rebin_energy, simulate, unfold
from xprofile.exceptions import InvalidDataError, InvalidOptionError

BOUNDS = [0, 1, 4]  # of four energy bins


@cache
def binned(kind):
    maps = {"plain": make_maps, "uneven": uneven_maps, "onoff": uneven_onoff}[kind]()
    return bin_maps(maps, annuli())


def edges_of(data, numbers):
    return np.append(data.energy_min, data.energy_max[-1])[numbers] * u.TeV


def same_profile(found, expected):
    assert set(found.variables) == set(expected.variables)
    for name, values in expected.variables.items():
        if values.dtype.kind == "f":
            np.testing.assert_allclose(found[name], values, rtol=1e-9, atol=1e-12, err_msg=name)
        else:
            np.testing.assert_array_equal(found[name], values, err_msg=name)


@pytest.mark.parametrize("model", [power_law(), power_law(index=4)])
@pytest.mark.parametrize("kind", ["plain", "uneven"])
def test_a_fit_of_merged_bins_is_that_of_summed_groups(kind, model):
    data = binned(kind)
    edges = edges_of(data, BOUNDS)
    merged = data.profile.rebin_energy(edges=edges)
    check_binned(merged)
    options = {"spectral_model": model, "selection_optional": ["ul", "errn-errp"]}
    found = estimate(merged, energy_edges="fine", **options)
    expected = estimate(data, energy_edges=edges, sum_over_energy_groups=True, **options)
    same_profile(found, expected)
    assert set(merged.data_vars) <= set(data.data_vars)
    assert merged.energy.attrs == data.energy.attrs
    assert merged.counts.attrs == data.counts.attrs


def test_on_off_data_keep_their_background():
    data = binned("onoff")
    data = data.assign(coverage=xr.ones_like(data.coverage))  # without edisp, masks must agree
    data["exposure"] = data.exposure.isel(energy=0)
    edges = edges_of(data, BOUNDS)
    found = estimate(rebin_energy(data, edges=edges), energy_edges="fine")
    expected = estimate(data, energy_edges=edges, sum_over_energy_groups=True)
    same_profile(found, expected)


def test_unused_energy_bins_do_not_count():
    """A bin may be used at some energies only; by hand, too."""
    data = binned("uneven").copy(deep=True)
    data.coverage[2, 3] = 0
    edges = edges_of(data, BOUNDS)
    found = estimate(rebin_energy(data, edges=edges), energy_edges="fine")
    expected = estimate(data, energy_edges=edges, sum_over_energy_groups=True)
    same_profile(found, expected)


def test_photons_that_the_psf_shares():
    data = bin_maps(spread_maps(sigma=0.05), annuli(np.array([0, 0.5, 1.0, 1.4])), psf=True)
    edges = edges_of(data, BOUNDS)
    found = unfold(rebin_energy(data, edges=edges), energy_edges="fine")
    expected = unfold(data, energy_edges=edges, sum_over_energy_groups=True)
    for name in ("norm", "norm_err", "ts", "npred"):
        np.testing.assert_allclose(found[name], expected[name], rtol=1e-6, atol=1e-9)


def test_factor_and_edges_are_the_same():
    data = binned("plain")
    by_factor = rebin_energy(data, 3)
    assert by_factor.sizes["energy"] == 2
    by_edges = data.profile.rebin_energy(edges=edges_of(data, [0, 3, 4]).to("GeV"))
    xr.testing.assert_equal(by_factor, by_edges)
    xr.testing.assert_allclose(rebin_energy(data, 1), data)
    part = rebin_energy(data, edges=edges_of(data, [1, 3]))
    np.testing.assert_array_equal(part.counts[0], data.counts[1:3].sum("energy"))
    assert part.attrs["history"].splitlines()[-1].endswith(" TeV")


def loop_bounds(size, meets):
    """Grow one bin after the other, as the docstring says."""
    bounds = [0]
    for stop in range(1, size + 1):
        if meets(bounds[-1], stop):
            bounds.append(stop)
    if bounds[-1] != size:
        if len(bounds) > 1 and meets(bounds[-2], size):
            bounds.pop()
        bounds.append(size)
    return bounds


def many_energies():
    maps = make_maps(nenergy=12, ntrue=14)
    slope = np.geomspace(1, 1e-3, 12)[:, None, None]
    rng = np.random.default_rng(1)
    maps["background"] = maps.background * slope
    maps["counts"] = maps.counts.copy(data=rng.poisson(1.15 * maps.background))
    return bin_maps(maps, annuli())


def excess_significance(data, start, stop):
    """Signed root of the Cash likelihood ratio of two sums."""
    n, b = (float(data[name][start:stop].sum()) for name in ("counts", "background"))
    ratio = 2 * (n * np.log(n / b) - (n - b)) if n else 2 * b
    return np.sign(n - b) * np.sqrt(ratio)


def test_bins_grow_from_the_lowest_energy_on():
    data = many_energies()
    for least in (1000, 4000):
        expected = loop_bounds(12, lambda a, b, least=least: data.counts[a:b].sum() >= least)
        grown = rebin_energy(data, min_counts=least)
        np.testing.assert_array_equal(grown.energy_min, data.energy_min[expected[:-1]])
        enough = grown.counts.sum("projected_distance") >= least
        np.testing.assert_array_equal(grown.criterion_met, enough)
    for least in (4, 40):
        expected = loop_bounds(
            12, lambda a, b, least=least: excess_significance(data, a, b) >= least
        )
        grown = rebin_energy(data, min_excess_sigma=least)
        np.testing.assert_array_equal(grown.energy_min, data.energy_min[expected[:-1]])
    assert not grown.criterion_met.any()
    assert grown.criterion_met.attrs["long_name"] == "bin has min excess sigma 40"


@pytest.mark.slow
def test_bins_grow_until_their_ts_is_enough():
    data = many_energies()
    settings = {"spectral_model": power_law(index=3), "norm_min": 0}
    sizes = []
    for least in (6, 12):
        found = partial(summed_ts, data, settings)
        expected = loop_bounds(12, lambda a, b, f=found, least=least: f(a, b) >= least)
        grown = data.profile.rebin_energy(min_ts=least, **settings)
        np.testing.assert_array_equal(grown.energy_min, data.energy_min[expected[:-1]])
        ts = estimate(grown, energy_edges="fine", **settings).ts.sum("projected_distance")
        np.testing.assert_array_equal(grown.criterion_met, ts >= least)
        sizes.append(grown.sizes["energy"])
    assert 12 > sizes[0] > sizes[1] > 1


def summed_ts(data, settings, start, stop):
    part = data.isel(energy=slice(start, stop))
    return estimate(part, sum_over_energy_groups=True, **settings).ts.sum()


def test_toys_are_merged_like_data():
    data = binned("plain")
    toys = simulate(data, n_toys=3, rng=1)
    merged = rebin_energy(toys, 2)
    for i in range(3):
        xr.testing.assert_equal(merged.isel(toy=i), rebin_energy(toys.isel(toy=i), 2))
    with pytest.raises(InvalidDataError, match="dims \\['toy'\\] too"):
        rebin_energy(toys, min_counts=3)


def test_chunks_are_computed():
    pytest.importorskip("dask")
    data = binned("uneven")
    xr.testing.assert_equal(rebin_energy(data.chunk(), 2), rebin_energy(data, 2))


def test_masks_that_differ_need_an_energy_dispersion():
    data = binned("uneven").drop_vars("edisp")
    text = r"have no energy dispersion.* these change at .* TeV\. Or give energy_edges="
    with pytest.raises(InvalidDataError, match=text):
        rebin_energy(data, 2)


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({}, "give one of factor=, edges=, min_counts=, min_excess_sigma=, min_ts=; found none"),
        ({"factor": 2, "min_ts": 3}, "found factor, min_ts"),
        ({"factor": 0}, "factor"),
        ({"edges": [10, 20] * u.GeV}, "the edge 0.02 TeV is not one of the old edges"),
        ({"edges": [10, 20] * u.deg}, "ascending numbers in TeV"),
        ({"min_counts": -1}, "min_counts"),
        ({"factor": 2, "norm_min": 0}, "norm_min: settings of the estimator are for min_ts alone"),
    ],
)
def test_wrong_options_are_said(options, text):
    with pytest.raises(InvalidOptionError, match=text):
        rebin_energy(binned("plain"), **options)


def test_unknown_variables_are_not_guessed():
    data = binned("plain")
    with pytest.raises(InvalidDataError, match=r"variables \['mine'\]"):
        rebin_energy(data.assign(mine=data.counts), 2)
