"""Photons that go from pixel to pixel, for each pair of pixels within the reach.

This is right on any projection, at poles and at seams. Photons that go far have the density of the
point spread function at the true angle, averaged over the receiving pixel. Those that stay near are
integrated exactly.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from .photons import CORE, pixel_sides
from .point_spread import PointSpread
from .receivers import Receivers
from .subpixels import separations, subpixels, zones

__all__ = ["received_from_places"]

Float = NDArray[np.float64]
Int = NDArray[np.intp]

# Most numbers in one array of pairs and energies: 32 MB. A technical size.
_BLOCK = 4_000_000

# Largest angle in rad, about 52 deg, at which pixels that the rim of the sky cuts are integrated
# along their outlines. Beyond 60 deg these have no plane; at a tenth, shares of wide functions at
# the rim would be as wrong as the parts of pixels that are off the sky are large.
_PLANE = 0.9


@dataclass(frozen=True, eq=False)
class _Places:
    """Places that send photons.

    Unit vectors (3, nplace), angles in rad within which pixels get exact shares (nplace,), whether
    these are needed (nplace,), and the photons that each emits (nenergy, nplace).
    """

    vectors: Float
    cores: Float
    followed: NDArray[np.bool_]
    emitted: Float

    def take(self, some: slice) -> _Places:
        """Keep some places."""
        vectors, emitted = self.vectors[:, some], self.emitted[:, some]
        return _Places(vectors, self.cores[some], self.followed[some], emitted)


def received_from_places(
    receivers: Receivers,
    spread: PointSpread,
    vectors: Float,
    pixels: tuple[Float, Float],
    emitted: Float,
) -> Float:
    """Sum the photons that receivers get from some places.

    Parameters
    ----------
    receivers : Receivers
        The receiving pixels.
    spread : PointSpread
        With one position, and one energy or as many as `emitted`.
    vectors : numpy.ndarray
        Unit vectors (3, nplace).
    pixels : tuple of numpy.ndarray
        Pixel positions x and y (nplace,) of the places.
    emitted : numpy.ndarray
        Photons that each place emits, (nenergy, nplace).

    Returns
    -------
    numpy.ndarray
        Photons in each receiver, (nenergy, nreceiver).
    """
    received = np.zeros((emitted.shape[0], receivers.pixel.size))
    usual = np.radians(receivers.grid.pixel_size)  # of places off the sky of the map
    sides = np.stack(pixel_sides(receivers.grid, *pixels))
    sides = np.where(np.isfinite(sides) & (sides > 0), sides, usual)
    followed = np.array([not spread.is_smooth(*pair) for pair in sides.T.tolist()], dtype=bool)
    places = _Places(vectors, CORE * sides.max(axis=0), followed, emitted)
    for some, pairs in _pairs(receivers, places, float(spread.reach.max())):
        _add(received, receivers, spread, places.take(some), pairs)
    return received


def _pairs(
    receivers: Receivers, places: _Places, reach: float
) -> Iterator[tuple[slice, tuple[Int, Int]]]:
    """Yield some places, and the indices of those and of receivers within the reach."""
    nplace, nreceiver = places.cores.size, receivers.pixel.size
    most = max(1, _BLOCK // places.emitted.shape[0])
    if nplace * nreceiver <= most:
        source, target = np.divmod(np.arange(nplace * nreceiver), nreceiver)
        yield slice(nplace), (source, target)
        return
    farthest = min(reach + float(places.cores.max()), np.pi)
    radius = 2 * np.sin(farthest / 2) * (1 + 1e-9)  # a chord
    vectors = places.vectors.T
    number = receivers.tree.query_ball_point(vectors, radius, return_length=True)
    block = np.cumsum(number) // most
    for places_of_block in np.split(np.arange(nplace), np.flatnonzero(np.diff(block)) + 1):
        some = slice(places_of_block[0], places_of_block[-1] + 1)
        tree = cKDTree(vectors[some])
        found = tree.sparse_distance_matrix(receivers.tree, radius, output_type="ndarray")
        yield some, (found["i"].astype(np.intp), found["j"].astype(np.intp))


def _add(
    received: Float,
    receivers: Receivers,
    spread: PointSpread,
    places: _Places,
    pairs: tuple[Int, Int],
) -> None:
    """Add the photons of some places that land in receivers."""
    source, target = pairs
    angle = separations(places.vectors[:, source], receivers.vectors[:, target])
    reach, core = float(spread.reach.max()), places.cores[source]
    followed, is_cut = places.followed[source], receivers.is_cut[target]
    near = followed & (angle <= core)
    near |= is_cut & (angle <= min(reach + core.max(initial=0.0), _PLANE))
    parts = []
    if near.any():
        some = source[near], target[near]
        parts.append((near, receivers.outlines.shares(spread, places.vectors, some)))
    beyond = np.where(near, np.inf, angle)
    for order, wanted in zones(beyond, core, reach, followed, spread.ends):
        some = source[wanted], target[wanted]
        parts.append((wanted, _sums(receivers, spread, places.vectors, some, order)))
    for chosen, shares in parts:
        photons = places.emitted[:, source[chosen]] * shares
        for row, seen in zip(received, photons, strict=True):
            row += np.bincount(target[chosen], seen, row.size)


def _sums(
    receivers: Receivers, spread: PointSpread, vectors: Float, pairs: tuple[Int, Int], order: int
) -> Float:
    """Sum the density over positions in the receivers of pairs, (nenergy, npair)."""
    source, target = pairs
    total = np.zeros((spread.nenergy, source.size))
    columns, index = np.unique(target, return_inverse=True)
    x, y, places = receivers.x[columns], receivers.y[columns], vectors[:, source]
    for area, positions in subpixels(receivers.grid, x, y, order):
        separation = separations(places, positions[:, index])
        total += area[index] * spread.density_at(separation)
    return total
