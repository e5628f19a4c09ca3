"""Numbers of bins on the sky: where they are, and how many have room."""

from itertools import pairwise

import astropy.units as u
import matplotlib.pyplot as plt
import numpy as np
import pytest
from cases.maps import make_wcs
from cases.plot import galactic, only
from regions import (
    CircleAnnulusSkyRegion,
    PolygonSkyRegion,
)

from xprofile import SkyBins
from xprofile.bins.number_labels import DIGIT_WIDTH, SPACING, number_step
from xprofile.plot import plot_bins

LINE = SkyBins.along_line(galactic(5, 0), galactic(-1, 0), height=2 * u.deg, nbin=6)


def numbers(ax):
    return [int(text.get_text()) for text in ax.texts]


def numbered(bins, **settings):
    ax = plt.figure(figsize=(8, 6)).add_subplot(projection=make_wcs())
    ax.imshow(np.zeros((60, 80)), origin="lower")
    drawn = plot_bins(bins, ax, numbers=True, **settings)
    return ax, drawn


def test_numbers_are_drawn_if_wanted():
    ax, _ = numbered(LINE)
    assert numbers(ax) == list(range(6))
    plot_bins(LINE, ax)
    assert len(ax.texts) == 6


def test_numbers_of_annuli_are_in_their_rings():
    ax, drawn = numbered(SkyBins.annuli(galactic(0, 0), edges=[0, 1, 2, 2.5] * u.deg))
    places = np.array([text.get_position() for text in ax.texts]) - [39.5, 29.5]
    np.testing.assert_allclose(places, [[0, 0], [0, 15], [0, 22.5]], rtol=0, atol=0.05)
    planar = [CircleAnnulusSkyRegion(galactic(0, 0), 1 * u.deg, 2 * u.deg)]
    ax, drawn = numbered(planar)
    np.testing.assert_allclose(ax.texts[0].get_position(), [39.5, 44.5], rtol=0, atol=0.05)
    assert drawn.get_zorder() < ax.texts[0].get_zorder()


def test_numbers_are_inside_crooked_bins():
    hook = PolygonSkyRegion(galactic([2, -2, -2, -1.5, -1.5, 2], [-2, -2, 2, 2, -1.5, -1.5]))
    ax, drawn = numbered([hook])
    assert only(drawn.get_paths()).contains_point(ax.texts[0].get_position())


def test_bins_that_are_not_on_the_map_have_no_number():
    ax = plt.figure().add_subplot(projection=make_wcs("TAN"))
    ax.imshow(np.zeros((60, 80)), origin="lower")
    plot_bins(SkyBins.annuli(galactic(180, 0), edges=[0, 10] * u.deg), ax, numbers=True)
    assert list(ax.texts) == []


@pytest.mark.heavy
@pytest.mark.parametrize(("nbin", "step"), [(10, 1), (50, 2), (400, 10)])
def test_numbers_of_many_bins_keep_apart(nbin, step):
    bins = SkyBins.along_line(galactic(4, 0), galactic(-4, 0), height=2 * u.deg, nbin=nbin)
    ax, _ = numbered(bins)
    assert numbers(ax)[1] % step == 0
    assert numbers(ax) == list(range(0, nbin, numbers(ax)[1]))
    ax.figure.canvas.draw()
    boxes = sorted((text.get_window_extent() for text in ax.texts), key=lambda box: box.x0)
    assert all(left.x1 < right.x0 for left, right in pairwise(boxes))


@pytest.mark.parametrize(("spacing", "expected"), [(20.0, 1), (10.0, 2), (4.0, 5), (1.0, 20)])
def test_every_nth_number_has_room(spacing, expected):
    places = np.stack([spacing * np.arange(100), np.zeros(100)], axis=1)
    size = 10.0
    room = SPACING * DIGIT_WIDTH * 2 * size
    assert room / expected <= spacing < room * 2.5 / expected or expected == 1
    assert number_step(places, size) == expected
    assert number_step(places[:, ::-1] * 2, size) <= expected


def test_numbers_that_all_fall_together():
    assert number_step(np.zeros((30, 2)), 10.0) >= 30
    assert number_step(np.full((3, 2), np.nan), 10.0) == 1
    assert number_step(np.zeros((1, 2)), 10.0) == 1
