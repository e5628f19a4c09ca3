"""P-values with allowance for many bins, and the most significant bin, by hand and by toys."""

import warnings

import numpy as np
import pytest
import xarray as xr
from cases.maps import make_maps
from cases.toys import BINS, NSIGMA

from xprofile import bin_maps, estimate, global_significance, p_value, power_law, simulate
from xprofile.exceptions import DataWarning, InvalidDataError, InvalidOptionError


@pytest.fixture(scope="module")
def binned():
    return bin_maps(make_maps(), BINS)


@pytest.fixture(scope="module")
def made(binned):
    """A profile and four toys of four bins, with test statistics that are easy to count."""
    profile, toys = estimate(binned), estimate(simulate(binned, n_toys=4, rng=1))
    observed = np.array([3.0, 1, 5, np.nan])
    null = np.array([[1.0, 2, 3, 9], [2, 0, 1, 9], [3, 0, 0, 9], [0, 4, 0, 9]])
    return (
        profile.assign(ts=profile["ts"].copy(data=observed[:, None])),
        toys.assign(ts=toys["ts"].copy(data=null[:, :, None])),
    )


@pytest.mark.parametrize(
    ("correction", "expected"),
    [
        ("none", [2 / 5, 3 / 5, 1 / 5, np.nan]),
        ("max", [4 / 5, 1, 1 / 5, np.nan]),  # largest values 3, 2, 3, 4, as the last bin is unknown
        ("holm", [4 / 5, 4 / 5, 3 / 5, np.nan]),  # 1/5 x 3, 2/5 x 2, 3/5 x 1 but not below
    ],
)
def test_shares_by_hand(made, correction, expected):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)  # that four toys are few
        found = p_value(*made, correction=correction)
    np.testing.assert_allclose(found.isel(energy=0), expected, rtol=1e-12)
    assert found.dims == ("projected_distance", "energy")


def test_most_significant_bin_by_hand(made):
    found = global_significance(*made, quantity="ts")
    assert found["ts"] == 5
    assert found["projected_distance"] == made[0]["projected_distance"][2]
    assert (found["p_value_local"], found["p_value_global"]) == (1 / 5, 1 / 5)
    np.testing.assert_allclose(found["significance_global"], 0.8416212335729143, rtol=1e-12)
    others = made[0].isel(projected_distance=[0, 1]), made[1].isel(projected_distance=[0, 1])
    found = global_significance(*others, quantity="ts")
    assert (found["p_value_local"], found["p_value_global"]) == (2 / 5, 3 / 5)
    assert found["significance_global"] == 0
    xr.testing.assert_identical(
        made[0].profile.global_significance(made[1], quantity="ts"),
        global_significance(*made, quantity="ts"),
    )


@pytest.mark.parametrize("correction", ["max", "holm"])
def test_corrected_p_values_are_rarely_small_without_signal(binned, correction):
    null, other = (estimate(simulate(binned, n_toys=n, rng=n)) for n in (2000, 1000))
    found = p_value(other, null, quantity="sqrt_ts", correction=correction)
    least = found.min(["projected_distance", "energy"])
    for share in (0.05, 0.2, 0.5):
        below = (least <= share).mean().item()
        error = NSIGMA * np.sqrt(share * (1 - share) * (1 / 2000 + 1 / 1000))
        assert below < share + error
        if correction == "max":
            assert below > share - error
    if correction == "max":
        overall = global_significance(other, null)
        np.testing.assert_array_equal(overall["p_value_global"], least)
        assert overall["projected_distance"].dims == ("toy",)


def test_errors_and_warnings(made):
    with pytest.raises(InvalidOptionError, match=r"correction must be one of.*'bonferroni'"):
        p_value(*made, correction="bonferroni")
    with pytest.warns(DataWarning, match=r"3 bins by 4 toys.*below 0.6.*at least 59 toys"):
        p_value(*made, correction="holm")
    lost = made[0].assign(ts=made[0]["ts"] * np.nan)
    with pytest.raises(InvalidDataError, match="no bin has a known ts"):
        global_significance(lost, made[1], quantity="ts")
    assert p_value(lost, made[1], correction="max").isnull().all()
    assert p_value(lost, made[1], correction="holm").isnull().all()


@pytest.mark.parametrize(
    ("drawn", "fitted", "words"),
    [
        ({"norm": 5}, {}, "have a signal of norm 5, so"),
        ({}, {"background": 0.3}, "have background=0.3 instead of fixed, so"),
        ({}, {"spectral_model": power_law(4)}, "have spectral_model=.*alpha=4.* instead of"),
    ],
)
def test_toys_of_other_settings_warn(binned, drawn, fitted, words):
    profile = estimate(binned)
    toys = estimate(simulate(binned, n_toys=39, rng=1, **drawn), **fitted)
    for call in (p_value, global_significance):
        with pytest.warns(DataWarning, match=words) as found:
            call(profile, toys)
        assert [w.filename for w in found] == [__file__]
