"""Grow bins: merge neighbours until each bin meets a criterion."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, TypeAlias

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from ...binned.merging.bin_merging import cumulative_sums, merge_values, sum_runs
from ...binned.merging.row_joining import inner_bins, join_row
from ...estimation.estimating import estimate
from ...exceptions import InvalidDataError
from ...schema.names import DATASET, ENERGY, true_dim

__all__ = ["CRITERION", "check_no_other_dims", "criterion_words", "find_bounds", "grow_bins"]

Bool = NDArray[np.bool_]
Int = NDArray[np.intp]
Meets: TypeAlias = Callable[[xr.Dataset], Bool]

# Number of bins that are tried together at first. It affects speed alone: all ends of a bin within
# the window are tried in one step, and the first that meets the criterion is taken.
_WINDOW = 4
CRITERION = "criterion_met"


def check_no_other_dims(data: xr.Dataset, dim: str) -> None:
    """Raise if the counts have further dims, such as toys: each toy would grow other bins."""
    others = [str(d) for d in data["counts"].dims if d not in (dim, ENERGY, DATASET)]
    if others:
        raise InvalidDataError(
            f"bins grow by one set of counts, but these have the dims {others} too, and each of "
            "their elements would need other bins; grow bins of the measured data, then give "
            "their edges= here"
        )


def grow_bins(
    data: xr.Dataset, dim: str, name: str, least: float, settings: dict[str, Any]
) -> xr.Dataset:
    """Merge bins until each meets a criterion.

    Parameters
    ----------
    data : xarray.Dataset
        Binned data in memory.
    dim : str
        Dimension of the bins.
    name : {"min_counts", "min_excess_sigma", "min_ts"}
        The criterion.
    least : float
        Least value of its measure.
    settings : dict
        Settings of the estimator, for ``min_ts``.

    Returns
    -------
    xarray.Dataset
        As `join_row` gives it, with one more coordinate:

        - ``criterion_met`` (projected_distance), bool: whether a bin meets the criterion.
    """

    def meets(parts: xr.Dataset) -> Bool:
        value = _MEASURES[name](parts, settings)
        return np.asarray(value.sum([d for d in value.dims if d != dim]).to_numpy() >= least)

    # bins grow by what they see, whichever bins it comes from
    plain = data.drop_dims(true_dim(dim)) if true_dim(dim) in data.dims else data
    row = plain.isel({dim: inner_bins(data, dim)[0]})
    needed = row[["counts"]] if name == "min_counts" else row
    size = needed.sizes[dim]

    def meets_to_end(start: int) -> bool:
        last = partial(sum_runs, bounds=np.array([start, size]))
        return bool(meets(merge_values(needed, dim, last)).all())

    bounds = find_bounds(size, partial(_first_end, needed, dim, meets), meets_to_end)
    result = join_row(data, dim, bounds)
    met = xr.Variable((dim,), meets(result), criterion_words(name, least))
    return result.assign_coords({CRITERION: met})


def criterion_words(name: str, least: float) -> dict[str, str]:
    """Attributes that say which criterion bins meet."""
    return {"long_name": f"bin has {name.replace('_', ' ')} {least:g}"}


_MEASURES: dict[str, Callable[[xr.Dataset, dict[str, Any]], xr.DataArray]] = {
    "min_counts": lambda parts, _: parts["counts"],
    "min_excess_sigma": lambda parts, _: estimate(parts, sum_over_energy_groups=True)["sqrt_ts"],
    "min_ts": lambda parts, settings: estimate(parts, **settings)["ts"],
}


def find_bounds(
    size: int, first_end: Callable[[int], int | None], meets_to_end: Callable[[int], bool]
) -> Int:
    """Numbers of the first old bins of the new ones, and the number of old bins, (nnew + 1,).

    Parameters
    ----------
    size : int
        Number of old bins.
    first_end : callable
        Number of the old bin before which a new one from a number on ends; None if it never does.
    meets_to_end : callable
        Whether the bin from a number on to the last one meets the criterion.
    """
    bounds = [0]
    while bounds[-1] < size:
        end = first_end(bounds[-1])
        if end is None:
            break
        bounds.append(end)
    if bounds[-1] == size:
        return np.array(bounds)
    if len(bounds) > 1 and meets_to_end(bounds[-2]):
        bounds.pop()
    return np.array([*bounds, size])


def _first_end(data: xr.Dataset, dim: str, meets: Meets, start: int) -> int | None:
    """Number of the old bin before which a bin from `start` on ends; None if it never does.

    The bin ends as soon as it meets the criterion. All ends within a window are tried at once,
    and then within a window of twice the width.
    """
    size, width = data.sizes[dim], _WINDOW
    while True:
        stop = min(start + width, size)
        met = meets(merge_values(data.isel({dim: slice(start, stop)}), dim, cumulative_sums))
        if met.any():
            return start + int(np.argmax(met)) + 1
        if stop == size:
            return None
        width *= 2
