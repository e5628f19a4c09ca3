"""Cubes computed from other cubes: scaled, combined, stacked, repeated or interpolated."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial, reduce
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...maps.grid import AnyGrid
from ...maps.pixelgrid import PixelGrid
from ...maps.regridding.any_grids import interpolate_to_grid
from ...spectrum.loglog import interpolate_log_log, node_below
from .cubes import Array, Cube, Key

__all__ = [
    "CombinedCube",
    "ConstantCube",
    "EnergyInterpolatedCube",
    "RegriddedCube",
    "RepeatedPlane",
    "ScaledPlanes",
    "StackedCube",
    "part_of_grid",
    "scaled_cube",
]

Float = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class CombinedCube(Cube):
    """Cubes of one shape, transformed and then combined element by element.

    Parameters
    ----------
    cubes : tuple of Cube
        At least one cube.
    dtype : numpy.dtype
        Type of the result.
    transform : callable
        Function of the values of a block.
    combine : callable, optional
        Function of the transformed values of two cubes, such as `numpy.add`.
    """

    cubes: tuple[Cube, ...]
    dtype: np.dtype[Any]
    transform: Callable[[Array], Array]
    combine: Callable[[Array, Array], Array] = np.add

    @property
    def shape(self) -> tuple[int, ...]:  # type: ignore[override]
        """Shape of each cube."""
        return self.cubes[0].shape

    def read_block(self, key: Key) -> Array:
        """Return the values for a slice or an array of indices along each axis."""
        blocks = (self.transform(cube.read_block(key)) for cube in self.cubes)
        return reduce(self.combine, blocks).astype(self.dtype, copy=False)


def scaled_cube(cube: Cube, factor: float, dtype: np.dtype[Any]) -> CombinedCube:
    """Return a cube times a factor, multiplied in the type of the result."""
    return CombinedCube((cube,), dtype, partial(_multiply, factor=factor, dtype=dtype))


def _multiply(values: Array, factor: float, dtype: np.dtype[Any]) -> Array:
    return np.asarray(np.multiply(values, factor, dtype=dtype))


@dataclass(frozen=True, eq=False)
class ScaledPlanes(Cube):
    """A cube whose planes are multiplied, each with its own factor.

    Parameters
    ----------
    cube : Cube
        Values (n, ny, nx).
    factors : numpy.ndarray
        Factor of each plane, (n,).
    """

    cube: Cube
    factors: Float

    @property
    def shape(self) -> tuple[int, ...]:  # type: ignore[override]
        """Shape of the cube."""
        return self.cube.shape

    @property
    def dtype(self) -> np.dtype[Any]:  # type: ignore[override]
        """Floating-point type of the values."""
        return self.cube.dtype if self.cube.dtype.kind == "f" else np.dtype(float)

    def read_block(self, key: Key) -> Array:
        """Return the values for a slice or an array of indices along each axis."""
        factors = self.factors[key[0]][:, None, None].astype(self.dtype)
        return np.asarray(np.multiply(self.cube.read_block(key), factors, dtype=self.dtype))


@dataclass(frozen=True, eq=False)
class StackedCube(Cube):
    """Cubes of one plane each, (1, ny, nx), as the planes of one cube.

    Parameters
    ----------
    planes : tuple of Cube
        The planes, in the order of their energies.
    """

    planes: tuple[Cube, ...]

    @property
    def shape(self) -> tuple[int, ...]:  # type: ignore[override]
        """Shape with the axis of energy."""
        return (len(self.planes), *self.planes[0].shape[1:])

    @property
    def dtype(self) -> np.dtype[Any]:  # type: ignore[override]
        """Type that holds the values of all planes."""
        return np.result_type(*(plane.dtype for plane in self.planes))

    def read_block(self, key: Key) -> Array:
        """Return the values for a slice or an array of indices along each axis."""
        wanted = np.arange(len(self.planes))[key[0]]
        blocks = [self.planes[i].read_block((slice(0, 1), *key[1:])) for i in wanted]
        if not blocks:
            return self.planes[0].read_block((slice(0, 0), *key[1:])).astype(self.dtype)
        return np.concatenate(blocks).astype(self.dtype, copy=False)


@dataclass(frozen=True, eq=False)
class ConstantCube(Cube):
    """A cube with one value everywhere.

    Parameters
    ----------
    shape : tuple of int
        Shape of the cube.
    value : float
        The value.
    """

    shape: tuple[int, ...]
    value: float

    dtype = np.dtype(float)

    def read_block(self, key: Key) -> Array:
        """Return the values for a slice or an array of indices along each axis."""
        sizes = [np.arange(size)[part].size for size, part in zip(self.shape, key, strict=True)]
        return np.full(sizes, self.value)


@dataclass(frozen=True, eq=False)
class RepeatedPlane(Cube):
    """A plane (ny, nx) that is repeated at each energy.

    Parameters
    ----------
    plane : Cube
        The plane.
    number : int
        Number of energies.
    """

    plane: Cube
    number: int

    @property
    def shape(self) -> tuple[int, ...]:  # type: ignore[override]
        """Shape with the axis of energy."""
        return (self.number, *self.plane.shape)

    @property
    def dtype(self) -> np.dtype[Any]:  # type: ignore[override]
        """Type of the plane."""
        return self.plane.dtype

    def read_block(self, key: Key) -> Array:
        """Return the values for a slice or an array of indices along each axis."""
        values = self.plane.read_block(key[1:])
        rows = np.arange(self.number)[key[0]].size
        return np.broadcast_to(values, (rows, *values.shape))


@dataclass(frozen=True, eq=False)
class RegriddedCube(Cube):
    """A cube interpolated to other pixels, NaN outside the cube.

    Parameters
    ----------
    cube : Cube
        Values (n, ny, nx). Whole planes are read at the requested energies.
    source, target : PixelGrid or HealpixGrid
        Pixels of the cube, and the new pixels.
    """

    cube: Cube
    source: AnyGrid
    target: AnyGrid

    @property
    def shape(self) -> tuple[int, ...]:  # type: ignore[override]
        """Shape on the new pixels."""
        return (self.cube.shape[0], *self.target.shape)

    @property
    def dtype(self) -> np.dtype[Any]:  # type: ignore[override]
        """Floating-point type of the values."""
        return self.cube.dtype if self.cube.dtype.kind == "f" else np.dtype(float)

    def read_block(self, key: Key) -> Array:
        """Return the values for a slice or an array of indices along each axis."""
        values = self.cube.read_block((key[0], slice(None), slice(None)))
        sizes = [np.arange(n)[k].size for n, k in zip(self.target.shape, key[1:], strict=True)]
        if not (len(values) and all(sizes)):
            return np.empty((len(values), *sizes), self.dtype)
        return interpolate_to_grid(values, self.source, part_of_grid(self.target, key[1:]))


def part_of_grid(grid: AnyGrid, key: Key) -> AnyGrid:
    """Return the pixels of a grid at a slice or an array of indices of rows and of columns."""
    if isinstance(grid, PixelGrid):
        return PixelGrid(grid.wcs, grid.x[key[1]], grid.y[key[0]])
    return replace(grid, cell_ids=np.asarray(grid.cell_ids[key[1]]))


@dataclass(frozen=True, eq=False)
class EnergyInterpolatedCube(Cube):
    """A cube at other energies: interpolated log-log between nodes, extrapolated beyond them.

    Next to a node with the value 0, the interpolation is linear in log energy.

    Parameters
    ----------
    cube : Cube
        Values (nnode, ny, nx).
    nodes, energies : numpy.ndarray
        Energies of the planes, and the new energies, in the same unit.
    """

    cube: Cube
    nodes: Float
    energies: Float

    @property
    def shape(self) -> tuple[int, ...]:  # type: ignore[override]
        """Shape at the new energies."""
        return (self.energies.size, *self.cube.shape[1:])

    @property
    def dtype(self) -> np.dtype[Any]:  # type: ignore[override]
        """Floating-point type of the values."""
        return self.cube.dtype if self.cube.dtype.kind == "f" else np.dtype(float)

    def read_block(self, key: Key) -> Array:
        """Return the values for a slice or an array of indices along each axis."""
        energy = self.energies[key[0]]
        left, share = node_below(self.nodes, energy)
        right = np.minimum(left + 1, self.nodes.size - 1)
        low, high = (self.cube.read_block((i, *key[1:])).astype(float) for i in (left, right))
        return interpolate_log_log(low, high, share[:, None, None]).astype(self.dtype, copy=False)
