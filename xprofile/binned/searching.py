"""The pixels of bins, found at once or, for chunked maps, block by block."""

from __future__ import annotations

import warnings
from collections.abc import Mapping

import xarray as xr

from ..bins.skybins import SkyBins
from ..maps.grid import AnyGrid
from ..schema.warning_place import user_stacklevel
from .members.finding import find_members, prepare_search
from .members.healpix.cell_search import CellSearch
from .members.membership import Membership
from .members.search import Search
from .members.subpixels import Subpixels
from .sums.blocks import is_chunked

__all__ = ["search_pixels", "warn_of_overlaps"]


def search_pixels(
    bins: SkyBins,
    grid: AnyGrid,
    cubes: Mapping[str, xr.Variable],
    subpixels: Subpixels | None,
) -> Search | CellSearch | Membership:
    """Find the pixels of bins; of chunked maps, prepare to find them block by block."""
    find = prepare_search if is_chunked(cubes) else find_members
    return find(bins, grid, subpixels)


def warn_of_overlaps(overlap: int) -> int:
    """Return the number of pixels counted in more than one bin; warn unless it is 0."""
    if overlap:
        warnings.warn(
            f"bins overlap: {overlap} pixels are counted in more than one bin. Each bin counts its "
            "pixels fully, so the results are not independent",
            stacklevel=user_stacklevel(),
        )
    return overlap
