"""Radii, widths and curves of growth of profiles in annuli."""

import astropy.units as u
import numpy as np
import pytest
from astropy.coordinates import SkyCoord
from cases.maps import make_maps
from cases.psf_maps import spread_maps

from xprofile import (
    SkyBins,
    bin_maps,
    containment,
    curve_of_growth,
    estimate,
    fwhm,
    half_light,
    normalize,
    to_sed_type,
    to_units,
    unfold,
)
from xprofile.exceptions import (
    DataWarning,
    InvalidDataError,
    InvalidOptionError,
    MissingVariableError,
)
from xprofile.schema.variables import STATUS_FLAGS

CENTER = SkyCoord(0, 0, unit="deg", frame="galactic")
SIGMA = 0.25


def profile_of(edges, norm, err=0.1):
    """Make a profile in annuli with given norms."""
    rings = SkyBins.annuli(CENTER, edges=edges * u.deg)
    profile = estimate(bin_maps(make_maps(), rings))
    like = profile.norm
    return profile.assign(
        norm=(like.dims, np.asarray(norm)[:, None], like.attrs),
        norm_err=(like.dims, np.full((len(norm), 1), err), profile.norm_err.attrs),
        solid_angle=("projected_distance", rings.solid_angle.value, profile.solid_angle.attrs),
    )


@pytest.fixture(scope="module")
def gauss():
    edges = np.linspace(0, 1.2, 49)
    within = 1 - np.exp(-((edges / SIGMA) ** 2) / 2)
    return profile_of(edges, 100 * np.diff(within))


@pytest.mark.parametrize("fraction", [0.2, 0.5, 0.68, 0.95])
def test_a_gauss_function(gauss, fraction):
    expected = SIGMA * np.sqrt(-2 * np.log(1 - fraction))
    np.testing.assert_allclose(containment(gauss, fraction).radius, expected, rtol=2e-3)


@pytest.mark.parametrize(("fraction", "accuracy"), [(0.3, 3e-3), (0.5, 5e-3), (0.68, 0.012)])
def test_bins_nearly_as_wide_as_the_source(fraction, accuracy):
    edges = 0.8 * SIGMA * np.arange(7)
    wide = profile_of(edges, 100 * np.diff(1 - np.exp(-((edges / SIGMA) ** 2) / 2)))
    expected = SIGMA * np.sqrt(-2 * np.log(1 - fraction))
    np.testing.assert_allclose(containment(wide, fraction).radius, expected, rtol=accuracy)


def test_half_light_and_width(gauss):
    np.testing.assert_allclose(half_light(gauss).radius, 1.17741 * SIGMA, rtol=2e-3)
    np.testing.assert_allclose(fwhm(gauss).fwhm, 2.354820 * SIGMA, rtol=5e-3)


def test_sed_types_and_brightness_change_nothing(gauss):
    wanted = [f(gauss)[n].item() for f, n in ((containment, "radius_err"), (fwhm, "fwhm_err"))]
    for per_solid_angle in (False, True):
        flux = to_sed_type(gauss, "flux", per_solid_angle=per_solid_angle)
        found = [containment(flux).radius_err.item(), fwhm(flux).fwhm_err.item()]
        np.testing.assert_allclose(found, wanted, rtol=1e-10)
        growth = curve_of_growth(flux)
        assert growth.growth.attrs["units"] == "cm-2 s-1"
        np.testing.assert_allclose(growth.share, curve_of_growth(gauss).share, rtol=1e-10)
        relative = normalize(flux)
        found = [containment(relative).radius_err.item(), fwhm(relative).fwhm_err.item()]
        np.testing.assert_allclose(found, wanted, rtol=1e-10)


@pytest.mark.parametrize("unit", ["cm-2 s-1 deg-2", "cm-2 s-1 arcmin-2", "m-2 s-1 sr-1"])
def test_growth_of_a_brightness_is_a_flux_in_any_unit(gauss, unit):
    """The unit of its solid angle is multiplied away, also of the covariance."""
    expected = curve_of_growth(to_sed_type(gauss, "flux"))
    bright = to_units(to_sed_type(gauss, "flux", per_solid_angle=True), flux=unit)
    found = curve_of_growth(bright)
    for name, plain in (("growth", "cm-2 s-1"), ("growth_err", "cm-2 s-1")):
        factor = u.Unit(found[name].units).to(plain)
        np.testing.assert_allclose(factor * found[name], expected[name], rtol=1e-10)
    factor = u.Unit(found.covariance.units).to("cm-4 s-2")
    np.testing.assert_allclose(factor * found.covariance, expected.covariance, rtol=1e-10)
    relative = normalize(to_sed_type(normalize(bright), "norm"))  # is still a brightness
    np.testing.assert_allclose(curve_of_growth(relative).share, expected.share, rtol=1e-10)
    np.testing.assert_allclose(containment(relative).radius, containment(gauss).radius, rtol=1e-10)


def test_errors_are_those_of_toys():
    edges, rng = np.linspace(0, 1.0, 21), np.random.default_rng(1)
    norm = 100 * np.diff(1 - np.exp(-((edges / SIGMA) ** 2) / 2))
    profile = profile_of(edges, norm, err=0.03)
    names = {"containment": "radius", "half_light": "radius", "fwhm": "fwhm"}
    functions = {"containment": containment, "half_light": half_light, "fwhm": fwhm}
    toys = profile.norm.to_numpy()[None] + 0.03 * rng.standard_normal((800, *profile.norm.shape))
    many = profile.drop_vars("norm_err").assign(norm=(("toy", *profile.norm.dims), toys))
    for name, function in functions.items():
        error = function(profile)[f"{names[name]}_err"].item()
        scatter = function(many)[names[name]].std("toy").item()
        np.testing.assert_allclose(scatter, error, rtol=0.1, err_msg=name)
    share = curve_of_growth(many).share.std("toy").isel(energy=0)
    np.testing.assert_allclose(
        share[:-1], curve_of_growth(profile).share_err.isel(energy=0)[:-1], rtol=0.12
    )


def test_the_covariance_counts():
    maps = spread_maps(used=1.0)
    rings = SkyBins.annuli(CENTER, edges=[0, 0.3, 0.6, 0.9] * u.deg)
    profile = unfold(bin_maps(maps, rings, psf=True))
    growth = curve_of_growth(profile)
    matrix = profile.covariance.isel(energy=0).to_numpy()
    expected = [np.sqrt(matrix[:n, :n].sum()) for n in (1, 2, 3)]
    np.testing.assert_allclose(growth.growth_err.isel(energy=0), expected, rtol=1e-10)
    apart = curve_of_growth(profile.drop_vars(["covariance", "correlation"]))
    assert growth.growth_err[-1].item() < apart.growth_err[-1].item()


def test_no_flux_has_no_radius():
    profile = profile_of(np.array([0, 0.2, 0.4]), [1.0, -2.0])
    with pytest.warns(DataWarning, match="is that of the bins"):
        width = fwhm(profile).fwhm
    for found in (containment(profile).radius, width):
        assert found.dims == ("energy",)
    assert np.isnan(containment(profile).radius)
    assert containment(profile).status.item() == STATUS_FLAGS["not_determined"]


def test_one_ring_tells_no_radius():
    profile = profile_of(np.array([0, 0.3]), [4.0])
    for function in (containment, half_light, fwhm):
        with pytest.raises(InvalidDataError, match="2 rings or more"):
            function(profile)
    assert curve_of_growth(profile).growth.item() == 4
    ends = SkyCoord([0.5, -0.5] * u.deg, [0, 0] * u.deg, frame="galactic")
    box = SkyBins.along_line(*ends, height=0.4 * u.deg, nbin=1)
    with pytest.raises(InvalidDataError, match="radii need annuli, but the bin is"):
        curve_of_growth(estimate(bin_maps(make_maps(), box)))


def test_holes_and_bins_without_counts_warn():
    with pytest.warns(DataWarning, match="the bins begin at 0.1 deg"):
        containment(profile_of(np.array([0.1, 0.2, 0.4]), [3.0, 2.0]))
    profile = profile_of(np.array([0, 0.2, 0.4]), [3.0, 2.0])
    flag = STATUS_FLAGS["best_fit_at_boundary"]
    status = profile.status.copy(data=np.array([[0], [flag]], profile.status.dtype))
    with pytest.warns(DataWarning, match="1 of 2 bins have their best fit at an end"):
        containment(profile.assign(status=status))


@pytest.mark.parametrize(("width", "warns"), [(0.2, False), (0.24, True)])
def test_bins_too_wide_for_a_width(recwarn, width, warns):
    edges = np.arange(0, 1.5, width)
    profile = profile_of(edges, 100 * np.diff(1 - np.exp(-((edges / SIGMA) ** 2) / 2)))
    found = fwhm(profile).fwhm.item() / (2.354820 * SIGMA)
    assert any("is that of the bins" in str(one.message) for one in recwarn) is warns
    assert found > 1.13 if warns else found < 1.14


def test_results_are_not_profiles(gauss):
    assert "sed_type" not in containment(gauss).attrs
    assert containment(gauss).attrs["history"].endswith("containment 0.68")
    np.testing.assert_array_equal(gauss.profile.containment(0.5).radius, half_light(gauss).radius)


@pytest.mark.parametrize("fraction", [0.0, 1.0, -1.0])
def test_impossible_shares(gauss, fraction):
    with pytest.raises(InvalidOptionError, match="fraction"):
        containment(gauss, fraction)


def test_bins_that_are_not_rings(gauss):
    ends = SkyCoord([0.5, -0.5] * u.deg, [0, 0] * u.deg, frame="galactic")
    line = SkyBins.along_line(*ends, height=0.4 * u.deg, nbin=4)
    with pytest.raises(InvalidDataError, match="annuli round one centre"):
        containment(estimate(bin_maps(make_maps(), line)))
    with pytest.raises(InvalidDataError, match="gaps"):
        fwhm(gauss.isel(projected_distance=[0, 1, 4]))
    sectors = SkyBins.sectors(CENTER, radius_max=0.5 * u.deg, nbin=4)
    with pytest.raises(MissingVariableError, match="position_angle"):
        curve_of_growth(estimate(bin_maps(make_maps(), sectors)))
