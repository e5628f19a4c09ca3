"""What the likelihood needs of the pixels in bins, summed: of one block of maps, or of several."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .blocks import Picked
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
    def of(cls, name: str, values: Float) -> Span:
        """Look at values (nenergy, npair)."""
        lowest, highest = values.min(axis=-1, initial=np.inf), values.max(axis=-1, initial=0)
        if np.isfinite(highest).all() and np.all(lowest >= _floor(name, highest)):
            return cls(lowest, highest, 0, np.nan)
        known = np.isfinite(values)
        lowest = values.min(axis=-1, initial=np.inf, where=known)
        highest = values.max(axis=-1, initial=0, where=known)
        bad = ~known | (values < _floor(name, highest)[:, None])
        return cls(lowest, highest, int(np.count_nonzero(bad)), float(values[bad][0]))

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
        """Sum the values (n, npair) of the pixels of bins."""
        used = _used(picked, members)
        spans, sums, values = {}, {}, {}
        for name in _COUNTED:
            if name in picked:
                found = np.where(used, picked[name], 0).astype(np.float64)
                spans[name] = Span.of(name, found)
                values[name] = np.maximum(found, 0)
                sums[name] = members.sum(values[name])
        if "counts_off" in values:
            on, off = values["acceptance"], values["acceptance_off"]
            ratio = np.divide(on, off, out=np.zeros_like(on), where=off > 0)
            sums["matched"] = members.sum(ratio * values["counts_off"])
        sums["area"] = members.sum(used * members.solid_angle)
        any_used = used.any(axis=0)
        exposure = picked["exposure"].astype(np.float64)
        spans["exposure"] = Span.of("exposure", exposure[:, any_used])
        weighted = np.where(any_used, exposure, 0) * members.solid_angle
        planes, label = _distinct_masks(used)
        empty = np.zeros((0, len(weighted), members.nbin))
        stacked = np.stack([members.sum(weighted * p) for p in planes]) if planes else empty
        return cls(bins, sums, label, stacked, spans)

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
        Sums of the values, and of these times solid angle, (..., nbin).
    area : numpy.ndarray
        Solid angle, (..., nbin).
    """

    bins: Int
    plain: Float
    weighted: Float
    area: Float

    @classmethod
    def of(cls, picked: Picked, members: Membership, bins: Int) -> ImageSums:
        """Sum the values (..., npair) of the pixels of bins."""
        values = picked["image"].astype(float)
        known = np.isfinite(values)
        values[~known] = 0
        area = members.solid_angle
        return cls(bins, *(members.sum(v) for v in (values, values * area, known * area)))

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


def _used(picked: Picked, members: Membership) -> Bool:
    """Whether each pair's pixel is in the safe range and has a background, (nenergy, npair)."""
    used = np.ones((len(picked["counts"]), members.bin.size), bool)
    if "mask" in picked:
        used = picked["mask"].astype(bool)
    if "acceptance_off" in picked:
        used = used & (picked["acceptance_off"].astype(float) > 0)
    return used


def _distinct_masks(used: Bool) -> tuple[list[Bool], Int]:
    """Distinct planes that are not empty, and which of them each energy has (-1: empty)."""
    known: dict[bytes, int] = {}
    planes: list[Bool] = []
    which = []
    for plane, packed in zip(used, np.packbits(used, axis=1), strict=True):
        if not plane.any():
            which.append(-1)
            continue
        index = known.setdefault(packed.tobytes(), len(planes))
        if index == len(planes):
            planes.append(plane)
        which.append(index)
    return planes, np.array(which, np.intp)
