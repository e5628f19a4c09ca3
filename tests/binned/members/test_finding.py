"""Pixels of regions of every kind: compound and spherical ones, and lists read from a file."""

import astropy.units as u
import numpy as np
import pytest
import regions
from astropy.coordinates import SkyCoord
from cases.maps import make_maps, make_wcs
from regions import CircleSkyRegion, PolygonSkyRegion, Regions

from xprofile import SkyBins, skycoord
from xprofile.binned.members.finding import find_members
from xprofile.exceptions import InvalidBinsError
from xprofile.maps.wcs import pixel_grid

CENTER = SkyCoord(0.3, 0.2, unit="deg", frame="galactic")
OTHER = SkyCoord(1.3, 0.2, unit="deg", frame="galactic")
CIRCLES = [CircleSkyRegion(c, 1 * u.deg) for c in (CENTER, OTHER)]


def pixels(region, maps):
    return set(find_members(SkyBins.from_regions([region]), pixel_grid(maps)).pixel)


def test_pixels_of_compounds_are_combined_from_their_parts():
    maps = make_maps()
    first, second = (pixels(circle, maps) for circle in CIRCLES)
    assert pixels(CIRCLES[0] & CIRCLES[1], maps) == first & second
    assert pixels(CIRCLES[0] | CIRCLES[1], maps) == first | second
    assert pixels(CIRCLES[0] ^ CIRCLES[1], maps) == first ^ second
    assert len(first & second) > 100


def test_the_centre_of_a_compound_is_between_its_parts():
    bins = SkyBins.from_regions([CIRCLES[0] | CIRCLES[1]])
    assert bins.center[0].separation(CENTER).deg == pytest.approx(0.5, rel=1e-4)


def test_regions_from_a_ds9_file(tmp_path):
    polygon = PolygonSkyRegion(SkyCoord([359, 1, 0], [-1, -1, 1.5], unit="deg", frame="galactic"))
    Regions([polygon, CIRCLES[0]]).write(tmp_path / "bins.reg", format="ds9")
    maps = make_maps()
    bins = SkyBins.from_regions(Regions.read(tmp_path / "bins.reg", format="ds9"))
    members = find_members(bins, pixel_grid(maps))
    assert set(members.pixel[members.bin == 0]) == pixels(polygon, maps)
    assert set(members.pixel[members.bin == 1]) == pixels(CIRCLES[0], maps)


def test_regions_without_a_centre_raise():
    line = regions.LineSkyRegion(CENTER, OTHER)
    with pytest.raises(InvalidBinsError, match="LineSkyRegion has no area"):
        SkyBins.from_regions([line])


if hasattr(regions, "CircleSphericalSkyRegion"):  # from version 0.12 on

    @pytest.mark.parametrize("projection", ["CAR", "TAN"])
    def test_spherical_circles_are_true_circles(projection):
        maps = make_maps(make_wcs(projection, center=(0.0, 60.0), step=0.5))
        center = SkyCoord(2, 62, unit="deg", frame="galactic")
        region = regions.CircleSphericalSkyRegion(center.icrs, 5 * u.deg)
        true = np.flatnonzero(skycoord(maps).separation(center).ravel() < 5 * u.deg)
        assert pixels(region, maps) == set(true)

    def test_spherical_and_planar_regions_in_one_list():
        maps = make_maps()
        ranges = regions.RangeSphericalSkyRegion(
            frame="galactic", longitude_range=[1, 3] * u.deg, latitude_range=[-1, 1] * u.deg
        )
        members = find_members(SkyBins.from_regions([CIRCLES[0], ranges]), pixel_grid(maps))
        sky = skycoord(maps)
        inside = (sky.l > 1 * u.deg) & (sky.l < 3 * u.deg) & (abs(sky.b) < 1 * u.deg)
        assert set(members.pixel[members.bin == 1]) == set(np.flatnonzero(inside))
        assert set(members.pixel[members.bin == 0]) == pixels(CIRCLES[0], maps)
