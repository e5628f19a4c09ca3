r"""Best norms from a guess, together with the norms of uncertain backgrounds.

A spectrum with free parameters is fitted at many points, and the best norms of one are a good guess
of those of the next. Newton's method for all norms at once then needs a few steps, where the fits
of `newton` begin anew, and fit the background at each of their steps. The statistic is convex in
all norms together. So a point without slope is its minimum, if no kink of it is in between: the
predicted counts of empty fine bins are not negative there. `newton` fits all other problems.

Half the statistic is the sum of terms :math:`\mu - n \ln \mu`, which is self-concordant for counts
of 1 or more. Newton steps that are shortened by :math:`1 / (1 + \lambda)`, with the decrement
:math:`\lambda`, therefore never leave its domain, and always lower it (Boyd & Vandenberghe 2004,
section 9.6).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .background_norm import fit_background
from .cash import TRUNCATION, Cash
from .joint import Joint
from .newton import best_fit
from .nuisance import NuisanceCash
from .rays import fit_rays
from .statistic import Bool, Float, Statistic
from .wstat import WStat

__all__ = ["WarmFit", "fit_from", "statistic_parts"]

# Most steps of Newton's method. Guesses of a neighbouring point need 3 to 8; all others are faster
# in `newton`. With a third of them half of the problems go there, and ten times as many gain none.
_STEPS = 15

# Decrement of a last step, after which the norms are right to its square, as in `newton`; and
# decrement from which steps are shortened.
_LAST, _SHORTEN = 1e-7, 0.25

# Smallest share of the curvature along the norm that is left when backgrounds follow it. Rounding
# errors are 1e-16 of it, so that a step is right to 1e-7. At ten times less, fits of spectra that
# differ from the background by 1e-5 would end at rounding errors; `newton` keeps their digits.
_INDEPENDENT = 1e-9

# Share of the way to the next wall that a guess keeps; any number below 1, for speed alone.
_OFF_WALL = 0.9


@dataclass(frozen=True, eq=False)
class WarmFit:
    """Best norms of problems.

    Parameters
    ----------
    norm : numpy.ndarray
        Norm of the signal, (nproblem,); 0 without signal.
    held : numpy.ndarray of bool
        Whether it is on a kink.
    background : numpy.ndarray
        Norms of uncertain backgrounds, (nproblem, nnuisance).
    npred : tuple of numpy.ndarray
        Predicted counts of each uncertain background, (nproblem, nbin); they may be negative.
    sliding : numpy.ndarray of bool
        Whether the norm of a background is on a kink, (nproblem, nnuisance).
    value : numpy.ndarray
        The statistic, (nproblem,).
    """

    norm: Float
    held: Bool
    background: Float
    npred: tuple[Float, ...]
    sliding: Bool
    value: Float


def statistic_parts(stat: Statistic) -> tuple[Statistic, ...]:
    """Statistics of the single data sets."""
    return stat.parts if isinstance(stat, Joint) else (stat,)


def fit_from(
    stat: Statistic,
    guess: Float | None,
    *,
    norm: Float | None = None,
    bounds: tuple[Float | float, Float | float] = (-np.inf, np.inf),
) -> WarmFit:
    """Fit all norms, or those of the backgrounds at a given norm of the signal.

    Parameters
    ----------
    stat : Statistic
        The problems.
    guess : numpy.ndarray or None
        Norm of the signal, and those of uncertain backgrounds, (nproblem, 1 + nnuisance).
    norm : numpy.ndarray, optional
        A given norm of the signal, (nproblem,).
    bounds : tuple of float or numpy.ndarray
        Bounds of the norm of the signal. A norm at one of them counts as held.
    """
    if isinstance(stat, NuisanceCash) and norm is None:
        return _one_background(stat, guess, bounds)
    parts = statistic_parts(stat)
    nuisances = [part for part in parts if isinstance(part, NuisanceCash)]
    if norm is not None:
        held = np.zeros(norm.size, bool)
        found = np.ones((norm.size, 1 + len(nuisances)))
        found[:, 0], done = norm, np.full(norm.size, not nuisances)
        if nuisances and guess is not None:
            found[:, 1:] = guess[:, 1:]
            found, done = _newton(parts, found, moves=False)
    else:
        found, done, held = _free_norm(stat, guess, len(nuisances))
        outside = (found[:, 0] < bounds[0]) | (found[:, 0] > bounds[1])
        if outside.any():
            found[:, 0] = np.clip(found[:, 0], *bounds)
            held |= outside
            done &= ~outside | (not nuisances)
    return _completed(parts, found, done, held)


def _one_background(
    stat: NuisanceCash, guess: Float | None, bounds: tuple[Float | float, Float | float]
) -> WarmFit:
    """Fit the norms of one data set with an uncertain background."""
    rays = fit_rays(stat.cash, stat.width**-2, guess)
    found = np.stack([rays.norm, rays.background], axis=1)
    npred, held, done = rays.npred.copy(), rays.held.copy(), rays.done.copy()
    rest = np.flatnonzero(~done)
    if rest.size:
        norm, held[rest] = best_fit(stat.take(rest))
        found[rest, 0] = np.where(np.isfinite(norm), norm, 0)
    sliding = held & done
    outside = (found[:, 0] < bounds[0]) | (found[:, 0] > bounds[1])
    if outside.any():
        found[:, 0], held[outside] = np.clip(found[:, 0], *bounds), True
        done &= ~outside
    return _completed((stat,), found, done, held, (npred, sliding))


def _free_norm(stat: Statistic, guess: Float | None, nuisance: int) -> tuple[Float, Bool, Bool]:
    """All norms, whether those of the backgrounds are known, and whether the signal is held."""
    number = stat.slope_limit().size
    held, done = np.zeros(number, bool), np.zeros(number, bool)
    found = np.zeros((number, 1 + nuisance))
    if guess is not None:
        found, done = _newton(statistic_parts(stat), guess, moves=True)
    rest = np.flatnonzero(~done)
    if rest.size:
        part = stat if rest.size == number else stat.take(rest)
        norm, at_kink = best_fit(part)
        found[rest, 0], held[rest] = np.where(np.isfinite(norm), norm, 0), at_kink
    return found, done | (not nuisance), held


def _completed(
    parts: tuple[Statistic, ...], found: Float, done: Bool, held: Bool,
    known: tuple[Float, Bool] | None = None,
) -> WarmFit:  # fmt: skip
    """Fit the backgrounds that are not known yet, and evaluate the statistic.

    `known` are the predicted counts of one background, and whether its norm is on a kink.
    """
    norm, background = found[:, 0], found[:, 1:]
    sliding, npred = np.zeros(background.shape, bool), []
    if known is not None:
        sliding[:, 0] = known[1]
    value, rest, number = np.zeros(norm.size), np.flatnonzero(~done), 0
    for part in parts:
        if not isinstance(part, NuisanceCash):
            value += part.value(norm)
            continue
        cash, precision = part.cash, part.width**-2
        if rest.size:
            best = fit_background(cash.take(rest), norm[rest], precision)
            background[rest, number], sliding[rest, number] = best.norm, best.sliding
        if known is None:
            mu = norm[:, None] * cash.s + background[:, number, None] * cash.b
        else:
            mu = known[0]
        if rest.size:
            mu[rest] = best.npred
        npred.append(mu)
        log = np.log(np.maximum(mu, TRUNCATION))
        value += 2 * (np.maximum(mu, 0) - cash.n * log).sum(axis=1)
        value += (background[:, number] - 1) ** 2 * precision
        number += 1
    return WarmFit(norm, held, background, tuple(npred), sliding, value)


def _newton(parts: tuple[Statistic, ...], guess: Float, *, moves: bool) -> tuple[Float, Bool]:
    """Newton's method for all norms, and which of them are minima; `moves` if the signal does."""
    x = _off_walls(parts, guess) if moves else guess.copy()
    done, todo = np.zeros(len(x), bool), np.arange(len(x))
    here = parts
    with np.errstate(all="ignore"):  # steps out of the domain are thrown away
        for _ in range(_STEPS):
            if not todo.size:
                break
            at = x[todo]
            step, decrement = _step(here, at, moves=moves)
            length = np.where(decrement > _SHORTEN, 1 / (1 + decrement), 1)
            x[todo] = at + length[:, None] * step
            small = decrement <= _LAST
            if small.any():
                last = todo[small]
                done[last] = True
            going = ~small & np.isfinite(decrement)
            if not going.all():
                todo = todo[going]
                here = tuple(part.take(going) for part in here)
        done[done] = _is_smooth(tuple(part.take(done) for part in parts), x[done])
    return x, done


def _off_walls(parts: tuple[Statistic, ...], guess: Float) -> Float:
    """Move guesses to where counts with background have positive predictions."""
    x, least, number = guess.copy(), np.full(len(guess), -np.inf), 0
    for part in parts:
        if isinstance(part, WStat):
            continue
        cash = part.cash if isinstance(part, NuisanceCash) else part
        assert isinstance(cash, Cash)
        wall = -cash.wall.min(axis=1, initial=np.inf)
        if isinstance(part, NuisanceCash):
            number += 1
            known = np.isfinite(wall)
            wall = np.where(known, np.where(known, wall, 0) * x[:, number], -np.inf)
        least = np.maximum(least, wall)
    x[:, 0] = np.where(x[:, 0] > _OFF_WALL * least, x[:, 0], _OFF_WALL * least)
    return x


def _step(parts: tuple[Statistic, ...], x: Float, *, moves: bool) -> tuple[Float, Float]:
    """Step of Newton's method for all norms, and its decrement; NaN where there is none.

    Backgrounds only touch the signal, so that they are eliminated one by one.
    """
    slope, curved, number = np.zeros(len(x)), np.zeros(len(x)), 0
    slopes, curves, mixed = np.zeros((3, len(x), x.shape[1] - 1))
    for part in parts:
        if isinstance(part, NuisanceCash):
            n, s, b = part.cash.n, part.cash.s, part.cash.b
            norm, precision = x[:, 1 + number], part.width**-2
            rate = n / (x[:, 0, None] * s + norm[:, None] * b)
            rate[n == 0] = 0
            second = np.divide(rate**2, n, out=rate.copy(), where=n > 0)
            slope += (s * (1 - rate)).sum(axis=1)
            slopes[:, number] = (b * (1 - rate)).sum(axis=1) + (norm - 1) * precision
            weighted = second * s
            curved += (weighted * s).sum(axis=1)
            mixed[:, number] = (weighted * b).sum(axis=1)
            curves[:, number] = (second * b**2).sum(axis=1) + precision
            number += 1
        else:
            one = part.slope(x[:, 0])
            slope, curved = slope + one[0], curved + one[1]
    step = np.zeros_like(x)
    if moves:
        taken = np.where(curves > 0, mixed / curves, 0)
        left = curved - (taken * mixed).sum(axis=1)
        left[left <= _INDEPENDENT * curved] = np.nan
        step[:, 0] = -(slope - (taken * slopes).sum(axis=1)) / left
    step[:, 1:] = -(slopes + mixed * step[:, :1]) / curves
    fall = -slope * step[:, 0] - (slopes * step[:, 1:]).sum(axis=1)
    return step, np.sqrt(np.maximum(fall, 0)) + 0 * fall


def _is_smooth(parts: tuple[Statistic, ...], x: Float) -> Bool:
    """Whether norms are in the domain, and not beyond kinks."""
    fine, number = np.isfinite(x).all(axis=1), 0
    for part in parts:
        if isinstance(part, WStat):
            empty = ((part.n == 0) & (part.m == 0) & (part.s > 0)).any(axis=1)
            fine &= (x[:, 0] > 0) | ~empty
            continue
        if isinstance(part, NuisanceCash):
            number += 1
            cash, norm = part.cash, x[:, number]
            fine &= norm > 0
        else:
            assert isinstance(part, Cash)
            cash, norm = part, np.ones(len(x))
        mu = x[:, :1] * cash.s + norm[:, None] * cash.b
        fine &= np.all((mu > 0) | ((cash.n == 0) & (cash.s == 0) & (cash.b == 0)), axis=1)
    return np.asarray(fine)
