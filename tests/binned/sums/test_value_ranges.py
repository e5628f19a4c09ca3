"""Negative and non-finite values: refused in used pixels, ignored elsewhere."""

import numpy as np
import pytest
import xarray as xr
from cases.bins import rings
from cases.maps import make_maps, uneven_maps

from xprofile import bin_maps
from xprofile.binned.members.finding import find_members
from xprofile.binned.sums.value_ranges import ValueRange
from xprofile.exceptions import InvalidDataError
from xprofile.maps.wcs import pixel_grid


def maps_with(name, value, *, masked_out=False, at=(0, 30, 40)):
    """Make maps with one other value, in a pixel that is used or masked."""
    maps = make_maps()
    maps[name] = maps[name].astype(float).assign_attrs(maps[name].attrs)
    maps[name][at] = value
    if masked_out:
        maps["mask"][:, at[1], at[2]] = False
    return maps


@pytest.mark.parametrize("name", ["counts", "background", "exposure"])
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, -1.0])
def test_invalid_values_in_used_pixels_raise(name, value):
    with pytest.raises(InvalidDataError, match=name):
        bin_maps(maps_with(name, value), rings())


@pytest.mark.parametrize("name", ["counts", "background", "exposure"])
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, -1.0])
def test_invalid_values_in_masked_pixels_are_ignored(name, value):
    clean = make_maps()
    clean["mask"][:, 30, 40] = False
    binned = bin_maps(maps_with(name, value, masked_out=True), rings())
    xr.testing.assert_equal(binned, bin_maps(clean, rings()))
    assert (binned["coverage"][:, 0] < 1).all()


@pytest.mark.parametrize("name", ["counts", "background", "exposure"])
def test_invalid_values_outside_the_bins_are_ignored(name):
    maps = maps_with(name, np.nan, at=(0, 2, 2))
    xr.testing.assert_equal(bin_maps(maps, rings()), bin_maps(make_maps(), rings()))


@pytest.mark.parametrize("name", ["counts", "background"])
def test_invalid_values_at_masked_energies_are_ignored(name):
    maps = maps_with(name, np.nan)
    maps["mask"][0, 30, 40] = False
    assert np.isfinite(bin_maps(maps, rings())[name]).all()


@pytest.mark.parametrize("scale", [1.0, 1e-6, 0.0])
def test_backgrounds_negative_by_rounding_are_zero(scale):
    maps = make_maps()
    maps["background"] = maps["background"] * scale
    clean = maps.copy(deep=True)
    maps["background"][0, 30, 40] = -8e-18
    clean["background"][0, 30, 40] = 0
    xr.testing.assert_equal(bin_maps(maps, rings()), bin_maps(clean, rings()))


@pytest.mark.parametrize("value", [-1e-3, -0.5])
def test_negative_backgrounds_raise(value):
    with pytest.raises(InvalidDataError, match=r"background.*1 used pixels"):
        bin_maps(maps_with("background", value), rings())


def plane_of_rings(maps):
    """Whether each pixel is in one of the rings, (ny, nx)."""
    plane = np.zeros((maps.sizes["lat"], maps.sizes["lon"]), bool)
    plane.ravel()[find_members(rings(), pixel_grid(maps)).pixel] = True
    return plane


@pytest.mark.heavy
@pytest.mark.parametrize("name", ["counts", "background", "exposure"])
@pytest.mark.parametrize("value", [np.nan, -1.0, np.inf])
def test_invalid_values_raise_the_same_error_for_any_chunks(name, value):
    maps = uneven_maps()
    maps[name] = maps[name].astype(float)
    used = np.argwhere(maps["mask"].to_numpy()[1] & plane_of_rings(maps))
    row, column = used[3]
    maps[name][1, row, column] = value
    messages = []
    for one in (maps, maps.chunk(lat=7, lon=9)):
        with pytest.raises(InvalidDataError, match=f"{name} is negative or not finite in 1 ") as e:
            bin_maps(one, rings())
        messages.append(str(e.value))
    assert messages[0] == messages[1]


def test_values_negative_by_rounding_are_not_counted_as_invalid():
    maps = maps_with("background", -8e-18)
    maps["background"][0, 31, 40] = -1.0
    with pytest.raises(InvalidDataError, match="in 1 used pixels"):
        bin_maps(maps, rings())


def test_blocks_add_their_ranges_and_numbers():
    one = ValueRange(np.array([-1.0, 0.0]), np.array([1.0, 2.0]), 0, 2, np.nan)
    two = ValueRange(np.array([-3.0, 0.0]), np.array([0.5, 4.0]), 3, 4, np.inf)
    for both in (one + two, two + one):
        np.testing.assert_array_equal(both.lowest, [-3, 0])
        np.testing.assert_array_equal(both.highest, [1, 4])
        assert (both.n_not_finite, both.n_negative, both.example) == (3, 6, np.inf)
        with pytest.raises(InvalidDataError, match="in 9 used pixels"):
            both.check("counts", lambda: np.array([1.0, 4.0]))
