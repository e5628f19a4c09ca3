"""Fits of the spectra of all problems, block by block."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from ...likelihood import Joint
from ...schema.names import CORRELATION, COVARIANCE
from ..energy_groups import EnergyGroups
from ..problems import Problems
from ..unfolding.matrices import correlation
from .errors import hesse_covariance, profiled_errors
from .minimum import find_minimum
from .parameters import Spectrum
from .settings import SpectrumSettings
from .statistic import Spectra
from .tables import Tabulated

__all__ = ["Blocks", "Fits", "fit_all"]

Float = NDArray[np.float64]
Bool = NDArray[np.bool_]

# Numbers that the tables of a block hold, and problems fitted at once: technical sizes, so that a
# block takes 0.5 GB at most.
_TABLE, _PROBLEMS = 42_000_000, 20_000


@dataclass(frozen=True, eq=False)
class Fits:
    """Results of problems, (nproblem, ...) each, before they are named.

    Parameters
    ----------
    values, err, below, above : numpy.ndarray
        Best amplitude and parameters, symmetric errors, and profiled errors, (nproblem, 1 + nfree).
    covariance, correlation : numpy.ndarray
        (nproblem, 1 + nfree, 1 + nfree), for 1 sigma.
    ts, stat, npred, npred_background : numpy.ndarray
        (nproblem,).
    has_signal, at_end, unbounded, not_converged, not_determined : numpy.ndarray of bool
        Flags, (nproblem,).
    """

    values: Float
    err: Float
    below: Float
    above: Float
    covariance: Float
    correlation: Float
    ts: Float
    stat: Float
    npred: Float
    npred_background: Float
    has_signal: Bool
    at_end: Bool
    unbounded: Bool
    not_converged: Bool
    not_determined: Bool

    def named(self) -> dict[str, Float]:
        """Arrays with the names of the result."""
        names = ("ts", "stat", "npred", "npred_background", COVARIANCE, CORRELATION)
        return {name: getattr(self, name) for name in names}


@dataclass(frozen=True, eq=False)
class Blocks:
    """Problems, and the tables of their signals, from which blocks are made."""

    problems: Problems
    spectrum: Spectrum
    tabulated: Sequence[Tabulated]
    groups: Sequence[EnergyGroups]

    def slices(self) -> list[slice]:
        """Ranges of bins."""
        *lead, nbin, ngroup = self.problems.shape
        nfine = sum(array[0].shape[-1] for array in self.problems.fine_bins)
        each = ngroup * nfine * len(self.tabulated[0].flux) * 3
        step = min(_TABLE // max(each, 1), _PROBLEMS // max(int(np.prod(lead)) * ngroup, 1))
        step = max(step, 1)
        return [slice(i, min(i + step, nbin)) for i in range(0, nbin, step)]

    def spectra(self, bins: slice) -> Spectra:
        """Counts and tables of the problems of some bins."""
        shape = self.problems.shape
        data = []
        for n, _, *rest in self.problems.fine_bins:
            full = (np.broadcast_to(v, (*shape, v.shape[-1]))[..., bins, :, :] for v in (n, *rest))
            data.append(tuple(v.reshape(-1, v.shape[-1]).astype(np.float64) for v in full))
        pairs = zip(self.tabulated, self.groups, strict=True)
        tables = tuple(one.table(bins, group) for one, group in pairs)
        nrow = (bins.stop - bins.start) * shape[-1]
        row = np.tile(np.arange(nrow), len(data[0][0]) // max(nrow, 1))
        return Spectra(tuple(data), tables, row, self.problems.width, self.spectrum.norm_bounds())


def fit_all(
    blocks: Blocks,
    settings: SpectrumSettings,
    iterate: Callable[[Sequence[int]], Iterable[int]] = iter,
) -> Fits:
    """Fit all problems, in their order; `iterate` goes over the first bins of the blocks."""
    shape, slices = blocks.problems.shape, blocks.slices()
    ranges = {bins.start: bins for bins in slices}
    found = [
        _fit(blocks.spectra(ranges[start]), blocks.spectrum, settings)
        for start in iterate([*ranges])
    ]
    arrays = {}
    for field in fields(Fits):
        parts = [getattr(one, field.name) for one in found]
        rest = parts[0].shape[1:]
        sizes = [(*shape[:-2], bins.stop - bins.start, shape[-1], *rest) for bins in slices]
        shaped = [part.reshape(size) for part, size in zip(parts, sizes, strict=True)]
        whole = np.concatenate(shaped, axis=len(shape) - 2)
        arrays[field.name] = whole.reshape(-1, *rest)
    return Fits(**arrays)


def _fit(spectra: Spectra, spectrum: Spectrum, settings: SpectrumSettings) -> Fits:
    """Fit the problems of a block."""
    minimum, n = find_minimum(spectra), spectra.size
    values, point = minimum.values, spectra.at(minimum.values, order=2)
    covariance = hesse_covariance(spectra, values, point)
    has_signal = spectra.has_signal()
    known = has_signal & ~minimum.flat
    below, above = _profiled(spectra, values, covariance, np.flatnonzero(known), settings)
    ends = (values <= spectra.lower) | (values >= spectra.upper)
    held = np.concatenate([point.held[:, None], ends], axis=1)
    scale = spectrum.amplitude_value * np.exp(-point.shift)
    best = np.concatenate([point.norm[:, None], values], axis=1)
    real = _in_units(spectrum, scale, best)
    slopes = np.stack(
        [scale, *(p.slope(values[:, i]) for i, p in enumerate(spectrum.free))], axis=1
    )
    covariance = covariance * slopes[:, :, None] * slopes[:, None]
    lost = ~known
    for array in (real, covariance, below, above):
        array[lost] = np.nan
    variance = np.diagonal(covariance, axis1=1, axis2=2)
    parts = point.stat.parts if isinstance(point.stat, Joint) else (point.stat,)
    no_end = np.isnan(below) | np.isnan(above)
    return Fits(
        values=real,
        err=settings.n_sigma * np.sqrt(variance),
        below=real - _in_units(spectrum, scale, best - below),
        above=_in_units(spectrum, scale, best + above) - real,
        covariance=covariance,
        correlation=correlation(covariance),
        ts=np.where(lost, np.nan, point.stat.rise(point.norm, np.zeros(n))),
        stat=np.where(has_signal, point.value, np.nan),
        npred=np.where(lost, np.nan, sum(part.npred(point.norm) for part in parts)),
        npred_background=np.asarray(sum(part.npred_background(point.norm) for part in parts)),
        has_signal=has_signal,
        at_end=known & held.any(axis=1),
        unbounded=known & no_end.any(axis=1) & bool(settings.selection_optional),
        not_converged=known & ~minimum.converged,
        not_determined=lost | (np.isnan(variance) & ~held).any(axis=1),
    )


def _profiled(
    spectra: Spectra,
    values: Float,
    covariance: Float,
    index: NDArray[np.intp],
    settings: SpectrumSettings,
) -> tuple[Float, Float]:
    """Profiled errors of some problems, if they are wanted; NaN for others."""
    below, above = np.full((2, *covariance.shape[:2]), np.nan)
    if "errn-errp" in settings.selection_optional and index.size:
        part = spectra.take(index)
        at = part.at(values[index])
        errors = profiled_errors(part, values[index], at, covariance[index], settings.n_sigma)
        below[index], above[index] = errors.below, errors.above
    return below, above


def _in_units(spectrum: Spectrum, scale: Float, fitted: Float) -> Float:
    """Amplitude and parameters in their units, of the norm and fitted numbers (n, 1 + nfree)."""
    others = (p.value(fitted[:, 1 + i]) for i, p in enumerate(spectrum.free))
    return np.stack([scale * fitted[:, 0], *others], axis=1)
