"""Numbers of the bins that an index selects."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..exceptions import InvalidBinsError, OutOfRangeError, UnusableInputError

__all__ = ["selected_numbers"]


def selected_numbers(index: Any, count: int) -> NDArray[np.intp]:
    """Numbers of the bins that an index selects among `count` bins.

    Parameters
    ----------
    index
        An integer, a slice, or a list of integers or of one bool for each bin.
    count : int
        Number of bins.

    Returns
    -------
    numpy.ndarray of int
        At least one number, from 0 on, each once.

    Raises
    ------
    OutOfRangeError
        If a number is out of range, or there is not one bool for each bin.
    InvalidBinsError
        If no bin is selected, or a bin twice.
    UnusableInputError
        If the index is of another type.
    """
    numbers = np.arange(count)
    found = index if isinstance(index, slice) else _index_array(index)
    try:
        numbers = np.atleast_1d(numbers[found])
    except IndexError as error:
        raise OutOfRangeError(
            f"there are {count} bins, found the index {index!r}: {error}; bins are numbered from "
            "0, and a list of bools has one for each bin"
        ) from None
    if not numbers.size:
        raise InvalidBinsError(f"the index {index!r} selects none of the {count} bins")
    if np.unique(numbers).size < numbers.size:
        raise InvalidBinsError(f"the index {index!r} selects a bin twice; select each bin once")
    return numbers


def _index_array(index: Any) -> NDArray[Any]:
    """Return an integer, or a list of integers or booleans, as an array."""
    found = np.asarray(index)
    if found.dtype.kind == "b" and found.ndim == 0:
        kind = "a bool"
    elif found.dtype.kind in "biu" and found.ndim < 2:
        return found
    elif isinstance(index, list | tuple) and not index:
        return found.astype(int)
    else:
        kind = type(index).__name__
    raise UnusableInputError(
        "bins are selected by an integer, a slice, or a list of integers or booleans, found "
        f"{index!r} ({kind}); give one of these, such as bins[2:5]"
    )
