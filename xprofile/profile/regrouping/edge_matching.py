"""Edges of bins in a row: read those of binned data, and find old edges for new ones."""

from __future__ import annotations

from typing import Any

import astropy.units as u
import numpy as np
import xarray as xr
from numpy.typing import NDArray

from ...binned.merging.row_joining import inner_bins
from ...exceptions import InvalidDataError, InvalidOptionError
from ...schema.axes import axis_edges, bin_dim
from ...schema.checks import check_binned
from ...schema.names import OVERLAP, REGION

__all__ = ["bins_in_a_row", "check_symmetric", "edges_in_unit", "match_edges"]

Float = NDArray[np.float64]
Int = NDArray[np.intp]

# Distance between equal edges, in widths of the narrower bin beside them. `axis_edges` allows as
# much between the edges of neighbouring bins. It is above the rounding of single precision and of
# edges that are written with six digits. With 1e-4, merged bins would still differ from the
# wanted ones by less than any measurement shows; with 1e-7, edges from files in single precision
# would be refused.
_SAME_EDGE = 1e-5


def bins_in_a_row(binned: xr.Dataset) -> tuple[xr.Dataset, str, Float]:
    """Return binned data in memory, the dim of the bins, and their edges, (nbin + 1,).

    The edges are those of the bins that are not in a margin.

    Raises
    ------
    MissingVariableError
        If the Dataset is not binned data, or the bins have no edges.
    InvalidDataError
        If bins do not touch, share pixels, or are boxes of a grid.
    """
    check_binned(binned)
    dim = bin_dim(binned)
    if dim == REGION:
        raise InvalidDataError(
            "the bins are boxes of a grid, so they are not in a row and no bin is next to another; "
            "bin the maps with a coarser grid instead"
        )
    row, added = inner_bins(binned, dim)
    old = axis_edges(binned.isel({dim: row}) if added.size else binned, dim)
    if old.size < 2:
        raise InvalidDataError("the binned data have no bins; bin the maps with one region or more")
    shared = int(binned.attrs.get(OVERLAP, 0))
    if shared:
        raise InvalidDataError(
            f"bins overlap, so their sums would count pixels twice: attrs[{OVERLAP!r}] is "
            f"{shared}; bin the maps with bins that share no pixels, such as those of SkyBins"
        )
    return binned.compute(), dim, old


def edges_in_unit(wanted: Any, unit: str) -> Float:
    """Convert new edges to the unit of the old ones.

    Raises
    ------
    InvalidOptionError
        If they are not two or more ascending numbers, or their unit does not fit.
    """
    try:
        values = wanted.to_value(unit) if isinstance(wanted, u.Quantity) else wanted
        found = np.atleast_1d(np.asarray(values, dtype=float))
    except (u.UnitConversionError, TypeError, ValueError):
        found = np.empty(0)
    if found.ndim != 1 or found.size < 2 or not np.all(np.diff(found) > 0):
        raise InvalidOptionError(
            f"edges must be two or more ascending numbers in {unit}, or a Quantity; found "
            f"{wanted!r}"
        )
    return found


def match_edges(wanted: Float, old: Float, unit: str) -> Int:
    """Numbers of the old edges that equal the new ones.

    Raises
    ------
    InvalidOptionError
        If a new edge does not equal an old one.
    """
    nearest = np.abs(wanted[:, None] - old).argmin(axis=1)
    off = np.abs(wanted - old[nearest]) > _tolerance(old)[nearest]
    if off.any():
        edge = wanted[off][0]
        after = int(np.clip(np.searchsorted(old, edge), 1, old.size - 1))
        raise InvalidOptionError(
            f"the edge {edge:.10g} {unit} is not one of the old edges; the nearest are "
            f"{old[after - 1]:.10g} and {old[after]:.10g} {unit}. Choose among them, or bin the "
            "maps again"
        )
    return np.asarray(nearest)


def check_symmetric(old: Float, dim: str, unit: str) -> None:
    """Raise unless the edges are symmetric about 0."""
    nearest = np.abs(old[:, None] + old).argmin(axis=1)
    alone = np.abs(old + old[nearest]) > _tolerance(old)
    if alone.any():
        first = int(np.argmax(alone[:-1] | alone[1:]))
        low, high = old[first], old[first + 1]
        raise InvalidDataError(
            f"the bin from {low:.10g} to {high:.10g} {unit} of {dim} has no partner from "
            f"{-high:.10g} to {-low:.10g} {unit}; select a symmetric range, or bin the maps with "
            "origin= in the middle"
        )


def _tolerance(old: Float) -> Float:
    """Distance from each edge within which another edge is equal to it."""
    width = np.diff(old)
    return np.asarray(
        _SAME_EDGE * np.minimum(np.append(width[0], width), np.append(width, width[-1]))
    )
