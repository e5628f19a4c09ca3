"""Binned data and templates as rows (data set, bin, fine energy) and columns (norms)."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from ...exceptions import InvalidDataError, InvalidOptionError
from ...likelihood.many_norms import Problems
from ...schema.axes import bin_dim
from ...schema.names import ENERGY, PSF_MIXING
from ...schema.number_checks import check_number_of_values
from ...spectrum.response import signal_variable
from ..energy_groups import EnergyGroups
from ..problems import check_unmeasured, extra_dims, fine_bins, grouped
from ..unfolding.systems import make_systems
from .settings import TemplateSettings

__all__ = ["Block", "Rows", "make_rows"]

Float = NDArray[np.float64]
Bool = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Block:
    """Rows of one data set.

    Parameters
    ----------
    counts, background : numpy.ndarray
        Counts, and predicted background or off counts, (*extra, nbin, ngroup, nfine), where extra
        dims may have size 1.
    ratio : numpy.ndarray or None
        Acceptance ratio of on-off data; dims as `counts`.
    templates : numpy.ndarray
        Predicted counts of each template, (ntemplate, nbin, ngroup, nfine).
    own : numpy.ndarray
        Signal at norm 1 of each bin (first) in each bin, (nown, nbin, ngroup, nfine).
    used : numpy.ndarray of bool
        Whether a fine bin is used, (nbin, ngroup, nfine).
    sums : tuple of numpy.ndarray
        Counts, background or off counts, and acceptance ratio, with the fine bins of a group
        summed, (*extra, nbin, ngroup, 1).
    """

    counts: Float
    background: Float
    ratio: Float | None
    templates: Float
    own: Float
    used: Bool
    sums: tuple[Float, ...]


@dataclass(frozen=True, eq=False)
class Rows:
    """Rows of all data sets, in problems that are fitted separately.

    With ``per="profile"`` there is one problem, with "energy" one for each energy group, and with
    "bin" one for each bin. All are repeated for each toy.

    Parameters
    ----------
    extra_dims : tuple
        Dims before those of the bins and energy groups, such as ``toy``.
    shape : tuple of int
        Sizes of the extra dims, the bins and the energy groups.
    blocks : tuple of Block
        Rows of each data set.
    per : {"profile", "energy", "bin"}
        Which rows have the same norm of a template.
    free : numpy.ndarray of bool
        Whether each bin has a norm that is fitted, (nbin,).
    """

    extra_dims: tuple[Hashable, ...]
    shape: tuple[int, ...]
    blocks: tuple[Block, ...]
    per: str
    free: Bool

    @property
    def ntoy(self) -> int:
        """Number of problems that differ in their counts alone: the product of the extra dims."""
        return int(np.prod(self.shape[:-2]))

    @property
    def ntemplate(self) -> int:
        """Number of templates, whose norms are the first columns."""
        return len(self.blocks[0].templates)

    def with_toys(self, values: NDArray[Any]) -> Float:
        """Broadcast an array (*extra, nbin, ngroup, nfine), (ntoy, nbin, ngroup, nfine)."""
        full = np.broadcast_to(values, (*self.shape, values.shape[-1]))
        return np.asarray(full.reshape(self.ntoy, *full.shape[-3:]), dtype=np.float64)

    def arrange(self, values: Sequence[NDArray[Any]]) -> NDArray[Any]:
        """Sort an array (lead, nbin, ngroup, nfine) of each data set by problems and rows.

        Returns
        -------
        numpy.ndarray
            (ngroup of problems, lead, nrow).
        """
        axes = {"profile": (0, 1, 2, 3), "energy": (2, 0, 1, 3), "bin": (1, 0, 2, 3)}[self.per]
        parts = []
        for array in values:
            ordered = array.transpose(axes)
            ordered = ordered[None] if self.per == "profile" else ordered
            parts.append(ordered.reshape(*ordered.shape[:2], -1))
        return np.concatenate(parts, axis=-1)

    def by_bin(self, rows: Float) -> Float:
        """Sum rows (nproblem, nrow) over fine energies, (ntoy, nbin, ngroup, ndataset)."""
        nbin, ngroup = self.shape[-2:]
        sizes = {"profile": (nbin, ngroup), "energy": (nbin,), "bin": (ngroup,)}[self.per]
        fine = [block.counts.shape[-1] for block in self.blocks]
        ends = np.cumsum([int(np.prod(sizes)) * n for n in fine])[:-1]
        sums = []
        for part in np.split(rows.reshape(-1, self.ntoy, rows.shape[-1]), ends, axis=-1):
            total = part.reshape(*part.shape[:2], *sizes, -1).sum(axis=-1)
            axes = {"profile": None, "energy": (1, 2, 0), "bin": (1, 0, 2)}[self.per]
            sums.append(total[0] if axes is None else total.transpose(axes))
        return np.stack(sums, axis=-1)

    def by_toy(self, values: NDArray[Any]) -> NDArray[Any]:
        """Sort results (nproblem, ...) of problems by toys, (ntoy, ngroup of problems, ...)."""
        return values.reshape(-1, self.ntoy, *values.shape[1:]).swapaxes(0, 1)

    def problems(self, settings: TemplateSettings) -> Problems:
        """Make the problems: columns are the norms of templates, of bins, and of backgrounds."""
        columns = [np.concatenate([b.templates, b.own]) for b in self.blocks]
        number = sum(array.size for array in columns)
        check_number_of_values("the fit", number, "fit fewer bins, or leave out free_bins")
        response = self.arrange(columns).swapaxes(1, 2)
        ratios = [np.zeros_like(b.counts) if b.ratio is None else b.ratio for b in self.blocks]
        parts = ([b.counts for b in self.blocks], [b.background for b in self.blocks], ratios)
        n, background, alpha = (
            self.arrange([self.with_toys(v) for v in part]).reshape(-1, response.shape[1])
            for part in parts
        )
        measured = alpha > 0
        problems = Problems.from_counts(
            np.ascontiguousarray(response),
            n,
            np.where(measured, 0, background),
            off=np.where(measured, background, 0),
            alpha=alpha,
            lower=-np.inf if settings.norm_min is None else settings.norm_min,
        )
        if settings.width is None:
            return problems
        correlated = settings.background_correlated or self.per == "bin"
        numbers = self._background_numbers(correlated=correlated)
        return problems.with_background_norms(numbers, settings.width)

    def _background_numbers(self, *, correlated: bool) -> NDArray[np.intp]:
        """Number of the background norm of each row, (nrow,); -1 for off counts."""
        nbin, parts, first = self.shape[-2], [], 0
        for block in self.blocks:
            bins = np.zeros(nbin, int) if correlated else np.arange(nbin)
            numbers = bins + first if block.ratio is None else np.full(nbin, -1)
            first += bins.max() + 1 if block.ratio is None else 0
            parts.append(np.broadcast_to(numbers[None, :, None, None], (1, *block.used.shape)))
        return np.asarray(self.arrange(parts)[0, 0], dtype=np.intp)


def make_rows(
    datasets: Sequence[xr.Dataset],
    groups: Sequence[EnergyGroups],
    templates: Sequence[Float],
    settings: TemplateSettings,
) -> Rows:
    """Sort binned data and templates into rows.

    Parameters
    ----------
    datasets, groups
        Binned data, and their energy groups.
    templates : sequence of numpy.ndarray
        Predicted counts in each data set, (ntemplate, nbin, nenergy), from `template_counts`.
    settings : TemplateSettings
        The settings.

    Raises
    ------
    InvalidOptionError
        If a width of the background is given and all data are on-off data, or `free_bins` does not
        suit the bins or `per`.
    InvalidDataError
        If exposures differ between toys.
    """
    check_unmeasured(datasets, settings.width)
    dim = bin_dim(datasets[0])
    extra = extra_dims(datasets, dim)
    own = _own_signal(datasets, groups, settings, (*extra, dim, ENERGY))
    blocks = []
    for data, group, counts, bins in zip(datasets, groups, templates, own, strict=True):
        arrays = fine_bins(data, xr.Variable((), 0.0), (*extra, dim, ENERGY))
        n, _, b, *ratio = _grouped(arrays, group, summed=settings.sum_over_energy_groups)
        total = _grouped(arrays, group, summed=True)
        used = data.variables["coverage"].transpose(dim, ENERGY).to_numpy() > 0
        fine, has_data = group.padded(counts), group.padded(used.astype(float)) > 0
        if settings.sum_over_energy_groups:
            fine, has_data = (
                fine.sum(axis=-1, keepdims=True),
                np.asarray(has_data.any(axis=-1, keepdims=True)),
            )
        sums = (total[0], *total[2:])
        bins = np.zeros((0, *fine.shape[1:])) if bins is None else bins
        blocks.append(Block(n, b, ratio[0] if ratio else None, fine, bins, has_data, sums))
    shape = np.broadcast_shapes(*(block.counts.shape[:-1] for block in blocks))
    return Rows(
        extra, shape, tuple(blocks), settings.per, _free_bins(datasets[0], settings.free_bins)
    )


def _grouped(arrays: Sequence[NDArray[Any]], group: EnergyGroups, *, summed: bool) -> list[Float]:
    return [np.asarray(v, dtype=np.float64) for v in grouped(arrays, group, summed=summed)]


def _own_signal(
    datasets: Sequence[xr.Dataset],
    groups: Sequence[EnergyGroups],
    settings: TemplateSettings,
    order: tuple[Hashable, ...],
) -> Sequence[Float | None]:
    """Signal at norm 1 of each bin in each bin, of each data set, (nown, nbin, ngroup, nfine)."""
    nbin = datasets[0].sizes[order[-2]]
    if not settings.has_free_bins:
        return [None] * len(datasets)
    free = _free_bins(datasets[0], settings.free_bins)
    model, summed = settings.spectral_model, settings.sum_over_energy_groups
    if any(PSF_MIXING in data for data in datasets):
        if settings.per == "bin":
            raise InvalidOptionError(
                f"per='bin' fits each bin by itself, but {PSF_MIXING} spreads the signal of free "
                f"bins over others; give per='profile' or 'energy', or data without {PSF_MIXING}"
            )
        systems = make_systems(datasets, groups, model, summed=summed, width=settings.width)
        return [np.where(free[:, None, None, None], b.signal, 0) for b in systems.blocks]
    found: list[Float | None] = []
    for data, group in zip(datasets, groups, strict=True):
        _, signal, *_ = _grouped(
            fine_bins(data, signal_variable(data, model), order), group, summed=summed
        )
        if np.prod(signal.shape[:-3]) != 1:
            raise InvalidDataError("exposures differ between toys; fit each toy with its own call")
        alone = np.where(free[:, None, None], signal.reshape(signal.shape[-3:]), 0)
        if settings.per == "bin":
            found.append(alone[None])
        else:
            check_number_of_values("free_bins", nbin * alone.size, "free fewer bins")
            found.append(np.eye(nbin)[:, :, None, None] * alone)
    return found


def _free_bins(data: xr.Dataset, wanted: bool | xr.DataArray | NDArray[Any]) -> Bool:
    """Whether each bin has a free norm, (nbin,)."""
    dim = bin_dim(data)
    if not isinstance(wanted, xr.DataArray | np.ndarray):
        return np.full(data.sizes[dim], bool(wanted))
    array = wanted if isinstance(wanted, xr.DataArray) else xr.DataArray(wanted, dims=dim)
    labelled = dim in data.coords and dim in array.coords
    values = array.to_numpy()
    if array.dims != (dim,) or values.size != data.sizes[dim] or not _are_flags(values) or (
        labelled and not np.array_equal(data[dim].to_numpy(), array[dim].to_numpy())
    ):  # fmt: skip
        raise InvalidOptionError(
            f"free_bins must be True, False, or an array of them for each of the "
            f"{data.sizes[dim]} bins along {dim}, found one of {values.dtype} with the dims "
            f"{dict(array.sizes)}"
        )
    return np.asarray(values, dtype=bool)


def _are_flags(values: NDArray[Any]) -> bool:
    """Whether all values are True or False, or the integers 1 or 0."""
    return values.dtype.kind == "b" or (
        values.dtype.kind in "iu" and bool(np.isin(values, (0, 1)).all())
    )
