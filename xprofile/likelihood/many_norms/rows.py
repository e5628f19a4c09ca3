"""Predicted counts of rows, and changes of their statistic."""

from __future__ import annotations

import numpy as np

from ..cash import TRUNCATION, cash_change
from ..statistic import Bool, Float
from ..wstat import on_off_change, on_off_rates, on_off_slope, on_off_value
from .problems import Problems

__all__ = ["change", "clipped_norms", "predicted", "row_signal", "row_slope", "row_slopes", "value"]

# Slope beyond a wall, which stands for -inf where it is multiplied by 0. It must be far steeper
# than real slopes, and products with counts finite: -1e100 and -1e250 give the same.
_STEEPEST = -1e200

# Counts below 0, of all rows of a norm, that count as clipped. They lower the statistic by twice as
# much, which moves a norm by about 0.1 errors. Ten times as many can move it by 0.4 errors; at a
# tenth, a few more norms that hardly move have the flag.
_CLIPPED = 1e-2


def row_signal(problems: Problems, x: Float) -> Float:
    """Signal of norms plus known background, (nproblem, nrow); NaN norms count as 0."""
    return row_change(problems, np.nan_to_num(x)) + problems.background


def row_change(problems: Problems, dx: Float) -> Float:
    """Change of the signal of each row when norms change, (nproblem, nrow)."""
    a = problems.response
    grouped = dx.reshape(len(a), -1, dx.shape[1])
    return np.asarray(grouped @ np.swapaxes(a, 1, 2)).reshape(len(dx), a.shape[1])


def clipped_norms(problems: Problems, x: Float) -> Bool:
    """Whether a negative norm takes part in counts below 0, which count as 0, (nproblem, ncolumn).

    Only empty rows with a known background can have them. Nothing keeps norms from falling below
    0 counts there, where other rows want them to. Rows of a single norm do not count: fits of one
    norm have the same convention.
    """
    a = problems.response
    shared = (a[:, :, problems.is_norm] > 0).sum(axis=2) > 1
    empty = (problems.n == 0) & ~(problems.alpha > 0)
    below = np.where(empty, np.maximum(-row_signal(problems, x), 0), 0)
    share = ((a > 0) & shared[:, :, None]).astype(np.float64)
    grouped = below.reshape(len(a), -1, a.shape[1]) @ share
    return np.asarray((grouped.reshape(x.shape) > _CLIPPED) & (x < 0))


def predicted(problems: Problems, signal: Float) -> tuple[Float, Float]:
    """Predicted on and off counts of each row.

    The off counts of an empty row with a known background are the part of its signal below 0.
    """
    on = np.maximum(signal, 0)
    off = np.where(problems.n > 0, 0, np.maximum(-signal, 0))
    onoff = problems.alpha > 0
    if not onoff.any():
        return on, off
    rates = on_off_rates(*_on_off(problems, signal, onoff))
    return np.where(onoff, rates[0], on), np.where(onoff, rates[1], off)


def _on_off(problems: Problems, signal: Float, onoff: Bool) -> tuple[Float, Float, Float, Float]:
    """Counts, signal, off counts and acceptances of on-off rows; empty for other rows."""
    n, s, m = (np.where(onoff, v, 0) for v in (problems.n, signal, problems.off))
    return n, s, m, np.where(onoff, problems.alpha, 1)


def row_slope(problems: Problems, x: Float) -> Float:
    """Slope of C / 2 along the signal of each row, from the right on kinks, (nproblem, nrow)."""
    return row_slopes(problems, row_signal(problems, x))[0]


def row_slopes(problems: Problems, signal: Float) -> tuple[Float, Float]:
    """Slope of C / 2 along the signal of each row, from the right on kinks, and its curvature."""
    onoff, n = problems.alpha > 0, problems.n
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = n / np.maximum(signal, 0)
        slope = np.where(n > 0, 1 - ratio, np.where(signal >= 0, 1.0, 0.0))
        curvature = np.where((n > 0) & (signal > 0), ratio / signal, 0)
    slope = np.maximum(slope, _STEEPEST)
    if not onoff.any():
        return slope, curvature
    counts, s, off, alpha = _on_off(problems, signal, onoff)
    measured, curved = on_off_slope(counts, off, alpha, on_off_rates(counts, s, off, alpha))
    empty = (counts == 0) & (off == 0)
    measured = np.where(empty, np.where(s >= 0, 1, -1 / alpha), measured)
    slope = np.where(onoff, np.maximum(measured, _STEEPEST), slope)
    return slope, np.where(onoff, np.where(empty, 0, curved), curvature)


def value(problems: Problems, x: Float) -> Float:
    """C(x) of each problem, with the penalty."""
    signal, onoff = row_signal(problems, x), problems.alpha > 0
    mu = np.where(onoff, 0, np.maximum(signal, 0))
    n = np.where(onoff, 0, problems.n)
    total = 2 * (mu - n * np.log(np.maximum(mu, TRUNCATION))).sum(axis=1)
    if onoff.any():
        counts, s, off, alpha = _on_off(problems, signal, onoff)
        total += on_off_value(counts, off, on_off_rates(counts, s, off, alpha))
    away = np.nan_to_num(x) - problems.centre
    return np.asarray(total + (penalised(problems, away) * away).sum(axis=1))


def penalised(problems: Problems, x: Float) -> Float:
    """Penalty matrix times norms."""
    p = problems.penalty
    return np.asarray(x.reshape(len(p), -1, x.shape[1]) @ p).reshape(x.shape)


def change(problems: Problems, x: Float, to: Float) -> Float:
    """C(to) - C(x), exact even if it is much smaller than C."""
    x, to = np.nan_to_num(x), np.nan_to_num(to)
    before, after, moved = row_signal(problems, x), row_signal(problems, to), to - x
    by, onoff = row_change(problems, moved), problems.alpha > 0
    n, low, high, step = (np.where(onoff, 0, v) for v in (problems.n, before, after, by))
    total = cash_change(n, low, high, step)
    if onoff.any():
        counts, s, off, alpha = _on_off(problems, before, onoff)
        rates = on_off_rates(counts, s, off, alpha)
        new = on_off_rates(*_on_off(problems, after, onoff))
        total += on_off_change(counts, off, alpha, rates, new, np.where(onoff, by, 0))
    away = penalised(problems, x + to - 2 * problems.centre)
    return np.asarray(total + (away * moved).sum(axis=1))
