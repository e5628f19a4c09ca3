"""Counts of rates per energy, solid angle and time, computed when they are needed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...maps.grid import AnyGrid
from ...maps.pixelgrid import PixelGrid
from .cubes import Array, Cube, Key
from .derived_cubes import EnergyInterpolatedCube, part_of_grid

__all__ = ["IntegratedRateCube"]

Float = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class IntegratedRateCube(Cube):
    """Counts of a rate, integrated over energy bins, solid angle and time.

    Between nodes of energy the rate is a power law; next to a node with the value 0 it is linear.

    Parameters
    ----------
    rate : Cube
        Rate in s-1 TeV-1 sr-1, (nnode, ny, nx), or (nenergy, ny, nx) without nodes.
    nodes : numpy.ndarray or None
        Energies of the planes in TeV, (nnode,). Without them, the rate is that of whole bins.
    edges : numpy.ndarray
        Edges of the bins in TeV, (nenergy + 1,).
    grid : PixelGrid or HealpixGrid
        The pixels.
    livetime : float
        Live time in s.
    """

    rate: Cube
    nodes: Float | None
    edges: Float
    grid: AnyGrid
    livetime: float

    @property
    def shape(self) -> tuple[int, ...]:  # type: ignore[override]
        """Shape with the axis of bins."""
        return (self.edges.size - 1, *self.rate.shape[1:])

    @property
    def dtype(self) -> np.dtype[Any]:  # type: ignore[override]
        """Type of the counts."""
        return np.dtype(float)

    def read_block(self, key: Key) -> Array:
        """Return the counts for a slice or an array of indices along each axis."""
        per_angle = self._per_angle(key)
        part = part_of_grid(self.grid, key[1:])
        if isinstance(part, PixelGrid):
            area: Any = part.solid_angle(part.x, part.y[:, None])
        else:
            area = part.cell_solid_angle
        return np.asarray(per_angle * area * self.livetime)

    def _per_angle(self, key: Key) -> Float:
        """Return the rates integrated over the bins."""
        if self.nodes is None:
            width = np.diff(self.edges)[key[0]]
            return np.asarray(self.rate.read_block(key) * width[:, None, None], dtype=np.float64)
        inner = self.nodes[(self.nodes > self.edges[0]) & (self.nodes < self.edges[-1])]
        ends = np.union1d(self.edges, inner)
        at_ends = EnergyInterpolatedCube(self.rate, self.nodes, ends)
        values = at_ends.read_block((slice(None), *key[1:])).astype(np.float64)
        first = np.searchsorted(ends, self.edges[:-1])
        integrals = np.add.reduceat(_segment_integrals(ends, values), first, axis=0)
        return np.asarray(integrals[key[0]])


def _segment_integrals(energy: Float, values: Float) -> Float:
    """Integrate between neighbouring energies: power laws, or straight lines next to a 0."""
    low, high = values[:-1], values[1:]
    step = np.diff(energy)[:, None, None]
    log = np.log(energy[1:] / energy[:-1])[:, None, None]
    positive = (low > 0) & (high > 0)
    with np.errstate(invalid="ignore"):
        ratio = np.divide(high, low, out=np.ones_like(low), where=positive)
    power = np.log(ratio) + log  # (index + 1) times the logarithm of the ratio of energies
    growth = np.divide(np.expm1(power), power, out=np.ones_like(power), where=power != 0)
    power_law = low * energy[:-1, None, None] * log * growth
    return np.where(positive, power_law, (low + high) / 2 * step)
