"""Fits of a brightness without a PSF: known values, options, files."""

import astropy.units as u
import numpy as np
import pytest
import xarray as xr
from astropy.coordinates import SkyCoord
from astropy.modeling.models import Box1D, Const1D, Exponential1D, Gaussian1D, Moffat1D, Shift
from cases.maps import make_maps
from cases.shapes import with_counts
from regions import Regions

from xprofile import SkyBins, bin_maps, estimate, fit_shape, open_maps, power_law
from xprofile.exceptions import DataWarning, InvalidDataError, InvalidOptionError

CENTER = SkyCoord(0, 0, unit="deg", frame="galactic")
RINGS = SkyBins.annuli(CENTER, radius_max=0.8 * u.deg, nbin=8)
LINE = SkyBins.along_line(
    *SkyCoord([0.7, -0.7] * u.deg, [0, 0] * u.deg, frame="galactic"), height=0.5 * u.deg, nbin=14,
    origin=CENTER,
)  # fmt: skip


def gauss(**more):
    return Gaussian1D(1.0, 0.0, 0.5, fixed={"mean": True}, **more)


@pytest.fixture(scope="module")
def rings():
    return bin_maps(make_maps(), RINGS)


def found(fit, *names):
    return [fit.value.sel(parameter=name).item() for name in names]


SHAPES = {
    "gauss": (gauss(), {"amplitude": 3e6, "stddev": 0.22}),
    "moffat": (
        Moffat1D(1, 0, 0.4, 2, fixed={"x_0": True, "alpha": True}),
        {"amplitude": 4e6, "gamma": 0.3},
    ),
    "falling": (Exponential1D(1.0, -0.5), {"amplitude": 4e6, "tau": -0.2}),
    "sum": (
        Gaussian1D(1.0, 0.0, 0.5, fixed={"mean": True}) + Const1D(0.0),
        {"amplitude_0": 3e6, "stddev_0": 0.15, "amplitude_1": 2e5},
    ),
}


@pytest.mark.heavy
@pytest.mark.parametrize("kind", SHAPES)
def test_expected_counts_give_the_shape(rings, kind):
    model, truth = SHAPES[kind]
    true = model.copy()
    for name, value in truth.items():
        setattr(true, name, value)
    fit = fit_shape(with_counts(rings, true), model, spectral_model=power_law(2))
    np.testing.assert_allclose(found(fit, *truth), list(truth.values()), rtol=2e-3)
    assert fit.deviance < 1e-4
    assert np.all(fit.status == 0)


@pytest.mark.heavy
@pytest.mark.parametrize("width", [1e-4, 1e-2, 0.2])
def test_norms_of_bins_add_up_to_the_total(rings, width):
    model = gauss(bounds={"stddev": (width, width * 1.001)})
    model.stddev = width
    data = with_counts(rings, lambda d: 3e6 * np.exp(-((d / 0.2) ** 2) / 2))
    fit = fit_shape(data, model, spectral_model=power_law(2), selection_optional=None)
    edges = np.cos(np.radians([rings.projected_distance_min, rings.projected_distance_max]))
    area = 2 * np.pi * (edges[0] - edges[1])
    true = (fit.model_norm_true / fit.solid_angle * area).sum()  # pixels cover another area
    np.testing.assert_allclose(true, fit.total, rtol=1e-3)


def test_a_line_has_a_centre(rings):
    binned = bin_maps(make_maps(), LINE)
    data = with_counts(binned, lambda d: 3e6 * np.exp(-(((d - 0.1) / 0.2) ** 2) / 2))
    fit = fit_shape(data, Gaussian1D(1.0, 0.0, 0.3), spectral_model=power_law(2))
    np.testing.assert_allclose(found(fit, "mean", "stddev"), [0.1, 0.2], rtol=2e-3)
    expected = 3e6 * np.sqrt(2 * np.pi) * 0.2 * np.radians(1) * 2 * np.sin(np.radians(0.25))
    np.testing.assert_allclose(fit.total, expected, rtol=5e-3)


def test_bounds_ties_and_fixed_parameters(rings):
    data = with_counts(rings, lambda d: 3e6 * np.exp(-((d / 0.2) ** 2) / 2))
    pair = gauss(bounds={"stddev": (0.25, 0.6)}) + Gaussian1D(1.0, 0.0, 0.5, fixed={"mean": True})
    pair.amplitude_1.tied = lambda m: 0.5 * m.amplitude_0
    pair.stddev_1.tied = lambda m: m.stddev_0
    fit = fit_shape(data, pair, spectral_model=power_law(2))
    values = fit.value.to_series()
    assert values["amplitude_1"] == pytest.approx(values["amplitude_0"] / 2)
    assert values["stddev_0"] == pytest.approx(0.25, rel=1e-3) == values["stddev_1"]
    assert fit.status.sel(parameter="stddev_0") & 16
    assert fit.err.sel(parameter="mean_0") == 0
    ratio = fit.err.sel(parameter="amplitude_1") / fit.err.sel(parameter="amplitude_0")
    assert ratio.item() == pytest.approx(0.5, rel=1e-6)


def test_units_change_nothing_but_the_values(rings):
    data = with_counts(rings, lambda d: 3e6 * np.exp(-((d / 0.2) ** 2) / 2), seed=1)
    plain = fit_shape(data, gauss())
    model = Gaussian1D(1 / u.deg**2, 0 * u.deg, 30 * u.arcmin, fixed={"mean": True})
    fit = fit_shape(data, model)
    np.testing.assert_allclose(fit.value, plain.value, rtol=1e-4)
    assert fit.parameter_unit.values.tolist() == ["sr-1", "deg", "deg"]
    assert model.stddev == 30 * u.arcmin


def test_errors_are_those_of_the_likelihood(rings):
    data = with_counts(rings, lambda d: 3e6 * np.exp(-((d / 0.2) ** 2) / 2), seed=2)
    fit = fit_shape(data, gauss(), n_sigma=2, n_sigma_ul=3)
    one = fit_shape(data, gauss())
    np.testing.assert_allclose(fit.err, 2 * one.err, rtol=1e-4)
    width = fit.value.sel(parameter="stddev").item()
    for step in ("errn", "errp"):
        sign = 1 if step == "errp" else -1
        moved = width + sign * fit[step].sel(parameter="stddev").item()
        held = Gaussian1D(1.0, 0.0, moved, fixed={"mean": True, "stddev": True})
        assert (fit_shape(data, held).stat - fit.stat).item() == pytest.approx(4, rel=5e-3)
    top = fit.ul.sel(parameter="stddev").item()
    held = Gaussian1D(1.0, 0.0, top, fixed={"mean": True, "stddev": True})
    assert (fit_shape(data, held).stat - fit.stat).item() == pytest.approx(9, rel=5e-3)


@pytest.mark.slow
def test_energies_together_and_apart(rings):
    data = with_counts(rings, lambda d: 3e6 * np.exp(-((d / 0.2) ** 2) / 2), seed=3)
    each = fit_shape(data, gauss(), energy_edges="fine", selection_optional=None)
    assert each.value.dims == ("parameter", "energy")
    assert each.covariance.dims == ("energy", "parameter", "parameter_2")
    whole = fit_shape(data, gauss(), selection_optional=None)
    assert whole.value.dims == ("parameter",)
    assert "errn" not in whole
    first = data.isel(energy=[0])
    alone = fit_shape(first, gauss(), selection_optional=None)
    np.testing.assert_allclose(each.value.isel(energy=0), alone.value, rtol=1e-4)
    joint = fit_shape([data, data], gauss(), selection_optional=None)
    np.testing.assert_allclose(joint.err, whole.err / np.sqrt(2), rtol=1e-3)


def test_many_off_counts_are_a_known_background(rings):
    data = with_counts(rings, lambda d: 3e6 * np.exp(-((d / 0.2) ** 2) / 2), seed=5)
    one = xr.ones_like(data.background)
    off = {"counts_off": 1e7 * data.background, "acceptance": one, "acceptance_off": 1e7 * one}
    onoff = fit_shape(data.drop_vars("background").assign(off), gauss())
    known = fit_shape(data, gauss())
    for name in ("value", "err", "errn", "errp", "ul", "ts", "deviance", "npred"):
        np.testing.assert_allclose(onoff[name], known[name], rtol=1e-3, err_msg=name)


@pytest.mark.slow
def test_it_is_a_plain_dataset(rings, tmp_path):
    data = with_counts(rings, lambda d: 3e6 * np.exp(-((d / 0.2) ** 2) / 2), seed=4)
    before = data.copy(deep=True)
    fit = data.profile.fit_shape(gauss())
    xr.testing.assert_identical(data, before)
    fit.to_netcdf(tmp_path / "fit.nc")
    with xr.open_dataset(tmp_path / "fit.nc") as back:
        xr.testing.assert_identical(back.load(), fit)
    counts = data.counts.sum("energy")
    np.testing.assert_array_equal(fit.counts, counts)
    norm = estimate(data).norm.isel(energy=0)
    err = estimate(data).norm_err.isel(energy=0)
    assert np.all(np.abs(norm - fit.model_norm) < 4 * err)


def test_bins_with_edges_alone(rings):
    data = with_counts(rings, lambda d: 3e6 * np.exp(-((d / 0.3) ** 2) / 2))
    with pytest.warns(DataWarning, match="averaged between the edges"):
        fit = fit_shape(data.drop_dims("part"), gauss())
    np.testing.assert_allclose(found(fit, "stddev"), 0.3, rtol=0.1)


def test_a_box_may_end_within_a_bin(rings):
    data = with_counts(rings, lambda d: 3e6 * (d < 0.43))
    box = Box1D(1.0, 0.0, 0.6, fixed={"x_0": True})
    fit = fit_shape(data, box, selection_optional=None)
    np.testing.assert_allclose(found(fit, "width"), 0.86, rtol=0.02)


WRONG = {
    "no model": (lambda d: d, "must be a model of astropy"),
    "unit": (Gaussian1D(1 * u.m, 0, 1), "has the unit m"),
    "extension": (gauss(), "not a free parameter"),
    "sets": (Gaussian1D([1, 2], [0, 0], [1, 1], n_models=2), "must give one brightness"),
}


@pytest.mark.parametrize("case", WRONG)
def test_wrong_models(rings, case):
    model, message = WRONG[case]
    more = {"extension": "mean"} if case == "extension" else {}
    with pytest.raises(InvalidOptionError, match=message):
        fit_shape(rings.assign(background=rings.counts * 0 + 1.0), model, **more)


def test_bins_without_a_distance():
    sectors = SkyBins.sectors(CENTER, radius_max=0.5 * u.deg, nbin=4)
    with pytest.raises(InvalidDataError, match="bins with a distance"):
        fit_shape(bin_maps(make_maps(), sectors), gauss())
    assert Shift(1.0).n_inputs == 1


class TestRealData:
    def test_gauss(self, gammapy_data):
        maps = open_maps(gammapy_data / "real" / "sim_gauss.fits.gz")
        same = xr.Variable(("energy_true", "energy"), np.eye(maps.sizes["energy"]))
        binned = bin_maps(
            maps.assign(edisp=same), SkyBins.annuli(CENTER, radius_max=2 * u.deg, nbin=20)
        )
        fit = fit_shape(binned, gauss(), spectral_model=power_law(2))
        value, err = fit.value.sel(parameter="stddev"), fit.err.sel(parameter="stddev")
        np.testing.assert_allclose([value, fit.total], [0.3954, 99.79], rtol=0.01)
        np.testing.assert_allclose([err, fit.total_err], [0.0043, 1.63], rtol=0.03)
        radius = estimate(binned).profile.containment(0.68)
        assert abs(radius.radius.item() - 1.51 * 0.4) < radius.radius_err.item()

    def test_beta_model_of_a_cluster(self, gammapy_data):
        part = gammapy_data / "real"
        names = ("counts", "exposure", "background")
        files = {name: part / f"xray_{name}.fits.gz" for name in names}
        with pytest.warns(DataWarning, match="background is negative"):
            maps = open_maps(**files, energy_edges=[0.5, 2] * u.keV, effective_area=1 * u.cm**2)
        maps = maps.profile.exclude(Regions.read(part / "xray_exclude.reg", format="ds9"))
        maps = maps.profile.exclude(maps.exposure.isel(energy_true=0, drop=True) == 0)
        center = SkyCoord(55.68516349, -53.62244440, unit="deg", frame="fk5")
        ellipses = SkyBins.elliptical_annuli(
            center, axis_ratio=1 / 1.205958, position_angle=96.953 * u.deg,
            edges=np.arange(101) * 30 * u.arcsec,
        )  # fmt: skip
        model = Moffat1D(1, 0, 0.05, 1.5, fixed={"x_0": True}) + Const1D(0)
        fit = fit_shape(bin_maps(maps, ellipses), model, selection_optional=None)
        core, alpha = found(fit, "gamma_0", "alpha_0")
        np.testing.assert_allclose((alpha + 0.5) / 3, 0.742, atol=0.003)
        np.testing.assert_allclose(core * 60, 4.175, atol=0.02)
