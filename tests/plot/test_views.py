"""What a profile shows by default, and how several series and panels share a figure."""

import warnings

import astropy.units as u
import matplotlib.pyplot as plt
import numpy as np
import pytest
import xarray as xr
from cases.plot import legend_texts, new_axes, only
from matplotlib.colors import same_color

from xprofile import normalize, power_law, to_sed_type, with_reference_model
from xprofile.exceptions import InvalidDataError, InvalidOptionError, MissingVariableError
from xprofile.plot import plot_profile
from xprofile.plot.elements.power_labels import plain_label

FLUX = r"Integral flux [$\mathrm{cm^{-2}\,s^{-1}}$]"
E2 = r"$E^{2}\,\mathrm{d}N/\mathrm{d}E$ [$\mathrm{erg\,cm^{-2}\,s^{-1}}$]"


def points(ax):
    """Lines of the points, without those of limits."""
    return [handle[0] for handle in ax.get_legend_handles_labels()[0]]


def test_norms_of_a_model_are_shown_as_a_flux(profile):
    ax = plot_profile(profile, sqrt_ts_threshold_ul=-np.inf)
    assert plain_label(ax.yaxis) == FLUX
    expected = to_sed_type(profile, "flux").flux.isel(energy=0)
    np.testing.assert_allclose(ax.containers[0].lines[0].get_ydata(), expected, rtol=1e-12)


def test_other_profiles_are_shown_as_they_are(profile):
    bright = to_sed_type(profile, "eflux", per_solid_angle="deg2")
    assert "deg^{-2}" in plot_profile(bright).get_ylabel()
    relative = normalize(profile.isel(projected_distance=slice(3, None)))
    assert plot_profile(relative, ax=new_axes()).get_ylabel().startswith("Norm")
    without = profile.drop_vars("ref_flux")
    assert plot_profile(without, ax=new_axes()).get_ylabel() == "Norm"


def test_points_of_several_bands_are_beside_each_other(two_bands):
    first, second = points(plot_profile(two_bands))
    width = np.diff([two_bands.projected_distance_min, two_bands.projected_distance_max], axis=0)
    apart = second.get_xdata() - first.get_xdata()
    np.testing.assert_allclose(apart, 0.25 * width[0], rtol=1e-12)
    middle = (second.get_xdata() + first.get_xdata()) / 2
    np.testing.assert_allclose(middle, two_bands.projected_distance, rtol=1e-12)


def test_an_offset_moves_all_bands(two_bands):
    first, second = points(plot_profile(two_bands, offset=0))
    np.testing.assert_array_equal(first.get_xdata(), two_bands.projected_distance)
    np.testing.assert_array_equal(second.get_xdata(), two_bands.projected_distance)


def test_colours_markers_and_labels_of_each_band(two_bands):
    ax = plot_profile(
        two_bands, color=["k", "C3"], marker={1: "s"}, label=["soft", "hard"], markersize=[3, 5]
    )
    first, second = points(ax)
    assert (first.get_color(), second.get_color()) == ("k", "C3")
    assert (first.get_marker(), second.get_marker()) == ("o", "s")
    assert (first.get_markersize(), second.get_markersize()) == (3, 5)
    assert legend_texts(ax)[:2] == ["soft", "hard"]


def test_bands_by_their_text(two_bands):
    ax = plot_profile(two_bands, label={"100 - 1000 GeV": "hard"}, color=(0.1, 0.2, 0.3))
    assert legend_texts(ax)[:2] == ["10 - 100 GeV", "hard"]
    assert all(same_color(line.get_color(), (0.1, 0.2, 0.3)) for line in points(ax))
    other = plot_profile(two_bands, c=[0.1, 0.2, 0.3], ax=new_axes())
    assert all(same_color(line.get_color(), (0.1, 0.2, 0.3)) for line in points(other))


@pytest.mark.parametrize(
    ("style", "match"),
    [
        ({"color": ["k"]}, "color has 1 values, expected one for each of the 2 series"),
        ({"label": {"soft": "a"}}, r"label has a value for 'soft', .*'10 - 100 GeV'"),
        ({"marker": {2: "s"}}, "marker has a value for 2, .* 0 to 1"),
    ],
)
def test_lists_that_do_not_fit_the_bands(two_bands, style, match):
    with pytest.raises(InvalidOptionError, match=match):
        plot_profile(two_bands, **style)
    assert plt.get_fignums() == []


def test_keywords_of_limits(profile):
    ax = plot_profile(profile, ul_kw={"c": "0.6", "elinewidth": 3, "marker": "v"}, color="k")
    values, limits = ax.containers
    assert values.lines[0].get_color() == "k"
    assert same_color(limits.lines[0].get_color(), "0.6")
    assert limits.lines[0].get_marker() == "v"
    assert only(limits.lines[2]).get_linewidth() == [3]
    handle = ax.get_legend().legend_handles[-1]
    assert same_color(handle.get_color(), "0.6")


def test_keywords_of_the_limits_of_each_band(two_bands):
    look = {"color": ["k", "C3"], "marker": {1: "v"}}
    ax = plot_profile(two_bands, ul_kw=look, sqrt_ts_threshold_ul=np.inf)
    limits = [
        one.lines[0] for one in ax.containers if "_container" in (one.get_label() or "_container")
    ]
    limits = [one for one in limits if same_color(one.get_color(), "k") or one.get_marker() == "v"]
    assert [one.get_color() for one in limits] == ["k", "C3"]
    assert limits[0].get_marker() != limits[1].get_marker() == "v"
    with pytest.raises(InvalidOptionError, match="color has 3 values, expected one for each"):
        plot_profile(two_bands, ul_kw={"color": ["k", "r", "b"]}, ax=new_axes())


@pytest.mark.heavy
@pytest.mark.parametrize("share", [True, False])
def test_shared_axes_are_labelled_outside(two_bands, share):
    _, axes = plt.subplots(2, 2, sharex=share, sharey=share)
    for ax in axes.flat:
        plot_profile(two_bands, ax=ax)
    assert [bool(ax.get_xlabel()) for ax in axes.flat] == [not share, not share, True, True]
    assert [bool(ax.get_ylabel()) for ax in axes.flat] == [True, not share, True, not share]


def test_a_spectrum_of_each_bin(two_bands):
    bins = two_bands.isel(projected_distance=[4, 5])
    ax = plot_profile(bins, x="energy", sqrt_ts_threshold_ul=-np.inf)
    assert (ax.get_xscale(), ax.get_yscale()) == ("log", "log")
    assert ax.get_xlabel() == "Energy [TeV]"
    assert ax.get_ylabel().startswith(r"$\mathrm{d}N/\mathrm{d}E$ [")
    assert legend_texts(ax) == ["4 - 5 deg", "5 - 6 deg"]
    expected = to_sed_type(bins, "dnde").dnde
    lines = points(ax)
    for index, line in enumerate(lines):
        np.testing.assert_allclose(line.get_ydata(), expected[index], rtol=1e-12)
    apart = lines[1].get_xdata() / lines[0].get_xdata()
    np.testing.assert_allclose(apart, 10**0.25, rtol=1e-12)


@pytest.mark.parametrize("energy_unit", ["TeV", "GeV"])
def test_a_spectrum_times_energy_squared(two_bands, energy_unit):
    one = two_bands.isel(projected_distance=4)
    one = one.profile.to_units(energy=energy_unit)
    ax = one.profile.plot(energy_power=2, x_unit="GeV", sqrt_ts_threshold_ul=-np.inf)
    assert ax.get_xlabel() == "Energy [GeV]"
    assert plain_label(ax.yaxis) == E2
    line = ax.containers[0].lines[0]
    np.testing.assert_allclose(line.get_xdata(), [10**1.5, 10**2.5], rtol=1e-12)
    expected = to_sed_type(one, "e2dnde").e2dnde
    np.testing.assert_allclose(line.get_ydata(), expected, rtol=1e-12)


def test_a_spectrum_times_another_power(two_bands):
    one = to_sed_type(two_bands, "dnde", per_solid_angle=True).isel(projected_distance=4)
    ax = plot_profile(one, x="energy", energy_power=2.5, sqrt_ts_threshold_ul=-np.inf)
    assert plain_label(ax.yaxis) == (
        r"$E^{2.5}\,\mathrm{d}N/\mathrm{d}E$ [$\mathrm{TeV^{3/2}\,s^{-1}\,sr^{-1}\,cm^{-2}}$]"
    )
    expected = one.dnde * one.energy**2.5
    np.testing.assert_allclose(ax.containers[0].lines[0].get_ydata(), expected, rtol=1e-12)


def test_spectra_of_one_energy_and_of_other_quantities(profile, two_bands):
    one = plot_profile(profile.isel(energy=0), x="energy", sqrt_ts_threshold_ul=-np.inf)
    assert points(one)[4].get_xdata().size == 1
    steps = plot_profile(two_bands, "sqrt_ts", x="energy", ax=new_axes())
    assert len(steps.lines) == 6
    assert steps.get_yscale() == "linear"


def test_wrong_spectra(profile):
    with pytest.raises(InvalidOptionError, match=r"energy_power=2 .* x='energy'"):
        plot_profile(profile, energy_power=2)
    with pytest.raises(MissingVariableError, match="energy_min"):
        plot_profile(profile.drop_vars("energy_min"), x="energy")
    with pytest.raises(InvalidDataError, match=r"solid_angle has dims .* choose another"):
        plot_profile(profile, "solid_angle", x="energy")
    assert plt.get_fignums() == []


def gauss(r):
    return 2e-10 * u.Unit("cm-2 s-1") * np.exp(-((r / (2 * u.deg)) ** 2))


def test_a_curve_over_a_profile(profile):
    ax = plot_profile(profile, model=gauss, x_unit="arcmin", model_kw={"label": "Gaussian"})
    line = ax.lines[-1]
    x, y = line.get_data()
    np.testing.assert_allclose([x[0], x[-1]], [0, 360], rtol=1e-12)
    np.testing.assert_allclose(y, 2e-10 * np.exp(-((x / 120) ** 2)), rtol=1e-12)
    assert line.get_color() == ax.containers[0].lines[0].get_color()
    assert legend_texts(ax)[0] == "Gaussian"


def test_a_model_without_units_is_in_those_of_the_axes(profile):
    from astropy.modeling.models import Gaussian1D

    ax = plot_profile(profile, "norm", model=Gaussian1D(3, 1, 1))
    x, y = ax.lines[-1].get_data()
    np.testing.assert_allclose(y, 3 * np.exp(-0.5 * (x - 1) ** 2), rtol=1e-12)


def test_a_spectral_model_over_a_spectrum(two_bands):
    model = power_law(2.3)
    ax = plot_profile(two_bands.isel(projected_distance=4), energy_power=2, model=model)
    x, y = ax.lines[-1].get_data()
    expected = (model(x * u.TeV) * (x * u.TeV) ** 2).to_value("erg cm-2 s-1")
    np.testing.assert_allclose(y, expected, rtol=1e-12)


def test_a_profile_as_model(two_bands):
    other = with_reference_model(to_sed_type(two_bands, "flux"), power_law(3))
    other = other.transpose("energy", ...)
    ax = plot_profile(two_bands, "eflux", model=other)
    expected = to_sed_type(other, "eflux").eflux
    drawn = [line for line in ax.lines if line.get_label() == "_model"]
    for index, line in enumerate(drawn):
        np.testing.assert_allclose(line.get_ydata()[::3], expected[index], rtol=1e-12)
        assert line.get_color() == points(ax)[index].get_color()
    assert len(drawn) == 2


def test_values_of_the_bins_as_model(two_bands):
    values = xr.DataArray(np.arange(6.0), dims="projected_distance", attrs={"units": "m-2 s-1"})
    ax = plot_profile(two_bands, "flux", model=values)
    drawn = [line for line in ax.lines if line.get_label() == "_model"]
    np.testing.assert_allclose(drawn[1].get_ydata()[::3], np.arange(6) * 1e-4, rtol=1e-12)


@pytest.mark.parametrize(
    ("model", "error", "match"),
    [
        ("gauss", InvalidOptionError, "found str"),
        (lambda r: np.exp(-r), InvalidOptionError, "a Quantity in deg.*lambda r"),
        (lambda r: r, InvalidDataError, r"the model is in deg, but .* cm-2 s-1|1 / \(s cm2\)"),
        (xr.DataArray(np.ones(5), dims="projected_distance"), InvalidDataError, "5 values along"),
    ],
    ids=["text", "exp", "unit", "size"],
)
def test_models_that_do_not_fit(profile, model, error, match):
    with pytest.raises(error, match=match):
        plot_profile(profile, model=model)
    assert plt.get_fignums() == []


@pytest.mark.heavy
@pytest.mark.parametrize("x", ["lon", "energy", None])
def test_nothing_to_draw_draws_nothing(two_bands, x):
    empty = xr.full_like(two_bands[["norm", "norm_err", "norm_ul"]], np.nan)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.simplefilter("default", DeprecationWarning)  # of older matplotlib
        for quantity in (None, "e2dnde", "norm"):
            plot_profile(two_bands.assign(empty), quantity, x=x, ax=new_axes()).figure.canvas.draw()


def test_counts_times_energy_have_their_errors(two_bands):
    one = two_bands.isel(projected_distance=4)
    for ax in (
        plot_profile(one, "counts", energy_power=1),
        one["counts"].profile.plot(energy_power=1, ax=new_axes()),
    ):
        bars = ax.containers[0].lines[2][0].get_segments()
        found = [(bar[1, 1] - bar[0, 1]) / 2 for bar in bars]
        np.testing.assert_allclose(found, np.sqrt(one.counts) * one.energy, rtol=1e-12)


def test_one_bin_at_one_energy(two_bands):
    one = two_bands.isel(projected_distance=4, energy=1)
    ax = plot_profile(one, x="energy")
    assert ax.containers[0].lines[0].get_ydata().size == 1
    with pytest.raises(InvalidDataError, match=r"as isel\(projected_distance=\[0\]\) does"):
        plot_profile(one, ax=new_axes())


def test_data_sets_have_their_names_in_the_legend(two_bands):
    parts = [two_bands.counts, 2 * two_bands.counts]
    counts = xr.concat(parts, xr.Variable("dataset", ["LAT", "HAWC"]))
    joint = two_bands.assign(counts=counts.assign_attrs(two_bands.counts.attrs)).isel(energy=0)
    ax = plt.gca()
    for number in (0, 1):
        plot_profile(joint.isel(dataset=number), "counts", ax=ax)
    assert [text.get_text() for text in ax.get_legend().get_texts()] == [
        "Counts, LAT",
        "Counts, HAWC",
    ]


@pytest.mark.parametrize("dim", ["projected_distance", "energy"])
def test_profiles_without_bins_or_energies_are_empty_axes(two_bands, dim):
    none = two_bands.isel({dim: slice(0, 0)})
    for x in (None, "energy"):
        assert plot_profile(none, x=x, ax=new_axes()).get_ylabel()
