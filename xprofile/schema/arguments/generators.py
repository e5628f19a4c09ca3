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
    if rng is None or isinstance(rng, np.random.Generator):
        return np.random.default_rng(rng)
    wanted = "rng must be an integer of 0 or more, a numpy Generator or None"
    if isinstance(rng, bool) or not isinstance(rng, int | np.integer):
        raise TypeError(f"{wanted}, found {rng!r}")
    if rng < 0:
        raise InvalidOptionError(f"{wanted}, found {rng!r}")
    return np.random.default_rng(rng)
