"""Scans of the fit statistic that a profile has stored: the rise above the minimum as a curve."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from ..exceptions import DataWarning, MissingVariableError
from ..likelihood.intervals import one_sided_cl
from ..schema.axes import scan_norms
from ..schema.names import NORM_SCAN, NORM_SCAN_VALUES
from ..schema.variables import STATUS_FLAGS
from ..schema.warning_place import user_stacklevel
from .interpolation import interpolate, sort_nodes

__all__ = [
    "Scan",
    "bounded_limit_without_counts",
    "describe_flagged_bins",
    "read_scan",
    "scan_method",
    "stored_level",
    "without_method",
]

Float = NDArray[np.float64]
Bool = NDArray[np.bool_]

# Nodes near the best fit are left out if the statistic has risen by less than 1e-6 there, or by
# less than 1e-10 of its value. Such a rise consists of rounding errors of the statistic (1e-16 of
# its value for each sum) and of the error of the best fit itself. Without both limits, a node
# 1e-5 errors from the best fit moved a limit of 0.5 sigma by 4e-5 of the error. Ten times larger
# limits leave out nodes within 0.003 sigma instead of 0.001 sigma, which changes an upper limit by
# less than 1e-6 of the error.
_LEAST_RISE = 1e-6
_LEAST_RELATIVE_RISE = 1e-10

# Ratio of the slopes of two neighbouring intervals that tells a wall (see `_beyond_wall`) from a
# smooth curve. The ratio is below 1.5 on smooth curves with a node for each error, and 4 to 70 at
# walls in simulated counts. With 30, most walls would not be found and profiles would merge at a
# wrong norm; with 1, nodes of smooth curves would be lost.
_WALL_SLOPE_RATIO = 3.0


@dataclass(frozen=True, eq=False)
class Scan:
    """Rise of a statistic above its minimum at some norms, as its signed root.

    Create it by `from_nodes`.

    Parameters
    ----------
    best, stat : numpy.ndarray
        Norm and statistic of the best fit, any shape; NaN in bins without a best fit.
    kinked : numpy.ndarray of bool
        Whether the curve has a kink at the best fit, so that its two sides are different curves.
    norm, root : numpy.ndarray
        Nodes of the curve along one more axis, in ascending order of the norm. Unused places at
        the end have infinite norms.
    """

    best: Float
    stat: Float
    kinked: Bool
    norm: Float
    root: Float

    @classmethod
    def from_nodes(cls, best: Float, stat: Float, kinked: Bool, norm: Float, rise: Float) -> Self:
        """Create a scan from nodes in any order.

        The best fit is added as a node. Nodes beyond a wall and next to the best fit are left out.
        """
        centre = best[..., None]
        norm = np.append(norm, centre, axis=-1)
        rise = np.append(rise, np.zeros_like(centre), axis=-1)
        root = np.sign(norm - centre) * np.sqrt(np.maximum(rise, 0))
        least = np.maximum(_LEAST_RISE, _LEAST_RELATIVE_RISE * np.abs(stat))[..., None]
        known = np.isfinite(norm) & np.isfinite(rise) & np.isfinite(centre)
        known &= (rise > least) | (norm == centre) | kinked[..., None]
        norm, root = sort_nodes(norm, root, known)
        beyond = _beyond_wall(norm, root, centre) & ~kinked[..., None]
        return cls(best, stat, kinked, *sort_nodes(norm, root, np.isfinite(norm) & ~beyond))

    def upper_limit(self, n_sigma: float, *, bounded: bool = False) -> Float:
        """Norm above the best fit where the statistic has risen by `n_sigma` squared, or NaN.

        Above a kink the rise itself is close to linear in the norm, elsewhere its root is. If
        `bounded`, best fits below 0 count as 0.
        """
        rise = np.full_like(self.best, n_sigma**2)
        if bounded:
            zero = np.zeros_like(self.best)
            rise = rise + np.where(self.best < 0, self.rise_at(zero[..., None])[..., 0], 0)
        kinked = self.kinked[..., None]
        below = kinked & (self.norm < self.best[..., None])
        height = np.where(kinked, self.root**2, self.root)
        height, norm = sort_nodes(height, self.norm, np.isfinite(self.norm) & ~below)
        target = np.where(kinked, rise[..., None], np.sqrt(rise)[..., None])
        return interpolate(height, norm, target)[..., 0]

    def rise_at(self, norm: Float) -> Float:
        """Rise at norms (..., m): NaN beyond the scan, 0 in bins without a best fit."""
        value = interpolate(self.norm, self.root, norm) ** 2
        if self.kinked.any():
            best, known = self.best[..., None], np.isfinite(self.norm)
            above = sort_nodes(self.norm, self.root**2, known & (self.norm >= best))
            below = sort_nodes(self.norm, self.root**2, known & (self.norm <= best))
            apart = np.where(norm >= best, interpolate(*above, norm), interpolate(*below, norm))
            value = np.where(self.kinked[..., None], np.maximum(apart, 0), value)
        return np.where(np.isfinite(self.best)[..., None], value, 0)

    def norm_range(self) -> tuple[Float, Float]:
        """Least and greatest norm; without limits in bins without a best fit."""
        fitted = np.isfinite(self.best)
        high = np.where(np.isfinite(self.norm), self.norm, -np.inf).max(axis=-1)
        return np.where(fitted, self.norm[..., 0], -np.inf), np.where(fitted, high, np.inf)


def _beyond_wall(norm: Float, root: Float, best: Float) -> Bool:
    """Flag the nodes below the best fit that lie beyond a wall.

    At the wall the npred of a fine bin with counts reaches 0. Beyond it the statistic is infinite
    or was cut off, so the slope of the curve jumps there.
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        slope = np.diff(root, axis=-1) / np.diff(norm, axis=-1)
    jump = (slope[..., :-1] > _WALL_SLOPE_RATIO * slope[..., 1:]) & (norm[..., :-2] < best)
    jump = np.concatenate([jump, np.zeros((*jump.shape[:-1], 2), bool)], axis=-1)
    return np.logical_or.accumulate(jump[..., ::-1], axis=-1)[..., ::-1]


def read_scan(norms: xr.Dataset) -> Scan:
    """Read the scan of a profile of norms.

    Raises
    ------
    MissingVariableError
        If the profile has no scan.
    """
    missing = [name for name in ("stat_scan", "stat") if name not in norms]
    if NORM_SCAN not in norms.coords and NORM_SCAN_VALUES not in norms:
        missing.append(NORM_SCAN)
    if missing:
        raise MissingVariableError(
            f"the profile has no scan of the statistic: missing {', '.join(missing)}; estimate it "
            "with selection_optional=['scan'], or compute from the binned data"
        )
    best, *_ = xr.broadcast(norms["norm"], norms["stat"])
    norms = norms.assign(norm=best)
    at, stat, _ = xr.broadcast(scan_norms(norms), norms["stat_scan"], best)
    pairs = [(at.transpose(*best.dims, NORM_SCAN), (stat - norms["stat"]))]
    if "stat_null" in norms:
        null = (norms["stat_null"] - norms["stat"]).broadcast_like(best).expand_dims(NORM_SCAN)
        pairs.append((xr.zeros_like(null), null))
    columns = [[a.transpose(*best.dims, NORM_SCAN).to_numpy() for a in pair] for pair in pairs]
    norm, rise = (np.concatenate(column, axis=-1) for column in zip(*columns, strict=True))
    least = norms["stat"].broadcast_like(best).transpose(*best.dims).to_numpy()
    return Scan.from_nodes(best.to_numpy(), least, _is_kinked(norms), norm, rise)


def _is_kinked(norms: xr.Dataset) -> Bool:
    """Whether best fits lie at a boundary, where the curve has a kink; without counts all do."""
    best = norms["norm"]
    found = xr.zeros_like(best, dtype=bool)
    if "status" in norms:
        found = found | (norms["status"] & STATUS_FLAGS["best_fit_at_boundary"] > 0)
    if "counts" in norms:
        counts = norms["counts"]
        found = found | (counts.sum([d for d in counts.dims if d not in best.dims]) == 0)
    return found.transpose(*best.dims).to_numpy()


def bounded_limit_without_counts(profiles: Sequence[xr.Dataset], n_sigma: float) -> Float:
    """Limits above 0 of bins without counts, whose statistic rises by twice the signal; or NaN.

    Their scans end below 0 where those of ``scan_n_sigma`` are narrow.
    """
    like = profiles[0]["norm"]
    counts, signal = xr.zeros_like(like), xr.zeros_like(like)
    for part in profiles:
        if "counts" not in part or "npred_excess" not in part:
            return np.full(like.shape, np.nan)
        parts = part["counts"], part["npred_excess"] / part["norm"].where(part["norm"] != 0)
        number, per_norm = (v.sum([d for d in v.dims if d not in like.dims]) for v in parts)
        counts, signal = counts + number, signal + per_norm
    found = (n_sigma**2 / 2 / signal).where((counts == 0) & (signal > 0))
    return np.asarray(found.transpose(*like.dims).to_numpy())


def describe_flagged_bins(flags: xr.DataArray) -> str:
    """Describe where flags are True for a message: the number of bins, and the first of them."""
    total = int(flags.sum())
    first = np.unravel_index(int(np.argmax(flags.to_numpy())), flags.shape)
    places = []
    for dim, i in zip(flags.dims, first, strict=True):
        has_numbers = dim in flags.coords and flags[dim].dtype.kind in "fi"
        value = flags[dim].to_numpy()[i] if has_numbers else i
        places.append(f"{dim} {value:.6g}")
    return f"in {total} of {flags.size} bins, the first at {', '.join(places)}"


def stored_level(attrs: Mapping[Any, Any]) -> tuple[float, float]:
    """Significance and confidence level of the limits of a profile; 2 sigma if it has none."""
    try:
        sigma = float(attrs.get("n_sigma_ul", 2.0))
    except (TypeError, ValueError):
        sigma = 2.0
    sigma = sigma if 0 < sigma < np.inf else 2.0
    level = attrs.get("cl_ul")
    return sigma, level if isinstance(level, float) else one_sided_cl(sigma)


def scan_method(profiles: Sequence[xr.Dataset], what: str) -> str:
    """Method of limits from scans: bounded if all profiles have such limits, or the likelihood.

    Warns
    -----
    DataWarning
        If profiles have limits by other methods; `what` begins the message.
    """
    found = {str(profile.attrs.get("ul_method", "likelihood")) for profile in profiles}
    method = "bounded" if found == {"bounded"} else "likelihood"
    others = sorted(found - {method})
    if others and any(str(n).endswith("_ul") for p in profiles for n in p.data_vars):
        warnings.warn(
            f"{what} limits of the {method} from scans, other than those of the profile by "
            f"ul_method={' and '.join(map(repr, others))}; binned data give these: "
            f"estimate(binned, ul_method={others[0]!r}, cl_ul=...)",
            DataWarning,
            stacklevel=user_stacklevel(),
        )
    return method


def without_method(profile: xr.Dataset) -> xr.Dataset:
    """Leave out attributes of methods of upper limits that intervals do not need."""
    needed = {"feldman-cousins": {"toys", "rng"}, "bayes": {"prior"}}
    kept = needed.get(str(profile.attrs.get("interval_method")), set())
    result = profile.copy()
    result.attrs = {
        name: value
        for name, value in profile.attrs.items()
        if name not in {"ul_construction", "toys", "rng", "prior"} - kept
    }
    return result
