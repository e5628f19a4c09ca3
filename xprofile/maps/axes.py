"""Energy and angle axes: centres and edges, made from nodes or bins."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from ..exceptions import FileFormatError
from ..schema.axes import axis_coords

__all__ = ["Axis", "add_axis", "bins_axis", "midpoints", "nodes_axis", "same_axis"]

Float = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Axis:
    """One axis that is not of the sky: centres and edges, energies in TeV and angles in degrees.

    Values are those at the centres, if they are nodes, else of the bins.
    """

    name: str
    centres: Float
    edges: Float
    at_nodes: bool = False

    @property
    def size(self) -> int:
        """Number of bins."""
        return self.centres.size

    def times(self, factor: float) -> Axis:
        """Return the axis in another unit."""
        return replace(self, centres=self.centres * factor, edges=self.edges * factor)


def nodes_axis(name: str, nodes: Float, where: str, *, log: bool = True) -> Axis:
    """Make an axis of nodes, with edges half-way between them.

    Raises
    ------
    FileFormatError
        If they do not ascend.
    """
    _check_ascent(nodes, where, positive=log)
    return Axis(name, nodes, midpoints(nodes, log=log), at_nodes=True)


def bins_axis(name: str, lower: Float, upper: Float, where: str, *, log: bool = True) -> Axis:
    """Make an axis of bins that touch.

    Raises
    ------
    FileFormatError
        If they do not, or do not ascend.
    """
    _check_ascent(lower, where, positive=log)
    edges = np.append(lower, upper[-1])
    _check_ascent(edges, where, positive=log)
    if not np.allclose(edges[1:], upper, rtol=1e-5, atol=0):
        raise FileFormatError(
            f"{where} has gaps or overlaps: bins start at {lower}, and end at {upper}"
        )
    return Axis(name, np.sqrt(edges[1:] * edges[:-1]) if log else _means(edges), edges)


def _check_ascent(values: Float, where: str, *, positive: bool) -> None:
    fine = np.isfinite(values).all() and np.all(np.diff(values) > 0)
    if not fine or (positive and values[0] <= 0):
        kind = "positive and finite values" if positive else "finite values"
        raise FileFormatError(f"{where} does not ascend in {kind}: found {values}")


def _means(edges: Float) -> Float:
    return np.asarray((edges[1:] + edges[:-1]) / 2)


def midpoints(centres: Float, *, log: bool) -> Float:
    """Edges half-way between nodes, the outer ones as far out as the next ones are in."""
    x = np.log(centres) if log else centres
    if x.size == 1:
        return np.array([centres[0] * 0.5, centres[0] * 2.0]) if log else np.array([x[0], x[0]])
    middle = _means(x)
    edges = np.concatenate([[2 * x[0] - middle[0]], middle, [2 * x[-1] - middle[-1]]])
    return np.exp(edges) if log else edges


def same_axis(known: np.ndarray, centres: np.ndarray) -> bool:
    """Whether two axes have the same centres, to the digits of single precision."""
    return known.size == centres.size and np.allclose(known, centres, rtol=1e-5, atol=0)


def add_axis(maps: xr.Dataset, axis: Axis, where: str, energy_unit: str) -> xr.Dataset:
    """Assign the coordinates of an axis, or see that it is the one the maps have already."""
    if axis.name not in maps.coords:
        coords = axis_coords(axis.name, axis.centres, axis.edges[:-1], axis.edges[1:])
        for coord in coords.values():
            coord.attrs["units"] = energy_unit
        return maps.assign_coords(coords)
    known = maps.coords[axis.name].to_numpy()
    if not same_axis(known, axis.centres):
        raise FileFormatError(
            f"{where} has {axis.name} {axis.centres} {energy_unit}, the maps before it {known}; "
            "all maps need the same energies"
        )
    return maps
