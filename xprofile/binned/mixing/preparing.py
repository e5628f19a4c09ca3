"""Binning of maps with their PSF: the pixels that it needs, and the variables that it gives."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from operator import add

import numpy as np
import xarray as xr
from astropy.coordinates import SkyCoord
from numpy.typing import NDArray

from ...bins.origins import profile_origin
from ...bins.skybins import SkyBins
from ...maps.grid import AnyGrid
from ...maps.sphere import lonlat_deg, unit_vectors
from ...schema.names import ENERGY_TRUE, LAT, LON, MARGIN, PSF, true_dim
from ...schema.variables import COORDS
from ..edisp import sky_position
from ..members.healpix.cell_search import CellSearch
from ..members.membership import Membership
from ..members.search import Search
from ..psf.emission import Light
from ..sums.blocks import is_chunked, sum_over_blocks
from ..sums.map_sums import MapSums
from ..sums.pixel_pairs import PIXEL_NUMBER, PSF_POSITION, PixelPairs, SumsAndPairs
from .maps_psf import MapsPsf
from .variables import check_mixing_size, psf_variables

__all__ = ["Mixing", "mixing_coords"]


@dataclass(frozen=True, eq=False)
class Mixing:
    """What the PSF of maps does to bins.

    Parameters
    ----------
    maps : xarray.Dataset
        The maps.
    bins : SkyBins
        The bins.
    grid : PixelGrid or HealpixGrid
        The pixels of the maps.
    origin : SkyCoord
        Place of the point source of ``psf_share``.
    psf : MapsPsf
        The PSF of the maps.
    at_centers : bool
        Whether all pixels of a bin have the PSF at its centre.
    """

    maps: xr.Dataset
    bins: SkyBins
    grid: AnyGrid
    origin: SkyCoord
    psf: MapsPsf
    at_centers: bool

    @classmethod
    def from_maps(
        cls,
        maps: xr.Dataset,
        bins: SkyBins,
        grid: AnyGrid,
        given: SkyBins,
        *,
        at_centers: bool,
    ) -> Mixing:
        """Read the PSF, and check that the result fits into memory.

        `given` are the bins without those of a margin; the point source is at their origin.
        """
        psf = MapsPsf.from_maps(maps)
        check_mixing_size(maps.sizes[ENERGY_TRUE], len(bins), 1)
        return cls(maps, bins, grid, profile_origin(given), psf, at_centers)

    @property
    def note(self) -> str:
        """What the history says about it."""
        return f", psf=True{self.psf.note}"

    def planes(self, cubes: Mapping[str, xr.Variable]) -> dict[str, xr.Variable]:
        """Planes (lat, lon) that are read at the pixels of bins, beside the maps."""
        like, found = cubes["exposure"], {}
        if is_chunked(cubes):
            found[PIXEL_NUMBER] = _pixel_numbers(self.grid, like)
        if not self.at_centers:
            positions = self.psf.pixel_positions(self.maps, self.grid, like)
            if positions is not None:
                found[PSF_POSITION] = positions
        return found

    def sum(
        self, cubes: Mapping[str, xr.Variable], search: Search | CellSearch | Membership
    ) -> tuple[MapSums, PixelPairs]:
        """Sum maps over the bins, and collect all pixels of the bins."""
        found = sum_over_blocks(cubes, search, SumsAndPairs.from_block, add)
        return found.sums, found.pairs.in_order()

    def positions(self, pairs: PixelPairs) -> NDArray[np.intp] | None:
        """Position of the PSF of each pair of bin and pixel, (npair,); None for a single PSF."""
        if not self.at_centers:
            return pairs.position
        centers = self.psf.center_positions(self.maps, self.bins.center)
        return None if centers is None else centers[pairs.bin]

    def variables(
        self, pairs: PixelPairs, solid_angle: xr.Variable, light: Light | None
    ) -> tuple[dict[str, xr.Variable], NDArray[np.float64]]:
        """Compute the variables that tell how the bins share photons; see `psf_variables`."""
        position = self.positions(pairs)
        vector = unit_vectors(*lonlat_deg(self.origin, self.grid.frame))
        place = sky_position(self.maps, self.origin, PSF) if self.psf.on_grid else 0
        areas, origin = solid_angle.to_numpy(), (vector, place)
        return psf_variables(pairs, areas, self.psf, self.grid, position, origin, light)


def mixing_coords(
    coords: Mapping[str, xr.Variable], dim: str, inner: int | None
) -> dict[str, xr.Variable]:
    """Coordinates of the bins that photons come from, and of the margin.

    Parameters
    ----------
    coords : dict of xarray.Variable
        Coordinates of the bins.
    dim : str
        Dimension of the bins.
    inner : int or None
        Number of bins that are not in the margin; None without a margin.
    """
    axis = coords[dim]
    attrs = {**axis.attrs, "long_name": f"{COORDS[dim].long_name}, of the bin of the photons"}
    found = {true_dim(dim): xr.Variable((true_dim(dim),), axis.to_numpy().copy(), attrs)}
    if inner is not None:
        added = np.arange(axis.size) >= inner
        found[MARGIN] = xr.Variable((dim,), added, {"long_name": "bin that margin= added"})
    return found


def _pixel_numbers(grid: AnyGrid, like: xr.Variable) -> xr.Variable:
    """Flat index of each pixel, (lat, lon), in chunks where a variable has them."""
    rows, columns = grid.shape
    if not like.chunks:
        return xr.Variable((LAT, LON), np.arange(rows * columns).reshape(rows, columns))
    import dask.array as da

    height, width = like.chunks[-2:]
    row, column = da.arange(rows, chunks=(height,)), da.arange(columns, chunks=(width,))
    return xr.Variable((LAT, LON), row[:, None] * columns + column[None])
