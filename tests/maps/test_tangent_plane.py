"""Tangent planes of gnomonic projections, against the WCS."""

import numpy as np
import pytest
from cases.maps import make_wcs
from cases.skies import SKIES

from xprofile.maps.pixelgrid import PixelGrid
from xprofile.maps.sphere import unit_vectors
from xprofile.maps.tangent_plane import find_tangent_plane


@pytest.mark.parametrize("name", [name for name in SKIES if name.startswith("tan")])
def test_vectors_of_a_gnomonic_projection_are_those_of_the_wcs(name):
    wcs = SKIES[name]
    grid = PixelGrid(wcs, np.arange(-300.0, 400, 7), np.arange(-200.0, 300, 7))
    assert grid.tangent_plane is not None
    x, y = np.meshgrid(grid.x, grid.y)
    expected = unit_vectors(*wcs.wcs_pix2world(x, y, 0))
    np.testing.assert_allclose(grid.vectors(grid.x, grid.y[:, None]), expected, rtol=0, atol=5e-15)


def test_a_gnomonic_projection_with_terms_of_its_own_is_left_to_the_wcs():
    wcs = make_wcs("TAN", (83.6, 22))
    wcs.wcs.ctype = ["GLON-AZP", "GLAT-AZP"]
    wcs.wcs.set_pv([(2, 1, 0.5)])
    grid = PixelGrid(wcs, np.arange(4.0), np.arange(3.0))
    assert grid.tangent_plane is None
    expected = unit_vectors(*wcs.wcs_pix2world(*np.meshgrid(grid.x, grid.y), 0))
    np.testing.assert_array_equal(grid.vectors(*np.meshgrid(grid.x, grid.y)), expected)


@pytest.mark.parametrize("name", [name for name in SKIES if not name.startswith("tan")])
def test_other_projections_have_no_tangent_plane(name):
    assert find_tangent_plane(SKIES[name]) is None


def test_axes_of_the_plane_are_rectangular_unless_sheared():
    wcs = make_wcs("TAN", (83.6, 22))
    sizes, origin = find_tangent_plane(wcs).rectangular_axes
    np.testing.assert_allclose(sizes, np.radians(0.1), rtol=1e-9, atol=0)
    np.testing.assert_allclose(origin / sizes, [-39.5, -29.5], rtol=1e-9, atol=0)
    wcs.wcs.pc = [[1, 0.2], [0, 1]]
    assert find_tangent_plane(wcs).rectangular_axes is None
