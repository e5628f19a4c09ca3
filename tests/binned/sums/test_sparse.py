"""Sorting and sums of many numbers."""

import numpy as np

from xprofile.binned.sums.sparse import sort_numbers, sum_by_number, sum_rows


def test_sorting_keeps_the_order_of_equal_numbers():
    order, start = sort_numbers(np.array([2, 0, 2, 3, 0]), 5)
    np.testing.assert_array_equal(order, [1, 4, 0, 2, 3])
    np.testing.assert_array_equal(start, [0, 2, 2, 4, 5, 5])


def test_sums_of_rows():
    table = np.arange(8.0).reshape(4, 2)
    columns = np.array([[0, 1], [3, 3]]), np.array([[2, 2], [0, 1]])
    weights = np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([[0.5, 0.5], [1.0, 0.0]])
    found = sum_rows(columns, weights, table)
    expected = [[0 + 4 + 4, 18 + 24 + 0], [1 + 6 + 5, 21 + 28 + 1]]
    np.testing.assert_allclose(found, expected, rtol=1e-15)


def test_nothing_sums_to_nothing():
    empty = np.zeros((0, 3), int)
    assert sum_rows([empty], [empty.astype(float)], np.ones((4, 2))).shape == (2, 0)


def test_sums_of_the_same_number_in_any_order():
    values = np.array([[1.0, 2.0, 4.0, 8.0], [3.0, 5.0, 7.0, 9.0]])
    found = sum_by_number(np.array([2, 0, 2, 1]), values, 4)
    np.testing.assert_array_equal(found, [[2, 8, 5, 0], [5, 9, 10, 0]])
    assert sum_by_number(np.zeros(0, int), values[:, :0], 3).tolist() == [[0, 0, 0], [0, 0, 0]]
