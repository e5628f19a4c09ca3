"""Maps and bins on the sky to what the likelihood needs of each bin."""

from __future__ import annotations

import warnings
from collections.abc import Hashable
from operator import add
from typing import TYPE_CHECKING, Literal

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from ..bins.skybins import AnyBins, SkyBins, as_bins
from ..exceptions import InvalidOptionError
from ..maps.pixelgrid import PixelGrid
from ..maps.sphere import lonlat_deg
from ..maps.wcs import pixel_grid
from ..schema.axes import axis_coords, on_bins
from ..schema.checks import check_maps
from ..schema.history import history_attrs
from ..schema.names import ENERGY, ENERGY_TRUE, LAT, LON, OVERLAP, REGION, WCS_NAME
from ..schema.variables import BINNED, COORDS, data_array
from .edisp import edisp_of_bins
from .members.finding import find_members, prepare_search
from .sums.blocks import lazy, sum_over_blocks
from .sums.image_sums import ImageSums
from .sums.map_sums import MapSums

if TYPE_CHECKING:
    pass

__all__ = ["bin_image", "bin_maps", "matched_off"]

Float = NDArray[np.float64]

Bool = NDArray[np.bool_]


def bin_maps(maps: xr.Dataset, bins: AnyBins) -> xr.Dataset:
    """Sum maps over bins on the sky.

    Parameters
    ----------
    maps : xarray.Dataset
        With ``counts``, ``background`` (energy, lat, lon), ``exposure`` (energy_true, lat, lon)
        and, optionally, ``mask`` and ``edisp``; or with ``counts_off``, ``acceptance`` and
        ``acceptance_off`` (energy, lat, lon) in the place of ``background``.
    bins : SkyBins or list of regions.SkyRegion
        A pixel belongs to a bin by its centre.

    Returns
    -------
    xarray.Dataset
        ``counts`` and ``background`` (energy, projected_distance), summed over used pixels;
        ``exposure`` (energy_true, projected_distance[, energy]) in cm2 s, the mean over the
        region of exposure x mask weighted with solid angle, so that parts that are masked or off
        the map lower it; of on-off data ``counts_off`` and ``acceptance``, summed, with the
        ``acceptance_off`` that gives the sum of the pixels' backgrounds, acceptance /
        acceptance_off x counts_off; ``edisp``; ``solid_angle`` in sr of the region's pixels, and
        ``coverage``, the used share of it. ``exposure`` has the dim ``energy`` only where
        masks of different energies differ inside the bins, ``edisp`` that of the bins only where
        the maps have several. The bins' dimension is that of `bins`: ``position_angle`` for
        sectors, ``region`` for grids, else ``projected_distance``. The attr
        ``overlapping_pixels`` counts how often a pixel is in one more bin.

    Raises
    ------
    MissingVariableError, InvalidDataError
        If `maps` is not a maps Dataset, or used pixels inside the bins have negative or NaN
        counts, background or exposure.
    InvalidBinsError
        If `bins` are no bins.
    """
    check_maps(maps)
    bins, grid, cubes = as_bins(bins), pixel_grid(maps), _cubes(maps)
    found = (prepare_search if lazy(cubes) else find_members)(bins, grid)
    overlap = _warn_of_overlaps(found.overlap)
    sums = sum_over_blocks(cubes, found, MapSums.of, add).among(np.arange(found.nbin))
    for name, span in sums.spans.items():
        span.check(name)
    total = sums.total + found.outside
    variables = {
        **_counted(maps, sums),
        "exposure": _mean_exposure(sums, total),
        "solid_angle": data_array("solid_angle", total, BINNED),
        "coverage": data_array("coverage", _share(sums.sums["area"], total), BINNED),
    }
    if "edisp" in maps:
        variables["edisp"] = edisp_of_bins(maps, bins.center)
    coords = {**_coords(bins, grid), **_energy_coords(maps)}
    attrs = history_attrs({OVERLAP: overlap}, maps, f"bin {bins!r}")
    return xr.Dataset(on_bins(variables, bins.dim), coords, attrs)


def bin_image(
    image: xr.DataArray, bins: AnyBins, *, how: Literal["sum", "mean"] = "sum"
) -> xr.DataArray:
    """Sum or average any map of the sky over bins.

    Parameters
    ----------
    image : xarray.DataArray
        With dims lat, lon and any others. NaN pixels do not count.
    bins : SkyBins or list of regions.SkyRegion
        A pixel belongs to a bin by its centre.
    how : {"sum", "mean"}
        The sum over the pixels, or the mean weighted with solid angle.

    Returns
    -------
    xarray.DataArray
        Dims (..., projected_distance), in the unit of the image; the mean of no pixel is NaN.

    Raises
    ------
    InvalidOptionError
        If `how` is something else.
    """
    if how not in ("sum", "mean"):
        raise InvalidOptionError(f"how must be 'sum' or 'mean', found {how!r}")
    bins, grid = as_bins(bins), pixel_grid(image)
    ordered = image.transpose(..., LAT, LON)
    cubes = {"image": ordered.variable}
    found = (prepare_search if lazy(cubes) else find_members)(bins, grid)
    _warn_of_overlaps(found.overlap)
    sums = sum_over_blocks(cubes, found, ImageSums.of, add).among(np.arange(found.nbin))
    result = sums.plain
    if how == "mean":
        result = np.full(sums.area.shape, np.nan)
        np.divide(sums.weighted, sums.area, out=result, where=sums.area > 0)
    coords: dict[Hashable, xr.DataArray | xr.Variable] = {
        name: coord
        for name, coord in image.coords.items()
        if not {LAT, LON} & set(coord.dims) and name not in (WCS_NAME, "x", "y")
    }
    coords.update(_coords(bins, grid))
    result = result.reshape(*ordered.shape[:-2], found.nbin)
    return xr.DataArray(result, coords, (*ordered.dims[:-2], bins.dim), image.name, image.attrs)


def _warn_of_overlaps(shared: int) -> int:
    """Return how often a pixel is in one more bin."""
    if shared:
        warnings.warn(
            f"bins overlap: {shared} times a pixel is in one more bin. Each bin counts fully, so "
            "the results are not independent",
            stacklevel=3,
        )
    return shared


def _cubes(maps: xr.Dataset) -> dict[str, xr.Variable]:
    """Cubes that are summed, (n, lat, lon)."""
    off = ["counts_off", "acceptance", "acceptance_off"]
    names = ["counts", *(off if "counts_off" in maps else ["background"]), "exposure", "mask"]
    axes = {name: ENERGY_TRUE if name == "exposure" else ENERGY for name in names}
    there = [name for name in names if name in maps]
    return {name: maps.variables[name].transpose(axes[name], LAT, LON) for name in there}


def _share(area: Float, total: Float) -> Float:
    """Used share of each bin's solid angle, (nenergy, nbin); 0 for bins without pixels."""
    return np.divide(area, total, out=np.zeros_like(area), where=total > 0)


def _counted(maps: xr.Dataset, sums: MapSums) -> dict[str, xr.Variable]:
    """Sums of counts and the like; those of integers are integers."""
    found = {
        name: values.astype(np.int64) if np.issubdtype(maps[name].dtype, np.integer) else values
        for name, values in sums.sums.items()
        if name in BINNED
    }
    if "counts_off" in found:
        found["acceptance_off"] = matched_off(
            sums.sums["acceptance"],
            sums.sums["counts_off"],
            sums.sums["matched"],
            sums.sums["acceptance_off"],
        )
        found["acceptance"] = sums.sums["acceptance"]
    return {name: data_array(name, values, BINNED) for name, values in found.items()}


def matched_off(acceptance: Float, counts_off: Float, background: Float, off: Float) -> Float:
    """Acceptance off with which the off counts give a background; `off` where there is none.

    All arguments are sums over what is joined. Where nothing was counted, the plain sum of the
    acceptances off is kept.
    """
    found = background > 0
    plain = off + np.zeros_like(background)
    matched = np.divide(acceptance * counts_off, background, out=plain, where=found)
    return np.asarray(matched)


def _mean_exposure(sums: MapSums, total: Float) -> xr.Variable:
    """Mean of exposure x mask over each bin, weighted with solid angle."""
    entry, means = BINNED["exposure"], sums.exposure / np.where(total > 0, total, 1)
    if len(means) == 1:
        return xr.Variable(entry.dims, means[0], entry.attrs)
    if not len(means):
        return xr.Variable(entry.dims, np.zeros(means.shape[1:]), entry.attrs)
    none = np.zeros((1, *means.shape[1:]))  # for energies without any used pixel
    stacked = np.moveaxis(np.concatenate([means, none])[sums.label], 0, -1)
    return xr.Variable((*entry.dims, ENERGY), stacked, entry.attrs)


def _energy_coords(maps: xr.Dataset) -> dict[str, xr.Variable]:
    """Coordinates of the two energy axes."""
    return {
        str(name): maps.variables[name]
        for name in maps.coords
        if maps.variables[name].dims in ((ENERGY,), (ENERGY_TRUE,))
    }


def _coords(bins: SkyBins, grid: PixelGrid) -> dict[str, xr.Variable]:
    """Coordinates on the bins' dimension: centre, edges, sky position and region."""
    lon, lat = lonlat_deg(bins.center, grid.frame)
    frame = {"frame": grid.frame.name, "units": "deg"}
    axis = (
        axis_coords(bins.dim, bins.distance, bins.lower, bins.upper) if bins.dim != REGION else {}
    )
    return {
        **axis,
        LON: xr.Variable((bins.dim,), lon, {"long_name": "longitude", **frame}),
        LAT: xr.Variable((bins.dim,), lat, {"long_name": "latitude", **frame}),
        REGION: xr.Variable((bins.dim,), np.array(bins.region_texts()), COORDS[REGION].attrs),
    }
