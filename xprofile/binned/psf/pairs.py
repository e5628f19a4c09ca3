"""Photons that go from pixel to pixel, for each pair of pixels within the reach.

This is right on any projection, at poles and at seams. Photons that go far have the density of the
point spread function at the true angle, averaged over the receiving pixel. Those that stay near are
followed one by one.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from .photons import CORE, near_shares, pixel_sides
from .point_spread import PointSpread
from .receivers import Receivers
from .subpixels import separations, subpixels, zones

__all__ = ["received_from_places"]

Float = NDArray[np.float64]

# Density of photons that are followed, in parts of that for kernels. Shares are right to 1e-3 of
# the largest, and those of bins better. Ten times smaller, to 20 %; at 1, pairs take half as long
# again.
_DENSITY = 0.8

# Most numbers in one array of pairs and energies: 32 MB. A technical size.
_BLOCK = 4_000_000


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
    sides = np.stack(_known_sides(receivers, pixels))
    cores = CORE * sides.max(axis=0)
    followed = np.array([not spread.is_smooth(*pair) for pair in sides.T.tolist()])
    followed |= _near_cut_pixels(receivers, vectors, cores)
    for block in _blocks(vectors.shape[1], receivers.pixel.size * emitted.shape[0]):
        places, core = vectors[:, block], (cores[block], followed[block])
        _add_far(received, receivers, spread, places, emitted[:, block], core)
    for i in np.flatnonzero(followed).tolist():
        shares = _near(receivers, spread, vectors[:, i], float(pixels[0][i]), sides[:, i])
        received[:, shares[0]] += emitted[:, i, None] * shares[1]
    return received


def _known_sides(receivers: Receivers, pixels: tuple[Float, Float]) -> tuple[Float, Float]:
    """Sides in rad of the pixels at some places, or the size of a pixel where they have none."""
    usual = np.radians(receivers.grid.pixel_size)
    width, height = (
        np.where(np.isfinite(side) & (side > 0), side, usual)
        for side in pixel_sides(receivers.grid, *pixels)
    )
    return width, height


def _blocks(nplace: int, size: int) -> Iterator[slice]:
    """Slices of places, for arrays of some size for each place."""
    step = max(1, _BLOCK // max(size, 1))
    for start in range(0, nplace, step):
        yield slice(start, start + step)


def _add_far(
    received: Float,
    receivers: Receivers,
    spread: PointSpread,
    vectors: Float,
    emitted: Float,
    core: tuple[Float, NDArray[np.bool_]],
) -> None:
    """Add the photons of places that are not followed: those beyond cores, or all."""
    grid, cores, followed = receivers.grid, core[0][:, None], core[1][:, None]
    angle = separations(vectors[:, :, None], receivers.vectors[:, None])
    for order, wanted in zones(angle, cores, float(spread.reach.max()), followed):
        columns = np.flatnonzero(wanted.any(axis=0))
        far = wanted[:, columns]
        source, target = np.nonzero(far)
        total = np.zeros((spread.nenergy, source.size))
        x, y = receivers.x[columns], receivers.y[columns]
        for area, positions in subpixels(grid, x, y, order):
            separation = separations(vectors[:, source], positions[:, target])
            total += area[target] * spread.density_at(separation)
        shares = np.zeros((spread.nenergy, *far.shape))
        shares[:, far] = total
        shares = np.broadcast_to(shares, (emitted.shape[0], *far.shape))
        received[:, columns] += np.einsum("ep,epq->eq", emitted, shares)


def _near_cut_pixels(receivers: Receivers, vectors: Float, cores: Float) -> NDArray[np.bool_]:
    """Whether places (nplace,) have receivers in their cores that are partly off the sky."""
    x, y = receivers.x, receivers.y
    whole = [receivers.grid.canonical(x + a, y + b) for a in (-0.5, 0.5) for b in (-0.5, 0.5)]
    cut = receivers.vectors[:, ~np.all(whole, axis=0)]
    found = np.zeros(vectors.shape[1], dtype=bool)
    for block in _blocks(vectors.shape[1], cut.shape[1]):
        angle = separations(vectors[:, block, None], cut[:, None])
        found[block] = (angle <= cores[block, None]).any(axis=1)
    return found


def _near(
    receivers: Receivers, spread: PointSpread, vector: Float, x: float, sides: Float
) -> tuple[NDArray[np.intp], Float]:
    """Receivers (n,) in the core of a place, and the shares (nenergy, n) that land in them."""
    size, grid = receivers.pixel.size, receivers.grid
    if not grid.whole_turn:  # the columns of the map, rather than those a turn away
        x = float(grid.x[0] + grid.x[-1]) / 2
    pair = float(sides[0]), float(sides[1])
    found, shares = near_shares(grid, spread, (vector, x), pair, receivers.find, size, _DENSITY)
    near = separations(vector[:, None], receivers.vectors[:, found]) <= CORE * sides.max()
    return found[near], shares[:, near]
