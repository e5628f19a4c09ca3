"""Dimension and coordinates of the bins, from maps to profiles, files and plots."""

import astropy.units as u
import matplotlib.pyplot as plt
import numpy as np
import pytest
import xarray as xr
from astropy.coordinates import SkyCoord
from cases.bins import CENTER, line
from cases.maps import make_maps, make_wcs

from xprofile import (
    SkyBins,
    bin_image,
    bin_maps,
    check_binned,
    check_profile,
    estimate,
    open_profile,
    to_sed_type,
)

BINS = {
    "position_angle": SkyBins.sectors(CENTER, radius_max=2 * u.deg, nbin=6),
    "region": SkyBins.grid(CENTER, width=4 * u.deg, height=3 * u.deg, nbin=(3, 2)),
}


def test_coordinates_and_units():
    bins = line()
    maps = make_maps(make_wcs("TAN", frame="icrs", center=(266.4, -28.9)))
    binned = bin_maps(maps, bins)
    np.testing.assert_array_equal(binned["projected_distance"], bins.distance)
    np.testing.assert_array_equal(binned["projected_distance_min"], bins.lower)
    np.testing.assert_array_equal(binned["projected_distance_max"], bins.upper)
    sky = SkyCoord(binned["lon"], binned["lat"], unit="deg", frame=binned["lon"].attrs["frame"])
    assert sky.frame.name == "icrs"
    assert sky.separation(bins.center).max() < 1e-9 * u.deg
    assert list(binned["region"].to_numpy()) == bins.region_texts()
    for name in ("energy", "energy_min", "energy_max", "energy_true", "energy_true_min"):
        xr.testing.assert_identical(binned[name].variable, maps[name].variable)
    units = {name: binned[name].attrs.get("units") for name in ("exposure", "solid_angle", "lon")}
    assert units == {"exposure": "cm2 s", "solid_angle": "sr", "lon": "deg"}
    assert not {"x", "y", "wcs"} & set(binned.variables)
    assert binned.attrs["history"] == f"bin {bins!r}"


@pytest.mark.parametrize("dim", BINS)
def test_the_dimension_depends_on_the_kind_of_bins(dim):
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
def test_estimates_do_not_depend_on_the_dimension(dim):
    maps, bins = make_maps(), BINS[dim]
    profile = estimate(bin_maps(maps, bins), selection_optional="all")
    renamed = bin_maps(maps, bins).swap_dims({dim: "projected_distance"})
    plain = estimate(renamed.drop_vars(dim, errors="ignore"), selection_optional="all")
    for name in ("norm", "norm_ul", "sqrt_ts", "stat_scan", "status"):
        assert profile[name].dims[0] == dim
        np.testing.assert_array_equal(profile[name], plain[name], err_msg=name)


@pytest.mark.slow
@pytest.mark.parametrize("dim", BINS)
def test_profiles_files_and_plots_have_the_dimension(dim, tmp_path):
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
