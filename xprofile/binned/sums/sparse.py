"""Sorting and sums of many numbers, by sparse matrices, which count instead of comparing."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

__all__ = ["sort_numbers", "sum_by_number", "sum_rows"]

Float = NDArray[np.float64]
Int = NDArray[np.intp]


def sort_numbers(numbers: Int, size: int) -> tuple[Int, Int]:
    """Sort whole numbers from 0 to `size` - 1.

    Parameters
    ----------
    numbers : numpy.ndarray of int
        The numbers (n,).
    size : int
        How many different numbers there may be.

    Returns
    -------
    order : numpy.ndarray of int
        Indices (n,) that sort the numbers; equal ones keep their order.
    start : numpy.ndarray of int
        Where each number begins in this order, and where the last one ends, (size + 1,).
    """
    entry = np.arange(numbers.size + 1)
    one_each = csr_array((entry[:-1], numbers, entry), shape=(numbers.size, size)).tocsc()
    return one_each.indices.astype(np.intp), one_each.indptr.astype(np.intp)


def sum_by_number(numbers: Int, values: Float, size: int) -> Float:
    """Sum values (k, n) that have the same number (n,) from 0 to `size` - 1, (k, size)."""
    if (np.diff(numbers) < 0).any():
        order, _ = sort_numbers(numbers, size)
        numbers, values = numbers[order], values[:, order]
    total, start = np.zeros((len(values), size)), np.flatnonzero(np.diff(numbers, prepend=-1))
    if start.size:
        total[:, numbers[start]] = np.add.reduceat(values, start, axis=1)
    return total


def sum_rows(columns: Sequence[Int], weights: Sequence[Float], table: Float) -> Float:
    """Sum rows of a table with weights.

    Parameters
    ----------
    columns : sequence of numpy.ndarray of int
        Indices (n, m) of rows of the table.
    weights : sequence of numpy.ndarray
        Weight (n, m) of each of these rows.
    table : numpy.ndarray
        The rows (nrow, k).

    Returns
    -------
    numpy.ndarray
        Sums (k, n).
    """
    index, weight = np.stack(columns, axis=-1), np.stack(weights, axis=-1)
    number, width = len(index), index[:1].size
    if not number or not width:
        return np.zeros((table.shape[1], number))
    start = np.arange(number + 1) * width
    matrix = csr_array((weight.ravel(), index.ravel(), start), shape=(number, len(table)))
    return np.ascontiguousarray((matrix @ table).T)
