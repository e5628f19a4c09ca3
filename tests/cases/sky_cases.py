"""Bins of every shape at a place on a map, with the oracle's verdicts about its pixels."""

import astropy.units as u
import numpy as np
from astropy.coordinates import SkyCoord
from regions import (
    CircleAnnulusSkyRegion,
    CircleSkyRegion,
    EllipseAnnulusSkyRegion,
    EllipseSkyRegion,
    PolygonSkyRegion,
    RectangleAnnulusSkyRegion,
    RectangleSkyRegion,
)

from cases.sky_oracle import stacked
from xprofile import SkyBins


def ring_cases(sky):
    """Bins round a centre, with the verdicts about them."""
    center, reach, rng, oracle = sky.center, sky.reach, sky.rng, sky.oracle
    for edges in (np.arange(4) / 3 * reach, np.array([0.25, 0.5, 1]) * reach):
        yield SkyBins.annuli(center, edges=edges * u.deg), oracle.rings(center, edges)
        ratio, angle = float(rng.choice([0.5, 0.81, 0.2])), sky.angle()
        bins = SkyBins.elliptical_annuli(
            center, axis_ratio=ratio, position_angle=angle * u.deg, edges=edges * u.deg
        )
        yield bins, oracle.rings(center, edges, ratio, angle)
    for edges, low in (
        (sky.angle() + np.arange(5) * 90, 0.0),
        (sky.angle() + np.array([0, 10, 200.0]), reach / 4),
        (np.array([300, 350, 420.0]), 0.0),
    ):
        radii = {"radius_min": low * u.deg, "radius_max": reach * u.deg}
        bins = SkyBins.sectors(center, **radii, edges=edges * u.deg)
        yield bins, oracle.sectors(center, edges, low, reach)


def box_cases(sky):
    """Boxes along lines and of grids, with the verdicts about them."""
    center, reach, oracle = sky.center, sky.reach, sky.oracle
    angle, (columns, rows) = sky.angle(), sky.rng.integers(1, 5, 2).tolist()
    width, height = 2 * reach, reach * float(sky.rng.choice([0.5, 1, 1.5]))
    bins = SkyBins.grid(
        center,
        width=width * u.deg,
        height=height * u.deg,
        nbin=(columns, rows),
        position_angle=angle * u.deg,
    )
    along, across = (
        np.linspace(-s / 2, s / 2, n + 1) for s, n in ((width, columns), (height, rows))
    )
    yield bins, oracle.boxes(center, angle, along, across)
    angle = sky.angle()
    end = center.directional_offset_by(angle * u.deg, reach * u.deg)
    across = [-height / 2, height / 2]
    along = np.array([-1, -0.5, 0, 0.25, 1.25]) * reach
    lines = {"nbin": 4}, {"edges": along * u.deg}
    for given, edges in zip(
        lines, (np.linspace(0, center.separation(end).deg, 5), along), strict=True
    ):
        bins = SkyBins.along_line(center, end, height=height * u.deg, **given)
        yield bins, oracle.boxes(center, center.position_angle(end).deg, edges, across)


def path_cases(sky):
    """Bins along open and closed paths, with the verdicts about them."""
    center, reach, rng = sky.center, sky.reach, sky.rng
    points, angle = [center], sky.angle()
    for turn in (0, *rng.uniform(-100, 100, 3)):
        ahead = points[-1].directional_offset_by((angle + turn) * u.deg, reach / 2 * u.deg)
        angle = ahead.position_angle(points[-1]).deg + 180
        points.append(ahead)
        if len(points) > 2 and any(p.separation(ahead).deg < 0.7 * reach for p in points[:-2]):
            points.pop()
            break
    ring = center.directional_offset_by(np.arange(0, -360, -72) * u.deg, reach / 2 * u.deg)
    for vertices, closed in ((SkyCoord(points), False), (ring, True)):
        count = int(rng.integers(1, 9))
        height = 0.2 * reach
        bins = SkyBins.along_path(vertices, height=height * u.deg, nbin=count, closed=closed)
        edges = bins.edges.to_value("deg")
        yield bins, sky.oracle.path(vertices, edges, height, closed=closed)


def region_cases(sky):
    """A list of regions of every kind, with the verdicts about them."""
    center, rng, size = sky.center, sky.rng, sky.reach * u.deg
    width, height = rng.choice([0.25, 0.5, 1, 2], 2) * size
    inner, outer = np.sort(rng.uniform(0.05, 1, 2)) * size
    hollow = (center, rng.uniform(0.2, 0.9) * width, width, rng.uniform(0.2, 0.9) * height, height)
    around = np.sort(rng.uniform(0, 360, rng.integers(3, 9))) * u.deg
    corners = center.directional_offset_by(around, rng.uniform(0.2, 1, around.size) * size)
    polygon, disc = PolygonSkyRegion(corners), CircleSkyRegion(center, size)
    turns = iter([sky.angle() * u.deg for _ in range(9)])
    box = RectangleSkyRegion(center, width, height, next(turns))
    aside = center.directional_offset_by(50 * u.deg, size / 2)
    regions = [
        disc,
        CircleAnnulusSkyRegion(center, inner, outer),
        CircleSkyRegion(aside, inner),
        EllipseSkyRegion(center, width, height, next(turns)),
        box,
        EllipseAnnulusSkyRegion(*hollow, next(turns)),
        RectangleAnnulusSkyRegion(*hollow, next(turns)),
        polygon,
        box & disc,
        polygon | EllipseSkyRegion(center.galactic, width, height, next(turns)),
        (disc ^ polygon) & RectangleSkyRegion(aside.icrs, height, width, next(turns)),
    ]
    yield listed(sky, regions)
    yield listed(sky, [CircleSkyRegion(center, r * size) for r in (0.25, 0.5, 1)])


def listed(sky, regions):
    return SkyBins.from_regions(regions), stacked(map(sky.oracle.region, regions))


def thin_cases(sky):
    """Shapes that are narrower than pixels."""
    center, reach, rng, oracle = sky.center, sky.reach, sky.rng, sky.oracle
    thin, angle = oracle.pixel * float(rng.choice([1e-3, 0.05, 0.3])), sky.angle()
    edges, third = np.array([reach / 2, reach / 2 + thin]), np.array([0, reach / 3, reach])
    yield SkyBins.annuli(center, edges=edges * u.deg), oracle.rings(center, edges)
    turn = angle * u.deg
    bins = SkyBins.elliptical_annuli(
        center, axis_ratio=0.01, position_angle=turn, edges=third * u.deg
    )
    yield bins, oracle.rings(center, third, 0.01, angle)
    end = center.directional_offset_by(turn, reach * u.deg)
    bins = SkyBins.along_line(center, end, height=thin * u.deg, nbin=3)
    along, across = np.linspace(0, center.separation(end).deg, 4), [-thin / 2, thin / 2]
    yield bins, oracle.boxes(center, center.position_angle(end).deg, along, across)
    edges = angle + np.array([0, 0.5, 1])
    bins = SkyBins.sectors(center, radius_max=reach * u.deg, edges=edges * u.deg)
    yield bins, oracle.sectors(center, edges, 0.0, reach)
    points = center.directional_offset_by([0, 0, 70] * u.deg, [0, 0.5, 1] * (reach * u.deg))
    bins = SkyBins.along_path(points, height=thin * u.deg, nbin=4)
    yield bins, oracle.path(points, bins.edges.to_value("deg"), thin)
    size, width = reach * u.deg, thin * u.deg
    regions = [
        CircleAnnulusSkyRegion(center, size / 2, size / 2 + width),
        RectangleSkyRegion(center, 2 * size, width, turn),
        EllipseSkyRegion(center, size, width, turn),
        RectangleAnnulusSkyRegion(center, size, size + width, size, size + width, turn),
        EllipseAnnulusSkyRegion(center, size, size + width, size / 2, size / 2 + width, turn),
    ]
    yield listed(sky, regions)


def wide_cases(sky):
    """Shapes that span most of the sky."""
    center, rng, oracle = sky.center, sky.rng, sky.oracle
    angle, ratio = float(rng.uniform(0, 360)), float(rng.uniform(0.1, 1))
    edges = np.sort(rng.uniform(0, 180, 4))
    yield SkyBins.annuli(center, edges=edges * u.deg), oracle.rings(center, edges)
    bins = SkyBins.elliptical_annuli(
        center, axis_ratio=ratio, position_angle=angle * u.deg, edges=edges * u.deg
    )
    yield bins, oracle.rings(center, edges, ratio, angle)
    turns = angle + np.arange(8) * 360 / 7
    radii = {"radius_min": 20 * u.deg, "radius_max": 170 * u.deg}
    bins = SkyBins.sectors(center, **radii, edges=turns * u.deg)
    yield bins, oracle.sectors(center, turns, 20.0, 170.0)
    turn = angle * u.deg
    for width, height in ((359.0, 170.0), (float(rng.uniform(50, 350)), 60.0), (5.0, 178.0)):
        sides = {"width": width * u.deg, "height": height * u.deg, "nbin": (5, 3)}
        bins = SkyBins.grid(center, **sides, position_angle=turn)
        along, across = (np.linspace(-s / 2, s / 2, n) for s, n in ((width, 6), (height, 4)))
        yield bins, oracle.boxes(center, angle, along, across)
    corners = (np.arange(5) * 72 + rng.uniform(-20, 20, 5)) * u.deg
    polygon = PolygonSkyRegion(
        center.directional_offset_by(corners, rng.uniform(30, 65, 5) * u.deg)
    )
    star = PolygonSkyRegion(center.directional_offset_by(2 * corners, np.full(5, 30) * u.deg))
    inner, outer = np.sort(rng.uniform(1, 179, 2)) * u.deg
    disc, box = (
        CircleSkyRegion(center, outer),
        RectangleSkyRegion(center, float(rng.uniform(10, 350)) * u.deg, 150 * u.deg, turn),
    )
    hollow = (center, 20 * u.deg, 200 * u.deg, 20 * u.deg, 120 * u.deg, turn)
    regions = [disc, box, polygon, star, disc & box, disc ^ polygon]
    regions += [
        CircleAnnulusSkyRegion(center, inner, outer),
        EllipseSkyRegion(center, outer, inner, turn),
        RectangleAnnulusSkyRegion(*hollow),
        EllipseAnnulusSkyRegion(*hollow),
    ]
    yield listed(sky, regions)


CASES = {"rings": ring_cases, "boxes": box_cases, "paths": path_cases, "regions": region_cases}
CASES |= {"thin": thin_cases, "wide": wide_cases}
