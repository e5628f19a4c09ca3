"""Bins that grow until they meet a criterion."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from ..binned.merging import consecutive, join_bins, merge_values, running
from ..estimation.estimator import estimate
from ..exceptions import InvalidDataError
from ..schema.names import DATASET, ENERGY

Bool = NDArray[np.bool_]

Int = NDArray[np.intp]

Meets: TypeAlias = Callable[[xr.Dataset], Bool]

_WINDOW = 4  # bins that are tried together at first

_CRITERION = "criterion_met"


def refuse_other_dims(data: xr.Dataset, dim: str) -> None:
    """Raise if the counts have dims that would each ask for other bins."""
    others = [str(d) for d in data["counts"].dims if d not in (dim, ENERGY, DATASET)]
    if others:
        raise InvalidDataError(
            f"bins grow by one set of counts, but these have the dims {others} too, such as toys, "
            f"each of which would want other bins; grow bins of the measured data, then give their "
            "edges= here"
        )


def grow_bins(
    data: xr.Dataset, dim: str, name: str, least: float, settings: dict[str, Any]
) -> xr.Dataset:
    """Merge bins until each meets a criterion."""

    def meets(parts: xr.Dataset) -> Bool:
        value = _MEASURES[name](parts, settings)
        return np.asarray(value.sum([d for d in value.dims if d != dim]).to_numpy() >= least)

    needed = data[["counts"]] if name == "min_counts" else data
    result = join_bins(data, dim, _bounds(needed, dim, meets))
    words = {"long_name": f"bin has {name.replace('_', ' ')} {least:g}"}
    return result.assign_coords({_CRITERION: xr.Variable((dim,), meets(result), words)})


_MEASURES: dict[str, Callable[[xr.Dataset, dict[str, Any]], xr.DataArray]] = {
    "min_counts": lambda parts, _: parts["counts"],
    "min_excess_sigma": lambda parts, _: estimate(parts, sum_over_energy_groups=True)["sqrt_ts"],
    "min_ts": lambda parts, settings: estimate(parts, **settings)["ts"],
}


def _bounds(data: xr.Dataset, dim: str, meets: Meets) -> Int:
    size, bounds = data.sizes[dim], [0]
    while bounds[-1] < size:
        end = _first_end(data, dim, meets, bounds[-1])
        if end is None:
            break
        bounds.append(end)
    if bounds[-1] == size:
        return np.array(bounds)
    joined = consecutive(np.array([*bounds[-2:-1], size]))
    if len(bounds) > 1 and meets(merge_values(data, dim, joined)).all():
        bounds.pop()
    return np.array([*bounds, size])


def _first_end(data: xr.Dataset, dim: str, meets: Meets, start: int) -> int | None:
    """Where the bins from `start` on first meet the criterion together.

    All ends in a window are tried at once, and twice as many if none of them does.
    """
    size, width = data.sizes[dim], _WINDOW
    while True:
        stop = min(start + width, size)
        met = meets(merge_values(data.isel({dim: slice(start, stop)}), dim, running))
        if met.any():
            return start + int(np.argmax(met)) + 1
        if stop == size:
            return None
        width *= 2
