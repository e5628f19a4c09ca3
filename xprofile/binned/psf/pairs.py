"""Photons that go from pixel to pixel, for each pair of pixels within the reach.

This is right on any projection, at poles and at seams. Photons that go far have the density of the
point spread function at the true angle, averaged over the receiving pixel. Those that stay near are
integrated exactly.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.spatial import cKDTree

from ...exceptions import TooLargeError
from .photons import CORE
from .point_spread import PointSpread
from .receivers import AnyReceivers, Receivers
from .subpixels import CELL_ZONES, separations, sum_over_subpixels, zones

__all__ = ["shares_of_places"]

Float = NDArray[np.float64]
Int = NDArray[np.intp]

# Most numbers in one array of pairs and energies: 32 MB. A technical size.
_BLOCK = 4_000_000

# Most pairs of cells of HEALPix, which take an hour. Ten times more would look like a program that
# hangs; ten times fewer would refuse what takes minutes.
_MOST_PAIRS = 1e10

# Most positions in pixels in one array. A technical size.
_POSITIONS = 400_000

# Largest angle in rad, about 52 deg, at which pixels that the rim of the sky cuts are integrated
# along their outlines. Beyond 60 deg these have no plane; at a tenth, shares of wide functions at
# the rim would be as wrong as the parts of pixels that are off the sky are large.
_PLANE = 0.9


@dataclass(frozen=True, eq=False)
class _Places:
    """Places that send photons.

    Unit vectors (3, nplace), pixel positions x and y (nplace,), angles in rad within which pixels
    get exact shares (nplace,), and whether these are needed (nplace,).
    """

    vectors: Float
    pixels: tuple[Float, Float]
    cores: Float
    followed: NDArray[np.bool_]


def shares_of_places(
    receivers: AnyReceivers, spread: PointSpread, vectors: Float, pixels: tuple[Float, Float]
) -> Iterator[tuple[slice, list[Any]]]:
    """Yield some places, and the shares of their photons that the bins of receivers get.

    Parameters
    ----------
    receivers : AnyReceivers
        The receiving pixels.
    spread : PointSpread
        With one position.
    vectors : numpy.ndarray
        Unit vectors (3, nplace).
    pixels : tuple of numpy.ndarray
        Pixel positions x and y (nplace,) of the places.

    Yields
    ------
    places : slice
        Some of the places.
    shares : list of scipy.sparse.csr_array
        For each energy of `spread`, shares (number of these places, nbin * nmask).
    """
    sides = receivers.sides(*pixels)
    distinct, index = np.unique(sides, axis=1, return_inverse=True)
    rough = np.array([not spread.is_smooth(*pair) for pair in distinct.T.tolist()], dtype=bool)
    followed = rough[index.reshape(-1)]
    places = _Places(vectors, pixels, CORE * sides.max(axis=0), followed)
    sums = receivers.column_sums.T
    if not isinstance(receivers, Receivers):
        _check_number(receivers, places, spread)
    for some, (source, target) in _pairs(receivers, places, spread):
        reached, shares = _shares(receivers, spread, places, (source, target))
        order = np.argsort(source[reached], kind="stable")
        reached, shares = reached[order], shares[:, order]
        number = some.stop - some.start
        start = np.searchsorted(source[reached], np.arange(some.start, some.stop + 1))
        starts = start[:-1] + reached.size * np.arange(spread.nenergy)[:, None]
        column = np.tile(target[reached], spread.nenergy)
        every = shares.ravel(), column, np.append(starts, column.size)
        seen = csr_array(every, shape=(starts.size, receivers.pixel.size)) @ sums
        yield some, [seen[n : n + number] for n in range(0, starts.size, number)]


def _check_number(receivers: AnyReceivers, places: _Places, spread: PointSpread) -> None:
    """Raise if there are so many pairs that they would take hours."""
    reach = min(float(spread.reach.max()) + float(places.cores.max(initial=0.0)), np.pi)
    area = float(receivers.sides(np.zeros(1), np.zeros(1)).prod())
    near = 2 * np.pi * (1 - np.cos(reach)) / area
    number = places.cores.size * min(receivers.pixel.size, near)
    if number > _MOST_PAIRS:
        raise TooLargeError(
            f"the PSF carries photons over {np.degrees(reach):.3g} deg, between {number:.2g} pairs "
            "of HEALPix cells, which would take hours; make the cells larger with "
            "maps.profile.coarsen, take fewer bins or a part of the sky by maps.profile.cutout, or "
            "leave the PSF out by psf=False"
        )


def _pairs(
    receivers: AnyReceivers, places: _Places, spread: PointSpread
) -> Iterator[tuple[slice, tuple[Int, Int]]]:
    """Yield some places, and the indices of those and of receivers within the reach."""
    nplace, nreceiver = places.cores.size, receivers.pixel.size
    most = max(1, _BLOCK // spread.nenergy)
    if nplace * nreceiver <= most:
        source, target = np.divmod(np.arange(nplace * nreceiver), nreceiver)
        yield slice(0, nplace), (source, target)
        return
    farthest = min(float(spread.reach.max()) + float(places.cores.max()), np.pi)
    radius = 2 * np.sin(farthest / 2) * (1 + 1e-9)  # a chord
    vectors = places.vectors.T
    number = receivers.tree.query_ball_point(vectors, radius, return_length=True)
    block = np.cumsum(number) // most
    for places_of_block in np.split(np.arange(nplace), np.flatnonzero(np.diff(block)) + 1):
        some = slice(int(places_of_block[0]), int(places_of_block[-1]) + 1)
        tree = cKDTree(vectors[some])
        found = tree.sparse_distance_matrix(receivers.tree, radius, output_type="ndarray")
        yield some, (found["i"].astype(np.intp) + some.start, found["j"].astype(np.intp))


def _shares(
    receivers: AnyReceivers, spread: PointSpread, places: _Places, pairs: tuple[Int, Int]
) -> tuple[Int, Float]:
    """Indices of pairs within the reach, and the shares (nenergy, n) of photons that they are."""
    source, target = pairs
    angle = separations(places.vectors[:, source], receivers.vectors[:, target])
    reach, core = float(spread.reach.max()), places.cores[source]
    followed, is_cut = places.followed[source], receivers.is_cut[target]
    near = followed & (angle <= core)
    near |= is_cut & (angle <= min(reach + core.max(initial=0.0), _PLANE))
    chosen = np.flatnonzero(near)
    parts = [(chosen, _near(receivers, spread, places.vectors, _at(pairs, chosen)))]
    beyond = np.where(near, np.inf, angle)
    orders = {} if isinstance(receivers, Receivers) else {"orders": CELL_ZONES}
    for order, wanted in zones(beyond, core, reach, followed, spread.ends, **orders):
        chosen = np.flatnonzero(wanted)
        step = max(1, _POSITIONS // order**2)
        for start in range(0, chosen.size, step):
            some = chosen[start : start + step]
            parts.append((some, _sums(receivers, spread, places, _at(pairs, some), order)))
    return np.concatenate([p for p, _ in parts]), np.concatenate([s for _, s in parts], axis=1)


def _near(
    receivers: AnyReceivers, spread: PointSpread, vectors: Float, pairs: tuple[Int, Int]
) -> Float:
    """Shares of photons by integrals along the outlines of receivers, (nenergy, npair)."""
    found, index = np.unique(pairs[1], return_inverse=True)
    return receivers.outlines(found).shares(spread, vectors, (pairs[0], index.reshape(-1)))


def _at(pairs: tuple[Int, Int], some: Int) -> tuple[Int, Int]:
    """Keep some pairs."""
    return pairs[0][some], pairs[1][some]


def _sums(
    receivers: AnyReceivers,
    spread: PointSpread,
    places: _Places,
    pairs: tuple[Int, Int],
    order: int,
) -> Float:
    """Sum the density over positions in the receivers of pairs, (nenergy, npair)."""
    source, target = pairs
    on_plane = isinstance(receivers, Receivers) and receivers.grid.separable
    if isinstance(receivers, Receivers) and on_plane and places.cores.size == 1:
        (x,), (y,) = places.pixels
        offsets, place = (receivers.x[target] - x, receivers.y[target] - y), (places.vectors, x, y)
        return sum_over_subpixels(receivers.grid, spread, place, offsets, order)
    columns, index = np.unique(target, return_inverse=True)
    index = index.reshape(-1)
    area, positions = receivers.subpixels(columns, order)
    separation = separations(places.vectors[:, source, None], positions[:, index])
    return spread.sum_density(separation, area[index])
