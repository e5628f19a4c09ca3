"""Solid angles of astropy regions."""

import astropy.units as u
import numpy as np
import pytest
import regions
from astropy.coordinates import SkyCoord
from cases.bin_shapes import rectangles, square
from cases.bins import galactic
from cases.maps import make_maps, make_wcs
from regions import (
    CircleAnnulusSkyRegion,
    CircleSkyRegion,
    EllipseAnnulusSkyRegion,
    EllipseSkyRegion,
    PointSkyRegion,
    PolygonSkyRegion,
    RectangleAnnulusSkyRegion,
    RectangleSkyRegion,
)

from xprofile import SkyBins
from xprofile.binned.members.finding import find_members
from xprofile.bins.shapes.region_areas import region_solid_angle
from xprofile.maps.wcs import pixel_grid

CENTER = galactic(0.013, 0.007)
SIZES = (1 * u.deg, 2.5 * u.deg, 0.7 * u.deg, 2 * u.deg)
KNOWN = {
    "circle": CircleSkyRegion(CENTER, 75 * u.arcmin),
    "annulus": CircleAnnulusSkyRegion(CENTER, 0.5 * u.deg, 1.3 * u.deg),
    "ellipse": EllipseSkyRegion(CENTER, 3 * u.deg, 1.4 * u.deg, 33 * u.deg),
    "tall ellipse": EllipseSkyRegion(CENTER, 1.4 * u.deg, 3 * u.deg, 33 * u.deg),
    "hollow ellipse": EllipseAnnulusSkyRegion(CENTER, *SIZES, angle=1 * u.rad),
    "rectangle": RectangleSkyRegion(CENTER, 3 * u.deg, 1.4 * u.deg, 33 * u.deg),
    "hollow rectangle": RectangleAnnulusSkyRegion(CENTER, *SIZES, angle=1 * u.rad),
    "polygon": PolygonSkyRegion(galactic([-1.2, 1.3, 0.4, 0, -1], [-1, -1.3, 0.2, 1.4, 0.9])),
}


@pytest.mark.parametrize("name", KNOWN)
def test_solid_angles_are_those_of_the_pixels(name):
    """On a gnomonic map, in which great circles are straight."""
    maps = make_maps(make_wcs("TAN", (0, 0), 0.01, (400, 400)), (400, 400), nenergy=1, ntrue=1)
    members = find_members(SkyBins.from_regions([KNOWN[name]]), pixel_grid(maps))
    assert members.outside == 0
    found = region_solid_angle(KNOWN[name])
    np.testing.assert_allclose(found, members.sum(members.solid_angle), rtol=0.003)


def test_a_list_has_the_solid_angle_of_each_region():
    listed = [KNOWN["circle"], KNOWN["circle"] | KNOWN["polygon"], KNOWN["rectangle"]]
    found = SkyBins.from_regions(listed).solid_angle
    assert found.unit == u.sr
    np.testing.assert_array_equal(
        found.value, [region_solid_angle(listed[0]), np.nan, region_solid_angle(listed[2])]
    )


def test_regions_of_bins_have_nearly_the_solid_angles_of_the_bins():
    bins = {
        "annuli": SkyBins.annuli(CENTER, edges=[0, 0.5, 2] * u.deg),
        "ellipses": SkyBins.elliptical_annuli(
            CENTER, axis_ratio=0.4, position_angle=20 * u.deg, edges=[0, 1, 2] * u.deg
        ),
    }
    for exact in bins.values():
        listed = SkyBins.from_regions(exact.to_regions())
        np.testing.assert_allclose(listed.solid_angle, exact.solid_angle, rtol=1e-12)
    polygons = [
        SkyBins.sectors(CENTER, radius_max=2 * u.deg, nbin=5),
        SkyBins.sectors(CENTER, radius_min=1 * u.deg, radius_max=2 * u.deg, nbin=5),
        SkyBins.along_path(galactic([2, 0, -2], [0, 1, 0]), height=0.5 * u.deg, nbin=5),
        SkyBins.along_line(galactic(3, 0), galactic(-3, 0), height=2 * u.deg, nbin=6),
    ]
    for near in polygons:
        listed = SkyBins.from_regions(near.to_regions())
        np.testing.assert_allclose(listed.solid_angle, near.solid_angle, rtol=5e-4)


UNKNOWN = {
    "compound": CircleSkyRegion(CENTER, 1 * u.deg) & square(0, 0),
    "point": PointSkyRegion(CENTER),
    "circle beyond the antipode": CircleSkyRegion(CENTER, 181 * u.deg),
    "ellipse beyond the antipode": EllipseSkyRegion(CENTER, 361 * u.deg, 1 * u.deg),
    "rectangle wider than the sky": rectangles([1], 361, 1, 0)[0],
    "rectangle higher than the sky": rectangles([1], 1, 181, 0)[0],
    "crossing sides": PolygonSkyRegion(galactic([0, 1, 0, 1], [0, 1, 1, 0])),
}


@pytest.mark.parametrize("name", UNKNOWN)
def test_unknown_solid_angles_are_nan(name):
    assert np.isnan(region_solid_angle(UNKNOWN[name]))


if hasattr(regions, "CircleSphericalSkyRegion"):  # from version 0.12 on
    FAR = galactic(20, 35)
    SPHERICAL = {
        "circle": regions.CircleSphericalSkyRegion(FAR, 50 * u.deg),
        "annulus": regions.CircleAnnulusSphericalSkyRegion(FAR, 10 * u.deg, 50 * u.deg),
        "polygon": regions.PolygonSphericalSkyRegion(galactic([0, 60, 50, -20], [0, -10, 40, 50])),
        "lune": regions.LuneSphericalSkyRegion(FAR, galactic(90, 10)),
        "range": regions.RangeSphericalSkyRegion(
            frame="galactic", longitude_range=[20, 130] * u.deg, latitude_range=[-20, 50] * u.deg
        ),
        "range over 0": regions.RangeSphericalSkyRegion(
            frame="icrs", longitude_range=[300, 20] * u.deg, latitude_range=[10, 90] * u.deg
        ),
        "longitudes": regions.RangeSphericalSkyRegion(
            frame="galactic", longitude_range=[20, 120] * u.deg
        ),
        "latitudes": regions.RangeSphericalSkyRegion(
            frame="galactic", latitude_range=[-20, 50] * u.deg
        ),
    }

    @pytest.mark.parametrize("name", SPHERICAL)
    def test_spherical_regions_hold_their_share_of_the_sky(name):
        rng = np.random.default_rng(5)
        lon, z = rng.uniform(0, 360, 200_000), rng.uniform(-1, 1, 200_000)
        sky = SkyCoord(lon, np.degrees(np.arcsin(z)), unit="deg", frame="galactic")
        inside = SPHERICAL[name].contains(sky.transform_to(SPHERICAL[name].frame)).mean()
        found = region_solid_angle(SPHERICAL[name]) / (4 * np.pi)
        assert abs(found - inside) < 4 * np.sqrt(inside / sky.size)

    def test_ranges_of_unknown_solid_angle():
        assert np.isnan(region_solid_angle(SPHERICAL["range"].transform_to("icrs")))
        beyond = regions.RangeSphericalSkyRegion(frame="galactic", latitude_range=[50, -20] * u.deg)
        assert np.isnan(region_solid_angle(beyond))
