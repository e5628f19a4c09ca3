"""Whether the data can tell the norms of the bins apart, and how wide bins must be if not."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from ...exceptions import InvalidDataError
from ...schema.axes import bin_dim, energy_unit
from ...schema.names import DISTANCE_UNIT, REGION, high, low
from ..energy_groups import EnergyGroups
from .systems import Systems

__all__ = ["check_condition", "condition_number", "expected_information"]

Float = NDArray[np.float64]

# Largest condition number of the norms that is allowed. Errors grow by up to its root, so at 1e6
# by up to 1000: no such profile says anything. For a Gaussian PSF of width s, a row of bins of 0.86
# s has it. With ten times more, bins of 0.79 s pass; with a tenth, bins of 0.94 s are refused.
_LARGEST = 1e6

# Condition number that bins of a width that messages recommend have: bins of 1.25 s, whose errors
# are up to 30 times as large as without the PSF. It is advice only.
_GOOD = 1e3


def expected_information(systems: Systems) -> Float:
    """Half the second derivative of the statistic that is expected, (ngroup, nbin, nbin).

    The expected counts are the background, and a signal of the same norm in all bins that is as
    large as the excess of the group. So it does not depend on which bins are bright.
    """
    matrix = systems.matrix()
    n, background, variance = (rows.mean(axis=1) for rows in _rows(systems))
    signal = matrix.sum(axis=-1)
    total = signal.sum(axis=-1, keepdims=True)
    excess = np.maximum((n - background).sum(axis=-1, keepdims=True), 1)
    expected = signal * (excess / np.where(total > 0, total, 1)) + background + variance
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
    diagonal = np.einsum("...ii->...i", information)
    known = diagonal > 0
    scale = 1 / np.sqrt(np.where(known, diagonal, 1))
    unit = (~known)[..., None] * np.eye(known.shape[-1])

    def eigenvalues(matrix: Float) -> Float:
        scaled = matrix * scale[..., :, None] * scale[..., None, :]
        return np.asarray(np.linalg.eigvalsh(scaled + unit))

    largest = eigenvalues(information)[..., -1]
    smallest = eigenvalues(information + penalties)[..., 0]
    positive = smallest > np.finfo(float).eps * largest
    return np.where(positive, largest / np.where(positive, smallest, 1), np.inf)


def check_condition(
    binned: xr.Dataset, systems: Systems, groups: EnergyGroups, penalties: Float
) -> None:
    """Raise if the bins are too fine for the PSF, in any energy group.

    Parameters
    ----------
    binned : xarray.Dataset
        The first data set.
    systems : Systems
        Systems of all data sets.
    groups : EnergyGroups
        Energy groups.
    penalties : numpy.ndarray
        Matrix of the penalty of a smooth profile, which can tell bins apart, (ngroup, nbin, nbin).

    Raises
    ------
    InvalidDataError
        If they are; the message says how wide bins should be.
    """
    information = expected_information(systems)
    numbers = condition_number(information, penalties)
    worst = int(np.argmax(numbers))
    if numbers[worst] <= _LARGEST:
        return
    unit = energy_unit(binned)
    kept = _share_kept(systems, worst)
    raise InvalidDataError(
        f"the bins along {bin_dim(binned)} are too fine for the PSF: from "
        f"{groups.lower[worst]:.4g} to {groups.upper[worst]:.4g} {unit} their norms cannot be told "
        f"apart (condition number {numbers[worst]:.2g}, at most {_LARGEST:.0e} is allowed). "
        f"{_kept_text(kept)} {_advice(binned, information[worst])}, or give smoothness=, which "
        "adds a bias that the result states"
    )


def _share_kept(systems: Systems, group: int) -> Float:
    """Share of the seen signal of each bin that is seen in the bin itself, (nfitted,)."""
    signal = sum(b.signal[..., group, :].sum(axis=-1) for b in systems.blocks)
    total = np.asarray(signal).sum(axis=1)
    return np.asarray(np.diagonal(signal)[total > 0] / total[total > 0])


def _kept_text(kept: Float) -> str:
    return (
        f"A bin keeps {100 * np.median(kept):.2g} % of its photons that are seen (the median; "
        f"{100 * kept.min():.2g} % at least)."
    )


def _advice(binned: xr.Dataset, information: Float) -> str:
    """How wide bins must be, from the information of merged neighbours."""
    dim = bin_dim(binned)
    size = binned.sizes[dim]
    numeric = dim in binned.coords and binned[dim].dtype.kind in "iuf" and dim != REGION
    if not numeric:
        return "Use larger bins, which keep about half of their photons or more"
    order = np.argsort(binned[dim].to_numpy(), kind="stable")
    ordered = information[np.ix_(order, order)]
    number = next((m for m in range(2, size) if _merged_condition(ordered, m) <= _GOOD), size)
    text = f"Use bins about {number} times as wide"
    if low(dim) not in binned.coords or high(dim) not in binned.coords:
        return text
    width = float(np.median((binned[high(dim)] - binned[low(dim)]).to_numpy()))
    return f"{text}, of {number * width:.2g} {binned[dim].attrs.get('units', DISTANCE_UNIT)}"


def _merged_condition(information: Float, number: int) -> float:
    """Condition number if so many neighbours have the same norm."""
    first = np.arange(0, len(information), number)
    merged = np.add.reduceat(np.add.reduceat(information, first, axis=0), first, axis=1)
    return float(condition_number(merged))
