"""Grids of positions of a response: in any order, in parts, and beyond their projection."""

import astropy.units as u
import numpy as np
import pytest
import xarray as xr
from cases.bins import galactic
from cases.maps import make_maps, make_wcs, small_maps

from xprofile import SkyBins, bin_maps, open_maps, write_maps
from xprofile.exceptions import InvalidDataError
from xprofile.maps.wcs import position_coords

GRID = (3, 4)
BACKWARDS = slice(None, None, -1)
SELECTIONS = [
    {"lon_edisp": BACKWARDS},
    {"lat_edisp": BACKWARDS},
    {"lat_edisp": [2, 0, 1], "lon_edisp": [3, 1, 0, 2]},
]


@pytest.fixture
def maps():
    values = np.random.default_rng(4).dirichlet(np.ones(4), (*GRID, 6))
    dims = ("lat_edisp", "lon_edisp", "energy_true", "energy")
    maps = make_maps().assign(edisp=(dims, values))
    return maps.assign_coords(position_coords(make_wcs(step=2.0, shape=GRID), GRID, "edisp"))


@pytest.mark.parametrize("response", ["pixels", "center"])
@pytest.mark.parametrize("selection", SELECTIONS)
def test_any_order(maps, selection, response):
    bins = SkyBins.annuli(galactic(1.1, -0.9), radius_max=1.5 * u.deg, nbin=2)
    expected = bin_maps(maps, bins, response=response)
    found = bin_maps(maps.isel(selection), bins, response=response)
    np.testing.assert_allclose(found.edisp, expected.edisp, rtol=1e-12)


def test_parts_hold_where_they_were(maps):
    bins = SkyBins.annuli(galactic(-2.9, 1.9), radius_max=0.5 * u.deg, nbin=1)
    corner = maps.edisp[2, 3].values
    for part in ({"lon_edisp": slice(2, 4)}, {"lat_edisp": 2}, {"lat_edisp": [2], "lon_edisp": 3}):
        found = bin_maps(maps.isel(part), bins).edisp
        np.testing.assert_allclose(found[0], corner, rtol=1e-12)
        assert found.dims == ("projected_distance", "energy_true", "energy")


def test_pixels_that_the_projection_of_the_positions_does_not_show():
    maps = make_maps(make_wcs(step=4.0, shape=(45, 90)), (45, 90))
    values = np.random.default_rng(4).dirichlet(np.ones(4), (3, 3, 6))
    maps["edisp"] = (("lat_edisp", "lon_edisp", "energy_true", "energy"), values)
    wcs = make_wcs("TAN", step=30.0, shape=(3, 3))
    maps = maps.assign_coords(position_coords(wcs, (3, 3), "edisp"))
    y, x = np.mgrid[:3, :3]
    places = wcs.pixel_to_world(x, y)
    for lon, lat in ((120, 8), (-150, 20), (-105, -11)):
        center = galactic(lon, lat)
        bins = SkyBins.annuli(center, radius_max=3 * u.deg, nbin=1)
        nearest = np.unravel_index(center.separation(places).argmin(), (3, 3))
        found = bin_maps(maps, bins).edisp[0]
        np.testing.assert_allclose(found, values[nearest], rtol=1e-12)


@pytest.mark.heavy
@pytest.mark.parametrize("name", ["edisp", "psf"])
def test_files_have_positions_in_order(name, tmp_path):
    write_maps(small_maps(positions=(2, 3)), tmp_path / "a.fits")
    maps = open_maps(tmp_path / "a.fits")
    assert maps[f"x_{name}"].dims == (f"lon_{name}",)
    write_maps(maps.isel({f"lon_{name}": BACKWARDS}), tmp_path / "b.fits")
    xr.testing.assert_allclose(open_maps(tmp_path / "b.fits")[name], maps[name], rtol=1e-12)
    part = maps.isel({f"lon_{name}": slice(1, 3)})
    write_maps(part, tmp_path / "c.fits")
    found = open_maps(tmp_path / "c.fits")
    np.testing.assert_array_equal(found[name], part[name])
    shift = maps[f"wcs_{name}"].attrs["CRPIX1"] - found[f"wcs_{name}"].attrs["CRPIX1"]
    assert shift == 1
    with pytest.raises(InvalidDataError, match=f"positions of {name} have gaps"):
        write_maps(maps.isel({f"lon_{name}": [0, 2]}), tmp_path / "d.fits")
