"""Frames of headers, against the transformations of astropy."""

import astropy.units as u
import numpy as np
import pytest
from astropy.coordinates import FK4, FK5, BarycentricMeanEcliptic, FK4NoETerms, SkyCoord
from astropy.time import Time
from astropy.wcs import WCS
from cases.maps import make_maps
from cases.pixel_loops import pixel_planes
from cases.world_headers import SHAPE, header
from regions import PolygonSkyRegion

from xprofile import SkyBins, assign_sky_coords, bin_maps, skycoord
from xprofile.exceptions import InvalidDataError
from xprofile.maps.positions import sky_frame
from xprofile.maps.wcs import decode_wcs
from xprofile.maps.world.celestial import celestial_wcs
from xprofile.maps.world.frames import (
    besselian_epoch,
    celestial_frame,
    frame_attrs,
    frame_from_attrs,
)
from xprofile.plot.bins import bin_centers
from xprofile.plot.elements.labels import sky_coordinate_names

ECLIPTIC, SUPERGALACTIC = ("ELON", "ELAT"), ("SLON", "SLAT")
B1950, J1975 = Time(1950, format="byear"), Time(1975, format="jyear")
FRAMES = {
    "ecliptic": (header(names=ECLIPTIC), BarycentricMeanEcliptic()),
    "ecliptic of 1975": (
        header(names=ECLIPTIC, RADESYS="FK5", EQUINOX=1975.0),
        BarycentricMeanEcliptic(equinox=J1975),
    ),
    "ecliptic of B1950": (
        header(names=ECLIPTIC, RADESYS="FK4", EQUINOX=1950.0),
        BarycentricMeanEcliptic(equinox=B1950),
    ),
    "supergalactic": (header(names=SUPERGALACTIC), "supergalactic"),
    "galactic, with the equinox of others": (
        header(names=("GLON", "GLAT"), RADESYS="FK5", EQUINOX=2000.0),
        "galactic",
    ),
    "fk4": (header(RADESYS="FK4", EQUINOX=1950.0), FK4()),
    "fk4 by its equinox": (header(EQUINOX=1950.0), FK4()),
    "fk4 of 1975": (
        header(RADESYS="FK4", EQUINOX=1975.0),
        FK4(equinox=Time(1975, format="byear")),
    ),
    "fk4 observed in 1983": (
        header(RADESYS="FK4", EQUINOX=1950.0, MJD__OBS=45500.0),
        FK4(equinox=B1950, obstime=Time(45500, format="mjd")),
    ),
    "fk4 without e-terms": (header(RADESYS="FK4-NO-E", EQUINOX=1950.0), FK4NoETerms()),
    "fk5 of 1975": (header(RADESYS="FK5", EQUINOX=1975.0), FK5(equinox=J1975)),
}
every = pytest.mark.parametrize("name", FRAMES)


def framed_maps(name):
    return make_maps(celestial_wcs(FRAMES[name][0]), SHAPE, nenergy=1, ntrue=1)


@every
def test_positions_are_those_of_the_frame(name):
    cards, frame = FRAMES[name]
    sky = skycoord(framed_maps(name))
    lon, lat = celestial_wcs(cards).wcs_pix2world(
        *np.meshgrid(np.arange(SHAPE[1]), np.arange(SHAPE[0])), 0
    )
    expected = SkyCoord(lon, lat, unit="deg", frame=frame)
    assert sky.icrs.separation(expected.icrs).max() < 1e-9 * u.deg


@pytest.mark.parametrize("name", [n for n in FRAMES if "galactic" not in n])
def test_frames_differ_from_icrs(name):
    sky = skycoord(framed_maps(name))
    raw = SkyCoord(sky.spherical.lon, sky.spherical.lat, frame="icrs")
    assert sky.icrs.separation(raw).min() > 0.1 * u.deg


@every
def test_frames_survive_their_encoding(name):
    maps = framed_maps(name)
    again = make_maps(decode_wcs(maps), SHAPE, nenergy=1, ntrue=1)
    assert again.wcs.variable.identical(maps.wcs.variable)
    assert sky_frame(again).is_equivalent_frame(sky_frame(maps))


@every
def test_members_are_those_of_brute_force(name):
    maps = framed_maps(name)
    center = skycoord(maps)[20, 30].icrs.directional_offset_by(0.3 * u.rad, 0.0234 * u.deg)
    bins = SkyBins.annuli(center, edges=[0, 0.5, 1, 1.5] * u.deg)
    cards, frame = FRAMES[name]
    x, y = np.meshgrid(np.arange(SHAPE[1]), np.arange(SHAPE[0]))
    lon, lat = celestial_wcs(cards).wcs_pix2world(x, y, 0)
    distance = SkyCoord(lon, lat, unit="deg", frame=frame).icrs.separation(center).deg
    expected = [(low <= distance) & (distance < low + 0.5) for low in (0, 0.5, 1)]
    np.testing.assert_array_equal(pixel_planes(bins, maps), expected)


@pytest.mark.heavy
@every
def test_polygons_and_coordinates_of_bins(name):
    maps = framed_maps(name)
    sky = skycoord(maps)
    corners = sky[[10, 10, 40, 40], [10, 50, 50, 10]].icrs
    binned = bin_maps(maps, SkyBins.from_regions([PolygonSkyRegion(corners)]))
    assert 0.9 < binned.solid_angle.item() / (1200 * 0.1**2 * (np.pi / 180) ** 2) < 1.1
    bins = SkyBins.annuli(sky[20, 30], edges=[0, 0.5] * u.deg)
    binned = bin_maps(maps, bins)
    assert binned.lon.attrs["frame"] == sky.frame.name
    np.testing.assert_allclose(binned.lon, sky[20, 30].spherical.lon.deg, rtol=0, atol=1e-9)
    assert ";circle(" in binned.region.item()


@every
def test_polygons_hold_the_pixels_between_their_corners(name):
    """Also if astropy has met the WCS before, and remembers the frame that it took for it."""
    maps = framed_maps(name)
    corners = skycoord(maps)[[10, 10, 40, 40], [10, 50, 50, 10]]
    decode_wcs(maps).pixel_to_world(0, 0)
    for points in (corners, corners.icrs):
        inside = pixel_planes(SkyBins.from_regions([PolygonSkyRegion(points)]), maps)[0]
        assert inside[11:40, 11:50].all()
        inside[10:41, 10:51] = False  # those whose centres are on the outline
        assert not inside.any()


@every
def test_positions_of_bins_keep_their_equinox(name):
    maps = framed_maps(name)
    center = skycoord(maps)[20, 30]
    binned = bin_maps(maps, SkyBins.annuli(center, edges=[0, 0.5] * u.deg))
    assert bin_centers(binned).icrs.separation(center.icrs).max() < 1e-6 * u.deg
    frame = frame_from_attrs(binned.lon.attrs)
    assert frame_attrs(frame) == frame_attrs(sky_frame(maps))
    year = {"fk5 of 1975": "J1975.0", "fk4 of 1975": "B1975.0"}.get(name)
    if year:
        assert binned.lon.attrs["equinox"] == year
        assert sky_coordinate_names(binned.lon.attrs)[0] == f"Right ascension ({year[:5]})"


def test_sky_coords_are_named_after_the_frame():
    assert {"sgl", "sgb"} <= set(assign_sky_coords(framed_maps("supergalactic")).coords)
    assert {"lon_sky", "lat_sky"} <= set(assign_sky_coords(framed_maps("ecliptic")).coords)


@pytest.mark.parametrize(
    ("cards", "quoted"),
    [
        ({"names": ("HPLN", "HPLT")}, "HPLN-TAN"),
        ({"names": ("HGLN", "HGLT")}, "HGLN-TAN"),
        ({"names": ("CRLN", "CRLT")}, "CRLN-TAN"),
        ({"names": ("TLON", "TLAT")}, "TLON-TAN"),
        ({"names": ("MELN", "MELT")}, "MELN-TAN"),
        ({"RADESYS": "GAPPT"}, "GAPPT"),
        ({"RADESYS": "J2000"}, "J2000"),
    ],
)
def test_other_frames_are_quoted(cards, quoted):
    with pytest.raises(InvalidDataError, match=rf"COUNTS: .*{quoted}.*sky frame.*correct"):
        celestial_wcs(header(**cards), "COUNTS")


def test_the_besselian_epoch_of_an_observation_is_kept():
    wcs = WCS(naxis=2)
    wcs.wcs.ctype, wcs.wcs.radesys, wcs.wcs.equinox = ["RA---TAN", "DEC--TAN"], "FK4", 1950.0
    assert besselian_epoch(wcs) is None
    wcs.wcs.bepoch = 1975.5
    assert besselian_epoch(wcs) == 1975.5
    frame = celestial_frame(wcs)
    assert (frame.name, frame.equinox.byear) == ("fk4", 1950.0)
    assert frame.obstime.byear == pytest.approx(1975.5, abs=1e-9)
    wcs.wcs.radesys = "ICRS"
    assert besselian_epoch(wcs) is None
