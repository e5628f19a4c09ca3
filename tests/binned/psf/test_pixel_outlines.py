"""Shares of photons in single pixels, from integrals along their outlines."""

import numpy as np
import pytest
from cases.pixel_spread import brute_received, gauss, gauss_table, king_table, make_grid, point

from xprofile.binned.psf.near import PixelOutlines
from xprofile.binned.psf.outlines import outline_shares
from xprofile.binned.psf.point_spread import PointSpread
from xprofile.maps.sphere import unit_vectors

# grid, a pixel (x, y) and the side of a pixel in deg
PLACES = {
    "CAR": (make_grid("CAR", [0, 0], 0.1, (24, 30)), (12, 9), 0.1),
    "high CAR": (make_grid("CAR", [0, 0], 2.0, (90, 180)), (90, 84), 2.0),
    "TAN": (make_grid("TAN", [30, 40], 0.1, (24, 24), [300, -200]), (12, 12), 0.1),
    "AIT": (make_grid("AIT", [0, 0], 2.0, (90, 180)), (60, 70), 2.0),
    "rim of AIT": (make_grid("AIT", [0, 0], 2.0, (90, 180)), (20, 65), 2.0),
    "rim of MOL": (make_grid("MOL", [0, 0], 2.0, (90, 180)), (21, 23), 2.0),
}


def near_shares(grid, place, spread, pixels):
    """Shares of the pixels with flat indices, for a place at a pixel position."""
    x, y = (pixels % grid.x.size).astype(float), (pixels // grid.x.size).astype(float)
    corners = [grid.canonical(x + a, y + b) for a in (-0.5, 0.5) for b in (-0.5, 0.5)]
    outlines = PixelOutlines.from_pixels(grid, x, y, ~np.all(corners, axis=0))
    vectors = grid.vectors(*(np.array([float(e)]) for e in place))
    pairs = np.zeros(pixels.size, dtype=int), np.arange(pixels.size)
    return vectors, outlines.shares(spread, vectors, pairs)[0]


@pytest.mark.parametrize("table", [king_table, gauss_table])
@pytest.mark.parametrize("name", PLACES)
def test_shares_equal_sums_over_many_subpixels(name, table):
    grid, (x, y), step = PLACES[name]
    dx, dy = np.meshgrid([-1, 0, 1], [-1, 0, 1])
    pixels = ((y + dy) * grid.x.size + x + dx).ravel()
    pixels = pixels[grid.on_sky.ravel()[pixels]]
    table = table(step * (0.5 if table is king_table else 0.8))
    vectors, found = near_shares(grid, (x, y), PointSpread.from_table(*table), pixels)
    expected = brute_received(grid, vectors, pixels, *table, 100)[0]
    rim = name.startswith("rim")  # there, errors of the subpixels are as large
    assert found == pytest.approx(expected, abs=(2e-3 if rim else 4e-5) * expected.max())


@pytest.mark.parametrize("name", ["CAR", "high CAR", "TAN", "AIT"])
@pytest.mark.parametrize("width", [1e-6, 0.1, 0.4])
def test_boxes_and_single_pixels_have_the_same_shares_and_lose_none(name, width):
    grid, (x, y), step = PLACES[name]
    spread = gauss(width * step * (0.1 if name == "high CAR" else 1))
    middle = np.array([float(x)]), np.array([float(y)])
    box, known = outline_shares(grid, spread, grid.vectors(*middle), middle, (4, 4))
    assert known.all()
    assert box.sum() == pytest.approx(1, abs=1e-4)
    dx, dy = np.meshgrid(np.arange(-4, 5), np.arange(-4, 5))
    _, found = near_shares(grid, (x, y), spread, ((y + dy) * grid.x.size + x + dx).ravel())
    assert found == pytest.approx(box.ravel(), abs=1e-4)


@pytest.mark.parametrize("spread", [point(), gauss(1e-4), gauss(0.03)])
def test_a_source_at_a_corner_is_seen_in_four_pixels(spread):
    grid = PLACES["CAR"][0]
    pixels = np.array([y * grid.x.size + x for x in (14, 15) for y in (11, 12)])
    source = unit_vectors(np.array([0.0]), np.array([0.0]))
    vectors, found = near_shares(grid, (14.5, 11.5), spread, pixels)
    assert vectors == pytest.approx(source, abs=1e-12)
    assert found == pytest.approx(np.full(4, 0.25), rel=2e-3)


def test_pixels_beyond_a_pole_are_unknown():
    grid, _, step = PLACES["high CAR"]
    middle = np.array([90.0]), np.array([89.0])
    _, known = outline_shares(grid, gauss(step), grid.vectors(*middle), middle, (1, 1))
    assert known[0].tolist() == [[True] * 3, [True] * 3, [False] * 3]
