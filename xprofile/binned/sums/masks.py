"""Distinct masks of the pixels of bins."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..members.membership import Membership
from .pixel_values import Picked, Planes
from .value_ranges import Span

Bool = NDArray[np.bool_]

Float = NDArray[np.float64]


class UsedMasks:
    """Distinct masks of the pixels of bins.

    Attributes
    ----------
    label : numpy.ndarray
        Which of them each energy has, -1 for one that uses nothing, (nenergy,).
    planes : list of numpy.ndarray
        Whether each pair's pixel is in the safe range and has a background, (npair,); None where
        all are.
    """

    def __init__(self, picked: Picked, members: Membership) -> None:
        self.members = members
        self.planes: list[Bool | None] = []
        known: dict[bytes, int] = {}
        label: list[int] = []
        for energies in picked["counts"].together():
            planes = _used(picked, energies)
            if not members.bin.size or planes is None:
                shape = (energies.stop - energies.start, 1)
                planes = np.full(shape, members.bin.size > 0)
            for used in planes:
                some, whole = used.any(), used.all()
                key = b"" if whole else np.packbits(used).tobytes()
                index = known.setdefault(key, len(self.planes)) if some else -1
                if index == len(self.planes):
                    self.planes.append(None if whole else used)
                label.append(index)
        self.label = np.array(label, np.intp)

    def used(self, energies: slice) -> Bool | None:
        """Whether each pair's pixel is used at some energies, (nenergy, npair); None if all are."""
        labels = self.label[energies].tolist()
        planes = [self.planes[label] if label >= 0 else self._none for label in labels]
        if all(used is None for used in planes):
            return None
        return np.stack([~self._none if used is None else used for used in planes])

    @cached_property
    def _none(self) -> Bool:
        return np.zeros(self.members.bin.size, bool)

    def area(self) -> Float:
        """Used solid angle, (nenergy, nbin)."""
        area = self.members.solid_angle
        sums = [self.members.sum(area if used is None else area * used) for used in self.planes]
        return np.stack([*sums, np.zeros(self.members.nbin)])[self.label]

    def exposure(self, exposure: Planes) -> tuple[Float, Span]:
        """Exposure times solid angle of each distinct mask (nmask, ntrue, nbin), and its span."""
        some = [used for used in self.planes if used is not None]
        whole = len(some) < len(self.planes)
        any_used = None if whole else np.logical_or.reduce([self._none, *some])
        sums = np.zeros((len(self.planes), len(exposure), self.members.nbin))
        spans = []
        for energies in exposure.together():
            values = kept_values(exposure[energies], any_used)
            for mask, used in enumerate(self.planes):
                sums[mask, energies] = self.members.integral(kept_values(values, used))
            spans.append(Span.of("exposure", values, sums[:, energies]))
        return sums, Span.joined(spans)


def kept_values(values: NDArray[Any], used: Bool | None) -> NDArray[Any]:
    """Values, 0 where they are not used, whatever they are there."""
    if used is None:
        return values
    with np.errstate(invalid="ignore"):
        product = values * used  # faster than a choice, but no number where the value is none
    if product.dtype.kind == "f" and not np.isfinite(product.sum()):
        return np.where(used, values, 0)
    return product


def _used(picked: Picked, energies: slice) -> Bool | None:
    """Whether each pair's pixel is used at some energies, (n, npair); None where no map says."""
    used = picked["mask"][energies].astype(bool, copy=False) if "mask" in picked else None
    if "acceptance_off" not in picked:
        return used
    seen = np.asarray(picked["acceptance_off"][energies].astype(float) > 0)
    return seen if used is None else used & seen
