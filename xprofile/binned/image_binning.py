"""One image summed or averaged over bins on the sky."""

from __future__ import annotations

from collections.abc import Hashable
from operator import add
from typing import Literal

import numpy as np
import xarray as xr

from ..bins.skybins import AnyBins, as_bins
from ..exceptions import InvalidOptionError
from ..maps.grid import as_planes, sky_grid
from ..schema.arguments.progress import dask_progress
from ..schema.number_checks import check_real_numbers
from ..schema.options import suggests_options
from ..schema.stages import grid_names, sky_dims
from ..schema.value_checks import is_chunked
from .coordinates import bin_coords
from .empty_bins import check_on_map
from .members.subpixels import Subpixels
from .searching import search_pixels, warn_of_overlaps
from .sums.blocks import sum_over_blocks
from .sums.image_sums import ImageSums

__all__ = ["BIN_IMAGE", "bin_image"]

BIN_IMAGE = "bin_image"  # first word of its line in the history


@suggests_options
def bin_image(
    image: xr.DataArray,
    bins: AnyBins,
    *,
    how: Literal["sum", "mean"] = "sum",
    overlap: Literal["center", "subpixel"] = "center",
    subpixels: int | None = None,
    progress: bool = False,
) -> xr.DataArray:
    """Sum or average a map of the sky over bins.

    A pixel belongs to a bin if its centre does, or with a share; see `overlap`. NaN and infinite
    pixels are left out.

    Parameters
    ----------
    image : xarray.DataArray
        With the dims lat and lon, or in HEALPix cell, and any others.
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
        are. A straight edge along the pixels is right to 1 / (2 n) of a pixel. In HEALPix, n is a
        power of 2.
    progress : bool
        Show the progress bar of dask, if the map has chunks; it moves with these.

    Returns
    -------
    xarray.DataArray
        Dims (..., projected_distance), or the dim of `bins`, in the unit of the image. In a bin
        without finite pixels the sum is 0 and the mean is NaN. A ``history`` in the attrs, as of
        predicted counts, has one more line.

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
    bins, grid, sky = as_bins(bins), sky_grid(image), sky_dims(image)
    ordered = image.transpose(..., *sky)
    cubes = {"image": as_planes(ordered.variable)}
    divided = Subpixels.from_options(overlap, subpixels, bins, grid)
    search = search_pixels(bins, grid, cubes, divided)
    warn_of_overlaps(search.overlap)
    with dask_progress(shown=progress and is_chunked(cubes["image"])):
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
        if not set(sky) & set(coord.dims) and name not in grid_names(image)
    }
    coords.update(bin_coords(bins, grid))
    others = ordered.dims[: -len(sky)]
    values = values.reshape(*ordered.shape[: len(others)], search.nbin)
    attrs = dict(image.attrs)
    if "history" in attrs:  # such as of predicted counts
        shared = "" if divided is None else f", {divided.number} x {divided.number} subpixels"
        attrs["history"] = f"{attrs['history']}\n{BIN_IMAGE} {bins!r}, {how}{shared}"
    return xr.DataArray(values, coords, (*others, bins.dim), image.name, attrs)
