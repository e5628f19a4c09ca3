"""One place on the sky gives the same numbers in any frame, with its equinox and time."""

import astropy.units as u
import numpy as np
import pytest
from astropy.coordinates import (
    CIRS,
    FK4,
    FK5,
    GCRS,
    HCRS,
    ICRS,
    ITRS,
    LSR,
    AltAz,
    BarycentricMeanEcliptic,
    BarycentricTrueEcliptic,
    EarthLocation,
    FK4NoETerms,
    Galactic,
    Galactocentric,
    GeocentricMeanEcliptic,
    GeocentricTrueEcliptic,
    HeliocentricTrueEcliptic,
    PrecessedGeocentric,
    SkyCoord,
    SkyOffsetFrame,
    SphericalRepresentation,
    Supergalactic,
)
from astropy.time import Time
from cases.examples import examples
from hypothesis import strategies as st
from regions import (
    CircleAnnulusSkyRegion,
    CircleSkyRegion,
    PolygonSkyRegion,
    RectangleSkyRegion,
)

from xprofile import SkyBins
from xprofile.exceptions import InvalidBinsError

EXACT = 1e-9  # degrees

years = st.floats(1850, 2100)
modern = st.floats(1980, 2024).map(lambda year: Time(year, format="jyear"))
equinoxes = years.map(lambda year: Time(year, format="jyear"))
besselian = years.map(lambda year: Time(year, format="byear"))
SITE = EarthLocation(lon=16 * u.deg, lat=-23 * u.deg, height=1800 * u.m)

# frames that need no distance
frames = st.one_of(
    st.sampled_from([ICRS(), Galactic(), Supergalactic(), FK5(), FK4(), FK4NoETerms()]),
    st.builds(FK5, equinox=equinoxes),
    st.builds(FK4, equinox=besselian, obstime=besselian),
    st.builds(FK4NoETerms, equinox=besselian, obstime=besselian),
    st.builds(BarycentricMeanEcliptic, equinox=equinoxes),
    st.builds(BarycentricTrueEcliptic, equinox=equinoxes),
    st.builds(GeocentricMeanEcliptic, equinox=equinoxes, obstime=modern),
    st.builds(GeocentricTrueEcliptic, equinox=equinoxes, obstime=modern),
    st.builds(PrecessedGeocentric, equinox=equinoxes, obstime=modern),
    st.builds(GCRS, obstime=modern),
    st.builds(CIRS, obstime=modern),
    st.builds(lambda time: AltAz(obstime=time, location=SITE), modern),
    st.builds(
        lambda lon, lat: SkyOffsetFrame(origin=SkyCoord(lon, lat, unit="deg")),
        st.floats(0, 360),
        st.floats(-80, 80),
    ),
    st.builds(
        lambda year: SkyOffsetFrame(
            origin=SkyCoord(80, 20, unit="deg", frame=FK5(equinox=year)), rotation=30 * u.deg
        ),
        equinoxes,
    ),
)


def in_frame(frame, lon, lat, **distance):
    place = SkyCoord(lon * u.deg, lat * u.deg, **distance)
    return place.transform_to(frame, merge_attributes=False)


def assert_same(found, expected):
    for name in ("lower", "upper", "distance"):
        np.testing.assert_allclose(getattr(found, name), getattr(expected, name), atol=EXACT)
    apart = found.center.icrs.separation(expected.center.icrs).deg
    np.testing.assert_allclose(apart, 0, atol=EXACT)


@pytest.mark.slow
@examples(6, 25)(frames, frames, frames, st.floats(0, 360), st.floats(-70, 70))
def test_lines_are_the_same_in_any_frames(first, second, third, lon, lat):
    start, end = in_frame(first, lon, lat), in_frame(second, lon + 20, lat + 5)
    origin = in_frame(third, lon + 12, lat + 1)
    found = SkyBins.along_line(start, end, height=2 * u.deg, nbin=4, origin=origin)
    expected = SkyBins.along_line(
        start.icrs, end.icrs, height=2 * u.deg, nbin=4, origin=origin.icrs
    )
    assert_same(found, expected)


@examples(6, 25)(frames, frames, st.floats(0, 360), st.floats(-70, 70))
def test_paths_and_annuli_are_the_same_in_any_frame(first, second, lon, lat):
    points = in_frame(first, lon + np.array([0, 6, 12]), lat + np.array([0, 5, 1]))
    origin = in_frame(second, lon + 6, lat + 5)
    found = SkyBins.along_path(points, height=0.5 * u.deg, nbin=5, origin=origin)
    expected = SkyBins.along_path(points.icrs, height=0.5 * u.deg, nbin=5, origin=origin.icrs)
    assert_same(found, expected)
    rings = SkyBins.annuli(origin, edges=[0, 1, 2] * u.deg)
    assert_same(rings, SkyBins.annuli(origin.icrs, edges=[0, 1, 2] * u.deg))


@examples(6, 25)(frames, frames, st.floats(0, 360), st.floats(-70, 70))
def test_lists_of_regions_are_the_same_in_any_frame(first, second, lon, lat):
    places = [in_frame(first, lon, lat), in_frame(second, lon + 9, lat + 3)]
    corners = in_frame(second, lon + np.array([12, 14, 13]), lat + np.array([0, 0, 2]))

    def bins(centers, corners):
        regions = [
            CircleSkyRegion(centers[0], 1 * u.deg),
            CircleAnnulusSkyRegion(centers[1], 1 * u.deg, 2 * u.deg),
            PolygonSkyRegion(corners),
            CircleSkyRegion(centers[1], 1 * u.deg) | CircleSkyRegion(centers[0], 2 * u.deg),
        ]
        return SkyBins.from_regions(regions)

    found, expected = bins(places, corners), bins([p.icrs for p in places], corners.icrs)
    assert_same(found, expected)
    np.testing.assert_allclose(found.solid_angle[:3], expected.solid_angle[:3], rtol=1e-9)


@pytest.mark.heavy
@pytest.mark.parametrize(
    "frame", [FK5(equinox="J1875"), FK4(equinox="B1900"), GCRS(obstime="J1990")]
)
def test_angles_are_from_north_of_the_given_frame(frame):
    center = in_frame(frame, 80, 40)
    toward = center.directional_offset_by(30 * u.deg, 0.5 * u.deg)
    box = RectangleSkyRegion(center, 2 * u.deg, 0.01 * u.deg, angle=120 * u.deg)
    for bins in (
        SkyBins.grid(center, width=2 * u.deg, height=0.01 * u.deg, nbin=(1, 1),
                     position_angle=30 * u.deg),
        SkyBins.from_regions([box]),
        SkyBins.sectors(center, radius_max=2 * u.deg, edges=[29.9, 30.1] * u.deg),
    ):  # fmt: skip
        pixel = find_one(bins, toward)
        assert pixel == [0], bins


def find_one(bins, place):
    """Numbers of the bins that hold a place, by a map of one small pixel there."""
    from astropy.wcs import WCS

    from xprofile.binned.members.finding import find_members
    from xprofile.maps.pixelgrid import PixelGrid

    wcs = WCS(naxis=2)
    wcs.wcs.ctype = "RA---TAN", "DEC--TAN"
    wcs.wcs.crval = place.icrs.ra.deg, place.icrs.dec.deg
    wcs.wcs.crpix, wcs.wcs.cdelt = (1, 1), (-1e-4, 1e-4)
    members = find_members(bins, PixelGrid(wcs, np.zeros(1), np.zeros(1)))
    return list(members.bin)


@pytest.mark.parametrize("distance", [1 * u.pc, 8 * u.kpc])
@pytest.mark.parametrize(
    "frame",
    [
        Galactocentric(),
        GCRS(obstime="J1990"),
        HeliocentricTrueEcliptic(obstime="J1990"),
        FK5(equinox="J1875"),
        HCRS(obstime="J1990"),
        ITRS(obstime="J1990"),
        LSR(),
    ],
    ids=lambda frame: frame.name,
)
def test_distances_do_not_count(frame, distance):
    start, end = (in_frame(frame, lon, 10, distance=distance) for lon in (30, 50))
    found = SkyBins.along_line(start, end, height=1 * u.deg, nbin=3, origin=end)
    plain = [SkyCoord(c.icrs.ra, c.icrs.dec) for c in (start, end)]
    expected = SkyBins.along_line(*plain, height=1 * u.deg, nbin=3, origin=plain[1])
    assert_same(found, expected)
    turned = SkyBins.grid(start, width=2 * u.deg, height=1 * u.deg, nbin=(1, 1))
    listed = SkyBins.from_regions([RectangleSkyRegion(start, 2 * u.deg, 1 * u.deg)])
    rings = SkyBins.annuli(start, radius_max=1 * u.deg, nbin=1)
    for bins in (turned, listed, rings):
        np.testing.assert_allclose(bins.center.icrs.separation(plain[0]).deg, 0, atol=EXACT)


@pytest.mark.heavy
@pytest.mark.parametrize("frame", [Galactocentric(), ITRS(obstime="J1990"), LSR()])
def test_north_is_that_of_frames_that_need_a_distance(frame):
    """Grids and angles of regions in them raised errors of astropy."""
    place = in_frame(frame, 80, 40, distance=8 * u.kpc)
    data = place.spherical
    north = SphericalRepresentation(data.lon, data.lat + 0.02 * u.deg, data.distance)
    toward = SkyCoord(place.frame.replicate_without_data().realize_frame(north))
    slit = SkyBins.grid(place, width=2e-4 * u.deg, height=2 * u.deg, nbin=(1, 1))
    box = RectangleSkyRegion(place, 2e-4 * u.deg, 2 * u.deg)
    for bins in (slit, SkyBins.from_regions([box])):
        assert find_one(bins, toward) == [0], bins


@pytest.mark.parametrize(
    "center",
    [
        SkyCoord(1, 2, unit="deg", frame="altaz"),
        SkyCoord(1, 2, unit="deg", frame=HeliocentricTrueEcliptic()),
        SkyCoord(1, 2, unit="deg", frame="altaz", obstime="J2000"),
    ],
    ids=["no time", "no distance", "no place"],
)
def test_frames_that_cannot_be_turned_are_errors(center):
    with pytest.raises(InvalidBinsError, match="center is in the frame"):
        SkyBins.annuli(center, edges=[0, 1] * u.deg)
    with pytest.raises(InvalidBinsError, match="is in the frame"):
        SkyBins.from_regions([CircleSkyRegion(center, 1 * u.deg)])


def test_attributes_beside_the_frame_do_not_count():
    start = SkyCoord(30, 10, unit="deg", frame="icrs", equinox="J1875", obstime="J1990")
    end = SkyCoord(50, 10, unit="deg", frame="fk5")
    found = SkyBins.along_line(start, end, height=1 * u.deg, nbin=3, origin=start)
    assert found.lower[0] == pytest.approx(0, abs=EXACT)
    assert found.upper[-1] == pytest.approx(start.icrs.separation(end.icrs).deg, abs=EXACT)
