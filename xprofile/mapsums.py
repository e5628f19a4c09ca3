"""What the likelihood needs of the pixels in bins, summed: of one block of maps, or of several."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .blocks import Picked, Planes
from .exceptions import InvalidDataError
from .membership import Membership

__all__ = ["ImageSums", "MapSums"]

Float = NDArray[np.float64]
Int = NDArray[np.intp]
Bool = NDArray[np.bool_]

# rounding leaves backgrounds as low as this times the largest one; they count as zero
_NEGLIGIBLE = 1e-6
_ROUNDING = 1e-12

_COUNTED = ("counts", "background", "counts_off", "acceptance", "acceptance_off")


@dataclass(frozen=True)
class Span:
    """Lowest and highest of a cube's used values at each energy, and how many are wrong."""

    lowest: Float
    highest: Float
    wrong: int
    example: float

    @classmethod
    def of(cls, name: str, values: NDArray[Any]) -> Span:
        """Look at the values (npair,) of one plane."""
        lowest, highest = values.min(initial=0), values.max(initial=0)  # NaN if one is
        if lowest >= 0 and np.isfinite(highest):
            return cls(np.array([lowest]), np.array([highest]), 0, np.nan)
        known = np.isfinite(values)
        ends = (reduce(initial=0, where=known) for reduce in (values.min, values.max))
        low, high = (np.array([end], float) for end in ends)
        bad = ~known | (values < _floor(name, high))
        example = float(values[bad][0]) if bad.any() else np.nan
        return cls(low, high, int(np.count_nonzero(bad)), example)

    @classmethod
    def joined(cls, spans: Sequence[Span]) -> Span:
        """Join those of several planes along the energies."""
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
    spans : dict of Span
        What values there were.
    """

    bins: Int
    sums: dict[str, Float]
    label: Int
    exposure: Float
    spans: dict[str, Span]

    @classmethod
    def of(cls, picked: Picked, members: Membership, bins: Int) -> MapSums:
        """Sum the pixels of bins, one energy at a time."""
        masks = _Masks(picked, members)
        names = [name for name in _COUNTED if name in picked]
        sums: dict[str, list[Float]] = {name: [] for name in (*names, "matched")}
        spans: dict[str, list[Span]] = {name: [] for name in names}
        for energy, label in enumerate(masks.label):
            values = {}
            for name in names:
                found = masks.kept(picked[name][energy], label)
                span = Span.of(name, found)
                spans[name].append(span)
                values[name] = found if span.lowest[0] >= 0 else np.maximum(found, 0)
                sums[name].append(members.sum(values[name]))
            if "counts_off" in values:
                on, off = (values[name].astype(float) for name in _COUNTED[-2:])
                ratio = np.divide(on, off, out=np.zeros_like(on), where=off > 0)
                sums["matched"].append(members.sum(ratio * values["counts_off"]))
        exposure, span = masks.exposure(picked["exposure"])
        return cls(
            bins,
            {name: np.stack(found) for name, found in sums.items() if found}
            | {"area": masks.area()},
            masks.label,
            exposure,
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
            {name: span + other.spans[name] for name, span in self.spans.items()},
        )

    def among(self, bins: Int) -> MapSums:
        """Return the same for these bins and others, which have sums of 0."""
        sums = {name: _spread(v, self.bins, bins) for name, v in self.sums.items()}
        exposure = _spread(self.exposure, self.bins, bins)
        return MapSums(bins, sums, self.label, exposure, self.spans)


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
        sums = []
        for plane in range(len(picked["image"])):
            values = picked["image"][plane].astype(float)
            known = np.isfinite(values)
            values[~known] = 0
            area = members.solid_angle
            sums.append([members.sum(v) for v in (values, values * area, known * area)])
        return cls(bins, *np.stack(sums, axis=1))

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
        label = []
        for energy in range(len(picked["counts"])):
            used = _used(picked, energy)
            if not members.bin.size or (used is not None and not used.any()):
                label.append(-1)
                continue
            whole = used is None or bool(used.all())
            key = b"" if whole else np.packbits(used).tobytes()  # type: ignore[arg-type]
            index = known.setdefault(key, len(self.planes))
            if index == len(self.planes):
                self.planes.append(None if whole else used)
            label.append(index)
        self.label = np.array(label, np.intp)

    def kept(self, values: NDArray[Any], label: int) -> NDArray[Any]:
        """Values (npair,), 0 where a mask uses nothing."""
        return np.zeros_like(values) if label < 0 else _kept(values, self.planes[label])

    def _summed(self, values: Float) -> list[Float]:
        """Sums (nbin,) of values (npair,) over each distinct mask."""
        return [self.members.sum(_kept(values, used)) for used in self.planes]

    def area(self) -> Float:
        """Used solid angle, (nenergy, nbin)."""
        none = np.zeros((1, self.members.nbin))
        return np.concatenate([*(a[None] for a in self._summed(self.members.solid_angle)), none])[
            self.label
        ]

    def exposure(self, planes: Planes) -> tuple[Float, Span]:
        """Exposure times solid angle of each distinct mask (nmask, ntrue, nbin), and its span."""
        shape = (len(self.planes), len(planes), self.members.nbin)
        sums, spans = np.zeros(shape), []
        some = [used for used in self.planes if used is not None]
        none = np.zeros(self.members.bin.size, bool)
        whole = len(some) < len(self.planes)
        any_used = None if whole else np.logical_or.reduce([none, *some])
        for true in range(len(planes)):
            values = _kept(planes[true], any_used)
            spans.append(Span.of("exposure", values))
            weighted = values * self.members.solid_angle
            for mask, summed in enumerate(self._summed(weighted)):
                sums[mask, true] = summed
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


def _used(picked: Picked, energy: int) -> Bool | None:
    """Whether each pair's pixel is used at one energy, (npair,); None where no map says."""
    used = picked["mask"][energy].astype(bool, copy=False) if "mask" in picked else None
    if "acceptance_off" not in picked:
        return used
    seen = np.asarray(picked["acceptance_off"][energy].astype(float) > 0)
    return seen if used is None else used & seen
