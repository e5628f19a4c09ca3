"""Share of the photons of a point source that is seen in each bin."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ...maps.grid import AnyGrid
from ..members.membership import Membership
from .healpix.cells import CellReceivers, receivers_of
from .pairs import shares_of_places
from .photons import pixel_positions
from .point_spread import PointSpread

__all__ = ["psf_share"]

Float = NDArray[np.float64]


def psf_share(
    grid: AnyGrid,
    source: Float,
    receivers: Membership,
    used: NDArray[np.bool_],
    spreads: PointSpread,
    *,
    position: int = 0,
) -> Float:
    """Sum the photons of a point source over the used pixels of bins.

    Parameters
    ----------
    grid : PixelGrid or HealpixGrid
        The pixels of the map.
    source : numpy.ndarray
        Unit vector (3,) to the source, in the frame of the grid.
    receivers : Membership
        Pixels of the bins.
    used : numpy.ndarray of bool
        Whether each pair of `receivers` is used with each mask, (nmask, npair).
    spreads : PointSpread
        Point spread functions of some energies.
    position : int
        Position of `spreads` that counts.

    Returns
    -------
    numpy.ndarray
        Shares (nenergy, nbin, nmask).
    """
    targets, spread = receivers_of(grid, receivers, used), spreads.at(position)
    if not targets.pixel.size:
        return np.zeros((spread.nenergy, *targets.shape))
    vectors = np.asarray(source, dtype=float).reshape(3, 1)
    if isinstance(targets, CellReceivers):
        pixels = np.zeros(1), np.zeros(1)  # the direction is enough
    else:
        pixels = pixel_positions(targets.grid, vectors, float(targets.x.mean()))
    ((_, shares),) = shares_of_places(targets, spread, vectors, pixels)
    return np.stack([row.toarray().reshape(targets.shape) for row in shares])
