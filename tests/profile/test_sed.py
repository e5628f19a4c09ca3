"""Sed types: conversions and units."""

import astropy.units as u
import numpy as np
import pytest
import xarray as xr
from astropy.coordinates import SkyCoord
from cases.maps import make_maps

from xprofile import SkyBins, bin_maps, check_profile, estimate, to_sed_type
from xprofile.exceptions import InvalidOptionError, MissingVariableError
from xprofile.profile.sed import is_brightness, quantity
from xprofile.schema.variables import SED_TYPES

TYPES = [name for name in SED_TYPES if name != "norm"]
SUFFIXES = ["", "_err", "_errn", "_errp", "_ul"]


@pytest.fixture(scope="module")
def profile():
    ends = SkyCoord([3, -3] * u.deg, [0, 0] * u.deg, frame="galactic")
    bins = SkyBins.along_line(*ends, height=2 * u.deg, nbin=5)
    edges = [10, 100, 1000] * u.GeV
    return estimate(bin_maps(make_maps(), bins), energy_edges=edges, selection_optional="all")


@pytest.mark.parametrize("sed_type", TYPES)
def test_values_are_norm_times_reference(profile, sed_type):
    converted = to_sed_type(profile, sed_type)
    for suffix in SUFFIXES:
        expected = profile[f"norm{suffix}"] * profile[f"ref_{sed_type}"]
        np.testing.assert_array_equal(converted[sed_type + suffix], expected)
        assert converted[sed_type + suffix].attrs["units"] == SED_TYPES[sed_type].unit
        assert f"norm{suffix}" not in converted
    assert converted.attrs["sed_type"] == sed_type
    check_profile(converted)


@pytest.mark.parametrize("first", TYPES)
@pytest.mark.parametrize("second", TYPES)
@pytest.mark.parametrize("per_solid_angle", [False, True])
def test_there_and_back(profile, first, second, per_solid_angle):
    there = to_sed_type(profile, first, per_solid_angle=per_solid_angle)
    back = to_sed_type(to_sed_type(there, second), "likelihood")
    for suffix in SUFFIXES:
        np.testing.assert_allclose(back[f"norm{suffix}"], profile[f"norm{suffix}"], rtol=1e-14)
    assert back.attrs == profile.attrs
    assert set(back.variables) == set(profile.variables)


def test_same_type_is_the_same(profile):
    xr.testing.assert_identical(to_sed_type(profile, "likelihood"), profile)
    dnde = to_sed_type(profile, "dnde")
    xr.testing.assert_identical(to_sed_type(dnde, "dnde"), dnde)


def test_surface_brightness(profile):
    flux, bright = (to_sed_type(profile, "flux", per_solid_angle=on) for on in (False, True))
    np.testing.assert_allclose(bright.flux, flux.flux / profile.solid_angle, rtol=1e-15)
    assert bright.flux.attrs["units"] == "cm-2 s-1 sr-1"
    assert bright.flux.dims == profile.norm.dims
    assert is_brightness(bright)
    assert not is_brightness(flux)
    assert not is_brightness(profile)


@pytest.mark.parametrize(
    ("name", "option"),
    [("flux_ul", "ul"), ("norm_errp", "errn-errp"), ("dnde_ul_expected", "ul-expected")],
)
def test_a_missing_optional_quantity_names_its_option(profile, name, option):
    bare = profile.drop_vars([n for n in profile if n.startswith(("norm_ul", "norm_err"))])
    with pytest.raises(MissingVariableError, match=rf'selection_optional=\["{option}"\], or'):
        quantity(bare, name)


def test_quantity_has_a_unit(profile):
    limit = quantity(profile, "eflux_ul")
    np.testing.assert_allclose(
        limit.to_value("erg cm-2 s-1"), profile.norm_ul * profile.ref_eflux, rtol=1e-14
    )
    assert quantity(profile, "sqrt_ts").unit == u.dimensionless_unscaled


def test_errors(profile):
    with pytest.raises(InvalidOptionError, match=r"fluxx.*eflux"):
        to_sed_type(profile, "fluxx")
    with pytest.raises(InvalidOptionError, match="surface brightness"):
        to_sed_type(profile, "norm", per_solid_angle=True)
    with pytest.raises(MissingVariableError, match="ref_dnde"):
        to_sed_type(profile.drop_vars("ref_dnde"), "dnde")
    bright = to_sed_type(profile, "flux", per_solid_angle=True)
    for one, per_solid_angle in ((profile, True), (bright, False)):
        with pytest.raises(MissingVariableError, match="no solid_angle"):
            to_sed_type(one.drop_vars("solid_angle"), "flux", per_solid_angle=per_solid_angle)
    with pytest.raises(MissingVariableError, match="sensitivity"):
        quantity(profile.drop_vars("norm_sensitivity"), "dnde_sensitivity")
    with pytest.raises(MissingVariableError, match="not a profile"):
        to_sed_type(profile.drop_vars("norm"), "dnde")
