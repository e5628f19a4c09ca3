"""The correlation of the norms of all bins."""

import astropy.units as u
import matplotlib.pyplot as plt
import numpy as np
import pytest
import xarray as xr
from cases.plot import new_axes, only_mesh
from cases.unfolding import on_other_axis, with_covariance
from matplotlib.colors import CenteredNorm

from xprofile.exceptions import InvalidDataError, InvalidOptionError, MissingVariableError
from xprofile.plot import plot_correlation


def drawn(profile, **options):
    """Values that are drawn for the bins."""
    mesh = only_mesh(plot_correlation(profile, ax=new_axes(), **options))
    return mesh.get_array()[::2, ::2].filled(np.nan)


def test_values_between_the_edges_of_the_bins(one_band):
    before = one_band.copy(deep=True)
    mesh = only_mesh(plot_correlation(one_band, ax=new_axes()))
    one = one_band.isel(energy=0)
    np.testing.assert_array_equal(mesh.get_array()[::2, ::2].filled(np.nan), one.correlation)
    assert mesh.get_array()[1::2].mask.all()
    assert mesh.get_array()[:, 1::2].mask.all()
    edges = np.stack([one.projected_distance_min, one.projected_distance_max], axis=1).ravel()
    corners = mesh.get_coordinates()
    np.testing.assert_array_equal(corners[0, :, 0], edges)
    np.testing.assert_array_equal(corners[:, 0, 1], edges)
    xr.testing.assert_identical(one_band, before)


def test_labels_and_colours(one_band):
    ax = plot_correlation(one_band, ax=new_axes(), x_unit="arcmin")
    assert ax.get_xlabel() == ax.get_ylabel() == "Projected distance [arcmin]"
    assert ax.get_aspect() == 1
    mesh = only_mesh(ax)
    assert (mesh.get_clim(), mesh.get_cmap().name) == ((-1, 1), "RdBu_r")
    assert mesh.colorbar.ax.get_ylabel() == "Correlation"
    top = float(one_band.projected_distance_max[-1]) * 60
    np.testing.assert_allclose(ax.get_ylim()[1], top, rtol=1e-12)


def test_options_reach_matplotlib(one_band):
    ax = one_band.profile.plot_correlation(
        ax=new_axes(), cmap="PiYG", vmin=-0.5, vmax=0.5, add_colorbar=False, alpha=0.4
    )
    mesh = only_mesh(ax)
    assert (mesh.get_clim(), mesh.get_cmap().name) == ((-0.5, 0.5), "PiYG")
    assert mesh.get_alpha() == 0.4
    assert ax.figure.axes == [ax]
    norm = CenteredNorm()
    assert only_mesh(plot_correlation(one_band, ax=new_axes(), norm=norm)).norm is norm


def test_current_axes_by_default(one_band):
    ax = plt.figure().gca()
    assert plot_correlation(one_band) is ax


@pytest.mark.parametrize("energy", [1, -1, np.int64(1), 0.5 * u.TeV, 500 * u.GeV], ids=str)
def test_energy_bin_by_number_or_energy(two_bands, energy):
    second = two_bands.isel(energy=1)
    assert float(second.energy_min) < 0.5 < float(second.energy_max)
    np.testing.assert_array_equal(drawn(two_bands, energy=energy), second.correlation)
    np.testing.assert_array_equal(drawn(second), second.correlation)


@pytest.mark.parametrize(
    "energy", [None, 2, -3, True, 1.0, "high", 3 * u.deg, 1 * u.PeV, [1, 2] * u.TeV], ids=str
)
def test_no_such_energy_bin(two_bands, energy):
    with pytest.raises(InvalidOptionError, match=r"number of an energy bin .* are 2 \(.*GeV\)"):
        plot_correlation(two_bands, energy=energy)


def test_selected_bins(one_band):
    """A selection by xarray alone leaves the second dim as it was."""
    expected = one_band.correlation[0].to_numpy()
    chosen = [0, 3, 4]
    found = drawn(one_band.isel(projected_distance=chosen))
    np.testing.assert_array_equal(found, expected[np.ix_(chosen, chosen)])
    mesh = only_mesh(plot_correlation(one_band.isel(projected_distance=chosen), ax=new_axes()))
    assert mesh.get_coordinates()[0, 1:3, 0].tolist() == [0.25, 0.75]  # the gap stays empty


def test_bins_without_an_estimate_are_empty(one_band):
    missing = one_band.projected_distance_2 == one_band.projected_distance_2[2]
    profile = one_band.assign(correlation=one_band.correlation.where(~missing))
    assert np.isnan(drawn(profile)[:, 2]).all()


@pytest.mark.parametrize("axis", ["position_angle", "region"])
def test_other_kinds_of_bins(axis):
    profile = on_other_axis(with_covariance().isel(energy=[0]), axis)
    np.testing.assert_array_equal(drawn(profile), profile.correlation[0])
    ax = plot_correlation(profile, ax=new_axes())
    assert ax.get_xlabel() == ax.get_ylabel() != ""


def test_regions_at_the_same_distance_do_not_hide_each_other(one_band):
    """They are side by side, by their numbers."""
    distance = one_band.projected_distance.to_numpy().copy()
    distance[3] = distance[1]
    coords = {"projected_distance": distance}
    coords |= {
        f"projected_distance_{end}": distance + off for end, off in (("min", -0.1), ("max", 0.1))
    }
    attrs = one_band.projected_distance.attrs
    profile = one_band.assign_coords(
        {k: ("projected_distance", v, attrs) for k, v in coords.items()}
    )
    profile = profile.assign_coords(projected_distance_2=("projected_distance_2", distance, attrs))
    ax = plot_correlation(profile, ax=new_axes())
    assert ax.get_xlabel() == ax.get_ylabel() == "Number of the bin"
    assert only_mesh(ax).get_coordinates()[0, ::2, 0].tolist() == [-0.5, 0.5, 1.5, 2.5, 3.5]
    np.testing.assert_array_equal(drawn(profile), profile.correlation[0])


def test_longitudes_increase_to_the_left_and_down(one_band):
    lon = ("projected_distance", [1.0, 0.5, 0.0, 359.5, 359.0], {"units": "deg"})
    profile = one_band.assign_coords(lon=lon)
    ax = plot_correlation(profile, ax=new_axes(), x="lon")
    assert ax.xaxis.get_inverted()
    assert ax.yaxis.get_inverted()
    assert ax.yaxis.get_major_formatter()(-0.5, 0) == "359.5"


def test_profile_without_correlation(one_band):
    with pytest.raises(MissingVariableError, match="no correlation; make it with unfold"):
        plot_correlation(one_band.drop_vars("correlation"))


def test_toys_and_single_bins(one_band):
    toys = xr.concat([one_band, one_band], "toy")
    with pytest.raises(InvalidDataError, match=r"\.isel\(toy=0\)"):
        plot_correlation(toys)
    with pytest.raises(InvalidDataError, match="select two or more bins"):
        plot_correlation(one_band.isel(projected_distance=1))
