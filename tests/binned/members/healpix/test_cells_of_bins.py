"""Cells of bins of every kind, against a look at every cell of the sky."""

import astropy.units as u
import numpy as np
import pytest
from astropy.coordinates import Galactic, SkyCoord
from astropy_healpix import core
from cases.all_bins import KINDS, some_of
from cases.cell_loops import any_cells, every_cell, whole_sky
from regions import CircleSkyRegion

from xprofile import SkyBins
from xprofile.binned.members.finding import find_members, prepare_search
from xprofile.exceptions import InvalidBinsError
from xprofile.maps.healpix.grid import HealpixGrid


def check(bins, whole, grid, rng):
    """Cells, solid angles beyond the map and overlaps, at once and in blocks."""
    of_sky = every_cell(bins, whole)
    expected = of_sky[:, grid.cell_ids]
    members, search = find_members(bins, grid), prepare_search(bins, grid)
    found = np.zeros(expected.shape, bool)
    found[members.bin, members.pixel] = True
    np.testing.assert_array_equal(found, expected)
    assert members.pixel.size == expected.sum()
    beyond = (of_sky.sum(axis=1) - expected.sum(axis=1)) * grid.cell_solid_angle
    np.testing.assert_allclose(members.outside, beyond, rtol=1e-12)
    np.testing.assert_array_equal(search.outside, members.outside)
    overlap = expected.sum() - expected.any(axis=0).sum()
    assert members.overlap == search.overlap == overlap
    sizes = np.diff(np.unique([0, *rng.integers(0, expected.shape[1], 4), expected.shape[1]]))
    starts, blocks = np.cumsum(sizes) - sizes, np.zeros_like(expected)
    for (_, j), find in search.blocks(((1,), tuple(sizes.tolist()))):
        part, numbers = find()
        assert part.pixel.size
        assert part.pixel.max() < sizes[j]
        blocks[numbers[part.bin], part.pixel + starts[j]] = True
    np.testing.assert_array_equal(blocks, expected)


def check_some(kind, seeds, levels):
    for seed in seeds:
        rng = np.random.default_rng([seed, len(kind)])
        bins = some_of(KINDS[kind](rng), rng)
        check(bins, *any_cells(rng, levels), rng)


@pytest.mark.heavy
@pytest.mark.parametrize("kind", KINDS)
def test_cells_are_those_whose_centre_is_in_the_bin(kind):
    check_some(kind, range(6), [2, 4])


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_cells_of_many_bins(kind):
    check_some(kind, range(100, 110), [0, 1, 4, 5, 6, 7])


@pytest.mark.parametrize("scheme", ["nested", "ring"])
def test_cells_on_edges_are_in_the_bin_above(scheme):
    """Circles through centres of cells, and boxes whose sides are at their longitudes."""
    grid, rng = whole_sky(4, scheme, Galactic()), np.random.default_rng(3)
    lon, lat = grid.pixel_positions(np.arange(grid.shape[1]))
    centers = SkyCoord(lon, lat, unit="deg", frame="galactic")
    for number in rng.integers(0, lon.size, 5):
        here = centers[number]
        edges = np.unique(here.separation(centers[rng.integers(0, lon.size, 3)]).deg)
        bins = SkyBins.annuli(here, edges=np.append(0, edges[edges > 1]) * u.deg)
        check(bins, grid, grid, rng)
        smaller = SkyBins.annuli(here, edges=[0, 1e-3] * u.deg)  # than a cell
        assert find_members(smaller, grid).pixel.tolist() == [number]
    step = 360 / 64  # between the cells on the equator
    middle = SkyCoord(step / 2, 0, unit="deg", frame="galactic")
    bins = SkyBins.grid(middle, width=8 * step * u.deg, height=60 * u.deg, nbin=(8, 4))
    check(bins, grid, grid, rng)
    corner = np.flatnonzero((np.abs(lat) < 1e-9) & (np.abs(lon - 1.5 * step) < 1e-9))
    members = find_members(bins, grid)
    found = bins.center[members.bin[members.pixel == corner]]
    assert found.l.deg == pytest.approx([2 * step])
    assert found.b.deg == pytest.approx([7.5])


def test_bins_in_the_plane_of_a_map_say_what_to_do():
    circle = CircleSkyRegion(SkyCoord(0, 0, unit="deg"), 3 * u.deg)
    with pytest.raises(InvalidBinsError, match="leave out planar=True"):
        find_members(SkyBins.from_regions([circle], planar=True), whole_sky(2, "ring", Galactic()))


@pytest.mark.heavy
@pytest.mark.parametrize(("level", "scheme"), [(16, "nested"), (29, "ring")])
def test_bins_far_beyond_a_deep_map_take_no_time(level, scheme):
    """The solid angle beyond the map comes from larger cells."""
    numbers = np.arange(4**6)
    if scheme == "ring":
        numbers = core.nested_to_ring(numbers, 2**level)
    grid = HealpixGrid.from_cells(level, scheme, Galactic(), numbers)
    bins = SkyBins.annuli(SkyCoord(45, 0, unit="deg", frame="galactic"), edges=[0, 30, 90] * u.deg)
    members = find_members(bins, grid)
    area = members.area() + members.outside
    np.testing.assert_allclose(area, bins.solid_angle.to_value("sr"), rtol=3e-4)
    assert members.number_of_pixels().sum() == 4**6


@pytest.mark.parametrize("level", [20, 29])
def test_cells_of_the_deepest_levels_are_exact(level):
    numbers = core.nested_to_ring(7 * 4**level + np.arange(4**5), 2**level)
    grid = HealpixGrid.from_cells(level, "ring", Galactic(), numbers)
    lon, lat = grid.pixel_positions(np.array([600]))
    center, size = SkyCoord(lon[0], lat[0], unit="deg", frame="galactic"), grid.pixel_size * u.deg
    bins = SkyBins.annuli(center, edges=[0, 3, 7, 9] * size)
    members, expected = find_members(bins, grid), every_cell(bins, grid)
    found = np.zeros_like(expected)
    found[members.bin, members.pixel] = True
    np.testing.assert_array_equal(found, expected)
    assert expected.sum() > 200
