"""Options of a selection that have wrong values, or no effect, are errors."""

import astropy.units as u
import numpy as np
import pytest
from cases.small_inputs import binned, center, maps

from xprofile import select
from xprofile.exceptions import InvalidOptionError


@pytest.mark.quick
@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"tolerance": 1 * u.deg}, "tolerance was given, but no value"),
        ({"tolerance": 1 * u.deg, "indexers": {}}, "tolerance was given, but no value"),
        ({"method": "nearest"}, "method was given, but no value"),
        ({"tolerance": 1, "lon": slice(-0.2, 0.2)}, "tolerance was given, but no value"),
        ({"method": "nearest", "energy": slice(0.1, 1)}, "method was given, but no value"),
        ({"tolerance": 1, "lon": 0.1}, "without a method"),
        ({"tolerance": 1, "energy": 0.1}, "without a method"),
        ({"method": "bogus", "energy": 0.1}, "found 'bogus'"),
        ({"method": "pad", "position": center()}, "leave method out"),
        ({"tolerance": "x", "lon": 0.1, "method": "nearest"}, "found 'x'"),
        ({"tolerance": -1, "lon": 0.1, "method": "nearest"}, "found -1"),
        ({"tolerance": np.nan, "energy": 0.1, "method": "nearest"}, "found nan"),
        ({"tolerance": 1 * u.TeV, "position": center()}, "one angle"),
        ({"tolerance": [1, 2], "position": center()}, "one angle"),
        ({"tolerance": -1 * u.deg, "position": center()}, "one angle"),
        ({"tolerance": 1 * u.deg, "energy": 0.1, "method": "nearest"}, "energy is in 'TeV'"),
        (
            {"tolerance": 1 * u.deg, "energy": 0.1, "lon": 0, "method": "nearest"},
            "one after another",
        ),
    ],
)
def test_wrong_options(options, message):
    with pytest.raises(InvalidOptionError, match=message):
        select(maps(), **options)


def test_a_tolerance_in_another_unit_for_two_coordinates():
    data = maps()
    found = select(data, lon=0.13, lat=0.13, method="nearest", tolerance=3 * u.arcmin)
    assert (float(found.lon), float(found.lat)) == pytest.approx((0.1, 0.1))
    with pytest.raises(KeyError, match="enlarge the tolerance"):
        select(data, lon=0.13, lat=0.13, method="nearest", tolerance=1 * u.arcmin)


def test_a_tolerance_beside_a_slice():
    options = {"energy": slice(0.1, None), "method": "nearest"}
    with pytest.raises(ValueError, match="slice"):
        select(binned(), projected_distance=0.2, tolerance=1 * u.deg, **options)
    found = select(maps(), lon=slice(-1, 1), energy=0.03, tolerance=10 * u.GeV, method="nearest")
    assert found.sizes["lon"] == 10
    assert "energy" not in found.dims
