"""Neighbourhoods of bins of any shape: the directions near a bin and in no bin."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import astropy.units as u
import numpy as np
from astropy.coordinates import BaseCoordinateFrame, SkyCoord
from numpy.typing import NDArray

from ...exceptions import InvalidOptionError
from ...maps.sphere import lonlat_deg, sky_positions, unit_vectors
from ..shapes.shape import OverlappingMembers, Shape, SphereMembers
from ..skybins import SkyBins
from .widths import margin_widths, numbered_on

if TYPE_CHECKING:
    from regions import SkyRegion
    from scipy.spatial import cKDTree

__all__ = ["surrounded"]

Float = NDArray[np.float64]
Int = NDArray[np.intp]

# Sample positions round which the neighbourhood is looked for, at most, and the fewest of a bin.
# They tell which bins have one, and where pixels are searched. With a tenth of them, neighbourhoods
# of a few thin bins among many could be missed; ten times more take seconds.
_MOST_PLACES, _FEWEST = 4000, 30

# Directions round each of these positions, and distances up to the first border, each half as far
# as the next one. With a tenth of them, parts of wide margins and narrow gaps could be missed.
_DIRECTIONS, _STEPS = 16, 3

# Width of the first part of a margin, as part of the margin, at least: for tiny bins in a wide
# margin, which then has 10 parts. At a tenth, it has 15; ten times larger, parts are too wide to
# follow a gradient.
_THINNEST = 0.01


@dataclass(frozen=True, eq=False)
class Surroundings(Shape, OverlappingMembers):
    """Bins, and after them neighbourhoods: the directions next to a bin and in no bin.

    Parameters
    ----------
    inner : Shape
        The bins.
    borders : numpy.ndarray
        Distances in rad from the bins at which the parts of a neighbourhood begin, and at which the
        last one ends, (npart + 1,).
    numbers : numpy.ndarray of int
        The parts, as bin x npart + part, (nmargin,), ascending.
    """

    inner: Shape
    borders: Float
    numbers: Int

    @property
    def owner(self) -> Int:
        """Bin that each part surrounds, (nmargin,)."""
        return self.numbers // (self.borders.size - 1)

    @cached_property
    def centers(self) -> SkyCoord:
        """Centres of the bins, and of those that the parts surround, (nbin,)."""
        number = self.inner.centers.size
        return self.inner.centers[np.concatenate([np.arange(number), self.owner])]

    def regions(self) -> list[SkyRegion]:
        """Return the regions of the bins, and circles round those that the parts surround."""
        from regions import CircleSkyRegion

        centers, area = self.inner.centers, np.abs(self.inner.solid_angles())
        area = np.where(area > 0, area, 0.0)
        radius = np.sqrt(area[self.owner] / np.pi)
        radius = radius + self.borders[self.numbers % (self.borders.size - 1) + 1]
        found = [
            CircleSkyRegion(centers[number], size * u.rad)
            for number, size in zip(self.owner.tolist(), radius, strict=True)
        ]
        return [*self.inner.regions(), *found]

    def take(self, numbers: Int) -> Shape:
        """Return the bins with these numbers, which are not those of the margin."""
        return self.inner.take(numbers)

    def solid_angles(self) -> Float:
        """Return the solid angles of the bins in sr; NaN for the parts."""
        return np.append(self.inner.solid_angles(), np.full(self.numbers.size, np.nan))

    def finder(
        self, frame: BaseCoordinateFrame, pixel_size: float
    ) -> Callable[[Float], tuple[Int, Int]]:
        """Make the function that finds the bins of unit vectors (3, ...) of a frame."""
        find, tree, owner = self._find_inner(frame, pixel_size), *self._tree(frame)
        parts, number = self.borders.size - 1, self.inner.centers.size
        table = np.full(number * parts, -1)
        table[self.numbers] = number + np.arange(self.numbers.size)
        bound = 2 * np.sin(min(self.borders[-1], np.pi) / 2)

        def found(vectors: Float) -> tuple[Int, Int]:
            bins, inside = find(vectors)
            flat = vectors.reshape(3, -1)
            free = np.isfinite(flat[0])
            free[inside] = False
            where = np.flatnonzero(free)
            chord, nearest = tree.query(flat[:, where].T, distance_upper_bound=bound)
            near = np.isfinite(chord)
            angle = 2 * np.arcsin(np.minimum(chord[near] / 2, 1))
            part = np.clip(np.searchsorted(self.borders, angle) - 1, 0, parts - 1)
            code = table[owner[nearest[near]] * parts + part]
            known = code >= 0
            return (
                np.concatenate([bins, code[known]]),
                np.concatenate([inside, where[near][known]]),
            )

        return found

    def _find_inner(
        self, frame: BaseCoordinateFrame, pixel_size: float
    ) -> Callable[[Float], tuple[Int, Int]]:
        """Make the function that finds the inner bins of unit vectors."""
        if isinstance(self.inner, OverlappingMembers):
            return self.inner.finder(frame, pixel_size)
        assert isinstance(self.inner, SphereMembers)
        code = self.inner.coder(frame, pixel_size)

        def found(vectors: Float) -> tuple[Int, Int]:
            bins = code(vectors).reshape(-1)
            inside = np.flatnonzero(bins >= 0)
            return bins[inside], inside

        return found

    def _tree(self, frame: BaseCoordinateFrame) -> tuple[cKDTree, Int]:
        """Positions in the bins, and the bin of each."""
        from scipy.spatial import cKDTree

        vectors = unit_vectors(*lonlat_deg(self._sample, frame))
        bins, inside = self._find_inner(frame, 0.0)(vectors[:, None])
        return cKDTree(vectors[:, inside].T), bins

    @cached_property
    def _sample(self) -> SkyCoord:
        assert isinstance(self.inner, SphereMembers | OverlappingMembers)
        return self.inner.sample().ravel()

    @property
    def pitch(self) -> float:
        """Largest distance between neighbouring sample positions in degrees."""
        assert isinstance(self.inner, SphereMembers | OverlappingMembers)
        step = 2 * np.pi / _DIRECTIONS * np.degrees(self.borders[-1])
        return float(max(self.inner.pitch, step))

    def sample(self) -> SkyCoord:
        """Return sky positions that fill the bins and the parts."""
        frame = self._sample.frame.replicate_without_data()
        own = unit_vectors(*lonlat_deg(self._sample, frame))
        return sky_positions(np.concatenate([own, self.places(frame)], axis=1), frame)

    @property
    def _distances(self) -> Float:
        """Distances in rad from the bins to each part: its middle and far end, and near ones."""
        middles = (self.borders[1:] + self.borders[:-1]) / 2
        near = middles[0] / 2.0 ** np.arange(1, _STEPS + 1)
        return np.concatenate([near, middles, self.borders[1:]])

    def places(self, frame: BaseCoordinateFrame) -> Float:
        """Unit vectors (3, n) round the bins, up to the border of the margin."""
        tree, owner = self._tree(frame)
        each = max(_MOST_PLACES // max(np.unique(owner).size, 1), _FEWEST)
        order = np.argsort(owner, kind="stable")
        first = np.searchsorted(owner[order], owner[order])
        rank = np.arange(order.size) - first
        count = np.bincount(owner)[owner[order]]
        stride = np.maximum(count // each, 1)
        center = tree.data[order[rank % stride == 0]].T
        angle = np.linspace(0, 2 * np.pi, _DIRECTIONS, endpoint=False)[:, None, None]
        away = self._distances[:, None]
        across = np.cross(center.T, np.eye(3)[np.abs(center).argmin(axis=0)]).T
        across /= np.linalg.norm(across, axis=0)
        upward = np.cross(center.T, across.T).T
        ring = [np.cos(angle) * a + np.sin(angle) * b for a, b in zip(across, upward, strict=True)]
        parts = [np.cos(away) * c + np.sin(away) * r for c, r in zip(center, ring, strict=True)]
        return np.stack(parts).reshape(3, -1)


def surrounded(bins: SkyBins, margin: float) -> SkyBins:
    """Add neighbourhoods of bins up to a distance in degrees.

    A neighbourhood holds the directions that are nearer to a bin than the margin, nearer to it than
    to any other bin, and in no bin. Where the margin is wider than the bins, it is in parts by
    distance.

    Raises
    ------
    InvalidOptionError
        If the bins are of a kind whose neighbourhood is not known, or have none.
    """
    inner = bins.shape
    if not isinstance(inner, SphereMembers | OverlappingMembers):
        raise InvalidOptionError(
            f"margin needs bins by angles on the sphere, found {bins!r}; leave out margin"
        )
    area = np.abs(inner.solid_angles())
    size = float(np.degrees(np.sqrt(np.nanmedian(area)))) if np.isfinite(area).any() else margin
    widths = margin_widths(margin, max(size, margin * _THINNEST))
    borders = np.radians(np.concatenate([[0], np.cumsum(widths)]))
    every = np.arange(len(bins) * widths.size)
    shape = Surroundings(inner, borders, every)
    frame = bins.center.frame.replicate_without_data()
    found, _ = shape.finder(frame, 0.0)(shape.places(frame)[:, None])
    numbers = np.unique(found[found >= len(bins)]) - len(bins)
    if not numbers.size:
        raise InvalidOptionError(
            f"no direction was found in the margin of {margin:.3g} deg: the bins cover the whole "
            "sky, or the margin is too narrow; give a wider one, or leave out margin"
        )
    shape = replace(shape, numbers=numbers)
    width = np.degrees(np.diff(borders))[numbers % widths.size]
    lower, upper = np.append(bins.lower, 0 * width), np.append(bins.upper, width)
    text = f"{bins.description}, the last {numbers.size} of a margin"
    lower, upper = numbered_on(lower, upper, len(bins))
    return replace(bins, shape=shape, lower=lower, upper=upper, description=text)
