"""Masks: pixels that are not used count nowhere but in the solid angle."""

import numpy as np
import pytest
import xarray as xr
from cases.bins import line, rings
from cases.datasets import same
from cases.maps import make_maps, uneven_maps
from cases.pixel_loops import pixel_planes

from xprofile import bin_maps


def test_a_wholly_masked_bin():
    maps = make_maps()
    bins = line()
    hole = pixel_planes(bins, maps)[2]
    binned = bin_maps(
        maps.assign(mask=maps["mask"] & ~xr.DataArray(hole, dims=["lat", "lon"])), bins
    )
    whole = bin_maps(maps, bins)
    for name in ("counts", "background", "coverage", "exposure"):
        assert not binned[name].isel(projected_distance=2).any()
        others = [0, 1, 3, 4]
        xr.testing.assert_equal(
            binned[name].isel(projected_distance=others),
            whole[name].isel(projected_distance=others),
        )
    xr.testing.assert_equal(binned["solid_angle"], whole["solid_angle"])


def test_without_a_mask_all_pixels_are_used():
    maps = make_maps()
    xr.testing.assert_identical(bin_maps(maps.drop_vars("mask"), rings()), bin_maps(maps, rings()))


def test_numbers_in_a_mask_are_converted_to_bool():
    maps = uneven_maps()
    numbers = maps.assign(mask=maps["mask"].astype(int))
    xr.testing.assert_identical(bin_maps(numbers, rings()), bin_maps(maps, rings()))


@pytest.mark.heavy
@pytest.mark.parametrize("value", [np.nan, -1.0])
@pytest.mark.parametrize("left", [40, 80])
def test_exposure_of_masked_chunks_may_be_invalid(value, left):
    """All pixels that the bins have in a chunk, or in the map, are masked."""
    maps = uneven_maps()
    masked = xr.DataArray(np.arange(maps.sizes["lon"]) < left, dims="lon")
    maps["mask"] = maps["mask"] & ~masked
    maps["exposure"] = maps["exposure"].where(~masked, value).assign_attrs(maps["exposure"].attrs)
    clean = maps.assign(exposure=uneven_maps()["exposure"])
    for one in (maps, maps.chunk(lat=20, lon=20)):
        same(bin_maps(one, rings()), bin_maps(clean, rings()))
