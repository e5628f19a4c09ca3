"""Sums of maps over the used pixels of bins."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..members.membership import Int, Membership
from .masks import UsedMasks, kept_values
from .pixel_values import Picked
from .value_ranges import Span

__all__ = ["MapSums"]

Float = NDArray[np.float64]

Bool = NDArray[np.bool_]

_COUNTED = ("counts", "background", "counts_off", "acceptance", "acceptance_off")


@dataclass(frozen=True, eq=False)
class MapSums:
    """Sums over the used pixels of bins.

    Parameters
    ----------
    bins : numpy.ndarray
        Numbers of the bins that these are, (nbin,).
    sums : dict
        Of counts and the like, of the background that off counts give (``matched``), and of the
        solid angle (``area``): (nenergy, nbin).
    label : numpy.ndarray
        Which of the distinct masks each energy has, -1 for one that uses nothing, (nenergy,).
    exposure : numpy.ndarray
        Exposure times solid angle of each distinct mask, (nmask, ntrue, nbin).
    total : numpy.ndarray
        Solid angle of all pixels, used or not, (nbin,).
    spans : dict of Span
        What values there were.
    """

    bins: Int
    sums: dict[str, Float]
    label: Int
    exposure: Float
    total: Float
    spans: dict[str, Span]

    @classmethod
    def of(cls, picked: Picked, members: Membership, bins: Int) -> MapSums:
        """Sum the pixels of bins, a few energies at a time."""
        masks = UsedMasks(picked, members)
        names = [name for name in _COUNTED if name in picked]
        sums: dict[str, list[Float]] = {name: [] for name in (*names, "matched")}
        spans: dict[str, list[Span]] = {name: [] for name in names}
        for energies in picked["counts"].together():
            values, used = {}, masks.used(energies)
            for name in names:
                found = kept_values(picked[name][energies], used)
                total = members.sum(found)
                span = Span.of(name, found, total)
                if (span.lowest < 0).any():
                    found = np.maximum(found, 0)
                    total = members.sum(found)
                spans[name].append(span)
                sums[name].append(total)
                values[name] = found
            if "counts_off" in values:
                on, off = (values[name].astype(float) for name in _COUNTED[-2:])
                ratio = np.divide(on, off, out=np.zeros_like(on), where=off > 0)
                sums["matched"].append(members.sum(ratio * values["counts_off"]))
        exposure, span = masks.exposure(picked["exposure"])
        return cls(
            bins,
            {name: np.concatenate(found) for name, found in sums.items() if found}
            | {"area": masks.area()},
            masks.label,
            exposure,
            members.sum(members.solid_angle),
            {name: Span.joined(found) for name, found in spans.items()} | {"exposure": span},
        )

    def __add__(self, other: MapSums) -> MapSums:
        """Add up what two blocks have."""
        bins = np.union1d(self.bins, other.bins)
        one, two = self.among(bins), other.among(bins)
        pairs = np.stack([self.label, other.label])
        kinds, which = np.unique(pairs, axis=1, return_inverse=True)
        some = (kinds >= 0).any(axis=0)  # -1 for energies that use nothing in either
        label = np.where(some, np.cumsum(some) - 1, -1)[which.reshape(-1)]
        first, second = kinds[:, some]
        return MapSums(
            bins,
            {name: values + two.sums[name] for name, values in one.sums.items()},
            label,
            _with_none(one.exposure)[first] + _with_none(two.exposure)[second],
            one.total + two.total,
            {name: span + other.spans[name] for name, span in self.spans.items()},
        )

    def among(self, bins: Int) -> MapSums:
        """Return the same for these bins and others, which have sums of 0."""
        sums = {name: spread_bins(v, self.bins, bins) for name, v in self.sums.items()}
        exposure, total = (spread_bins(v, self.bins, bins) for v in (self.exposure, self.total))
        return MapSums(bins, sums, self.label, exposure, total, self.spans)


def spread_bins(values: Float, bins: Int, wanted: Int) -> Float:
    """Values (..., nbin) of some bins among others, which have 0."""
    if bins.size == wanted.size:
        return values
    spread = np.zeros((*values.shape[:-1], wanted.size))
    spread[..., np.searchsorted(wanted, bins)] = values
    return spread


def _with_none(exposure: Float) -> Float:
    """Append zeros, which -1 finds, for masks that use nothing."""
    return np.concatenate([exposure, np.zeros((1, *exposure.shape[1:]))])
