"""Dims such as time before the bins: results are those of one value after the other."""

from functools import cache
from itertools import product

import astropy.units as u
import numpy as np
import pandas as pd
import pytest
import xarray as xr
from astropy.modeling import models
from cases.maps import make_maps, make_onoff
from cases.psf_maps import spread_maps
from cases.rebinning import annuli

from xprofile import (
    bin_maps,
    check_binned,
    containment,
    divide,
    estimate,
    fit_shape,
    fit_spectrum,
    fit_templates,
    goodness_of_fit,
    open_netcdf,
    open_profile,
    power_law,
    psf_profile,
    rebin,
    rebin_energy,
    share_kept,
    simulate,
    unfold,
)
from xprofile.exceptions import InvalidDataError

TIMES = pd.date_range("2020-01-01", periods=3)
RADII = np.array([0, 0.5, 1.0, 1.4])
EDGES = [10, 100, 1000] * u.GeV


@cache
def one(kind, number):
    """Binned data of one night."""
    if kind == "onoff":
        maps = make_onoff(seed=number + 2, alpha=0.2 + 0.1 * number)
    elif kind == "psf":
        maps = spread_maps(sigma=0.05)
    else:
        maps = make_maps(seed=number + 1)
    data = bin_maps(maps, annuli(RADII), psf=kind == "psf")
    if kind == "psf":
        drawn = np.random.default_rng(number).poisson(1.3 * data.background)
        data["counts"] = data.counts.copy(data=drawn)
    if kind in ("exposure", "psf"):
        factor = {"exposure": "exposure", "psf": "exposure_true"}[kind]
        data[factor] = data[factor].copy(data=data[factor] * (1 + 0.5 * number))
    if kind == "background":
        data["background"] = data.background.copy(data=data.background * (1 + 0.1 * number))
    if kind == "coverage":
        data["coverage"] = data.coverage.copy(data=data.coverage * (1 - 0.3 * number))
        data.coverage[2, number] = 0
    return data


KINDS = ["counts", "background", "exposure", "coverage", "onoff"]


def nights(kind, *, dim="time", numbers=(0, 1, 2)):
    index = pd.Index(TIMES[: len(numbers)], name=dim)
    return xr.concat([one(kind, n) for n in numbers], index, data_vars="all")


def same(whole, parts, dim="time"):
    """Assert that results are those of the parts, variable by variable."""
    for number, part in enumerate(parts):
        found = whole.isel({dim: number}) if dim in whole.dims else whole
        for name in [*part.data_vars, *part.coords]:
            values = found[name].transpose(*part[name].dims)
            if values.dtype.kind == "f":
                np.testing.assert_allclose(values, part[name], rtol=1e-9, atol=1e-13, err_msg=name)
            else:
                np.testing.assert_array_equal(values, part[name], err_msg=name)
            assert repr(values.attrs) == repr(part[name].attrs), name


def flat(data):
    """Predicted counts of an even emission, from the exposure of each night."""
    even = 1e-12 * data.exposure.isel(energy_true=0, drop=True) * xr.ones_like(data.coverage)
    even.attrs.clear()
    return even


SHAPE = models.Gaussian1D(1, 0, 0.5, fixed={"mean": True, "stddev": True})
FITS = {
    "all": lambda data: estimate(data, energy_edges=EDGES, selection_optional="all"),
    "expected": lambda data: estimate(
        data, selection_optional=["ul-expected", "ul"], ul_method="cls", min_coverage=0.6
    ),
    "spectrum": lambda data: fit_spectrum(data, power_law()),
    "shape": lambda data: fit_shape(data, SHAPE, energy_edges=EDGES),
    "templates": lambda data: fit_templates(data, {"flat": flat(data)}, per="energy"),
    "goodness": lambda data: goodness_of_fit(data, energy_edges=EDGES),
    "goodness of toys": lambda data: goodness_of_fit(data, n_toys=9, rng=1),
    "rebin": lambda data: rebin(data, 2).drop_dims("part", errors="ignore"),
    "rebin_energy": lambda data: rebin_energy(data, 2),
}  # fmt: skip

# all with all are among the slow tests; merged energies need the same masks, as there is no edisp
CASES = [
    case
    if case[1] in ("exposure", "counts") or case[0] == "all"
    else pytest.param(*case, marks=pytest.mark.slow)
    for case in product(FITS, KINDS)
    if case != ("rebin_energy", "coverage")
]


@pytest.mark.heavy
@pytest.mark.filterwarnings("ignore:negative upper limits")
@pytest.mark.parametrize(("fit", "kind"), CASES)
def test_results_are_those_of_each_night(fit, kind):
    data = nights(kind)
    check_binned(data)
    whole = FITS[fit](data)
    same(whole, [FITS[fit](one(kind, n)) for n in range(3)])
    np.testing.assert_array_equal(whole.time, TIMES)


@pytest.mark.heavy
@pytest.mark.parametrize("fit", [unfold, share_kept, psf_profile])
def test_what_needs_a_psf(fit):
    whole = fit(nights("psf", numbers=(0, 1)))
    parts = [fit(one("psf", n)) for n in (0, 1)]
    if isinstance(whole, xr.DataArray):
        whole, *parts = (array.to_dataset(name="share") for array in (whole, *parts))
    same(whole, parts)


@pytest.mark.slow
def test_results_have_the_further_dims_first():
    whole = estimate(nights("exposure"), energy_edges=EDGES)
    assert whole.norm.dims == ("time", "projected_distance", "energy")
    assert fit_spectrum(nights("exposure"), power_law()).alpha.dims[0] == "time"
    assert estimate(nights("counts", numbers=(0,))).coverage.dims[0] == "time"


@pytest.mark.slow
def test_files_of_fits_have_times_as_texts(tmp_path):
    fit = fit_spectrum(nights("exposure"), power_law())
    with pytest.raises(InvalidDataError, match=r"dates such as those of time; write texts, with"):
        fit.profile.to_fits(tmp_path / "fit.fits")
    named = fit.assign_coords(time=fit.time.astype(str))
    named.profile.to_fits(tmp_path / "fit.fits")
    back = open_profile(tmp_path / "fit.fits")
    np.testing.assert_array_equal(back.alpha, fit.alpha)
    assert back.alpha.dims == fit.alpha.dims
    np.testing.assert_array_equal(back.time, named.time)


def test_no_values_along_a_dim_are_said():
    with pytest.raises(InvalidDataError, match="no values along time; select one or more"):
        fit_spectrum(nights("exposure").isel(time=[]), power_law())


@pytest.mark.slow
def test_two_further_dims_and_toys():
    rows = [nights("exposure", numbers=(0, 1)), nights("exposure", numbers=(1, 2))]
    both = xr.concat(rows, pd.Index([20.0, 40.0], name="zenith"), data_vars="all")
    whole = estimate(both, energy_edges=EDGES)
    assert whole.norm.dims[:2] == ("zenith", "time")
    for i, j in product(range(2), range(2)):
        single = estimate(one("exposure", i + j), energy_edges=EDGES)
        xr.testing.assert_allclose(whole.norm.isel(zenith=i, time=j, drop=True), single.norm)
    spectra = fit_spectrum(both, power_law())
    xr.testing.assert_allclose(
        spectra.alpha.isel(zenith=1, time=0, drop=True),
        fit_spectrum(one("exposure", 1), power_law()).alpha,
    )
    toys = simulate(both, n_toys=4, rng=1)
    profile = estimate(toys)
    assert profile.norm.dims == ("toy", "zenith", "time", "projected_distance", "energy")
    limits = estimate(toys, selection_optional="ul").profile.expected_limits()
    assert set(limits.dims) == {"band", "zenith", "time", "projected_distance", "energy"}


@pytest.mark.slow
def test_variables_may_differ_in_their_further_dims():
    """Where xarray joins alone what differs, and the counts are the same."""
    parts = [
        one("exposure", 0),
        one("exposure", 0).assign(exposure=2 * one("exposure", 0).exposure),
    ]
    data = xr.concat(parts, "time", data_vars="different", coords="minimal", compat="equals")
    assert data.counts.dims == ("energy", "projected_distance")
    whole = estimate(data)
    same(whole, [estimate(part) for part in parts])
    same(fit_spectrum(data, power_law()), [fit_spectrum(part, power_law()) for part in parts])


def test_merged_bins_keep_parts_that_all_nights_share():
    parts = rebin(one("counts", 0), 2)
    found = rebin(nights("counts"), 2)
    for name in ("part_share", "part_distance"):
        xr.testing.assert_identical(found[name].variable, parts[name].variable)
    assert "part_share" not in rebin(nights("exposure"), 2)  # their weights differ


@pytest.mark.slow
def test_joint_fits():
    data = {"a": nights("exposure"), "b": nights("background")}
    parts = [{"a": one("exposure", n), "b": one("background", n)} for n in range(3)]
    same(estimate(data), [estimate(part) for part in parts])
    same(fit_spectrum(data, power_law()), [fit_spectrum(part, power_law()) for part in parts])


@pytest.mark.slow
def test_chunks():
    pytest.importorskip("dask")
    lazy = nights("exposure").chunk(time=1)
    xr.testing.assert_identical(estimate(lazy), estimate(nights("exposure")))
    xr.testing.assert_identical(
        estimate(lazy, parallel=True).norm, estimate(nights("exposure")).norm
    )
    found = fit_spectrum(lazy, power_law())
    xr.testing.assert_identical(found.alpha, fit_spectrum(nights("exposure"), power_law()).alpha)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::xprofile.exceptions.DataWarning")
def test_profiles_do_what_one_profile_does(tmp_path):
    options = {"energy_edges": EDGES, "spectral_model": power_law(index=2.4)}
    whole = estimate(nights("exposure"), **options).profile.to_sed_type(
        "flux", per_solid_angle=True
    )
    parts = [
        estimate(one("exposure", n), **options).profile.to_sed_type("flux", per_solid_angle=True)
        for n in range(3)
    ]
    same(whole, parts)
    for method in ("containment", "half_light", "curve_of_growth"):
        found = getattr(whole.profile, method)()
        same(found, [getattr(part.profile, method)() for part in parts])
    same(whole.profile.normalize(), [part.profile.normalize() for part in parts])
    ratio = whole.profile.divide(parts[0])
    same(ratio, [part.profile.divide(parts[0]) for part in parts])
    same(whole.profile.subtract(whole), [part.profile.subtract(part) for part in parts])
    xr.testing.assert_identical(divide(profile=whole, other=parts[0]), ratio)
    xr.testing.assert_identical(containment(profile=whole), whole.profile.containment())
    whole.profile.to_netcdf(tmp_path / "all.nc")
    with open_netcdf(tmp_path / "all.nc") as back:
        xr.testing.assert_allclose(back.load(), whole)


def test_tables_have_rows_for_each_or_say_what_to_select(tmp_path):
    whole = estimate(nights("exposure"), energy_edges=EDGES, selection_optional="ul")
    frame = whole.profile.to_dataframe("flux")
    table = whole.profile.to_table("flux", tidy=True)
    assert table.colnames[0] == frame.columns[0] == "time"
    assert len(table) == len(frame) == 18
    np.testing.assert_allclose(table["flux"].value, frame["flux"])
    part = estimate(one("exposure", 1), energy_edges=EDGES, selection_optional="ul")
    some = table[table["time"] == TIMES[1].to_datetime64()]
    for name in part.profile.to_table("flux", tidy=True).colnames:
        np.testing.assert_array_equal(some[name], part.profile.to_table("flux", tidy=True)[name])
    text = r"further dims \['time'\]; select one value, such as \.isel\(time=0\)"
    for write in (
        lambda: whole.profile.to_table("flux"),
        lambda: whole.profile.to_fits(tmp_path / "all.fits"),
        lambda: whole.profile.to_ecsv(tmp_path / "all.ecsv"),
        lambda: whole.profile.to_table("flux", latex=True),
    ):
        with pytest.raises(InvalidDataError, match=text):
            write()
    with pytest.raises(InvalidDataError, match=r"\.isel\(time=0\)"):
        whole.profile.plot()


def test_pixels_and_misspelt_energies_are_no_further_dims():
    data = one("counts", 0)
    plain = {name: array.variable for name, array in data.data_vars.items()}
    energies = ("e", "projected_distance")
    with pytest.raises(InvalidDataError, match=r"counts has dims \('e', 'proj"):
        check_binned(data.assign(counts=xr.Variable(energies, plain["counts"].data)))
    on_rows = xr.Variable(("lat", *plain["background"].dims), plain["background"].data[None])
    with pytest.raises(InvalidDataError, match=r"background has dims \('lat'"):
        check_binned(data.drop_vars(["lat", "lon"]).assign(background=on_rows))
