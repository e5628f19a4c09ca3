"""Bins by longitude and latitude together; values that are not angles; half a turn."""

import astropy.units as u
import numpy as np
import pytest
from astropy.coordinates import SkyCoord
from cases.bins import galactic
from cases.maps import make_maps, make_wcs

from xprofile import SkyBins, bin_maps
from xprofile.exceptions import (
    InvalidDataError,
    InvalidOptionError,
    MissingVariableError,
    NotFoundError,
)
from xprofile.maps.indexing.nearest import select_position

MAPS = make_maps()
BINNED = bin_maps(
    MAPS, SkyBins.grid(galactic(0, 0), width=6 * u.deg, height=4 * u.deg, nbin=(6, 4))
)
NAN = SkyCoord(np.nan, 0, unit="deg", frame="galactic")


def test_nearest_to_both():
    rng = np.random.default_rng(3)
    centers = SkyCoord(BINNED.lon.values, BINNED.lat.values, unit="deg", frame="galactic")
    for lon, lat in rng.uniform(-2.9, 2.9, (20, 2)) * [1, 0.6]:
        nearest = galactic(lon, lat).separation(centers).argmin()
        wanted = {"lon": (lon + 720) * u.deg, "lat": lat * 60 * u.arcmin}
        found = BINNED.profile.sel(wanted, method="nearest")
        assert found.region == BINNED.region[nearest]
        numbers = {"lon": [lon, lon], "lat": [lat, lat]}
        assert BINNED.profile.sel(numbers, method="nearest").sizes["region"] == 2


def test_equal_and_within_a_tolerance():
    one = BINNED.isel(region=7)
    both = {"lon": float(one.lon) - 360, "lat": float(one.lat)}
    assert BINNED.profile.sel(both).region == one.region
    beside = {"lon": both["lon"] + 0.1, "lat": both["lat"]}
    with pytest.raises(KeyError):
        BINNED.profile.sel(beside)
    with pytest.raises(KeyError):
        BINNED.profile.sel(beside, method="nearest", tolerance=0.05)
    assert BINNED.profile.sel(beside, method="nearest", tolerance=0.2).region == one.region
    with pytest.raises(InvalidOptionError, match="'pad' was given for lon and lat"):
        BINNED.profile.sel(both, method="pad")


def test_angles_have_no_bin_before_them_and_positions_need_a_frame():
    with pytest.raises(InvalidOptionError, match="'pad' was given for lon, which is an angle; use"):
        MAPS.profile.sel(lon=0, method="pad")
    lost = BINNED.assign_coords(lon=("region", BINNED.lon.values, {"units": "deg"}))
    with pytest.raises(InvalidDataError, match="lon has no attribute 'frame', such as 'galactic'"):
        select_position(lost, galactic(0, 0), None, drop=False)


@pytest.mark.parametrize("data", [MAPS, BINNED, MAPS.counts])
def test_nan_is_near_nothing(data):
    with pytest.raises(KeyError):
        data.profile.sel(lon=np.nan, method="nearest")
    with pytest.raises(KeyError):
        data.profile.sel(position=NAN)


@pytest.mark.parametrize("data", [MAPS, BINNED])
@pytest.mark.parametrize("value", ["358d", slice("358d", "2d"), galactic(0, 0)])
def test_what_is_no_angle(data, value):
    with pytest.raises(InvalidOptionError, match="lon must be numbers or Quantities"):
        data.profile.sel(lon=value)


def test_a_number_is_a_longitude_or_nothing():
    """xarray would take 1 as the number of a column where there are no longitudes."""
    maps = make_maps(make_wcs("TAN"))
    for options in ({}, {"method": "nearest"}):
        with pytest.raises(MissingVariableError, match=r"no coordinate 'lon'.*position=SkyCoord"):
            maps.profile.sel(lon=1, **options)


@pytest.mark.parametrize(("start", "stop"), [(-90, 90), (270, 90), (90, -90), (90, 270)])
def test_half_a_turn_goes_where_the_data_are(start, stop):
    for data in (MAPS, BINNED):
        found = data.profile.sel(lon=slice(start * u.deg, stop * u.deg))
        assert found.sizes == data.sizes


def test_energies_in_any_order_and_columns_by_true_and_false():
    falling = MAPS.isel(energy=slice(None, None, -1))
    some = {"energy": slice(MAPS.energy[1].item(), None)}
    np.testing.assert_array_equal(np.sort(falling.profile.sel(some).energy), MAPS.energy[1:])
    mixed = MAPS.isel(energy=np.roll(np.arange(MAPS.sizes["energy"]), 1))
    one = mixed.profile.sel(energy=1.01 * MAPS.energy[0].item(), method="nearest")
    np.testing.assert_array_equal(one.counts, MAPS.counts[0])
    chosen = np.arange(MAPS.sizes["lon"]) % 7 == 0
    np.testing.assert_array_equal(MAPS.profile.sel(lon=chosen).x, MAPS.x[chosen])
    np.testing.assert_array_equal(MAPS.profile.sel(lon=slice(None)).x, MAPS.x)
    with pytest.raises(NotFoundError, match="lon is empty"):
        MAPS.isel(lon=[]).profile.sel(lon=0, method="nearest")
