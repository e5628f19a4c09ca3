"""Bins of low coverage are left out of the fit, with a status flag."""

import astropy.units as u
import numpy as np
import pytest
import xarray as xr
from astropy.coordinates import SkyCoord
from cases.maps import make_maps

from xprofile import SkyBins, bin_maps, estimate
from xprofile.exceptions import InvalidOptionError
from xprofile.schema.variables import STATUS_FLAGS


def four_boxes():
    """Bin maps into four boxes: two are used fully, one by a fifth, and one not at all."""
    maps = make_maps()
    maps["mask"][:, :, 40:56] = False
    maps["mask"][:, :, 60:] = False
    bins = SkyBins.along_line(
        SkyCoord(4, 0, unit="deg", frame="galactic"),
        SkyCoord(-4, 0, unit="deg", frame="galactic"),
        height=2 * u.deg,
        nbin=4,
    )
    return bin_maps(maps, bins)


@pytest.mark.parametrize(
    ("least", "left_out"),
    [(0, []), (0.1, []), (0.3, [2]), (0.9, [2]), (1, [2])],
)
def test_bins_of_low_coverage_are_nan_with_a_status(least, left_out):
    binned = four_boxes()
    every = estimate(binned, selection_optional="all")
    profile = estimate(binned, selection_optional="all", min_coverage=least)
    np.testing.assert_allclose(profile["coverage"][:, 0], [1, 1, 0.2, 0], rtol=1e-9)
    low = np.isin(np.arange(4), left_out)
    flagged = (profile["status"].isel(energy=0) & STATUS_FLAGS["low_coverage"]) > 0
    np.testing.assert_array_equal(flagged, low)
    for name in ("norm", "norm_err", "norm_errn", "norm_errp", "norm_ul", "ts", "stat_scan"):
        assert np.isnan(profile[name].to_numpy()[low]).all(), name
        np.testing.assert_array_equal(profile[name][~low], every[name][~low], err_msg=name)
    assert not profile["success"].to_numpy()[low].any()
    assert not profile["is_ul"].to_numpy()[low].any()
    np.testing.assert_array_equal(profile["counts"], every["counts"])
    np.testing.assert_array_equal(profile["npred_background"], every["npred_background"])


def test_a_masked_bin_has_the_flag_masked_and_not_low_coverage():
    status = estimate(four_boxes(), min_coverage=0.5)["status"].isel(energy=0).to_numpy()
    assert status[3] == STATUS_FLAGS["masked"]
    assert status[2] & STATUS_FLAGS["low_coverage"]
    assert not status[:2].any()


def test_coverage_is_compared_in_each_energy_group():
    binned = four_boxes()
    binned["coverage"][:2, 0] = 0.2
    profile = estimate(binned, min_coverage=0.5, energy_edges=[0.01, 0.1, 1] * u.TeV)
    np.testing.assert_array_equal(np.isnan(profile["norm"][0]), [True, False])


def test_low_coverage_does_not_modify_inputs():
    binned = four_boxes()
    before = binned.copy(deep=True)
    estimate(binned, min_coverage=0.5)
    xr.testing.assert_identical(binned, before)


@pytest.mark.quick
@pytest.mark.parametrize("least", [-0.1, 1.1, np.nan, "0.5", None])
def test_min_coverage_must_be_a_share(least):
    with pytest.raises(InvalidOptionError, match="min_coverage must be a share from 0 to 1"):
        estimate(four_boxes(), min_coverage=least)
