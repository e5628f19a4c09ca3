"""Find the pixels of bins of any kind, by the method that suits them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from ...bins.shapes.shape import SphereMembers
from ...bins.shapes.spherical import Spherical, is_spherical
from ...bins.skybins import SkyBins
from ...maps.pixelgrid import PixelGrid
from .membership import Membership
from .search import Search

if TYPE_CHECKING:
    from regions import SkyRegion

__all__ = ["find_members", "prepare_search"]


def find_members(bins: SkyBins, grid: PixelGrid) -> Membership:
    """Find the pixels of each bin.

    Parameters
    ----------
    bins : SkyBins
        Bins of any kind.
    grid : PixelGrid
        The pixels of a map, from `xprofile.maps.wcs.pixel_grid`.
    """
    search = prepare_search(bins, grid)
    return search.members() if isinstance(search, Search) else search


def prepare_search(bins: SkyBins, grid: PixelGrid) -> Search | Membership:
    """Prepare the search for the pixels of bins on the sphere; find those of other bins at once.

    Parameters
    ----------
    bins : SkyBins
        Bins of any kind.
    grid : PixelGrid
        The pixels of a map.
    """
    if isinstance(bins.shape, SphereMembers) and not bins.planar:
        return Search.from_shape(bins.shape, len(bins), grid)
    return _members_of_regions(bins.to_regions(), grid)


def _members_of_regions(regions: Sequence[SkyRegion], grid: PixelGrid) -> Membership:
    """Find the pixels of planar regions in one batch, and of each spherical region by a search."""
    from .planar import planar_members

    spherical = np.array([is_spherical(region) for region in regions])
    if not spherical.any():
        return planar_members(regions, grid)
    parts = [
        (np.array([i]), Search.from_shape(Spherical(regions[i]), 1, grid).members())
        for i in np.flatnonzero(spherical).tolist()
    ]
    planar = np.flatnonzero(~spherical)
    if planar.size:
        parts.append((planar, planar_members([regions[i] for i in planar.tolist()], grid)))
    return Membership.from_parts(parts, len(regions))
