"""Arguments that do not make bins."""

import astropy.units as u
import numpy as np
import pytest
from cases.bin_places import (
    ROOMY,
)
from cases.bins import galactic

from xprofile.bins.skybins import SkyBins
from xprofile.exceptions import InvalidBinsError

A, B = galactic(10, 0), galactic(20, 0)


BAD_LINES = {
    "same ends": ({"end": galactic(10, 0)}, "apart"),
    "same ends in other frames": ({"end": galactic(10, 0).icrs}, "apart"),
    "antipodal": ({"end": galactic(190, 0)}, "180"),
    "height without unit": ({"height": 3}, "height"),
    "height in metres": ({"height": 3 * u.m}, "height"),
    "no height": ({"height": 0 * u.deg}, "height"),
    "negative height": ({"height": -1 * u.deg}, "height"),
    "NaN height": ({"height": np.nan * u.deg}, "height"),
    "two heights": ({"height": [1, 2] * u.deg}, "height"),
    "no bins": ({"nbin": 0}, "nbin"),
    "negative nbin": ({"nbin": -3}, "nbin"),
    "half a bin": ({"nbin": 2.5}, "nbin"),
    "nbin in words": ({"nbin": "many"}, "nbin"),
    "a list of nbin": ({"nbin": [3]}, "nbin"),
    "NaN nbin": ({"nbin": np.nan}, "nbin"),
    "neither": ({"nbin": None}, "either"),
    "both": ({"edges": [0, 1] * u.deg}, "either"),
    "edges without unit": ({"nbin": None, "edges": [0, 1]}, "edges"),
    "one edge": ({"nbin": None, "edges": [1] * u.deg}, "edges"),
    "unsorted edges": ({"nbin": None, "edges": [0, 2, 1] * u.deg}, "ascending"),
    "repeated edges": ({"nbin": None, "edges": [0, 1, 1] * u.deg}, "ascending"),
    "NaN edges": ({"nbin": None, "edges": [0, np.nan] * u.deg}, "edges"),
    "infinite edges": ({"nbin": None, "edges": [0, np.inf] * u.deg}, "edges"),
    "more than half a turn": ({"nbin": None, "edges": [0, 100, 250] * u.deg}, "180"),
    "edges in two dimensions": ({"nbin": None, "edges": [[0, 1], [1, 2]] * u.deg}, "edges"),
    "two starts": ({"start": galactic([1, 2], [0, 0])}, "start"),
    "a start that is no SkyCoord": ({"start": (10, 0)}, "start"),
    "a NaN end": ({"end": galactic(np.nan, np.nan)}, "nan"),
}


@pytest.mark.quick
@pytest.mark.parametrize("name", BAD_LINES)
def test_bad_lines_are_refused(name):
    change, message = BAD_LINES[name]
    arguments = {"start": A, "end": B, "height": 1 * u.deg, "nbin": 3} | change
    with pytest.raises(InvalidBinsError, match=message):
        SkyBins.along_line(**arguments)


BAD_ANNULI = {
    "nothing": ({}, "edges"),
    "nbin alone": ({"nbin": 3}, "radius_max"),
    "radius alone": ({"radius_max": 1 * u.deg}, "nbin"),
    "edges and radius": ({"edges": [0, 1] * u.deg, "radius_max": 1 * u.deg}, "not both"),
    "edges and nbin": ({"edges": [0, 1] * u.deg, "nbin": 1}, "either"),
    "negative radius": ({"edges": [-1, 1] * u.deg}, "0 to 180"),
    "beyond the antipode": ({"edges": [0, 181] * u.deg}, "0 to 180"),
    "radius without unit": ({"radius_max": 1, "nbin": 3}, "radius_max"),
    "inverted radii": ({"radius_min": 2 * u.deg, "radius_max": 1 * u.deg, "nbin": 3}, "ascending"),
    "no radius": ({"radius_max": 0 * u.deg, "nbin": 3}, "ascending"),
    "no bins": ({"radius_max": 1 * u.deg, "nbin": 0}, "nbin"),
    "two centres": ({"center": galactic([1, 2], 0), "edges": [0, 1] * u.deg}, "center"),
    "a NaN centre": ({"center": galactic(np.nan, 0), "edges": [0, 1] * u.deg}, "center"),
}


@pytest.mark.quick
@pytest.mark.parametrize("name", BAD_ANNULI)
def test_bad_annuli_are_refused(name):
    change, message = BAD_ANNULI[name]
    with pytest.raises(InvalidBinsError, match=message):
        SkyBins.annuli(**({"center": A} | change))


P = galactic([0, 1, 2], [0, 0, 0.5])


BAD_PATHS = {
    "single vertex": ({"points": galactic([1], [2])}, "two or more"),
    "scalar": ({"points": galactic(1, 2)}, "two or more"),
    "two dimensions": ({"points": galactic([[1, 2], [3, 4]], 0)}, "two or more"),
    "no coordinates": ({"points": [(1, 2), (3, 4)]}, "two or more"),
    "repeated vertex": ({"points": galactic([0, 1, 1, 2], 0)}, "vertices 1 and 2 "),
    "repeated in turns": ({"points": galactic([0, 1, 361, 2], 0)}, "vertices 1 and 2 "),
    "NaN vertex": ({"points": galactic([0, 1, np.nan], 0)}, "vertices 1 and 2 "),
    "too far apart": ({"points": galactic([0, 1, 100], 0)}, "vertices 1 and 2 "),
    "way back": ({"points": galactic([0, 1, 0.5], 0)}, "180 deg at vertex 1"),
    "way back to the start": ({"points": galactic([0, 1, 0], 0)}, "180 deg at vertex"),
    "sharp": ({"points": galactic([0, 1, 2, 1], [0, 0, 0, 0.1])}, "at vertex 2"),
    "closed line": ({"points": galactic([0, 1], 0), "closed": True}, "180 deg at vertex"),
    "crossing joints": (
        {"points": galactic([0, 1, 1.2, 1.2], [0, 0, 0.2, 2]), "height": 2 * u.deg},
        "near vertex 1",
    ),
    "tight circle": (
        {"points": ROOMY["car"].circle(50, 0.4), "height": 2 * u.deg, "closed": True},
        "near vertex",
    ),
    "origin off the path": ({"origin": galactic(1, 3)}, "origin"),
    "origin just off the path": ({"origin": galactic(0.5, 0.27)}, "origin"),
    "origin before the path": ({"origin": galactic(-0.1, 0)}, "origin"),
    "two origins": ({"origin": P}, "origin"),
    "NaN origin": ({"origin": np.nan * u.deg}, "origin"),
    "origin without unit": ({"origin": 1}, "origin"),
    "before the path": ({"nbin": None, "edges": [-0.1, 1] * u.deg}, "edges"),
    "past the path": ({"nbin": None, "edges": [0, 5] * u.deg}, "edges"),
    "no height": ({"height": 0 * u.deg}, "height"),
    "long step": ({"nbin": None, "step": 5 * u.deg}, "step"),
    "nothing": ({"nbin": None}, "either"),
    "both": ({"step": 1 * u.deg}, "either"),
}


@pytest.mark.quick
@pytest.mark.parametrize("name", BAD_PATHS)
def test_bad_paths_are_refused(name):
    change, message = BAD_PATHS[name]
    arguments = {"points": P, "height": 0.5 * u.deg, "nbin": 3} | change
    with pytest.raises(InvalidBinsError, match=message):
        SkyBins.along_path(**arguments)


BAD_SHAPES = {
    "flat ellipse": ("elliptical_annuli", {"axis_ratio": 0}, "axis_ratio"),
    "long ellipse": ("elliptical_annuli", {"axis_ratio": 1.1}, "axis_ratio"),
    "NaN axis ratio": ("elliptical_annuli", {"axis_ratio": np.nan}, "axis_ratio"),
    "bare angle": ("elliptical_annuli", {"position_angle": 30}, "position_angle"),
    "two angles": ("elliptical_annuli", {"position_angle": [3, 4] * u.deg}, "position_angle"),
    "NaN angle": ("elliptical_annuli", {"position_angle": np.nan * u.deg}, "position_angle"),
    "two centres": ("elliptical_annuli", {"center": galactic([1, 2], 0)}, "center"),
    "more than a circle": ("sectors", {"nbin": None, "edges": [0, 200, 361] * u.deg}, "more than"),
    "descending": ("sectors", {"nbin": None, "edges": [10, 5] * u.deg}, "ascending"),
    "swapped radii": ("sectors", {"radius_min": 3 * u.deg}, "radius_min"),
    "no ring": ("sectors", {"radius_min": 2 * u.deg}, "radius_min"),
    "one number": ("grid", {"nbin": 3}, "nbin"),
    "three numbers": ("grid", {"nbin": (1, 2, 3)}, "nbin"),
    "no columns": ("grid", {"nbin": (0, 2)}, "nbin"),
    "no width": ("grid", {"width": 0 * u.deg}, "width"),
    "negative height": ("grid", {"height": -1 * u.deg}, "height"),
    "two grid angles": ("grid", {"position_angle": [3, 4] * u.deg}, "position_angle"),
    "two line origins": ("along_line", {"origin": galactic([1, 2], 0)}, "origin"),
    "line origin without unit": ("along_line", {"origin": 3}, "origin"),
    "line origins": ("along_line", {"origin": [1, 2] * u.deg}, "origin"),
}


GOOD = {
    "elliptical_annuli": {
        "center": A,
        "axis_ratio": 0.5,
        "position_angle": 30 * u.deg,
        "radius_max": 2 * u.deg,
        "nbin": 3,
    },
    "sectors": {"center": A, "radius_max": 2 * u.deg, "nbin": 3},
    "grid": {"center": A, "width": 2 * u.deg, "height": 1 * u.deg, "nbin": (3, 2)},
    "along_line": {"start": A, "end": galactic(12, 1), "height": 1 * u.deg, "nbin": 3},
    "along_path": {"points": P, "height": 0.5 * u.deg, "nbin": 3},
}


@pytest.mark.quick
@pytest.mark.parametrize("name", BAD_SHAPES)
def test_bad_shapes_are_refused(name):
    method, change, message = BAD_SHAPES[name]
    with pytest.raises(InvalidBinsError, match=message):
        getattr(SkyBins, method)(**(GOOD[method] | change))
