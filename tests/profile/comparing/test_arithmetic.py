"""Ratios, differences and normalised profiles, with their errors."""

from __future__ import annotations

import astropy.units as u
import numpy as np
import pytest
import xarray as xr
from astropy.coordinates import SkyCoord

import xprofile
from xprofile.exceptions import InvalidDataError, InvalidOptionError

OPTIONS = {"selection_optional": ["errn-errp", "ul"]}


@pytest.fixture(scope="module")
def binned() -> xr.Dataset:
    """Binned data of four rings."""
    maps = xprofile.tutorial.open_maps("galactic-center-sim")
    center = SkyCoord(0, 0, unit="deg", frame="galactic")
    return maps.profile.bin(xprofile.SkyBins.annuli(center, radius_max=2 * u.deg, nbin=4))


@pytest.fixture(scope="module")
def profile(binned) -> xr.Dataset:
    """Profile in two energy bins."""
    edges = [0.01, 0.1, 2] * u.TeV
    return binned.profile.estimate(energy_edges=edges, **OPTIONS)


@pytest.fixture(scope="module")
def other(binned) -> xr.Dataset:
    """Profile of all energies, with errors of 2 sigma."""
    return binned.profile.estimate(n_sigma=2, **OPTIONS)


@pytest.mark.parametrize(
    ("to", "expected"),
    [
        ("peak", lambda v: v.max("projected_distance")),
        ("sum", lambda v: v.sum("projected_distance")),
        ("mean", lambda v: v.mean("projected_distance")),
        (0, lambda v: v[0]),
        (30 * u.arcmin, lambda v: v[1]),
    ],
)
def test_normalize_divides_values_errors_and_limits(profile, to, expected):
    """By what was asked for, at each energy; a bin contains its lower edge."""
    flux = profile.profile.to_sed_type("flux", per_solid_angle=True)
    flux = flux.assign(flux=abs(flux.flux))
    scale = expected(flux.flux)
    found = flux.profile.normalize(to)
    for end in ("", "_err", "_errn", "_errp", "_ul"):
        np.testing.assert_allclose(found[f"norm{end}"], flux[f"flux{end}"] / scale, rtol=1e-14)
        assert "units" not in found[f"norm{end}"].attrs
    for name in ("projected_distance_min", "energy_max", "counts", "sqrt_ts"):
        xr.testing.assert_identical(found[name], flux[name])
    assert not [name for name in found if name.startswith(("ref_", "flux"))]
    assert found.attrs["cl_ul"] == flux.attrs["cl_ul"]


def test_ratio_of_two_profiles(profile, other):
    """Errors add in quadrature, those of the divisor from its other side, scaled to one sigma."""
    a = profile.profile.to_sed_type("flux")
    b = other.profile.to_sed_type("flux").isel(energy=0)
    found = a.profile.divide(other)
    ratio = a.flux / b.flux
    np.testing.assert_allclose(found.norm, ratio, rtol=1e-14)
    for up, down in (("_errp", "_errn"), ("_errn", "_errp"), ("_err", "_err")):
        relative = (a[f"flux{up}"] / a.flux) ** 2 + (b[f"flux{down}"] / 2 / b.flux) ** 2
        np.testing.assert_allclose(found[f"norm{up}"], abs(ratio) * relative**0.5, rtol=1e-13)
    assert found.norm.dims == profile.norm.dims
    xr.testing.assert_identical(found.projected_distance_max, profile.projected_distance_max)
    assert found.attrs["n_sigma"] == 1
    assert found.attrs["history"].endswith("divide")


def test_ratio_to_an_array_has_its_unit(profile):
    """Such as flux per column density; 0 gives NaN."""
    a = profile.profile.to_sed_type("flux", per_solid_angle=True)
    gas = xr.DataArray([2.0, 4.0, 0.0, 1.0], a.projected_distance.coords, attrs={"units": "cm-2"})
    found = a.profile.divide(gas)
    assert u.Unit(found.norm.units) == u.Unit("s-1 sr-1")
    np.testing.assert_allclose(found.norm[:2], a.flux[:2] / gas[:2], rtol=1e-14)
    np.testing.assert_allclose(found.norm_err[:2], a.flux_err[:2] / gas[:2], rtol=1e-14)
    assert np.isnan(found.norm[2]).all()


def test_difference_of_two_profiles(profile):
    """In the sed type and unit of the first; it converts on."""
    a = profile.profile.to_sed_type("eflux").profile.to_units(eflux="GeV cm-2 s-1")
    b = profile.assign(norm=0.25 * profile.norm)
    found = a.profile.subtract(b)
    np.testing.assert_allclose(found.eflux, 0.75 * a.eflux, rtol=1e-13)
    assert found.eflux.units == a.eflux.units
    np.testing.assert_allclose(found.eflux_errn, np.hypot(a.eflux_errn, a.eflux_errp), rtol=1e-13)
    np.testing.assert_allclose(found.profile.to_sed_type("norm").norm, 0.75 * profile.norm)
    zero = a.profile.subtract(a)
    assert (zero.eflux == 0).all()


def test_some_of_the_bins(profile):
    """Bins are matched by their edges, and a warning tells how many are left."""
    with pytest.warns(xprofile.exceptions.DataWarning, match="2 bins"):
        found = profile.profile.subtract(profile.isel(projected_distance=[3, 1]))
    np.testing.assert_array_equal(found.projected_distance, profile.projected_distance[[1, 3]])
    assert (found.norm == 0).all()


@pytest.mark.parametrize("to", ["median", 4, -5, True, 3 * u.deg, [0.1] * u.deg, None])
def test_normalize_refuses_other_choices(profile, to):
    """With the choices there are."""
    with pytest.raises(InvalidOptionError, match="to must be one of"):
        profile.profile.normalize(to)


def test_refuses_what_has_no_result(profile, other):
    """A scale that is not positive, other energies, and units of another kind."""
    with pytest.raises(InvalidDataError, match="expected positive numbers"):
        profile.assign(norm=-profile.norm).profile.normalize("sum")
    with pytest.raises(InvalidDataError, match="one energy"):
        other.profile.divide(profile)
    gas = xr.DataArray(np.ones(4), profile.projected_distance.coords, attrs={"units": "cm-2"})
    with pytest.raises(InvalidDataError, match="other has units 'cm-2'"):
        profile.profile.to_sed_type("flux", per_solid_angle=True).profile.subtract(gas)
