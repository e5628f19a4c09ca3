"""Shares of cells in bins, against a look at every sub-position."""

from dataclasses import replace

import astropy.units as u
import numpy as np
import pytest
from astropy.coordinates import Galactic, SkyCoord
from cases.all_bins import KINDS
from cases.cell_loops import any_cells, in_bins, whole_sky
from regions import CircleSkyRegion

from xprofile import SkyBins
from xprofile.binned.members.finding import find_members, prepare_search
from xprofile.binned.members.healpix.levels import Pieces
from xprofile.binned.members.healpix.subcells import count_overlaps
from xprofile.binned.members.subpixels import Subpixels
from xprofile.exceptions import InvalidOptionError


def shares(bins, grid, number):
    """Share of each cell of the sky in each bin, and the largest number of bins at one position."""
    cells = np.arange(grid.shape[1])
    vectors = grid.subcell_vectors(cells, number)
    inside = in_bins(bins, grid, vectors.reshape(3, -1)).reshape(len(bins), cells.size, -1)
    return inside.mean(axis=2), inside.sum(axis=0).max(axis=1)


@pytest.mark.quick
@pytest.mark.parametrize("kind", KINDS)
def test_shares_are_those_of_the_sub_positions(kind):
    for seed in range(4):
        rng = np.random.default_rng([seed, 7, len(kind)])
        bins, (whole, grid) = KINDS[kind](rng), any_cells(rng, [1, 2])
        number = int(rng.choice([2, 4]))
        of_sky, most = shares(bins, whole, number)
        expected = of_sky[:, grid.cell_ids]
        members = find_members(bins, grid, Subpixels(number, 1))
        found = np.zeros(expected.shape)
        found[members.bin, members.pixel] = members.share
        np.testing.assert_array_equal(found, expected)
        np.testing.assert_array_equal(members.solid_angle, members.share * grid.cell_solid_angle)
        beyond = (of_sky.sum(axis=1) - expected.sum(axis=1)) * grid.cell_solid_angle
        np.testing.assert_allclose(members.outside, beyond, rtol=1e-12, atol=1e-15)
        assert members.overlap == np.maximum(most[grid.cell_ids] - 1, 0).sum()
        halves = ((1,), (grid.shape[1] // 2, grid.shape[1] - grid.shape[1] // 2))
        blocks = prepare_search(bins, grid, Subpixels(number, 1)).blocks(halves)
        total = sum(float(find()[0].share.sum()) for _, find in blocks)
        assert total == pytest.approx(expected.sum(), rel=1e-12)


def test_overlaps_of_cells_beyond_the_map_do_not_count():
    pieces = Pieces(2)
    for number in (0, 1, 2):  # the same quarter of cells 0 and 10 of level 1; 10 is not on the map
        pieces.add(2, np.array([number, number]), np.array([3, 40]))
    pieces.add(1, np.array([3, 4]), np.array([7, 7]))
    found = count_overlaps(pieces, 1, np.array([7, 7]), np.array([0, 0, 0]))
    assert found == (3 - 1) + (2 - 1)


def test_cells_of_two_levels_in_one_cell_overlap_only_if_one_holds_the_other():
    pieces = Pieces(3)
    pieces.add(2, np.array([0]), np.array([7]))  # the last quarter of cell 1 of level 1
    for cell, overlap in ((17, 0), (30, 1)):  # in the first and in the last quarter of it
        both = replace(pieces, found={**pieces.found, 3: [(np.array([1]), np.array([cell]))]})
        assert count_overlaps(both, 1, np.empty(0, int), np.array([1, 1])) == overlap


@pytest.mark.heavy
@pytest.mark.parametrize("radius", [0.1, 0.4, 3])
def test_circles_of_a_tenth_of_a_cell_are_right_to_a_thousandth(radius):
    grid, rng = whole_sky(5, "ring", Galactic()), np.random.default_rng(4)
    size = radius * grid.pixel_size * u.deg
    for _ in range(5):
        lat = np.degrees(np.arcsin(rng.uniform(-1, 1)))
        center = SkyCoord(rng.uniform(0, 360), lat, unit="deg", frame="galactic")
        for bins in (
            SkyBins.annuli(center, edges=[0, 1] * size),
            SkyBins.from_regions([CircleSkyRegion(center, size)]),
        ):
            members = find_members(bins, grid, Subpixels.from_options("subpixel", None, bins, grid))
            assert members.area()[0] == pytest.approx(bins.solid_angle[0].value, rel=1e-3)


@pytest.mark.parametrize("number", [3, 2**28])
def test_other_numbers_of_sub_positions_are_refused(number):
    bins = SkyBins.annuli(SkyCoord(0, 0, unit="deg"), edges=[0, 1] * u.deg)
    with pytest.raises(InvalidOptionError, match=r"power of 2, at most 2\*\*24"):
        Subpixels.from_options("subpixel", number, bins, whole_sky(5, "ring", Galactic()))
