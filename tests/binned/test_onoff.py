"""On-off data binned: the acceptance of the off counts keeps the background."""

import numpy as np
import pytest
import xarray as xr
from cases.gammapy import RINGS
from cases.maps import make_onoff

from xprofile import bin_maps, estimate
from xprofile.exceptions import InvalidDataError, InvalidOptionError, MissingVariableError


def test_background_of_a_bin_is_the_sum_over_its_pixels():
    maps = make_onoff()
    maps["acceptance_off"] = maps.acceptance_off * (1 + (maps.lon > 0))
    binned = bin_maps(maps, RINGS)
    expected = maps.assign(background=maps.acceptance / maps.acceptance_off * maps.counts_off)
    expected = expected.drop_vars(["counts_off", "acceptance", "acceptance_off"])
    alpha = binned.acceptance / binned.acceptance_off
    np.testing.assert_allclose(
        alpha * binned.counts_off, bin_maps(expected, RINGS).background, rtol=1e-12
    )
    assert binned.counts_off.dtype == np.int64
    assert "background" not in binned


def test_without_off_counts_acceptances_are_summed():
    binned = bin_maps(make_onoff(off=0.0), RINGS)
    np.testing.assert_allclose(binned.acceptance / binned.acceptance_off, 0.2, rtol=1e-12)
    profile = estimate(binned, selection_optional="all")
    numbers = profile[["norm", "norm_err", "norm_errn", "norm_errp", "norm_ul", "ts"]]
    assert not numbers.isnull().any().to_array().any()


def test_pixels_without_acceptance_off_are_not_used():
    maps = make_onoff()
    maps["acceptance_off"] = maps.acceptance_off.where(maps.lon < 0, 0)
    masked = make_onoff()
    masked["mask"] = masked.mask & (masked.lon < 0)
    ours, theirs = bin_maps(maps, RINGS), bin_maps(masked, RINGS)
    for name in ("counts", "counts_off", "exposure", "coverage"):
        np.testing.assert_array_equal(ours[name], theirs[name])


def test_pixels_are_used_inside_the_mask_and_with_acceptance_off():
    maps = make_onoff()
    maps["acceptance_off"] = maps.acceptance_off.where(maps.lon < 0, 0)
    maps["mask"] = maps.mask & (maps.lat > 0)
    used = maps.mask & (maps.lon < 0)
    binned = bin_maps(maps, RINGS)
    for name in ("counts", "counts_off"):
        plain = make_onoff().drop_vars("mask")  # all pixels are used: zeros are not
        plain[name] = plain[name].where(used, 0)
        np.testing.assert_array_equal(binned[name], bin_maps(plain, RINGS)[name])
        assert binned[name].any()


def test_missing_or_invalid_variables_are_named():
    maps = make_onoff()
    with pytest.raises(MissingVariableError, match="acceptance_off"):
        bin_maps(maps.drop_vars("acceptance_off"), RINGS)
    with pytest.raises(InvalidDataError, match="counts_off is negative"):
        bin_maps(maps.assign(counts_off=maps.counts_off - 9), RINGS)
    binned = bin_maps(maps, RINGS)
    with pytest.raises(MissingVariableError, match="acceptance"):
        estimate(binned.drop_vars("acceptance"))
    with pytest.raises(InvalidOptionError, match="measure their background"):
        estimate(binned, background=0.1)


def test_rounding_of_a_convolution_is_no_negative_off_count():
    maps = make_onoff()
    rounded = maps.assign(counts_off=maps.counts_off.where(maps.counts_off > 0, -1e-7))
    assert (rounded["counts_off"] < 0).any()
    xr.testing.assert_allclose(bin_maps(rounded, RINGS), bin_maps(maps, RINGS))
