r"""Whether a parameter is the same in all bins: a chi2, and its distribution by toys.

With the best fits :math:`\theta_i` and their symmetric errors :math:`\sigma_i`,

.. math:: \chi^2 = \sum_i (\theta_i - \bar\theta)^2 / \sigma_i^2, \qquad
    \bar\theta = \sum_i w_i \theta_i / \sum_i w_i, \quad w_i = \sigma_i^{-2}

over the bins that have both, and a positive amplitude: the spectrum of a deficit tells nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.stats import chi2

from ...likelihood import Cash, Joint, NuisanceCash, Statistic, WStat
from ...likelihood.background_norm import fit_background
from ...likelihood.wstat import on_off_rates
from ...schema.arguments.generators import random_generator
from .descent import descend
from .errors import hesse_covariance
from .fits import Blocks, Fits
from .minimum import find_minimum
from .settings import SpectrumSettings
from .statistic import Point, Spectra

__all__ = ["Same", "compare_bins"]

Float = NDArray[np.float64]
Bool = NDArray[np.bool_]


_PROBLEMS = 20_000  # toys that are fitted at once; a technical size


@dataclass(frozen=True, eq=False)
class Same:
    """Means over the bins and their chi2, (nother, ngroup) each, for extra dims and energies."""

    mean: Float
    mean_err: Float
    chi2: Float
    dof: Float
    p_value: Float


def compare_bins(blocks: Blocks, fits: Fits, settings: SpectrumSettings) -> list[Same]:
    """Compare each free parameter over the bins."""
    generator = random_generator(settings.rng)
    return [_compare(blocks, fits, settings, i, generator) for i in range(fits.values.shape[1] - 1)]


def _compare(
    blocks: Blocks, fits: Fits, settings: SpectrumSettings, i: int, rng: np.random.Generator
) -> Same:
    *lead, nbin, ngroup = blocks.problems.shape
    shape = (int(np.prod(lead)), nbin, ngroup)
    shines = fits.values[:, 0] > 0
    values = np.where(shines, fits.values[:, 1 + i], np.nan).reshape(shape)
    errors = np.sqrt(fits.covariance[:, 1 + i, 1 + i]).reshape(shape)
    mean, error, found, dof = _chi2(values, errors)
    p_value = np.where(dof > 0, chi2.sf(found, np.maximum(dof, 1)), np.nan)
    if settings.n_toys:
        known = np.isfinite(values) & np.isfinite(errors)
        toys = _toys(blocks, i, mean, known, settings.n_toys, rng)
        _, _, drawn, drawn_dof = _chi2(*toys)
        # a toy without two bins does not contradict the same value
        larger = np.where(drawn_dof > 0, drawn, 0) >= found
        p_value = (1 + larger.sum(axis=0)) / (1 + settings.n_toys)
        p_value = np.where(dof > 0, p_value, np.nan)
    return Same(mean, error, np.where(dof > 0, found, np.nan), dof, p_value)


def _chi2(values: Float, errors: Float) -> tuple[Float, Float, Float, Float]:
    """Mean, its error, chi2 and degrees of freedom over the bins, the last axis but one."""
    known = np.isfinite(values) & np.isfinite(errors) & (errors > 0)
    weight = np.where(known, 1 / np.where(known, errors, 1) ** 2, 0)
    at = np.where(known, values, 0)
    total = weight.sum(axis=-2)
    with np.errstate(divide="ignore", invalid="ignore"):
        mean, error = (weight * at).sum(axis=-2) / total, 1 / np.sqrt(total)
    away = np.where(known, at - mean[..., None, :], 0)
    dof = np.maximum(known.sum(axis=-2) - 1, 0)
    return mean, np.where(total > 0, error, np.nan), (weight * away**2).sum(axis=-2), dof


def _toys(
    blocks: Blocks, i: int, mean: Float, known: Bool, n_toys: int, rng: np.random.Generator
) -> tuple[Float, Float]:
    """Values and errors of toys with the mean in all bins, (n_toys, nother, nbin, ngroup)."""
    one = blocks.spectrum.free[i]
    values, errors = np.full((2, n_toys, *known.shape), np.nan)
    for bins in blocks.slices():
        spectra, used = blocks.spectra(bins), known[:, bins]
        at = np.broadcast_to(mean[:, None], used.shape).ravel()
        index = np.flatnonzero(used.ravel() & np.isfinite(at))
        if not index.size:
            continue
        part = spectra.take(index)
        fitted = np.log(at[index]) if one.log else at[index]
        start = find_minimum(part).values
        start[:, i] = np.clip(fitted, part.lower[i], part.upper[i])
        same, _, _ = descend(part, start, fixed=np.arange(start.shape[1]) == i)
        step = max(_PROBLEMS // index.size, 1)
        for first in range(0, n_toys, step):
            number = min(step, n_toys - first)
            many = part.take(np.tile(np.arange(index.size), number))
            point = many.at(np.tile(same, (number, 1)))
            found = _fitted(_drawn(many, point, rng), i, blocks)
            for array, column in zip((values, errors), found, strict=True):
                filled = np.full((number, used.size), np.nan)
                filled[:, index] = column.reshape(number, -1)
                array[first : first + number, :, bins] = filled.reshape(number, *used.shape)
    return values, errors


def _fitted(drawn: Spectra, i: int, blocks: Blocks) -> tuple[Float, Float]:
    """Best values of a parameter, and their symmetric errors."""
    one, best = blocks.spectrum.free[i], find_minimum(drawn)
    point, fitted = drawn.at(best.values), best.values[:, i]
    variance = hesse_covariance(drawn, best.values, point)[:, 1 + i, 1 + i]
    value = np.where(best.flat | (point.norm <= 0), np.nan, one.value(fitted))
    return value, np.sqrt(variance) * one.slope(fitted)


def _drawn(spectra: Spectra, point: Point, rng: np.random.Generator) -> Spectra:
    """Replace the counts by toys of the spectra at a point."""
    parts = point.stat.parts if isinstance(point.stat, Joint) else (point.stat,)
    return replace(spectra, data=tuple(_counts(part, point.norm, rng) for part in parts))


def _counts(stat: Statistic, norm: Float, rng: np.random.Generator) -> tuple[Float, ...]:
    """Counts and background of a toy, or counts, off counts and acceptance ratio."""
    if isinstance(stat, WStat):
        rates = on_off_rates(stat.n, norm[:, None] * stat.s, stat.m, stat.alpha)
        on, off = (rng.poisson(np.maximum(rate, 0)).astype(np.float64) for rate in rates)
        return on, off, stat.alpha
    if isinstance(stat, NuisanceCash):
        cash = stat.cash
        best = fit_background(cash, norm, stat.width**-2).norm
        if np.isfinite(stat.width):  # its uncertainty is that of the background of each toy
            best = np.maximum(rng.normal(1, stat.width, norm.size), 0)
        npred = norm[:, None] * cash.s + best[:, None] * cash.b
    else:
        assert isinstance(stat, Cash)
        cash = stat
        npred = norm[:, None] * cash.s + cash.b
    return rng.poisson(np.maximum(npred, 0)).astype(np.float64), cash.b
