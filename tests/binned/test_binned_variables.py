"""Coverage, mean exposure and solid angle of bins that are masked or beyond the map in part."""

import astropy.units as u
import numpy as np
import pytest
from cases.bins import galactic, rings
from cases.maps import make_maps, make_wcs, uneven_maps
from cases.pixel_loops import bin_by_loops

from xprofile import SkyBins, bin_maps
from xprofile.exceptions import DataWarning
from xprofile.schema.variables import MAPS, data_array


def mask_half(maps):
    return maps.assign(mask=maps["mask"] & (maps["x"] < 40))


def cut_half_off(maps):
    return maps.isel(lon=slice(0, 40))


@pytest.mark.parametrize("lose", [mask_half, cut_half_off])
@pytest.mark.parametrize("planar", [False, True])
@pytest.mark.parametrize(
    "wcs",
    [make_wcs(), make_wcs("TAN", (83.6, 22)), make_wcs(center=(30, 60))],
    ids=["CAR", "TAN", "oblique CAR"],
)
def test_coverage_of_bins_that_are_used_by_half(wcs, planar, lose):
    maps = make_maps(wcs)
    center = wcs.pixel_to_world(39.5, 29.5)
    bins = SkyBins.annuli(center, edges=[0, 1.04, 2.23] * u.deg, planar=planar)
    whole, half = bin_maps(maps, bins), bin_maps(lose(maps), bins)
    np.testing.assert_allclose(whole["coverage"], 1, rtol=1e-12)
    np.testing.assert_allclose(half["coverage"], 0.5, rtol=1e-9)
    np.testing.assert_allclose(half["exposure"], 0.5e12, rtol=1e-9)
    np.testing.assert_allclose(half["background"], whole["background"] / 2, rtol=1e-12)
    np.testing.assert_allclose(half["solid_angle"], whole["solid_angle"], rtol=1e-9)


def masked(maps, *keep):
    """Mask each energy by a condition on x; None masks all pixels."""
    x = maps["x"].to_numpy()
    planes = [np.broadcast_to(condition(x) if condition else False, (60, 80)) for condition in keep]
    return maps.assign(mask=data_array("mask", np.stack(planes), MAPS))


def left(x):
    return x < 40


def most(x):
    return x < 44


def not_column_1(x):
    return x != 1


def everything(x):
    return x >= 0


@pytest.mark.parametrize(
    ("keep", "differ"),
    [
        ((left, left, left, left), False),
        ((left, None, left, None), False),
        ((None, None, None, None), False),
        ((None, None, None, left), False),
        ((everything, not_column_1, everything, not_column_1), False),
        ((left, most, left, most), True),
        ((left, None, most, None), True),
        ((None, everything, most, left), True),
    ],
)
def test_exposure_depends_on_energy_only_if_masks_differ(keep, differ):
    maps = masked(uneven_maps(), *keep)
    binned = bin_maps(maps, rings())
    expected = bin_by_loops(maps, rings())
    exposure = binned["exposure"]
    assert exposure.dims == ("energy_true", "projected_distance", "energy")[: 3 if differ else 2]
    used = [k for k, condition in enumerate(keep) if condition]
    for k in used:
        mean = exposure.isel(energy=k) if differ else exposure
        np.testing.assert_allclose(mean, expected["exposure"][..., k], rtol=1e-12)
    assert used or not exposure.any()
    for name in ("counts", "background", "coverage"):
        np.testing.assert_allclose(binned[name], expected[name], rtol=1e-12, err_msg=name)


@pytest.mark.parametrize("differ", [False, True])
def test_a_wholly_masked_energy(differ):
    maps = masked(make_maps(), left, None, most if differ else left, left)
    binned = bin_maps(maps, rings())
    for name in ("counts", "background", "coverage"):
        assert not binned[name][1].any()
        assert binned[name][[0, 2, 3]].all()
    if differ:
        assert not binned["exposure"].isel(energy=1).any()


@pytest.mark.parametrize(
    ("wcs", "center"),
    [
        (make_wcs(step=4.5), (180.3, 7)),
        (make_wcs(step=4.5), (12, 89)),
        (make_wcs("AIT", step=4.5), (180.3, 7)),
        (make_wcs("AIT", step=4.5), (180, -85)),
        (make_wcs("MOL", step=4.5), (179, 60)),
        (make_wcs("CAR", (77, 35), step=4.5), (257, -35)),
    ],
)
def test_no_bin_extends_beyond_an_all_sky_map(wcs, center):
    binned = bin_maps(make_maps(wcs), rings(50, center=galactic(*center)))
    np.testing.assert_allclose(binned["coverage"], 1, rtol=1e-12)
    true = 2 * np.pi * -np.diff(np.cos(np.radians(np.linspace(0, 50, 4))))
    np.testing.assert_allclose(binned["solid_angle"], true, rtol=0.1)


@pytest.mark.parametrize("planar", [False, True])
def test_bins_beyond_the_map_are_empty_but_have_a_solid_angle(planar):
    bins = SkyBins.annuli(galactic(20, 0), edges=[0, 1, 2, 18] * u.deg, planar=planar)
    with pytest.warns(DataWarning, match="2 of 3 bins are off the map"):
        binned = bin_maps(make_maps(), bins)
    assert binned["n_pixels"][2] > 0
    binned = binned.isel(projected_distance=slice(0, 2))
    np.testing.assert_array_equal(binned["n_pixels"], 0)
    np.testing.assert_array_equal(binned["coverage"], 0)
    np.testing.assert_array_equal(binned["counts"], 0)
    np.testing.assert_array_equal(binned["background"], 0)
    np.testing.assert_array_equal(binned["exposure"], 0)
    np.testing.assert_allclose(
        binned["solid_angle"], np.pi * np.radians([1, 3**0.5]) ** 2, rtol=0.03
    )
    assert binned["exposure"].dims == ("energy_true", "projected_distance")


def test_bins_smaller_than_a_pixel_have_one_pixel_or_none():
    maps = make_maps()

    def binned(lon, lat):
        return bin_maps(maps, SkyBins.annuli(galactic(lon, lat), edges=[0, 0.01] * u.deg))

    with pytest.warns(DataWarning, match="no bin holds the centre of a pixel"):
        empty = binned(0, 0)
    one = binned(0.05, 0.05)
    assert empty["solid_angle"].item() == 0
    np.testing.assert_array_equal(empty["coverage"], 0)
    np.testing.assert_array_equal(empty["exposure"], 0)
    np.testing.assert_array_equal(one["coverage"], 1)
    np.testing.assert_array_equal(one["counts"][:, 0], maps["counts"][:, 30, 39])


@pytest.mark.parametrize("radius", [0.7, 2.2])
def test_solid_angle_is_close_to_the_true_area(radius):
    for wcs in (make_wcs(), make_wcs("TAN", (83.6, 22)), make_wcs(center=(30, 60))):
        center = wcs.pixel_to_world(39.7, 29.2)
        binned = bin_maps(make_maps(wcs), SkyBins.annuli(center, edges=[0, radius] * u.deg))
        true = 2 * np.pi * (1 - np.cos(np.radians(radius)))
        np.testing.assert_allclose(binned["solid_angle"], true, rtol=0.1 / radius)
