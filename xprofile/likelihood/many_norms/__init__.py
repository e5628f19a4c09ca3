"""Fits of many norms at once to counts that are linear in them.

`problems` describes the counts. `best_fit`, `hesse_covariance`, `profile_step` and `profile_rise`
find best fits, errors, limits and test statistics. See `Problems` for rows, columns and groups.
`refitting` fits the other norms where one is fixed, and `limits` has limits by CLs.
"""

from .covariance import covariance_with_walls, hesse_covariance
from .fits import Fit, best_fit, fit_with_walls, npred, rows_at_walls, runs_away, with_walls
from .problems import Problems
from .profiles import Profiled, profile_rise, profile_step
from .rows import clipped_norms

__all__ = [
    "Fit",
    "Problems",
    "Profiled",
    "best_fit",
    "clipped_norms",
    "covariance_with_walls",
    "fit_with_walls",
    "hesse_covariance",
    "npred",
    "profile_rise",
    "profile_step",
    "rows_at_walls",
    "runs_away",
    "with_walls",
]
