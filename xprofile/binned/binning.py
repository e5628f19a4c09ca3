"""Maps summed over bins on the sky: all that the likelihood needs, or one image."""

from __future__ import annotations

import warnings
from collections.abc import Hashable, Mapping
from functools import partial
from operator import add
from typing import Literal

import numpy as np
import xarray as xr

from ..bins.skybins import AnyBins, SkyBins, as_bins
from ..exceptions import InvalidOptionError
from ..maps.pixelgrid import PixelGrid
from ..maps.value_warnings import highest_used
from ..maps.wcs import pixel_grid
from ..schema.axes import on_bins
from ..schema.checks import check_maps
from ..schema.history import history_attrs
from ..schema.names import LAT, LON, OVERLAP, WCS_NAME
from ..schema.options import suggests_options
from ..schema.variables import MAPS, ON_OFF
from ..schema.warning_place import user_stacklevel
from .binned_variables import make_variables
from .coordinates import bin_coords, energy_coords
from .edisp import edisp_of_bins
from .members.finding import find_members, prepare_search
from .members.membership import Membership
from .members.search import Search
from .sums.blocks import is_chunked, sum_over_blocks
from .sums.image_sums import ImageSums
from .sums.map_sums import MapSums

__all__ = ["bin_image", "bin_maps"]


@suggests_options
def bin_maps(maps: xr.Dataset, bins: AnyBins) -> xr.Dataset:
    """Sum maps over bins on the sky.

    A pixel belongs to a bin if its centre does. Pixels where the mask is False, or where the
    acceptance of the off counts is 0, are not used. Bins that overlap each count their pixels
    fully, and a warning says so.

    Parameters
    ----------
    maps : xarray.Dataset
        With ``counts`` (energy, lat, lon), ``exposure`` (energy_true, lat, lon) and, optionally,
        ``background`` and ``mask`` (energy, lat, lon) and ``edisp``. On-off data have
        ``counts_off``, ``acceptance`` and ``acceptance_off`` (energy, lat, lon) in place of
        ``background``.
    bins : SkyBins or list of regions.SkyRegion
        Bins on the sky; of a list, each region is one bin.

    Returns
    -------
    xarray.Dataset
        Binned data with these variables. The bins have the dim ``projected_distance``; sectors have
        ``position_angle`` instead, and grids ``region``.

        - ``counts``, ``background`` (energy, projected_distance): sums over the used pixels.
        - ``counts_off``, ``acceptance`` (energy, projected_distance): sums over the used pixels, of
          on-off data in place of ``background``.
        - ``acceptance_off`` (energy, projected_distance): acceptance of the off counts for which
          acceptance / acceptance_off x counts_off is the sum of the background of the pixels.
        - ``exposure`` (energy_true, projected_distance[, energy]) in cm2 s: mean of exposure x mask
          over the region, weighted with solid angle. Parts of the region that are masked or beyond
          the map lower it. It has the dim ``energy`` only if the mask inside the bins depends on
          energy.
        - ``edisp`` ([projected_distance,] energy_true, energy), if the maps have it: energy
          dispersion at the centre of each bin, or the single one of the maps.
        - ``solid_angle`` (projected_distance) in sr: solid angle of all pixels of the region,
          including masked ones and those beyond the map.
        - ``coverage`` (energy, projected_distance): used share of ``solid_angle``.

        Coordinates are the energies and their edges, centre and edges of the bins, ``lon`` and
        ``lat`` of their centres in deg, and ``region`` as text. The attr ``overlapping_pixels``
        is the number of pixels counted in more than one bin; a pixel in three bins counts twice.

    Raises
    ------
    MissingVariableError, InvalidDataError
        If `maps` is not a maps Dataset, or used pixels inside the bins have negative, infinite or
        NaN counts, background, acceptance or exposure.
    InvalidBinsError
        If `bins` are neither SkyBins nor sky regions.

    See Also
    --------
    xprofile.bin_image : Sum or average a single map.
    xprofile.SkyBins : Bins on the sky.
    xprofile.estimate : Fit the binned data.
    xprofile.rebin : Merge neighbouring bins afterwards.

    Examples
    --------
    >>> import astropy.units as u
    >>> from astropy.coordinates import SkyCoord
    >>> import xprofile
    >>> maps = xprofile.tutorial.open_maps("galactic-center-sim")
    >>> center = SkyCoord(0, 0, unit="deg", frame="galactic")
    >>> bins = xprofile.SkyBins.annuli(center, radius_max=2 * u.deg, nbin=4)
    >>> binned = xprofile.bin_maps(maps, bins)
    >>> dict(binned.counts.sizes)
    {'energy': 11, 'projected_distance': 4}
    >>> binned.projected_distance.values
    array([0.25, 0.75, 1.25, 1.75])
    """
    check_maps(maps)
    bins, grid, cubes = as_bins(bins), pixel_grid(maps), _cubes(maps)
    search = _search(bins, grid, cubes)
    overlap = _warn_of_overlaps(search.overlap)
    sums = sum_over_blocks(cubes, search, MapSums.from_block, add)
    sums = sums.reindex(np.arange(search.nbin))
    for name, value_range in sums.ranges.items():
        value_range.check(name, partial(highest_used, maps, name))
    variables = make_variables(maps, sums, search.outside)
    if "edisp" in maps:
        variables["edisp"] = edisp_of_bins(maps, bins.center)
    coords = {**bin_coords(bins, grid), **energy_coords(maps)}
    attrs = history_attrs({OVERLAP: overlap}, maps, f"bin {bins!r}")
    return xr.Dataset(on_bins(variables, bins.dim), coords, attrs)


@suggests_options
def bin_image(
    image: xr.DataArray, bins: AnyBins, *, how: Literal["sum", "mean"] = "sum"
) -> xr.DataArray:
    """Sum or average a map of the sky over bins.

    A pixel belongs to a bin if its centre does. NaN and infinite pixels are left out.

    Parameters
    ----------
    image : xarray.DataArray
        With the dims lat and lon, and any others.
    bins : SkyBins or list of regions.SkyRegion
        Bins on the sky; of a list, each region is one bin.
    how : {"sum", "mean"}
        The sum over the pixels, or the mean weighted with solid angle.

    Returns
    -------
    xarray.DataArray
        Dims (..., projected_distance), or the dim of `bins`, in the unit of the image. In a bin
        without finite pixels the sum is 0 and the mean is NaN.

    Raises
    ------
    InvalidOptionError
        If `how` is neither "sum" nor "mean".
    InvalidBinsError
        If `bins` are neither SkyBins nor sky regions.

    See Also
    --------
    xprofile.bin_maps : Sum all maps that a fit needs.
    xprofile.SkyBins : Bins on the sky.
    xprofile.open_map : Open a file with one map.

    Examples
    --------
    >>> import astropy.units as u
    >>> from astropy.coordinates import SkyCoord
    >>> import xprofile
    >>> counts = xprofile.tutorial.open_maps("galactic-center-sim").counts.sum("energy")
    >>> center = SkyCoord(0, 0, unit="deg", frame="galactic")
    >>> bins = xprofile.SkyBins.annuli(center, radius_max=2 * u.deg, nbin=2)
    >>> summed = xprofile.bin_image(counts, bins)
    >>> summed.dims
    ('projected_distance',)
    >>> mean = xprofile.bin_image(counts, bins, how="mean")
    >>> bool(mean[0] > mean[1])
    True
    """
    if how not in ("sum", "mean"):
        raise InvalidOptionError(f"how must be 'sum' or 'mean', found {how!r}")
    bins, grid = as_bins(bins), pixel_grid(image)
    ordered = image.transpose(..., LAT, LON)
    cubes = {"image": ordered.variable}
    search = _search(bins, grid, cubes)
    _warn_of_overlaps(search.overlap)
    sums = sum_over_blocks(cubes, search, ImageSums.from_block, add)
    sums = sums.reindex(np.arange(search.nbin))
    values = sums.plain
    if how == "mean":
        values = np.full(sums.solid_angle.shape, np.nan)
        np.divide(sums.weighted, sums.solid_angle, out=values, where=sums.solid_angle > 0)
    coords: dict[Hashable, xr.DataArray | xr.Variable] = {
        name: coord
        for name, coord in image.coords.items()
        if not {LAT, LON} & set(coord.dims) and name not in (WCS_NAME, "x", "y")
    }
    coords.update(bin_coords(bins, grid))
    values = values.reshape(*ordered.shape[:-2], search.nbin)
    return xr.DataArray(values, coords, (*ordered.dims[:-2], bins.dim), image.name, image.attrs)


def _cubes(maps: xr.Dataset) -> dict[str, xr.Variable]:
    """Cubes that are summed, (energy or energy_true, lat, lon)."""
    background = ON_OFF if "counts_off" in maps else ("background",)
    names = [name for name in ("counts", *background, "exposure", "mask") if name in maps]
    return {name: maps.variables[name].transpose(*MAPS[name].dims) for name in names}


def _search(
    bins: SkyBins, grid: PixelGrid, cubes: Mapping[str, xr.Variable]
) -> Search | Membership:
    """Find the pixels of bins; of chunked maps, prepare to find them block by block."""
    return prepare_search(bins, grid) if is_chunked(cubes) else find_members(bins, grid)


def _warn_of_overlaps(overlap: int) -> int:
    """Return the number of pixels counted in more than one bin; warn unless it is 0."""
    if overlap:
        warnings.warn(
            f"bins overlap: {overlap} pixels are counted in more than one bin. Each bin counts its "
            "pixels fully, so the results are not independent",
            stacklevel=user_stacklevel(),
        )
    return overlap
