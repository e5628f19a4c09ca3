"""CLs limits and two-sided intervals of `unfold`."""

import numpy as np
import pytest
import xarray as xr
from cases.unfolding import mixed, row_of_bins

from xprofile import estimate, open_profile, simulate, to_sed_type, unfold

CLS = {"ul_method": "cls", "cl_ul": 0.95, "selection_optional": ["ul", "ul-expected"]}
NAMES = ["norm_ul", "norm_ul_expected"]


def apart(**changes):
    """Bins without a spread, with an empty one, and with one far below the background."""
    binned = row_of_bins(6, width=0, norm=[1, 0, 0.2, 3, 0, 0])
    counts = binned.counts.values.copy()
    counts[:, 4], counts[:, 5] = 0, 2
    return binned.assign(counts=binned.counts.copy(data=counts), **changes)


def on_off():
    data = apart()
    off = np.random.default_rng(2).poisson(3 * data.background.values)
    values = {"counts_off": off, "acceptance": 1.0 + 0 * off, "acceptance_off": 3.0 + 0 * off}
    dims = data.background.dims
    return data.drop_vars("background").assign({k: (dims, v) for k, v in values.items()})


@pytest.mark.heavy
@pytest.mark.parametrize(
    ("data", "options"),
    [
        (apart, {"energy_edges": "fine"}),
        (apart, {"background": 0.1, "norm_min": 0}),
        (apart, {"background": "free"}),
        (on_off, {}),
    ],
    ids=["known", "uncertain", "free", "on-off"],
)
def test_without_a_spread_limits_are_those_of_estimate(data, options):
    binned = data()
    found, want = unfold(binned, **CLS, **options), estimate(binned, **CLS, **options)
    for name in NAMES:
        xr.testing.assert_allclose(found[name], want[name], rtol=1e-8, atol=0)
    for name in ("ul_method", "ul_construction", "cl_ul", "n_sigma_ul"):
        assert found.attrs[name] == want.attrs[name]
    assert (found.norm_ul > 0).all()


@pytest.mark.slow
def test_limits_of_a_spread_and_their_files(tmp_path):
    binned = row_of_bins(7, width=0.7, norm=[1, 0, 0.2, 3, 0, 0, 1], background=3)
    found = unfold(binned, **CLS, interval_method="bounded")
    assert found.norm_ul_expected.dims == ("band", "projected_distance", "energy")
    assert (found.norm_ul > found.norm.clip(0)).all()
    assert (found.norm_ul_expected.diff("band") > 0).all()
    flux = to_sed_type(found, "flux")
    flux.profile.to_fits(tmp_path / "a.fits")
    again = open_profile(tmp_path / "a.fits")
    for name in ("flux_ul", "flux_ul_expected", "flux_lo", "flux_hi"):
        np.testing.assert_allclose(again[name], flux[name], rtol=1e-6)
    assert (again.attrs["ul_method"], again.attrs["interval_method"]) == ("cls", "bounded")


def test_a_smooth_profile_and_a_strong_signal_have_limits_near_those_of_the_likelihood():
    binned = row_of_bins(5, width=0.5, norm=40.0)
    options = {"smoothness": 0.01, "cl_ul": 0.95}
    cls = unfold(binned, ul_method="cls", selection_optional="ul", **options)
    usual = unfold(binned, selection_optional="ul", **options)
    np.testing.assert_allclose(cls.norm_ul, usual.norm_ul, rtol=1e-6)


def test_toys_have_limits_too():
    toys = simulate(mixed(row_of_bins(4), 0.5), n_toys=3, rng=1)
    found = unfold(toys, **CLS)
    assert found.norm_ul_expected.dims == ("toy", "band", "projected_distance", "energy")
    one = unfold(toys.isel(toy=1), **CLS)
    for name in NAMES:
        np.testing.assert_allclose(found[name].isel(toy=1), one[name], rtol=1e-8)


@pytest.mark.parametrize("method", ["likelihood", "bounded"])
def test_intervals(method):
    binned = row_of_bins(7, width=0.7, norm=[1, 0, 0.2, 3, 0, 0, 1], background=3)
    found = unfold(binned, interval_method=method, cl=0.9)
    least = {"norm_min": 0} if method == "bounded" else {}
    want = unfold(binned, selection_optional="errn-errp", cl=0.9, **least)
    np.testing.assert_allclose(found.norm_lo, want.norm - want.norm_errn, rtol=1e-8, atol=1e-12)
    np.testing.assert_allclose(found.norm_hi, want.norm + want.norm_errp, rtol=1e-8)
    assert found.attrs["interval_method"] == method
    assert (found.norm_lo >= 0).all() == (method == "bounded")
