"""Sky positions and solid angles of pixels, as arrays, variables and attributes of the accessor."""

import astropy.units as u
import numpy as np
import pytest
import xarray as xr
from astropy.coordinates import SkyCoord
from astropy.wcs import WCS
from cases.bins import galactic
from cases.cell_maps import make_cell_maps
from cases.maps import make_maps, make_wcs
from cases.skies import SKIES, SKY_SHAPE, assert_same_sky, astropy_sky, rotated, sky_maps
from hypothesis import given, settings
from hypothesis import strategies as st

from xprofile import SkyBins, bin_maps, coarsen
from xprofile.maps.positions import sky_frame, skycoord, solid_angle
from xprofile.maps.wcs import pixel_grid

every_sky = pytest.mark.parametrize("name", SKIES)

SELECTIONS = [
    {"lon": slice(10, 50, 3), "lat": slice(5, None)},
    {"lon": slice(None, None, -1), "lat": slice(40, 3, -2)},
    {"lon": [40], "lat": slice(None)},
    {"lon": [70, 3, 22], "lat": [33, 30]},
]


@every_sky
def test_skycoord_is_astropys(name):
    maps = sky_maps(name)
    assert skycoord(maps).shape == SKY_SHAPE
    assert skycoord(maps).frame.is_equivalent_frame(sky_frame(maps))
    assert_same_sky(skycoord(maps), astropy_sky(maps, SKIES[name]))


def test_skycoord_with_latitude_as_first_axis():
    wcs = WCS(naxis=2)
    wcs.wcs.ctype = ["GLAT-CAR", "GLON-CAR"]
    wcs.wcs.crval = [0, 20]
    wcs.wcs.crpix = [40.5, 30.5]
    wcs.wcs.cdelt = [0.1, -0.1]
    maps = make_maps(wcs)
    assert_same_sky(skycoord(maps), astropy_sky(maps, wcs))


def test_skycoord_beyond_half_a_turn_from_the_reference_point():
    wcs = make_wcs(step=1, shape=(60, 360))
    wcs.wcs.crpix[0] = 1
    maps = make_maps(wcs, (60, 360), nenergy=1, ntrue=1)
    expected = SkyCoord(-np.arange(360.0) * u.deg, 0.5 * u.deg, frame="galactic")
    assert np.all(skycoord(maps)[30].separation(expected) < 1e-9 * u.deg)


@every_sky
def test_skycoord_follows_selections(name):
    for selection in SELECTIONS:
        part = sky_maps(name).isel(selection).transpose("lon", ...)
        expected = astropy_sky(part, SKIES[name])
        assert_same_sky(skycoord(part), expected)
        assert_same_sky(skycoord(part.counts), expected)


@settings(max_examples=25, deadline=None, derandomize=True)
@given(
    projection=st.sampled_from(["CAR", "TAN", "AIT", "ZEA", "SIN", "MOL", "STG", "ARC"]),
    lon=st.floats(0, 360),
    lat=st.floats(-90, 90),
    turn=st.floats(0, 360),
    step=st.floats(0.02, 0.5),
    frame=st.sampled_from(["galactic", "icrs"]),
)
def test_any_sky_is_astropys(projection, lon, lat, turn, step, frame):
    wcs = rotated(make_wcs(projection, (lon, lat), step, (13, 17), frame), turn)
    maps = make_maps(wcs, (13, 17), nenergy=1, ntrue=1)
    assert_same_sky(skycoord(maps), astropy_sky(maps, wcs))
    grid = pixel_grid(maps)
    np.testing.assert_allclose(
        grid.solid_angle(np.array(8.0), np.array(6.0)), np.radians(step) ** 2, rtol=2e-2
    )


@pytest.mark.slow
def test_accessor_attributes_equal_the_functions():
    maps = make_maps()
    xr.testing.assert_identical(maps.profile.solid_angle, solid_angle(maps))
    xr.testing.assert_identical(maps["counts"].profile.solid_angle, solid_angle(maps))
    assert (maps.profile.skycoord == maps["counts"].profile.skycoord).all()


@pytest.mark.parametrize(("frame", "names"), [("galactic", "lb"), ("icrs", ("ra", "dec"))])
def test_sky_coordinates_have_the_names_of_the_frame(frame, names):
    maps = make_maps(make_wcs("TAN", center=(12.0, 70.0), frame=frame))
    named = maps.profile.assign_sky_coords()
    for name, expected in zip(names, (skycoord(maps).spherical.lon, skycoord(maps).spherical.lat),
                              strict=True):  # fmt: skip
        np.testing.assert_allclose(named[name], expected.deg, rtol=1e-12, atol=0)
        assert named[name].dims == ("lat", "lon")
        assert named[name].attrs == {"units": "deg", "frame": frame}
    center = SkyCoord(12, 70, unit="deg", frame=frame)
    bins = SkyBins.annuli(center, radius_max=1 * u.deg, nbin=2)
    xr.testing.assert_identical(bin_maps(named, bins), bin_maps(maps, bins))
    xr.testing.assert_identical(coarsen(named, 2), coarsen(maps, 2))


def test_solid_angle_can_be_binned():
    maps = make_maps()
    bins = SkyBins.annuli(galactic(0, 0), radius_max=2 * u.deg, nbin=3)
    np.testing.assert_allclose(
        solid_angle(maps).profile.bin(bins), bin_maps(maps, bins)["solid_angle"], rtol=1e-12, atol=0
    )


def test_the_frame_of_cells_is_that_of_their_grid():
    assert sky_frame(make_cell_maps(1)).name == "galactic"
