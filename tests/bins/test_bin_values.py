"""Bins are values: they compare by what they are, and hash."""

import pickle
from copy import deepcopy
from dataclasses import replace
from unittest.mock import ANY

import astropy.units as u
import numpy as np
import pytest
import regions
import xarray as xr
from astropy.coordinates import FK5
from cases.bin_places import FLAT
from cases.bin_shapes import every_shape, rectangles, shapes, square
from cases.bins import galactic
from regions import CircleSkyRegion, Regions

from xprofile import SkyBins

CENTER = galactic(10, 0)
ARGUMENTS = {
    "along_line": {"start": CENTER, "end": galactic(12, 1), "height": 1 * u.deg, "nbin": 3},
    "along_path": {"points": galactic([0, 1, 1], [0, 0, 1]), "height": 0.5 * u.deg, "nbin": 3},
    "grid": {"center": CENTER, "width": 2 * u.deg, "height": 1 * u.deg, "nbin": (3, 2)},
    "annuli": {"center": CENTER, "radius_max": 2 * u.deg, "nbin": 3},
    "elliptical_annuli": {
        "center": CENTER,
        "axis_ratio": 0.5,
        "position_angle": 30 * u.deg,
        "edges": [0, 1, 2] * u.deg,
    },
    "sectors": {"center": CENTER, "radius_max": 2 * u.deg, "nbin": 4},
}
CHANGES = {
    "along_line": [
        {"start": CENTER.icrs},
        {"start": galactic(10, 1e-9)},
        {"end": galactic(12, 2)},
        {"height": 2 * u.deg},
        {"nbin": 4},
        {"origin": 1 * u.deg},
        {"nbin": None, "step": 0.5 * u.deg},
        {"planar": True},
    ],
    "along_path": [
        {"points": galactic([0, 1, 1], [0, 0, 1]).fk5},
        {"points": galactic([0, 1, 1], [0, 0, 0.9])},
        {"points": galactic([0, 0.5, 1, 1], [0, 0, 0, 1])},
        {"height": 0.4 * u.deg},
        {"nbin": 2},
        {"origin": galactic(1, 0)},
        {"closed": True},
        {"planar": True},
    ],
    "grid": [
        {"center": CENTER.icrs},
        {"width": 3 * u.deg},
        {"height": 2 * u.deg},
        {"nbin": (2, 3)},
        {"position_angle": 80 * u.deg},
        {"planar": True},
    ],
    "annuli": [
        {"center": galactic(10, 1e-9)},
        {"center": CENTER.fk5},
        {"center": CENTER.transform_to(FK5(equinox="J1975"))},
        {"radius_max": 2.1 * u.deg},
        {"radius_min": 0.1 * u.deg},
        {"nbin": 4},
        {"planar": True},
    ],
    "elliptical_annuli": [
        {"axis_ratio": 0.6},
        {"position_angle": 31 * u.deg},
        {"edges": [0, 1, 3] * u.deg},
        {"planar": True},
    ],
    "sectors": [
        {"radius_max": 3 * u.deg},
        {"radius_min": 1 * u.deg},
        {"nbin": None, "edges": [0, 90, 180, 270, 350] * u.deg},
        {"nbin": None, "edges": [-90, 0, 90, 180, 270] * u.deg},
        {"planar": True},
    ],
}


@pytest.mark.parametrize("method", ARGUMENTS)
def test_equal_arguments_make_equal_bins(method):
    one, other = (getattr(SkyBins, method)(**deepcopy(ARGUMENTS[method])) for _ in range(2))
    assert one is not other
    assert one == other
    assert hash(one) == hash(other)
    assert {one: "found"}[other] == "found"


@pytest.mark.parametrize("method", ARGUMENTS)
def test_each_argument_counts(method):
    changes = [{}, *CHANGES[method]]
    found = [getattr(SkyBins, method)(**(ARGUMENTS[method] | change)) for change in changes]
    assert len(set(found)) == len(found)
    for i, one in enumerate(found):
        assert [one == other for other in found] == [i == j for j in range(len(found))]


def test_bins_of_all_kinds_differ():
    found = [getattr(SkyBins, method)(**arguments) for method, arguments in ARGUMENTS.items()]
    assert len(set(found)) == len(found)


def test_units_and_how_edges_are_given_do_not_matter():
    annuli = SkyBins.annuli(CENTER, radius_max=2 * u.deg, nbin=4)
    assert annuli == SkyBins.annuli(CENTER, edges=[0, 30, 60, 90, 120] * u.arcmin)
    assert annuli == SkyBins.annuli(CENTER, radius_max=120 * u.arcmin, step=0.5 * u.deg)
    line = {"start": CENTER, "end": galactic(14, 0), "nbin": 4}
    assert SkyBins.along_line(**line, height=60 * u.arcmin) == SkyBins.along_line(
        **line, height=1 * u.deg, origin=0 * u.deg
    )


def lists():
    """Functions that make lists of regions afresh, no two of which are equal."""

    def circles(radius=1.0, **words):
        return [CircleSkyRegion(galactic(lon, 0), radius * u.deg, **words) for lon in (3, 1)]

    found = [
        circles,
        lambda: circles(1.1),
        lambda: circles(meta={"text": "one"}),
        lambda: circles()[::-1],
        lambda: circles()[:1],
        lambda: [circle.copy(center=circle.center.icrs) for circle in circles()],
        lambda: rectangles([5, 1], 1, 1, 0),
        lambda: rectangles([5, 1], 1, 1, 1e-9),
        lambda: [square(2, 0), square(0, 0)],
        lambda: [square(2, 0), square(0, 0, 0.6)],
        lambda: [circles()[0] | square(2, 0)],
        lambda: [circles()[0] & square(2, 0)],
        lambda: [circles()[0] | square(2, 1)],
    ]
    if hasattr(regions, "CircleSphericalSkyRegion"):  # from version 0.12 on
        found += [
            lambda: [regions.CircleSphericalSkyRegion(galactic(3, 0), 1 * u.deg)],
            lambda: [regions.CircleSphericalSkyRegion(galactic(3, 0), 2 * u.deg), square(1, 2)],
        ]
    return found


@pytest.mark.parametrize("make", lists())
def test_lists_of_equal_regions_are_equal(make):
    one, other = SkyBins.from_regions(make()), SkyBins.from_regions(Regions(make()))
    assert one == other
    assert hash(one) == hash(other)


def test_lists_of_different_regions_differ():
    found = [SkyBins.from_regions(make()) for make in lists()]
    assert len(set(found)) == len(found)


@every_shape
def test_copies_are_equal_also_after_use(name):
    bins = shapes(FLAT)[name]
    before = hash(bins)
    bins.to_regions(), bins.region_texts(), bins.center, bins.solid_angle, bins.shape.outlines()
    assert hash(bins) == before
    for copy in (deepcopy(bins), pickle.loads(pickle.dumps(bins)), replace(bins)):
        assert copy == bins
        assert hash(copy) == before
    assert replace(bins, dim="another") != bins
    assert replace(bins, planar=True) != bins
    assert replace(bins, lower=np.full(len(bins), -7.0)) != bins
    assert replace(bins, description="as one likes") == bins


OTHERS = {
    "nothing": None,
    "a number": 3,
    "a text": "bins",
    "an array": np.arange(3),
    "a Quantity": [1, 2, 3] * u.deg,
    "a Dataset": xr.Dataset({"a": 3}),
    "a region": CircleSkyRegion(CENTER, 1 * u.deg),
    "a list": [1, 2, 3],
    "positions": galactic([1, 2, 3], 0),
}


@pytest.mark.parametrize("name", OTHERS)
def test_bins_equal_nothing_else(name):
    bins, other = SkyBins.annuli(CENTER, radius_max=2 * u.deg, nbin=3), OTHERS[name]
    assert bins.__eq__(other) is NotImplemented
    if name == "a Dataset":  # which compares its variables
        assert not (bins == other)["a"]
    else:
        assert (bins == other) is False
        assert (other == bins) is False
        assert bins != other


def test_numpy_takes_bins_as_one_object():
    bins = SkyBins.annuli(CENTER, radius_max=2 * u.deg, nbin=3)
    array = np.array([bins, bins], dtype=object)
    assert array.shape == (2,)
    assert array[1] is bins
    assert np.asarray(bins).shape == ()
    assert np.asarray(bins)[()] is bins


def test_what_equals_everything_equals_bins():
    assert SkyBins.annuli(CENTER, radius_max=2 * u.deg, nbin=3) == ANY
