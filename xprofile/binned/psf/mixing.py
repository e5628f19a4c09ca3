"""Photons that go from bins to bins, or from pixels to pixels."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import eye_array

from ...maps.pixelgrid import PixelGrid
from ..members.membership import Membership
from .convolution import Convolution
from .emission import Emission
from .kernels import Window, kernel
from .lattice import Lattice, Limits
from .pairs import received_from_places
from .point_spread import PointSpread
from .receivers import Receivers

__all__ = ["mix", "spread_pixels"]

Float = NDArray[np.float64]
Int = NDArray[np.intp]

# Largest ratio of the reaches of energies that are calculated together. Ten times larger, narrow
# point spread functions take as long as the widest; ten times smaller, each energy needs its own
# search for places.
_SAME_REACH = 1.5

# Most numbers in the kernels of some energies: 32 MB. A technical size.
_MOST = 4_000_000


def mix(
    grid: PixelGrid,
    sources: Membership,
    receivers: Membership,
    used: NDArray[np.bool_],
    exposure: Float,
    spreads: PointSpread,
    *,
    position: Int | None = None,
) -> Float:
    """Spread the signal of each bin by the point spread function, and sum it over all bins.

    Photons start at the centres of pixels. They are counted wherever in a pixel they arrive.

    Parameters
    ----------
    grid : PixelGrid
        The pixels of the map.
    sources : Membership
        Pixels of the bins that emit; each bin has even brightness.
    receivers : Membership
        Pixels of the bins that receive.
    used : numpy.ndarray of bool
        Whether each pair of `receivers` is used with each mask, (nmask, npair of receivers).
    exposure : numpy.ndarray
        Exposure of each pair of `sources` at each true energy, (ntrue, npair of sources).
    spreads : PointSpread
        With one energy, for all true energies, or with ntrue of them.
    position : numpy.ndarray of int, optional
        Position of `spreads` that counts for each pair of `sources`; by default the first one.

    Returns
    -------
    numpy.ndarray
        Shares (ntrue, nsource, nreceiver, nmask) of the exposure-weighted signal of one bin that
        is seen in the used pixels of another. A bin without exposure at an energy is weighted with
        solid angle alone. 0 for bins without pixels.
    """
    targets = Receivers.from_members(grid, receivers, used)
    result = np.zeros((exposure.shape[0], sources.nbin, *targets.shape))
    if not sources.pixel.size or not targets.pixel.size:
        return result
    emission = Emission.from_members(grid, sources, exposure)
    for number, energies, seen in _seen_parts(targets, emission, spreads, position):
        result[energies, number] += seen.T.reshape(-1, *targets.shape)
    return result


def spread_pixels(
    targets: PixelGrid,
    pixels: tuple[Float, Float],
    emitted: Float,
    spreads: PointSpread,
    *,
    position: Int | None = None,
) -> Float:
    """Spread the photons of pixels by the point spread function over the pixels of a map.

    Photons start at the centres of pixels. They are counted wherever in a pixel they arrive.

    Parameters
    ----------
    targets : PixelGrid
        The pixels that receive photons.
    pixels : tuple of numpy.ndarray
        Pixel numbers x and y (npixel,) of those that emit, each pixel once. They may be off the
        map, but not off the sky.
    emitted : numpy.ndarray
        Photons that each of them emits at each energy, (nenergy, npixel).
    spreads : PointSpread
        With one energy, for all energies, or with nenergy of them.
    position : numpy.ndarray of int, optional
        Position of `spreads` that counts for each pixel; by default the first one.

    Returns
    -------
    numpy.ndarray
        Photons (nenergy, ny, nx) in the pixels of `targets`.
    """
    size = targets.x.size * targets.y.size
    every = Receivers(targets, np.arange(size), eye_array(size, format="csr"), (size, 1))
    received = np.zeros((emitted.shape[0], size))
    if pixels[0].size:
        emission = Emission(np.zeros(pixels[0].size, np.intp), *pixels, emitted)
        for _, energies, seen in _seen_parts(every, emission, spreads, position):
            received[energies] += seen.T
    return received.reshape(-1, *targets.shape)


def _seen_parts(
    targets: Receivers, emission: Emission, spreads: PointSpread, position: Int | None
) -> Iterator[tuple[int, Int, Float]]:
    """Yield a bin that emits, some energies, and a part (nreceiver * nmask, nenergy) of it."""
    if position is None:
        position = np.zeros(emission.x.size, dtype=np.intp)
    for place in np.unique(position).tolist():
        here, spread = emission.take(position == place), spreads.at(place)
        for energies in _groups(spread.reach[0], emission.emitted.shape[0]):
            part = spread if spread.nenergy == 1 else spread.take(energies)
            for number, some, seen in _mix(targets, here.at(energies), part):
                yield number, energies[some], seen


def _groups(reach: Float, ntrue: int) -> Iterator[Int]:
    """Energies that are calculated together, as their point spread functions reach as far."""
    if reach.size == 1:
        yield np.arange(ntrue)
        return
    order = np.argsort(reach, kind="stable")
    while order.size:
        same = reach[order] <= _SAME_REACH * reach[order[0]]
        yield np.sort(order[same])
        order = order[~same]


def _mix(
    targets: Receivers, emission: Emission, spread: PointSpread
) -> Iterator[tuple[int, Int, Float]]:
    """Yield a bin that emits, some energies, and a part of what is seen of it.

    Parts have the shape (nreceiver * nmask, nenergy).
    """
    grid = targets.grid
    lattice = Lattice(grid, emission.x, emission.y, _limits(targets, emission, spread))
    places, others = lattice.places()
    for (x, y), (pixels, weight) in places.items():
        served = emission.take(pixels).weighted(weight)
        window = lattice.window(x, y)
        for energies, part in _energy_blocks(spread, window, emission.emitted.shape[0]):
            convolution = Convolution(targets, kernel(grid, part, x, y, window), window)
            for number, source in served.at(energies).by_bin():
                column, row = source.x.astype(np.intp), source.y.astype(np.intp)
                yield number, energies, convolution.sum_over_bins(column, row, source.emitted)
    every = np.arange(emission.emitted.shape[0])
    for number, source in emission.take(others).by_bin():
        pixels_xy = source.x, source.y
        vectors = grid.vectors(*pixels_xy)
        received = received_from_places(targets, spread, vectors, pixels_xy, source.emitted)
        yield number, every, targets.sums @ received.T


def _energy_blocks(
    spread: PointSpread, window: Window, nenergy: int
) -> Iterator[tuple[Int, PointSpread]]:
    """Divide energies into blocks, so that kernels are not too large."""
    if spread.nenergy == 1:
        yield np.arange(nenergy), spread
        return
    step = max(1, _MOST // ((2 * window.x + 1) * (2 * window.y + 1)))
    for start in range(0, nenergy, step):
        energies = np.arange(start, min(start + step, nenergy))
        yield energies, spread if energies.size == nenergy else spread.take(energies)


def _limits(targets: Receivers, emission: Emission, spread: PointSpread) -> Limits:
    """How far photons have to be followed: as far as the point spread function or the bins go."""
    most = [
        int(max(last - numbers.min(), numbers.max() - first, 0))
        for numbers, (first, last) in zip((emission.x, emission.y), targets.ends, strict=True)
    ]
    return Limits(float(spread.reach.max()), most[0], most[1], spread.steepness)
