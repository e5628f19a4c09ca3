"""Smoothed maps: sums, widths on the sky, gaps, and what is refused."""

from time import perf_counter

import astropy.units as u
import numpy as np
import pytest
import xarray as xr
from astropy.coordinates import SkyCoord
from cases.maps import make_maps, make_wcs
from hypothesis import given, settings
from hypothesis import strategies as st

from xprofile.exceptions import InvalidOptionError, MissingVariableError
from xprofile.maps.positions import skycoord
from xprofile.maps.smoothing import smooth

KERNELS = ("gauss", "disk", "box")

every_kernel = pytest.mark.parametrize("kernel", KERNELS)


def point(step=0.1, projection="CAR", at=(30, 40)):
    """Make an image of 100 counts in one pixel."""
    image = make_maps(make_wcs(projection, step=step))["counts"].isel(energy=0) * 0
    image[at] = 100
    return image


def gaussian_weights(image, at, width):
    """Kernel by the pixels' true distances."""
    sky = skycoord(image)
    distance = sky[at].separation(sky).deg
    weights = np.exp(-(distance**2) / (2 * width**2))
    return weights / weights.sum()


@every_kernel
@pytest.mark.parametrize("width", [0.01, 0.1, 0.25, 0.5])
def test_sums_are_kept_away_from_the_border(kernel, width):
    smoothed = smooth(point(), width * u.deg, kernel=kernel)
    np.testing.assert_allclose(smoothed.sum(), 100, rtol=1e-9)
    assert smoothed.min() > -1e-12


@every_kernel
def test_what_spreads_over_the_border_is_lost(kernel):
    smoothed = smooth(point(at=(30, 0)), 0.5 * u.deg, kernel=kernel)
    assert 50 < smoothed.sum() < 65
    assert not smoothed[:, 50:].any()


@pytest.mark.parametrize("projection", ["CAR", "TAN"])
@pytest.mark.parametrize(("step", "width"), [(0.1, 0.4), (0.05, 0.15), (0.5, 1.5)])
def test_gaussians_are_as_wide_on_the_sky(projection, step, width):
    image = point(step, projection)
    smoothed = smooth(image, width * u.deg)
    expected = 100 * gaussian_weights(image, (30, 40), width)
    np.testing.assert_allclose(smoothed, expected, rtol=0, atol=5e-3 * expected.max())


def test_gaussians_are_round_on_the_sky_where_pixels_are_oblong():
    wcs = make_wcs("TAN")
    wcs.wcs.cdelt = [-0.05, 0.1]
    image = make_maps(wcs)["counts"].isel(energy=0) * 0
    image[30, 40] = 100
    expected = 100 * gaussian_weights(image, (30, 40), 0.3)
    smoothed = smooth(image, 0.3 * u.deg)
    np.testing.assert_allclose(smoothed, expected, rtol=0, atol=5e-3 * expected.max())


@pytest.mark.parametrize("unit", [u.arcmin, u.arcsec, u.rad])
def test_any_unit_of_angle(unit):
    width = 0.25 * u.deg
    xr.testing.assert_allclose(smooth(point(), width.to(unit)), smooth(point(), width), rtol=1e-9)


def test_disks_hold_the_pixels_within_the_radius():
    smoothed = smooth(point(), 0.47 * u.deg, kernel="disk")
    y, x = np.mgrid[:60, :80]
    inside = np.hypot(x - 40, y - 30) <= 4.7
    np.testing.assert_allclose(smoothed, np.where(inside, 100 / inside.sum(), 0), atol=1e-12)


def test_boxes_hold_the_pixels_within_the_half_side():
    smoothed = smooth(point(), 0.36 * u.deg, kernel="box")
    y, x = np.mgrid[:60, :80]
    inside = (np.abs(x - 40) <= 3.6) & (np.abs(y - 30) <= 3.6)
    np.testing.assert_allclose(smoothed, np.where(inside, 100 / 49, 0), atol=1e-12)


@pytest.mark.parametrize("kernel", ["disk", "box"])
@pytest.mark.parametrize("pixels", [1, 2, 3, 6, 7])
def test_whole_pixels_reach_as_many_neighbours(kernel, pixels):
    smoothed = smooth(point(), 0.1 * pixels * u.deg, kernel=kernel)
    across, along = (
        np.count_nonzero(smoothed > 1e-12, axis=0),
        np.count_nonzero(smoothed > 1e-12, axis=1),
    )
    assert across[40] == along[30] == 2 * pixels + 1


@every_kernel
def test_gaps_stay_and_count_as_zero(kernel):
    counts = make_maps()["counts"].astype(float)
    gap = (counts["x"] > 20) & (counts["x"] < 33) & (counts["y"] < 31)
    smoothed = smooth(counts.where(~gap), 0.3 * u.deg, kernel=kernel)
    filled = smooth(counts.where(~gap, 0), 0.3 * u.deg, kernel=kernel)
    xr.testing.assert_equal(smoothed, filled.where(~gap))
    assert smoothed.isnull().sum() == 4 * gap.sum()


@every_kernel
def test_each_plane_is_smoothed_alone(kernel):
    counts = make_maps()["counts"]
    smoothed = smooth(counts, 0.2 * u.deg, kernel=kernel)
    for plane, expected in zip(counts, smoothed, strict=True):
        xr.testing.assert_allclose(smooth(plane, 0.2 * u.deg, kernel=kernel), expected, rtol=1e-12)


@every_kernel
def test_dims_coordinates_and_attrs_are_kept(kernel):
    counts = make_maps()["counts"].transpose("lon", "energy", "lat").assign_attrs(of="the sky")
    smoothed = smooth(counts, 0.2 * u.deg, kernel=kernel)
    assert smoothed.dims == counts.dims
    assert smoothed.dtype == float
    assert smoothed.attrs == counts.attrs
    assert smoothed.name == "counts"
    xr.testing.assert_identical(smoothed.coords.to_dataset(), counts.coords.to_dataset())
    straight = smooth(make_maps()["counts"], 0.2 * u.deg, kernel=kernel)
    np.testing.assert_array_equal(smoothed.transpose("energy", "lat", "lon"), straight)


@every_kernel
def test_reversed_maps_are_smoothed_alike(kernel):
    counts = make_maps()["counts"]
    turned = {"lon": slice(None, None, -1), "lat": slice(None, None, -1)}
    xr.testing.assert_allclose(
        smooth(counts.isel(turned), 0.25 * u.deg, kernel=kernel),
        smooth(counts, 0.25 * u.deg, kernel=kernel).isel(turned),
        rtol=1e-12,
    )


@every_kernel
def test_inputs_are_left_alone(kernel):
    counts = make_maps()["counts"].astype(float)
    counts[0, 3, 4] = np.nan
    before = counts.copy(deep=True)
    smooth(counts, 0.3 * u.deg, kernel=kernel)
    xr.testing.assert_identical(counts, before)


@pytest.mark.slow
@settings(max_examples=15, deadline=None, derandomize=True)
@given(
    st.sampled_from(KERNELS), st.floats(0.05, 0.6), st.floats(0.1, 10), st.integers(0, 2**32 - 1)
)
def test_smoothing_is_linear(kernel, width, factor, seed):
    one, other = (make_maps(seed=s)["counts"] for s in (seed, 1))
    together = smooth(one * factor + other, width * u.deg, kernel=kernel)
    apart = smooth(one, width * u.deg, kernel=kernel) * factor
    apart = apart + smooth(other, width * u.deg, kernel=kernel)
    np.testing.assert_allclose(together, apart, rtol=1e-9, atol=1e-12)


NO_WIDTHS = [
    *(value * u.deg for value in (0, -0.1, np.nan, np.inf, [0.1, 0.2])),
    *(0.1, 0.1 * u.m, "wide", None),
]


@pytest.mark.parametrize("width", NO_WIDTHS, ids=repr)
@every_kernel
def test_widths_that_are_none_are_refused(width, kernel):
    with pytest.raises(InvalidOptionError, match="width"):
        smooth(point(), width, kernel=kernel)


@pytest.mark.parametrize("kernel", ["Gauss", "tophat", "", None])
def test_unknown_kernels_are_refused(kernel):
    with pytest.raises(InvalidOptionError, match="kernel must be 'gauss', 'disk' or 'box', found"):
        smooth(point(), 0.1 * u.deg, kernel=kernel)


def test_maps_without_a_place_are_refused():
    with pytest.raises(MissingVariableError, match="wcs"):
        smooth(point().drop_vars("wcs"), 0.1 * u.deg)


def test_a_smoothed_source_keeps_its_place():
    image = point(projection="TAN")
    smoothed = smooth(image, 0.3 * u.deg)
    sky = skycoord(smoothed)
    mean = SkyCoord((sky.cartesian * smoothed.to_numpy()).sum(), frame=sky.frame)
    assert mean.separation(skycoord(image)[30, 40]) < 1e-3 * u.deg


@every_kernel
def test_masked_pixels_lend_and_take_nothing(kernel):
    """A constant map stays one up to the mask, and what is masked may be anything."""
    image = point() * 0 + 3.0
    mask = image.copy(data=np.ones(image.shape, bool))
    mask[:, 35:45] = False
    image = image.where(mask, 1e6)
    smoothed = smooth(image, 0.3 * u.deg, kernel=kernel, mask=mask)
    np.testing.assert_allclose(smoothed.where(mask, 3.0), 3.0, rtol=1e-12)
    np.testing.assert_array_equal(smoothed.isnull(), ~mask)


def test_mask_of_all_pixels_only_mends_the_border():
    image = make_maps()["counts"].isel(energy=0).astype(float)
    everything = image.copy(data=np.ones(image.shape, bool))
    plain = smooth(image, 0.1 * u.deg)
    masked = smooth(image, 0.1 * u.deg, mask=everything)
    np.testing.assert_allclose(masked[10:-10, 10:-10], plain[10:-10, 10:-10], rtol=1e-9)
    assert masked[0, 0] > plain[0, 0]


@every_kernel
def test_wide_kernels_take_no_time(kernel):
    image = point(step=0.2)[20:40, 30:50]
    start = perf_counter()
    wide = smooth(image, 180 * u.deg, kernel=kernel)
    assert perf_counter() - start < 2
    assert wide.sum() < image.sum()
    with pytest.raises(InvalidOptionError, match="width must be positive and up to 180 deg"):
        smooth(image, 181 * u.deg, kernel=kernel)
