"""Binned data as systems of rows (data set, bin, fine energy) and columns (norms of bins)."""

from __future__ import annotations

import warnings
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from ...exceptions import DataWarning, InvalidDataError
from ...schema.axes import bin_dim, match_bins
from ...schema.names import ENERGY, PSF_MIXING, true_dim
from ...schema.warning_place import user_stacklevel
from ...spectrum.mixing import check_mixing, mixed_variable
from ...spectrum.models import SpectralModel
from ..energy_groups import EnergyGroups
from ..problems import check_unmeasured, extra_dims, fine_bins, grouped

__all__ = ["RowBlock", "Systems", "make_systems"]

Float = NDArray[np.float64]
Bool = NDArray[np.bool_]

# Share of the photons of a bin without data that may be seen in bins with data without a warning.
# It is far below the errors of usual profiles. With ten times as much, a masked source ten times as
# bright as its neighbours would double them without a word; with a tenth, bins a PSF away warn.
_SILENT_SHARE = 0.01

# Counts of a norm, in all rows, below which it counts as without signal: fits need its square, in
# double precision. At 1e-110, products with penalties are not numbers.
_NO_SIGNAL = 1e-100


@dataclass(frozen=True, eq=False)
class RowBlock:
    """Rows of one data set.

    Parameters
    ----------
    counts : numpy.ndarray
        (*extra, nbin, ngroup, nfine), where extra dims may have size 1.
    background : numpy.ndarray
        Predicted background counts, or off counts of on-off data; dims as `counts`.
    ratio : numpy.ndarray or None
        Acceptance ratio of on-off data; dims as `counts`.
    signal : numpy.ndarray
        Signal at norm 1 of each bin (first) in each bin, (nsource, nbin, ngroup, nfine).
    """

    counts: Float
    background: Float
    ratio: Float | None
    signal: Float


@dataclass(frozen=True, eq=False)
class Systems:
    """One system for each energy group, and for each toy.

    Parameters
    ----------
    extra_dims : tuple
        Dims before those of the bins and energy groups, such as ``toy``.
    shape : tuple of int
        Sizes of the extra dims, the bins and the energy groups.
    blocks : tuple of RowBlock
        Rows of each data set.
    """

    extra_dims: tuple[Hashable, ...]
    shape: tuple[int, ...]
    blocks: tuple[RowBlock, ...]

    def counts(self) -> Float:
        """Counts of each bin and data set, (*shape, ndataset)."""
        counts = [np.broadcast_to(b.counts.sum(axis=-1), self.shape) for b in self.blocks]
        return np.stack(counts, axis=-1)

    def matrix(self) -> Float:
        """Signal of all columns in the rows of all data sets, (ngroup, nrow, ncolumn)."""
        nbin, ngroup = self.shape[-2:]
        parts = [b.signal.transpose(2, 1, 3, 0).reshape(ngroup, -1, nbin) for b in self.blocks]
        return np.concatenate(parts, axis=1)

    def fitted(self) -> Bool:
        """Whether the norm of a bin is fitted, (ngroup, nbin)."""
        return np.asarray((self.matrix() > 0).any(axis=1))

    @property
    def ntoy(self) -> int:
        """Number of systems of each energy group: the product of the extra dims."""
        return int(np.prod(self.shape[:-2]))

    def rows(self, values: Sequence[NDArray[Any]]) -> Float:
        """Join one array (*extra, nbin, ngroup, nfine) of each data set, (ngroup, ntoy, nrow)."""
        nbin, ngroup = self.shape[-2:]
        parts = []
        for array in values:
            full = np.broadcast_to(array, (*self.shape, array.shape[-1]))
            flat = full.reshape(self.ntoy, nbin, ngroup, -1).transpose(2, 0, 1, 3)
            parts.append(flat.reshape(ngroup, self.ntoy, -1))
        return np.concatenate(parts, axis=-1, dtype=np.float64)

    def by_bin(self, rows: Float) -> Float:
        """Sum rows (ngroup, ntoy, nrow) over fine energies, (ntoy, nbin, ngroup, ndataset)."""
        nbin, ngroup = self.shape[-2:]
        sizes = [nbin * block.counts.shape[-1] for block in self.blocks]
        parts = np.split(rows, np.cumsum(sizes)[:-1], axis=-1)
        sums = [part.reshape(ngroup, self.ntoy, nbin, -1).sum(axis=-1) for part in parts]
        return np.stack([s.transpose(1, 2, 0) for s in sums], axis=-1)


def make_systems(
    datasets: Sequence[xr.Dataset],
    groups: Sequence[EnergyGroups],
    model: SpectralModel,
    *,
    summed: bool = False,
    width: float | None = None,
) -> Systems:
    """Sort the fine bins of data sets into systems, one for each energy group.

    The norms of bins without data in a group are not fitted: their columns are 0.

    Parameters
    ----------
    datasets : sequence of xarray.Dataset
        Binned data with ``psf_mixing``, from `as_datasets`.
    groups : sequence of EnergyGroups
        Energy groups of each data set, from `common_groups`.
    model : astropy.modeling.Model or callable
        The spectral model.
    summed : bool
        Whether to sum the fine energy bins of a group.
    width : float or None
        Relative systematic uncertainty of the background; None for a known background.

    Raises
    ------
    MissingVariableError
        If a data set has no ``psf_mixing``.
    InvalidDataError
        If the signal has dims that a fit does not know.
    InvalidOptionError
        If a width is given and all data are on-off data, which measure their background.

    Warns
    -----
    DataWarning
        If photons of bins without data are seen in others.
    """
    check_unmeasured(datasets, width)
    for data in datasets:
        check_mixing(data)
    dim = bin_dim(datasets[0])
    extra = extra_dims(datasets, dim)
    order = (true_dim(dim), *extra, dim, ENERGY)
    blocks, leaks = [], []
    for data, group in zip(datasets, groups, strict=True):
        signal, leak = _signal(data, model, dim)
        arrays = fine_bins(data, signal, order)
        n, s, b, *ratio = (np.asarray(a) for a in grouped(arrays, group, summed=summed))
        seen = (data.variables["coverage"] > 0).transpose(dim, ENERGY).to_numpy()
        has_data = group.padded(seen.astype(float)).any(axis=-1)
        flat = s.reshape(s.shape[0], *s.shape[-3:])
        blocks.append((n[0], b[0], ratio[0][0] if ratio else None, flat, has_data))
        leaks.append(leak)
    seen_anywhere = np.any([block[-1] for block in blocks], axis=0)  # (nbin, ngroup)
    _warn_of_leaks(leaks, blocks, seen_anywhere, dim)
    total = np.sum([s.sum(axis=(1, 3)) for *_, s, _ in blocks], axis=0)  # (nsource, ngroup)
    fitted = (seen_anywhere & (total > _NO_SIGNAL))[:, None, :, None]
    kept = [RowBlock(n, b, ratio, np.where(fitted, s, 0)) for n, b, ratio, s, _ in blocks]
    shape = np.broadcast_shapes(*(block.counts.shape[:-1] for block in kept))
    return Systems(extra, shape, tuple(kept))


def _signal(data: xr.Dataset, model: SpectralModel, dim: str) -> tuple[xr.Variable, float]:
    """Signal of the bins that are along `dim`, and the largest share of others that is seen."""
    source = true_dim(dim)
    found = match_bins(data, dim, source)
    if np.any(found < 0):
        raise InvalidDataError(
            f"{np.count_nonzero(found < 0)} bins along {dim} are missing along {source}; select "
            f"along {dim} alone"
        )
    signal = mixed_variable(data, model)
    others = set(signal.dims) - {ENERGY, source, dim}
    if others:
        raise InvalidDataError(
            f"{PSF_MIXING}, exposure_true or edisp have the dims {sorted(map(str, others))}, which "
            "a fit does not know; select one value of each"
        )
    left_out = np.setdiff1d(np.arange(data.sizes[source]), found)
    rest = data.variables[PSF_MIXING].isel({source: left_out})
    leak = float(rest.sum(dim).max()) if left_out.size else 0.0
    return signal.isel({source: found}), leak


def _warn_of_leaks(
    leaks: Sequence[float], blocks: Sequence[tuple[Any, ...]], fitted: Bool, dim: str
) -> None:
    """Warn if photons of bins that are not fitted are seen in those that are."""
    signal = sum(s.sum(axis=(1, 3)) for *_, s, _ in blocks)  # (nsource, ngroup)
    pairs = zip(np.asarray(signal).T, fitted.T, strict=True)
    usual = np.array([np.median(s[f]) if f.any() else np.inf for s, f in pairs])
    with np.errstate(divide="ignore", invalid="ignore"):
        share = np.where(fitted | (usual == 0), 0, signal / usual)
    found, left_out = share.max(initial=0), max(leaks)
    if max(found, left_out) > _SILENT_SHARE:
        number = np.count_nonzero((share > _SILENT_SHARE).any(axis=1))
        who = f"bins along {dim} were left out, so their norms are not fitted"
        how_many = f"up to {100 * left_out:.2g} % of their photons"
        if number:
            who = (
                f"{number} of the bins along {dim} have no used pixels, so the norms are not fitted"
            )
            how_many = f"their photons, up to {100 * found:.0f} % of the signal of a usual bin,"
        warnings.warn(
            f"{who}; {how_many} are seen in other bins, and count as signal of these. Use a "
            "smaller mask, or unfold before selecting bins",
            DataWarning,
            stacklevel=user_stacklevel(),
        )
