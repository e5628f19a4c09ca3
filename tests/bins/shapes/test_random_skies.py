"""Bins on random skies share no pixel and miss none."""

import astropy.units as u
import numpy as np
from cases.bin_codes import (
    line_codes,
    ring_codes,
)
from cases.bin_places import (
    codes,
)
from cases.examples import examples
from cases.maps import make_maps, make_wcs
from cases.skies import rotated
from hypothesis import strategies as st

from xprofile.bins.skybins import SkyBins
from xprofile.maps.positions import skycoord


@st.composite
def skies(draw):
    projection = draw(st.sampled_from(["CAR", "TAN", "AIT", "ZEA", "SIN", "STG"]))
    center = (draw(st.floats(0, 360)), draw(st.sampled_from([0.0]) | st.floats(-90, 90)))
    step = draw(st.sampled_from([0.1, 0.5]))
    wcs = make_wcs(projection, center, step, (23, 31), draw(st.sampled_from(["galactic", "icrs"])))
    return make_maps(rotated(wcs, draw(st.sampled_from([0, 0, 30, 77.7]))), (23, 31)), step


positions = st.tuples(st.integers(0, 30), st.integers(0, 22))


nbins = st.integers(1, 7)


random_skies = examples(8, 30, derandomize=True)


@random_skies(skies(), positions, nbins, st.sampled_from([2, 5, 6.7]))
def test_annuli_share_and_miss_no_pixel(sky, position, nbin, reach):
    maps, step = sky
    center = maps_position(maps, position)
    radius = reach * step * u.deg
    found = codes(SkyBins.annuli(center, radius_max=radius, nbin=nbin), maps)
    whole = codes(SkyBins.annuli(center, radius_max=radius, nbin=1), maps)
    np.testing.assert_array_equal(found >= 0, whole >= 0)
    expected, tie = ring_codes(skycoord(maps), center, np.linspace(0, reach * step, nbin + 1))
    np.testing.assert_array_equal(found[~tie], expected[~tie])


@random_skies(skies(), positions, positions, nbins, st.sampled_from([2, 5, 6.7]))
def test_boxes_share_and_miss_no_pixel(sky, first, last, nbin, width):
    maps, step = sky
    start, end = maps_position(maps, first), maps_position(maps, last)
    if first == last:
        end = start.directional_offset_by(30 * u.deg, step * u.deg)
    height = width * step * u.deg
    found = codes(SkyBins.along_line(start, end, height=height, nbin=nbin), maps)
    whole = codes(SkyBins.along_line(start, end, height=height, nbin=1), maps)
    np.testing.assert_array_equal(found >= 0, whole >= 0)
    edges = np.linspace(0, start.separation(end).deg, nbin + 1)
    expected, tie = line_codes(skycoord(maps), start, end, edges, height.value)
    np.testing.assert_array_equal(found[~tie], expected[~tie])


def maps_position(maps, pixel):
    """Sky position of a pixel's centre."""
    return skycoord(maps)[pixel[1], pixel[0]]
