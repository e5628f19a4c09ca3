"""Status flags, and the results of bins that have one."""

import astropy.units as u
import numpy as np
import pytest
import xarray as xr
from astropy.coordinates import SkyCoord
from cases.maps import make_maps
from cases.profiles import flags
from cases.short_line import line
from regions import CircleSkyRegion

from xprofile import bin_maps, estimate, open_profile, power_law
from xprofile.exceptions import DataWarning
from xprofile.spectrum.response import predicted_signal

CENTER = SkyCoord(0, 0, unit="deg", frame="galactic")


@pytest.fixture
def binned():
    return bin_maps(make_maps(), line())


def test_all_is_well(binned):
    assert flags(estimate(binned)) == set()


def test_masked(binned):
    maps = make_maps()
    maps["mask"] = maps.mask & (maps.lon < 0)
    profile = estimate(bin_maps(maps, line()), selection_optional="all")
    lost = profile.isel(projected_distance=slice(0, 2))
    assert flags(lost) == {"masked"}
    assert lost.norm.isnull().all()
    assert lost.norm_ul.isnull().all()
    assert (lost.counts == 0).all()
    assert not lost.success.any()
    assert flags(profile.isel(projected_distance=slice(2, 4))) == set()


@pytest.mark.parametrize("dim", ["projected_distance", "region"])
@pytest.mark.parametrize("chunks", [None, 20])
def test_off_the_map(dim, chunks):
    """Two of four bins are beyond the map, and one is on it without a used pixel."""
    maps = make_maps()
    maps["mask"] = maps.mask & (maps.lon < 3)
    bins = line(start=7, end=-1)
    bins = bins if dim == "projected_distance" else list(bins.to_regions())
    with pytest.warns(DataWarning, match="1 of 4 bins is off the map") as caught:
        binned = bin_maps(maps if chunks is None else maps.chunk(lon=chunks, lat=chunks), bins)
    assert len(caught) == 1
    profile = estimate(binned)
    assert [flags(profile.isel(projected_distance=[i])) for i in range(4)] == [
        {"no_pixels"}, {"masked"}, set(), set()
    ]  # fmt: skip
    assert (profile.coverage[:2] == 0).all()
    assert profile.norm[:2].isnull().all()


def test_all_are_off_the_map_in_one_data_set():
    """A bin has pixels if one data set has some."""
    maps = make_maps()
    here = bin_maps(maps.assign(mask=maps.mask & False), line())
    there = here.assign(n_pixels=0 * here.n_pixels)
    assert flags(estimate([here, there])) == {"masked"}
    assert flags(estimate([there, there])) == {"no_pixels"}


def test_binned_data_of_earlier_versions_have_no_number_of_pixels(binned):
    profile = estimate(binned.drop_vars("n_pixels").assign(coverage=0 * binned.coverage))
    assert flags(profile) == {"masked"}


def test_smaller_than_a_pixel():
    tiny = CircleSkyRegion(CENTER, 1 * u.arcsec)
    with pytest.warns(DataWarning, match="no bin holds the centre of a pixel"):
        binned = bin_maps(make_maps(), [tiny])
    profile = estimate(binned)
    assert flags(profile) == {"no_pixels"}
    assert profile.norm.isnull().all()


def test_no_exposure():
    maps = make_maps()
    maps["exposure"] = maps.exposure.where(maps.lon < 0, 0)
    profile = estimate(bin_maps(maps, line()))
    assert flags(profile.isel(projected_distance=slice(0, 2))) == {"no_exposure"}
    assert profile.norm[2:].notnull().all()


def test_zero_counts_everywhere(binned):
    binned["counts"] = binned.counts * 0
    profile = estimate(binned, selection_optional="all")
    expected = {"zero_counts", "best_fit_at_boundary", "unbounded_interval", "negative_limit"}
    assert flags(profile) == expected
    signal = predicted_signal(binned, power_law()).transpose(..., "energy")
    edge = -(binned.background / signal).max("energy")
    np.testing.assert_allclose(profile.norm[:, 0], edge, rtol=1e-12)
    assert profile.norm_errn.isnull().all()
    assert profile.success.all()
    np.testing.assert_allclose(profile.norm_err, profile.norm_errp, rtol=0)
    assert (profile.norm_ul > profile.norm).all()


@pytest.mark.slow
def test_flags_stay_in_files_and_merged_bins(tmp_path):
    maps = make_maps()
    maps["mask"] = maps.mask & (maps.lon < 2)
    with pytest.warns(DataWarning, match="2 of 6 bins are off the map"):
        binned = bin_maps(maps, line(start=8, end=-4, nbin=6))
    binned.to_netcdf(tmp_path / "binned.nc")
    with xr.open_dataset(tmp_path / "binned.nc") as back:
        profile = estimate(back.load())
    assert profile.status[:, 0].values.tolist() == [1, 1, 2, 0, 0, 0]
    for name in ("p.nc", "p.fits", "p.ecsv"):
        if name == "p.nc":
            profile.to_netcdf(tmp_path / name)
        elif name == "p.fits":
            profile.profile.to_fits(tmp_path / name)
        else:
            profile.profile.to_table().write(tmp_path / name)
        xr.testing.assert_equal(open_profile(tmp_path / name).status, profile.status)
    merged = binned.profile.rebin(2)
    assert merged.n_pixels.values.tolist() == [0, 800, 800]
    assert estimate(merged).status[:, 0].values.tolist() == [1, 0, 0]
