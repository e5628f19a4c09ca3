"""Edges of axes, from their lower and upper edges."""

import numpy as np
import pytest
import xarray as xr
from cases.maps import make_maps, make_wcs

from xprofile.exceptions import InvalidDataError, MissingVariableError
from xprofile.schema.axes import axis_edges


def axis(lower, upper, **attrs):
    lower, upper = np.asarray(lower, float), np.asarray(upper, float)
    coords = {"energy_min": ("energy", lower), "energy_max": ("energy", upper)}
    return xr.Dataset(coords={"energy": np.sqrt(lower * upper), **coords})


@pytest.mark.parametrize(
    ("lower", "upper", "expected"),
    [([1, 2, 4], [2, 4, 9], [1, 2, 4, 9]), ([3], [5], [3, 5])],
)
def test_edges_of_bins(lower, upper, expected):
    np.testing.assert_array_equal(axis_edges(axis(lower, upper), "energy"), expected)


def test_edges_of_one_map():
    maps = make_maps(make_wcs(shape=(20, 30)), shape=(20, 30))
    np.testing.assert_allclose(
        axis_edges(maps["exposure"], "energy_true"), np.geomspace(0.01, 1, 7), rtol=1e-12, atol=0
    )


@pytest.mark.parametrize("lost", [["energy_min"], ["energy_max"], ["energy_min", "energy_max"]])
def test_missing_edges_are_named(lost):
    with pytest.raises(MissingVariableError, match="the energy axis has no edges") as caught:
        axis_edges(axis([1, 2], [2, 3]).drop_vars(lost), "energy")
    assert str(lost) in str(caught.value)


def test_edges_need_the_axis():
    """A single bin taken by number has no axis left."""
    with pytest.raises(MissingVariableError, match="energy"):
        axis_edges(axis([1, 2], [2, 3]).isel(energy=0), "energy")


@pytest.mark.parametrize(
    ("lower", "upper"),
    [([1, 2.001], [2, 3]), ([1, 1.999], [2, 3]), ([2, 1], [3, 2])],
    ids=["gap", "overlap", "descending"],
)
def test_bins_must_touch(lower, upper):
    with pytest.raises(InvalidDataError, match=r"bins of energy do not touch.*ascending order"):
        axis_edges(axis(lower, upper), "energy")


def test_bins_that_differ_by_rounding_touch():
    data = axis(np.float32([1, 2.1, 4.3]), np.float64([2.1, 4.3, 9]))
    np.testing.assert_allclose(axis_edges(data, "energy"), [1, 2.1, 4.3, 9], rtol=1e-6, atol=0)
