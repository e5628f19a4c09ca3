"""Find the pixels of bins of any kind, by the method that suits them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from ...bins.shapes.shape import OverlappingMembers, SphereMembers
from ...bins.shapes.spherical import Spherical, is_spherical
from ...bins.skybins import SkyBins
from ...exceptions import InvalidOptionError
from ...maps.grid import AnyGrid
from ...maps.healpix.grid import HealpixGrid
from ...maps.pixelgrid import PixelGrid
from .healpix.cell_search import CellSearch
from .membership import Membership
from .search import Search
from .subpixels import Subpixels

if TYPE_CHECKING:
    from regions import SkyRegion

__all__ = ["find_members", "prepare_search"]


def find_members(bins: SkyBins, grid: AnyGrid, subpixels: Subpixels | None = None) -> Membership:
    """Find the pixels of each bin.

    Parameters
    ----------
    bins : SkyBins
        Bins of any kind.
    grid : PixelGrid or HealpixGrid
        The pixels of a map, from `xprofile.maps.grid.sky_grid`.
    subpixels : Subpixels, optional
        Sub-positions that tell the shares of pixels. By default, pixels count by their centres.
    """
    search = prepare_search(bins, grid, subpixels)
    return search if isinstance(search, Membership) else search.members()


def prepare_search(
    bins: SkyBins, grid: AnyGrid, subpixels: Subpixels | None = None
) -> Search | CellSearch | Membership:
    """Prepare the search for the pixels of bins on the sphere; find those of other bins at once.

    Parameters
    ----------
    bins : SkyBins
        Bins of any kind.
    grid : PixelGrid or HealpixGrid
        The pixels of a map.
    subpixels : Subpixels, optional
        Sub-positions that tell the shares of pixels. By default, pixels count by their centres.
    """
    if isinstance(grid, HealpixGrid):
        return CellSearch.from_bins(bins, grid, 1 if subpixels is None else subpixels.number)
    if isinstance(bins.shape, SphereMembers | OverlappingMembers) and not bins.planar:
        return Search.from_shape(bins.shape, len(bins), grid, subpixels)
    return _members_of_regions(bins.shape.regions(), grid, subpixels)


def _members_of_regions(
    regions: Sequence[SkyRegion], grid: PixelGrid, subpixels: Subpixels | None
) -> Membership:
    """Find the pixels of planar regions in one batch, and of each spherical region by a search."""
    from .planar import planar_members

    spherical = np.array([is_spherical(region) for region in regions])
    if subpixels is not None and not spherical.all():
        raise InvalidOptionError(
            "overlap='subpixel' needs bins by angles on the sphere, and some regions of these bins "
            "are in the plane of the map; use overlap='center'"
        )
    if not spherical.any():
        return planar_members(regions, grid)
    parts = [
        (np.array([i]), Search.from_shape(Spherical(regions[i]), 1, grid, subpixels).members())
        for i in np.flatnonzero(spherical).tolist()
    ]
    planar = np.flatnonzero(~spherical)
    if planar.size:
        parts.append((planar, planar_members([regions[i] for i in planar.tolist()], grid)))
    return Membership.from_parts(parts, len(regions))
