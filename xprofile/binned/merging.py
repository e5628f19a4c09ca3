"""Neighbouring bins of binned data made one: sums, weighted means, edges and places."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from ..exceptions import InvalidDataError
from ..maps.sphere import unit_vectors
from ..schema.axes import axis_coords
from ..schema.names import EDISP, LAT, LON, REGION, high, low
from ..schema.variables import BINNED
from .binning import matched_off

__all__ = ["Add", "consecutive", "join_bins", "merge_values", "running"]

Float = NDArray[np.float64]

Int = NDArray[np.intp]

Add: TypeAlias = Callable[[NDArray[Any]], NDArray[Any]]

_NEXT_TO_NOTHING = 1e-30  # sr; weight of a bin without pixels, which counts if no other does


def consecutive(bounds: Int) -> Add:
    """Sum up the bins from each of the bounds to the next, along the last axis."""

    def add(values: NDArray[Any]) -> NDArray[Any]:
        inside = values[..., : bounds[-1]].astype(_wide(values))
        return np.asarray(np.add.reduceat(inside, bounds[:-1], axis=-1))

    return add


def running(values: NDArray[Any]) -> NDArray[Any]:
    """Sum up the bins from the first to each one, along the last axis."""
    return np.cumsum(values, axis=-1, dtype=_wide(values))


def _wide(values: NDArray[Any]) -> np.dtype[Any]:
    return np.result_type(values.dtype, np.int64)


def merge_values(binned: xr.Dataset, dim: str, add: Add) -> xr.Dataset:
    r"""Values of merged bins, as if the merged regions had been binned.

    Counts, background, acceptance and solid angle :math:`\Omega` are sums. Coverage and exposure
    are means weighted with :math:`\Omega`, an energy dispersion of each bin is that weighted with
    :math:`\Omega` x exposure, so that the signal of uniform brightness is what the parts have.

    Parameters
    ----------
    binned : xarray.Dataset
        From `xprofile.bin_maps`.
    dim : str
        Dimension of the bins.
    add : callable
        Sums of the bins along an array's last axis.

    Returns
    -------
    xarray.Dataset
        Without coordinates on `dim`.

    Raises
    ------
    InvalidDataError
        If there is a variable of the bins of which it is not known how to merge it.
    """
    apart = {name: array for name, array in binned.data_vars.items() if dim in array.dims}
    unknown = [name for name in apart if name not in BINNED]
    if unknown:
        raise InvalidDataError(
            f"it is not known how bins are merged in the variables {unknown}; leave them out with "
            f"binned.drop_vars({unknown})"
        )

    def total(array: xr.DataArray) -> xr.DataArray:
        core = [[dim]]
        found: xr.DataArray = xr.apply_ufunc(
            add, array, input_core_dims=core, output_core_dims=core, exclude_dims={dim}
        )
        return found.transpose(*array.dims)

    merged = {name: _MERGED.get(str(name), _sum)(binned, str(name), total) for name in apart}
    for name, array in merged.items():
        array.attrs = apart[name].attrs
    return binned.drop_dims(dim).assign(merged)[list(binned.data_vars)]


_Total: TypeAlias = Callable[[xr.DataArray], xr.DataArray]


def _sum(binned: xr.Dataset, name: str, total: _Total) -> xr.DataArray:
    return total(binned[name])


def _mean(binned: xr.Dataset, name: str, total: _Total) -> xr.DataArray:
    """Mean weighted with solid angle, 0 where there is none."""
    area = total(binned["solid_angle"])
    weighted = total(binned[name] * binned["solid_angle"])
    return (weighted / area.where(area > 0, 1)).transpose(..., *binned[name].dims)


def _response(binned: xr.Dataset, name: str, total: _Total) -> xr.DataArray:
    """Mean weighted with solid angle x exposure; with the solid angle where there is none."""
    weight = binned["exposure"] * binned["solid_angle"]
    whole = total(weight)
    weighted = total(binned[name] * weight)
    mean = (weighted / whole.where(whole > 0)).fillna(_mean(binned, name, total))
    return mean.transpose(..., *binned[name].dims)


def _off(binned: xr.Dataset, name: str, total: _Total) -> xr.DataArray:
    on, off, counts = (binned[n] for n in ("acceptance", name, "counts_off"))
    background = (on / off.where(off > 0)).fillna(0) * counts
    parts = [total(array) for array in (on, counts, background, off)]
    found: xr.DataArray = xr.apply_ufunc(matched_off, *parts)
    return found.transpose(..., *off.dims)


_MERGED = {"coverage": _mean, "exposure": _mean, EDISP: _response, "acceptance_off": _off}


def join_bins(
    binned: xr.Dataset, dim: str, bounds: Int, lower: Float | None = None, upper: Any = None
) -> xr.Dataset:
    """Merge the bins from each of the bounds to the next one.

    Parameters
    ----------
    binned : xarray.Dataset
        From `xprofile.bin_maps`.
    dim : str
        Dimension of the bins.
    bounds : numpy.ndarray of int
        Numbers of the first old bins of the new ones, and where the last one stops, (nnew + 1,).
    lower, upper : numpy.ndarray, optional
        Edges of the new bins, (nnew,); by default those of their first and their last old bin.

    Returns
    -------
    xarray.Dataset
        As `merge_values`, with edges and their middle, ``lon`` and ``lat`` the mean direction of
        the old centres, weighted with solid angle, and ``region`` the old regions in one text.
        Other coordinates of the old bins are left out.
    """
    first, last = bounds[:-1], bounds[1:] - 1
    lower = binned[low(dim)].to_numpy()[first] if lower is None else lower
    upper = binned[high(dim)].to_numpy()[last] if upper is None else upper
    coords = {
        name: xr.Variable((dim,), variable.to_numpy(), binned[name].attrs)
        for name, variable in axis_coords(dim, (lower + upper) / 2, lower, upper).items()
    }
    if LON in binned.coords and LAT in binned.coords:
        coords |= _places(binned, dim, bounds)
    if REGION in binned.coords:
        texts = binned[REGION].to_numpy()
        joined = [";".join(texts[i : j + 1]) for i, j in zip(first, last, strict=True)]
        coords[REGION] = xr.Variable((dim,), np.array(joined), binned[REGION].attrs)
    return merge_values(binned, dim, consecutive(bounds)).assign_coords(coords)


def _places(binned: xr.Dataset, dim: str, bounds: Int) -> dict[str, xr.Variable]:
    """Longitude and latitude of the mean direction of the parts."""
    area = binned["solid_angle"]
    weight = np.maximum(area.mean([d for d in area.dims if d != dim]).to_numpy(), _NEXT_TO_NOTHING)
    lon, lat = binned[LON].to_numpy(), binned[LAT].to_numpy()
    x, y, z = consecutive(bounds)(unit_vectors(lon, lat) * weight)
    mean = {LON: np.degrees(np.arctan2(y, x)) % 360, LAT: np.degrees(np.arctan2(z, np.hypot(x, y)))}
    return {name: xr.Variable((dim,), value, binned[name].attrs) for name, value in mean.items()}
