"""Pixels of every shape on every kind of grid, against separations and angles of astropy."""

import warnings
from itertools import product

import numpy as np
import pytest
from cases.any_skies import CRVAL, PROJECTIONS, WHOLE_SKY, Sky
from cases.few_cases import one_in
from cases.sky_cases import CASES

from xprofile import bin_image
from xprofile.binned.members.finding import find_members
from xprofile.exceptions import DataWarning, InvalidBinsError
from xprofile.maps.wcs import pixel_grid

LOCAL = tuple(name for name in CASES if name != "wide")


def found_pixels(bins, maps):
    """Whether each bin holds each pixel, by the code under test."""
    grid = pixel_grid(maps)
    members = find_members(bins, grid)
    found = np.zeros((len(bins), grid.x.size * grid.y.size), bool)
    found[members.bin, members.pixel] = True
    assert np.count_nonzero(found) == members.pixel.size
    return found.reshape(-1, *grid.shape)


def check_sums(bins, maps, found):
    """An image has its pixels' sums, and bins of which none is on the map raise."""
    image = maps.counts[0].copy(data=np.arange(1.0, 1 + found[0].size).reshape(found[0].shape))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)
        warnings.filterwarnings("ignore", "bins overlap")
        try:
            sums = bin_image(image, bins)
        except InvalidBinsError:  # no bin is on the map
            assert not found.any()
            return
    np.testing.assert_array_equal(sums, (found * image.to_numpy()).sum(axis=(1, 2)))


def check(sky, kind):
    for number, (bins, (inside, unsure)) in enumerate(CASES[kind](sky)):
        assert np.mean(unsure) < 0.1
        found = found_pixels(bins, sky.maps)
        wrong = ((found != inside) & ~unsure).sum(axis=(1, 2))
        assert not wrong.any(), (
            f"{bins!r} at {sky.center!r}: {wrong} pixels differ, of {inside.sum(axis=(1, 2))}, "
            f"on {sky.wcs!r}"
        )
        if number == 0:
            check_sums(bins, sky.maps, found)


# every second place of each projection, and every second projection at each place
SOME = [
    pair if sum(turn) % 2 == 0 else pytest.param(*pair, marks=pytest.mark.slow)
    for turn, pair in zip(
        np.ndindex(len(PROJECTIONS), len(CRVAL)), product(PROJECTIONS, CRVAL), strict=True
    )
]


@pytest.mark.heavy
@pytest.mark.parametrize(("projection", "place"), SOME)
def test_pixels_are_those_of_the_sky(projection, place):
    """One kind of shapes in each, and all of them for each place."""
    turn = PROJECTIONS.index(projection) + list(CRVAL).index(place)
    check(Sky(projection, place, 0), LOCAL[turn % len(LOCAL)])


@pytest.mark.heavy
@pytest.mark.parametrize("projection", WHOLE_SKY)
def test_pixels_of_the_whole_sky(projection):
    kinds = list(CASES)
    for turn, place in enumerate(("seam", "pole"), WHOLE_SKY.index(projection)):
        check(Sky(projection, place, 1, whole=True), kinds[(5 + turn) % len(kinds)])


def test_rim_of_an_equal_area_sky():
    """Pixels at the rim are near the antipode, far from the other pixels of their tile."""
    check(Sky("ZEA", "seam", 14, whole=True), "rings")


@pytest.mark.parametrize(
    ("projection", "place", "kind"), one_in(7, product(PROJECTIONS, CRVAL, CASES))
)
def test_pixels_of_many_skies(projection, place, kind):
    if kind != "wide":
        check(Sky(projection, place, 10), kind)
    if projection in WHOLE_SKY:
        check(Sky(projection, place, 11, whole=True), kind)
