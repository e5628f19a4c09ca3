"""Edges along a path: at right angles to it, and at a joint where the two segments meet."""

from itertools import pairwise

import astropy.units as u
import numpy as np
import pytest
from astropy.coordinates import SkyOffsetFrame
from cases.bin_codes import path_codes
from cases.bin_places import FLAT, ROOMY, SOME_ROOMY, codes
from cases.bin_shapes import ZIGZAGS
from cases.maps import make_maps, make_wcs
from regions import PixCoord, PolygonPixelRegion

from xprofile import SkyBins

STEP = 0.01  # degrees of a pixel


def bent(turn, length=60.0):
    """A path of two legs on the plane, of a length in pixels, and its map.

    The borders of pixels are on those of the first leg.
    """
    ahead, up = length * np.cos(np.radians(turn)), length * np.sin(np.radians(turn))
    x, y = np.array([-length, 0, ahead]) + 0.5, np.array([0, 0, up]) - np.rint(up / 2) + 0.5
    wcs = make_wcs("TAN", (83.6, 22), STEP, (201, 201), "icrs")
    return wcs, wcs.pixel_to_world(100 + x, 100 + y), np.stack([100 + x, 100 + y], axis=1)


def place_on_leg(sky, start, stop):
    """Distance along and beside a leg in degrees by astropy."""
    angle = start.position_angle(stop).deg - 90
    local = sky.transform_to(SkyOffsetFrame(origin=start, rotation=angle * u.deg))
    return local.lon.wrap_at(180 * u.deg).deg, local.lat.deg


@pytest.mark.parametrize("turn", [-100, -35, 20, 90])
def test_edges_are_at_right_angles_to_each_leg(turn):
    """Pixels of one bin span its length along the leg, and no more, up to 5 pixels beside it."""
    wcs, points, _ = bent(turn)
    maps = make_maps(wcs, (201, 201), nenergy=1, ntrue=1)
    bins = SkyBins.along_path(points, height=10 * STEP * u.deg, nbin=24)
    code, sky = codes(bins, maps), wcs.pixel_to_world(*np.indices((201, 201))[::-1])
    for leg, numbers in ((0, range(12)), (1, range(12, 24))):
        along, across = place_on_leg(sky, points[leg], points[leg + 1])
        along += leg * points[0].separation(points[1]).deg
        assert np.abs(across[code >= 0]).min() < STEP
        for number in numbers:
            inside = along[code == number]
            clear = number not in (11, 12)  # these reach the joint
            assert inside.min() >= bins.lower[number] - 1e-6 or not clear
            assert inside.max() < bins.upper[number] + 1e-6 or not clear


@pytest.mark.heavy
@pytest.mark.parametrize("name", SOME_ROOMY)
@pytest.mark.parametrize("zigzag", ["moderate", "sharp", "arc", "closed"])
def test_edges_at_vertices_are_the_joints(name, zigzag):
    """Also the wedges on the outer sides are divided there."""
    place, (*way, height, closed) = ROOMY[name], ZIGZAGS[zigzag]
    points, height = place.path(*way), height * place.reach
    around = points[np.append(np.arange(points.size), 0)] if closed else points
    edges = np.append(0, np.cumsum(around[:-1].separation(around[1:]).deg))
    middles = np.sort(np.append(edges, (edges[1:] + edges[:-1]) / 2))
    for wanted in (edges, middles):
        bins = SkyBins.along_path(
            points, height=height * u.deg, edges=wanted * u.deg, closed=closed
        )
        expected, tie, count = path_codes(place.sky, points, wanted, height, closed)
        once = ~tie & (count < 2)
        assert once.mean() > 0.9
        np.testing.assert_array_equal(codes(bins, place.maps)[once], expected[once])


@pytest.mark.parametrize("zigzag", ["moderate", "sharp", "arc", "closed", "short piece"])
def test_outlines_bound_the_pixels_of_the_bins(zigzag):
    *way, height, closed = ZIGZAGS[zigzag]
    points = FLAT.path(*way)
    bins = SkyBins.along_path(points, height=height * FLAT.reach * u.deg, nbin=23, closed=closed)
    code, (y, x) = codes(bins, FLAT.maps), np.indices(FLAT.shape)
    for number, outline in enumerate(bins.shape.outlines()):
        corners = np.stack(FLAT.wcs.world_to_pixel(outline))
        polygon = PolygonPixelRegion(PixCoord(*corners[:, :-1]))
        moved = [
            PolygonPixelRegion(PixCoord(*(corners[:, :-1] + np.array(shift)[:, None])))
            for shift in ((0.01, 0), (-0.01, 0), (0, 0.01), (0, -0.01))
        ]
        inside = polygon.contains(PixCoord(x, y))
        clear = np.all([part.contains(PixCoord(x, y)) == inside for part in moved], axis=0)
        np.testing.assert_array_equal((code == number)[clear], inside[clear])


def clipped_area(corners, x, y):
    """Area of convex polygons (4, 2) on pixels at x, y, by half planes (Sutherland-Hodgman)."""
    part = [np.array(c) for c in corners]
    for axis, sign, bound in ((0, 1, x + 0.5), (0, -1, 0.5 - x), (1, 1, y + 0.5), (1, -1, 0.5 - y)):
        kept = []
        for a, b in zip(part, part[1:] + part[:1], strict=True):
            over_a, over_b = sign * a[axis] - bound, sign * b[axis] - bound
            if over_a <= 0:
                kept.append(a)
            if over_a * over_b < 0:
                kept.append(a + (b - a) * over_a / (over_a - over_b))
        part = kept
        if not part:
            return 0.0
    px, py = np.transpose(part)
    return 0.5 * abs(np.dot(px, np.roll(py, -1)) - np.dot(py, np.roll(px, -1)))


def strip_means(image, corners, edges, width):
    """Means of an image in polygons of pvextractor: split at vertices, strips along each leg."""
    ends = np.append(0, np.cumsum(np.hypot(*np.diff(corners, axis=0).T)))
    means = []
    for low, high in pairwise(edges):
        total = area = 0.0
        for leg in range(len(corners) - 1):
            start, stop = max(low, ends[leg]), min(high, ends[leg + 1])
            if stop - start < 1e-9:
                continue
            along = (corners[leg + 1] - corners[leg]) / (ends[leg + 1] - ends[leg])
            side = np.array([-along[1], along[0]]) * width / 2
            a, b = (corners[leg] + along * (d - ends[leg]) for d in (start, stop))
            polygon = [a - side, b - side, b + side, a + side]
            (x0, y0), (x1, y1) = np.floor(np.min(polygon, 0)), np.ceil(np.max(polygon, 0))
            for x in range(int(x0), int(x1) + 1):
                for y in range(int(y0), int(y1) + 1):
                    part = clipped_area(polygon, x, y)
                    total, area = total + part * image[y, x], area + part
        means.append(total / area)
    return np.array(means)


@pytest.mark.slow
@pytest.mark.parametrize("turn", [35, -60])
def test_means_agree_with_split_polygons(turn):
    """A bent path of width 10 pixels on an image that varies smoothly, as pvextractor sums it."""
    wcs, points, corners = bent(turn)
    y, x = np.indices((201, 201))
    image = 1 + 0.5 * np.sin(x / 25) * np.cos(y / 31 + 0.4)
    edges = np.linspace(0, 120, 25)
    bins = SkyBins.along_path(points, height=10 * STEP * u.deg, nbin=24)
    code, area = codes(bins, make_maps(wcs, (201, 201), nenergy=1, ntrue=1)), np.ones_like(image)
    count = np.bincount(code[code >= 0], area[code >= 0])
    found = np.bincount(code[code >= 0], image[code >= 0]) / count
    expected = strip_means(image, corners, edges, 10)
    assert np.sqrt(np.mean((found / expected - 1) ** 2)) < 5e-3
