"""Sums and means of one map over bins."""

import astropy.units as u
import numpy as np
import pytest
import xarray as xr
from cases.bins import galactic, line, rings
from cases.maps import make_maps, make_wcs, uneven_maps
from cases.pixel_loops import pixel_areas, pixel_planes

from xprofile import SkyBins, bin_image, bin_maps
from xprofile.binned.members.finding import find_members
from xprofile.exceptions import DataWarning, InvalidBinsError, InvalidOptionError
from xprofile.maps.wcs import pixel_grid


@pytest.mark.parametrize("bins", [rings(), line().to_regions()], ids=["rings", "list"])
def test_sums_of_an_image_equal_those_of_maps(bins):
    """The array function, the function of one map and the function of maps agree."""
    maps = uneven_maps()
    image = maps["background"].where(maps["mask"])
    summed = bin_image(image, bins)
    binned = bin_maps(maps, bins)
    np.testing.assert_allclose(summed, binned["background"], rtol=1e-12)
    for name in ("energy_min", "projected_distance_min", "lon", "lat", "region"):
        xr.testing.assert_identical(summed[name].variable, binned[name].variable)
    members = find_members(
        (bins if isinstance(bins, SkyBins) else SkyBins.from_regions(bins)), pixel_grid(maps)
    )
    flat = np.where(maps["mask"], maps["background"], 0).reshape(4, -1)
    np.testing.assert_array_equal(members.sum(flat[:, members.pixel]), summed)


def test_means_of_an_image_are_weighted_with_solid_angle():
    wcs = make_wcs("TAN", (83.6, 22), step=0.7)
    image = uneven_maps(wcs)["exposure"].isel(energy_true=2)
    image = image.where(image["x"] != 41)
    bins = rings(15, center=wcs.pixel_to_world(40, 30))
    means = bin_image(image, bins, how="mean")
    area = pixel_areas(image)
    known = np.isfinite(image.to_numpy())
    for plane, mean in zip(pixel_planes(bins, image), means, strict=True):
        used = plane & known
        assert 0 < used.sum() < plane.sum()
        expected = np.average(image.to_numpy()[used], weights=area[used])
        np.testing.assert_allclose(mean, expected, rtol=1e-12)
    assert means.dims == ("projected_distance",)
    assert means.attrs == image.attrs
    assert means.name == "exposure"


def test_the_mean_of_a_constant_image_is_its_value_at_any_coverage():
    image = make_maps()["exposure"].isel(lon=slice(0, 43))
    means = bin_image(image.where(image["y"] != 30), rings(), how="mean")
    np.testing.assert_allclose(means, 1e12, rtol=1e-12)


def test_without_pixels_the_mean_is_nan_and_the_sum_is_0():
    image = make_maps()["background"].isel(energy=0)
    beyond = SkyBins.annuli(galactic(20, 0), edges=[0, 1, 2, 18] * u.deg)
    with pytest.warns(DataWarning, match="2 of 3 bins are off the map"):
        mean = bin_image(image, beyond, how="mean")
    with pytest.warns(DataWarning, match="2 of 3 bins are off the map"):
        total = bin_image(image, beyond)
    np.testing.assert_array_equal(np.isnan(mean), [True, True, False])
    np.testing.assert_array_equal(total == 0, [True, True, False])
    with pytest.raises(InvalidBinsError, match="no bin is on the map"):
        bin_image(image, rings(center=galactic(90, 0)))


def test_pixels_without_values_are_on_the_map():
    image = make_maps()["background"].isel(energy=0) * np.nan
    assert np.isnan(bin_image(image, rings(), how="mean")).all()


def test_dims_of_an_image_are_kept():
    image = make_maps()["counts"].expand_dims(toy=3).transpose("lat", "energy", "lon", "toy")
    summed = bin_image(image, line())
    assert summed.dims == ("energy", "toy", "projected_distance")
    np.testing.assert_array_equal(summed.isel(toy=1), bin_maps(make_maps(), line())["counts"])


@pytest.mark.heavy
@pytest.mark.parametrize("how", ["sum", "mean"])
@pytest.mark.parametrize("dims", ["lat lon", "energy lat lon", "lon energy lat"])
def test_images_in_chunks_give_the_same_sums(how, dims):
    image = uneven_maps()["background"].where(uneven_maps()["mask"])
    image = image.transpose(*dims.split()) if "energy" in dims else image.isel(energy=1)
    chunked = image.chunk(lat=13, lon=17)
    found, expected = (bin_image(one, rings(), how=how) for one in (chunked, image))
    xr.testing.assert_allclose(found, expected, rtol=1e-12)


@pytest.mark.parametrize("how", ["median", "", None])
def test_unknown_values_of_how_raise(how):
    with pytest.raises(InvalidOptionError, match="how"):
        bin_image(make_maps()["counts"], rings(), how=how)
