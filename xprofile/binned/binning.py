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
from ..schema.checks import check_maps, check_real_numbers
from ..schema.history import history_attrs
from ..schema.names import EDISP, LAT, LON, OVERLAP, WCS_NAME
from ..schema.options import suggests_options
from ..schema.variables import MAPS, ON_OFF
from ..schema.warning_place import user_stacklevel
from .binned_variables import make_variables
from .coordinates import bin_coords, energy_coords
from .edisp import edisp_at_centers, mean_edisp, nearest_positions, varies
from .empty_bins import check_on_map
from .members.finding import find_members, prepare_search
from .members.membership import Membership
from .members.search import Search
from .members.subpixels import Subpixels
from .sums.blocks import is_chunked, sum_over_blocks
from .sums.image_sums import ImageSums
from .sums.map_sums import RESPONSE_POSITION, MapSums

__all__ = ["bin_image", "bin_maps"]


@suggests_options
def bin_maps(
    maps: xr.Dataset,
    bins: AnyBins,
    *,
    response: Literal["pixels", "center"] = "pixels",
    overlap: Literal["center", "subpixel"] = "center",
    subpixels: int | None = None,
) -> xr.Dataset:
    """Sum maps over bins on the sky.

    A pixel belongs to a bin if its centre does, or with a share; see `overlap`. Pixels where the
    mask is False, or where the acceptance of the off counts is 0, are not used. Bins that overlap
    each count their pixels fully, and a warning says so.

    Parameters
    ----------
    maps : xarray.Dataset
        With ``counts`` (energy, lat, lon), ``exposure`` (energy_true, lat, lon) and, optionally,
        ``background`` and ``mask`` (energy, lat, lon) and ``edisp``. On-off data have
        ``counts_off``, ``acceptance`` and ``acceptance_off`` (energy, lat, lon) in place of
        ``background``.
    bins : SkyBins or list of regions.SkyRegion
        Bins on the sky; of a list, each region is one bin.
    response : {"pixels", "center"}
        Energy dispersion of a bin, if it is known on a grid of positions. "pixels" is the mean over
        the used pixels, each with that of its nearest position, weighted with exposure times solid
        angle. "center" is that of the position nearest to the centre of the bin, as in Gammapy; of
        two positions that are equally near, the one of lower index.
    overlap : {"center", "subpixel"}
        "center" counts a pixel fully in the bin of its centre, for pixels that are small beside the
        bins. "subpixel" counts it in each bin with the share of its n x n sub-positions that are in
        the bin. All sums and means are weighted with the shares. Counts become floats, which are
        not Poisson counts: a share w of N counts scatters with the variance w^2 N, a fit takes
        w N. So errors of a bin come out too large and its TS too small, and bins that share pixels
        are correlated. Both cancel in the sum of bins that share their pixels. Of pixels across the
        rim of an all-sky map, shares are those of their part on the sky; pixels with their centre
        off the sky do not count.
    subpixels : int, optional
        Number n of sub-positions along a side of a pixel for "subpixel". By default up to 1000, so
        that circles and rings of at least a tenth of a pixel are right to 1e-3. If that would take
        many seconds, as for thousands of them, it is fewer, and a warning says how right the sums
        are. A straight edge along the pixels is right to 1 / (2 n) of a pixel.

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
          dispersion of each bin, as `response` says, or the single one of the maps.
        - ``solid_angle`` (projected_distance) in sr: solid angle of all pixels of the region,
          including masked ones and those beyond the map; of more than a million, their area.
        - ``coverage`` (energy, projected_distance): used share of ``solid_angle``.
        - ``n_pixels`` (projected_distance): number of pixels of the map in the region, including
          masked ones and those with a share; 0 off the map.

        Coordinates are the energies and their edges, centre and edges of the bins, ``lon`` and
        ``lat`` of their centres in deg, and ``region`` as text. The attr ``overlapping_pixels``
        is the number of pixels counted in more than one bin; a pixel in three bins counts twice.

    Raises
    ------
    MissingVariableError, InvalidDataError
        If `maps` is not a maps Dataset, or used pixels inside the bins have negative, infinite or
        NaN counts, background, acceptance or exposure.
    InvalidBinsError
        If `bins` are neither SkyBins nor sky regions, or all are off the map.
    InvalidOptionError
        If `response`, `overlap` or `subpixels` is none of these, or "subpixel" is asked for bins
        in the plane of the map.

    Warns
    -----
    DataWarning
        If some bins are off the map, once with their number, all are smaller than the pixels, or
        so many sub-positions as they need would take too long.

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
    if response not in ("pixels", "center"):
        raise InvalidOptionError(f"response must be 'pixels' or 'center', found {response!r}")
    check_maps(maps)
    bins, grid, cubes = as_bins(bins), pixel_grid(maps), _cubes(maps)
    divided = Subpixels.from_options(overlap, subpixels, bins, grid)
    by_position = response == "pixels" and varies(maps)
    if by_position:
        cubes[RESPONSE_POSITION] = nearest_positions(maps, grid, cubes["exposure"])
    search = _search(bins, grid, cubes, divided)
    overlapping = _warn_of_overlaps(search.overlap)
    sums = sum_over_blocks(cubes, search, MapSums.from_block, add)
    sums = sums.reindex(np.arange(search.nbin))
    check_on_map(bins, grid, sums.n_pixels, search.outside)
    for name, value_range in sums.ranges.items():
        value_range.check(name, partial(highest_used, maps, name))
    variables = make_variables(maps, sums, search.outside, shared=divided is not None)
    if EDISP in maps:
        variables[EDISP] = (
            mean_edisp(maps, sums) if by_position else edisp_at_centers(maps, bins.center)
        )
    coords = {**bin_coords(bins, grid), **energy_coords(maps)}
    shared = "" if divided is None else f", {divided.number} x {divided.number} subpixels"
    attrs = history_attrs({OVERLAP: overlapping}, maps, f"bin {bins!r}{shared}")
    return xr.Dataset(on_bins(variables, bins.dim), coords, attrs)


@suggests_options
def bin_image(
    image: xr.DataArray,
    bins: AnyBins,
    *,
    how: Literal["sum", "mean"] = "sum",
    overlap: Literal["center", "subpixel"] = "center",
    subpixels: int | None = None,
) -> xr.DataArray:
    """Sum or average a map of the sky over bins.

    A pixel belongs to a bin if its centre does, or with a share; see `overlap`. NaN and infinite
    pixels are left out.

    Parameters
    ----------
    image : xarray.DataArray
        With the dims lat and lon, and any others.
    bins : SkyBins or list of regions.SkyRegion
        Bins on the sky; of a list, each region is one bin.
    how : {"sum", "mean"}
        The sum over the pixels, or the mean weighted with solid angle.
    overlap : {"center", "subpixel"}
        "center" counts a pixel fully in the bin of its centre. "subpixel" counts it in each bin
        with the share of its n x n sub-positions that are in the bin, for pixels that are not small
        beside the bins; what that does to the errors of counts is said in `xprofile.bin_maps`.
    subpixels : int, optional
        Number n of sub-positions along a side of a pixel for "subpixel". By default up to 1000, so
        that circles and rings of at least a tenth of a pixel are right to 1e-3. If that would take
        many seconds, as for thousands of them, it is fewer, and a warning says how right the sums
        are. A straight edge along the pixels is right to 1 / (2 n) of a pixel.

    Returns
    -------
    xarray.DataArray
        Dims (..., projected_distance), or the dim of `bins`, in the unit of the image. In a bin
        without finite pixels the sum is 0 and the mean is NaN.

    Raises
    ------
    InvalidOptionError
        If `how`, `overlap` or `subpixels` is none of these, or "subpixel" is asked for bins in the
        plane of the map.
    InvalidBinsError
        If `bins` are neither SkyBins nor sky regions, or all are off the map.

    Warns
    -----
    DataWarning
        If some bins are off the map, once with their number, all are smaller than the pixels, or
        so many sub-positions as they need would take too long.

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
    check_real_numbers(image)
    bins, grid = as_bins(bins), pixel_grid(image)
    ordered = image.transpose(..., LAT, LON)
    cubes = {"image": ordered.variable}
    search = _search(bins, grid, cubes, Subpixels.from_options(overlap, subpixels, bins, grid))
    _warn_of_overlaps(search.overlap)
    sums = sum_over_blocks(cubes, search, ImageSums.from_block, add)
    sums = sums.reindex(np.arange(search.nbin))
    check_on_map(bins, grid, sums.n_pixels, search.outside)
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
    bins: SkyBins,
    grid: PixelGrid,
    cubes: Mapping[str, xr.Variable],
    subpixels: Subpixels | None,
) -> Search | Membership:
    """Find the pixels of bins; of chunked maps, prepare to find them block by block."""
    find = prepare_search if is_chunked(cubes) else find_members
    return find(bins, grid, subpixels)


def _warn_of_overlaps(overlap: int) -> int:
    """Return the number of pixels counted in more than one bin; warn unless it is 0."""
    if overlap:
        warnings.warn(
            f"bins overlap: {overlap} pixels are counted in more than one bin. Each bin counts its "
            "pixels fully, so the results are not independent",
            stacklevel=user_stacklevel(),
        )
    return overlap
