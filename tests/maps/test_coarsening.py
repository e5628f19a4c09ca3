"""Maps with larger pixels: sums, means and masks of the joined pixels, and their positions."""

import astropy.units as u
import numpy as np
import pytest
import xarray as xr
from cases.bins import galactic
from cases.maps import make_maps, make_wcs, uneven_maps
from cases.skies import rotated

from xprofile import SkyBins, bin_maps, check_maps, coarsen, skycoord, solid_angle
from xprofile.exceptions import InvalidDataError, InvalidOptionError

WCS = {
    "CAR": make_wcs(),
    "high CAR": make_wcs(center=(20.0, 0.0), step=1.0),
    "oblique CAR": make_wcs(center=(30.0, 50.0)),
    "TAN": make_wcs("TAN", center=(266.4, -28.9), frame="icrs"),
    "rotated TAN": rotated(make_wcs("TAN", center=(12.0, 70.0)), 33),
    "rotated CAR": rotated(make_wcs(), 33),
}


def mostly_used_maps(wcs=None):
    """Make uneven maps with few masked pixels, so that some larger pixels are used."""
    return uneven_maps(wcs, seed=5, used=0.9)


@pytest.mark.parametrize("name", WCS)
@pytest.mark.parametrize("factor", [2, 5])
def test_totals_are_conserved(name, factor):
    maps = mostly_used_maps(WCS[name])
    coarse = coarsen(maps, factor)
    check_maps(coarse)
    assert coarse.sizes["lat"] == 60 // factor
    assert coarse.sizes["lon"] == 80 // factor
    assert coarse["counts"].dtype == maps["counts"].dtype
    sky = ["lat", "lon"]
    np.testing.assert_array_equal(coarse["counts"].sum(sky), maps["counts"].sum(sky))
    np.testing.assert_allclose(
        coarse["background"].sum(sky), maps["background"].sum(sky), rtol=1e-12, atol=0
    )
    fine = (maps["exposure"] * solid_angle(maps)).sum(sky)
    # sides of pixels are great circles, so that four pixels do not fill a larger one exactly
    rtol = 1e-12 if name in ("CAR", "high CAR") else 1e-4
    np.testing.assert_allclose(
        (coarse["exposure"] * solid_angle(coarse)).sum(sky), fine, rtol=rtol, atol=0
    )


@pytest.mark.parametrize("name", WCS)
def test_solid_angle_is_the_sum_over_joined_pixels(name):
    maps = make_maps(WCS[name])
    blocks = solid_angle(maps).to_numpy().reshape(12, 5, 16, 5).sum(axis=(1, 3))
    rtol = 1e-12 if name in ("CAR", "high CAR") else 1e-4
    np.testing.assert_allclose(solid_angle(coarsen(maps, 5)), blocks, rtol=rtol, atol=0)


@pytest.mark.parametrize("name", WCS)
def test_larger_pixels_are_centred_on_the_joined_ones(name):
    maps = make_maps(WCS[name])
    middle = skycoord(maps)[1::3, 1::3]  # the central one of three by three
    found = skycoord(coarsen(maps.isel(lat=slice(0, 60), lon=slice(0, 78)), 3))
    assert found.separation(middle[:, :26]).max() < 1e-9 * u.deg


def test_exposure_is_the_mean_weighted_with_solid_angle():
    maps = mostly_used_maps(make_wcs(center=(20.0, 0.0), step=1.0))
    area = solid_angle(maps).to_numpy()[20:25, 30:35]
    values = maps["exposure"].to_numpy()[2, 20:25, 30:35]
    expected = np.average(values, weights=area)
    assert abs(expected / values.mean() - 1) > 1e-5
    np.testing.assert_allclose(coarsen(maps, 5)["exposure"][2, 4, 6], expected, rtol=1e-12, atol=0)


def test_larger_pixels_are_used_if_all_joined_ones_are():
    maps = make_maps()
    maps["mask"][1, 7, 9] = False
    mask = coarsen(maps, 4)["mask"]
    assert mask.dtype == bool
    np.testing.assert_array_equal(np.argwhere(~mask.to_numpy()), [[1, 1, 2]])


@pytest.mark.parametrize("factor", [2, 5])
def test_bins_along_coarse_pixels_have_the_same_data(factor):
    """The edges of the bins are on those of the larger pixels, so that both have the same sky."""
    maps = mostly_used_maps().drop_vars("mask")
    bins = SkyBins.along_line(galactic(3, 0), galactic(-3, 0), height=4 * u.deg, nbin=6)
    fine, coarse = bin_maps(maps, bins), bin_maps(coarsen(maps, factor), bins)
    assert fine["counts"].sum() > 0
    np.testing.assert_array_equal(coarse["counts"], fine["counts"])
    for name in ("background", "solid_angle", "coverage", "exposure"):
        np.testing.assert_allclose(coarse[name], fine[name], rtol=1e-11, atol=0, err_msg=name)
    np.testing.assert_array_equal(coarse["region"], fine["region"])


def test_a_part_is_coarsened_like_the_whole_map():
    maps = mostly_used_maps()
    part = coarsen(maps.isel(lat=slice(20, 40), lon=slice(30, 50)), 5)
    whole = coarsen(maps, 5).isel(lat=slice(4, 8), lon=slice(6, 10))
    for name in ("counts", "background", "exposure", "mask"):
        np.testing.assert_allclose(part[name], whole[name], rtol=1e-12, atol=0)
    assert skycoord(part).separation(skycoord(whole)).max() < 1e-9 * u.deg


def test_coarsening_twice_equals_coarsening_by_the_product():
    maps = mostly_used_maps(WCS["rotated TAN"])
    twice, once = coarsen(coarsen(maps, 2), 5), coarsen(maps, 10)
    assert skycoord(twice).separation(skycoord(once)).max() < 1e-9 * u.deg
    for name in ("counts", "background", "mask"):
        np.testing.assert_allclose(twice[name], once[name], rtol=1e-12, atol=0)


def test_coarsening_by_one_changes_only_the_history():
    maps = mostly_used_maps()
    same = coarsen(maps, 1)
    assert same.attrs["history"] == "coarsen 1"
    xr.testing.assert_allclose(same, maps, rtol=1e-12, atol=0)


def test_transposed_maps_give_the_same():
    maps = mostly_used_maps()
    coarse = coarsen(maps.transpose("lon", "energy", "lat", "energy_true"), 4)
    for name in maps.data_vars:
        dims = maps[name].dims
        np.testing.assert_array_equal(coarse[name].transpose(*dims), coarsen(maps, 4)[name])


def test_pixels_off_the_sky_have_no_weight():
    shape = (44, 84)
    maps = make_maps(make_wcs("AIT", step=4.0, shape=shape), shape, nenergy=1, ntrue=1)
    off = np.isnan(skycoord(maps).spherical.lon.deg)
    assert off.any()
    maps["exposure"] = maps["exposure"].copy(data=np.where(off, np.nan, maps["exposure"]))
    exposure = coarsen(maps, 2)["exposure"].to_numpy()[0]
    whole = off.reshape(22, 2, 42, 2).all(axis=(1, 3))
    np.testing.assert_array_equal(exposure[whole], 0)
    np.testing.assert_allclose(exposure[~whole], 1e12, rtol=1e-12, atol=0)


def test_variables_without_pixels_are_kept():
    maps = make_maps().assign_attrs(telescope="here").assign(livetime=3.0)
    coarse = coarsen(maps, 2)
    assert coarse["livetime"] == 3
    assert coarse.attrs["telescope"] == "here"
    xr.testing.assert_identical(coarse["energy"].variable, maps["energy"].variable)


@pytest.mark.parametrize("factor", [0, -2, 1.5, 2.0, True, "2", None])
def test_factor_must_be_a_positive_integer(factor):
    with pytest.raises(InvalidOptionError, match="positive integer, found"):
        coarsen(make_maps(), factor)


@pytest.mark.parametrize("factor", [7, 60 * 80, 3])
def test_factor_must_divide_rows_and_columns(factor):
    with pytest.raises(InvalidOptionError, match=f"{factor} does not divide 60 rows and 80"):
        coarsen(make_maps(), factor)


@pytest.mark.parametrize(
    "selection",
    [{"lon": slice(None, None, -1)}, {"lat": slice(None, None, 2)}, {"lat": [0, 1, 3, 4]}],
)
def test_gaps_and_reversed_pixels_raise(selection):
    with pytest.raises(InvalidDataError, match="missing or reversed: coarsen before selecting"):
        coarsen(make_maps().isel(selection), 2)


def test_inputs_are_not_modified_and_the_history_has_one_more_line():
    maps = mostly_used_maps().assign_attrs(history="read")
    before = maps.copy(deep=True)
    lines = coarsen(maps, 2).attrs["history"].splitlines()
    xr.testing.assert_identical(maps, before)
    assert lines == ["read", "coarsen 2"]


def test_accessor_method_equals_the_function():
    maps = mostly_used_maps()
    xr.testing.assert_identical(maps.profile.coarsen(4), coarsen(maps, 4))
