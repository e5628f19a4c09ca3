"""Boxes along meridians and parallels, whose bins are found by longitude and latitude alone."""

import astropy.units as u
import numpy as np
import pytest
from astropy.coordinates import SkyCoord
from cases.bins import galactic

from xprofile import SkyBins
from xprofile.maps.sphere import unit_vectors


@pytest.mark.parametrize("ends", [(9, 351), (351, 9), (200, 120)])
@pytest.mark.parametrize("lat", [0, 40])
def test_boxes_along_meridians_are_the_same_with_and_without_vectors(ends, lat):
    start, end = galactic(list(ends), [0, 0])
    shape = SkyBins.along_line(start, end, height=30 * u.deg, nbin=13).shape
    frame = start.frame.replicate_without_data()
    lon, sky = np.arange(0.01, 360, 0.7), np.linspace(-16, 16, 31)[:, None] + lat * 0.3
    found = shape.straight_coder(frame, 1e-3)(lon, sky)
    assert set(np.unique(found)) >= set(range(-1, 13))
    np.testing.assert_array_equal(found, shape.coder(frame, 1e-3)(unit_vectors(lon, sky)))


def test_boxes_in_other_directions_need_vectors():
    start, end = galactic([9, 351], [0, 0.01])
    shape = SkyBins.along_line(start, end, height=3 * u.deg, nbin=5).shape
    assert shape.straight_coder(start.frame.replicate_without_data(), 1e-3) is None
    equator = SkyCoord([9, 351], 0, unit="deg", frame="icrs")
    shape = SkyBins.along_line(*equator, height=3 * u.deg, nbin=5).shape
    assert shape.straight_coder(start.frame.replicate_without_data(), 1e-3) is None
    assert shape.straight_coder(equator.frame.replicate_without_data(), 1e-3) is not None
