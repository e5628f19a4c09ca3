"""Photons that go from bins to bins, or from pixels to pixels."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csc_array, eye_array

from ...maps.grid import AnyGrid
from ...maps.healpix.grid import HealpixGrid
from ...maps.pixelgrid import PixelGrid
from ..members.membership import Membership
from ..sums.sparse import sort_numbers
from .convolution import Convolution
from .emission import Emission, Light
from .healpix.cells import CellReceivers, receivers_of
from .healpix.plane import cell_numbers, cell_plane
from .kernels import Window, kernel
from .lattice import Lattice, Limits
from .pairs import shares_of_places
from .point_spread import PointSpread
from .receivers import Receivers

__all__ = ["mix", "spread_cells", "spread_pixels"]

Float = NDArray[np.float64]
Int = NDArray[np.intp]

# Largest ratio of the reaches of energies that are calculated together. Ten times larger, narrow
# point spread functions take as long as the widest; ten times smaller, each energy needs its own
# search for places.
_SAME_REACH = 1.5

# Most numbers in the kernels of some energies: 32 MB. A technical size.
_MOST = 4_000_000


def mix(
    grid: AnyGrid,
    sources: Membership,
    receivers: Membership,
    used: NDArray[np.bool_],
    exposure: Float,
    spreads: PointSpread,
    *,
    position: Int | None = None,
    light: Light | None = None,
) -> Float:
    """Spread the signal of each bin by the point spread function, and sum it over all bins.

    Photons start at the centres of pixels. They are counted wherever in a pixel they arrive.

    Parameters
    ----------
    grid : PixelGrid or HealpixGrid
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
    light : Light, optional
        Further sources, which come last in the result.

    Returns
    -------
    numpy.ndarray
        Shares (ntrue, nsource, nreceiver, nmask) of the exposure-weighted signal of one bin that
        is seen in the used pixels of another. A bin without exposure at an energy is weighted with
        solid angle alone. 0 for bins without pixels.
    """
    targets = receivers_of(grid, receivers, used)
    emission = Emission.from_members(grid, sources, exposure)
    if light is not None:
        emission = emission.join(light.emission)
    result = np.zeros((exposure.shape[0], emission.nbin, targets.sums.shape[0]))
    if sources.pixel.size and targets.pixel.size:
        like = None if light is None else light.pair
        _spread(result, targets, emission, spreads, position=position, like=like)
    return result.reshape(*result.shape[:2], *targets.shape)


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
    received = np.zeros((emitted.shape[0], 1, size))
    if pixels[0].size:
        emission = Emission(np.zeros(pixels[0].size, np.intp), *pixels, emitted, 1)
        _spread(received, every, emission, spreads, position=position)
    return received.reshape(-1, *targets.shape)


def spread_cells(
    targets: HealpixGrid,
    vectors: Float,
    emitted: Float,
    spreads: PointSpread,
    *,
    position: Int | None = None,
) -> Float:
    """Spread the photons of cells over the cells of a map, (nenergy, ncell); see `spread_pixels`.

    The cells that emit `emitted` (nenergy, n) have their centres at unit vectors (3, n).
    """
    size, plane = targets.shape[1], cell_plane(targets)
    sums = eye_array(size, format="csr")
    every = CellReceivers(targets, np.arange(size), sums, (size, 1), plane)
    received = np.zeros((emitted.shape[0], 1, size))
    if emitted.shape[1]:
        numbers = cell_numbers(plane, vectors)
        emission = Emission(np.zeros(emitted.shape[1], np.intp), *numbers, emitted, 1)
        _spread(received, every, emission, spreads, position=position)
    return received[:, 0]


def _spread(
    total: Float,
    targets: Receivers | CellReceivers,
    emission: Emission,
    spreads: PointSpread,
    *,
    position: Int | None,
    like: Int | None = None,
) -> None:
    """Add what is seen of bins to `total`, (ntrue, nsource, nreceiver * nmask).

    The first pixels of the emission choose the places of kernels. The others, at the end, have
    those of the pixels `like` (nother,).
    """
    number = emission.x.size - (0 if like is None else like.size)
    owner = np.arange(number) if like is None else np.concatenate([np.arange(number), like])
    followers = _Followers.from_owners(owner, number)
    position = np.zeros(number, dtype=np.intp) if position is None else position
    for place in np.unique(position).tolist():
        pixels, spread = np.flatnonzero(position == place), spreads.at(place)
        for energies in _groups(spread.reach[0], len(total)):
            part = spread if spread.nenergy == 1 else spread.take(energies)
            _mix(total, targets, emission, part, energies, pixels, followers)


@dataclass(frozen=True, eq=False)
class _Followers:
    """Pixels that have the kernels of others: in the order of these, and where each begins."""

    order: Int
    start: Int

    @classmethod
    def from_owners(cls, owner: Int, number: int) -> _Followers:
        """Sort pixels by the ones (npixel,) whose kernels they have."""
        return cls(*sort_numbers(owner, number))

    def of(self, pixels: Int) -> tuple[Int, Int]:
        """Pixels that have the kernels of some others, and the index in `pixels` of each."""
        number = self.start[pixels + 1] - self.start[pixels]
        index = np.repeat(np.arange(pixels.size), number)
        count = np.arange(index.size) - np.repeat(np.cumsum(number) - number, number)
        return self.order[self.start[pixels][index] + count], index


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
    total: Float,
    targets: Receivers | CellReceivers,
    emission: Emission,
    spread: PointSpread,
    energies: Int,
    pixels: Int,
    followers: _Followers,
) -> None:
    """Add what is seen of some pixels and of those that follow them, at some energies."""
    plane = targets.on_plane if isinstance(targets, CellReceivers) else targets
    grid, (every, _), emission = plane.grid, followers.of(pixels), emission.at(energies)
    x, y = emission.x[pixels], emission.y[pixels]
    lattice = Lattice(grid, x, y, _limits(plane, x, y, spread))
    places, others = lattice.places()
    limits = _limits(plane, emission.x[every], emission.y[every], spread)
    windows = replace(lattice, limits=limits)
    for (column, row), (served, weight) in places.items():
        some, index = followers.of(pixels[served])
        source = emission.take(some, weight[index])
        window = windows.window(column, row)
        for block, part in _energy_blocks(spread, window, energies.size):
            convolution = Convolution(plane, kernel(grid, part, column, row, window), window)
            convolution.add(total, energies[block], source.at(block))
    if others.size:
        _add_pairs(total, targets, emission.take(followers.of(pixels[others])[0]), spread, energies)


def _add_pairs(
    total: Float,
    targets: Receivers | CellReceivers,
    source: Emission,
    spread: PointSpread,
    energies: Int,
) -> None:
    """Add what is seen of pixels, one by one."""
    x, y, entries = source.by_pixel()
    for some, shares in shares_of_places(targets, spread, targets.place_vectors(x, y), (x, y)):
        part = entries[:, some]
        for n, energy in enumerate(energies.tolist()):
            photons = csc_array(
                (source.emitted[n, part.data], part.indices, part.indptr), shape=part.shape
            )
            seen = (photons @ shares[n if len(shares) > 1 else 0]).tocoo()
            total[energy, seen.row, seen.col] += seen.data


def _energy_blocks(
    spread: PointSpread, window: Window, nenergy: int
) -> Iterator[tuple[Int, PointSpread]]:
    """Divide energies into blocks, so that kernels are not too large."""
    if spread.nenergy == 1:
        yield np.arange(nenergy), spread
        return
    step = max(1, _MOST // ((2 * window.x + 1) * (2 * window.y + 1)))
    for start in range(0, nenergy, step):
        block = np.arange(start, min(start + step, nenergy))
        yield block, spread if block.size == nenergy else spread.take(block)


def _limits(targets: Receivers, x: Float, y: Float, spread: PointSpread) -> Limits:
    """How far photons have to be followed: as far as the point spread function or the bins go."""
    most = [
        int(max(last - numbers.min(), numbers.max() - first, 0))
        for numbers, (first, last) in zip((x, y), targets.table.ends, strict=True)
    ]
    return Limits(float(spread.reach.max()), most[0], most[1], spread.steepness)
