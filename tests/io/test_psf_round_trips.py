"""Binned data with a PSF, and maps with one, in netCDF and Zarr, and in the hands of xarray."""

import astropy.units as u
import numpy as np
import pytest
import xarray as xr
from astropy.coordinates import SkyCoord
from cases.psf_maps import spread_maps

from xprofile import SkyBins, bin_maps, check_binned, estimate, open_netcdf

CENTER = SkyCoord(0, 0, unit="deg", frame="galactic")
BINS = {
    "annuli": SkyBins.annuli(CENTER, radius_max=1 * u.deg, nbin=4),
    "grid": SkyBins.grid(CENTER, width=1 * u.deg, height=1 * u.deg, nbin=(2, 2)),
    "sectors": SkyBins.sectors(CENTER, radius_max=1 * u.deg, nbin=3),
}


@pytest.fixture(scope="module", params=BINS)
def binned(request):
    return bin_maps(spread_maps(), BINS[request.param], psf=True, margin=0.1 * u.deg)


@pytest.mark.heavy
def test_netcdf_keeps_everything(binned, tmp_path):
    binned.profile.to_netcdf(tmp_path / "binned.nc")
    found = open_netcdf(tmp_path / "binned.nc").load()
    xr.testing.assert_identical(found, binned)
    check_binned(found)
    assert found.margin.dtype == bool


def test_plain_xarray_keeps_everything(binned, tmp_path):
    binned.to_netcdf(tmp_path / "binned.nc")
    with xr.open_dataset(tmp_path / "binned.nc") as found:
        xr.testing.assert_equal(found.load(), binned)


@pytest.mark.heavy
def test_zarr_keeps_everything(binned, tmp_path):
    pytest.importorskip("zarr")
    binned.profile.to_zarr(tmp_path / "binned.zarr")
    with xr.open_zarr(tmp_path / "binned.zarr") as found:
        for name, values in binned.variables.items():
            np.testing.assert_array_equal(found[name], values)


@pytest.mark.heavy
@pytest.mark.parametrize("options", [{}, {"positions": (2, 2)}, {"dim": "energy"}])
def test_maps_with_a_psf_in_netcdf_are_binned_alike(options, tmp_path):
    maps = spread_maps(**options)
    maps.profile.to_netcdf(tmp_path / "maps.nc")
    found = open_netcdf(tmp_path / "maps.nc")
    expected = bin_maps(maps, BINS["annuli"], psf=True)
    xr.testing.assert_identical(bin_maps(found.load(), BINS["annuli"], psf=True), expected)


def test_estimate_does_not_look_at_the_psf(binned):
    plain = binned.drop_dims([d for d in binned.dims if d.endswith("_true") and d != "energy_true"])
    found, expected = estimate(binned), estimate(plain)
    for name, values in expected.data_vars.items():
        np.testing.assert_array_equal(found[name], values)


@pytest.mark.heavy
def test_joined_data_sets(binned):
    joined = xr.concat([binned, binned], "dataset")
    check_binned(joined)
    np.testing.assert_array_equal(joined.psf_mixing[0], binned.psf_mixing)
    alike = bin_maps(spread_maps(used=1.0), BINS["annuli"], psf=True)
    masked = bin_maps(spread_maps(), BINS["annuli"], psf=True)
    mixed = xr.concat([alike, masked], "dataset")
    check_binned(mixed)
    assert "energy" in mixed.psf_mixing.dims
    assert mixed.psf_mixing.notnull().all()


def test_bins_are_selected_among_those_that_count(binned):
    dim = binned.solid_angle.dims[0]
    last = 0.5 if dim == "region" else binned[f"{dim}_max"].values[1]
    wanted = {"lon": slice(0, last)} if dim == "region" else {dim: slice(0, last)}
    part = binned.profile.sel(wanted)
    assert part.psf_mixing.sizes[f"{dim}_true"] == binned.psf_mixing.sizes[f"{dim}_true"]
    assert part.sizes[dim] < binned.sizes[dim]
    check_binned(part)


def test_units_of_both_dims_change(binned):
    dim = binned.solid_angle.dims[0]
    if dim == "region":  # texts
        np.testing.assert_array_equal(binned[f"{dim}_true"], binned[dim])
        return
    other = binned.profile.to_units({dim: "arcmin"})
    np.testing.assert_allclose(other[f"{dim}_true"], other[dim])


def test_summaries(binned):
    text = repr(binned.profile)
    assert "psf_mixing" in text
    assert "exposure_true" in text
    assert "psf_mixing" in binned._repr_html_()
