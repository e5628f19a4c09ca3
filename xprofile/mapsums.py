"""What the likelihood needs of the pixels in bins, summed: of one block of maps, or of several."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .blocks import Picked, Planes
from .exceptions import InvalidDataError
from .membership import Int, Membership

__all__ = ["ImageSums", "MapSums"]

Float = NDArray[np.float64]
Bool = NDArray[np.bool_]

# rounding leaves backgrounds as low as this times the largest one; they count as zero
_NEGLIGIBLE = 1e-6
_ROUNDING = 1e-12

_COUNTED = ("counts", "background", "counts_off", "acceptance", "acceptance_off")


@dataclass(frozen=True)
class Span:
    """Lowest and highest of a cube's used values at each energy, and how many are wrong."""

    lowest: Float
    highest: Float  # if any is below 0, and of the background
    wrong: int
    example: float

    @classmethod
    def of(cls, name: str, values: NDArray[Any], sums: Float) -> Span:
        """Look at the values (nplane, npair) of some planes, whose sums tell if all are finite."""
        lowest = values.min(-1, initial=0)
        if (lowest >= 0).all() and np.isfinite(sums).all():
            return cls(lowest, _highest(name, values), 0, np.nan)
        known = np.isfinite(values)
        ends = (reduce(-1, initial=0, where=known) for reduce in (values.min, values.max))
        low, high = (end.astype(float) for end in ends)
        bad = ~known | (values < _floor(name, high)[:, None])
        example = float(values[bad][0]) if bad.any() else np.nan
        return cls(low, high, int(np.count_nonzero(bad)), example)

    @classmethod
    def joined(cls, spans: Sequence[Span]) -> Span:
        """Join those of planes that follow each other along the energies."""
        low, high = (
            np.concatenate([getattr(span, end) for span in spans]) for end in ("lowest", "highest")
        )
        first = next((span.example for span in spans if span.wrong), np.nan)
        return cls(low, high, sum(span.wrong for span in spans), first)

    def __add__(self, other: Span) -> Span:
        """Look at what two blocks have."""
        example = self.example if self.wrong else other.example
        lowest = np.fmin(self.lowest, other.lowest)
        highest = np.fmax(self.highest, other.highest)
        return Span(lowest, highest, self.wrong + other.wrong, example)

    def check(self, name: str) -> None:
        """Refuse values that are negative for more than rounding, or not finite.

        Raises
        ------
        InvalidDataError
            If there are such.
        """
        low = self.lowest < _floor(name, self.highest)
        if self.wrong or low.any():
            example = self.example if self.wrong else self.lowest[low][0]
            raise InvalidDataError(
                f"{name} is negative or not finite in {max(self.wrong, 1)} used pixels inside "
                f"the bins, for example {example:.6g}; expected finite values >= 0. Mend the map, "
                "or set maps['mask'] to False there"
            )


def _highest(name: str, values: NDArray[Any]) -> NDArray[Any]:
    """Highest values (nplane,) of planes; 0 where `_floor` needs none."""
    return values.max(-1, initial=0) if name == "background" else np.zeros(len(values))


def _floor(name: str, highest: Float) -> Float:
    if name != "background":
        return np.zeros_like(highest)
    return np.asarray(-np.maximum(_NEGLIGIBLE * highest, _ROUNDING))


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
        masks = _Masks(picked, members)
        names = [name for name in _COUNTED if name in picked]
        sums: dict[str, list[Float]] = {name: [] for name in (*names, "matched")}
        spans: dict[str, list[Span]] = {name: [] for name in names}
        for energies in picked["counts"].together():
            values, used = {}, masks.used(energies)
            for name in names:
                found = _kept(picked[name][energies], used)
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
        sums = {name: _spread(v, self.bins, bins) for name, v in self.sums.items()}
        exposure, total = (_spread(v, self.bins, bins) for v in (self.exposure, self.total))
        return MapSums(bins, sums, self.label, exposure, total, self.spans)


@dataclass(frozen=True, eq=False)
class ImageSums:
    """Sums over the pixels of bins that have a value.

    Parameters
    ----------
    bins : numpy.ndarray
        Numbers of the bins that these are, (nbin,).
    plain, weighted : numpy.ndarray
        Sums of the values, and of these times solid angle, (nplane, nbin).
    area : numpy.ndarray
        Solid angle, (nplane, nbin).
    """

    bins: Int
    plain: Float
    weighted: Float
    area: Float

    @classmethod
    def of(cls, picked: Picked, members: Membership, bins: Int) -> ImageSums:
        """Sum the pixels of bins, a plane at a time."""
        image, sums = picked["image"], []
        for planes in image.together():
            values = image[planes].astype(float)
            known = np.isfinite(values)
            values[~known] = 0
            plain, weighted = members.sum(values), members.integral(values)
            sums.append([plain, weighted, members.integral(known)])
        return cls(bins, *np.concatenate(sums, axis=1))

    def __add__(self, other: ImageSums) -> ImageSums:
        """Add up what two blocks have."""
        bins = np.union1d(self.bins, other.bins)
        one, two = self.among(bins), other.among(bins)
        return ImageSums(
            bins, one.plain + two.plain, one.weighted + two.weighted, one.area + two.area
        )

    def among(self, bins: Int) -> ImageSums:
        """Return the same for these bins and others, which have sums of 0."""
        values = (self.plain, self.weighted, self.area)
        return ImageSums(bins, *(_spread(v, self.bins, bins) for v in values))


def _spread(values: Float, bins: Int, wanted: Int) -> Float:
    """Values (..., nbin) of some bins among others, which have 0."""
    if bins.size == wanted.size:
        return values
    spread = np.zeros((*values.shape[:-1], wanted.size))
    spread[..., np.searchsorted(wanted, bins)] = values
    return spread


def _with_none(exposure: Float) -> Float:
    """Append zeros, which -1 finds, for masks that use nothing."""
    return np.concatenate([exposure, np.zeros((1, *exposure.shape[1:]))])


class _Masks:
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
            values = _kept(exposure[energies], any_used)
            for mask, used in enumerate(self.planes):
                sums[mask, energies] = self.members.integral(_kept(values, used))
            spans.append(Span.of("exposure", values, sums[:, energies]))
        return sums, Span.joined(spans)


def _kept(values: NDArray[Any], used: Bool | None) -> NDArray[Any]:
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
