"""Errors of the parameters of many spectra: from the curvature, and by profiling.

The end of an interval of a parameter is where the statistic, minimised over all others, has risen
by the square of the significance. There its gradient along the others vanishes. Newton's method
solves these equations from the ellipse of the covariance. Where it fails, the interval is searched
from the best fit outwards, with all others fitted again.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .intervals.ends import Best, find_ends
from .intervals.outwards import Outwards
from .statistic import Point, Spectra

__all__ = ["Errors", "hesse_covariance", "profiled_errors"]

Float = NDArray[np.float64]
Bool = NDArray[np.bool_]

# Largest correlation of parameters that the data tell apart; beyond, their errors would be rounding
# errors. At 0.999 spectra of few energies would lose theirs.
_CORRELATED = 1 - 1e-10


@dataclass(frozen=True, eq=False)
class Errors:
    """Profiled errors of all parameters, the norm first; (n, 1 + nfree) each.

    Parameters
    ----------
    below, above : numpy.ndarray
        Distances to the ends of the interval; NaN without an end in the range.
    """

    below: Float
    above: Float


def hesse_covariance(spectra: Spectra, values: Float, point: Point) -> Float:
    """Covariance of the norm and the parameters; NaN where the data do not determine them.

    Parameters at an end of their range count as fixed, and have NaN.
    """
    second = spectra.curvature(values, point)[1] / 2
    ends = (values <= spectra.lower) | (values >= spectra.upper)
    held = np.concatenate([point.held[:, None], ends], axis=1)
    size = np.sqrt(np.maximum(np.diagonal(second, axis1=1, axis2=2), 0))
    known = (size > 0) & ~held
    scale = np.where(known, size, 1)
    pairs = known[:, :, None] & known[:, None]
    eye = np.eye(size.shape[1], dtype=bool)
    scaled = np.where(pairs, second / scale[:, :, None] / scale[:, None], eye)
    lowest = np.linalg.eigvalsh(scaled)[:, 0]
    fine = (lowest > 1 - _CORRELATED) & (known | held).all(axis=1)
    scaled[~fine] = eye
    covariance = np.linalg.inv(scaled) / scale[:, :, None] / scale[:, None]
    return np.where(pairs & fine[:, None, None], covariance, np.nan)


def profiled_errors(
    spectra: Spectra, values: Float, point: Point, covariance: Float, n_sigma: float
) -> Errors:
    """Distances from the best fits to where the statistic has risen by ``n_sigma**2``."""
    best = np.concatenate([point.norm[:, None], values], axis=1)
    size, number = best.shape
    found = np.full((2 * size, number), np.nan)
    # both sides at once
    which, sign = np.tile(np.arange(size), 2), np.repeat([-1.0, 1.0], size)
    both = spectra.take(which)
    at = Best(
        best[which], point.shift[which], point.value[which], point.guess()[which],
        covariance[which], n_sigma,
    )  # fmt: skip
    for i in range(number):
        steps, done = _from_ellipse(both, at, i, sign)
        found[done, i] = steps[done]
        rest = np.flatnonzero(~done)
        if rest.size:
            search = Outwards.of(both.take(rest), at.take(rest), i, sign[rest])
            found[rest, i] = search.search()
    return Errors(found[:size], found[size:])


def _from_ellipse(spectra: Spectra, best: Best, i: int, sign: Float) -> tuple[Float, Bool]:
    """Ends of intervals from the ellipse of the covariance; and which of them are right."""
    covariance, n_sigma = best.covariance, best.n_sigma
    sigma = np.sqrt(np.diagonal(covariance, axis1=1, axis2=2))
    start = best.values + (sign * n_sigma)[:, None] * covariance[:, i] / sigma[:, i, None]
    usable = np.isfinite(start).all(axis=1)
    usable &= ((start[:, 1:] > spectra.lower) & (start[:, 1:] < spectra.upper)).all(axis=1)
    step, done = np.full(len(start), np.nan), np.zeros(len(start), bool)
    index = np.flatnonzero(usable)
    part, some = spectra.take(index), best.take(index)
    step[index], done[index] = find_ends(part, some, i, sign[index], start[index], sigma[index])
    return step, done
