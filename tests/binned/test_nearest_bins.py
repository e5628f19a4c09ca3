"""Selection of the bins that hold values and positions: by brute force over edges and regions."""

import astropy.units as u
import numpy as np
import pandas as pd
import pytest
import xarray as xr
from astropy.coordinates import SkyCoord
from cases.maps import make_maps

from xprofile import SkyBins, bin_maps, estimate, fit_spectrum, isel, nearest, power_law
from xprofile.binned.members.finding import find_members
from xprofile.exceptions import InvalidOptionError, MissingVariableError, NotFoundError
from xprofile.maps.grid import sky_grid

CENTER = SkyCoord(0, 0, unit="deg", frame="galactic")
RINGS = SkyBins.annuli(CENTER, edges=[0, 0.1, 0.3, 0.7, 1.5] * u.deg)
EDGES = [10, 100, 300, 1000] * u.GeV


@pytest.fixture(scope="module")
def binned():
    return bin_maps(make_maps(), RINGS)


@pytest.fixture(scope="module")
def profile(binned):
    return estimate(binned, energy_edges=EDGES, selection_optional="all")


@pytest.fixture(scope="module")
def stages(binned, profile):
    spectra = fit_spectrum(binned, power_law())
    return {"binned": binned, "profile": profile, "spectra": spectra, "array": profile.norm}


@pytest.mark.heavy
@pytest.mark.parametrize("stage", ["binned", "profile", "spectra", "array"])
def test_a_value_is_in_the_bin_between_its_edges(stages, stage):
    data = stages[stage]
    lower, upper = (data[f"projected_distance_{end}"].to_numpy() for end in ("min", "max"))
    for value in [0.05, 0.1, 0.2, 0.6999, 0.7, 1.4, 1.5]:
        number = int(np.flatnonzero((lower <= value) & (value < upper) | (value == upper[-1]))[-1])
        expected = data.isel(projected_distance=number)
        for unit in ("deg", "arcmin"):
            found = data.profile.nearest(projected_distance=(value * u.deg).to(unit))
            xr.testing.assert_identical(found, expected)
        assert found.attrs == data.attrs
        xr.testing.assert_identical(data.profile.isel(projected_distance=value * u.deg), expected)
        xr.testing.assert_identical(nearest(data, projected_distance=value), expected)
    assert {"region", "projected_distance_min", "lon"} <= set(found.coords)


def test_centres_would_give_other_bins(profile):
    """102 GeV is nearer to the centre below, and in the bin above."""
    by_centre = profile.profile.sel(energy=102 * u.GeV, method="nearest")
    assert by_centre.energy_max.item() < 0.102
    found = profile.profile.nearest(energy=102 * u.GeV, projected_distance=0.2 * u.deg)
    assert found.energy_min.item() < 0.102 < found.energy_max.item()
    assert found.norm.dims == ()


def test_several_values_and_ranges(profile):
    found = profile.profile.nearest(projected_distance=[1, 20, 80] * u.arcmin)
    xr.testing.assert_identical(found, profile.isel(projected_distance=[0, 2, 3]))
    found = profile.profile.isel(projected_distance=slice(0.1 * u.deg, 42 * u.arcmin), energy=-1)
    xr.testing.assert_identical(found, profile.isel(projected_distance=[1, 2], energy=-1))
    found = isel(profile, {"energy": slice(None, 102 * u.GeV)})
    xr.testing.assert_identical(found, profile.isel(energy=[0, 1]))
    xr.testing.assert_identical(isel(profile, energy=[2, 0]), profile.isel(energy=[2, 0]))


def test_both_dims_of_a_covariance_are_selected():
    data = bin_maps(make_maps(), RINGS)
    matrix = xr.DataArray(np.eye(4), dims=("projected_distance", "projected_distance_2"))
    matrix = matrix.assign_coords(projected_distance_2=data.projected_distance.to_numpy())
    found = data.assign(covariance=matrix).profile.isel(
        projected_distance=slice(0 * u.deg, 0.2 * u.deg)
    )
    assert found.covariance.shape == (2, 2)


BINS = {
    "rings": RINGS,
    "line": SkyBins.along_line(
        *SkyCoord([1, -1], [0.1, -0.2], unit="deg", frame="galactic"),
        height=0.8 * u.deg, nbin=3,
    ),
    "sectors": SkyBins.sectors(CENTER, radius_max=1 * u.deg, nbin=5),
    "grid": SkyBins.grid(CENTER, width=2 * u.deg, height=1 * u.deg, nbin=(4, 3)),
}  # fmt: skip


@pytest.mark.heavy
@pytest.mark.parametrize("kind", BINS)
def test_a_position_is_in_the_bin_that_counts_the_pixel_there(kind):
    """Bins count pixels by their own shapes, not by the texts of their regions."""
    maps = make_maps(shape=(24, 32), nenergy=1)
    data = bin_maps(maps, BINS[kind])
    dim = data.solid_angle.dims[0]
    members = find_members(BINS[kind], sky_grid(maps))
    holder = np.full(24 * 32, -1)
    holder[members.pixel] = members.bin
    positions = maps.profile.skycoord.ravel()[::3]
    inside = holder[::3] >= 0
    assert 5 < np.count_nonzero(inside) < inside.size
    found = data.profile.nearest(positions[inside].icrs)
    xr.testing.assert_identical(found, data.isel({dim: holder[::3][inside]}))
    for place in positions[~inside][::20]:
        with pytest.raises(NotFoundError, match="no bin holds the position"):
            data.profile.nearest(place)


def test_positions_beyond_the_bins_need_a_tolerance(profile):
    far = SkyCoord(2, 0, unit="deg", frame="galactic")
    with pytest.raises(
        NotFoundError, match=r"no bin holds the position 2 0 \(galactic\).*tolerance="
    ):
        profile.profile.nearest(far)
    found = profile.profile.nearest(far, tolerance=1 * u.deg)
    xr.testing.assert_identical(found, profile.isel(projected_distance=-1))
    with pytest.raises(NotFoundError, match="enlarge the tolerance"):
        profile.profile.nearest(far, tolerance=0.1 * u.deg)
    both = SkyCoord([0, 1], [0, 0], unit="deg", frame="galactic")
    xr.testing.assert_identical(
        profile.profile.nearest(both), profile.isel(projected_distance=[0, 3])
    )


def test_maps_give_the_pixel():
    maps = make_maps()
    place = maps.profile.skycoord[3, 5]
    expected = maps.isel(lat=3, lon=5)
    xr.testing.assert_identical(maps.profile.nearest(place), expected)
    energy = float(maps.energy_max[2]) * 0.999 * u.TeV
    found = maps.counts.profile.nearest(place, energy=energy)
    xr.testing.assert_identical(found, maps.counts.isel(lat=3, lon=5, energy=2))


def test_angles_go_round():
    data = bin_maps(make_maps(), BINS["sectors"])
    for angle, number in {-1: 4, 359: 4, 361: 0, 0: 0, 72: 1, 71.9: 0}.items():
        found = data.profile.nearest(position_angle=angle * u.deg)
        xr.testing.assert_identical(found, data.isel(position_angle=number))
    for start, stop, numbers in (
        (-10, 80, [4, 0, 1]),
        (340, 370, [4, 0]),
        (300, 30, [4, 0]),
        (72, 144, [1]),
        (-180, 180, [2, 3, 4, 0, 1]),
        (0, 360, [0, 1, 2, 3, 4]),
        (350, None, [4]),
    ):
        ends = slice(start * u.deg, None if stop is None else (stop * u.deg).to("rad"))
        found = data.profile.isel(position_angle=ends)
        np.testing.assert_array_equal(found.position_angle, data.position_angle[numbers])


def test_values_without_edges_are_the_nearest(profile):
    times = pd.to_datetime(["2020-01-01", "2020-01-02"])
    both = xr.concat([profile, profile], pd.Index(times, name="time"))
    found = both.profile.nearest(time=np.datetime64("2020-01-01T15:00"), energy=102 * u.GeV)
    assert found.time == times[1]


@pytest.mark.quick
@pytest.mark.parametrize(
    ("values", "error", "text"),
    [
        ({"projected_distance": 2 * u.deg}, NotFoundError, "bins go from 0 to 1.5 deg"),
        ({"energy": 1 * u.MeV}, NotFoundError, "no bin holds energy=1e-06 TeV"),
        ({"projected_distance": 2 * u.deg, "tolerance": 1 * u.arcmin}, NotFoundError, "tolerance"),
        ({"projected_distance": np.nan}, NotFoundError, "no bin holds"),
        ({"projected_distance": 2 * u.TeV}, InvalidOptionError, "is in 'deg', found 2.0 TeV"),
        ({"energy": "high"}, InvalidOptionError, "must be a number or Quantity"),
        ({"energy": slice(0, 1)}, InvalidOptionError, "is a range; select it with sel"),
        ({"distance": 1}, MissingVariableError, "no coordinate 'distance'"),
        ({}, InvalidOptionError, "nothing was given"),
    ],
)
def test_what_cannot_be_selected_is_said(profile, values, error, text):
    with pytest.raises(error, match=text):
        profile.profile.nearest(**values)


def test_numbers_by_quantities_that_hold_nothing(profile):
    with pytest.raises(NotFoundError, match=r"no bin overlaps with energy from 5\.0 TeV to 6"):
        profile.profile.isel(energy=slice(5 * u.TeV, 6 * u.TeV))
    with pytest.raises(InvalidOptionError, match="is in 'TeV'"):
        profile.profile.isel(energy=5 * u.deg)
    with pytest.raises(InvalidOptionError, match="both ends as Quantities"):
        profile.profile.isel(projected_distance=slice(0.5 * u.deg, 1))
    with pytest.raises(NotFoundError, match="have no bins along energy"):
        profile.isel(energy=slice(0, 0)).profile.isel(energy=slice(5 * u.TeV, None))
    with pytest.raises(NotFoundError, match=r"1\.5 deg, but none is between 0\.3 and 0\.7 deg"):
        profile.isel(projected_distance=[0, 1, 3]).profile.nearest(projected_distance=0.5 * u.deg)
    with pytest.raises(MissingVariableError, match="have no edges"):
        profile.drop_vars("energy_min").profile.isel(energy=1 * u.TeV)


def test_no_bins_and_no_dim_of_bins(profile):
    with pytest.raises(NotFoundError, match="no bins along energy"):
        profile.isel(energy=slice(0)).profile.nearest(energy=1 * u.TeV)
    single = profile.isel(projected_distance=0)
    with pytest.raises(MissingVariableError, match="a single bin and no dim of bins"):
        nearest(single, position=CENTER)


def test_one_that_was_selected_before(stages):
    """Fits of spectra have a single energy range."""
    fit = stages["spectra"]
    xr.testing.assert_identical(fit.profile.nearest(energy=0.1 * u.TeV), fit)
    with pytest.raises(NotFoundError, match="no bin holds"):
        fit.profile.nearest(energy=1 * u.PeV)
    with pytest.raises(MissingVariableError, match=r"have a single one, .* TeV, and no dim energy"):
        fit.profile.sel(energy=0.1 * u.TeV, method="nearest")
