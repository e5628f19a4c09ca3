"""Axes of maps, from nodes and from bins."""

import numpy as np
import pytest
import xarray as xr

from xprofile.exceptions import FileFormatError
from xprofile.maps.axes import add_axis, bins_axis, midpoints, nodes_axis, same_axis, same_energies


def test_edges_of_nodes_are_half_way_in_the_logarithm():
    axis = nodes_axis("energy_true", np.array([1.0, 4.0, 64.0]), "TeV", "table")
    np.testing.assert_allclose(axis.edges, [0.5, 2, 16, 256], rtol=1e-14, atol=0)
    assert axis.at_nodes
    assert axis.size == 3


def test_edges_of_nodes_can_be_half_way_between_the_values():
    axis = nodes_axis("rad", np.array([0.0, 1.0, 3.0]), "deg", "table", log=False)
    np.testing.assert_allclose(axis.edges, [-0.5, 0.5, 2, 4], rtol=1e-14, atol=0)


def test_edges_of_a_single_node():
    np.testing.assert_array_equal(midpoints(np.array([3.0]), log=True), [1.5, 6])
    np.testing.assert_array_equal(midpoints(np.array([3.0]), log=False), [3, 3])


def test_centres_of_bins_are_means():
    lower, upper = np.array([1.0, 4.0]), np.array([4.0, 16.0])
    axis = bins_axis("energy", lower, upper, "TeV", "table")
    np.testing.assert_allclose(axis.centres, [2, 8], rtol=1e-14, atol=0)
    np.testing.assert_array_equal(axis.edges, [1, 4, 16])
    assert not axis.at_nodes
    linear = bins_axis("rad", lower, upper, "deg", "table", log=False)
    np.testing.assert_allclose(linear.centres, [2.5, 10], rtol=1e-14, atol=0)


def test_bins_touch_up_to_rounding_in_a_file():
    lower, upper = np.array([1.0, 4.0]), np.array([4.0, 16.0])
    rounded = bins_axis("energy", lower, upper * (1 + 5e-6), "TeV", "table")
    assert same_axis(rounded.centres, np.array([2.0, 8.0]))


@pytest.mark.parametrize("end", [3.999, 4.001])
def test_bins_that_do_not_touch_are_refused(end):
    lower, upper = np.array([1.0, 4.0]), np.array([end, 16.0])
    with pytest.raises(FileFormatError, match="table has gaps or overlaps"):
        bins_axis("energy", lower, upper, "TeV", "table")


@pytest.mark.parametrize("nodes", [[2.0, 1.0], [0.0, 1.0], [1.0, np.nan]])
def test_nodes_that_do_not_ascend_are_refused(nodes):
    with pytest.raises(FileFormatError, match="table must be positive and ascend, found"):
        nodes_axis("energy", np.array(nodes), "TeV", "table")


def test_an_axis_is_added_once_and_must_stay_the_same():
    axis = nodes_axis("energy", np.array([1.0, 10.0]), "TeV", "table")
    maps = add_axis(xr.Dataset(), axis, "first")
    assert set(maps.coords) == {"energy", "energy_min", "energy_max"}
    assert maps["energy_max"].attrs["units"] == "TeV"
    xr.testing.assert_identical(add_axis(maps, axis, "second"), maps)
    other = nodes_axis("energy", np.array([1.0, 11.0]), "TeV", "table")
    with pytest.raises(FileFormatError, match=r"second has energy .* TeV.*same energies"):
        add_axis(maps, other, "second")


def test_bins_with_the_same_edges_are_the_same_wherever_their_centres_are():
    """MapAxis.from_edges of Gammapy has linear centres, MapAxis.from_energy_edges others."""
    edges = np.array([1.0, 4.0, 16.0])
    logarithmic, linear = (
        bins_axis("energy", edges[:-1], edges[1:], "TeV", "table", log=log) for log in (True, False)
    )
    maps = add_axis(xr.Dataset(), logarithmic, "first")
    xr.testing.assert_identical(add_axis(maps, linear, "second"), maps)
    assert same_energies(logarithmic, linear)
    nodes = nodes_axis("energy", linear.centres, "TeV", "table", log=False)
    assert not same_energies(logarithmic, nodes)
    with pytest.raises(FileFormatError, match="all maps need the same energies"):
        add_axis(maps, nodes, "third")
    other = bins_axis("energy", edges[:-1] * 1.001, edges[1:] * 1.001, "TeV", "table")
    assert not same_energies(logarithmic, other)
