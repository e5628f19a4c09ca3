"""Quantities of bins on the sky, and grids of boxes that are shown so by default."""

import astropy.units as u
import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest
import xarray as xr
from astropy.coordinates import SkyCoord
from astropy.visualization.wcsaxes import WCSAxes
from cases.maps import make_maps
from cases.plot import ONE_BAND, galactic, new_axes, off_map_ignored, outlines, profile_of

from xprofile import SkyBins, bin_maps, estimate, to_sed_type
from xprofile.exceptions import InvalidDataError, InvalidOptionError, MissingVariableError
from xprofile.plot import plot_array, plot_bins, plot_profile, plot_sky, plot_sky_bins, plot_summary
from xprofile.plot.sky_bins import is_grid

GRID = SkyBins.grid(galactic(0, 0), width=3 * u.deg, height=2 * u.deg, nbin=(3, 2))


@pytest.fixture(scope="module")
def grid():
    return profile_of(GRID)


def test_a_grid_of_boxes_is_shown_on_the_sky(grid):
    ax = plot_profile(grid)
    assert isinstance(ax, WCSAxes)
    drawn = outlines(ax)
    expected = to_sed_type(grid, "flux").flux.isel(energy=0)
    np.testing.assert_allclose(drawn.get_array(), expected, rtol=1e-12)
    label = drawn.colorbar.ax.get_ylabel()
    assert label.startswith("Integral flux [$10^{-")
    assert label.endswith(r"\mathrm{cm^{-2}\,s^{-1}}$]")
    assert ax.get_xlabel() == "Galactic longitude [deg]"


def test_boxes_have_their_true_outlines_and_colours(grid, image):
    ax = plot_sky(image, cmap="gray")
    assert plot_sky_bins(grid, "sqrt_ts", ax=ax, cmap="magma") is ax
    filled, lines = outlines(ax), plot_bins(GRID, ax)
    for path, other in zip(filled.get_paths(), lines.get_paths(), strict=True):
        np.testing.assert_allclose(path.vertices, other.vertices, rtol=0, atol=1e-3)  # of a pixel
    ax.figure.canvas.draw()
    values = grid.sqrt_ts.isel(energy=0).to_numpy()
    share = (values - values.min()) / np.ptp(values)
    np.testing.assert_allclose(filled.get_facecolor(), mpl.colormaps["magma"](share), rtol=1e-12)


def test_limits_of_the_colours_and_keywords_of_the_collection(grid):
    drawn = outlines(plot_sky_bins(grid, "ts", vmin=0, vmax=9, edgecolor="red", add_colorbar=False))
    assert drawn.get_clim() == (0, 9)
    assert mpl.colors.same_color(drawn.get_edgecolor()[0], "red")
    assert drawn.colorbar is None
    other = outlines(plot_profile(grid, "ts", vmin=0, vmax=9, add_colorbar=False))
    assert (other.get_clim(), other.colorbar) == ((0, 9), None)
    assert outlines(plot_sky_bins(grid, "ts", clim=np.array([1, 5]))).get_clim() == (1, 5)
    assert outlines(plot_sky_bins(grid, "ts", clim=None)).get_clim()[1] == grid.ts.max()
    norm = mpl.colors.LogNorm(1, 10)
    assert outlines(plot_sky_bins(grid, "counts", norm=norm)).norm is norm


def test_a_quantity_and_a_sed_type(grid):
    with pytest.raises(InvalidOptionError, match="not both"):
        plot_sky_bins(grid, "sqrt_ts", sed_type="flux")


def test_a_bin_without_a_value_is_empty(grid):
    holed = grid.assign(ts=grid.ts.where(grid.ts > grid.ts.min()))
    drawn = outlines(plot_sky_bins(holed, "ts"))
    drawn.figure.canvas.draw()
    assert np.count_nonzero(drawn.get_facecolor()[:, 3] == 0) == 1
    nothing = plot_sky_bins(grid.assign(ts=grid.ts * np.nan), "ts")
    nothing.figure.canvas.draw()


@pytest.mark.parametrize("option", [{"x": "region"}, {"style": "steps"}, {"yscale": "log"}])
def test_options_of_a_series_draw_a_series(grid, option):
    ax = plot_profile(grid, "counts", **option)
    assert not isinstance(ax, WCSAxes)
    assert ax.get_xlabel() == "Region"


@pytest.mark.slow
def test_axes_that_do_not_show_the_sky_get_a_series(grid):
    ax = new_axes()
    assert plot_profile(grid, ax=ax) is ax
    assert "profile" in plot_summary(grid)


def test_bins_of_any_kind_on_the_sky():
    rings = profile_of(SkyBins.annuli(galactic(0, 0), radius_max=2 * u.deg, nbin=3))
    assert len(outlines(plot_sky_bins(rings)).get_paths()) == 3
    assert not is_grid(rings)


@pytest.mark.parametrize("angle", [0, 37, 90, 160])
@pytest.mark.parametrize("frame", ["galactic", "icrs"])
@pytest.mark.parametrize("width", [1, 60])
def test_grids_are_recognized_in_any_direction(angle, frame, width):
    center = SkyCoord(20, 50, unit="deg", frame=frame)
    size = width * u.deg
    bins = SkyBins.grid(
        center, width=size, height=size / 2, nbin=(4, 3), position_angle=angle * u.deg
    )
    lon, lat = bins.center.spherical.lon.deg, bins.center.spherical.lat.deg
    coords = {"region": bins.region_texts(), "lon": ("region", lon), "lat": ("region", lat)}
    data = xr.Dataset({"solid_angle": ("region", np.ones(12))}, coords)
    data.lon.attrs = data.lat.attrs = {"frame": frame, "units": "deg"}
    assert is_grid(data)
    assert is_grid(data.isel(region=[0, 1, 3, 4, 7]))
    assert not is_grid(data.isel(region=[0, 1, 2]))  # a column


def test_other_boxes_are_no_grid(grid):
    regions = GRID.to_regions()
    regions[2].center = galactic(2.4, 0.2)
    with off_map_ignored():
        other = estimate(bin_maps(make_maps(), regions), energy_edges=ONE_BAND)
    assert not is_grid(other)
    assert not is_grid(grid.isel(region=[0, 2, 4]))


def test_wrong_input(grid):
    two = grid.ts.isel(energy=[0, 0]).drop_vars("energy")
    with pytest.raises(InvalidOptionError, match=r"2 energy bins.*isel\(energy=0\).*x='region'"):
        plot_array(two)
    with pytest.raises(MissingVariableError, match="no coordinate region"):
        plot_sky_bins(profile_of(GRID[:2]).assign_coords(region=[1, 2]).drop_vars("region"))
    with pytest.raises(InvalidDataError, match="ref_flux has dims"):
        plot_sky_bins(grid, "ref_flux")
    with pytest.raises(InvalidOptionError, match="axes with a WCS"):
        plot_sky_bins(grid, ax=plt.figure().gca())
