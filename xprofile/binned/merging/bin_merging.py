"""Neighbouring bins of binned data merged: their values, edges and sky positions."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, Protocol, TypeAlias

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from ...exceptions import InvalidDataError
from ...maps.sphere import unit_vectors
from ...schema.axes import axis_coords, bin_dim, match_bins
from ...schema.names import (
    DISTANCE_UNIT,
    EXPOSURE_TRUE,
    LAT,
    LON,
    MARGIN,
    PART_DISTANCE,
    PART_SHARE,
    REGION,
    high,
    low,
    true_dim,
)
from ...schema.units import values_in_unit
from ...schema.variables import BINNED, Kind
from ..distances.merging import merge_parts
from ..onoff import matched_acceptance_off

__all__ = ["SumBins", "check_sources", "cumulative_sums", "join_bins", "merge_values", "sum_runs"]

Float = NDArray[np.float64]
Int = NDArray[np.intp]
SumBins: TypeAlias = Callable[[NDArray[Any]], NDArray[Any]]

# Weight in sr of a bin without pixels, for the mean position of merged bins; with 0 the position of
# bins that all have no pixels would be undefined. A pixel of 1 arcsec has 2e-11 sr, so a weight ten
# times larger or smaller does not change a digit of other positions.
_WEIGHT_WITHOUT_PIXELS = 1e-30


def sum_runs(values: NDArray[Any], bounds: Int) -> NDArray[Any]:
    """Sum runs of consecutive bins along the last axis, split at `bounds`.

    Parameters
    ----------
    values : numpy.ndarray
        Values (..., nbin).
    bounds : numpy.ndarray of int
        Index of the first bin of each run, and the end of the last one, (nrun + 1,).
    """
    inside = values[..., : bounds[-1]].astype(_wide_dtype(values))
    return np.asarray(np.add.reduceat(inside, bounds[:-1], axis=-1))


def cumulative_sums(values: NDArray[Any]) -> NDArray[Any]:
    """Sum the bins from the first one to each bin, along the last axis."""
    return np.cumsum(values, axis=-1, dtype=_wide_dtype(values))


def _wide_dtype(values: NDArray[Any]) -> np.dtype[Any]:
    """Data type in which sums of integers do not overflow."""
    return np.result_type(values.dtype, np.int64)


def merge_values(binned: xr.Dataset, dim: str, sum_bins: SumBins) -> xr.Dataset:
    r"""Values of merged bins, as if the merged regions had been binned.

    Counts, background, acceptance and solid angle :math:`\Omega` are sums. Coverage and exposure
    are means weighted with :math:`\Omega`. An energy dispersion of each bin is a mean weighted with
    :math:`\Omega` x exposure, so that a uniform brightness gives the same signal as before. The
    shares of ``psf_mixing`` add up over the bins that see the photons, and are means weighted with
    :math:`\Omega` x exposure_true over those that send them.

    Parameters
    ----------
    binned : xarray.Dataset
        From `xprofile.bin_maps`.
    dim : str
        Dimension of the bins.
    sum_bins : callable
        Sums the merged bins along the last axis of an array, such as `cumulative_sums`.

    Returns
    -------
    xarray.Dataset
        The same variables, without coordinates on `dim`. ``part_share`` and ``part_distance`` are
        left out; `merge_parts` makes them.

    Raises
    ------
    InvalidDataError
        If a variable on the bins is not one of those that `xprofile.bin_maps` gives, or other bins
        send photons than see them.
    """
    source = true_dim(dim)
    binned = binned.drop_vars([PART_SHARE, PART_DISTANCE], errors="ignore")
    on_bins = {name: a for name, a in binned.data_vars.items() if {dim, source} & set(a.dims)}
    unknown = [name for name in on_bins if name not in BINNED]
    if unknown:
        raise InvalidDataError(
            f"cannot merge the bins of the variables {unknown}, as binned data do not usually have "
            f"them; leave them out with binned.drop_vars({unknown})"
        )

    if source in binned.dims:
        check_sources(binned, dim)

    def total(array: xr.DataArray, along: str = dim) -> xr.DataArray:
        core = [[along]]
        sums: xr.DataArray = xr.apply_ufunc(
            sum_bins, array, input_core_dims=core, output_core_dims=core, exclude_dims={along}
        )
        return sums.transpose(*array.dims)

    data = binned.copy()  # arithmetic of xarray 2024 drops the attributes of coordinates in place
    merged = {name: _MERGE[BINNED[str(name)].kind](data, str(name), total) for name in on_bins}
    for name, array in merged.items():
        array.attrs = on_bins[name].attrs
    variables = {name: array.variable for name, array in merged.items()}
    rest = binned.drop_dims([d for d in (dim, source) if d in binned.dims])
    return rest.assign(variables)[list(binned.data_vars)]


def check_sources(binned: xr.Dataset, dim: str) -> None:
    """Raise unless the bins that send photons are those that see them, in the same order."""
    source = true_dim(dim)
    same = np.array_equal(match_bins(binned, dim, source), np.arange(binned.sizes[source]))
    if not same or binned.sizes[dim] != binned.sizes[source]:
        raise InvalidDataError(
            f"the photons of {binned.sizes[source]} bins along {source} are seen in "
            f"{binned.sizes[dim]} bins along {dim}, and these are not the same; select the same "
            f"bins along both, or leave the PSF out with binned.drop_dims({source!r})"
        )


class _Total(Protocol):
    """Sum the merged bins of an array, along a dim other than that of the bins if one is given."""

    def __call__(self, array: xr.DataArray, along: str = ...) -> xr.DataArray: ...


def _sum(binned: xr.Dataset, name: str, total: _Total) -> xr.DataArray:
    return total(binned[name])


def _mean(binned: xr.Dataset, name: str, total: _Total) -> xr.DataArray:
    """Mean weighted with solid angle; 0 for bins without pixels."""
    area = total(binned["solid_angle"])
    weighted = total(binned[name] * binned["solid_angle"])
    return (weighted / area.where(area > 0, 1)).transpose(..., *binned[name].dims)


def _response(binned: xr.Dataset, name: str, total: _Total) -> xr.DataArray:
    """Mean weighted with solid angle x exposure, or with solid angle where the exposure is 0."""
    weight = binned["exposure"] * binned["solid_angle"]
    total_weight = total(weight)
    weighted = total(binned[name] * weight)
    mean = (weighted / total_weight.where(total_weight > 0)).fillna(_mean(binned, name, total))
    return mean.transpose(..., *binned[name].dims)


def _matched(binned: xr.Dataset, name: str, total: _Total) -> xr.DataArray:
    """Acceptance of the off counts with which the merged bins have the summed background."""
    on, off, counts_off = (binned[n] for n in ("acceptance", name, "counts_off"))
    background = (on / off.where(off > 0)).fillna(0) * counts_off
    sums = [total(array) for array in (on, counts_off, background, off)]
    merged: xr.DataArray = xr.apply_ufunc(matched_acceptance_off, *sums)
    return merged.transpose(..., *off.dims)


def _source_weight(binned: xr.Dataset) -> xr.DataArray:
    """Solid angle of the bins that photons come from."""
    dim = bin_dim(binned)
    area = binned["solid_angle"].variable
    return xr.DataArray(xr.Variable([true_dim(d) if d == dim else d for d in area.dims], area.data))


def _source_mean(binned: xr.Dataset, name: str, total: _Total) -> xr.DataArray:
    """Mean over the bins that photons come from, weighted with solid angle."""
    source, area = true_dim(bin_dim(binned)), _source_weight(binned)
    values = binned[name].drop_vars(source, errors="ignore")
    sums = total(values * area, source) / total(area, source).where(total(area, source) > 0, 1)
    return sums.transpose(*binned[name].dims)


def _mixing(binned: xr.Dataset, name: str, total: _Total) -> xr.DataArray:
    """Sum over the bins that see photons; mean over those that send them, weighted with signal."""
    source, area = true_dim(bin_dim(binned)), _source_weight(binned)
    exposure = binned[EXPOSURE_TRUE].drop_vars(source, errors="ignore")
    seen = total(binned[name].drop_vars(source, errors="ignore"))
    sums = []
    for weight in (area * exposure, area * xr.ones_like(exposure)):
        norm = total(weight, source)
        sums.append(total(seen * weight, source) / norm.where(norm > 0))
    return sums[0].fillna(sums[1]).fillna(0).transpose(*binned[name].dims)


_MERGE: dict[Kind, Callable[[xr.Dataset, str, _Total], xr.DataArray]] = {
    "sum": _sum,
    "mean": _mean,
    "response": _response,
    "matched": _matched,
    "mean of sources": _source_mean,
    "mixing": _mixing,
}


def join_bins(
    binned: xr.Dataset, dim: str, bounds: Int, lower: Float | None = None, upper: Any = None
) -> xr.Dataset:
    """Merge runs of consecutive bins, split at `bounds`.

    Parameters
    ----------
    binned : xarray.Dataset
        From `xprofile.bin_maps`.
    dim : str
        Dimension of the bins.
    bounds : numpy.ndarray of int
        Index of the first old bin of each new bin, and the end of the last one, (nnew + 1,).
    lower, upper : numpy.ndarray, optional
        Edges of the new bins, (nnew,); by default those of their first and their last old bin.

    Returns
    -------
    xarray.Dataset
        Variables as `merge_values` gives them. The bins have their edges and the middle of these,
        ``lon`` and ``lat`` of the mean direction of the old centres, weighted with solid angle, and
        the old texts in ``region``, joined by semicolons. Other coordinates of the old bins are
        left out.
    """
    first, last = bounds[:-1], bounds[1:] - 1
    narrowed = lower is not None or upper is not None
    lower = binned[low(dim)].to_numpy()[first] if lower is None else lower
    upper = binned[high(dim)].to_numpy()[last] if upper is None else upper
    coords = {
        name: xr.Variable((dim,), variable.to_numpy(), binned[name].attrs)
        for name, variable in axis_coords(dim, (lower + upper) / 2, lower, upper).items()
    }
    if true_dim(dim) in binned.coords:
        old = binned[true_dim(dim)]
        coords[true_dim(dim)] = xr.Variable(old.dims, (lower + upper) / 2, old.attrs)
    if MARGIN in binned.coords:
        added = binned[MARGIN].to_numpy()[first]
        coords[MARGIN] = xr.Variable((dim,), added, binned[MARGIN].attrs)
    if LON in binned.coords and LAT in binned.coords:
        coords |= _mean_positions(binned, dim, bounds)
    if REGION in binned.coords:
        regions = binned[REGION].to_numpy()
        texts = [";".join(regions[i : j + 1]) for i, j in zip(first, last, strict=True)]
        coords[REGION] = xr.Variable((dim,), np.array(texts), binned[REGION].attrs)
    merged = merge_values(binned, dim, partial(sum_runs, bounds=bounds)).assign_coords(coords)
    changed = narrowed or bounds.size - 1 < binned.sizes[dim] or np.any(np.diff(bounds) > 1)
    names = [name for name in (PART_SHARE, PART_DISTANCE) if name in binned]
    same = {name: binned.variables[name] for name in names}
    merged = merged.assign(merge_parts(binned, dim, bounds) if changed else same)
    return merged[[name for name in binned.data_vars if name in merged]]


def _mean_positions(binned: xr.Dataset, dim: str, bounds: Int) -> dict[str, xr.Variable]:
    """Longitude and latitude of the mean direction of the bins in each run."""
    area = binned["solid_angle"]
    mean_area = area.mean([d for d in area.dims if d != dim]).to_numpy()
    weight = np.maximum(mean_area, _WEIGHT_WITHOUT_PIXELS)
    lon, lat = (values_in_unit(binned[name], name, DISTANCE_UNIT) for name in (LON, LAT))
    x, y, z = sum_runs(unit_vectors(lon, lat) * weight, bounds)
    mean = {LON: np.degrees(np.arctan2(y, x)) % 360, LAT: np.degrees(np.arctan2(z, np.hypot(x, y)))}
    in_deg = {"units": DISTANCE_UNIT}
    return {n: xr.Variable((dim,), value, binned[n].attrs | in_deg) for n, value in mean.items()}
