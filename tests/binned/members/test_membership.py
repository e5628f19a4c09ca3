"""Pairs of bin and pixel, and sums over them."""

import numpy as np
import pytest

from xprofile.binned.members.membership import Membership

SIZE = 500


def random_members(run, even):
    """Make pairs in runs of one bin, with a solid angle that changes rarely or in each pair."""
    rng = np.random.default_rng(run)
    bins = np.repeat(rng.integers(0, 7, SIZE // run + 1), run)[:SIZE]
    area = rng.random(SIZE)
    if even:
        area = np.repeat(area[: SIZE // 50], 50)
    return Membership(bins, np.arange(SIZE), area, np.zeros(8))


@pytest.mark.parametrize("even", [True, False])
@pytest.mark.parametrize("run", [1, 3, 40, SIZE])
@pytest.mark.parametrize("block", [16, 1 << 16])
def test_sums_and_integrals_equal_loops_over_pairs(run, even, block, monkeypatch):
    monkeypatch.setattr("xprofile.binned.members.runs._BLOCK_SIZE", block)
    members = random_members(run, even)
    values = np.random.default_rng(1).random((2, 3, SIZE)).astype(np.float32)
    for found, weights in (
        (members.sum(values), np.ones(SIZE)),
        (members.integral(values), members.solid_angle),
    ):
        expected = np.zeros((2, 3, 8))
        for pair, bin_ in enumerate(members.bin):
            expected[..., bin_] += values[..., pair].astype(float) * weights[pair]
        np.testing.assert_allclose(found, expected, rtol=1e-12, atol=0)


def test_sums_without_pairs_are_0():
    none = Membership(np.empty(0, int), np.empty(0, int), np.empty(0), np.zeros(3))
    np.testing.assert_array_equal(none.sum(np.empty((2, 0))), np.zeros((2, 3)))
    np.testing.assert_array_equal(none.integral(np.empty((2, 0))), np.zeros((2, 3)))


def test_bins_are_renumbered_when_empty_ones_are_dropped():
    bins, pixel = np.array([0, 0, 2, 5, 5]), np.arange(5)
    whole = Membership(bins, pixel, np.ones(5), np.zeros(6))
    part, numbers = whole.drop_empty_bins()
    np.testing.assert_array_equal(numbers, [0, 2, 5])
    np.testing.assert_array_equal(part.bin, [0, 0, 1, 2, 2])


def test_numbers_of_pixels_are_integers():
    number = Membership(
        np.array([0, 0, 2]), np.arange(3), np.ones(3), np.zeros(4)
    ).number_of_pixels()
    assert number.dtype == np.int64
    np.testing.assert_array_equal(number, [2, 0, 1, 0])
