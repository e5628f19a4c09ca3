"""Regions in the plane of the map, against the pixels that regions 0.11 gives.

`freeze_planar.py` made the tables, without code of xprofile or of later versions of regions.
"""

import json
from pathlib import Path

import numpy as np
import pytest
from cases.maps import make_maps
from cases.planar import CASES, GRIDS

from xprofile.binned.members.finding import find_members
from xprofile.bins.skybins import SkyBins
from xprofile.maps.wcs import pixel_grid

TABLES = json.loads(Path(__file__).with_name("planar_pixels.json").read_text(encoding="utf-8"))


def frozen(case):
    """Rows and columns of a case's pixels, in order, (2, npixel)."""
    table = TABLES[": ".join(case)]
    return np.array([(row, x) for row, first, last in table for x in range(first, last + 1)]).T


@pytest.mark.parametrize("case", CASES, ids=": ".join)
def test_pixels_equal_those_of_regions_0_11(case):
    maps = make_maps(*GRIDS[case[0]], nenergy=1, ntrue=1)
    grid = pixel_grid(maps)
    members = find_members(SkyBins.from_regions([CASES[case]], planar=True), grid)
    np.testing.assert_array_equal(
        np.unravel_index(np.sort(members.pixel), grid.shape), frozen(case)
    )


def test_tables_are_not_trivial():
    """All cases have some of the pixels; on each grid, one is away from the middle."""
    assert sorted(TABLES) == sorted(map(": ".join, CASES))
    away = set()
    for case in CASES:
        pixels, shape = frozen(case), np.array(GRIDS[case[0]][1])
        assert 50 < pixels.shape[1] < shape.prod() / 4
        offset = pixels.mean(axis=1) / shape - 0.5
        if np.hypot(*offset) > 0.25:
            away.add(case[0])
    assert away == set(GRIDS)
