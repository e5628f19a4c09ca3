"""Generators of random numbers, from the option ``rng``."""

from __future__ import annotations

import numpy as np

from ...exceptions import InvalidOptionError

__all__ = ["random_generator"]


def random_generator(rng: int | np.random.Generator | None) -> np.random.Generator:
    """Return a generator for a seed; one with another seed each time for None.

    Raises
    ------
    InvalidOptionError
        If a seed is negative.
    TypeError
        If it is neither a seed nor a generator.
    """
    try:
        return np.random.default_rng(rng)
    except ValueError as error:
        raise InvalidOptionError(
            f"rng must be an integer of 0 or more, a numpy Generator or None, found {rng!r}"
        ) from error
