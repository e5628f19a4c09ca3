"""Best fit, errors and limits of a sum of scans."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from ..exceptions import InvalidDataError
from .scans import Scan, name_places

Float = NDArray[np.float64]

Curve: TypeAlias = Callable[[Float], Float]

_STAGES, _POINTS = 10, 17  # a bracket becomes 8 times, or 16 times, smaller at each stage


def fit_summed_scans(
    scans: Sequence[Scan], like: xr.DataArray, attrs: dict[Any, Any], unlimited: NDArray[np.bool_]
) -> dict[str, Float]:
    """Best fits, errors and limits of the sum of statistics."""

    def total(norm: Float) -> Float:
        return np.asarray(sum(scan.at(norm) for scan in scans))

    known = has_best_fit(scans)
    low_end, high_end = common_range(scans)
    low_end, high_end = np.where(known, low_end, -1), np.where(known, high_end, 1)
    best, least = _best_of(total, scans, low_end, high_end)
    _refuse_missing(like, best, "best fit", known)
    n_sigma, n_sigma_ul = (float(attrs.get(k, v)) for k, v in (("n_sigma", 1), ("n_sigma_ul", 2)))

    def crossing(end: Float, sigma: float) -> Float:
        return _crossing(lambda x: total(x) - least[..., None], best, end, sigma**2)

    errp, errn = crossing(high_end, n_sigma) - best, best - crossing(low_end, n_sigma)
    limit = crossing(high_end, n_sigma_ul)
    _refuse_missing(like, errp, "upper error", known)
    _refuse_missing(like, errn, "lower error", known & ~unlimited)
    _refuse_missing(like, limit, "upper limit", known)
    stat = sum(np.nan_to_num(scan.stat) for scan in scans) + least
    ts = np.maximum(total(np.zeros_like(best)[..., None])[..., 0] - least, 0)
    return {
        "norm": best,
        "norm_err": np.where(np.isnan(errn), errp, (errn + errp) / 2),
        "norm_errn": errn,
        "norm_errp": errp,
        "norm_ul": limit,
        "ts": np.where(known, ts, np.nan),
        "sqrt_ts": np.where(known, np.where(best > 0, 1, -1) * np.sqrt(ts), np.nan),
        "stat": np.where(known, stat, np.nan),
    }


def has_best_fit(scans: Sequence[Scan]) -> NDArray[np.bool_]:
    """Whether a profile has a best fit."""
    return np.asarray(np.any([np.isfinite(scan.best) for scan in scans], axis=0))


def common_range(scans: Sequence[Scan]) -> tuple[Float, Float]:
    """Least and greatest norm that all scans cover; infinite where none has a best fit."""
    low, high = zip(*(scan.range() for scan in scans), strict=True)
    return np.max(low, axis=0), np.min(high, axis=0)


def _best_of(
    total: Curve, scans: Sequence[Scan], low_end: Float, high_end: Float
) -> tuple[Float, Float]:
    """Norm where the sum of rises is least, NaN where that is out of range, and the sum there."""
    bests, known = np.stack([scan.best for scan in scans]), has_best_fit(scans)
    lowest = np.where(known, np.fmin.reduce(bests), 0)
    highest = np.where(known, np.fmax.reduce(bests), 0)
    covered = (low_end <= highest) & (lowest <= high_end)
    start, stop = (np.clip(end, low_end, high_end) for end in (lowest, highest))
    best = _minimum(total, start, stop)
    least = total(best[..., None])[..., 0]
    outside = (best <= low_end) & (lowest < low_end) | (best >= high_end) & (highest > high_end)
    return np.where(known & covered & ~outside, best, np.nan), least


def _refuse_missing(like: xr.DataArray, value: Float, what: str, where: Any) -> None:
    lost = like.copy(data=np.isnan(value) & where)
    if lost.any():
        raise InvalidDataError(
            f"the scans are too narrow or too coarse for the {what} of all "
            f"{name_places(lost)}; estimate the profiles again with more norm_values= "
            "that reach further, or estimate([...]) of the binned data"
        )


def _minimum(curve: Curve, low: Float, high: Float) -> Float:
    """Least norm at which convex curves are lowest between two, by ever finer grids."""
    for _ in range(_STAGES):
        grid = _grid(low, high)
        value = curve(grid)
        at = np.argmin(np.where(np.isnan(value), np.inf, value), axis=-1)
        low, high = _pick(grid, np.maximum(at - 1, 0)), _pick(grid, np.minimum(at + 1, _POINTS - 1))
    return _pick(grid, at)


def _crossing(rise: Curve, best: Float, end: Float, level: float) -> Float:
    """Norm between the best fit and an end at which the rise reaches a level, or NaN."""
    near, far = best, end
    reached = rise(far[..., None])[..., 0] >= level
    for _ in range(_STAGES):
        grid = _grid(near, far)
        at = np.clip(np.argmax(rise(grid) >= level, axis=-1), 1, _POINTS - 1)
        near, far = _pick(grid, at - 1), _pick(grid, at)
    return np.where(reached, (near + far) / 2, np.nan)


def _grid(low: Float, high: Float) -> Float:
    share = np.linspace(0, 1, _POINTS)
    return low[..., None] * (1 - share) + high[..., None] * share


def _pick(grid: Float, at: NDArray[np.intp]) -> Float:
    return np.asarray(np.take_along_axis(grid, at[..., None], axis=-1)[..., 0])
