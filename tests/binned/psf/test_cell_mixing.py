"""How bins share photons in HEALPix, against sums over all pairs of cells with deeper levels."""

import numpy as np
import pytest
from astropy.coordinates import Galactic
from cases.cell_spread import brute_cell_mixing, brute_cells, direction, make_cells, ring_members
from cases.pixel_spread import gauss_table, king_table, point

from xprofile.binned.psf.healpix.plane import cell_numbers, cell_plane
from xprofile.binned.psf.mixing import mix, spread_cells
from xprofile.binned.psf.point_source import psf_share
from xprofile.binned.psf.point_spread import PointSpread
from xprofile.exceptions import TooLargeError
from xprofile.maps.healpix.grid import HealpixGrid

LEVEL = 6
SIDE = float(np.degrees(np.sqrt(4 * np.pi / 12))) / 2**LEVEL
EDGES = np.linspace(0, 7 * SIDE, 6)
# where cells are usual, most stretched, and of two kinds; at the seam of the plane, and at a pole
PLACES = [(45, 41.8), (0, 41.8), (22, 10), (180, 0), (10, 89.5), (30, -60)]
# table of the PSF, in sides of a cell, and how much deeper the cells of the brute force are
TABLES = {
    "Gauss of half a cell": (gauss_table(0.5 * SIDE), 5),
    "King of a cell": (king_table(SIDE), 3),
    "Gauss of 5 cells": (gauss_table(5 * SIDE), 2),
    "King of 20 cells": (king_table(20 * SIDE), 2),
}
FAST = [(PLACES[1], "King of a cell"), (PLACES[0], "Gauss of 5 cells")]
SLOW = [(p, name) for p in PLACES for name in TABLES if (p, name) not in FAST]


@pytest.mark.parametrize(
    ("place", "name"), [*FAST, *(pytest.param(*case, marks=pytest.mark.slow) for case in SLOW)]
)
def test_shares_are_those_of_all_pairs_of_cells(place, name):
    (table, deeper), scheme = TABLES[name], "ring" if "King" in name else "nested"
    grid = make_cells(LEVEL, place, 9 * SIDE, scheme=scheme)
    members, used = ring_members(grid, place, EDGES)
    exposure = 1 + 0.3 * np.sin(members.pixel / 7)
    spread = PointSpread.from_table(*table)
    found = mix(grid, members, members, used, exposure[None], spread)[0, ..., 0]
    expected = brute_cell_mixing(grid, members, table, exposure, deeper)
    error = np.abs(found - expected)
    assert (error / expected.max(axis=1, keepdims=True)).max() < 1e-3
    assert (error[expected > 1e-3] / expected[expected > 1e-3]).max() < 5e-3


def test_a_point_source_is_seen_as_by_deeper_levels():
    place, (table, deeper) = (45, 41.8), TABLES["King of a cell"]
    grid = make_cells(LEVEL, place, 9 * SIDE)
    members, used = ring_members(grid, place, EDGES)
    spread = PointSpread.from_table(*table)
    found = psf_share(grid, direction(place), members, used, spread)[0, :, 0]
    cells = members.pixel
    shares = brute_cells(grid, direction(place)[:, None], cells, table, deeper)[0]
    np.testing.assert_allclose(found, np.bincount(members.bin, shares), rtol=2e-3)


def test_a_point_keeps_its_photons_in_its_cell():
    grid = make_cells(LEVEL, (0, 41.8), 9 * SIDE)
    members, used = ring_members(grid, (0, 41.8), EDGES)
    exposure = np.ones((1, members.pixel.size))
    found = mix(grid, members, members, used, exposure, point())[0, ..., 0]
    np.testing.assert_allclose(found, np.eye(5), atol=1e-9)


@pytest.mark.parametrize("table", [gauss_table(0.3 * 16 * SIDE), gauss_table(3 * 16 * SIDE)])
def test_no_photon_is_lost_or_counted_twice_on_the_whole_sky(table):
    """Photons of each cell of a sky of large cells add up to what the table holds."""
    grid = HealpixGrid(2, "ring", Galactic(), np.arange(192))
    spread, every = PointSpread.from_table(*table), np.arange(192)
    emitted = np.random.default_rng(3).uniform(0, 1, (1, 192))
    found = spread_cells(grid, grid.pixel_vectors(every), emitted, spread)
    total = emitted.sum() * spread.containment[0, 0, -1]
    np.testing.assert_allclose(found.sum(), total, rtol=2e-3)


def test_pairs_that_would_take_hours_are_refused(monkeypatch):
    monkeypatch.setattr("xprofile.binned.psf.pairs._MOST_PAIRS", 1e4)
    grid = make_cells(LEVEL, (0, 41.8), 9 * SIDE)
    members, used = ring_members(grid, (0, 41.8), EDGES)
    exposure = np.ones((1, members.pixel.size))
    spread = PointSpread.from_table(*king_table(SIDE))
    with pytest.raises(TooLargeError, match="coarsen"):
        mix(grid, members, members, used, exposure, spread)


def test_cells_are_whole_pixels_of_their_plane():
    for level, cells in ((0, np.arange(12)), (3, np.arange(768)), (9, np.arange(0, 3145728, 997))):
        grid = HealpixGrid(level, "nested", Galactic(), cells)
        vectors = grid.pixel_vectors(np.arange(cells.size))
        plane = cell_plane(grid)
        x, y = cell_numbers(plane, vectors)
        np.testing.assert_allclose(plane.vectors(x, y), vectors, rtol=0, atol=1e-12)
        assert np.unique(y * plane.x.size + x).size == cells.size
