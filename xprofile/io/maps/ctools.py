"""What ctools writes in ways of its own: weights of counts, and background rates at nodes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from astropy.wcs import WCS
from numpy.typing import NDArray

from ...maps.pixelgrid import PixelGrid, whole_numbers
from ..fits.cubes import Array, Cube, Key
from ..fits.derived_cubes import EnergyInterpolated

__all__ = ["RATE_UNIT", "WEIGHTS", "CountsOfRate"]

Float = NDArray[np.float64]

WEIGHTS = "WEIGHTS"  # image beside the counts: the share of each fine bin that was selected

RATE_UNIT = "s-1 MeV-1 sr-1"  # of ctbkgcube, which writes none


@dataclass(frozen=True, eq=False)
class CountsOfRate(Cube):
    """Background counts of a rate that is known at nodes of energy.

    Parameters
    ----------
    rate : Cube
        Per second, TeV and sr, (nnode, ny, nx).
    nodes, edges : numpy.ndarray
        Energies in TeV of the planes, (nnode,), and of the bins, (nenergy + 1,).
    wcs : astropy.wcs.WCS
        Celestial.
    livetime : float
        In s.
    """

    rate: Cube
    nodes: Float
    edges: Float
    wcs: WCS
    livetime: float

    @property
    def shape(self) -> tuple[int, ...]:  # type: ignore[override]
        """Shape with the bins."""
        return (self.edges.size - 1, *self.rate.shape[1:])

    @property
    def dtype(self) -> np.dtype[Any]:  # type: ignore[override]
        """Type of the counts."""
        return np.dtype(float)

    def block(self, key: Key) -> Array:
        """Counts of slices or indices, one for each axis."""
        inner = self.nodes[(self.nodes > self.edges[0]) & (self.nodes < self.edges[-1])]
        ends = np.union1d(self.edges, inner)
        values = EnergyInterpolated(self.rate, self.nodes, ends).block((slice(None), *key[1:]))
        first = np.searchsorted(ends, self.edges[:-1])
        per_angle = np.add.reduceat(_segments(ends, values.astype(float)), first, axis=0)
        y, x = (whole_numbers(n)[k] for n, k in zip(self.shape[1:], key[1:], strict=True))
        area = PixelGrid(self.wcs, x, y).solid_angle(x, y[:, None])
        return np.asarray(per_angle[key[0]] * area * self.livetime)


def _segments(energy: Float, values: Float) -> Float:
    """Integrals between neighbouring energies: of power laws, or straight lines next to a 0."""
    low, high = values[:-1], values[1:]
    step = np.diff(energy)[:, None, None]
    log = np.log(energy[1:] / energy[:-1])[:, None, None]
    whole = (low > 0) & (high > 0)
    with np.errstate(invalid="ignore"):
        ratio = np.divide(high, low, out=np.ones_like(low), where=whole)
    power = np.log(ratio) + log  # (index + 1) times the logarithm of the energies' ratio
    growth = np.divide(np.expm1(power), power, out=np.ones_like(power), where=power != 0)
    return np.where(whole, low * energy[:-1, None, None] * log * growth, (low + high) / 2 * step)
