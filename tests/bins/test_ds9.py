"""Regions as lines of DS9, as the package `regions` writes them."""

import astropy.units as u
import pytest
from astropy.coordinates import Angle, SkyCoord
from hypothesis import given
from hypothesis import strategies as st
from regions import (
    CircleAnnulusSkyRegion,
    CircleSkyRegion,
    EllipseAnnulusSkyRegion,
    EllipseSkyRegion,
    RectangleAnnulusSkyRegion,
    RectangleSkyRegion,
    Regions,
)

from xprofile import SkyBins
from xprofile.bins import ds9
from xprofile.bins.region_texts import region_texts


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


@given(st.floats(0, 360))
def test_lengths_are_written_as_a_quantity(value):
    assert ds9.lengths([value]) == [(value * u.deg).to_string(precision=10)[:-4]]


def galactic(lon, lat):
    return SkyCoord(lon, lat, unit="deg", frame="galactic")


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


def test_frames_that_ds9_lacks_are_none():
    assert ds9.ds9_frame(CENTER.frame) == "galactic"
    assert ds9.ds9_frame(CENTER.transform_to("barycentrictrueecliptic").frame) is None
