"""Joint fits of data sets with names."""

from __future__ import annotations

import astropy.units as u
import numpy as np
import pytest
import xarray as xr
from astropy.coordinates import SkyCoord

import xprofile
from xprofile.exceptions import InvalidDataError


@pytest.fixture(scope="module")
def binned() -> xr.Dataset:
    """Binned data of four rings."""
    maps = xprofile.tutorial.open_maps("galactic-center-sim")
    center = SkyCoord(0, 0, unit="deg", frame="galactic")
    return maps.profile.bin(xprofile.SkyBins.annuli(center, radius_max=2 * u.deg, nbin=4))


def test_names_become_the_coordinate_of_data_sets(binned):
    """And the numbers are those of a list."""
    other = binned.assign(counts=binned["counts"] // 2)
    named = xprofile.estimate({"front": binned, "back": other})
    listed = xprofile.estimate([binned, other])
    assert named["dataset"].values.tolist() == ["front", "back"]
    assert named["counts"].sel(dataset="back").sum() == other["counts"].sum()
    xr.testing.assert_equal(named.drop_vars("dataset"), listed)


def test_one_named_data_set_is_joint(binned):
    """The name is kept."""
    one = xprofile.estimate({"all": binned})
    assert one["counts"].sizes["dataset"] == 1
    np.testing.assert_array_equal(one["norm"], xprofile.estimate(binned)["norm"])


def test_names_are_texts(binned):
    """A number could be taken for an index."""
    with pytest.raises(InvalidDataError, match="names of data sets must be texts, found \\[1\\]"):
        xprofile.estimate({1: binned})
