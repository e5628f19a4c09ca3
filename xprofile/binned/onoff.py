"""Acceptances of on-off data, combined so that the background is kept."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["matched_acceptance_off"]

Float = NDArray[np.float64]


def matched_acceptance_off(
    acceptance: Float, counts_off: Float, background: Float, acceptance_off: Float
) -> Float:
    """Acceptance of the off counts with which a sum of pixels or bins has the summed background.

    All arguments are sums over these pixels or bins. The result solves ``background = acceptance /
    acceptance_off * counts_off``. Where the background is 0, it is the sum of `acceptance_off`.
    """
    plain = acceptance_off + np.zeros_like(background)
    solved = np.divide(acceptance * counts_off, background, out=plain, where=background > 0)
    return np.asarray(solved)
