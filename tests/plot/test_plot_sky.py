"""Maps on sky axes."""

import astropy.units as u
import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest
import xarray as xr
from astropy.visualization.wcsaxes import WCSAxes
from cases.maps import make_maps, make_wcs
from cases.plot import only
from matplotlib.colors import LogNorm

from xprofile.exceptions import InvalidDataError, InvalidOptionError, MissingVariableError
from xprofile.maps.wcs import decode_wcs, grid_coords
from xprofile.plot import plot_sky


def test_map_has_its_values_and_place(image):
    ax = plot_sky(image)
    shown = only(ax.images)
    assert isinstance(ax, WCSAxes)
    np.testing.assert_array_equal(shown.get_array(), image)
    assert shown.get_extent() == [-0.5, 79.5, -0.5, 59.5]
    assert ax.wcs.wcs.compare(decode_wcs(image).wcs)
    assert (shown.norm.vmin, shown.norm.vmax) == (image.min(), image.max())


@pytest.mark.parametrize(
    "select",
    [
        lambda m: m.isel(lon=slice(20, 50), lat=slice(10, 30)),
        lambda m: m.isel(lon=slice(49, 19, -1), lat=slice(10, 30)),
        lambda m: m.isel(lon=slice(20, 50), lat=slice(29, 9, -1)).transpose("lon", "lat"),
    ],
    ids=["slice", "reversed", "transposed"],
)
def test_a_part_of_a_map_stays_where_it_is(image, select):
    shown = only(plot_sky(select(image)).images)
    assert shown.get_extent() == [19.5, 49.5, 9.5, 29.5]
    np.testing.assert_array_equal(shown.get_array(), image[10:30, 20:50])


def test_every_second_pixel_is_twice_as_wide(image):
    shown = only(plot_sky(image[:, ::2]).images)
    assert shown.get_extent() == [-1, 79, -0.5, 59.5]


def test_a_single_row(image):
    assert only(plot_sky(image[4:5]).images).get_extent() == [-0.5, 79.5, 3.5, 4.5]


def test_unevenly_spaced_pixels_make_no_image(image):
    with pytest.raises(InvalidDataError, match="x are not evenly spaced"):
        plot_sky(image[:, [0, 1, 5]])


@pytest.mark.parametrize(
    ("stretch", "middle"), [("linear", 0.25), ("sqrt", 0.5), ("log", 0.8), ("asinh", 0.55)]
)
def test_stretch(image, stretch, middle):
    norm = only(plot_sky(image, stretch=stretch, vmin=0, vmax=4).images).norm
    assert [norm(0), norm(4)] == pytest.approx([0, 1])
    assert norm(1) == pytest.approx(middle, abs=0.01)


@pytest.mark.heavy
@pytest.mark.parametrize("stretch", ["log", "asinh"])
def test_labels_of_a_stretched_colour_bar_keep_apart(image, stretch):
    ax = plot_sky(image, stretch=stretch, vmin=0, vmax=1200)
    norm, bar = only(ax.images).norm, only(ax.images).colorbar
    assert np.all(np.diff(norm(np.sort(bar.get_ticks()))) > 0.08)
    bar.ax.figure.canvas.draw()
    assert bar.ax.get_yticklabels()[0].get_text() == "1000"


@pytest.mark.heavy
@pytest.mark.parametrize("value", [np.nan, 0.0, 3.0, -2.0])
@pytest.mark.parametrize("stretch", ["linear", "log"])
def test_flat_and_unknown_maps(image, value, stretch):
    ax = plot_sky(xr.full_like(image, value, float), stretch=stretch)
    ax.figure.canvas.draw()
    norm = only(ax.images).norm
    assert norm.vmax > norm.vmin


@pytest.mark.slow
def test_masks_are_images():
    shown = only(plot_sky(make_maps()["mask"].isel(energy=0)).images)
    np.testing.assert_array_equal(shown.get_array(), 1)


def test_style_of_maps(image):
    norm = LogNorm(0.1, 100)
    ax = plot_sky(image + 1, norm=norm, cmap="gray", alpha=0.5, interpolation="nearest")
    shown = only(ax.images)
    assert shown.norm is norm
    assert (shown.get_cmap().name, shown.get_alpha()) == ("gray", 0.5)
    assert shown.get_interpolation() == "nearest"


def test_rc_colours_are_used(image):
    with mpl.rc_context({"image.cmap": "magma"}):
        assert only(plot_sky(image).images).get_cmap().name == "magma"


@pytest.mark.parametrize(
    ("frame", "expected"),
    [
        ("galactic", ["Galactic longitude [deg]", "Galactic latitude [deg]"]),
        ("icrs", ["Right ascension", "Declination"]),
    ],
)
def test_sky_axes_are_named(frame, expected):
    wcs = make_wcs("TAN", center=(83.6, 22.0), frame=frame)
    image = xr.DataArray(np.zeros((60, 80)), grid_coords(wcs, (60, 80)), ("lat", "lon"))
    ax = plot_sky(image)
    assert [coord.get_axislabel() for coord in ax.coords] == expected


def test_galactic_ticks_are_decimal_degrees(image):
    ax = plot_sky(image)
    assert ax.coords[0].get_format_unit() == u.deg
    formatted = ax.coords[0].format_coord(359.5)
    assert "h" not in formatted
    assert "°" not in ax.coords[0].formatter([359.5] * u.deg, spacing=0.5 * u.deg)[0]


def test_colour_bar(image):
    image = image.assign_attrs(long_name="smoothed counts", units="deg-2")
    ax = plot_sky(image)
    bar = only(ax.images).colorbar
    assert bar.ax.get_ylabel() == r"Smoothed counts [$\mathrm{deg^{-2}}$]"
    assert plt.gca() is ax
    ax.figure.canvas.draw()
    assert bar.ax.get_position().height == pytest.approx(ax.get_position().height)


def test_no_colour_bar(image):
    ax = plot_sky(image, add_colorbar=False)
    assert ax.figure.axes == [ax]


def test_maps_open_no_more_figures_than_they_need(image):
    figure = plt.figure()
    assert plot_sky(image).figure is figure
    assert plot_sky(image).figure is not figure
    ax = plt.figure().add_subplot(projection=decode_wcs(image))
    before = plt.get_fignums()
    assert plot_sky(image, ax=ax) is ax
    assert plt.get_fignums() == before


def test_a_cube_is_no_image():
    with pytest.raises(InvalidDataError, match=r'\.sum\("energy"\)'):
        plot_sky(make_maps().counts)


def test_a_row_is_no_image(image):
    with pytest.raises(InvalidDataError, match="lat and lon"):
        plot_sky(image.isel(lat=0))


def test_map_without_wcs(image):
    with pytest.raises(MissingVariableError, match="wcs"):
        plot_sky(image.drop_vars("wcs"))


def test_unknown_stretch(image):
    with pytest.raises(InvalidOptionError, match="sqrt"):
        plot_sky(image, stretch="square")


@pytest.mark.parametrize(
    ("projection", "match"), [(None, "sky axes with a WCS"), (make_wcs(step=0.2), "another WCS")]
)
def test_maps_need_axes_with_their_wcs(image, projection, match):
    ax = plt.figure().add_subplot(projection=projection)
    with pytest.raises(InvalidOptionError, match=match):
        plot_sky(image, ax=ax)
