"""How bins share photons, against sums over all pairs of pixels with subpixels."""

import astropy.units as u
import numpy as np
import pytest
from cases.bins import galactic
from cases.few_cases import one_in
from cases.pixel_spread import annuli, brute_mixing, gauss_table, king_table, make_grid

from xprofile.binned.psf.mixing import mix
from xprofile.binned.psf.point_spread import PointSpread

# grid, centre and outer radius in deg of annuli, and side of a pixel in deg
CASES = {
    "CAR": (make_grid("CAR", [0, 0], 0.1, (24, 30)), (0, 0), 1.0, 0.1),
    "CAR at b = 60 deg": (
        make_grid("CAR", [0, 0], 0.1, (24, 50), [25.5, -587.5]),
        (0, 60),
        1.0,
        0.1,
    ),
    "high CAR": (make_grid("CAR", [0, 0], 1.0, (36, 50), [25.5, -41.5]), (0, 60), 12.0, 1.0),
    "TAN": (make_grid("TAN", [30, 40], 0.1, (24, 24)), (30.2, 40), 1.0, 0.1),
    "wide TAN": (make_grid("TAN", [30, 40], 1.0, (30, 30)), (36, 46), 7.0, 1.0),
    "AIT": (make_grid("AIT", [0, 0], 1.0, (180, 360)), (60, 50), 7.0, 1.0),
    "seam of AIT": (make_grid("AIT", [0, 0], 1.0, (180, 360)), (178, 20), 7.0, 1.0),
    "pole of CAR": (make_grid("CAR", [0, 0], 2.0, (90, 180)), (0, 90), 10.0, 2.0),
    "near the pole of CAR": (make_grid("CAR", [0, 0], 2.0, (90, 180)), (20, 84), 10.0, 2.0),
    "seam of CAR": (make_grid("CAR", [0, 0], 1.0, (180, 360)), (179.3, 10), 6.0, 1.0),
    "gap of CAR": (make_grid("CAR", [0, 0], 360 / 127.3, (63, 127)), (179, 20), 18.0, 2.8),
    "oblique CAR": (make_grid("CAR", [83, 22], 0.1, (24, 24)), (83, 22), 1.0, 0.1),
    "pole of oblique CAR": (make_grid("CAR", [83, 80], 1.0, (24, 60)), (83, 80), 7.0, 1.0),
}
FAST = ("CAR at b = 60 deg", "high CAR", "TAN", "seam of CAR", "gap of CAR")
SLOW = [pytest.param(name, marks=pytest.mark.slow) for name in CASES if name not in FAST]


def shares(grid, members, used, table, exposure):
    spread = PointSpread.from_table(*table)
    return mix(grid, members, members, used, exposure[None], spread)[0, ..., 0]


def check(name, table, number, largest, relative):
    grid, place, radius, _ = CASES[name]
    members, used = annuli(galactic(*place), np.linspace(0, radius, 5) * u.deg, grid)
    exposure = 1 + 0.3 * np.sin(members.pixel / 7)
    found = shares(grid, members, used, table, exposure)
    expected = brute_mixing(grid, members, table, exposure, number)
    error, columns = np.abs(found - expected), expected.max(axis=1, keepdims=True)
    assert (error / columns).max() < largest
    assert (error[expected > 1e-3] / expected[expected > 1e-3]).max() < relative


@pytest.mark.heavy
@pytest.mark.parametrize("name", [*FAST, *SLOW])
def test_a_king_function_as_wide_as_a_pixel(name):
    limits = (2e-3, 1e-2) if name == "seam of AIT" else (1e-3, 2e-3)  # subpixels are cut there
    check(name, king_table(CASES[name][3]), 8, *limits)


@pytest.mark.heavy
@pytest.mark.parametrize("name", [*FAST, *SLOW])
def test_a_gauss_function_of_some_pixels(name):
    limits = (2e-3, 1e-2) if name == "seam of AIT" else (1e-3, 4e-3)  # subpixels are cut there
    table = gauss_table(1.5 * CASES[name][3])
    size = np.radians(CASES[name][3])
    assert PointSpread.from_table(*table).is_smooth(size, size)
    check(name, table, 8, *limits)


@pytest.mark.parametrize("name", one_in(3, CASES))
def test_a_gauss_function_narrower_than_a_pixel(name):
    check(name, gauss_table(0.3 * CASES[name][3]), 16, 5e-3, 0.03)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["CAR", "CAR at b = 60 deg", "TAN", "oblique CAR"])
def test_a_function_wider_than_the_map(name):
    check(name, king_table(20 * CASES[name][3]), 4, 1e-3, 1e-3)
