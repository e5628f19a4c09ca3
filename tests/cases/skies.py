"""WCS of many projections and orientations, and comparisons of positions on the sky."""

from functools import cache

import astropy.units as u
import numpy as np

from cases.maps import make_maps, make_wcs
from xprofile import tutorial


def plate_carree(lon, lat, step=0.1):
    """Make a CAR whose reference point is on the equator, and the middle of the map is not."""
    wcs = make_wcs(center=(lon, 0), step=step)
    wcs.wcs.crpix[1] -= lat / step
    return wcs


def rotated(wcs, degrees):
    """Turn the pixel axes of a WCS."""
    cos, sin = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    wcs.wcs.pc = [[cos, -sin], [sin, cos]]
    return wcs


def mirrored(wcs):
    """Let longitude grow with x, on pixels twice as high as wide."""
    wcs.wcs.cdelt = [-wcs.wcs.cdelt[0], 2 * wcs.wcs.cdelt[1]]
    return wcs


def fk5(wcs, equinox):
    """Put a WCS into FK5 coordinates of an equinox."""
    wcs.wcs.radesys, wcs.wcs.equinox = "FK5", equinox
    return wcs


SKIES = {
    "car": make_wcs(),
    "car across 0": make_wcs(center=(359.95, 0)),
    "car from 370": make_wcs(center=(370, 0)),
    "car at b=60": plate_carree(30, 60),
    "car at the pole": plate_carree(30, 88),
    "car mirrored": mirrored(make_wcs(center=(30, 0))),
    "car all-sky": make_wcs(step=4.5),
    "car oblique": make_wcs(center=(30, 60)),
    "car rotated": rotated(make_wcs(frame="icrs"), 33),
    "tan": make_wcs("TAN", (83.6, 22), frame="icrs"),
    "tan rotated": rotated(make_wcs("TAN", (266.4, -28.9), frame="icrs"), -71),
    "tan mirrored": mirrored(make_wcs("TAN", (83.6, 22))),
    "tan in fk5 of 1975": fk5(make_wcs("TAN", (83.6, 22), frame="icrs"), 1975),
    "sin all-sky": make_wcs("SIN", (200, -30), step=2),
    "zea over the pole": make_wcs("ZEA", (0, 90), frame="icrs"),
    "ait": make_wcs("AIT", (120, 0), step=4.5),
    "ait oblique": make_wcs("AIT", (120, 40), step=4.5, frame="icrs"),
    "mol": make_wcs("MOL", step=4.5),
}

# those on which longitude is linear in x alone and latitude in y alone
SEPARABLE = (
    *("car", "car across 0", "car from 370", "car at b=60", "car at the pole"),
    *("car mirrored", "car all-sky"),
)

SKY_SHAPE = (60, 80)


def sky_maps(name, shape=SKY_SHAPE):
    """Make maps of one energy on one of the skies."""
    return make_maps(SKIES[name], shape, nenergy=1, ntrue=1)


def astropy_sky(data, wcs):
    """Sky positions of the pixels in the coordinates x and y, by astropy alone."""
    return wcs.pixel_to_world(*np.meshgrid(data.x.to_numpy(), data.y.to_numpy()))


def assert_same_sky(actual, expected):
    """Assert that positions are the same to 1e-9 deg, and are off the sky in the same places."""
    known = np.isfinite(expected.spherical.lat.deg)
    np.testing.assert_array_equal(np.isfinite(actual.spherical.lat.deg), known)
    assert known.any()
    assert actual[known].separation(expected[known]).max() < 1e-9 * u.deg


@cache
def _simulated():
    return tutorial.open_maps("galactic-center-sim")


def tutorial_sky():
    """Copy the simulated sky of the tutorial, which is made once; its arrays are shared."""
    return _simulated().copy()
