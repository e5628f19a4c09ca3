"""Surface brightness per sr, deg2 or arcmin2."""

from __future__ import annotations

import astropy.units as u
import numpy as np
import pytest
import xarray as xr
from astropy.coordinates import SkyCoord

import xprofile
from xprofile.exceptions import InvalidOptionError


@pytest.fixture(scope="module")
def profile() -> xr.Dataset:
    """Profile of rings, with limits and scans."""
    maps = xprofile.tutorial.open_maps("galactic-center-sim")
    center = SkyCoord(0, 0, unit="deg", frame="galactic")
    rings = xprofile.SkyBins.annuli(center, radius_max=2 * u.deg, nbin=4)
    return maps.profile.estimate(rings, selection_optional=["ul", "scan"], scan_n_sigma=6)


@pytest.mark.parametrize("unit", ["deg2", "arcmin2", u.arcsec**2])
def test_converts_between_units_of_solid_angle(profile, unit):
    """Directly, by `to_units`, and on to another sed type."""
    per_sr = profile.profile.to_sed_type("flux", per_solid_angle=True)
    direct = profile.profile.to_sed_type("flux", per_solid_angle=unit)
    expected = u.Quantity(per_sr.flux.values, per_sr.flux.units).to(
        1 / u.cm**2 / u.s / u.Unit(unit)
    )
    np.testing.assert_allclose(direct.flux, expected.value, rtol=1e-14)
    by_units = per_sr.profile.to_units(flux=direct.flux.units)
    again = direct.profile.to_sed_type("flux", per_solid_angle="sr")
    for name in ("flux", "flux_err", "flux_ul"):
        assert direct[name].units == by_units[name].units != per_sr[name].units
        np.testing.assert_allclose(by_units[name], direct[name], rtol=1e-14)
        np.testing.assert_allclose(again[name], per_sr[name], rtol=1e-14)
    dnde = direct.profile.to_sed_type("dnde", per_solid_angle=True)
    assert u.Unit(dnde.dnde.units) == u.Unit("cm-2 s-1 TeV-1") / u.Unit(unit)
    back = dnde.profile.to_sed_type("norm")
    np.testing.assert_allclose(back.norm, profile.norm, rtol=1e-13)


@pytest.mark.parametrize("unit", ["deg2", True])
def test_quantities_keep_the_solid_angle(profile, unit):
    """Of the sed type that the profile has; others are converted as by `to_sed_type`."""
    bright = profile.profile.to_sed_type("flux", per_solid_angle=unit)
    for name in ("flux", "flux_err", "flux_ul"):
        found = bright.profile.quantity(name)
        assert found.unit == u.Unit(bright[name].units)
        np.testing.assert_array_equal(found.value, bright[name])
    assert bright.profile.quantity("eflux").unit == u.Unit("erg cm-2 s-1")
    expected = profile.norm * profile.ref_eflux
    np.testing.assert_allclose(bright.profile.quantity("eflux").value, expected, rtol=1e-13)


def test_solid_angles_may_have_another_unit(profile):
    """As where somebody assigns them, in deg2."""
    angle = profile.solid_angle
    in_deg2 = (angle * (180 / np.pi) ** 2).assign_attrs(angle.attrs | {"units": "deg2"})
    found = profile.assign(solid_angle=in_deg2).profile.to_sed_type("flux", per_solid_angle=True)
    flux = profile.profile.to_sed_type("flux").flux
    np.testing.assert_allclose(found.flux, flux / angle, rtol=1e-14)


def test_limits_and_sums_keep_the_unit(profile):
    """What is computed by way of norms comes back in the unit of the profile."""
    bright = profile.profile.to_sed_type("eflux", per_solid_angle="deg2")
    higher = bright.profile.recompute_ul(n_sigma_ul=2.5)
    assert higher.eflux_ul.units == bright.eflux.units == "erg cm-2 s-1 deg-2"
    merged = xprofile.merge_profiles([bright, bright])
    assert merged.eflux.units == bright.eflux.units
    np.testing.assert_allclose(merged.eflux, bright.eflux, rtol=1e-6)


@pytest.mark.parametrize("unit", ["deg", "cm2", 3, None, "no unit"])
def test_refuses_what_is_not_a_solid_angle(profile, unit):
    """Before anything is converted."""
    with pytest.raises(InvalidOptionError, match="unit of solid angle"):
        profile.profile.to_sed_type("flux", per_solid_angle=unit)
