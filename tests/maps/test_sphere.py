"""Directions on the sphere, against astropy and closed forms."""

import astropy.units as u
import numpy as np
import pytest
from astropy.coordinates import FK5, ICRS, Galactic, SkyCoord

from xprofile.maps.sphere import (
    lonlat_deg,
    position_angle_deg,
    quadrilateral_solid_angle,
    same_frame,
    sky_positions,
    unit_vectors,
)

SKY = SkyCoord([0, 123.4, 359.9] * u.deg, [-90, 12.3, 45] * u.deg, frame="icrs")


def test_vectors_are_those_of_astropy_and_lead_back():
    vectors = unit_vectors(SKY.ra.deg, SKY.dec.deg)
    np.testing.assert_allclose(vectors, SKY.cartesian.xyz.value, rtol=0, atol=1e-15)
    back = sky_positions(vectors, SKY.frame)
    assert back.separation(SKY).max() < 1e-12 * u.deg
    assert back[1].ra.deg == 123.4


def test_longitudes_and_latitudes_broadcast():
    lon, lat = np.arange(0.0, 50, 10), np.array([[-20.0], [40.0]])
    assert unit_vectors(lon, lat).shape == (3, 2, 5)
    expected = unit_vectors(*np.broadcast_arrays(lon, lat))
    np.testing.assert_array_equal(unit_vectors(lon, lat), expected)


@pytest.mark.parametrize("sky", [SKY, SkyCoord(SKY.cartesian, frame="icrs")], ids=["sky", "xyz"])
def test_positions_in_degrees_in_any_frame(sky):
    np.testing.assert_allclose(lonlat_deg(sky[1:]), [[123.4, 359.9], [12.3, 45]], rtol=1e-13)
    galactic = SKY[1:].galactic
    found = lonlat_deg(sky[1:], galactic.frame)
    np.testing.assert_allclose(found, [galactic.l.deg, galactic.b.deg], rtol=1e-12)


def test_frames_are_the_same_by_type_and_attributes():
    assert same_frame(ICRS(), ICRS())
    assert same_frame(FK5(equinox="J1975"), FK5(equinox="J1975"))
    assert not same_frame(FK5(equinox="J1975"), FK5(equinox="J2000"))
    assert not same_frame(ICRS(), Galactic())


@pytest.mark.parametrize("reverse", [False, True])
def test_a_quarter_of_the_northern_sky(reverse):
    corners = unit_vectors(np.array([0.0, 45, 90, 0]), np.array([0.0, 0, 0, 90])).T
    found = quadrilateral_solid_angle(*(corners[::-1] if reverse else corners))
    np.testing.assert_allclose(found, np.pi / 2, rtol=1e-14, atol=0)
    assert found.shape == ()


def test_a_longitude_is_below_a_full_turn():
    just_below = unit_vectors(np.array([-1e-14, 359.9999999999999]), np.zeros(2))
    np.testing.assert_array_equal(sky_positions(just_below, ICRS()).ra.deg, [0, 0])


def test_position_angles_are_those_of_astropy():
    rng = np.random.default_rng(0)
    lon, lat = rng.uniform(0, 360, (2, 50)), rng.uniform(-90, 90, (2, 50))
    start, end = (SkyCoord(x, y, unit="deg") for x, y in zip(lon, lat, strict=True))
    found = position_angle_deg((lon[0], lat[0]), (lon[1], lat[1]))
    np.testing.assert_allclose(found, start.position_angle(end).deg, rtol=1e-13, atol=0)
