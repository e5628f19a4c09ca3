"""Bins of which only the edges are known, such as those of older files."""

from __future__ import annotations

import warnings

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from ...exceptions import DataWarning
from ...schema.names import DISTANCE, ENERGY, REGION
from ...schema.warning_place import user_stacklevel

__all__ = ["by_edges", "guessed_geometry", "warn_of_rough_bins"]

Float = NDArray[np.float64]

# Parts of a bin of which only the edges are known. As `_IN_RANGE`, for bins that may be wider.
_BY_EDGES = 32

# Share by which the area of the pixels of a bin may differ from that between its edges before a
# warning says that averages over it are rough. Usual bins of hundreds of pixels are within it. With
# ten times as much, fluxes would be 5 per cent off without a word; with a tenth, all bins warn.
_SAME_AREA = 0.05


def guessed_geometry(data: xr.Dataset) -> tuple[str, float]:
    """Kind of the axis by the texts of the regions: round a centre, or along a line."""
    texts = [str(t) for t in data[REGION].to_numpy()] if REGION in data.coords else []
    round_ones = [("annulus" in t or "circle" in t or "ellipse" in t) for t in texts]
    same = len({t.split("(", 1)[-1].split(",")[0] for t in texts}) == 1
    return ("radial" if texts and all(round_ones) and same else "linear"), 1.0


def by_edges(lower: Float, upper: Float, geometry: str) -> tuple[Float, Float, Float]:
    """Distances, halves of their ranges, and shares of the area, (nbin, npart)."""
    part = (np.arange(_BY_EDGES) + 0.5) / _BY_EDGES
    width = (upper - lower)[:, None]
    distance = lower[:, None] + width * part
    share = np.full(distance.shape, 1 / _BY_EDGES)
    if geometry == "radial":
        share = np.sin(np.radians(np.clip(distance, 0, 180)))
        share = share / share.sum(axis=1, keepdims=True)
    return distance, np.broadcast_to(width / _BY_EDGES / 2, distance.shape), share


def warn_of_rough_bins(data: xr.Dataset, between: Float, geometry: str) -> None:
    """Warn of bins whose pixels differ from what is between their edges."""
    area = data.variables["solid_angle"].to_numpy()
    off = np.abs(area / np.where(between > 0, between, np.nan) - 1) > _SAME_AREA
    covered = (data.variables["coverage"] > 0).transpose(ENERGY, DISTANCE).to_numpy().any(axis=0)
    rough = np.count_nonzero(off & covered) if geometry == "radial" else 0
    if rough:
        warnings.warn(
            f"the pixels of {rough} bins cover more than {_SAME_AREA:.0%} more or less than is "
            "between their edges, and their distances are not known; the brightness is averaged "
            "between the edges. Bin the maps again with maps.profile.bin(bins)",
            DataWarning,
            stacklevel=user_stacklevel(),
        )
