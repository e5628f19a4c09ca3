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
    to_sed_type,
    unfold,
)
from xprofile.exceptions import InvalidDataError, InvalidOptionError, MissingVariableError

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
    for found in (containment(profile).radius, fwhm(profile).fwhm):
        assert found.dims == ("energy",)
    assert np.isnan(containment(profile).radius)


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
