"""Maps and bins on the sky to what the likelihood needs of each bin."""

from __future__ import annotations

import warnings
from collections.abc import Hashable, Sequence
from typing import TYPE_CHECKING, Literal, TypeAlias

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from .bins import SkyBins, as_bins
from .edisp import edisp_of_bins
from .exceptions import InvalidDataError, InvalidOptionError
from .membership import Membership
from .pixelgrid import PixelGrid, lonlat_deg
from .schema import (
    BINNED,
    COORDS,
    ENERGY,
    ENERGY_TRUE,
    LAT,
    LON,
    OVERLAP,
    REGION,
    WCS_NAME,
    axis_coords,
    check_maps,
    data_array,
    history_attrs,
    on_bins,
)
from .wcs import pixel_grid

if TYPE_CHECKING:
    from regions import SkyRegion

__all__ = ["bin_image", "bin_maps", "matched_off"]

Float = NDArray[np.float64]
Bool = NDArray[np.bool_]
AnyBins: TypeAlias = "SkyBins | SkyRegion | Sequence[SkyRegion]"

# rounding leaves backgrounds as low as this times the largest one; they count as zero
_NEGLIGIBLE = 1e-6
_ROUNDING = 1e-12


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
    bins, grid = as_bins(bins), pixel_grid(maps)
    members = bins.members(grid)
    overlap = _warn_of_overlaps(members)
    used = _used(maps, members)
    total = _total_solid_angle(members)
    on_off = "counts_off" in maps
    variables = {
        "counts": _summed(maps, "counts", members, used),
        **(_off(maps, members, used) if on_off else {}),
        **({} if on_off else {"background": _summed(maps, "background", members, used)}),
        "exposure": _mean_exposure(maps, members, used, total),
        "solid_angle": data_array("solid_angle", total, BINNED),
        "coverage": data_array("coverage", _share(members, used, total), BINNED),
    }
    if "edisp" in maps:
        variables["edisp"] = edisp_of_bins(maps, bins)
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
    members = bins.members(grid)
    _warn_of_overlaps(members)
    ordered = image.transpose(..., LAT, LON)
    values = _pick(ordered, members).astype(float)
    known = np.isfinite(values)
    values[~known] = 0
    if how == "sum":
        result = members.sum(values)
    else:
        area = members.sum(known * members.solid_angle)
        weighted = members.sum(values * members.solid_angle)
        result = np.divide(weighted, area, out=np.full(area.shape, np.nan), where=area > 0)
    coords: dict[Hashable, xr.DataArray | xr.Variable] = {
        name: coord
        for name, coord in image.coords.items()
        if not {LAT, LON} & set(coord.dims) and name not in (WCS_NAME, "x", "y")
    }
    coords.update(_coords(bins, grid))
    return xr.DataArray(result, coords, (*ordered.dims[:-2], bins.dim), image.name, image.attrs)


def _warn_of_overlaps(members: Membership) -> int:
    """Return how often a pixel is in one more bin."""
    shared = int(members.pixel.size - np.count_nonzero(np.bincount(members.pixel)))
    if shared:
        warnings.warn(
            f"bins overlap: {shared} times a pixel is in one more bin. Each bin counts fully, so "
            "the results are not independent",
            stacklevel=3,
        )
    return shared


def _pick(cube: xr.DataArray | xr.Variable, members: Membership) -> NDArray[np.generic]:
    """Values of the members' pixels, (..., npair), of a map with dims (..., lat, lon)."""
    values = np.asarray(cube.data)
    return values.reshape(*values.shape[:-2], -1)[..., members.pixel]


def _cube(maps: xr.Dataset, name: str) -> xr.Variable:
    energy = ENERGY_TRUE if name == "exposure" else ENERGY
    return maps.variables[name].transpose(energy, LAT, LON)


def _used(maps: xr.Dataset, members: Membership) -> Bool:
    """Whether each pair's pixel is in the safe range and has a background, (nenergy, npair)."""
    used = np.ones((maps.sizes[ENERGY], members.bin.size), bool)
    if "mask" in maps:
        used = np.asarray(_pick(_cube(maps, "mask"), members)).astype(bool)
    if "acceptance_off" in maps:
        used &= np.asarray(_pick(_cube(maps, "acceptance_off"), members), float) > 0
    return used


def _total_solid_angle(members: Membership) -> Float:
    return members.sum(members.solid_angle) + members.outside


def _share(members: Membership, used: Bool, total: Float) -> Float:
    """Used share of each bin's solid angle, (nenergy, nbin); 0 for bins without pixels."""
    area = members.sum(used * members.solid_angle)
    return np.divide(area, total, out=np.zeros_like(area), where=total > 0)


def _values(maps: xr.Dataset, name: str, members: Membership, used: Bool) -> Float:
    """Values of a counts-like cube in the used pixels, (nenergy, npair), 0 in others."""
    values = np.where(used, _pick(_cube(maps, name), members), 0).astype(np.float64)
    floor: Float | float = 0.0
    if name == "background":
        highest = values.max(axis=-1, keepdims=True, initial=0)
        floor = -np.maximum(_NEGLIGIBLE * highest, _ROUNDING)
    _refuse_below(values, floor, name)
    return np.maximum(values, 0)


def _summed(maps: xr.Dataset, name: str, members: Membership, used: Bool) -> xr.Variable:
    """Sum a counts-like cube over the used pixels, (nenergy, nbin)."""
    return _sums(maps, name, members.sum(_values(maps, name, members, used)))


def _sums(maps: xr.Dataset, name: str, summed: Float) -> xr.Variable:
    """Make a variable of sums; those of integers are integers."""
    whole = np.issubdtype(maps[name].dtype, np.integer)
    return data_array(name, summed.astype(np.int64) if whole else summed, BINNED)


def _off(maps: xr.Dataset, members: Membership, used: Bool) -> dict[str, xr.Variable]:
    """Off counts, the sum of acceptances, and that off which gives the pixels' backgrounds."""
    on, off, counts = (
        _values(maps, name, members, used)
        for name in ("acceptance", "acceptance_off", "counts_off")
    )
    acceptance, found = members.sum(on), members.sum(counts)
    ratio = np.divide(on, off, out=np.zeros_like(on), where=off > 0)
    matched = matched_off(acceptance, found, members.sum(ratio * counts), members.sum(off))
    return {
        "counts_off": _sums(maps, "counts_off", found),
        "acceptance": data_array("acceptance", acceptance, BINNED),
        "acceptance_off": data_array("acceptance_off", matched, BINNED),
    }


def matched_off(acceptance: Float, counts_off: Float, background: Float, off: Float) -> Float:
    """Acceptance off with which the off counts give a background; `off` where there is none.

    All arguments are sums over what is joined. Where nothing was counted, the plain sum of the
    acceptances off is kept.
    """
    found = background > 0
    plain = off + np.zeros_like(background)
    matched = np.divide(acceptance * counts_off, background, out=plain, where=found)
    return np.asarray(matched)


def _refuse_below(values: Float, floor: Float | float, name: str) -> None:
    wrong = ~(np.isfinite(values) & (values >= floor))
    if wrong.any():
        raise InvalidDataError(
            f"{name} is negative or not finite in {np.count_nonzero(wrong)} used pixels inside "
            f"the bins, for example {values[wrong][0]:.6g}; expected finite values >= 0. Mend the "
            "map, or set maps['mask'] to False there"
        )


def _mean_exposure(maps: xr.Dataset, members: Membership, used: Bool, total: Float) -> xr.Variable:
    """Mean of exposure x mask over each bin, weighted with solid angle."""
    exposure = np.asarray(_pick(_cube(maps, "exposure"), members)).astype(np.float64)
    any_used = used.any(axis=0)
    _refuse_below(exposure[:, any_used], 0.0, "exposure")
    weighted = np.where(any_used, exposure, 0) * members.solid_angle
    planes, which = _distinct_masks(used)
    total = np.where(total > 0, total, 1)
    means = [members.sum(weighted * plane) / total for plane in planes]
    entry = BINNED["exposure"]
    if len(means) == 1:
        return xr.Variable(entry.dims, means[0], entry.attrs)
    means.append(np.zeros_like(means[0]))  # for energies without any used pixel
    stacked = np.stack([means[i] for i in which], axis=-1)
    return xr.Variable((*entry.dims, ENERGY), stacked, entry.attrs)


def _distinct_masks(used: Bool) -> tuple[list[Bool], list[int]]:
    """Distinct planes that are not empty, and which of them each energy has (-1: empty)."""
    if used.any() and (used == used[0]).all():
        return [used[0]], [0] * len(used)
    known: dict[bytes, int] = {}
    planes: list[Bool] = []
    which = []
    for plane, packed in zip(used, np.packbits(used, axis=1), strict=True):
        if not plane.any():
            which.append(-1)
            continue
        index = known.setdefault(packed.tobytes(), len(planes))
        if index == len(planes):
            planes.append(plane)
        which.append(index)
    return planes or [np.zeros(used.shape[1], bool)], which


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
