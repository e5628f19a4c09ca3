"""The penalty of profiles that are not smooth, where it has no row, no counts or a margin."""

import numpy as np
import pytest
import xarray as xr
from cases.unfolding import row_of_bins

from xprofile import unfold
from xprofile.exceptions import InvalidDataError, InvalidOptionError

DIM = "projected_distance"


def at(binned, lon, lat):
    """Put the centres of the bins on the sky."""
    return binned.assign_coords(lon=(DIM, lon), lat=(DIM, lat))


@pytest.fixture(scope="module")
def binned():
    return row_of_bins(8)


def test_bins_of_a_margin_have_no_place_in_the_row(binned):
    """With two bins and a margin of six, there is no second difference."""
    margin = binned.assign_coords(margin=(DIM, np.arange(8) >= 2))
    free, smooth = unfold(margin), unfold(margin, smoothness=1e3)
    np.testing.assert_allclose(smooth.norm, free.norm, atol=0.1 * float(free.norm_err.min()))
    np.testing.assert_allclose(smooth.norm_err, free.norm_err, rtol=0.01)


def test_a_margin_of_a_ring_does_not_open_it(binned):
    names = {name: name.replace(DIM, "position_angle") for name in (DIM, f"{DIM}_true")}
    names |= {f"{DIM}_{end}": f"position_angle_{end}" for end in ("min", "max")}
    ring = row_of_bins(9).rename(names)
    last = ring.position_angle_max.values[7]
    scale = 360 / last
    for name in ("position_angle", "position_angle_true", "position_angle_min"):
        ring = ring.assign_coords({name: ring[name] * scale})
    ring = ring.assign_coords(position_angle_max=ring.position_angle_max * scale)
    ring.position_angle.attrs["units"] = "deg"
    margin = ring.assign_coords(margin=("position_angle", np.arange(9) >= 8))
    line = unfold(margin, smoothness=1e6).norm[:, 0]
    assert np.abs(line - line.mean()).max() < 0.01  # a line that closes is level


def test_regions_that_are_scattered_have_no_neighbours(binned):
    straight = np.linspace(0, 7 * 0.25, 8)
    assert np.isfinite(unfold(at(binned, straight, 0 * straight), smoothness=1).norm).all()
    assert np.isfinite(unfold(at(binned, 0 * straight, 0 * straight), smoothness=1).norm).all()
    scattered = at(binned, straight * np.tile([1, -1], 4), 0 * straight)
    with pytest.raises(InvalidOptionError, match=r"1\.625 and 1\.875 deg .* are 3\.25 deg apart"):
        unfold(scattered, smoothness=1)
    unfold(scattered)


@pytest.mark.parametrize("strength", [1e9, 1e15, 1e300])
def test_a_strength_that_rounding_errors_spoil(binned, strength):
    with pytest.raises(InvalidOptionError, match="so strong that rounding errors") as error:
        unfold(binned, smoothness=strength)
    most = float(str(error.value).split("at most ")[1].split(",")[0])
    norm = unfold(binned, smoothness=most).norm[:, 0]
    np.testing.assert_allclose(np.diff(norm, 2), 0, atol=1e-6)


def test_a_smoothness_that_does_not_help_is_not_recommended():
    with pytest.raises(InvalidDataError, match=r"or give a larger smoothness$"):
        unfold(row_of_bins(20, width=4), smoothness=1e-6)


@pytest.mark.parametrize("floor", [pytest.param(None, marks=pytest.mark.slow), 0])
def test_errors_of_bins_without_counts_are_not_those_of_the_penalty(binned, floor):
    """Their statistic rises in a straight line, at which the curvature does not look."""
    empty = binned.assign(counts=xr.where(binned[DIM] > 1, binned.counts, 0))
    empty = empty.assign(counts=empty.counts.transpose("energy", DIM))
    profile = unfold(empty, smoothness=0.1, norm_min=floor, selection_optional="errn-errp")
    none = (profile.counts == 0).to_numpy()[:, 0]
    assert none.sum() == 4
    np.testing.assert_allclose(profile.norm_err[none], profile.norm_errp[none], rtol=1e-9)
    assert np.isnan(profile.norm_bias[none]).all()
    rest = profile.norm_bias[~none]
    assert np.isfinite(rest).all()
    assert np.abs(rest).max() < 1


@pytest.mark.parametrize("number", [1, 2])
def test_one_or_two_bins_are_smooth(number):
    few = row_of_bins(number)
    xr.testing.assert_allclose(unfold(few, smoothness=10).norm, unfold(few).norm, rtol=1e-12)
    np.testing.assert_array_equal(unfold(few, smoothness=10).norm_bias, 0)
