"""Methods and levels of limits from scans: what is kept, and one warning of what is not."""

import warnings

import numpy as np
import pytest
from cases.maps import make_maps
from cases.short_line import line

from xprofile import bin_maps, estimate, merge_profiles, recompute_ul
from xprofile.exceptions import DataWarning, InvalidDataError

SCAN = {"selection_optional": ["ul", "scan"], "scan_n_sigma": 12, "scan_n_values": 121}
NAMES = ("ul_method", "cl_ul", "n_sigma_ul")


@pytest.fixture(scope="module")
def binned():
    """Counts from none to twice the background."""
    data = bin_maps(make_maps(), line())
    share = data.projected_distance / data.projected_distance.max() * 2
    counts = (data.background * share.where(share > 0.5, 0)).round().astype(int)
    return data.assign(counts=counts.transpose(*data.counts.dims))


def kept(profile):
    return tuple(profile.attrs[name] for name in NAMES)


def test_bounded_limits_stay_bounded_at_their_level(binned):
    profile = estimate(binned, **SCAN, cl_ul=0.95, ul_method="bounded")
    assert (profile.norm < 0).any()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        again = recompute_ul(profile)
        higher = recompute_ul(profile, cl_ul=0.99)
    assert kept(again) == kept(profile)
    np.testing.assert_allclose(again.norm_ul, profile.norm_ul, rtol=1e-4)
    expected = estimate(binned, cl_ul=0.99, ul_method="bounded")
    assert kept(higher) == kept(expected)
    np.testing.assert_allclose(higher.norm_ul, expected.norm_ul, rtol=1e-4)


def test_bounded_profiles_merge_to_bounded_ones(binned):
    data = binned.isel(projected_distance=[0, 1])
    profile = estimate(data, **SCAN, cl_ul=0.95, ul_method="bounded")
    assert (profile.norm < 0).all()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        merged = merge_profiles([profile, profile])
    expected = estimate([data, data], cl_ul=0.95, ul_method="bounded")
    assert kept(merged) == kept(expected)
    np.testing.assert_allclose(merged.norm_ul, expected.norm_ul, rtol=1e-3)


def test_narrow_scans_do_not_reach_bounded_limits(binned):
    narrow = SCAN | {"scan_n_sigma": 2}
    profile = estimate(binned, **narrow, cl_ul=0.95, ul_method="bounded")
    with pytest.raises(InvalidDataError, match="above the best fit of 0 or more in"):
        recompute_ul(profile)


@pytest.mark.heavy
@pytest.mark.parametrize("name", ["cls", "bayes"])
def test_other_methods_warn_once(binned, name):
    data = binned.isel(projected_distance=slice(-1, None))
    options = {"prior": np.ones_like} if name == "bayes" else {"toys": 50, "rng": 1}
    profile = estimate(data, **SCAN, cl_ul=0.95, ul_method=name, **options)
    for call in (recompute_ul, lambda p: merge_profiles([p, p])):
        with pytest.warns(
            DataWarning, match=f"limits of the likelihood.*ul_method='{name}'"
        ) as found:
            result = call(profile)
        assert len(found) == 1
        assert found[0].filename == __file__
        assert kept(result) == ("likelihood", *kept(profile)[1:])
        assert not {"toys", "rng", "prior", "ul_construction"} & set(result.attrs)


def test_other_levels_warn(binned):
    data = binned.isel(projected_distance=slice(-1, None))
    first, second = (estimate(data, **SCAN, cl_ul=cl) for cl in (0.95, 0.9))
    with pytest.warns(DataWarning, match="limits of the merged profile have 1.645 sigma.*1.282"):
        merged = merge_profiles([first, second])
    assert merged.attrs["cl_ul"] == 0.95


def test_intervals_keep_what_made_them(binned):
    data = binned.isel(projected_distance=slice(-1, None))
    options = {"ul_method": "bayes", "interval_method": "bayes", "prior": np.ones_like}
    with pytest.warns(DataWarning, match="limits of the likelihood"):
        found = recompute_ul(estimate(data, **SCAN, **options))
    assert found.attrs["prior"] == "ones_like"
    assert found.attrs["interval_method"] == "bayes"
