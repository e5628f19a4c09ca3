"""One variable along bins, energies, or both."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
from astropy.visualization.wcsaxes import WCSAxes
from cases.plot import BAND_TEXTS, legend_texts, new_axes, only, profile_of, steps

from xprofile import SkyBins, to_sed_type
from xprofile.exceptions import InvalidDataError, InvalidOptionError, MissingVariableError
from xprofile.plot import plot_array


def test_levels_from_edge_to_edge(profile):
    ax = profile["sqrt_ts"].profile.plot()
    lower, upper, level = steps(only(ax.lines))
    np.testing.assert_array_equal(lower, profile.projected_distance_min)
    np.testing.assert_array_equal(upper, profile.projected_distance_max)
    np.testing.assert_array_equal(level, profile.sqrt_ts[:, 0])
    assert ax.get_xlabel() == "Projected distance [deg]"
    assert ax.get_ylabel() == r"$\sqrt{\mathrm{TS}}$"
    assert ax.get_legend() is None


def test_a_norm_and_a_flux_are_points_with_bars(profile):
    ax = profile["norm"].profile.plot(x="lon", marker="s")
    points = only(ax.containers)
    np.testing.assert_array_equal(points.lines[0].get_ydata(), profile.norm[:, 0])
    assert points.lines[0].get_marker() == "s"
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("Galactic longitude [deg]", "Norm")
    bright = to_sed_type(profile, "dnde", per_solid_angle=True)["dnde"]
    assert "sr^{-1}" in bright.profile.plot(ax=new_axes()).get_ylabel()


def test_axes_and_keywords_are_those_of_the_caller(two_bands):
    ax, other = new_axes(), new_axes()
    drawn = two_bands["ts"].profile.plot(ax=ax, color=["k", "C3"], linestyle="--", x_unit="arcmin")
    assert drawn is ax
    assert other.lines[:] == []
    assert [line.get_color() for line in ax.lines] == ["k", "C3"]
    assert legend_texts(ax) == [rf"$\mathrm{{TS}}$, {text}" for text in BAND_TEXTS]


def test_a_spectrum(two_bands):
    one = two_bands["sqrt_ts"].isel(projected_distance=4)
    ax = one.profile.plot()
    assert (ax.get_xscale(), ax.get_xlabel()) == ("log", "Energy [TeV]")
    np.testing.assert_array_equal(steps(only(ax.lines))[2], one)
    several = (
        two_bands["sqrt_ts"].isel(projected_distance=[3, 4]).profile.plot(x="energy", ax=new_axes())
    )
    assert len(several.lines) == 2


@pytest.mark.slow
def test_transposed_single_and_empty(two_bands):
    ts = two_bands["ts"]
    lines = ts.transpose("energy", ...).profile.plot().lines
    np.testing.assert_array_equal(steps(lines[1])[2], ts[:, 1])
    ts.isel(projected_distance=[2], energy=0).profile.plot(ax=new_axes()).figure.canvas.draw()
    (ts * np.nan).profile.plot(ax=new_axes(), yscale="log").figure.canvas.draw()


def test_arrays_without_a_name_or_named_as_their_coordinate(profile):
    ax = (2 * profile["ts"]).rename(None).profile.plot()
    assert ax.get_ylabel().startswith("Value") or ax.get_ylabel().startswith("Test")
    assert profile["lon"].profile.plot(ax=new_axes()).get_xlabel() == "Projected distance [deg]"


def test_a_model_of_values(profile):
    ax = profile["npred"].profile.plot(model=profile["counts"].astype(float))
    np.testing.assert_array_equal(ax.lines[-1].get_ydata()[::3], profile.counts[:, 0])


def test_a_grid_is_on_the_sky():
    import astropy.units as u
    from cases.plot import galactic

    bins = SkyBins.grid(galactic(0, 0), width=3 * u.deg, height=2 * u.deg, nbin=(3, 2))
    grid = profile_of(bins)
    assert isinstance(grid["ts"].isel(energy=0).profile.plot(), WCSAxes)
    assert not isinstance(grid["ts"].profile.plot(x="region", ax=new_axes()), WCSAxes)


def test_wrong_arrays(profile):
    with pytest.raises(InvalidDataError, match=r"norm_scan.*select one first"):
        profile["stat_scan"].profile.plot()
    with pytest.raises(MissingVariableError, match="no bin edges"):
        plot_array(profile["ts"].drop_vars("projected_distance_min"))
    with pytest.raises(InvalidDataError, match="not a number"):
        plot_array(profile["region"])
    with pytest.raises(InvalidOptionError, match="energy_power=2 is for spectra"):
        plot_array(profile["norm"], energy_power=2)
    assert plt.get_fignums() == []
