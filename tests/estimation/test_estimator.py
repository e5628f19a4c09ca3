"""Profiles of binned data: closed forms, laws, and errors."""

import astropy.units as u
import numpy as np
import pytest
import xarray as xr
from astropy.coordinates import SkyCoord
from astropy.modeling.models import PowerLaw1D
from cases.examples import examples
from cases.maps import make_maps, make_wcs
from cases.short_line import line
from hypothesis import strategies as st
from regions import CircleSkyRegion

from xprofile import ProfileEstimator, bin_maps, estimate, power_law
from xprofile.exceptions import (
    InvalidDataError,
    InvalidEnergyError,
    InvalidOptionError,
    MissingVariableError,
    XProfileError,
)
from xprofile.spectrum.response import predicted_signal

CENTER = SkyCoord(0, 0, unit="deg", frame="galactic")


@pytest.fixture
def binned():
    return bin_maps(make_maps(), line())


def test_one_fine_bin_has_closed_forms(binned):
    """With one fine bin: (n - b) / S, sqrt(n) / S, and the statistic itself."""
    one = binned.isel(energy=[1])
    profile = estimate(one, selection_optional="all").isel(energy=0)
    n, b = one.counts[0].to_numpy(), one.background[0].to_numpy()
    signal = predicted_signal(one, power_law())[..., 0].to_numpy()
    np.testing.assert_allclose(profile.norm, (n - b) / signal, rtol=1e-9)
    np.testing.assert_allclose(profile.norm_err, np.sqrt(n) / signal, rtol=1e-12)
    np.testing.assert_allclose(profile.stat, 2 * (n - n * np.log(n)), rtol=1e-12)
    np.testing.assert_allclose(profile.stat_null, 2 * (b - n * np.log(b)), rtol=1e-12)
    np.testing.assert_allclose(profile.npred, n, rtol=1e-12)
    np.testing.assert_allclose(profile.npred_background, b, rtol=1e-12)
    np.testing.assert_allclose(profile.npred_excess, n - b, rtol=1e-9)
    np.testing.assert_allclose(profile.ts, profile.stat_null - profile.stat, rtol=1e-6)
    np.testing.assert_allclose(profile.sqrt_ts, np.sign(n - b) * np.sqrt(profile.ts), rtol=1e-12)


def test_every_variable_says_what_it_is(binned):
    profile = estimate(binned, selection_optional="all")
    assert not [n for n, v in profile.variables.items() if v.ndim and "long_name" not in v.attrs]
    for name, unit in {"ref_dnde": "cm-2 s-1 TeV-1", "ref_e2dnde": "erg cm-2 s-1"}.items():
        assert profile[name].attrs["units"] == unit
    assert profile.norm.dims == ("projected_distance", "energy")
    assert profile.stat_scan.dims == ("projected_distance", "energy", "norm_scan")
    assert profile.counts.dtype == np.int64


def test_reference_fluxes_of_a_power_law(binned):
    edges = [0.01, 0.1, 1] * u.TeV
    profile = estimate(binned, spectral_model=power_law(3), energy_edges=edges)
    low, high = profile.energy_min.to_numpy(), profile.energy_max.to_numpy()
    erg = u.TeV.to("erg")
    np.testing.assert_allclose(profile.ref_dnde, 1e-12 * profile.energy**-3.0, rtol=1e-12)
    np.testing.assert_allclose(profile.ref_flux, 1e-12 * (low**-2 - high**-2) / 2, rtol=1e-12)
    np.testing.assert_allclose(profile.ref_eflux, 1e-12 * (1 / low - 1 / high) * erg, rtol=1e-12)
    np.testing.assert_allclose(profile.ref_e2dnde, 1e-12 / profile.energy * erg, rtol=1e-12)


def test_joint_fit_of_groups_is_the_fit_of_each_alone(binned):
    edges = [0.01, 0.1, 1] * u.TeV
    both = estimate(binned, energy_edges=edges, selection_optional="all")
    for i in range(2):
        alone = estimate(
            binned.isel(energy=slice(2 * i, 2 * i + 2)), selection_optional="all"
        ).isel(energy=0)
        part = both.isel(energy=i)
        for name in (
            "norm",
            "norm_err",
            "norm_errn",
            "norm_errp",
            "norm_ul",
            "ts",
            "stat",
            "npred",
        ):
            np.testing.assert_allclose(part[name], alone[name], rtol=1e-9, err_msg=name)


def test_summed_groups_are_one_fine_bin(binned):
    profile = estimate(binned, sum_over_energy_groups=True).isel(energy=0)
    n, b = (binned[name].sum("energy").to_numpy() for name in ("counts", "background"))
    signal = predicted_signal(binned, power_law()).sum("energy").to_numpy()
    np.testing.assert_allclose(profile.norm, (n - b) / signal, rtol=1e-9)
    assert not np.allclose(profile.stat, estimate(binned).stat[:, 0])


def test_half_masked_bins_keep_their_norm():
    """With the counts expected of a uniform brightness, the norm does not depend on the mask."""
    maps = make_maps()
    signal = predicted_signal(bin_maps(maps, line(nbin=1)), power_law()).to_numpy().ravel()
    area = bin_maps(maps, line(nbin=1)).solid_angle.item()
    pixel = np.radians(0.1) ** 2
    maps["counts"] = maps.background + 3 * (signal * pixel / area)[:, None, None]
    covered = bin_maps(maps, line(nbin=1))
    masked = maps.assign(mask=maps.mask & (maps.lat > 0))
    half = bin_maps(masked, line(nbin=1))
    np.testing.assert_allclose(half.coverage, 0.5, rtol=1e-9)
    whole, part = (estimate(b).isel(energy=0, projected_distance=0) for b in (covered, half))
    np.testing.assert_allclose(whole.norm, 3, rtol=1e-3)
    np.testing.assert_allclose(part.norm, whole.norm, rtol=1e-9)
    np.testing.assert_allclose(part.norm_err, whole.norm_err * np.sqrt(2), rtol=1e-9)


@examples(6, 25)(st.floats(0.01, 100), st.floats(0.5, 4))
def test_norm_scales_as_one_over_exposure(factor, index):
    binned = bin_maps(make_maps(), line())
    model = power_law(index)
    base = estimate(binned, spectral_model=model, selection_optional="all")
    binned["exposure"] = binned.exposure * factor
    other = estimate(binned, spectral_model=model, selection_optional="all")
    for name in ("norm", "norm_err", "norm_errn", "norm_errp", "norm_ul"):
        np.testing.assert_allclose(other[name] * factor, base[name], rtol=1e-8, err_msg=name)
    np.testing.assert_allclose(other.stat, base.stat, rtol=1e-12)


def test_amplitude_of_the_model_changes_norms_not_fluxes(binned):
    loud = power_law(2, amplitude=5e-12 * u.Unit("cm-2 s-1 TeV-1"))
    quiet, other = estimate(binned), estimate(binned, spectral_model=loud)
    np.testing.assert_allclose(other.norm * other.ref_flux, quiet.norm * quiet.ref_flux, rtol=1e-9)


def test_a_callable_is_a_model(binned):
    def power(energy):
        return 1e-12 * u.Unit("cm-2 s-1 TeV-1") * (energy / u.TeV).to_value("") ** -2.0

    ours, theirs = estimate(binned, spectral_model=power), estimate(binned)
    np.testing.assert_allclose(ours.norm, theirs.norm, rtol=1e-9)
    assert "power" in ours.attrs["spectral_model"]


def test_default_scan_and_given_scan(binned):
    np.testing.assert_allclose(
        estimate(binned, selection_optional="scan").norm_scan, np.geomspace(0.2, 5, 11), rtol=1e-12
    )
    given_values = estimate(binned, selection_optional=["scan"], norm_values=[-1, 0, 2])
    np.testing.assert_allclose(given_values.stat_scan[..., 1], given_values.stat_null, rtol=1e-12)


def test_limits_are_where_the_statistic_has_risen(binned):
    profile = estimate(binned, selection_optional=["ul"], n_sigma_ul=3)
    limits = profile.norm_ul[:, 0].to_numpy()
    for i, limit in enumerate(limits):
        scan = estimate(
            binned.isel(projected_distance=[i]), selection_optional="scan", norm_values=[limit]
        )
        np.testing.assert_allclose(scan.stat_scan.item() - scan.stat.item(), 9, rtol=1e-6)


def test_n_sigma_scales_errors(binned):
    one, two = (estimate(binned, n_sigma=n, selection_optional=["errn-errp"]) for n in (1, 2))
    np.testing.assert_allclose(two.norm_err, 2 * one.norm_err, rtol=1e-12)
    assert (two.norm_errp > one.norm_errp).all()
    assert (two.norm_errn > one.norm_errn).all()


class TestBadInput:
    @pytest.mark.parametrize(
        ("edges", "words"),
        [
            ([10, 100], "unit of energy"),
            ([10, 100] * u.deg, "unit of energy"),
            ([100, 10] * u.GeV, "ascend"),
            ([10, 10] * u.GeV, "ascend"),
            ([10] * u.GeV, "2 or more"),
            ([0, 10] * u.GeV, "positive"),
            ([np.nan, 10] * u.GeV, "positive"),
        ],
    )
    def test_energy_edges(self, binned, edges, words):
        with pytest.raises(InvalidEnergyError, match=words):
            estimate(binned, energy_edges=edges)

    def test_model_without_units(self, binned):
        with pytest.raises(InvalidOptionError, match="Give its parameters units"):
            estimate(binned, spectral_model=PowerLaw1D(amplitude=1e-12, x_0=1, alpha=2))

    def test_not_binned(self):
        with pytest.raises(MissingVariableError, match=r"maps\.profile\.bin"):
            estimate(make_maps())

    def test_no_bin(self, binned):
        with pytest.raises(InvalidDataError, match="no bin"):
            estimate(binned.isel(projected_distance=[]))

    def test_all_errors_are_ours(self, binned):
        with pytest.raises(XProfileError):
            estimate(binned, energy_edges=[1, 2])


def test_one_region_alone_is_a_profile():
    profile = estimate(bin_maps(make_maps(), [CircleSkyRegion(CENTER, 1 * u.deg)]))
    assert profile.sizes["projected_distance"] == 1
    assert profile.norm.notnull().all()


def test_energies_in_another_unit(binned):
    gev = binned.assign_coords(
        {
            name: binned[name].variable.copy(data=binned[name] * 1000)
            for name in binned.coords
            if str(name).startswith("energy")
        }
    )
    for name in gev.coords:
        if str(name).startswith("energy"):
            gev[name].attrs["units"] = "GeV"
    edges = [10, 100, 1000] * u.GeV
    ours, theirs = estimate(gev, energy_edges=edges), estimate(binned, energy_edges=edges)
    np.testing.assert_allclose(ours.norm, theirs.norm, rtol=1e-9)
    np.testing.assert_allclose(ours.ref_dnde, theirs.ref_dnde, rtol=1e-12)
    np.testing.assert_allclose(ours.energy, theirs.energy * 1000, rtol=1e-12)
    assert ours.energy.attrs["units"] == "GeV"


def test_inputs_are_left_alone(binned):
    before = binned.copy(deep=True)
    estimate(binned, selection_optional="all")
    xr.testing.assert_identical(binned, before)


def test_printing_shows_every_setting():
    text = str(ProfileEstimator(energy_edges=[10, 2000] * u.GeV, selection_optional="all"))
    for word in ("alpha=2", "GeV", "n_sigma_ul", "errn-errp, ul, scan", "11 values", "False"):
        assert word in text


def test_layers_agree():
    maps = make_maps(make_wcs())
    settings = {"energy_edges": [10, 1000] * u.GeV, "selection_optional": "all"}
    by_function = estimate(bin_maps(maps, line()), **settings)
    xr.testing.assert_identical(maps.profile.bin(line()).profile.estimate(**settings), by_function)
    xr.testing.assert_identical(maps.profile.estimate(line(), **settings), by_function)
    xr.testing.assert_identical(
        ProfileEstimator(**settings).run(bin_maps(maps, line())), by_function
    )


@pytest.mark.slow
def test_netcdf_round_trips(tmp_path, sim_maps, line51):
    binned = bin_maps(sim_maps, line51)
    edges = [10, 100, 500] * u.GeV
    profile = estimate(binned, energy_edges=edges, selection_optional="all")
    for name, data in {"maps": sim_maps, "binned": binned, "profile": profile}.items():
        data.to_netcdf(tmp_path / f"{name}.nc")
        with xr.open_dataset(tmp_path / f"{name}.nc") as back:
            xr.testing.assert_identical(back.load(), data)
