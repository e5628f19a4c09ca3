"""Keys of values: equal for equal values, different for others, and hashable."""

import pickle
from collections.abc import Hashable
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

import astropy.units as u
import numpy as np
import pytest
import regions
from astropy.coordinates import FK5, ICRS, AltAz, EarthLocation, SkyCoord, SkyOffsetFrame
from astropy.modeling import models
from astropy.time import Time
from cases.bins import galactic
from regions import CircleSkyRegion, PolygonSkyRegion, RectangleSkyRegion

from xprofile import power_law
from xprofile.schema.values import value_key

SITE = EarthLocation(lon=16 * u.deg, lat=-23 * u.deg, height=1800 * u.m)


def square(energy):
    return energy**2


@dataclass
class Mutable:
    """Without a hash."""

    number: Any
    note: str = field(default="", compare=False)


def circle(lon=1.0, radius=2 * u.deg, frame="galactic", **words):
    return CircleSkyRegion(SkyCoord(lon, 3, unit="deg", frame=frame), radius, **words)


def polygon(lat=2.0):
    return PolygonSkyRegion(galactic([0, 1, 1], [0, 0, lat]))


def horizon(time="2020-01-01T00:00:00"):
    return SkyCoord(10, 70, unit="deg", frame=AltAz(obstime=Time(time), location=SITE))


def table(value=2.0, points=(1, 2, 3) * u.TeV):
    return models.Tabular1D(points=points, lookup_table=[1, value, 3] * u.Unit("cm-2 s-1 TeV-1"))


# functions that make different values, each time afresh
DIFFERENT = [
    lambda: None,
    lambda: "1",
    lambda: 1,
    lambda: 1.0000000000000002,
    lambda: float("nan"),
    lambda: np.arange(3.0),
    lambda: np.arange(4.0),
    lambda: np.arange(4.0).reshape(2, 2),
    lambda: np.array(["a", "b"]),
    lambda: [1, [2, 3]],
    lambda: [1, 2, 3],
    lambda: {"a": [1], "b": 2},
    lambda: {"a": [2], "b": 2},
    lambda: {1, 2},
    lambda: 1 * u.deg,
    lambda: 1 * u.TeV,
    lambda: 1 * u.dimensionless_unscaled,
    lambda: [1, 2] * u.deg,
    lambda: 1 * u.mag,
    lambda: SITE,
    lambda: Time("2020-01-01"),
    lambda: Time("2020-01-01", scale="tdb"),
    lambda: SkyCoord(1, 2, unit="deg"),
    lambda: SkyCoord(1, 2.0000000000000004, unit="deg"),
    lambda: SkyCoord([1], [2], unit="deg"),
    lambda: galactic(1, 2),
    lambda: SkyCoord(1, 2, unit="deg", frame="fk5"),
    lambda: SkyCoord(1, 2, unit="deg", frame=FK5(equinox="J1975")),
    lambda: SkyCoord(1 * u.deg, 2 * u.deg, distance=3 * u.kpc),
    lambda: SkyCoord(1, 2, unit="deg", frame=SkyOffsetFrame(origin=ICRS(1 * u.deg, 2 * u.deg))),
    lambda: SkyCoord(1, 2, unit="deg", frame=SkyOffsetFrame(origin=ICRS(1 * u.deg, 3 * u.deg))),
    horizon,
    lambda: horizon("2020-01-01T00:00:01"),
    FK5,
    lambda: FK5(equinox="J1975"),
    circle,
    lambda: circle(lon=1.0000000000000002),
    lambda: circle(radius=1 * u.deg),
    lambda: circle(frame="icrs"),
    lambda: circle(meta={"text": "name"}),
    lambda: circle(visual={"color": "red"}),
    polygon,
    lambda: polygon(3),
    lambda: circle() | polygon(),
    lambda: circle() & polygon(),
    lambda: circle() | polygon(3),
    lambda: circle() | (polygon() & polygon(3)),
    lambda: RectangleSkyRegion(galactic(1, 3), 2 * u.deg, 1 * u.deg),
    lambda: RectangleSkyRegion(galactic(1, 3), 2 * u.deg, 1 * u.deg, angle=3 * u.deg),
    power_law,
    lambda: power_law(2.3),
    lambda: power_law(reference=2 * u.TeV),
    lambda: power_law() + power_law(),
    lambda: power_law() - power_law(),
    lambda: power_law() * models.Const1D(2),
    lambda: power_law() * models.Const1D(3),
    lambda: models.PowerLaw1D(1e-12, 1, 2),
    table,
    lambda: table(2.5),
    lambda: table(points=(1, 2, 4) * u.TeV),
    lambda: Mutable(np.arange(3)),
    lambda: Mutable([circle()]),
    lambda: square,
    lambda: Mutable,
]

if hasattr(regions, "CircleSphericalSkyRegion"):  # from version 0.12 on

    def lonlat_range(stop):
        return regions.RangeSphericalSkyRegion(
            frame="galactic", longitude_range=[1, stop] * u.deg, latitude_range=[2, 4] * u.deg
        )

    DIFFERENT += [
        lambda: regions.CircleSphericalSkyRegion(galactic(1, 3), 2 * u.deg),
        lambda: lonlat_range(9),
        lambda: lonlat_range(8),
        lambda: lonlat_range(9).transform_to("icrs"),
        lambda: lonlat_range(8).transform_to("icrs"),
    ]


@pytest.mark.parametrize("make", DIFFERENT)
def test_equal_values_have_one_key(make):
    one, other = value_key(make()), value_key(make())
    assert isinstance(one, Hashable)
    assert one == other
    assert hash(one) == hash(other)


def test_different_values_have_different_keys():
    assert len({value_key(make()) for make in DIFFERENT}) == len(DIFFERENT)


EQUAL = {
    "angles": (60 * u.arcmin, 1 * u.deg),
    "lists of angles": ([0, 30, 90] * u.arcmin, [0, 0.5, 1.5] * u.deg),
    "energies": (300 * u.GeV, 0.3 * u.TeV),
    "lengths": (1 * u.km, 1000 * u.m),
    "percent": (50 * u.percent, 0.5 * u.dimensionless_unscaled),
    "zeros": (np.array([0.0, 1.0]), np.array([-0.0, 1.0])),
    "NaN": (np.array([np.nan, 1]), np.array([-np.nan, 1])),
    "integers": (np.arange(3), np.arange(3.0)),
    "a numpy number": (np.float32(0.5), 0.5),
    "a list and a tuple": ([1, 2], (1, 2)),
    "order of names": ({"a": 1, "b": 2}, {"b": 2, "a": 1}),
    "radii": (circle(radius=2 * u.deg), circle(radius=120 * u.arcmin)),
    "whole turns": (circle(lon=1), circle(lon=361)),
    "fields that do not compare": (Mutable(1, "one"), Mutable(1, "other")),
    "reference energies": (power_law(reference=1 * u.TeV), power_law(reference=1000 * u.GeV)),
}


@pytest.mark.parametrize("name", EQUAL)
def test_values_that_are_written_differently_are_equal(name):
    one, other = (value_key(value) for value in EQUAL[name])
    assert one == other
    assert hash(one) == hash(other)


def test_functions_and_objects_without_hash_stand_for_themselves():
    class Odd:
        __hash__ = None

    odd = Odd()
    assert value_key(square) is square
    assert value_key(lambda x: x) != value_key(lambda x: x)
    assert value_key(odd) == value_key(odd)
    assert value_key(odd) != value_key(Odd())


def test_keys_do_not_depend_on_use():
    """Frames and regions store what they have computed."""
    region = circle() | polygon()
    before = value_key(region)
    assert region.region1.center.icrs.separation(galactic(1, 3)) < 1 * u.arcsec
    assert value_key(region) == before
    assert value_key(deepcopy(region)) == before
    assert value_key(pickle.loads(pickle.dumps(region))) == before


def test_magnitudes_are_told_by_their_unit():
    assert value_key(3 * u.mag(u.Jy)) == value_key(3.0 * u.mag(u.Jy))
    assert value_key(3 * u.mag(u.Jy)) != value_key(4 * u.mag(u.Jy))
    assert value_key(3 * u.mag(u.Jy)) != value_key(3 * u.mag(u.ct))
