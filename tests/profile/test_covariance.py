"""The covariance of a profile: sed types, units and selections, against matrices by hand."""

import astropy.units as u
import numpy as np
import pytest
import xarray as xr
from cases.examples import examples
from cases.profiles import KINDS
from cases.unfolding import on_other_axis, with_covariance
from hypothesis import strategies as st

from xprofile import (
    power_law,
    quantity,
    select,
    to_sed_type,
    to_units,
    upper_limits,
    with_reference_model,
    with_threshold,
)
from xprofile.exceptions import InvalidDataError, MissingVariableError
from xprofile.schema.axes import pair_bins

DIM, OTHER = "projected_distance", "projected_distance_2"
picks = st.lists(st.integers(0, 9), min_size=1, max_size=10, unique=True)


@pytest.fixture(scope="module")
def profile():
    return with_covariance()


def consistent(found):
    """Assert that the covariance is symmetric, and has the correlation and bins of the profile."""
    values = found.covariance.values
    sigma = np.sqrt(np.einsum("gii->gi", values))
    scaled = values / sigma[:, :, None] / sigma[:, None, :]
    np.testing.assert_allclose(scaled, found.correlation.values, rtol=1e-12)
    np.testing.assert_array_equal(found[DIM].values, found[OTHER].values)


@pytest.mark.parametrize(
    ("kind", "per_solid_angle"),
    [(kind, per) for kind in KINDS for per in (False, True) if not (per and kind == "likelihood")],
)
def test_sed_types_multiply_by_the_factors_of_both_bins(profile, kind, per_solid_angle):
    found = to_sed_type(profile, kind, per_solid_angle=per_solid_angle)
    name = KINDS[kind][0]
    ratio = (found[f"{name}_err"] / profile.norm_err).transpose("energy", DIM).values
    expected = profile.covariance.values * ratio[:, :, None] * ratio[:, None, :]
    known = np.isfinite(ratio)
    both = known[:, :, None] & known[:, None, :]
    np.testing.assert_allclose(found.covariance.values[both], expected[both], rtol=1e-12)
    unit = u.Unit(found[name].attrs.get("units", ""))
    assert u.Unit(found.covariance.attrs.get("units", "")) == unit**2
    consistent(found)
    back = to_sed_type(found, "likelihood")
    np.testing.assert_allclose(back.covariance, profile.covariance, rtol=1e-12)
    assert "units" not in back.covariance.attrs
    xr.testing.assert_equal(back.correlation, profile.correlation)


@examples(6, 20)(picks, st.sampled_from(["isel", "sel"]))
def test_selections_keep_pairs_of_bins(picked, how):
    profile = with_covariance()
    if how == "sel":
        part = select(profile, projected_distance=profile[DIM].values[picked])
        consistent(part)
    else:
        part = profile.isel({DIM: picked})
        assert part.covariance.shape == (2, len(picked), 10)
    bright = to_sed_type(part, "flux", per_solid_angle=True)
    consistent(bright)
    whole = to_sed_type(profile, "flux", per_solid_angle=True)
    expected = whole.covariance.isel({DIM: picked, OTHER: picked})
    xr.testing.assert_allclose(bright.covariance, expected, rtol=1e-12)


def test_one_bin_keeps_its_variance(profile):
    for part in (profile.isel({DIM: 3}), profile.profile.sel(projected_distance=0.875)):
        bright = to_sed_type(part, "flux", per_solid_angle=True)
        whole = to_sed_type(profile, "flux", per_solid_angle=True)
        assert bright.covariance.dims == ("energy",)
        np.testing.assert_allclose(bright.covariance, whole.covariance[:, 3, 3], rtol=1e-12)


def test_a_selection_by_xarray_alone_keeps_the_labels(profile):
    """A matrix that is not square cannot be taken for a covariance of the bins that are left."""
    part = profile.isel({DIM: [4, 1]})
    xr.testing.assert_equal(part.covariance, profile.covariance.isel({DIM: [4, 1]}))
    paired = pair_bins(part)
    xr.testing.assert_equal(
        paired.covariance, profile.covariance.isel({DIM: [4, 1], OTHER: [4, 1]})
    )


def test_bins_that_cannot_be_matched_are_an_error(profile):
    flux = to_sed_type(profile, "flux")
    with pytest.raises(InvalidDataError, match="1 bins along projected_distance are not along"):
        to_sed_type(flux.isel({OTHER: slice(1, None)}), "flux", per_solid_angle=True)
    with pytest.raises(MissingVariableError, match="no coordinate projected_distance"):
        to_sed_type(flux.isel({DIM: [0]}).drop_vars(DIM), "flux", per_solid_angle=True)
    twice = flux.assign_coords({OTHER: np.where(flux[OTHER] > 1, 1.125, flux[OTHER])})
    with pytest.raises(InvalidDataError, match="repeat"):
        to_sed_type(twice, "flux", per_solid_angle=True)


@pytest.mark.parametrize("axis", ["position_angle", "region"])
def test_other_axes(profile, axis):
    moved = on_other_axis(profile, axis)
    bright = to_sed_type(moved, "flux", per_solid_angle=True)
    assert bright.covariance.dims == ("energy", axis, f"{axis}_2")
    expected = to_sed_type(profile, "flux", per_solid_angle=True).covariance
    np.testing.assert_allclose(bright.covariance, expected, rtol=1e-12)
    part = to_sed_type(moved.isel({axis: [5, 2]}), "eflux", per_solid_angle=True)
    assert part.sizes[f"{axis}_2"] == 2


def test_units_change_in_squares_and_axes_together(profile):
    flux = to_sed_type(profile, "dnde")
    found = to_units(flux, dnde="cm-2 s-1 GeV-1", projected_distance="arcmin")
    assert u.Unit(found.covariance.attrs["units"]) == u.Unit("cm-4 s-2 GeV-2")
    np.testing.assert_allclose(found.covariance, flux.covariance * 1e-6, rtol=1e-12)
    consistent(found)
    assert found[OTHER].attrs["units"] == "arcmin"
    as_flux, straight = to_sed_type(found, "flux"), to_sed_type(profile, "flux")
    np.testing.assert_allclose(as_flux.covariance, straight.covariance, rtol=1e-12)
    other = to_units(flux, eflux="TeV cm-2 s-1")  # the unit of a reference, not of the covariance
    xr.testing.assert_identical(other.covariance, flux.covariance)


def test_other_steps_leave_it_as_it_is(profile):
    flux = to_sed_type(profile, "flux")
    assert upper_limits(flux).dims == (DIM, "energy")
    xr.testing.assert_identical(with_threshold(flux, 3).covariance, flux.covariance)
    softer = with_reference_model(flux, power_law(2.7))
    xr.testing.assert_identical(softer.covariance, flux.covariance)
    assert quantity(profile, "flux_err").shape == (10, 2)
    norms = to_sed_type(softer, "norm")
    ratio = (norms.norm_err / profile.norm_err).isel({DIM: 0}).values
    np.testing.assert_allclose(
        norms.covariance, profile.covariance * (ratio**2)[:, None, None], rtol=1e-12
    )


def test_concatenated_profiles_know_no_covariance_between_them(profile):
    halves = [profile.profile.sel(projected_distance=slice(0, 1)), None]
    halves[1] = profile.profile.sel(projected_distance=slice(1, 3))
    joined = xr.concat(halves, DIM, data_vars="minimal", coords="minimal", join="outer")
    assert joined.covariance.isel({DIM: slice(None, 4), OTHER: slice(4, None)}).isnull().all()
    own = joined.covariance.isel({DIM: slice(4, None), OTHER: slice(4, None)})
    xr.testing.assert_equal(own, halves[1].covariance)
    times = xr.concat([profile, profile], "time")
    bright = to_sed_type(times, "flux", per_solid_angle=True)
    expected = to_sed_type(profile, "flux", per_solid_angle=True).covariance
    xr.testing.assert_allclose(bright.covariance.isel(time=1), expected, rtol=1e-12)


def test_it_is_printed_with_the_profile(profile):
    text = repr(profile.profile)
    assert "covariance of the best fits" in text
    assert "projected_distance_2" in text
