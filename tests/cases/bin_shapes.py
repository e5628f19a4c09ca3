"""One of each shape of bins round a place."""

import astropy.units as u
import numpy as np
import pytest
from astropy.coordinates import SkyCoord
from regions import PolygonSkyRegion, RectangleSkyRegion

from cases.bin_places import FLAT
from cases.bins import galactic
from xprofile.bins.skybins import SkyBins

# first direction, turns, steps, height, and whether it is closed
ZIGZAGS = {
    "moderate": (60, [35, -55, 40], [0.3, 0.35, 0.3, 0.3], 0.2, False),
    "sharp": (10, [100, -110], [0.5, 0.6, 0.5], 0.25, False),
    "arc": (0, [25, 25, 25, 25], [0.3] * 5, 0.45, False),
    "closed": (0, [70, 80, 70], [0.5, 0.4, 0.6, 0.5], 0.2, True),
    "short piece": (30, [30, -30], [0.6, 0.05, 0.6], 0.4, False),
}


def turnable(place):
    """Shapes that may be given in any frame: functions of the frame."""

    def point(angle, radius, frame):
        return place.at(angle, radius).transform_to(frame)

    reach = place.reach * u.deg
    points = place.path(60, [35, -55, 40], [0.3, 0.35, 0.3, 0.3])
    return {
        "path": lambda f: SkyBins.along_path(points.transform_to(f), height=0.3 * reach, nbin=6),
        "closed path": lambda f: SkyBins.along_path(
            place.circle(40, 0.6).transform_to(f), height=0.2 * reach, nbin=6, closed=True
        ),
        "line": lambda f: SkyBins.along_line(
            point(0, 0, f),
            point(25, 0.9, f),
            height=0.5 * reach,
            step=0.2 * reach,
            origin=point(25, 0.3, f),
        ),
    }


def shapes(place):
    """One of each shape, in the frame of the place."""
    reach, center = place.reach * u.deg, place.center
    ellipse = {"axis_ratio": 0.6, "position_angle": 20 * u.deg}
    return {
        "annuli": SkyBins.annuli(center, edges=[0, 0.3, 0.5, 0.9] * reach),
        "ellipses": SkyBins.elliptical_annuli(center, **ellipse, radius_max=0.9 * reach, nbin=3),
        "hollow ellipses": SkyBins.elliptical_annuli(
            center, **ellipse, edges=[0.3, 0.6, 1] * reach
        ),
        "sectors": SkyBins.sectors(center, radius_max=0.9 * reach, nbin=5),
        "hollow sectors": SkyBins.sectors(
            center, radius_min=0.4 * reach, radius_max=0.9 * reach, edges=[300, 350, 420] * u.deg
        ),
        "grid": SkyBins.grid(
            center,
            width=1.5 * reach,
            height=0.9 * reach,
            nbin=(4, 2),
            position_angle=40 * u.deg,
        ),
        **{name: make(center.frame) for name, make in turnable(place).items()},
    }


SHAPES = tuple(shapes(FLAT))
every_shape = pytest.mark.parametrize("name", SHAPES)


def tilted_line(frame="icrs"):
    start = SkyCoord(40, 50, unit="deg", frame=frame)
    end = start.directional_offset_by(62 * u.deg, 6 * u.deg)
    return SkyBins.along_line(start, end, height=1 * u.deg, nbin=4)


def rectangles(lons, width, height, angle):
    return [
        RectangleSkyRegion(galactic(lon, 0), width * u.deg, height * u.deg, angle * u.deg)
        for lon in lons
    ]


def square(lon, lat, half=0.5):
    dx, dy = np.array([-1, 1, 1, -1]) * half, np.array([-1, -1, 1, 1]) * half
    return PolygonSkyRegion(galactic(lon + dx, lat + dy))
