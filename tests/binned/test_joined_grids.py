"""Maps whose coordinates no longer tell which pixels they have."""

import numpy as np
import pytest
import xarray as xr
from astropy import units as u
from cases.bins import galactic
from cases.cell_maps import make_cell_maps
from cases.maps import make_maps, make_wcs

from xprofile import SkyBins, bin_maps, exclude, solid_angle
from xprofile.exceptions import InvalidDataError

OTHERS = {
    "another scheme": (make_cell_maps(), make_cell_maps(scheme="ring"), "cell"),
    "another frame": (make_cell_maps(), make_cell_maps(frame="icrs"), "cell"),
    "another plane": (
        make_maps(make_wcs("TAN")), make_maps(make_wcs("TAN", frame="icrs")), "lon"
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", OTHERS)
def test_parts_on_several_grids_are_refused(name):
    one, other, dim = OTHERS[name]
    half = one.sizes[dim] // 2
    parts = [one.isel({dim: slice(half)}), other.isel({dim: slice(half, None)})]
    joined = xr.concat(parts, dim, data_vars="minimal", coords="different", compat="equals")
    rings = SkyBins.annuli(galactic(0, 0), edges=[0, 20] * u.deg)
    for call in (lambda: bin_maps(joined, rings), lambda: solid_angle(joined.counts)):
        with pytest.raises(InvalidDataError, match=r"expected a scalar.*several grids"):
            call()


def test_parts_of_one_grid_are_joined():
    maps = make_cell_maps()
    parts = [maps.isel(cell=slice(100)), maps.isel(cell=slice(100, None))]
    joined = xr.concat(parts, "cell", data_vars="minimal", coords="different", compat="equals")
    rings = SkyBins.annuli(galactic(0, 0), edges=[0, 20] * u.deg)
    xr.testing.assert_equal(bin_maps(joined, rings)["counts"], bin_maps(maps, rings)["counts"])


def product(maps, other):
    return (maps.counts.astype(float) + other.counts).isel(energy=0) > 3


def turned(maps, dim):
    return maps.isel({dim: np.arange(maps.sizes[dim])[::-1]})


LOST = {
    "cells in another order": lambda: (make_cell_maps(), turned(make_cell_maps(), "cell")),
    "another scheme": lambda: (make_cell_maps(), make_cell_maps(scheme="ring")),
    "columns in another order": lambda: (
        make_maps(make_wcs("TAN")), turned(make_maps(make_wcs("TAN")), "lon")
    ),
    "another plane": lambda: (
        make_maps(make_wcs("TAN")), make_maps(make_wcs("TAN", frame="icrs"))
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", LOST)
def test_pixels_of_sums_over_other_pixels_are_not_excluded(name):
    maps, other = LOST[name]()
    with pytest.raises(InvalidDataError, match=r"its pixels are not known.*make it of these maps"):
        exclude(maps, product(maps, other))


@pytest.mark.parametrize("maps", [make_cell_maps(), make_maps(make_wcs("TAN"))])
def test_an_array_without_coordinates_has_the_pixels_in_their_order(maps):
    many = maps.counts.isel(energy=0) > 3
    plain = xr.DataArray(many.variable)
    xr.testing.assert_identical(exclude(maps, plain).mask, exclude(maps, many).mask)


@pytest.mark.parametrize("maps", [make_cell_maps(), make_maps()])
def test_data_sets_are_binned_one_by_one(maps):
    joined = xr.concat([maps, maps], "dataset", data_vars="all", coords="minimal", compat="equals")
    rings = SkyBins.annuli(galactic(0, 0), edges=[0, 20] * u.deg)
    with pytest.raises(InvalidDataError, match=r"holds 2 data sets.*bin each of them"):
        bin_maps(joined, rings)
    binned = bin_maps(joined.isel(dataset=1), rings)
    np.testing.assert_array_equal(binned["counts"], bin_maps(maps, rings)["counts"])
