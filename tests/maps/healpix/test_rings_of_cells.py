"""Rings of cells and the order of cells, against astropy-healpix."""

import numpy as np
import pytest
from astropy_healpix import HEALPix, core

from xprofile.maps.healpix.cell_runs import expand_runs
from xprofile.maps.healpix.rings import Rings, cell_radius

LEVELS = [0, 1, 2, 5, 8]


@pytest.mark.parametrize("level", LEVELS)
def test_rings_have_the_positions_of_their_cells(level):
    rings = Rings(level)
    lon, lat = HEALPix(2**level).healpix_to_lonlat(rings.start[:-1])
    assert rings.start[-1] == 12 * 4**level
    np.testing.assert_allclose(rings.lat, lat.rad, rtol=0, atol=4e-15)
    np.testing.assert_allclose(rings.first_lon, lon.rad, rtol=0, atol=4e-15)


@pytest.mark.parametrize("level", LEVELS)
def test_cells_know_their_ring(level):
    rings = Rings(level)
    begin, size = rings.ends(np.arange(12 * 4**level))
    np.testing.assert_array_equal(begin, np.repeat(rings.start[:-1], rings.length))
    np.testing.assert_array_equal(size, np.repeat(rings.length, rings.length))


def test_cells_of_the_deepest_level_know_their_ring():
    nside, ring = 2**29, np.array([1, 2, 5, 123456789, 2**29 - 1])
    first, last = 2 * ring * (ring - 1), 2 * ring * (ring + 1) - 1
    for north, south in ((first, 12 * nside**2 - 1 - last), (last, 12 * nside**2 - 1 - first)):
        begin, size = Rings(29).ends(north)
        np.testing.assert_array_equal([begin, size], [first, 4 * ring])
        begin, size = Rings(29).ends(south)
        np.testing.assert_array_equal([begin, size], [12 * nside**2 - 1 - last, 4 * ring])


@pytest.mark.parametrize(("level", "lower"), [(0, 0), (3, 3), (4, 0), (5, 2), (6, 5)])
def test_cells_of_lower_levels_are_parts_of_rings(level, lower):
    cells, depth = np.arange(12 * 4**lower), 2 * (level - lower)
    index, start, length = Rings(level).cut_cells(cells, lower)
    owner = core.ring_to_nested(expand_runs(start, length), 2**level) >> depth
    np.testing.assert_array_equal(owner, np.repeat(cells[index], length))
    assert length.sum() == 12 * 4**level


@pytest.mark.parametrize("level", LEVELS)
def test_values_come_in_nested_order(level):
    expected = core.nested_to_ring(np.arange(12 * 4**level), 2**level)
    for first, last in ((0, expected.size), (expected.size // 3, expected.size // 2)):
        rings, padded = Rings(level), np.concatenate([[-1], np.arange(first, last), [-1]])
        start, values = rings.to_nested(padded, first - 1, rings.blocks(first, last - first))
        found = np.full(expected.size, -1)
        found[(start[:, None] + np.arange(values.shape[1])).ravel()] = values.ravel()
        inside = (expected >= first) & (expected < last)
        np.testing.assert_array_equal(found, np.where(inside, expected, -1))


@pytest.mark.parametrize("level", [0, 1, 3])
def test_cells_are_within_their_radius(level):
    centers = np.stack(core.healpix_to_xyz(np.arange(12 * 4**level), 2**level, order="nested"))
    deeper = np.arange(12 * 4 ** (level + 4))
    inside = np.stack(core.healpix_to_xyz(deeper, 2 ** (level + 4), order="nested"))
    chord = np.linalg.norm(inside.reshape(3, -1, 4**4) - centers[..., None], axis=0)
    farthest = 2 * np.arcsin(chord.max() / 2)
    assert 0.9 * cell_radius(level) < farthest < cell_radius(level)


def test_radii_of_deep_levels_are_exact():
    """That of healpy's max_pixrad(2**20) is 1.01944804e-06 (healpy 1.20)."""
    assert cell_radius(20) == pytest.approx(1.01944804e-06, rel=1e-8)
    assert cell_radius(29) / cell_radius(28) == pytest.approx(0.5, rel=1e-6)
