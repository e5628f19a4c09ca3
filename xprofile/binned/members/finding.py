"""Pixels of bins of any kind."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from ...bins.shapes.shape import SphereMembers
from ...bins.shapes.spherical import Spherical, is_spherical
from ...bins.skybins import SkyBins
from ...maps.pixelgrid import PixelGrid
from .membership import Membership, joined
from .search import Search

if TYPE_CHECKING:
    from regions import SkyRegion

__all__ = ["find_members", "prepare_search"]


def find_members(bins: SkyBins, grid: PixelGrid) -> Membership:
    """Find the pixels of each bin.

    Parameters
    ----------
    bins : SkyBins
        Any.
    grid : PixelGrid
        The pixels of a map, from `xprofile.maps.wcs.pixel_grid`.
    """
    found = prepare_search(bins, grid)
    return found.members() if isinstance(found, Search) else found


def prepare_search(bins: SkyBins, grid: PixelGrid) -> Search | Membership:
    """Prepare a search for the pixels of each bin; those of lists and in the plane are found.

    Parameters
    ----------
    bins : SkyBins
        Any.
    grid : PixelGrid
        The pixels of a map.
    """
    if isinstance(bins.shape, SphereMembers) and not bins.planar:
        return Search.of(bins.shape, len(bins), grid)
    return _members_of_list(bins.to_regions(), grid)


def _members_of_list(regions: Sequence[SkyRegion], grid: PixelGrid) -> Membership:
    """Pixels of planar regions in one batch, and of each spherical one as it says itself."""
    from .planar import planar_members

    round_ones = np.array([is_spherical(region) for region in regions])
    if not round_ones.any():
        return planar_members(regions, grid)
    parts = [
        (np.array([i]), Search.of(Spherical(regions[i]), 1, grid).members())
        for i in np.flatnonzero(round_ones).tolist()
    ]
    flat = np.flatnonzero(~round_ones)
    if flat.size:
        parts.append((flat, planar_members([regions[i] for i in flat.tolist()], grid)))
    return joined(parts, len(regions))
