"""The fit statistic over bins and flux."""

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest
from cases.plot import drawn_values, legend_texts, only_mesh
from matplotlib.colors import LogNorm

from xprofile import to_sed_type
from xprofile.exceptions import InvalidOptionError, MissingVariableError
from xprofile.plot import plot_stat_scan, scan
from xprofile.plot.elements.power_labels import plain_label


def test_mesh_has_the_edges_of_the_bins_and_of_the_scan(profile):
    mesh = only_mesh(plot_stat_scan(profile, sed_type="norm"))
    one = profile.isel(energy=0)
    corners = mesh.get_coordinates()
    edges = np.stack([one.projected_distance_min, one.projected_distance_max], axis=1).ravel()
    np.testing.assert_array_equal(corners[0, :, 0], edges)
    np.testing.assert_allclose(corners[:, 0, 1], np.arange(-1.5, 6), rtol=1e-12)
    rise = mesh.get_array()
    np.testing.assert_array_equal(
        rise[:, ::2].filled(np.nan), (one.stat_scan - one.stat).transpose("norm_scan", ...)
    )
    assert rise[:, 1::2].mask.all()


def test_mesh_in_flux(profile):
    ax = plot_stat_scan(profile, sed_type="dnde", x_unit="arcmin")
    corners = only_mesh(ax).get_coordinates()
    expected = np.arange(-1.5, 6) * profile.ref_dnde.item()
    np.testing.assert_allclose(corners[:, 4, 1], expected, rtol=1e-12)
    np.testing.assert_allclose(corners[0, -1, 0], 360, rtol=1e-12)
    assert ax.get_ylabel().startswith(r"$\mathrm{d}N/\mathrm{d}E$ [")
    assert ax.get_xlabel() == "Projected distance [arcmin]"


def test_mesh_of_a_surface_brightness_is_scaled_bin_by_bin(profile):
    bright = to_sed_type(profile, "flux", per_solid_angle=True)
    corners = only_mesh(plot_stat_scan(bright)).get_coordinates()
    scale = (profile.ref_flux / profile.solid_angle).to_numpy()[0]
    np.testing.assert_allclose(corners[0, ::2, 1], -1.5 * scale, rtol=1e-12)
    ax = plot_stat_scan(bright, sed_type="dnde", ax=plt.figure().gca())
    np.testing.assert_allclose(
        only_mesh(ax).get_coordinates()[0, :, 1], -1.5 * profile.ref_dnde.item(), rtol=1e-12
    )


def test_quantity_by_position(profile):
    by_name = only_mesh(plot_stat_scan(profile, sed_type="eflux"))
    direct = only_mesh(profile.profile.plot_stat_scan("eflux", ax=plt.figure().gca()))
    np.testing.assert_array_equal(direct.get_coordinates(), by_name.get_coordinates())
    with pytest.raises(InvalidOptionError, match="not both"):
        plot_stat_scan(profile, "flux", sed_type="norm")
    with pytest.raises(InvalidOptionError, match="unknown sed_type 'counts'"):
        plot_stat_scan(profile, "counts")


def test_scan_in_any_order(profile):
    mixed = profile.isel(norm_scan=[3, 0, 6, 1, 2, 5, 4])
    first, second = (only_mesh(plot_stat_scan(p, ax=plt.figure().gca())) for p in (profile, mixed))
    np.testing.assert_array_equal(first.get_coordinates(), second.get_coordinates())
    np.testing.assert_array_equal(first.get_array(), second.get_array())


def test_colours_of_the_scan(profile):
    ax = plot_stat_scan(profile)
    mesh = only_mesh(ax)
    assert mesh.get_clim() == (0, 9)
    assert mesh.get_cmap().name == "Blues_r"
    assert mesh.colorbar.extend == "max"
    assert mesh.colorbar.ax.get_ylabel() == "Fit statistic difference"


def test_style_of_the_scan(profile):
    ax = plot_stat_scan(profile, cmap="magma", vmax=16, alpha=0.5, add_colorbar=False)
    mesh = only_mesh(ax)
    assert (mesh.get_clim(), mesh.get_cmap().name) == ((0, 16), "magma")
    assert mesh.get_alpha() == 0.5
    assert ax.figure.axes == [ax]
    norm = LogNorm(0.1, 10)
    assert only_mesh(plot_stat_scan(profile, ax=plt.figure().gca(), norm=norm)).norm is norm


def test_points_lie_on_the_scan(profile):
    ax = plot_stat_scan(profile, sed_type="dnde")
    _, _, value = drawn_values(to_sed_type(profile, "dnde"), "dnde")
    points = ax.containers[0].lines[0]
    np.testing.assert_array_equal(points.get_ydata(), value)
    assert points.get_color() == scan._POINT_COLOR
    assert points.get_zorder() > only_mesh(ax).get_zorder()
    assert legend_texts(ax) is None


def test_scan_without_points(profile):
    ax = plot_stat_scan(profile, add_points=False)
    assert ax.containers == []
    assert plain_label(ax.yaxis) == r"Integral flux [$\mathrm{cm^{-2}\,s^{-1}}$]"


@pytest.mark.slow
def test_scan_of_a_selected_energy(two_bands):
    first, second = (
        only_mesh(plot_stat_scan(two_bands.isel(energy=index), ax=plt.figure().gca()))
        for index in ([1], 1)
    )
    np.testing.assert_array_equal(first.get_array(), second.get_array())


def test_scan_of_several_energies(two_bands):
    with pytest.raises(InvalidOptionError, match=r"\.isel\(energy=0\)"):
        plot_stat_scan(two_bands)


def test_profile_without_scan(profile):
    with pytest.raises(MissingVariableError, match=r'selection_optional=\["scan"\]'):
        plot_stat_scan(profile.drop_vars(["stat_scan", "norm_scan"]))


def test_scan_of_one_value(profile):
    with pytest.raises(InvalidOptionError, match="one value"):
        plot_stat_scan(profile.isel(norm_scan=[0]))


def luminance(color):
    """Relative luminance by the Web Content Accessibility Guidelines 2.1."""
    rgb = np.array(mpl.colors.to_rgb(color))
    linear = np.where(rgb <= 0.03928, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    return linear @ [0.2126, 0.7152, 0.0722]


def contrast(one, other):
    high, low = sorted([luminance(one), luminance(other)], reverse=True)
    return (high + 0.05) / (low + 0.05)


def test_points_bars_and_arrows_stand_out_everywhere(profile):
    """By three to one, as graphics should, with their colour or with their rim."""
    ax = plot_stat_scan(profile)
    mesh = only_mesh(ax)
    drawn = [artist for container in ax.containers for artist in container.get_children()]
    assert len(drawn) > 4
    for artist in drawn:
        assert artist.get_zorder() > mesh.get_zorder()
        (rim,) = artist.get_path_effects()
        assert rim._gc["linewidth"] > np.max(artist.get_linewidth())
        color = np.atleast_2d(mpl.colors.to_rgba_array(artist.get_color()))[0]
        for behind in mesh.cmap(np.linspace(0, 1, 9)):
            assert max(contrast(c, behind) for c in (color, rim._gc["foreground"])) > 3
