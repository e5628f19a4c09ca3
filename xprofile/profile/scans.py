"""Stored scans of the fit statistic: their rise over the norm, and limits from it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from ..estimation.settings import check_number
from ..exceptions import InvalidDataError, MissingVariableError
from ..schema.axes import scan_norms
from ..schema.flags import STATUS_FLAGS
from ..schema.history import extend_history
from ..schema.names import NORM_SCAN, NORM_SCAN_VALUES, SED_TYPE
from .interpolation import interpolate, sort_nodes
from .sed import is_brightness, quantity_name, to_sed_type, upper_limits

__all__ = ["Scan", "name_places", "read_scan", "recompute_ul"]

Float = NDArray[np.float64]

Bool = NDArray[np.bool_]

_NOISE = 1e-10  # of the statistic; a smaller rise says nothing

_LEAST_RISE = 1e-6

_STEEP = 3.0  # times the slope of the next interval: more than a smooth curve has


@dataclass(frozen=True, eq=False)
class Scan:
    """Signed root of the statistic's rise above its minimum, at some norms; make it with `of`.

    Parameters
    ----------
    best, stat : numpy.ndarray
        Norm and statistic of the best fit, any shape; NaN where there is none.
    kinked : numpy.ndarray of bool
        Whether the best fit is on a kink, so that the two sides are different curves.
    norm, root : numpy.ndarray
        Nodes with one more axis, in order of the norm, filled up with infinite norms.
    """

    best: Float
    stat: Float
    kinked: Bool
    norm: Float
    root: Float

    @classmethod
    def of(cls, best: Float, stat: Float, kinked: Bool, norm: Float, rise: Float) -> Self:
        """Make it of nodes in any order; the best fit becomes one, those beyond a wall do not."""
        centre = best[..., None]
        norm = np.append(norm, centre, axis=-1)
        rise = np.append(rise, np.zeros_like(centre), axis=-1)
        root = np.sign(norm - centre) * np.sqrt(np.maximum(rise, 0))
        least = np.maximum(_LEAST_RISE, _NOISE * np.abs(stat))[..., None]
        known = np.isfinite(norm) & np.isfinite(rise) & np.isfinite(centre)
        known &= (rise > least) | (norm == centre) | kinked[..., None]
        norm, root = sort_nodes(norm, root, known)
        beyond = _beyond_wall(norm, root, centre) & ~kinked[..., None]
        return cls(best, stat, kinked, *sort_nodes(norm, root, np.isfinite(norm) & ~beyond))

    def upper(self, n_sigma: float) -> Float:
        """Norm above the best fit where the statistic has risen by `n_sigma` squared, or NaN.

        From a kink it is the rise itself, not its root, that is close to linear.
        """
        kinked = self.kinked[..., None]
        below = kinked & (self.norm < self.best[..., None])
        over = np.where(kinked, self.root**2, self.root)
        over, norm = sort_nodes(over, self.norm, np.isfinite(self.norm) & ~below)
        return interpolate(over, norm, np.where(kinked, n_sigma**2, n_sigma))[..., 0]

    def at(self, norm: Float) -> Float:
        """Rise at norms (..., m); NaN beyond the scan, 0 where there is no best fit."""
        value = interpolate(self.norm, self.root, norm) ** 2
        if self.kinked.any():
            best, known = self.best[..., None], np.isfinite(self.norm)
            above = sort_nodes(self.norm, self.root**2, known & (self.norm >= best))
            below = sort_nodes(self.norm, self.root**2, known & (self.norm <= best))
            apart = np.where(norm >= best, interpolate(*above, norm), interpolate(*below, norm))
            value = np.where(self.kinked[..., None], np.maximum(apart, 0), value)
        return np.where(np.isfinite(self.best)[..., None], value, 0)

    def range(self) -> tuple[Float, Float]:
        """Least and greatest norm; without a best fit every norm will do."""
        some = np.isfinite(self.best)
        high = np.where(np.isfinite(self.norm), self.norm, -np.inf).max(axis=-1)
        return np.where(some, self.norm[..., 0], -np.inf), np.where(some, high, np.inf)


def _beyond_wall(norm: Float, root: Float, best: Float) -> Bool:
    """Nodes below the best fit from where on the curve is all at once much steeper.

    Where the npred of a fine bin with counts reaches 0, the statistic is infinite, or cut off.
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        slope = np.diff(root, axis=-1) / np.diff(norm, axis=-1)
    steep = (slope[..., :-1] > _STEEP * slope[..., 1:]) & (norm[..., :-2] < best)
    steep = np.concatenate([steep, np.zeros((*steep.shape[:-1], 2), bool)], axis=-1)
    return np.logical_or.accumulate(steep[..., ::-1], axis=-1)[..., ::-1]


def read_scan(norms: xr.Dataset) -> Scan:
    """Find the scan of a profile of norms.

    Raises
    ------
    MissingVariableError
        If there is no scan.
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
    low = norms["stat"].broadcast_like(best).transpose(*best.dims).to_numpy()
    return Scan.of(best.to_numpy(), low, _kinked(norms), norm, rise)


def _kinked(norms: xr.Dataset) -> Bool:
    """Whether best fits are on a kink, as the status says; without counts they always are."""
    best = norms["norm"]
    found = xr.zeros_like(best, dtype=bool)
    if "status" in norms:
        found = found | (norms["status"] & STATUS_FLAGS["best_fit_at_boundary"] > 0)
    if "counts" in norms:
        counts = norms["counts"]
        found = found | (counts.sum([d for d in counts.dims if d not in best.dims]) == 0)
    return found.transpose(*best.dims).to_numpy()


def recompute_ul(profile: xr.Dataset, n_sigma_ul: float = 2.0) -> xr.Dataset:
    r"""Upper limits of another significance, from the scan that a profile has stored.

    From binned data, ``estimate(n_sigma_ul=...)`` gives them exactly.

    Parameters
    ----------
    profile : xarray.Dataset
        With ``stat_scan`` (..., norm_scan), of any sed type and with any dims. The scan may be in
        any order, at norms ``norm_scan`` or ``norm_scan_values``.
    n_sigma_ul : float
        Significance of the limits.

    Returns
    -------
    xarray.Dataset
        With new limits, such as ``norm_ul``, and ``is_ul``. A limit is where the statistic C has
        risen by n_sigma_ul squared above that of the best fit. The signed root

        .. math:: r(x) = \mathrm{sign}(x - \hat x) \sqrt{C(x) - C(\hat x)}

        is close to linear in the norm x; the norm is interpolated at r = n_sigma_ul, by the cubic
        through four nodes round it, of which best fit and norm 0 are two more. On simulated counts
        a limit of 2 sigma is right to 2e-5 of the error from a scan with a node for each error, to
        1e-3 from one with the 11 norms from 0.2 to 5 that are the default, and to 1e-2 where nodes
        are several errors apart. NaN stays where there is no best fit.

    Raises
    ------
    MissingVariableError
        If there is no scan, or no reference value of the sed type.
    InvalidDataError
        If a scan does not reach the limit; the message names the bins.
    InvalidOptionError
        If `n_sigma_ul` is not a positive number.
    """
    check_number("n_sigma_ul", n_sigma_ul, "a positive number")
    norms = to_sed_type(profile, "norm").compute()
    scan = read_scan(norms)
    best, *_ = xr.broadcast(norms["norm"], norms["stat"])
    limit = best.copy(data=scan.upper(n_sigma_ul))
    lost = limit.isnull() & norms["norm"].notnull()
    if lost.any():
        raise InvalidDataError(
            f"the scan does not reach {n_sigma_ul:g} sigma above the best fit {name_places(lost)}; "
            "estimate again with higher norm_values=, or with scan_n_sigma=; or compute the limit "
            "from the binned data"
        )
    name = quantity_name(str(profile.attrs[SED_TYPE]))
    limits = norms[["norm", *_needed(norms)]].assign(norm_ul=limit)
    shown = to_sed_type(limits, name, per_solid_angle=is_brightness(profile))
    result = profile.assign({f"{name}_ul": shown[f"{name}_ul"].variable})
    result = result.assign_attrs(n_sigma_ul=float(n_sigma_ul))
    result = result.assign(is_ul=upper_limits(result))
    return extend_history(result, result, f"recompute_ul n_sigma_ul: {n_sigma_ul:g}")


def _needed(norms: xr.Dataset) -> list[str]:
    return [str(n) for n in norms.data_vars if str(n).startswith("ref_") or n == "solid_angle"]


def name_places(where: xr.DataArray) -> str:
    """Say where a flag is True, for people: how many, and the first of them."""
    total = int(where.sum())
    first = np.unravel_index(int(np.argmax(where.to_numpy())), where.shape)
    places = []
    for dim, i in zip(where.dims, first, strict=True):
        numbers = dim in where.coords and where[dim].dtype.kind in "fi"
        value = where[dim].to_numpy()[i] if numbers else i
        places.append(f"{dim} {value:.6g}")
    return f"in {total} of {where.size} bins, the first at {', '.join(places)}"
