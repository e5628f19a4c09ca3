"""Cubes worked out from other cubes: joined, repeated, interpolated."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, reduce
from typing import Any

import numpy as np
from astropy.wcs import WCS
from numpy.typing import NDArray

from ...maps.pixelgrid import PixelGrid, whole_numbers
from ...maps.regrid import interpolate_to
from ...spectrum.loglog import log_log, node_below
from .cubes import Array, Cube, Key

__all__ = ["EnergyInterpolated", "Joined", "Regridded", "Repeated"]

Float = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Joined(Cube):
    """Cubes of one shape, changed and joined element by element.

    Parameters
    ----------
    parts : tuple of Cube
        At least one.
    dtype : numpy.dtype
        Type of the result.
    change : callable
        Of a block's values.
    join : callable, optional
        Of the changed values of two parts, such as `numpy.add`.
    """

    parts: tuple[Cube, ...]
    dtype: np.dtype[Any]
    change: Callable[[Array], Array]
    join: Callable[[Array, Array], Array] = np.add

    @property
    def shape(self) -> tuple[int, ...]:  # type: ignore[override]
        """Shape of each part."""
        return self.parts[0].shape

    def block(self, key: Key) -> Array:
        """Values of slices or indices, one for each axis."""
        found = reduce(self.join, (self.change(part.block(key)) for part in self.parts))
        return found.astype(self.dtype, copy=False)


@dataclass(frozen=True, eq=False)
class Repeated(Cube):
    """A plane (ny, nx) at every energy."""

    plane: Cube
    times: int

    @property
    def shape(self) -> tuple[int, ...]:  # type: ignore[override]
        """Shape with the energies."""
        return (self.times, *self.plane.shape)

    @property
    def dtype(self) -> np.dtype[Any]:  # type: ignore[override]
        """Type of the plane."""
        return self.plane.dtype

    def block(self, key: Key) -> Array:
        """Values of slices or indices, one for each axis."""
        values = self.plane.block(key[1:])
        rows = np.arange(self.times)[key[0]].size
        return np.broadcast_to(values, (rows, *values.shape))


@dataclass(frozen=True, eq=False)
class Regridded(Cube):
    """A cube interpolated to other pixels, NaN where it has none.

    Parameters
    ----------
    cube : Cube
        (n, ny, nx); it is read whole at the energies that are asked for.
    wcs, target : astropy.wcs.WCS
        Celestial, of the cube and of the pixels wanted.
    pixels : tuple of int
        Rows and columns wanted.
    """

    cube: Cube
    wcs: WCS
    target: WCS
    pixels: tuple[int, int]

    @property
    def shape(self) -> tuple[int, ...]:  # type: ignore[override]
        """Shape on the pixels wanted."""
        return (self.cube.shape[0], *self.pixels)

    @property
    def dtype(self) -> np.dtype[Any]:  # type: ignore[override]
        """Type of the values, of floats."""
        return self.cube.dtype if self.cube.dtype.kind == "f" else np.dtype(float)

    @cached_property
    def _source(self) -> PixelGrid:
        rows, columns = self.cube.shape[-2:]
        return PixelGrid(self.wcs, whole_numbers(columns), whole_numbers(rows))

    def block(self, key: Key) -> Array:
        """Values of slices or indices, one for each axis."""
        y, x = (whole_numbers(n)[k] for n, k in zip(self.pixels, key[1:], strict=True))
        values = self.cube.block((key[0], slice(None), slice(None)))
        if not (len(values) and y.size and x.size):
            return np.empty((len(values), y.size, x.size), self.dtype)
        return interpolate_to(values, self._source, PixelGrid(self.target, x, y))


@dataclass(frozen=True, eq=False)
class EnergyInterpolated(Cube):
    """A cube at other energies: log-log between its nodes, and so beyond the outer ones.

    Next to a node where it is 0 it is linear in log energy.

    Parameters
    ----------
    cube : Cube
        (nnode, ny, nx).
    nodes, energies : numpy.ndarray
        Energies of its planes and those wanted, in one unit.
    """

    cube: Cube
    nodes: Float
    energies: Float

    @property
    def shape(self) -> tuple[int, ...]:  # type: ignore[override]
        """Shape at the energies wanted."""
        return (self.energies.size, *self.cube.shape[1:])

    @property
    def dtype(self) -> np.dtype[Any]:  # type: ignore[override]
        """Type of the values, of floats."""
        return self.cube.dtype if self.cube.dtype.kind == "f" else np.dtype(float)

    def block(self, key: Key) -> Array:
        """Values of slices or indices, one for each axis."""
        energy = self.energies[key[0]]
        left, share = node_below(self.nodes, energy)
        right = np.minimum(left + 1, self.nodes.size - 1)
        low, high = (self.cube.block((i, *key[1:])).astype(float) for i in (left, right))
        return log_log(low, high, share[:, None, None]).astype(self.dtype, copy=False)
