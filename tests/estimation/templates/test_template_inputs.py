"""Templates that do not suit the data, and settings that are wrong, end in clear errors."""

import astropy.units as u
import numpy as np
import pytest
import xarray as xr
from astropy.coordinates import SkyCoord
from cases.maps import make_maps
from cases.psf_maps import spread_maps
from cases.short_line import line
from cases.sky_maps import steep
from cases.templates import DIM, filled

from xprofile import SkyBins, bin_image, bin_maps, bin_profile, fit_templates, power_law, predict
from xprofile.estimation.templates.sky_templates import bin_templates
from xprofile.exceptions import (
    DataWarning,
    InvalidDataError,
    InvalidOptionError,
    MissingVariableError,
)
from xprofile.schema.variables import STATUS_FLAGS

CENTER = SkyCoord(0, 0, unit="deg", frame="galactic")


@pytest.fixture(scope="module")
def case():
    return filled(5)


def changed(template, **changes):
    coords = {name: (template[name].dims, values) for name, values in changes.items()}
    return template.assign_coords(coords)


WRONG = {
    "no DataArray": (lambda t: t.values, "'gas' is a ndarray, expected a DataArray"),
    "a Dataset": (lambda t: t.to_dataset(name="a"), "'gas' is a Dataset, expected a DataArray"),
    "two data sets": (lambda t: [t, t], "of 2 data sets, but the binned data have 1"),
    "no energies": (lambda t: t.isel(energy=0), r"has the dims \('projected_distance',\)"),
    "a unit": (lambda t: t.assign_attrs(units="cm-2"), "the unit 'cm-2', expected predicted"),
    "other energies": (lambda t: changed(t, energy=2 * t.energy.values), "has other energies"),
    "fewer energies": (lambda t: t.isel(energy=[0, 1]), "2 against 3 fine bins"),
    "fewer bins": (lambda t: t.isel({DIM: [0, 1]}), "has other bins along projected_distance"),
    "wider bins": (
        lambda t: changed(t, projected_distance_max=t.projected_distance_max.values + 0.1),
        "bin its predicted counts with the same SkyBins",
    ),
    "unknown bins": (lambda t: t.isel({DIM: [0]}).drop_vars(DIM), "tells which is which"),
    "negative": (lambda t: t.where(t[DIM] > 0.3, -1.0), "negative counts in 3 fine bins, down to"),
    "tiny": (lambda t: 1e-200 * t, "predicts 1.*e-198 counts at most"),
    "huge": (lambda t: 1e200 * t, "predicts 1.*e.202 counts at most"),
    "NaN": (lambda t: t.where(t[DIM] > 0.3), "3 values in used bins that are not finite"),
}


@pytest.mark.quick
@pytest.mark.parametrize(("change", "match"), WRONG.values(), ids=WRONG)
def test_templates_that_are_not_of_the_data(case, change, match):
    binned, templates = case
    error = MissingVariableError if match.startswith("tells") else InvalidDataError
    with pytest.raises(error, match=match):
        fit_templates(binned, {"gas": change(templates["gas"])})


@pytest.mark.quick
@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"per": "all"}, "per must be one of"),
        ({"norm_min": np.nan}, "norm_min must be"),
        ({"n_toys": -1}, "n_toys must be an integer of 0 or more"),
        ({"background_correlated": True}, "needs an uncertain background"),
        ({"free_bins": 3}, "free_bins must be True or False"),
        (
            {"free_bins": xr.DataArray([True], dims="x")},
            "free_bins must be True, False, or",
        ),
        ({"free_bins": [2, 0, 1]}, "True, False, or an array of them for each of the"),
        ({"selection_optional": "scan"}, "choose among"),
    ],
)
def test_wrong_settings(case, options, match):
    binned, templates = case
    with pytest.raises(InvalidOptionError, match=match):
        fit_templates(binned, templates, **options)


def test_bins_without_a_coordinate_are_those_of_the_data(case):
    binned, templates = case
    gas = templates["gas"]
    plain, whole = (fit_templates(binned, {"gas": t}) for t in (gas.drop_vars(DIM), gas))
    assert np.isfinite(whole.norm).all()
    xr.testing.assert_equal(plain.norm, whole.norm)


def test_what_is_no_sky_map():
    with pytest.raises(InvalidDataError, match="a template is a int, expected a sky map such as"):
        bin_templates(make_maps(), [], {"gas": 3}, None)


@pytest.mark.parametrize("templates", [{}, None, {3: 1}], ids=str)
def test_templates_must_be_named(case, templates):
    with pytest.raises(InvalidOptionError, match="templates must be"):
        fit_templates(case[0], templates)


def test_unused_bins_may_be_anything(case):
    binned, templates = case
    used = xr.DataArray(np.ones((3, 5)), dims=("energy", DIM))
    used[2, 2], used[:, 4] = 0, 0
    spoilt = {k: t.where(used > 0) for k, t in templates.items()}
    data = binned.assign(coverage=used.assign_attrs(binned.coverage.attrs))
    fit = fit_templates(data, spoilt, per="bin")
    assert np.all(fit.status[:, 4] == STATUS_FLAGS["masked"])
    assert np.isfinite(fit.norm[:, :2]).all()
    whole = fit_templates(data, spoilt)
    assert whole.dof == 11 - 2
    left = whole.npred_total - whole.npred_background - whole.npred.sum("template")
    np.testing.assert_allclose(left, 0, atol=1e-9)


def test_rounding_below_zero_is_zero(case):
    binned, templates = case
    largest = float(templates["gas"].max())
    rounded = templates["gas"].where(templates["gas"] > 0.3 * largest, -1e-9 * largest)
    fit = fit_templates(binned, {"gas": rounded})
    assert np.all(fit.npred >= 0)


def test_sky_maps_in_one_go():
    maps = make_maps()
    maps["counts"][:, 20:30, 30:60] += 2
    spectrum = power_law(2.2, 1e-8 * u.Unit("cm-2 s-1 TeV-1"))
    shape = xr.zeros_like(maps.counts.isel(energy=0), dtype=float).drop_vars(
        ["energy", "energy_min", "energy_max"]
    )
    shape[20:30, 30:60] = 1
    counts = predict(maps, shape, spectral_model=spectrum)
    binned = bin_maps(maps, line())
    expected = fit_templates(binned, {"box": counts.profile.bin(line())})
    for given in (shape, (shape, spectrum), counts, counts.profile.bin(line())):
        fit = maps.profile.fit_templates(line(), {"box": given}, spectral_model=spectrum)
        np.testing.assert_allclose(fit.norm, expected.norm, rtol=1e-10)
    flat = maps.profile.fit_templates(line(), {"flat": None}, spectral_model=spectrum)
    pair = maps.profile.fit_templates(line(), {"flat": (None, spectrum)})
    np.testing.assert_allclose(flat.norm, pair.norm, rtol=1e-12)
    with pytest.raises(InvalidOptionError, match="needs a spectrum"):
        maps.profile.fit_templates(line(), {"box": shape})
    with pytest.raises(InvalidDataError, match="is a map of the sky"):
        binned.profile.fit_templates({"box": counts})
    with pytest.raises(InvalidOptionError, match="found 3 values"):
        maps.profile.fit_templates(line(), {"box": (shape, spectrum, 1)})
    part = maps.isel(lat=slice(10, 50))
    with pytest.raises(InvalidDataError, match="is predicted counts of other maps"):
        part.profile.fit_templates(line(), {"box": counts}, spectral_model=spectrum)


@pytest.mark.heavy
@pytest.mark.parametrize("off", [False, True], ids=["mask", "off counts"])
def test_unused_pixels_do_not_count(off):
    maps = make_maps()
    used = xr.ones_like(maps.counts, dtype=bool)
    used[:, :, 40:44] = False
    used[2:, 10:30] = False
    spectrum = power_law(2.2, 1e-8 * u.Unit("cm-2 s-1 TeV-1"))
    plain = predict(maps, None, spectral_model=spectrum)
    masked = maps.assign(mask=used.assign_attrs({}))
    binned = bin_maps(masked.assign(background=plain), line())
    if off:
        one = xr.ones_like(maps.background).assign_attrs({})
        masked = maps.drop_vars("background").assign(
            counts_off=5 * one, acceptance=one, acceptance_off=one.where(used, 0)
        )
    for given in (plain, (None, spectrum)):
        fit = masked.profile.fit_templates(line(), {"flat": given})
        np.testing.assert_allclose(
            fit.npred[0] / fit.norm[0], binned.background.transpose("energy", DIM), rtol=1e-6
        )


def test_shared_pixels_are_warned_of(case):
    binned, templates = case
    shared = binned.assign_attrs(overlapping_pixels=7)
    with pytest.warns(DataWarning, match="bins share 7 pixels"):
        fit_templates(shared, templates)
    fit_templates(shared, templates, per="bin")


def test_counts_that_nothing_predicts_are_warned_of():
    binned, templates = filled(6, background=0)
    inner = {"gas": templates["gas"].where(templates["gas"][DIM] < 1, 0)}
    with pytest.warns(DataWarning, match="6 fine bins have counts, but neither a template nor"):
        fit = fit_templates(binned, inner)
    part = fit_templates(binned.isel({DIM: slice(0, 4)}), inner)
    np.testing.assert_allclose(fit.norm, part.norm, rtol=1e-10)
    assert fit.deviance == np.inf
    assert fit.p_value == 0
    assert np.isfinite(fit.stat)
    assert np.isfinite(part.deviance)


def test_a_margin_takes_up_signal_from_outside():
    maps = spread_maps()
    rings = SkyBins.annuli(CENTER, radius_max=0.8 * u.deg, nbin=4)
    flat = predict(maps, None, spectral_model=power_law(2.2, 1e-8 * u.Unit("cm-2 s-1 TeV-1")))
    both = maps.assign(background=flat).profile.bin(rings, psf=True, margin=0.4 * u.deg)
    binned = both.assign(background=0 * both.background)
    with pytest.raises(InvalidDataError, match=r"those of the margin give the background of maps"):
        fit_templates(binned, {"flat": flat.profile.bin(rings)})
    fit = fit_templates(binned, {"flat": both.background}, free_bins=True, per="profile")
    assert fit.sizes[DIM] == both.sizes[DIM] > 4
    assert fit.profile.bin_profile().sizes[DIM] == 4


def test_templates_are_binned_as_the_data():
    maps = make_maps()
    bins = SkyBins.annuli(CENTER, radius_max=1 * u.deg, nbin=2)
    counts = predict(maps, None, spectral_model=steep())
    shared = {"overlap": "subpixel", "subpixels": 3}
    whole, parts = bin_image(counts, bins), bin_image(counts, bins, **shared)
    binned = bin_maps(maps, bins), bin_maps(maps, bins, **shared)
    for data, right, wrong in zip(binned, (whole, parts), (parts, whole), strict=True):
        fit_templates(data, {"isotropic": right})
        with pytest.raises(InvalidDataError, match=r"overlap='.*and the template.*bin both alike"):
            fit_templates(data, {"isotropic": wrong})
        with pytest.raises(InvalidDataError, match="means over bins"):
            fit_templates(data, {"isotropic": bin_image(counts, bins, how="mean")})
    for name in ("mean", "sum"):
        assert bin_image(counts, bins, how=name).history.splitlines()[-1].endswith(f", {name}")


def test_fits_without_free_bins_have_no_profile(case):
    fit = fit_templates(*case)
    with pytest.raises(MissingVariableError, match=r"no norms of bins.*free_bins=True"):
        bin_profile(fit)
    assert bin_profile(fit_templates(*case, free_bins=True)).norm.dims == (DIM, "energy")


def test_bins_that_the_psf_mixes_are_not_fitted_alone():
    maps = spread_maps()
    binned = bin_maps(maps, SkyBins.annuli(CENTER, radius_max=0.6 * u.deg, nbin=3), psf=True)
    flat = {"flat": binned.counts * 0 + 1.0}
    with pytest.raises(InvalidOptionError, match=r"per='bin' fits each bin by itself, but psf_mix"):
        fit_templates(binned, flat, per="bin", free_bins=True)
