"""Shares of the photons of a point source that are seen in bins."""

import astropy.units as u
import numpy as np
import pytest
from cases.bins import galactic
from cases.pixel_spread import annuli, brute_received, gauss, king_table, make_grid

from xprofile.binned.psf.point_source import psf_share
from xprofile.binned.psf.point_spread import PointSpread
from xprofile.maps.sphere import unit_vectors

GRIDS = {
    "CAR": (make_grid("CAR", [0, 0], 0.1, (40, 40)), (0.03, 0.02), 0.1),
    "CAR at b = 60 deg": (make_grid("CAR", [0, 0], 0.1, (40, 80), [40.5, -580.5]), (0, 60), 0.1),
    "TAN": (make_grid("TAN", [30, 40], 0.1, (40, 40)), (30.2, 40.01), 0.1),
    "seam of AIT": (make_grid("AIT", [0, 0], 1.0, (180, 360)), (176, 20), 1.0),
    "pole of CAR": (make_grid("CAR", [0, 0], 2.0, (90, 180)), (0, 90), 2.0),
    "seam of CAR": (make_grid("CAR", [0, 0], 1.0, (180, 360)), (180, 10), 1.0),
}


@pytest.mark.parametrize("name", GRIDS)
def test_shares_agree_with_a_sum_over_subpixels(name):
    grid, place, step = GRIDS[name]
    members, used = annuli(galactic(*place), np.array([0, 3, 6, 9]) * step * u.deg, grid)
    rad, density = king_table(step)
    source = unit_vectors(*(np.array(angle, dtype=float) for angle in place))
    found = psf_share(grid, source, members, used, PointSpread.from_table(rad, density))[0, :, 0]
    shares = brute_received(grid, source[:, None], members.pixel, rad, density, 12)[0]
    expected = np.bincount(members.bin, shares)
    rim = name == "seam of AIT"  # which cuts pixels
    assert found == pytest.approx(expected, rel=1e-2 if rim else 2e-3)


def test_a_narrow_function_is_seen_in_the_bin_of_its_source():
    grid = GRIDS["CAR"][0]
    members, used = annuli(galactic(0.5, 0), [0, 0.3, 0.8, 1.2] * u.deg, grid)
    source = unit_vectors(np.array(0.04), np.array(0.02))
    found = psf_share(grid, source, members, used, gauss(1e-4))
    assert found[0, :, 0] == pytest.approx([0, 1, 0], abs=1.1e-5)


def test_a_source_beyond_the_map_sends_what_reaches_it():
    grid = GRIDS["CAR"][0]
    members, used = annuli(galactic(0, 0), [0, 4] * u.deg, grid)
    source = unit_vectors(np.array(2.05), np.array(0.0))  # 0.05 deg beyond the last column
    found = psf_share(grid, source, members, used, gauss(0.05))
    assert found.item() == pytest.approx(0.1587, abs=2e-3)  # beyond one width


def test_shares_follow_masks_energies_and_positions():
    grid = GRIDS["CAR"][0]
    members, used = annuli(galactic(0, 0), [0, 0.5, 1] * u.deg, grid)
    rad, density = king_table(0.1)
    spread = PointSpread.from_table(rad, density * np.array([[[1.0], [0.5]], [[0.2], [0.1]]]))
    source = unit_vectors(np.array(0.0), np.array(0.0))
    both = np.stack([used[0], members.bin == 1])
    found = psf_share(grid, source, members, both, spread)
    assert found.shape == (2, 2, 2)
    assert found[1] == pytest.approx(found[0] / 2)
    assert found[:, 0, 1] == pytest.approx([0, 0])
    assert found[:, 1, 1] == pytest.approx(found[:, 1, 0])
    other = psf_share(grid, source, members, both, spread, position=1)
    assert other == pytest.approx(found / 5)


def test_no_used_pixel_means_no_photons():
    grid = GRIDS["CAR"][0]
    members, used = annuli(galactic(0, 0), [0, 0.5, 1] * u.deg, grid)
    source = unit_vectors(np.array(0.0), np.array(0.0))
    assert not psf_share(grid, source, members, ~used, gauss(0.1)).any()
