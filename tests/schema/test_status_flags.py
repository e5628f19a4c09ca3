"""Flags of a profile's status."""

import numpy as np

from xprofile.schema.variables import STATUS_FLAGS, status_attrs


def test_status_flags_are_bits_of_their_own():
    assert np.bitwise_or.reduce(list(STATUS_FLAGS.values())) == sum(STATUS_FLAGS.values())
    assert status_attrs()["flag_meanings"].split() == list(STATUS_FLAGS)
    np.testing.assert_array_equal(status_attrs()["flag_masks"], list(STATUS_FLAGS.values()))
