"""Ratios, differences and normalised profiles, with their errors."""

from __future__ import annotations

import astropy.units as u
import numpy as np
import pytest
import xarray as xr
from astropy.coordinates import SkyCoord

import xprofile
from xprofile.exceptions import InvalidDataError, InvalidOptionError, UnusableInputError

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
        pytest.param(0, lambda v: v[0], marks=pytest.mark.quick),
        (30 * u.arcmin, lambda v: v[1]),
        (2 * u.deg, lambda v: v[3]),
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


def _upper_and_lower(a, b, sigmas=2):
    """Errors of a ratio from what small steps of either profile do to it, in its own errors."""
    step, ratio = 1e-6, a.flux / b.flux
    ends = [
        [v.flux + step * v.flux_errp / n, v.flux - step * v.flux_errn / n]
        for v, n in ((a, 1), (b, sigmas))
    ]
    moved = [[end / b.flux for end in ends[0]], [a.flux / end for end in ends[1]]]
    rise = [np.maximum(*two) - ratio for two in moved]
    fall = [ratio - np.minimum(*two) for two in moved]
    return [np.hypot(*both) / step for both in (rise, fall)]


def test_ratio_of_two_profiles(profile, other):
    """Errors add in quadrature for one sigma, those of negative values from the other side."""
    a = profile.profile.to_sed_type("flux")
    b = other.profile.to_sed_type("flux").isel(energy=0)
    b = b.assign(flux=b.flux * [1, 1, -1, 1])
    found = a.profile.divide(b)
    ratio = a.flux / b.flux
    np.testing.assert_allclose(found.norm, ratio, rtol=1e-14)
    for end, expected in zip(("_errp", "_errn"), _upper_and_lower(a, b), strict=True):
        np.testing.assert_allclose(found[f"norm{end}"], expected, rtol=1e-4)
    relative = (a.flux_err / a.flux) ** 2 + (b.flux_err / 2 / b.flux) ** 2
    np.testing.assert_allclose(found.norm_err, abs(ratio) * relative**0.5, rtol=1e-13)
    assert found.norm.dims == profile.norm.dims
    xr.testing.assert_identical(found.projected_distance_max, profile.projected_distance_max)
    xr.testing.assert_identical(found.solid_angle, profile.solid_angle)
    assert found.attrs["n_sigma"] == 1
    assert found.attrs["history"].endswith("divide")


def test_ratio_of_one_kind_has_no_unit(profile):
    """Of a profile or an array, in whichever units of the kind both are."""
    a = profile.profile.to_sed_type("flux")
    b = a.profile.to_units(flux="m-2 s-1")
    for found in (a.profile.divide(b), b.profile.divide(a), a.profile.divide(b.flux)):
        np.testing.assert_allclose(found.norm, 1, rtol=1e-13)
        assert "units" not in found.norm.attrs
    np.testing.assert_allclose(
        b.profile.divide(a).norm_err, a.profile.divide(b).norm_err, rtol=1e-13
    )


def test_norms_are_compared_of_one_model(binned, profile):
    """Those of another amplitude are converted; other shapes have no common norm."""
    model = xprofile.power_law(2.0, amplitude=4e-9 * u.Unit("TeV-1 m-2 s-1"))
    edges = [0.01, 0.1, 2] * u.TeV
    b = binned.profile.estimate(energy_edges=edges, spectral_model=model, **OPTIONS)
    expected = profile.profile.to_sed_type("flux").profile.divide(b)
    found = profile.profile.divide(b)
    for end in ("", "_err", "_errp"):
        np.testing.assert_allclose(found[f"norm{end}"], expected[f"norm{end}"], rtol=1e-12)
    assert float(abs(profile.profile.subtract(b).norm).max()) < 1e-3
    one, two = profile.isel(energy=0), b.isel(energy=1)  # hardness, relative to the model of one
    hardness = one.profile.divide(two).norm
    np.testing.assert_allclose(
        hardness, one.norm / (two.norm * float(b.ref_dnde[0] / profile.ref_dnde[0])), rtol=1e-9
    )
    soft = binned.profile.estimate(
        energy_edges=edges, spectral_model=xprofile.power_law(2.7), **OPTIONS
    )
    with pytest.raises(InvalidDataError, match="different shapes"):
        profile.profile.subtract(soft)
    assert profile.profile.normalize().profile.divide(soft).norm.shape == (4, 2)


def test_errors_of_a_ratio_are_known_if_both_are(profile):
    """One kind of error stands for the other; without any, the ratio has none."""
    a = profile.profile.to_sed_type("flux")
    mean = a.assign(flux_err=(a.flux_errn + a.flux_errp) / 2)
    sides = a.profile.divide(a.drop_vars("flux_err"))
    np.testing.assert_allclose(sides.norm_err, a.profile.divide(mean).norm_err, rtol=1e-14)
    half = a.drop_vars(["flux_err", "flux_errn"])
    assert not [name for name in half.profile.divide(a) if "err" in name]
    none = a.profile.divide(a.drop_vars(["flux_err", "flux_errn", "flux_errp"]))
    assert not [name for name in none if "err" in name]


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
    bright = profile.profile.to_sed_type("flux", per_solid_angle=True).profile.normalize()
    assert bright.profile.subtract(0.5 * bright.norm).norm.per_solid_angle == "sr"


def test_some_of_the_bins(profile):
    """Bins are matched by their edges, and a warning tells how many are left."""
    with pytest.warns(xprofile.exceptions.DataWarning, match="2 bins"):
        found = profile.profile.subtract(profile.isel(projected_distance=[3, 1]))
    np.testing.assert_array_equal(found.projected_distance, profile.projected_distance[[1, 3]])
    assert (found.norm == 0).all()


@pytest.mark.quick
@pytest.mark.parametrize("to", ["median", 4, -5, True, 3 * u.deg, [0.1] * u.deg, None])
def test_normalize_refuses_other_choices(profile, to):
    """With the choices there are."""
    with pytest.raises(InvalidOptionError, match="to must be one of"):
        profile.profile.normalize(to)


def test_refuses_what_has_no_result(profile, other):
    """A scale that is not positive, other energies, and units of another kind."""
    with pytest.raises(InvalidDataError, match="expected positive numbers"):
        profile.assign(norm=-profile.norm).profile.normalize("sum")
    with pytest.raises(InvalidDataError, match=r"the peak of norm is -\d.*, expected positive"):
        profile.assign(norm=-abs(profile.norm)).isel(energy=0).profile.normalize()
    with pytest.raises(InvalidOptionError, match="no bin holds projected_distance=3 deg"):
        profile.profile.normalize(3 * u.deg)
    with pytest.raises(InvalidDataError, match="the value of bin 1 of norm is nan at energy=1"):
        profile.assign(norm=profile.norm.where(profile.energy < 0.1)).profile.normalize(1)
    with pytest.raises(InvalidDataError, match=r"isel\(projected_distance=\[0\]\)"):
        profile.isel(projected_distance=0).profile.normalize()
    low = profile.isel(energy=[0]).assign_attrs(spectral_model="")
    with pytest.raises(InvalidDataError, match="the spectral model of one is not known"):
        low.profile.divide(other)
    with pytest.raises(InvalidDataError, match="one energy"):
        other.profile.divide(profile)
    with pytest.raises(UnusableInputError, match="other must be a Dataset or a DataArray, found 3"):
        profile.profile.divide(3)
    gas = xr.DataArray(np.ones(4), profile.projected_distance.coords, attrs={"units": "cm-2"})
    with pytest.raises(InvalidDataError, match="other has units 'cm-2'"):
        profile.profile.to_sed_type("flux", per_solid_angle=True).profile.subtract(gas)
