"""Energy and angle axes of maps: centres and edges, from the nodes or the bins of a file."""

from __future__ import annotations

from dataclasses import dataclass, replace

import astropy.units as u
import numpy as np
import xarray as xr
from numpy.typing import NDArray

from ..exceptions import FileFormatError
from ..schema.axes import axis_coords
from ..schema.names import high, low
from ..schema.number_checks import check_ascending

__all__ = [
    "Axis",
    "add_axis",
    "bins_axis",
    "midpoints",
    "nodes_axis",
    "same_axis",
    "same_energies",
]

Float = NDArray[np.float64]

# Relative difference up to which two energies or angles are the same. Files store them in single
# precision (6e-8) or as text of six digits (1e-6), and in other units. Ten times larger, the edges
# of energy bins narrower than 1e-4 could be taken for each other; ten times smaller, axes that were
# written with six digits would not fit together.
_SAME = 1e-5


@dataclass(frozen=True, eq=False)
class Axis:
    """One axis of maps that is not on the sky, of energies or angles, in a unit.

    Parameters
    ----------
    name : str
        Name of the dimension.
    centres, edges : numpy.ndarray
        Centres (n,) and edges (n + 1,) of the bins.
    unit : str
        Unit of centres and edges.
    at_nodes : bool
        Whether values of the maps hold at the centres, which are nodes; else they hold for the
        whole bins.
    """

    name: str
    centres: Float
    edges: Float
    unit: str
    at_nodes: bool = False

    @property
    def size(self) -> int:
        """Number of bins."""
        return self.centres.size

    def to(self, unit: str) -> Axis:
        """Return the axis in another unit."""
        factor = u.Unit(self.unit).to(unit)
        return replace(self, centres=self.centres * factor, edges=self.edges * factor, unit=unit)

    def merged(self) -> Axis:
        """Return the axis with one bin from end to end."""
        ends = self.edges[[0, -1]]
        return Axis(self.name, ends.mean(keepdims=True), ends, self.unit)


def nodes_axis(name: str, nodes: Float, unit: str, where: str, *, log: bool = True) -> Axis:
    """Make an axis of nodes, with edges half-way between them.

    Parameters
    ----------
    name : str
        Name of the dimension.
    nodes : numpy.ndarray
        Ascending values, (n,).
    unit : str
        Unit of the nodes.
    where : str
        Place of the nodes for messages, such as the name of a table.
    log : bool
        Whether half-way is meant in the logarithm.

    Raises
    ------
    FileFormatError
        If the nodes do not ascend.
    """
    check_ascending(where, nodes, FileFormatError, positive=log)
    return Axis(name, nodes, midpoints(nodes, log=log), unit, at_nodes=True)


def bins_axis(
    name: str, lower: Float, upper: Float, unit: str, where: str, *, log: bool = True
) -> Axis:
    """Make an axis of bins that touch.

    Parameters
    ----------
    name : str
        Name of the dimension.
    lower, upper : numpy.ndarray
        Edges of the bins, (n,) each.
    unit : str
        Unit of the edges.
    where : str
        Place of the edges for messages, such as the name of a table.
    log : bool
        Whether the centres are the geometric means of the edges, else their arithmetic means.

    Raises
    ------
    FileFormatError
        If the bins do not touch, or do not ascend.
    """
    check_ascending(where, lower, FileFormatError, positive=log)
    edges = np.append(lower, upper[-1])
    check_ascending(where, edges, FileFormatError, positive=log)
    if not np.allclose(edges[1:], upper, rtol=_SAME, atol=0):
        raise FileFormatError(
            f"{where} has gaps or overlaps: bins start at {lower}, and end at {upper}"
        )
    centres = np.sqrt(edges[1:] * edges[:-1]) if log else _means(edges)
    return Axis(name, centres, edges, unit)


def _means(edges: Float) -> Float:
    return np.asarray((edges[1:] + edges[:-1]) / 2)


def midpoints(centres: Float, *, log: bool) -> Float:
    """Edges half-way between nodes, and as far beyond the outer nodes as the next edges are inside.

    A single node gets edges at half and twice its value, or without `log` at the node itself.
    """
    x = np.log(centres) if log else centres
    if x.size == 1:
        return np.array([centres[0] * 0.5, centres[0] * 2.0]) if log else np.array([x[0], x[0]])
    middle = _means(x)
    edges = np.concatenate([[2 * x[0] - middle[0]], middle, [2 * x[-1] - middle[-1]]])
    return np.exp(edges) if log else edges


def same_axis(known: np.ndarray, centres: np.ndarray) -> bool:
    """Whether two axes have the same centres, to 1e-5 of each."""
    return known.size == centres.size and np.allclose(known, centres, rtol=_SAME, atol=0)


def same_energies(first: Axis, second: Axis) -> bool:
    """Whether two axes have the same centres, or bins with the same edges, in one unit.

    Centres of bins are means of the edges, or of their logarithms: files have either.
    """
    bins = not (first.at_nodes or second.at_nodes)
    return same_axis(first.centres, second.centres) or (
        bins and same_axis(first.edges, second.edges)
    )


def _same_bins(maps: xr.Dataset, axis: Axis) -> bool:
    """Whether an axis has the edges of the bins that maps have."""
    if axis.at_nodes or low(axis.name) not in maps.coords:
        return False
    lower, upper = (maps[edge(axis.name)].to_numpy() for edge in (low, high))
    return same_axis(np.append(lower, upper[-1]), axis.edges)


def add_axis(maps: xr.Dataset, axis: Axis, where: str) -> xr.Dataset:
    """Assign the coordinates of an axis, or check that the maps have the same one already.

    Raises
    ------
    FileFormatError
        If the maps have another axis of this name.
    """
    if axis.name not in maps.coords:
        coords = axis_coords(axis.name, axis.centres, axis.edges[:-1], axis.edges[1:])
        for coord in coords.values():
            coord.attrs["units"] = axis.unit
        return maps.assign_coords(coords)
    known = maps.coords[axis.name].to_numpy()
    if not (same_axis(known, axis.centres) or _same_bins(maps, axis)):
        raise FileFormatError(
            f"{where} has {axis.name} {axis.centres} {axis.unit}, the maps before it have "
            f"{known}; all maps need the same energies"
        )
    return maps
