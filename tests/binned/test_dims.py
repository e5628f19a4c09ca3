"""Bins whose dimension is not the distance, low coverage, and overlaps, from maps to files."""

import warnings

import astropy.units as u
import matplotlib.pyplot as plt
import numpy as np
import pytest
import xarray as xr
from astropy.coordinates import SkyCoord
from cases.maps import make_maps
from regions import CircleSkyRegion

from xprofile import SkyBins, bin_image, bin_maps, estimate, open_profile, to_sed_type
from xprofile.exceptions import InvalidOptionError
from xprofile.schema.checks import check_binned, check_profile
from xprofile.schema.flags import STATUS_FLAGS

CENTER = SkyCoord(0.03, 0.02, unit="deg", frame="galactic")
BINS = {
    "position_angle": SkyBins.sectors(CENTER, radius_max=2 * u.deg, nbin=6),
    "region": SkyBins.grid(CENTER, width=4 * u.deg, height=3 * u.deg, nbin=(3, 2)),
}


@pytest.mark.parametrize("dim", BINS)
def test_the_dimension_is_that_of_the_bins(dim):
    maps, bins = make_maps(), BINS[dim]
    binned = bin_maps(maps, bins)
    check_binned(binned)
    assert binned["counts"].dims == ("energy", dim)
    assert binned["exposure"].dims == ("energy_true", dim)
    assert binned["solid_angle"].dims == (dim,)
    assert "projected_distance" not in {*binned.dims, *binned.variables}
    assert list(binned["region"].to_numpy()) == bins.region_texts()
    image = bin_image(maps["counts"], bins)
    assert image.dims == ("energy", dim)
    np.testing.assert_array_equal(image, binned["counts"])


def test_sectors_have_position_angles_with_edges():
    binned = bin_maps(make_maps(), BINS["position_angle"])
    np.testing.assert_allclose(binned["position_angle"], 30 + 60 * np.arange(6), rtol=1e-12)
    np.testing.assert_allclose(binned["position_angle_min"], 60 * np.arange(6), rtol=1e-12)
    np.testing.assert_allclose(binned["position_angle_max"], 60 + 60 * np.arange(6), rtol=1e-12)
    assert binned["position_angle"].attrs["units"] == "deg"


@pytest.mark.parametrize("dim", BINS)
def test_estimates_are_those_of_each_bin_alone(dim):
    maps, bins = make_maps(), BINS[dim]
    together = estimate(bin_maps(maps, bins), selection_optional="all")
    renamed = bin_maps(maps, bins).swap_dims({dim: "projected_distance"})
    plain = estimate(renamed.drop_vars(dim, errors="ignore"), selection_optional="all")
    for name in ("norm", "norm_ul", "sqrt_ts", "stat_scan", "status"):
        assert together[name].dims[0] == dim
        np.testing.assert_array_equal(together[name], plain[name], err_msg=name)


@pytest.mark.parametrize("dim", BINS)
def test_from_maps_to_files_and_plots(dim, tmp_path):
    binned = bin_maps(make_maps(), BINS[dim])
    profile = estimate(binned, selection_optional="all", energy_edges=[0.01, 0.1, 1] * u.TeV)
    check_profile(profile)
    assert profile["norm"].dims == (dim, "energy")
    flux = to_sed_type(profile, "flux", per_solid_angle=True)
    expected = profile["norm"] * profile["ref_flux"] / profile["solid_angle"]
    np.testing.assert_allclose(flux["flux"], expected, rtol=1e-12, atol=0)
    assert flux["flux"].dims == (dim, "energy")
    for name in (None, "counts", "sqrt_ts"):
        ax = profile.profile.plot(name, ax=plt.figure().add_subplot())
        assert ax.get_xlabel()
    ax = profile.isel(energy=0).profile.plot_stat_scan(ax=plt.figure().add_subplot())
    assert ax.get_xlabel()
    profile.to_netcdf(tmp_path / "profile.nc")
    xr.testing.assert_identical(open_profile(tmp_path / "profile.nc"), profile)
    binned.to_netcdf(tmp_path / "binned.nc")
    loaded = xr.load_dataset(tmp_path / "binned.nc")
    xr.testing.assert_identical(loaded, binned)
    xr.testing.assert_identical(estimate(loaded)["norm"], estimate(binned)["norm"])


# coverage


def half_seen():
    """Four boxes: two seen whole, one to a fifth, and one not at all."""
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
def test_bins_seen_too_little_are_nan_with_a_status(least, left_out):
    binned = half_seen()
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


def test_a_masked_bin_is_masked_and_not_of_low_coverage():
    status = estimate(half_seen(), min_coverage=0.5)["status"].isel(energy=0).to_numpy()
    assert status[3] == STATUS_FLAGS["masked"]
    assert status[2] & STATUS_FLAGS["low_coverage"]
    assert not status[:2].any()


def test_coverage_is_that_of_each_energy_group():
    binned = half_seen()
    binned["coverage"][:2, 0] = 0.2
    profile = estimate(binned, min_coverage=0.5, energy_edges=[0.01, 0.1, 1] * u.TeV)
    np.testing.assert_array_equal(np.isnan(profile["norm"][0]), [True, False])


def test_inputs_are_left_alone():
    binned = half_seen()
    before = binned.copy(deep=True)
    estimate(binned, min_coverage=0.5)
    xr.testing.assert_identical(binned, before)


@pytest.mark.parametrize("least", [-0.1, 1.1, np.nan, "0.5", None])
def test_min_coverage_must_be_a_share(least):
    with pytest.raises(InvalidOptionError, match="min_coverage must be a share from 0 to 1"):
        estimate(half_seen(), min_coverage=least)


# overlaps


def test_overlapping_regions_warn_once():
    """Of three circles the outer two each share their pixels with the middle one."""
    circles = [
        CircleSkyRegion(SkyCoord(lon, 0, unit="deg", frame="galactic"), 0.5 * u.deg)
        for lon in (-0.73, 0.02, 0.77)
    ]
    maps = make_maps()
    with pytest.warns(UserWarning, match="bins overlap: .* results are not independent") as found:
        together = bin_maps(maps, circles)
    assert len(found) == 1
    assert found[0].filename == __file__
    alone = [bin_maps(maps, circle)["counts"].to_numpy() for circle in circles]
    np.testing.assert_array_equal(together["counts"], np.hstack(alone))


def test_bins_side_by_side_do_not_warn():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for bins in BINS.values():
            bin_maps(make_maps(), bins)
