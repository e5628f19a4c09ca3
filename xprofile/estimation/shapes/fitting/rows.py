"""Binned data as rows of used fine bins, and the counts of a brightness in them."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from ....exceptions import InvalidDataError
from ....schema.axes import bin_dim
from ....schema.names import DISTANCE, ENERGY, MARGIN
from ...energy_groups import EnergyGroups
from ...problems import extra_dims, fine_bins
from ..brightness import Places
from ..light import Light
from .profiled import Rows

__all__ = ["DataRows", "GroupRows", "sort_rows"]

Float = NDArray[np.float64]
Bool = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class DataRows:
    """Fine bins of data sets.

    Parameters
    ----------
    extra : tuple
        Dims before those of the bins and energies, such as ``toy``.
    sizes : tuple of int
        Sizes of these dims.
    counts, background, off, alpha : list of numpy.ndarray
        Of each data set, (*extra, nbin, nenergy); see `Rows`.
    used : list of numpy.ndarray of bool
        Fine bins with data, (nbin, nenergy).
    lights : list of Light
        How light is seen in each data set.
    """

    extra: tuple[Hashable, ...]
    sizes: tuple[int, ...]
    counts: list[Float]
    background: list[Float]
    off: list[Float]
    alpha: list[Float]
    used: list[Bool]
    lights: list[Light]

    @property
    def places(self) -> Places:
        """Places of all data sets, one after the other."""
        parts = [light.places for light in self.lights]
        return Places(*(np.concatenate([getattr(p, n) for p in parts])
                        for n in ("at", "lower", "upper")))  # fmt: skip

    def all_counts(self, brightness: Float) -> list[Float]:
        """Signal counts (nbin, nenergy) of each data set for a brightness at all places."""
        sizes = np.cumsum([light.places.at.size for light in self.lights])[:-1]
        parts = np.split(brightness, sizes)
        return [light.counts(part) for light, part in zip(self.lights, parts, strict=True)]

    def integral(self, brightness: Float) -> float:
        """Integral of a brightness at all places over the sky of the first data set, in sr."""
        first = self.lights[0].solid_angle
        return float(np.where(first > 0, first * brightness[: first.size], 0).sum())


@dataclass(frozen=True, eq=False)
class GroupRows:
    """Used fine bins of some energies.

    Parameters
    ----------
    data : DataRows
        All fine bins.
    chosen : list of numpy.ndarray of bool
        Which of them, of each data set, (nbin, nenergy).
    """

    data: DataRows
    chosen: list[Bool]

    @classmethod
    def from_energies(
        cls, data: DataRows, groups: Sequence[EnergyGroups], numbers: Sequence[int]
    ) -> GroupRows:
        """Choose the fine bins of some energy groups."""
        chosen = []
        for used, group in zip(data.used, groups, strict=True):
            energies = np.zeros(used.shape[1], bool)
            for number in numbers:
                energies[group.first[number] : group.stop[number]] = True
            chosen.append(used & energies)
        return cls(data, chosen)

    @property
    def size(self) -> int:
        """Number of rows."""
        return int(sum(np.count_nonzero(c) for c in self.chosen))

    def take(self, values: Sequence[Float]) -> Float:
        """Join values (nbin, nenergy) of each data set to rows."""
        return np.concatenate([v[c] for v, c in zip(values, self.chosen, strict=True)])

    def rows(self, index: tuple[int, ...]) -> Rows:
        """Rows of the counts at an index of the extra dims."""
        data, found = self.data, []
        for arrays in (data.counts, data.background, data.off, data.alpha):
            one = [
                np.broadcast_to(a, (*data.sizes, *a.shape[-2:]))[index].astype(float)
                for a in arrays
            ]
            found.append(self.take(one))
        return Rows(*found)

    def signal(self, brightness: Float) -> Float:
        """Signal counts (nrow,) for a brightness at all places."""
        return self.take(self.data.all_counts(brightness))


def sort_rows(datasets: Sequence[xr.Dataset], lights: Sequence[Light]) -> DataRows:
    """Sort the fine bins of data sets, without those of a margin.

    Raises
    ------
    InvalidDataError
        If the responses have dims that a fit does not know.
    """
    extra = extra_dims(datasets, DISTANCE)
    order = (*extra, bin_dim(datasets[0]), ENERGY)
    parts: dict[str, list[Float]] = {n: [] for n in ("counts", "background", "off", "alpha")}
    used = []
    for data in datasets:
        coverage = data.variables["coverage"]
        if set(coverage.dims) - {DISTANCE, ENERGY}:
            raise InvalidDataError(
                f"coverage has the dims {coverage.dims}, which a fit does not know; select one "
                "value of each"
            )
        seen = (coverage > 0).transpose(DISTANCE, ENERGY).to_numpy()
        if MARGIN in data.coords:
            seen = seen & ~data[MARGIN].to_numpy().astype(bool)[:, None]
        used.append(seen)
        n, _, background, *ratio = fine_bins(data, xr.zeros_like(coverage, dtype=float), order)
        zero = np.zeros_like(background, dtype=float)
        measured = bool(ratio)
        parts["counts"].append(np.asarray(n))
        parts["background"].append(zero if measured else np.asarray(background))
        parts["off"].append(np.asarray(background) if measured else zero)
        parts["alpha"].append(np.asarray(ratio[0]) if measured else zero)
    shapes = [a.shape[:-2] for arrays in parts.values() for a in arrays]
    sizes = np.broadcast_shapes(*shapes) if extra else ()
    return DataRows(extra, sizes, used=used, lights=list(lights), **parts)
