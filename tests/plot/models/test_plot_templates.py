"""Figure of a fit of templates."""

import astropy.units as u
import matplotlib.pyplot as plt
import numpy as np
import pytest
from cases.templates import DIM, filled

from xprofile import fit_templates, power_law
from xprofile.exceptions import InvalidDataError, InvalidOptionError, MissingVariableError
from xprofile.plot import plot_templates


@pytest.fixture
def fit():
    binned, templates = filled(seed=1)
    return fit_templates(binned, templates)


def steps(ax):
    """Levels of the lines that are drawn in steps, by label."""
    lines = [line for line in ax.get_lines() if len(line.get_xdata()) == 18]
    return {line.get_label(): np.asarray(line.get_ydata())[::3] for line in lines}


def test_sum_templates_and_counts_are_drawn(fit):
    _, ax = plt.subplots()
    assert fit.profile.plot(ax=ax) is ax
    drawn, over = steps(ax), fit.sum("energy")
    assert list(drawn) == ["sum", "gas", "dust", "background"]
    np.testing.assert_allclose(drawn["sum"], over.npred_total)
    np.testing.assert_allclose(drawn["dust"], over.npred.sel(template="dust"))
    np.testing.assert_allclose(drawn["background"], over.npred_background)
    points = ax.containers[0].lines[0]
    np.testing.assert_allclose(points.get_ydata(), over.counts)
    labels = [text.get_text() for text in ax.get_legend().get_texts()]
    assert labels == ["sum", "gas", "dust", "background", "counts"]
    below = ax.figure.axes[1]
    np.testing.assert_allclose(
        below.containers[0].lines[0].get_ydata(), over.counts - over.npred_total
    )
    assert below.get_xlabel() == "Projected distance [deg]"
    assert plt.gca() is ax


def test_one_energy_and_brightness(fit):
    _, ax = plt.subplots()
    fit.profile.plot(
        ax=ax, energy=30 * u.GeV, per_solid_angle=True, residuals=False, x_unit="arcmin"
    )
    first = fit.isel(energy=0)
    np.testing.assert_allclose(steps(ax)["sum"], first.npred_total / first.solid_angle)
    bright = fit.profile.plot(ax=plt.figure().add_subplot(), energy=0, per_solid_angle="deg2")
    np.testing.assert_allclose(
        steps(bright)["sum"], first.npred_total / first.solid_angle * u.deg.to("rad") ** 2
    )
    assert "deg^{-2}" in bright.get_ylabel()
    assert ax.get_title() == "10 - 50 GeV"
    assert ax.get_xlabel() == "Projected distance [arcmin]"
    assert len(ax.figure.axes) == 1
    _, ax = plt.subplots()
    plot_templates(fit, ax=ax, energy=-1, add_legend=False, yscale="log")
    np.testing.assert_allclose(steps(ax)["gas"], fit.npred[0, -1])
    assert ax.get_legend() is None
    for wrong in (3, 7 * u.TeV, "low"):
        with pytest.raises(InvalidOptionError, match=r"number of an energy bin .* there are 3"):
            plot_templates(fit, ax=ax, energy=wrong)


def test_free_bins_and_data_sets_are_summed():
    binned, templates = filled(seed=2)
    fit = fit_templates(
        [binned, binned], {k: [t, t] for k, t in templates.items()},
        free_bins=binned[DIM] < 0.5, spectral_model=power_law(1.5),
    )  # fmt: skip
    _, ax = plt.subplots()
    plot_templates(fit, ax=ax)
    np.testing.assert_allclose(steps(ax)["bins"], fit.npred_bins.sum(["dataset", "energy"]))


@pytest.mark.parametrize("yscale", [None, pytest.param("log", marks=pytest.mark.slow)])
@pytest.mark.parametrize("residuals", [True, pytest.param(False, marks=pytest.mark.slow)])
def test_the_legend_is_above_the_data(fit, yscale, residuals):
    many = fit.isel(template=[0, 1] * 4)
    many = many.assign_coords(template=[f"component {i} of the sky" for i in range(8)])
    ax = many.profile.plot(yscale=yscale, residuals=residuals)
    ax.figure.canvas.draw()
    legend, inside = ax.get_legend().get_window_extent(), ax.get_window_extent()
    top = ax.transData.transform([0, ax.dataLim.y1])[1]
    assert top < legend.y0 < legend.y1 < inside.y1
    assert inside.x0 < legend.x0 < legend.x1 < inside.x1


def test_what_cannot_be_drawn(fit):
    with pytest.raises(MissingVariableError, match="npred is missing"):
        plot_templates(fit.drop_vars("npred"))
    with pytest.raises(InvalidDataError, match="such as toy=0"):
        plot_templates(fit.expand_dims(toy=2))
    with pytest.raises(InvalidOptionError, match="unknown yscale"):
        plot_templates(fit, yscale="square")
