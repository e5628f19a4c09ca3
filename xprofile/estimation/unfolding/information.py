"""How well norms that are fitted together are known, beside those of a plain profile."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .systems import Systems

__all__ = [
    "PlainRows",
    "condition_number",
    "error_ratios",
    "expected_information",
    "of_wanted",
    "plain_rows",
]

Float = NDArray[np.float64]
Int = NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class PlainRows:
    """Signal and expected counts that a plain profile fits in each bin.

    Parameters
    ----------
    signal : numpy.ndarray
        All photons of a bin that are seen in any bin, at norm 1, (nbin, nrow).
    expected : numpy.ndarray
        Expected counts of the bin, and the variance of a measured background, (nbin, nrow).
    """

    signal: Float
    expected: Float

    def merged(self, first: Int) -> PlainRows:
        """Sum the bins from each of the `first` ones to the next."""
        return PlainRows(np.add.reduceat(self.signal, first), np.add.reduceat(self.expected, first))

    def take(self, numbers: Int) -> PlainRows:
        """Return some of the bins."""
        return PlainRows(self.signal[numbers], self.expected[numbers])

    @property
    def variance(self) -> Float:
        """Variance of the norm of each bin in a plain profile, (nbin,); inf without signal."""
        used = self.expected > 0
        squares = np.divide(self.signal**2, self.expected, out=0 * self.signal, where=used)
        with np.errstate(divide="ignore"):
            return np.asarray(1 / squares.sum(axis=-1))


def _expected(systems: Systems) -> Float:
    """Expected counts and the variance of a measured background, (ngroup, nrow)."""
    matrix = systems.matrix()
    n, background, variance = (rows.mean(axis=1) for rows in _rows(systems))
    signal = matrix.sum(axis=-1)
    total = signal.sum(axis=-1, keepdims=True)
    excess = np.maximum((n - background).sum(axis=-1, keepdims=True), 1)
    return np.asarray(signal * (excess / np.where(total > 0, total, 1)) + background + variance)


def expected_information(systems: Systems) -> Float:
    """Half the second derivative of the statistic that is expected, (ngroup, nbin, nbin).

    The expected counts are the background, and a signal of the same norm in all bins that is as
    large as the excess of the group. So it does not depend on which bins are bright.
    """
    matrix, expected = systems.matrix(), _expected(systems)
    weight = np.divide(1, expected, out=np.zeros_like(expected), where=expected > 0)
    root = matrix * np.sqrt(weight)[..., None]
    return np.asarray(np.swapaxes(root, -1, -2) @ root)


def _rows(systems: Systems) -> Iterator[Float]:
    """Counts, background, and the variance of a measured background, as rows."""
    blocks = systems.blocks
    measured = [b.background if b.ratio is None else b.ratio * b.background for b in blocks]
    variances = [0 * b.background if b.ratio is None else b.ratio**2 * b.background for b in blocks]
    yield systems.rows([b.counts for b in blocks])
    yield systems.rows(measured)
    yield systems.rows(variances)


def plain_rows(systems: Systems, group: int) -> PlainRows:
    """Return what a plain profile of an energy group fits."""
    nbin, blocks = systems.shape[-2], systems.blocks
    sizes = np.cumsum([nbin * b.counts.shape[-1] for b in blocks])[:-1]
    expected = np.split(_expected(systems)[group], sizes)
    return PlainRows(
        np.concatenate([b.signal[:, :, group].sum(axis=1) for b in blocks], axis=1),
        np.concatenate([rows.reshape(nbin, -1) for rows in expected], axis=1),
    )


def _scaled(information: Float) -> tuple[Float, Float]:
    """Factors that scale norms to a diagonal of 1, and 1 for the norms without information."""
    diagonal = np.einsum("...ii->...i", information)
    known = diagonal > 0
    scale = 1 / np.sqrt(np.where(known, diagonal, 1))
    return scale, (~known).astype(float)


def condition_number(information: Float, penalties: Float | float = 0.0) -> Float:
    """Ratio of how well the best and the worst known combinations of norms are known.

    Parameters
    ----------
    information : numpy.ndarray
        From `expected_information`, (..., nbin, nbin). Norms are scaled to a diagonal of 1, and
        those without information are left out.
    penalties : numpy.ndarray
        What a penalty adds to it. It makes combinations known, and changes no scale.

    Returns
    -------
    numpy.ndarray
        Ratio of the largest eigenvalue of the information to the smallest one of both, (...); inf
        if that is 0.
    """
    scale, unknown = _scaled(information)
    unit = unknown[..., None] * np.eye(unknown.shape[-1])

    def eigenvalues(matrix: Float) -> Float:
        scaled = matrix * scale[..., :, None] * scale[..., None, :]
        return np.asarray(np.linalg.eigvalsh(scaled + unit))

    values = eigenvalues(information)
    largest = values[..., -1]
    smallest = (eigenvalues(information + penalties) if np.any(penalties) else values)[..., 0]
    positive = smallest > np.finfo(float).eps * largest
    return np.where(positive, largest / np.where(positive, smallest, 1), np.inf)


def error_ratios(information: Float, plain: PlainRows) -> Float:
    """Errors of norms that are fitted together, in units of those of a plain profile, (nbin,).

    NaN for norms without information.
    """
    scale, unknown = _scaled(information)
    scaled = information * scale[:, None] * scale + np.diag(unknown)
    variance = np.diagonal(np.linalg.pinv(scaled, hermitian=True)) * scale**2
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.where(unknown, np.nan, np.sqrt(variance / plain.variance)))


def of_wanted(information: Float, wanted: Int) -> Float:
    """Information on some norms with all others fitted, (..., nwanted, nwanted).

    Combinations of the others that the data cannot tell apart do no harm.
    """
    number = information.shape[-1]
    if wanted.size == number:
        return information
    others = np.setdiff1d(np.arange(number), wanted)
    scale, _ = _scaled(information)
    scaled = information * scale[..., :, None] * scale[..., None, :]
    across = scaled[..., wanted[:, None], others]
    inner = np.linalg.pinv(scaled[..., others[:, None], others], hermitian=True)
    left = scaled[..., wanted[:, None], wanted] - across @ inner @ np.swapaxes(across, -1, -2)
    kept = scale[..., wanted]
    return np.asarray(left / kept[..., :, None] / kept[..., None, :])
