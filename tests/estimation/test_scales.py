"""Tiny and huge signals, and other units, scale norms and change nothing else."""

import astropy.units as u
import numpy as np
import pytest
import xarray as xr
from cases.small_inputs import binned, center, maps

import xprofile
from xprofile.exceptions import InvalidDataError

NORMS = ("norm", "norm_err", "norm_errn", "norm_errp", "norm_ul", "norm_sensitivity")
SAME = ("ts", "sqrt_ts", "stat", "npred", "npred_excess", "status", "success", "is_ul")
FLUX = u.Unit("cm-2 s-1 TeV-1")


def model(factor):
    """Power law of about one count in a bin, times a factor."""
    return lambda energy: 1e-11 * factor * energy.to_value("TeV") ** -2 * FLUX


def onoff():
    data = binned()
    flat = xr.ones_like(data.background)
    return data.drop_vars("background").assign(
        counts_off=(5 * data.background).round(), acceptance=flat, acceptance_off=5 * flat
    )


SETTINGS = {
    "known background": {},
    "free background": {"background": "free"},
    "uncertain background": {"background": 0.1},
    "bounded": {"norm_min": 0},
    "scan round the fit": {"scan_n_sigma": 3},
    "summed": {"sum_over_energy_groups": True},
}
DATA = {"cash": binned, "on-off": onoff, "joint": lambda: [binned(), onoff()]}
CASES = [("cash", name) for name in SETTINGS] + [("on-off", "known background")]
CASES += [("joint", "known background")]


def fitted(data, settings, factor=1.0):
    return xprofile.estimate(
        data, spectral_model=model(factor), selection_optional="all", energy_edges=1, **settings
    )


@pytest.mark.parametrize(
    ("data", "name", "exponent"),
    [
        pytest.param(*case, exponent, marks=[] if fast else pytest.mark.slow)
        for number, case in enumerate(CASES)
        for exponent in (-285, -160, -110, 110, 200, 295)
        for fast in [exponent == (-285, 200)[number % 2]]
    ],
)
def test_norms_scale_with_the_model(data, name, exponent):
    expected = fitted(DATA[data](), SETTINGS[name])
    found = fitted(DATA[data](), SETTINGS[name], 10.0**exponent)
    scanned = ("norm_scan_values",) if "norm_scan_values" in found else ()
    for one in (*NORMS, *scanned):
        np.testing.assert_allclose(
            found[one] * 10.0**exponent, expected[one], rtol=1e-6, atol=1e-12, err_msg=one
        )
    for one in (*SAME, *(("stat_scan",) if scanned else ())):
        np.testing.assert_allclose(found[one], expected[one], rtol=1e-6, atol=1e-9, err_msg=one)


def test_bins_of_very_different_exposures_do_not_matter_to_each_other():
    data = binned()
    factor = xr.DataArray([1e-250, 1.0, 1e250], dims="projected_distance")
    found = fitted(data.assign(exposure=data.exposure * factor), {})
    expected = fitted(data, {})
    np.testing.assert_allclose(found.norm * factor, expected.norm, rtol=1e-9)
    np.testing.assert_allclose(found.norm_ul * factor, expected.norm_ul, rtol=1e-9)
    np.testing.assert_array_equal(found.status, expected.status)


def test_scans_and_bounds_are_norms_of_the_model():
    """Also if the signal was scaled for the fit."""
    values = np.array([1.0, 2.0, 5.0])
    expected = fitted(binned(), {"norm_values": values, "norm_min": 2.0})
    found = fitted(binned(), {"norm_values": values * 1e200, "norm_min": 2e200}, 1e-200)
    np.testing.assert_allclose(found.stat_scan, expected.stat_scan, rtol=1e-9)
    np.testing.assert_allclose(found.norm * 1e-200, expected.norm, rtol=1e-9)
    assert (expected.norm == 2).any()


def test_too_little_for_a_norm_has_a_status():
    data = binned()
    found = fitted(data.assign(exposure=data.exposure * 1e-305), {})
    assert np.isnan(found.norm).all()
    assert np.isnan(found.norm_ul).all()
    assert (found.status == 4).all()  # no exposure


def test_too_much_for_a_number_is_an_error():
    data = binned()
    huge = data.assign(exposure=data.exposure * 1e290)
    with pytest.raises(InvalidDataError, match="more signal counts than a number can hold"):
        fitted(huge, {}, 1e100)


@pytest.mark.heavy
@pytest.mark.parametrize("unit", ["m2 s", "cm^2 hr", "km2 yr"])
@pytest.mark.parametrize("parts", [[], ["edisp"]])
def test_exposures_in_other_units(unit, parts):
    data = binned().drop_vars(parts)
    expected = fitted(data, {})
    changed = xprofile.to_units(data, exposure=unit)
    found = fitted(changed, {})
    for name in NORMS:
        np.testing.assert_allclose(found[name], expected[name], rtol=1e-9)
    joint = xprofile.estimate([data, changed])
    np.testing.assert_allclose(joint.norm, xprofile.estimate([data, data]).norm, rtol=1e-9)
    drawn, counts = (xprofile.simulate(d, rng=1).counts for d in (changed, data))
    np.testing.assert_array_equal(drawn, counts)


def test_solid_angles_in_other_units():
    bright = {"sed_type": "flux", "per_solid_angle": True}
    expected = xprofile.to_sed_type(fitted(binned(), {}), **bright)
    before = fitted(xprofile.to_units(binned(), solid_angle="deg2"), {})
    after = xprofile.to_units(fitted(binned(), {}), solid_angle="deg2")
    for profile in (before, after):
        found = xprofile.to_sed_type(profile, **bright)
        assert found.flux.units == "cm-2 s-1 sr-1"
        np.testing.assert_allclose(found.flux, expected.flux, rtol=1e-12)
        back = xprofile.to_sed_type(found, "flux")
        np.testing.assert_allclose(back.flux, xprofile.to_sed_type(expected, "flux").flux)


def test_positions_of_bins_in_other_units():
    start = center().directional_offset_by(90 * u.deg, 0.5 * u.deg)
    row = xprofile.SkyBins.along_line(center(), start, height=0.5 * u.deg, nbin=4)
    data = xprofile.bin_maps(maps(), row)
    changed = xprofile.to_units(data, lon="rad", lat="arcmin")
    expected = xprofile.select(data, position=start)
    found = xprofile.select(changed, position=start)
    assert found.projected_distance == expected.projected_distance
    merged, plain = (xprofile.rebin(d, 2) for d in (changed, data))
    np.testing.assert_allclose(merged.lon % 360, plain.lon % 360, rtol=1e-9)
    assert merged.lat.units == "deg"


@pytest.mark.parametrize(
    ("name", "unit"),
    [("exposure", "cm2"), ("exposure", "bananas"), ("solid_angle", "deg"), ("exposure", 5)],
)
def test_units_of_another_kind_are_errors(name, unit):
    data = binned()
    data[name].attrs["units"] = unit
    for call in (xprofile.check_binned, xprofile.estimate, xprofile.simulate):
        with pytest.raises(InvalidDataError, match=f"{name} has units {unit!r}, expected"):
            call(data)


def test_edges_of_energies_have_the_unit_of_the_energies():
    data = binned()
    data.energy_min.attrs["units"] = "GeV"
    with pytest.raises(InvalidDataError, match="energy and its edges have different units: GeV"):
        xprofile.estimate(data)
