"""Variables of binned data that describe distances, for fits of a brightness."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from operator import add

import xarray as xr

from ...bins.distances import DistanceAxis
from ...bins.skybins import SkyBins
from ...maps.grid import AnyGrid
from ...schema.names import PSF_SHARE
from ...schema.value_checks import is_chunked as has_chunks
from ..members.healpix.cell_search import CellSearch
from ..members.membership import Membership
from ..members.search import Search
from ..mixing.preparing import Mixing
from ..sums.blocks import is_chunked, sum_over_blocks
from ..sums.map_sums import MapSums
from ..sums.pixel_pairs import PixelPairs
from .parts import PartFinder, SumsAndParts, pixel_places
from .sources import Sources

__all__ = ["mixing_variables", "sum_with_parts"]

Variables = dict[str, xr.Variable]


def sum_with_parts(
    cubes: Mapping[str, xr.Variable],
    search: Search | CellSearch | Membership,
    bins: SkyBins,
    grid: AnyGrid,
) -> tuple[MapSums, Variables]:
    """Sum maps over bins, and make the variables that describe the distances of their pixels."""
    finder = PartFinder.from_bins(bins, grid, cubes["exposure"].shape[0])
    if finder is None:
        return sum_over_blocks(cubes, search, MapSums.from_block, add), {}
    if is_chunked(cubes):
        like = next(cube for cube in cubes.values() if has_chunks(cube))
        cubes = {**cubes, **pixel_places(grid, like)}
    found = sum_over_blocks(cubes, search, partial(SumsAndParts.from_block, finder), add)
    return found.sums, found.parts.variables(finder)


def mixing_variables(
    mixing: Mixing, given: SkyBins, pairs: PixelPairs, solid_angle: xr.Variable
) -> tuple[Variables, Variables]:
    """Make the variables and coordinates that tell how the PSF spreads photons.

    Those of the bins, and of light from each distance, if the bins have distances.

    Parameters
    ----------
    mixing : Mixing
        The PSF, the pixels and all bins.
    given : SkyBins
        The bins that are not of a margin.
    pairs : PixelPairs
        All pixels of the bins.
    solid_angle : xarray.Variable
        Solid angle of the whole bins in sr.
    """
    axis, sources = DistanceAxis.from_bins(mixing.bins, given, mixing.grid.frame), None
    if axis is not None:
        sources = Sources.from_pairs(axis, pairs, mixing.grid, mixing.psf)
    if sources is None:
        return mixing.variables(pairs, solid_angle, None)[0], {}
    emission = sources.lights.emission(pairs)
    light = sources.lights.light(pairs, mixing.grid, emission)
    found, shares = mixing.variables(pairs, solid_angle, light)
    areas, point = solid_angle.to_numpy(), found[PSF_SHARE]
    more, coords = sources.variables(pairs, shares, emission, areas, point)
    return {**found, **more}, coords
