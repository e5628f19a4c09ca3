"""Bins of every kind at random places, such as poles, the seam and edges of base cells."""

import astropy.units as u
import numpy as np
import regions
from astropy.coordinates import SkyCoord

from xprofile import SkyBins
from xprofile.exceptions import InvalidBinsError

FRAMES = ("icrs", "galactic")


def any_place(rng, frame=None):
    """A position, often at a pole, at the seam, or where the polar caps of HEALPix begin."""
    lon = rng.choice([0, 90, 359.9, 180, rng.uniform(0, 360)])
    lat = rng.choice([90, -90, 0, 41.8103149, *rng.uniform(-90, 90, 2)])
    return SkyCoord(lon, lat, unit="deg", frame=frame or str(rng.choice(FRAMES)))


def any_reach(rng, most=170):
    """A size in deg: smaller than a cell, of a few cells, or of much of the sky."""
    return float(min(rng.choice([0.3, 2, 10, 60, 170]), most))


def any_angle(rng):
    return float(rng.choice([0, 90, rng.uniform(0, 360)])) * u.deg


def annuli(rng):
    reach = any_reach(rng)
    edges = np.linspace(rng.choice([0, reach / 3]), reach, rng.integers(2, 9)) * u.deg
    return SkyBins.annuli(any_place(rng), edges=edges)


def elliptical(rng):
    reach = any_reach(rng)
    edges = np.linspace(rng.choice([0, reach / 3]), reach, rng.integers(2, 6)) * u.deg
    shape = {"axis_ratio": float(rng.choice([0.2, 0.5, 0.9])), "position_angle": any_angle(rng)}
    return SkyBins.elliptical_annuli(any_place(rng), edges=edges, **shape)


def sectors(rng):
    reach = any_reach(rng)
    edges = any_angle(rng) + np.linspace(0, rng.choice([360, 100, 270]), rng.integers(2, 9)) * u.deg
    radii = {"radius_min": rng.choice([0, reach / 3]) * u.deg, "radius_max": reach * u.deg}
    return SkyBins.sectors(any_place(rng), edges=edges, **radii)


def grid(rng):
    reach = any_reach(rng)
    size = {"width": min(2 * reach, 360) * u.deg, "height": reach * u.deg}
    number = int(rng.integers(1, 20)), int(rng.integers(1, 9))
    return SkyBins.grid(any_place(rng), nbin=number, position_angle=any_angle(rng), **size)


def all_sky(rng):
    """Boxes along the meridians and parallels of a frame, over the whole sky or a part."""
    center = SkyCoord(rng.choice([0, 33.0]), 0, unit="deg", frame=str(rng.choice(FRAMES)))
    size = {"width": rng.choice([360, 350, 20]) * u.deg, "height": rng.choice([180, 40]) * u.deg}
    number = int(rng.integers(1, 40)), int(rng.integers(1, 20))
    angle = rng.choice([90, 270]) * u.deg
    return SkyBins.grid(center, nbin=number, position_angle=angle, **size)


def line(rng):
    start = any_place(rng)
    end = start.directional_offset_by(any_angle(rng), any_reach(rng) * u.deg)
    height = rng.choice([0.1, 1, 10, 60, 180]) * u.deg
    return SkyBins.along_line(start, end, height=height, nbin=int(rng.integers(1, 40)))


def path(rng):
    reach, points, angle = any_reach(rng, 60), [any_place(rng)], any_angle(rng)
    for _ in range(3):
        points.append(points[-1].directional_offset_by(angle, reach * u.deg))
        angle += rng.uniform(-60, 60) * u.deg
    try:
        return SkyBins.along_path(SkyCoord(points), height=reach / 4 * u.deg, nbin=7)
    except InvalidBinsError:  # it bends too sharply
        return path(rng)


def list_of_regions(rng):
    found = []
    for _ in range(rng.integers(1, 7)):
        found += any_regions(rng)
    return SkyBins.from_regions(found)


def any_regions(rng):
    """A region of any kind, or a row of rings."""
    center, r = any_place(rng), float(rng.choice([0.2, 1, 5, 40, 80])) * u.deg
    q, turn = float(rng.choice([0.3, 0.8, 2])), {"angle": any_angle(rng)}
    high = min(q * r, 170 * u.deg)
    corners = np.sort(rng.uniform(0, 360, rng.integers(3, 30))) * u.deg
    reach = rng.uniform(0.3, 1, corners.size) * min(r, 60 * u.deg)
    disk = regions.CircleSkyRegion(center, r)
    other = regions.CircleSkyRegion(center.directional_offset_by(turn["angle"], r / 2), r)
    rings = [
        regions.CircleAnnulusSkyRegion(center, r * (1 + i / 10), r * (1.1 + i / 10))
        for i in range(4)
    ]
    choices = (
        [disk],
        [regions.CircleAnnulusSkyRegion(center, r / 2, r)],
        [regions.EllipseSkyRegion(center, r, q * r, **turn)],
        [regions.EllipseAnnulusSkyRegion(center, r / 2, r, q * r / 2, q * r, **turn)],
        [regions.RectangleSkyRegion(center, 2 * r, high, **turn)],
        [regions.RectangleAnnulusSkyRegion(center, r, 2 * r, high / 2, high, **turn)],
        [regions.PolygonSkyRegion(center.directional_offset_by(corners, reach))],
        [disk & other],
        [disk | other],
        [disk ^ other],
        rings,
    )
    return choices[rng.integers(len(choices))]


KINDS = {
    "annuli": annuli,
    "elliptical": elliptical,
    "sectors": sectors,
    "grid": grid,
    "all-sky": all_sky,
    "line": line,
    "path": path,
    "regions": list_of_regions,
}


def some_of(bins, rng):
    """A few of the bins, in three of ten cases."""
    if rng.random() > 0.3:
        return bins
    return bins[np.sort(rng.permutation(len(bins))[: max(1, len(bins) // 2)])]
