"""Quality flags of the results of a profile."""

from __future__ import annotations

import warnings
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ..exceptions import DataWarning
from ..schema.variables import STATUS_FLAGS
from ..schema.warning_place import user_stacklevel
from .solve import Solution

__all__ = [
    "flag_negative_limits",
    "limit_flags",
    "status_flags",
    "warn_of_negative_limits",
]

Float = NDArray[np.float64]
Bool = NDArray[np.bool_]

_ANOTHER_METHOD = (
    "make them with ul_method='bounded', cl_ul=0.95, or with another method such as 'cls'. "
    "plot() draws such bins as points with errors, unless negative_limits=True"
)


def status_flags(
    solution: Solution,
    coverage: Float,
    has_pixels: Bool,
    low_coverage: Bool,
) -> NDArray[np.int16]:
    """CF flags of each bin and energy group; 0 if nothing is wrong.

    Parameters
    ----------
    solution : Solution
        Results, each (..., nbin, ngroup). ``counts`` may have data sets before these.
    coverage : numpy.ndarray
        Used share of the solid angle, (..., nbin, ngroup).
    has_pixels : numpy.ndarray of bool
        Whether a bin has pixels of the map, used or not, (..., nbin).
    low_coverage : numpy.ndarray of bool
        Whether the coverage of a bin is too small for a result, (..., nbin, ngroup).

    Returns
    -------
    numpy.ndarray
        (..., nbin, ngroup).
    """
    on_map, covered = has_pixels[..., None], coverage > 0
    has_signal, zero = solution.has_signal, solution.values["counts"] == 0
    present = {
        "no_pixels": ~on_map,
        "masked": on_map & ~covered,
        "no_exposure": covered & ~has_signal,
        "zero_counts": covered & (zero.all(axis=0) if zero.ndim > has_signal.ndim else zero),
        "best_fit_at_boundary": solution.at_boundary,
        "unbounded_interval": solution.unbounded,
        "low_coverage": low_coverage,
        "not_converged": solution.not_converged,
        "clipped_counts": solution.clipped,
    }
    flags = np.zeros(has_signal.shape, np.int16)
    for name, where in present.items():
        flags |= np.where(where, np.int16(STATUS_FLAGS[name]), np.int16(0))
    return flags


def limit_flags(value: Float, sqrt_ts: Float, limit: Float | None, threshold: float) -> Bool:
    """Whether to quote the upper limit of each result, for arrays of the same shape.

    Without limits it is True for results without a value.
    """
    if limit is None:
        return np.isnan(value)
    return np.asarray((sqrt_ts < threshold) & ~np.isnan(limit))


def flag_negative_limits(
    status: NDArray[np.int16],
    limits: Float,
    *,
    warn: bool = True,
    advice: str = _ANOTHER_METHOD,
) -> NDArray[np.int16]:
    """Return status flags that tell which upper limits are below 0, for arrays of the same shape.

    `advice` says how to get limits that never are.

    Warns
    -----
    DataWarning
        If there are any, unless `warn` is False.
    """
    if warn:
        warn_of_negative_limits([limits], advice)
    cleared = status & ~np.int16(STATUS_FLAGS["negative_limit"])
    flag = np.where(limits < 0, np.int16(STATUS_FLAGS["negative_limit"]), np.int16(0))
    return np.asarray(cleared | flag, dtype=np.int16)


def warn_of_negative_limits(limits: Sequence[Float], advice: str) -> None:
    """Warn if upper limits in some arrays are below 0, and say how to get others.

    Warns
    -----
    DataWarning
        If they are.
    """
    number = sum(np.count_nonzero(array < 0) for array in limits)
    known = sum(np.count_nonzero(~np.isnan(array)) for array in limits)
    if number:
        warnings.warn(
            f"negative upper limits in {number} of {known} results, "
            "where the counts are far below the background (status 'negative_limit'). They are "
            f"valid, but exclude every signal; for limits that never do, {advice}",
            DataWarning,
            stacklevel=user_stacklevel(),
        )
