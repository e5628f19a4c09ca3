"""Ends of intervals by Newton's method, from norms and parameters that are near them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..statistic import Spectra

__all__ = ["Best", "find_ends"]

Float = NDArray[np.float64]
Bool = NDArray[np.bool_]

# Steps of Newton's method; those that end need 4 to 8.
_MOST_NEWTON = 14

# Deviation from the rise that counts as none, as a share of it: errors are right to half of it. A
# tenth costs one more step, and ten times as much shows in the fifth digit.
_ACCURACY = 1e-7


@dataclass(frozen=True, eq=False)
class Best:
    """Best fits: norm and parameters (n, 1 + nfree), shift, statistic, guess and covariance."""

    values: Float
    shift: Float
    lowest: Float
    guess: Float
    covariance: Float
    n_sigma: float

    def take(self, index: NDArray[np.intp]) -> Best:
        """Return some problems."""
        return Best(
            self.values[index], self.shift[index], self.lowest[index], self.guess[index],
            self.covariance[index], self.n_sigma,
        )  # fmt: skip


def find_ends(
    spectra: Spectra,
    best: Best,
    i: int,
    sign: Float,
    start: Float,
    spread: Float,
    bracket: tuple[Float, Float] | None = None,
) -> tuple[Float, Bool]:
    """Ends of intervals from norms and parameters near them, by Newton's method.

    Steps are at most `n_sigma` of the `spread`, (n, 1 + nfree). With a bracket of the distance to
    the end, other parameters may reach the ends of their ranges. Returns distances, and which of
    them are right.
    """
    n_sigma, number = best.n_sigma, start.shape[1]
    step, done = np.full(len(start), np.nan), np.zeros(len(start), bool)
    todo, at = np.arange(len(start)), start
    others = np.flatnonzero(np.arange(number) != i)
    target, guess = best.lowest + n_sigma**2, best.guess.copy()
    low, high = _ranges(spectra, best)
    with np.errstate(all="ignore"):  # steps behind a wall are thrown away
        for _ in range(_MOST_NEWTON):
            if not todo.size:
                break
            part = spectra.take(todo)
            here = part.at(at[:, 1:], at[:, 0], best.shift[todo], guess[todo], order=2)
            guess[todo] = here.guess()
            gradient, second = part.curvature(at[:, 1:], here)
            miss, scale = here.value - target[todo], spread[todo]
            stay = np.zeros(at.shape, bool)
            if bracket is not None:
                stay = ((at <= low[todo]) & (gradient > 0)) | ((at >= high[todo]) & (gradient < 0))
                curved = np.diagonal(second, axis1=1, axis2=2)[:, others]
                scale[:, others] = np.sqrt(2 / np.where(curved > 0, curved, np.inf)) + 1e-300
            move, fine = _move(miss, gradient, second, scale, others, stay[:, others])
            longest = np.abs(move).max(axis=1)
            move *= np.minimum(1, n_sigma / np.maximum(longest, 1e-300))[:, None]
            near = fine & (np.abs(miss) < _ACCURACY * n_sigma**2) & (longest < 1e-3 * n_sigma)
            to = at + move * scale
            if bracket is not None:
                to[:, others] = np.clip(to, low[todo], high[todo])[:, others]
            distance = sign[todo] * (to[:, i] - best.values[todo, i])
            inside = ((to > low[todo]) & (to < high[todo]))[:, [i] if bracket else slice(None)]
            near &= (distance > 0) & inside.all(axis=1)
            step[todo[near]], done[todo[near]] = distance[near], True
            going = fine & ~near & inside.all(axis=1)
            todo, at = todo[going], to[going]
    if bracket is not None:
        done &= (step > bracket[0]) & (step < bracket[1])
    return step, done


def _ranges(spectra: Spectra, best: Best) -> tuple[Float, Float]:
    """Lower and upper ends of the norms and parameters, (n, 1 + nfree)."""
    scale, ends = np.exp(best.shift), []
    for bound, end in zip(spectra.bounds, (spectra.lower, spectra.upper), strict=True):
        norms = scale * bound if np.isfinite(bound) else np.full(scale.size, bound)
        ends.append(np.column_stack([norms, np.tile(end, (scale.size, 1))]))
    return ends[0], ends[1]


def _move(
    miss: Float,
    gradient: Float,
    second: Float,
    spread: Float,
    others: NDArray[np.intp],
    stay: Bool,
) -> tuple[Float, Bool]:
    """Step of Newton's method in errors of the parameters, and where it exists.

    It leads to the rise, and to where the gradient along the others vanishes that do not stay.
    """
    residual = np.concatenate([miss[:, None], np.where(stay, 0, gradient[:, others])], axis=1)
    matrix = np.concatenate([gradient[:, None], second[:, others]], axis=1)
    # the others must be at a minimum, not a maximum
    fine = np.all(stay | (np.diagonal(second, axis1=1, axis2=2)[:, others] > 0), axis=1)
    eye = np.eye(residual.shape[1])
    matrix = matrix * spread[:, None]
    matrix[:, 1:] = np.where(stay[:, :, None], eye[others], matrix[:, 1:])
    fine &= np.isfinite(residual).all(axis=1) & np.isfinite(matrix).all(axis=(1, 2))
    matrix = np.where(fine[:, None, None], matrix, eye)
    fine &= np.abs(np.linalg.det(matrix)) > 0
    matrix[~fine] = eye
    return np.linalg.solve(matrix, -residual[..., None])[..., 0], fine
