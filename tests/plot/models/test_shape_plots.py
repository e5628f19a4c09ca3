"""Figures of a fitted shape over a profile."""

import astropy.units as u
import matplotlib.pyplot as plt
import numpy as np
import pytest
import xarray as xr
from astropy.coordinates import SkyCoord
from astropy.modeling.models import Gaussian1D
from cases.maps import make_maps
from cases.shapes import with_counts

from xprofile import SkyBins, bin_maps, estimate, fit_shape, to_sed_type
from xprofile.exceptions import InvalidDataError, InvalidOptionError
from xprofile.plot import plot_profile

CENTER = SkyCoord(0, 0, unit="deg", frame="galactic")
GAUSS = Gaussian1D(1.0, 0.0, 0.3, fixed={"mean": True})


@pytest.fixture(scope="module")
def data():
    rings = SkyBins.annuli(CENTER, radius_max=0.8 * u.deg, nbin=4)
    binned = bin_maps(make_maps(), rings)
    return with_counts(binned, lambda d: 3e6 * np.exp(-((d / 0.3) ** 2) / 2), seed=1)


def steps(ax):
    """Levels of the steps of the model."""
    (line,) = [line for line in ax.lines if line.get_label() == "_model"]
    return line.get_ydata()[::3]


@pytest.mark.parametrize("per_solid_angle", [False, True])
def test_the_model_is_drawn_as_the_quantity(data, per_solid_angle):
    profile, fit = estimate(data), fit_shape(data, GAUSS)
    flux = to_sed_type(profile, "flux", per_solid_angle=per_solid_angle)
    ax = plot_profile(flux, model=fit)
    area = data.solid_angle if per_solid_angle else 1.0
    expected = fit.model_norm * profile.ref_flux.item() / area
    np.testing.assert_allclose(steps(ax), expected, rtol=1e-12)
    below = ax.figure.axes[-1]
    assert below is not ax
    residual = (fit.counts - fit.npred) / np.sqrt(fit.npred)
    drawn = below.containers[0].lines[0].get_ydata()
    np.testing.assert_allclose(drawn, residual, rtol=1e-12)
    plt.close()


def test_a_log_axis_reaches_down_to_the_data(data):
    profile, fit = estimate(data, selection_optional=["ul"]), fit_shape(data, GAUSS)
    falling = fit.model_norm * xr.DataArray([1, 1, 2, 1e-30], dims="projected_distance")
    ax = plot_profile(profile, "norm", sqrt_ts_threshold_ul=-np.inf, yscale="log")
    bottom, top = ax.get_ylim()
    plt.close()
    fit = fit.assign(model_norm=falling)
    ax = plot_profile(profile, "norm", sqrt_ts_threshold_ul=-np.inf, yscale="log", model=fit)
    assert ax.get_ylim()[0] == pytest.approx(bottom, rel=0.5)
    assert ax.get_ylim()[1] >= max(top, falling.max())
    plt.close()


def test_several_profiles_and_a_twin_share_the_axes_of_residuals(data):
    profile, fit = estimate(data), fit_shape(data, GAUSS)
    figure = plt.figure()
    ax = plot_profile(profile, model=fit, twin="sqrt_ts")
    below = figure.axes[-1]
    assert plt.gca() is ax
    assert plot_profile(profile, model=fit, offset=0.2) is ax
    assert len(figure.axes) == 3
    assert len(below.containers) == 2
    assert below.get_xlabel() == "Projected distance [deg]"
    assert not ax.get_xlabel()
    figure.canvas.draw()
    right = figure.axes[1]
    np.testing.assert_allclose(right.get_position().bounds, ax.get_position().bounds, rtol=1e-12)
    assert ax.get_position().y0 > below.get_position().y1
    assert plot_profile(profile, twin="sqrt_ts") is ax
    assert len(figure.axes) == 3
    plt.close()


@pytest.mark.slow
@pytest.mark.parametrize("nested", [False, True], ids=["figure", "subfigure"])
@pytest.mark.parametrize("layout", ["constrained", "tight"])
def test_labels_of_residuals_are_inside_the_figure(data, layout, nested):
    figure = plt.figure(figsize=(3.4, 2.55), layout=layout)
    parent = figure.subfigures(1, 1) if nested else figure
    ax = plot_profile(estimate(data), model=fit_shape(data, GAUSS), ax=parent.subplots())
    figure.draw_without_rendering()
    figure.draw_without_rendering()
    below = parent.axes[-1]
    assert below is not ax
    for axis in (below.xaxis, below.yaxis, ax.yaxis):
        assert axis.label.get_text()
        box = axis.get_tightbbox()
        assert box.x0 >= 0
        assert box.y0 >= 0
    assert below.bbox.y1 < ax.bbox.y0
    plt.close()


def test_wrong_models(data):
    profile, fit = estimate(data), fit_shape(data, GAUSS)
    with pytest.raises(InvalidOptionError, match=r"result of fit_shape.* found float"):
        plot_profile(profile, model=1.0)
    with pytest.raises(InvalidOptionError, match="not over 'counts'"):
        plot_profile(profile, "counts", model=fit)
    with pytest.raises(InvalidDataError, match="bins along"):
        plot_profile(profile.isel(projected_distance=slice(2)), model=fit)
    each = fit_shape(data, GAUSS, energy_edges="fine", selection_optional=None)
    with pytest.raises(InvalidDataError, match="same energy_edges"):
        plot_profile(profile, model=each)
