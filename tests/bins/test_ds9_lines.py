"""Numbers and frames in lines of DS9."""

import astropy.units as u
from cases.bins import galactic
from hypothesis import given
from hypothesis import strategies as st

from xprofile.bins.ds9_lines import ds9_frame, format_lengths


@given(st.floats(0, 360))
def test_lengths_are_written_as_a_quantity(value):
    assert format_lengths([value]) == [(value * u.deg).to_string(precision=10)[:-4]]


def test_frames_that_ds9_lacks_are_none():
    assert ds9_frame(galactic(1, 2).frame) == "galactic"
    assert ds9_frame(galactic(1, 2).transform_to("barycentrictrueecliptic").frame) is None
