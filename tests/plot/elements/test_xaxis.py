"""The horizontal axis: places of the bins, units and labels."""

import astropy.units as u
import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest
from cases.maps import make_maps, make_wcs
from cases.plot import ONE_BAND, bars, galactic, new_axes, only, only_mesh, profile_of, steps

from xprofile import SkyBins, bin_maps, estimate
from xprofile.exceptions import InvalidDataError, InvalidOptionError, MissingVariableError
from xprofile.plot import plot_profile, plot_stat_scan
from xprofile.plot.elements.xaxis import make_xaxis

DISTANCES = ["projected_distance", "projected_distance_min", "projected_distance_max"]
LONGITUDES = 4.5 - np.arange(6)  # of the six boxes


def tick_text(ax, value):
    return ax.xaxis.get_major_formatter()(value, None)


def test_distance_in_another_unit(profile):
    ax = plot_profile(profile, x_unit="arcmin")
    expected = 60 * profile.projected_distance
    np.testing.assert_allclose(ax.containers[0].lines[0].get_xdata(), expected, rtol=1e-12)
    assert ax.get_xlabel() == "Projected distance [arcmin]"


def test_profile_over_position_angle(profile):
    """The axis is the bins' own dimension, with the name and unit of its coordinate."""
    turned = profile.rename(
        {name: name.replace("projected_distance", "position_angle") for name in DISTANCES}
    )
    turned["position_angle"].attrs["long_name"] = "position angle"
    for name in (None, "npred", "counts"):
        ax = plot_profile(turned, name, ax=plt.figure().gca())
        same = plot_profile(profile, name, ax=plt.figure().gca())
        for line, other in zip(ax.lines, same.lines, strict=True):
            np.testing.assert_array_equal(line.get_xydata(), other.get_xydata())
        assert ax.get_xlabel() == "Position angle [deg]"
    ax = plot_stat_scan(turned, sed_type="dnde", x_unit="rad", ax=plt.figure().gca())
    expected = np.deg2rad(profile.projected_distance_max[-1])
    assert only_mesh(ax).get_coordinates()[0, -1, 0] == pytest.approx(expected.item())
    assert ax.get_xlabel() == "Position angle [rad]"
    with pytest.raises(InvalidDataError, match="expected position_angle and"):
        plot_profile(turned, "ref_dnde")


def test_profile_over_regions(profile):
    """Bins without numbers stand side by side, each 1 wide."""
    named = profile.swap_dims(projected_distance="region").drop_vars(DISTANCES)
    points = plot_profile(named, "dnde").containers[0]
    known = np.flatnonzero(np.isfinite(points.lines[0].get_ydata()))
    np.testing.assert_array_equal(points.lines[0].get_xdata(), np.arange(6))
    expected = np.stack([known - 0.5, known + 0.5], axis=1)
    np.testing.assert_array_equal(bars(points)[0][..., 0][known], expected)
    line = only(plot_profile(named, "npred", ax=plt.figure().gca()).lines)
    np.testing.assert_array_equal(steps(line)[:2], [np.arange(6) - 0.5, np.arange(6) + 0.5])
    ax = plot_stat_scan(named, ax=plt.figure().gca())
    edges = only_mesh(ax).get_coordinates()[0, :, 0]
    np.testing.assert_array_equal(edges, np.repeat(np.arange(7), 2)[1:-1] - 0.5)
    assert ax.get_xlabel() == line.axes.get_xlabel() == "Region"
    with pytest.raises(InvalidOptionError, match="x_unit does not suit region"):
        plot_profile(named, x_unit="arcmin")


@pytest.mark.parametrize("unit", ["TeV", "inch of snow", 3])
def test_wrong_unit_of_distance(profile, unit):
    with pytest.raises(InvalidOptionError, match="x_unit"):
        plot_profile(profile, x_unit=unit)


def test_profile_without_edges(profile):
    with pytest.raises(MissingVariableError, match="projected_distance_min"):
        plot_profile(profile.drop_vars("projected_distance_min"))


def test_longitudes_run_on_through_zero_and_grow_to_the_left(profile):
    ax = plot_profile(profile, x="lon")
    points = ax.containers[0]
    np.testing.assert_allclose(points.lines[0].get_xdata(), LONGITUDES, rtol=1e-9)
    known = np.flatnonzero(np.isfinite(points.lines[0].get_ydata()))
    expected = np.stack([LONGITUDES - 0.5, LONGITUDES + 0.5], axis=1)[known]
    np.testing.assert_allclose(bars(points)[0][..., 0][known], expected, rtol=1e-9)
    assert ax.get_xlabel() == "Galactic longitude [deg]"
    left, right = ax.get_xlim()
    assert left > 4 > -1 > right
    assert [tick_text(ax, value) for value in (4.0, 0.0, -1e-13, -0.5)] == ["4", "0", "0", "359.5"]


def test_longitudes_that_rise_through_zero():
    bins = SkyBins.along_line(galactic(357, 0), galactic(3, 0), height=2 * u.deg, nbin=6)
    ax = plot_profile(profile_of(bins), "npred", x="lon")
    lower, upper, _ = steps(only(ax.lines))
    np.testing.assert_allclose(lower, np.arange(6) - 3, rtol=0, atol=1e-9)
    np.testing.assert_allclose(upper, np.arange(6) - 2, rtol=0, atol=1e-9)
    assert tick_text(ax, -1.5) == "358.5"


@pytest.mark.parametrize("middle", [0, 90, 180, 270])
@pytest.mark.parametrize("end", [3, -3])
def test_a_part_lies_on_the_whole_wherever_longitude_starts(middle, end):
    start, stop = galactic(middle - end, 0), galactic(middle + end, 0)
    maps = make_maps(make_wcs(center=(middle, 0)))
    bins = SkyBins.along_line(start, stop, height=2 * u.deg, nbin=6)
    whole = estimate(bin_maps(maps, bins), energy_edges=ONE_BAND)
    whole["npred"][:] = 1.0
    for kept in ([4, 5], [0, 1]):
        ax = plot_profile(whole, "npred", x="lon", ax=new_axes())
        plot_profile(whole.isel(projected_distance=kept), "npred", x="lon", ax=ax)
        first, second = (steps(line) for line in ax.lines)
        np.testing.assert_allclose(second[0], first[0][kept], rtol=0, atol=1e-9)


def test_axis_in_another_unit(profile):
    ax = plot_profile(profile, x="lon", x_unit="arcmin")
    x = ax.containers[0].lines[0].get_xdata()
    np.testing.assert_allclose(x, 60 * LONGITUDES, rtol=1e-9)
    assert ax.get_xlabel() == "Galactic longitude [arcmin]"
    assert tick_text(ax, -30.0) == "21570"


def test_latitudes_along_a_slanted_line():
    bins = SkyBins.along_line(galactic(0, -2), galactic(0.5, 2), height=1 * u.deg, nbin=4)
    ax = plot_profile(profile_of(bins), x="lat")
    x = ax.containers[0].lines[0].get_xdata()
    np.testing.assert_allclose(x, [-1.5, -0.5, 0.5, 1.5], rtol=1e-3)
    assert ax.get_xlabel() == "Galactic latitude [deg]"
    assert np.diff(ax.get_xlim()) > 0


def test_unequal_bins_keep_their_edges(profile):
    edges = [0, 1, 3, 3.5, 6] * u.deg
    bins = SkyBins.along_line(galactic(3, 0), galactic(-3, 0), height=2 * u.deg, edges=edges)
    axis = make_xaxis(profile_of(bins), "lon")
    # linear in distance on the equator, so that the centres' own edges come out
    np.testing.assert_allclose(axis.first, 3 - edges.value[:-1], rtol=0, atol=1e-9)
    np.testing.assert_allclose(axis.last, 3 - edges.value[1:], rtol=0, atol=1e-9)


@pytest.mark.parametrize("kept", [[1, 2, 4], [4, 2, 1], slice(None, None, -1)])
def test_bins_are_where_they_were_in_any_selection(profile, kept):
    whole = make_xaxis(profile, "lon")
    part = make_xaxis(profile.isel(projected_distance=kept), "lon")
    for name in ("first", "centre", "last"):
        expected = getattr(whole, name)[kept]
        np.testing.assert_allclose(getattr(part, name), expected, rtol=0, atol=1e-9)


def test_steps_over_longitude_are_joined(profile):
    x, y = only(plot_profile(profile, "npred", x="lon").lines).get_data()
    known = np.isfinite(y)
    assert np.isnan(x).sum() == 1  # behind the last bin
    assert np.all(np.diff(x[known & np.isfinite(x)]) <= 0)


def test_any_coordinate_of_numbers(profile):
    dim = "projected_distance"
    named = profile.assign_coords(depth=(dim, [0.0, 1, 4, 9, 16, 25], {"units": "kpc"}))
    axis = make_xaxis(named, "depth", "pc")
    np.testing.assert_allclose(axis.last, [500, 2500, 6500, 12500, 20500, 29500], rtol=1e-12)
    np.testing.assert_allclose(axis.first[1:], axis.last[:-1], rtol=1e-12)
    assert axis.label == "Depth [pc]"
    edged = named.assign_coords(depth_min=(dim, np.arange(6) - 2), depth_max=(dim, np.arange(6)))
    np.testing.assert_allclose(make_xaxis(edged, "depth").first, np.arange(6) - 2, rtol=1e-12)
    assert make_xaxis(named, dim).label == "Projected distance [deg]"


def test_a_path_that_turns_back_has_its_centres_inside_the_bins():
    bins = SkyBins.sectors(galactic(0, 0), radius_max=2 * u.deg, nbin=6)
    turning = profile_of(bins)
    ax = plot_profile(turning, x="lon")
    axis = make_xaxis(turning, "lon")
    assert np.all(axis.half_widths >= 0)
    x = ax.containers[0].lines[0].get_xdata()
    assert np.ptp(x) < 4


def test_bins_of_a_grid_by_latitude():
    bins = SkyBins.grid(
        galactic(0, 0), width=1 * u.deg, height=4 * u.deg, nbin=(1, 4), position_angle=90 * u.deg
    )
    axis = make_xaxis(profile_of(bins), "lat")
    np.testing.assert_allclose(axis.centre, [-1.5, -0.5, 0.5, 1.5], rtol=1e-9)
    np.testing.assert_allclose(axis.first, [-2, -1, 0, 1], rtol=0, atol=1e-9)


@pytest.mark.parametrize(
    ("attrs", "expected"),
    [
        ({"frame": "icrs", "units": "deg"}, "Right ascension [deg]"),
        ({"frame": "fk5", "units": "deg"}, "Right ascension (J2000) [deg]"),
        ({"frame": "barycentrictrueecliptic"}, "Longitude (barycentrictrueecliptic) [deg]"),
        ({"long_name": "longitude"}, "Longitude [deg]"),
        ({}, "Lon [deg]"),
    ],
)
def test_longitudes_are_named_by_their_frame(profile, attrs, expected):
    named = profile.copy()
    named["lon"].attrs = attrs
    assert make_xaxis(named, "lon").label == expected


def test_scan_over_longitude(profile):
    ax = plot_stat_scan(profile, x="lon")
    mesh = only([a for a in ax.collections if isinstance(a, mpl.collections.QuadMesh)])
    edges = np.repeat(5.0 - np.arange(7), 2)[1:-1]
    np.testing.assert_allclose(mesh.get_coordinates()[0, :, 0], edges, rtol=0, atol=1e-9)
    assert ax.get_xlabel() == "Galactic longitude [deg]"
    assert ax.xaxis.get_inverted()
    points = ax.containers[0].lines[0]
    np.testing.assert_allclose(points.get_xdata(), LONGITUDES, rtol=1e-9)


@pytest.mark.parametrize(
    ("x", "unit", "match"),
    [
        ("longitude", None, r"one of \['projected_distance', .*'lon', 'lat'\].*'longitude'"),
        ("region", None, "numbers along projected_distance"),
        ("lat", None, r"centres of all bins have the same lat, 0 deg.*leave x out.*distance from"),
        ("lon", "TeV", "x_unit must be an angle"),
    ],
)
@pytest.mark.parametrize("plot", [plot_profile, plot_stat_scan])
def test_coordinates_that_make_no_axis(profile, plot, x, unit, match):
    with pytest.raises(InvalidOptionError, match=match):
        plot(profile, x=x, x_unit=unit)
    assert plt.get_fignums() == []
