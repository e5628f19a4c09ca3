"""Shares of cells in bins whose edges go along rows of cells."""

import astropy.units as u
import numpy as np
import pytest
from cases.bins import galactic
from cases.cell_maps import make_cell_maps

from xprofile import SkyBins, bin_maps


@pytest.mark.parametrize("level", [3, 5])
@pytest.mark.parametrize("scheme", ["nested", "ring"])
def test_rings_round_a_pole_are_right_to_a_thousandth(level, scheme):
    side = np.sqrt(4 * np.pi / 12) / 2**level
    edges = np.array([0, 0.1, 0.3, 1]) * side
    rings = SkyBins.annuli(galactic(0, 90), edges=edges * u.rad)
    found = bin_maps(make_cell_maps(level, scheme), rings, overlap="subpixel")
    expected = -2 * np.pi * np.diff(np.cos(edges))
    np.testing.assert_allclose(found["solid_angle"], expected, rtol=1e-3)


def test_edges_along_a_meridian_are_right_to_a_thousandth():
    line = SkyBins.along_line(galactic(15, 0), galactic(-15, 0), height=6 * u.deg, nbin=6)
    found = bin_maps(make_cell_maps(6), line, overlap="subpixel")
    expected = line.solid_angle.to_value("sr")
    np.testing.assert_allclose(found["solid_angle"], expected, rtol=1e-3)
