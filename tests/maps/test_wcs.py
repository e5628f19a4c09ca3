"""The WCS of maps as a coordinate: encoding, coordinates of grids, and lost or repeated pixels."""

import numpy as np
import pytest
import xarray as xr
from astropy.coordinates import SkyCoord
from astropy.io.fits import Header
from astropy.wcs import WCS
from cases.maps import make_maps, make_wcs
from cases.skies import SEPARABLE, SKIES, SKY_SHAPE, assert_same_sky, astropy_sky, rotated, sky_maps

from xprofile.exceptions import InvalidDataError, MissingVariableError
from xprofile.maps.positions import sky_frame, skycoord
from xprofile.maps.wcs import decode_wcs, grid_coords, pixel_grid

every_sky = pytest.mark.parametrize("name", SKIES)


@every_sky
def test_wcs_survives_its_encoding(name):
    decoded = decode_wcs(sky_maps(name))
    x, y = np.meshgrid([0, 12.5, 40, 79], [0, 30, 33.3, 59])
    assert_same_sky(decoded.pixel_to_world(x, y), SKIES[name].pixel_to_world(x, y))


def test_cd_matrix_is_as_good_as_pc():
    wcs = rotated(make_wcs("TAN", (40, 10)), 25)
    header = wcs.to_header()
    cards = {key: header[key] for key in header if not key.startswith(("PC", "CDELT"))}
    scale = np.diag(wcs.wcs.cdelt) @ wcs.wcs.pc
    cards |= {f"CD{i + 1}_{j + 1}": scale[i, j] for i in (0, 1) for j in (0, 1)}
    assert_same_sky(skycoord(make_maps(WCS(Header(cards)))), astropy_sky(make_maps(wcs), wcs))


def test_wcs_value_tells_grids_apart():
    wcs, dated, moved = make_wcs(), make_wcs(), make_wcs()
    dated.wcs.dateobs = "2008-08-04"
    moved.wcs.crpix[0] += 1
    values = [grid_coords(w, SKY_SHAPE)["wcs"].item() for w in (wcs, dated, moved)]
    assert values[0] == values[1] != values[2]


def test_maps_on_different_grids_do_not_merge():
    counts = make_maps(make_wcs("TAN", (10, 10))).counts
    other = make_maps(make_wcs("TAN", (10, 11))).background
    with pytest.raises(xr.MergeError, match="wcs"):
        xr.merge([counts, other], compat="no_conflicts", join="exact")


@every_sky
def test_only_separable_maps_have_lon_and_lat(name):
    maps = sky_maps(name)
    assert pixel_grid(maps).separable == (name in SEPARABLE)
    assert {"lon", "lat"} & set(maps.coords) == ({"lon", "lat"} if name in SEPARABLE else set())


@pytest.mark.parametrize("name", SEPARABLE)
def test_coordinates_are_the_sky(name):
    maps = sky_maps(name)
    sky = SkyCoord(*np.meshgrid(maps.lon, maps.lat), unit="deg", frame=sky_frame(maps))
    assert_same_sky(sky, astropy_sky(maps, SKIES[name]))
    assert len(set(np.sign(maps.lon.diff("lon").to_numpy()))) == 1
    assert maps.lon.attrs["units"] == maps.lat.attrs["units"] == "deg"
    assert maps.lon.attrs["frame"] == "galactic"


@pytest.mark.parametrize(
    ("center", "ends"),
    [(0, (3.95, -3.95)), (359.95, (3.9, -4.0)), (370, (13.95, 6.05)), (180, (183.95, 176.05))],
)
def test_longitudes_are_unwrapped(center, ends):
    lon = grid_coords(make_wcs(center=(center, 0)), SKY_SHAPE)["lon"].to_numpy()
    np.testing.assert_allclose([lon[0], lon[-1]], ends, rtol=0, atol=1e-9)


@pytest.mark.parametrize("lost", ["wcs", "x", "y"])
def test_lost_coordinates_are_named(lost):
    with pytest.raises(MissingVariableError, match=lost):
        pixel_grid(make_maps().drop_vars(lost))


def test_repeated_pixels_are_refused():
    maps = make_maps()
    with pytest.raises(InvalidDataError, match="repeat"):
        pixel_grid(maps.isel(lon=[3, 4, 3]))


def test_maps_without_pixels_are_refused():
    for lost in ("lon", "lat"):
        with pytest.raises(InvalidDataError, match="a selection has left no column or no row"):
            pixel_grid(make_maps().isel({lost: slice(0)}))


def test_pixel_numbers_between_pixels_are_refused():
    coarse = make_maps()[["counts"]].coarsen(lon=2, lat=2).sum()
    with pytest.raises(InvalidDataError, match="pixel"):
        pixel_grid(coarse)


def test_sky_survives_netcdf(tmp_path):
    maps = make_maps(rotated(make_wcs("TAN", (83.6, 22), frame="icrs"), 40)).isel(
        lon=slice(70, 3, -1), lat=slice(4, 50)
    )
    maps.to_netcdf(tmp_path / "maps.nc")
    with xr.open_dataset(tmp_path / "maps.nc") as back:
        xr.testing.assert_identical(back.load(), maps)
        assert_same_sky(skycoord(back), skycoord(maps))
