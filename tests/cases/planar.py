"""Skies and regions whose pixels `freeze_planar.py` writes to a file with regions 0.11.

No boundary may run through the centre of a pixel: `freeze_planar.py` refuses such a case.
"""

import astropy.units as u
import numpy as np
from astropy.coordinates import SkyCoord
from astropy.wcs import WCS
from regions import (
    CircleAnnulusSkyRegion,
    CircleSkyRegion,
    EllipseAnnulusSkyRegion,
    EllipseSkyRegion,
    RectangleAnnulusSkyRegion,
    RectangleSkyRegion,
)

AXES = {"galactic": ("GLON-", "GLAT-"), "icrs": ("RA---", "DEC--")}


def sky(projection, center, frame, *, crpix, cdelt):
    wcs = WCS(naxis=2)
    wcs.wcs.ctype = [axis + projection for axis in AXES[frame]]
    if frame == "icrs":
        wcs.wcs.radesys = "ICRS"
    wcs.wcs.crval = center
    wcs.wcs.crpix = crpix
    wcs.wcs.cdelt = cdelt
    return wcs


def turn(degrees):
    cos, sin = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    return np.array([[cos, -sin], [sin, cos]])


def by_pc(wcs, degrees):
    wcs.wcs.pc = turn(degrees)
    return wcs


def by_cd(projection, center, frame, *, crpix, cdelt, degrees):
    wcs = sky(projection, center, frame, crpix=crpix, cdelt=(1, 1))
    wcs.wcs.cd = turn(degrees) * np.array(cdelt)
    return wcs


# name: WCS and (ny, nx); the reference points of both oblique ones and "tan far" are off the map
GRIDS = {
    "3fhl": (
        sky("CAR", (0, 0), "galactic", crpix=(200.5, 100.5), cdelt=(-0.05, 0.05)),
        (200, 400),
    ),
    "car oblique": (
        sky("CAR", (30, 60), "galactic", crpix=(-150, -60), cdelt=(-0.1, 0.1)),
        (60, 80),
    ),
    "car oblique rotated": (
        by_pc(sky("CAR", (83.6, 22), "icrs", crpix=(310, 120), cdelt=(-0.1, 0.1)), 33),
        (60, 80),
    ),
    "tan": (
        sky("TAN", (83.6, 22), "icrs", crpix=(40.5, 30.5), cdelt=(-0.1, 0.1)),
        (60, 80),
    ),
    "tan far": (
        sky("TAN", (83.6, 22), "galactic", crpix=(520, -310), cdelt=(-0.1, 0.1)),
        (60, 80),
    ),
    "tan rotated": (
        by_cd(
            "TAN", (266.4, -28.9), "icrs", crpix=(40, 30), cdelt=(-0.1, 0.1), degrees=-71
        ),
        (60, 80),
    ),
    "car rotated": (
        by_pc(sky("CAR", (10, 0), "galactic", crpix=(45, 20), cdelt=(-0.1, 0.1)), 125),
        (60, 80),
    ),
}  # fmt: skip


def at(lon, lat):
    return SkyCoord(lon, lat, unit="deg", frame="galactic")


def on(grid, x, y, frame):
    """Sky position in a frame of a pixel position, counted from 0, on one of the maps."""
    return GRIDS[grid][0].pixel_to_world(x, y).transform_to(frame)


def circle(center, radius):
    return CircleSkyRegion(center, radius * u.deg)


def annulus(center, inner, outer):
    return CircleAnnulusSkyRegion(center, inner * u.deg, outer * u.deg)


def ellipse(center, width, height, angle):
    return EllipseSkyRegion(center, width * u.deg, height * u.deg, angle * u.deg)


def rectangle(center, width, height, angle):
    return RectangleSkyRegion(center, width * u.deg, height * u.deg, angle * u.deg)


def elliptical_annulus(center, widths, heights, angle):
    return EllipseAnnulusSkyRegion(center, *(widths * u.deg), *(heights * u.deg), angle * u.deg)


def rectangular_annulus(center, widths, heights, angle):
    return RectangleAnnulusSkyRegion(center, *(widths * u.deg), *(heights * u.deg), angle * u.deg)


def box_of_51(number):
    """One of 51 boxes, 3 deg high, between l = 10 and 350 deg."""
    return rectangle(at(10 - (number + 0.5) * 20 / 51, 0), 20 / 51, 3, 0)


# (name of the grid, name of the region): region
CASES = {
    ("3fhl", "box at the edge"): box_of_51(0),
    ("3fhl", "box in the middle"): box_of_51(25),
    ("3fhl", "box"): box_of_51(38),
    ("3fhl", "rectangle"): rectangle(at(3.31, -2.17), 2.31, 0.83, 37),
    ("3fhl", "rectangle in icrs"): rectangle(at(357.4, 1.9).icrs, 1.73, 0.61, -80),
    ("3fhl", "circle"): circle(at(356.23, 3.11), 0.77),
    ("3fhl", "annulus"): annulus(at(0.01, 0.02), 0.53, 0.97),
    ("3fhl", "annulus at the corner"): annulus(at(9.6, -4.7), 0.41, 0.83),
    ("3fhl", "ellipse"): ellipse(at(6.42, -1.21), 2.03, 0.71, 250),
    ("car oblique", "rectangle"): rectangle(on("car oblique", 25.3, 18.2, "galactic"), 2.3, 1.1, 0),
    ("car oblique", "rectangle in icrs"): rectangle(
        on("car oblique", 60.1, 41.7, "icrs"), 2.3, 0.7, 66
    ),
    ("car oblique", "circle"): circle(on("car oblique", 5.6, 50.2, "galactic"), 1.17),
    ("car oblique", "annulus"): annulus(on("car oblique", 40.2, 29.6, "icrs"), 0.63, 1.41),
    ("car oblique", "ellipse"): ellipse(on("car oblique", 64.4, 13.1, "galactic"), 2.7, 1.2, 140),
    ("car oblique rotated", "rectangle"): rectangle(
        on("car oblique rotated", 20.7, 40.4, "icrs"), 3.1, 0.9, 233.3
    ),
    ("car oblique rotated", "annulus"): annulus(
        on("car oblique rotated", 55.2, 22.9, "icrs"), 0.71, 1.37
    ),
    ("car oblique rotated", "elliptical annulus"): elliptical_annulus(
        on("car oblique rotated", 30.3, 15.8, "galactic"), (1.3, 2.6), (0.6, 1.2), 40
    ),
    ("tan", "rectangle"): rectangle(on("tan", 39.2, 30.4, "icrs"), 3.3, 1.2, -28),
    ("tan", "rectangle in galactic"): rectangle(on("tan", 12.6, 44.3, "galactic"), 1.9, 0.8, 45),
    ("tan", "circle"): circle(on("tan", 66.3, 11.7, "galactic"), 1.03),
    ("tan far", "rectangle"): rectangle(on("tan far", 22.2, 40.6, "galactic"), 2.1, 0.9, 17),
    ("tan far", "annulus"): annulus(on("tan far", 54.4, 27.3, "galactic"), 0.52, 1.13),
    ("tan far", "ellipse in icrs"): ellipse(on("tan far", 24.7, 14.9, "icrs"), 2.2, 1.3, -70),
    ("tan rotated", "rectangle"): rectangle(on("tan rotated", 55.3, 40.1, "icrs"), 2.9, 1.3, 90),
    ("tan rotated", "circle"): circle(on("tan rotated", 39.4, 29.7, "icrs"), 1.29),
    ("tan rotated", "ellipse in galactic"): ellipse(
        on("tan rotated", 17.8, 20.2, "galactic"), 2.4, 1.1, 30
    ),
    ("tan rotated", "rectangular annulus"): rectangular_annulus(
        on("tan rotated", 26.3, 43.8, "icrs"), (0.9, 2.7), (0.5, 1.4), 110
    ),
    ("car rotated", "rectangle"): rectangle(on("car rotated", 23.1, 42.6, "icrs"), 2.7, 0.9, 75),
    ("car rotated", "annulus"): annulus(on("car rotated", 57.7, 33.4, "icrs"), 0.47, 1.21),
    ("car rotated", "ellipse"): ellipse(on("car rotated", 77.2, 11.3, "galactic"), 2.3, 0.9, 10),
}  # fmt: skip
