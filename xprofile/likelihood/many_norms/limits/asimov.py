"""Counts expected without the signal of one norm, with all other norms fitted (Asimov data)."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ...statistic import Float
from ..covariance import hesse_covariance
from ..fits import Fit
from ..problems import Problems
from ..refitting.parts import Parts
from ..refitting.refits import Refit
from ..rows import predicted, row_signal

__all__ = ["asimov_parts"]

# Expected counts that count as none. They are rounding errors of fits, and would become walls. They
# change the statistic by their size times 40 at most; with ten times more or less, limits stay the
# same to 1e-7.
_NO_COUNTS = 1e-9

# Difference of the slope of an empty row from that beside its kink, above which the row is on the
# kink. Fits give slopes to 1e-9 or better; ten times more or less changes no limit by 1e-6.
_HELD = 1e-6


def asimov_parts(parts: Parts, null: Refit) -> tuple[Parts, Fit]:
    """Replace the data of parts by those expected where the norm of interest is 0.

    Parameters
    ----------
    parts : Parts
        Problems with a norm of interest each.
    null : Refit
        Their fits with this norm at 0. Off counts and penalties have their expected values too, so
        that these norms are the best fits of the parts returned.

    Returns
    -------
    Parts, Fit
        The parts, in which the norm of interest has no lower limit, and their best fits.
    """
    row, column = parts.row, parts.column
    x = np.where(null.done[:, None], null.x, parts.x)
    source = parts.problems
    on, off = _expected(source, x, null.row_slope)
    lower = source.lower.copy()
    lower[row, column] = -np.inf
    problems = replace(source, n=on, off=off, centre=x, lower=lower)
    flat = np.zeros(on.shape)
    nothing = np.zeros(on.shape, bool)
    at = Fit(x, flat, np.zeros(x.shape), np.zeros(len(x)), nothing, x <= lower)
    along = hesse_covariance(problems, at)[row, :, column]
    return Parts(problems, x, flat, column, np.nan_to_num(along, posinf=0)), at


def _expected(problems: Problems, x: Float, row_slope: Float) -> tuple[Float, Float]:
    """On and off counts of each row that norms predict; exactly 0 on the side of a kink that is."""
    on, off = (np.where(v > _NO_COUNTS, v, 0) for v in predicted(problems, row_signal(problems, x)))
    onoff = problems.alpha > 0
    lowest = -1 / np.where(onoff, problems.alpha, np.inf)
    empty = (problems.n == 0) & (~onoff | (problems.off == 0))
    on = np.where(empty & (row_slope < 1 - _HELD), 0, on)
    off = np.where(empty & (row_slope > lowest + _HELD), 0, off)
    return on, np.where(onoff, off, problems.off)
