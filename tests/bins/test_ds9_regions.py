"""Regions as lines of DS9, as the package `regions` writes them."""

import astropy.units as u
import numpy as np
import pytest
from astropy.coordinates import FK4, FK5, Angle, SkyCoord
from cases.bin_codes import (
    trimmed,
)
from cases.bin_places import (
    FLAT,
)
from cases.bin_shapes import every_shape, shapes, square, tilted_line
from cases.bins import galactic
from regions import (
    CircleAnnulusSkyRegion,
    CircleSkyRegion,
    EllipseAnnulusSkyRegion,
    EllipseSkyRegion,
    PolygonSkyRegion,
    RectangleAnnulusSkyRegion,
    RectangleSkyRegion,
    Regions,
)

from xprofile.bins.ds9_regions import region_texts
from xprofile.bins.skybins import SkyBins


def by_regions(region):
    """What the package writes, without its headline."""
    text = Regions([region]).serialize(format="ds9", precision=10)
    return ";".join(line for line in text.splitlines() if not line.startswith("#"))


CENTER = SkyCoord(359.999999999999, -1e-13, unit="deg", frame="galactic")


FOUR = (1 * u.deg, 2.1 * u.deg, 100 * u.arcmin, 1 / 3 * u.rad)


REGIONS = {
    "circle": CircleSkyRegion(CENTER, 1234567.1234567890123 * u.arcsec),
    "annulus": CircleAnnulusSkyRegion(CENTER.icrs, 1e-7 * u.deg, 5 * u.deg),
    "ellipse": EllipseSkyRegion(CENTER.fk5, 3 * u.deg, 1 * u.arcmin, angle=Angle(-1e-13, "deg")),
    "box": RectangleSkyRegion(CENTER.fk4, 1 / 3 * u.deg, 2 / 3 * u.deg, angle=-1e-13 * u.deg),
    "hollow ellipse": EllipseAnnulusSkyRegion(CENTER, *FOUR, angle=1 * u.rad),
    "hollow box": RectangleAnnulusSkyRegion(CENTER, *FOUR, angle=359.9999999999999 * u.deg),
    "named": CircleSkyRegion(CENTER, 1 * u.deg, meta={"text": "the centre"}),
    "coloured": CircleSkyRegion(CENTER, 1 * u.deg, visual={"color": "red"}),
}


@pytest.mark.parametrize("name", REGIONS)
def test_texts_of_regions_are_those_of_the_package(name):
    assert region_texts([REGIONS[name]]) == [by_regions(REGIONS[name])]


BINS = {
    "line": SkyBins.along_line(galactic(9, 1), galactic(351, -2), height=3 * u.deg, nbin=7),
    "line in icrs": SkyBins.along_line(
        galactic(9, 1).icrs, galactic(351, -2), height=3 * u.deg, nbin=7
    ),
    "grid": SkyBins.grid(galactic(0, 70), width=9 * u.deg, height=4 * u.deg, nbin=(5, 3)),
    "annuli": SkyBins.annuli(galactic(0, 0), edges=[0, 1, 2, 3.3] * u.deg),
    "hollow annuli": SkyBins.annuli(galactic(0, 0), edges=[1, 2, 3.3] * u.deg),
    "ellipses": SkyBins.elliptical_annuli(
        galactic(0, 0), axis_ratio=0.3, position_angle=33 * u.deg, edges=[0, 1, 2] * u.deg
    ),
    "sectors": SkyBins.sectors(galactic(0, 0), radius_max=1 * u.deg, nbin=3),
    "path": SkyBins.along_path(galactic([0, 3, 5], [0, 1, -1]), height=1 * u.deg, nbin=3),
}


@pytest.mark.parametrize("name", BINS)
def test_texts_of_bins_are_those_of_their_regions(name):
    bins = BINS[name]
    assert bins.region_texts() == [by_regions(region) for region in bins.to_regions()]


REGION_LISTS = {
    "line": tilted_line().to_regions(),
    "annuli": SkyBins.annuli(galactic(10, 20), edges=[0, 1, 2] * u.deg).to_regions(),
    "ellipses": [EllipseSkyRegion(galactic(3, 0), 2 * u.deg, 1 * u.deg, 30 * u.deg)],
    "polygons": [square(2, 0), square(0, 0)],
}


@pytest.mark.parametrize("name", REGION_LISTS)
def test_texts_of_lists_are_ds9(name):
    regions = REGION_LISTS[name]
    texts = SkyBins.from_regions(regions).region_texts()
    assert len(texts) == len(regions)
    for text, region in zip(texts, regions, strict=True):
        (parsed,) = Regions.parse(text, format="ds9")
        assert type(parsed) is type(region)
        for size in ("width", "height", "angle", "radius", "inner_radius", "outer_radius"):
            if hasattr(region, size):
                expected = getattr(region, size).to_value("deg")
                np.testing.assert_allclose(getattr(parsed, size).to_value("deg"), expected, 1e-9)
        if hasattr(region, "center"):
            assert parsed.center.separation(region.center) < 1e-9 * u.deg
            assert parsed.center.name == region.center.name
        else:
            assert parsed.vertices.separation(region.vertices).max() < 1e-9 * u.deg


OTHER_FRAMES = [
    "supergalactic",
    "barycentrictrueecliptic",
    FK5(equinox="J1975"),
    FK4(equinox="B1975"),
]


@pytest.mark.parametrize("frame", OTHER_FRAMES, ids=str)
@every_shape
def test_region_texts_are_icrs_where_ds9_lacks_the_frame(name, frame):
    """Positions agree on the sky, and so does the direction of the width."""
    regions = [_in_frame(region, frame) for region in shapes(FLAT)[name].to_regions()]
    for text, region in zip(region_texts(regions), regions, strict=True):
        (parsed,) = Regions.parse(text, format="ds9")
        assert text.startswith("icrs;")
        if isinstance(region, PolygonSkyRegion):
            assert parsed.vertices.separation(region.vertices.icrs).max() < 1e-8 * u.deg
            continue
        assert parsed.center.separation(region.center.icrs) < 1e-8 * u.deg
        if hasattr(region, "angle"):
            ends = [
                r.center.directional_offset_by(r.angle + 90 * u.deg, 1 * u.arcmin)
                for r in (parsed, region)
            ]
            assert ends[0].separation(ends[1].icrs) < 1e-4 * u.arcsec


def _in_frame(region, frame):
    """The same kind of region, at the place of this one in another frame."""
    if isinstance(region, PolygonSkyRegion):
        return region.copy(vertices=region.vertices.transform_to(frame))
    return region.copy(center=region.center.transform_to(frame))


@pytest.mark.parametrize("frame", ["icrs", "fk5", "fk4", "galactic", "barycentricmeanecliptic"])
def test_region_texts_keep_the_place_in_any_frame(frame):
    center = galactic(10, 20).transform_to(frame)
    (text,) = SkyBins.annuli(center, edges=[0, 1] * u.deg).region_texts()
    (parsed,) = Regions.parse(text, format="ds9")
    assert parsed.center.transform_to("icrs").separation(center.icrs) < 1e-6 * u.deg


KINDS = {
    "annuli": (CircleSkyRegion, CircleAnnulusSkyRegion, CircleAnnulusSkyRegion),
    "ellipses": (EllipseSkyRegion, EllipseAnnulusSkyRegion, EllipseAnnulusSkyRegion),
    "hollow ellipses": (EllipseAnnulusSkyRegion,) * 2,
    "sectors": (PolygonSkyRegion,) * 5,
    "hollow sectors": (PolygonSkyRegion,) * 2,
    "grid": (RectangleSkyRegion,) * 8,
    "path": (PolygonSkyRegion,) * 6,
    "closed path": (PolygonSkyRegion,) * 6,
    "line": (RectangleSkyRegion,) * 4,
}


@every_shape
def test_region_texts_are_ds9(name):
    bins = shapes(FLAT)[name]
    regions, texts = bins.to_regions(), bins.region_texts()
    assert tuple(type(region) for region in regions) == KINDS[name]
    for text, region in zip(texts, regions, strict=True):
        (parsed,) = Regions.parse(text, format="ds9")
        assert type(parsed) is type(region)
        if isinstance(region, PolygonSkyRegion):
            assert parsed.vertices.separation(region.vertices).max() < 1e-8 * u.deg
        else:
            assert parsed.center.separation(region.center) < 1e-8 * u.deg
        if hasattr(region, "angle"):
            turned = (parsed.angle - region.angle).to_value("deg")
            np.testing.assert_allclose(trimmed(turned), 0, atol=1e-6)
