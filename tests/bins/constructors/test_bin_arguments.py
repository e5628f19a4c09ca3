"""Edges by number, by width and by value."""

import astropy.units as u
import numpy as np
from cases.bins import galactic

from xprofile.bins.skybins import SkyBins


def test_line_edges_by_number():
    bins = SkyBins.along_line(galactic(10, 0), galactic(350, 0), height=3 * u.deg, nbin=5)
    assert len(bins) == 5
    np.testing.assert_allclose(bins.lower, [0, 4, 8, 12, 16], rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(bins.upper, [4, 8, 12, 16, 20], rtol=1e-12)
    np.testing.assert_allclose(bins.distance, [2, 6, 10, 14, 18], rtol=1e-12)
    assert bins.center.separation(galactic([8, 4, 0, 356, 352], 0)).max() < 1e-9 * u.deg


def test_annuli_edges_by_number_and_by_list():
    bins = SkyBins.annuli(galactic(3, 4), radius_min=0.5 * u.deg, radius_max=1.5 * u.deg, nbin=4)
    np.testing.assert_allclose(bins.lower, [0.5, 0.75, 1, 1.25], rtol=1e-12)
    np.testing.assert_allclose(bins.upper, [0.75, 1, 1.25, 1.5], rtol=1e-12)
    listed = SkyBins.annuli(galactic(3, 4), edges=[0, 6, 90] * u.arcmin)
    np.testing.assert_allclose(listed.lower, [0, 0.1], rtol=1e-12)
    np.testing.assert_allclose(listed.upper, [0.1, 1.5], rtol=1e-12)
    assert listed.center.separation(galactic(3, 4)).max() < 1e-9 * u.deg


def test_a_step_that_just_fits_reaches_the_end():
    for number in (3, 7, 30, 49, 1000):
        bins = SkyBins.along_line(
            galactic(10, 0), galactic(20, 0), height=1 * u.deg, step=10 / number * u.deg
        )
        assert len(bins) == number
        np.testing.assert_allclose(bins.upper[-1], 10, rtol=1e-12)


def test_sectors_by_number_and_step():
    radius = {"radius_max": 1 * u.deg}
    bins = SkyBins.sectors(galactic(1, 2), nbin=8, **radius)
    np.testing.assert_array_equal(bins.lower, 45.0 * np.arange(8))
    stepped = SkyBins.sectors(galactic(1, 2), step=100 * u.deg, **radius)
    np.testing.assert_allclose(stepped.upper, [100, 200, 300], rtol=1e-12)
    assert repr(stepped) == "<SkyBins: 3 sectors, position angle 0 to 300 deg>"
