"""Other bins of binned data: neighbours merged, and cuts folded round their origin."""

from __future__ import annotations

from typing import Any

import astropy.units as u
import numpy as np
import xarray as xr
from numpy.typing import ArrayLike, NDArray

from ..binned.merging import join_bins
from ..estimation.settings import check_number, describe
from ..exceptions import InvalidDataError, InvalidOptionError
from ..schema.axes import axis_edges, bin_dim
from ..schema.checks import check_binned
from ..schema.history import extend_history
from ..schema.names import DISTANCE_UNIT, OVERLAP, REGION
from .growing import grow_bins, refuse_other_dims

__all__ = ["fold", "rebin"]

Float = NDArray[np.float64]

Int = NDArray[np.intp]

Bool = NDArray[np.bool_]

_SAME = 1e-5  # of a bin's width, for edges that are one and the same


def rebin(
    binned: xr.Dataset,
    factor: int | None = None,
    *,
    edges: u.Quantity | ArrayLike | None = None,
    min_counts: float | None = None,
    min_excess_sigma: float | None = None,
    min_ts: float | None = None,
    **settings: Any,
) -> xr.Dataset:
    """Merge neighbouring bins, exactly as if the merged regions had been binned.

    Give one of `factor`, `edges`, `min_counts`, `min_excess_sigma` and `min_ts`. With the last
    three, bins grow from the first one on until they meet the criterion; what is left at the end
    joins the last bin, if that then still meets it.

    Parameters
    ----------
    binned : xarray.Dataset
        From `bin_maps`, of bins with edges that touch. Dims such as ``toy`` and ``dataset`` stay.
    factor : int, optional
        How many neighbours become one. Fewer that are left at the end make a last, smaller bin.
    edges : Quantity or array_like, optional
        Edges of the new bins, each of them one of the old ones (to 1e-5 of a bin's width); numbers
        are in the unit of the coordinate. They may cover a part of the old bins.
    min_counts : float, optional
        Least counts at all energies (and of all data sets) together.
    min_excess_sigma : float, optional
        Least significance of the excess at all energies together: the signed root of the Cash
        likelihood ratio of the sums, or with off counts that of Li & Ma (1983, eq. 17).
    min_ts : float, optional
        Least ``ts`` of `estimate`, summed over its energy bins. A significant deficit has a high
        ``ts`` too; ``norm_min=0`` leaves it out.
    **settings
        Parameters of `ProfileEstimator` for `min_ts`, such as ``spectral_model``.

    Returns
    -------
    xarray.Dataset
        Counts, background, off counts, acceptance and solid angle are summed; exposure and
        coverage are means weighted with solid angle. ``lon`` and ``lat`` are the mean direction of
        the old centres, ``region`` holds the old regions, separated by semicolons. With a
        criterion the coordinate ``criterion_met`` tells which bins meet it.

    Raises
    ------
    MissingVariableError
        If `binned` is not binned data, or its bins have no edges.
    InvalidDataError
        If bins do not touch, share pixels, or are boxes of a grid; or if bins are to grow in data
        with other dims than energies, bins and data sets.
    InvalidOptionError
        If not just one of the five is given, an edge is none of the old ones, or a value is out of
        its range.

    Examples
    --------
    >>> import astropy.units as u
    >>> from astropy.coordinates import SkyCoord
    >>> import xprofile
    >>> from xprofile import SkyBins
    >>> maps = xprofile.tutorial.open_maps("galactic-center-sim")
    >>> center = SkyCoord(0, 0, unit="deg", frame="galactic")
    >>> binned = maps.profile.bin(SkyBins.annuli(center, radius_max=2 * u.deg, nbin=8))
    >>> binned.profile.rebin(4).projected_distance.values
    array([0.5, 1.5])
    >>> binned.profile.rebin(min_counts=100).criterion_met.all().item()
    True
    """
    data, dim, old = _row_of_bins(binned)
    name, value = _only_one(
        factor=factor,
        edges=edges,
        min_counts=min_counts,
        min_excess_sigma=min_excess_sigma,
        min_ts=min_ts,
    )
    if settings and name != "min_ts":
        raise InvalidOptionError(
            f"{', '.join(settings)}: settings of the estimator are for min_ts alone"
        )
    text = "; ".join(f"{key}: {describe(key, found)}" for key, found in settings.items())
    if name == "factor":
        check_number(name, value, "a whole number from 1 on")
        bounds = np.append(np.arange(0, old.size - 1, int(value)), old.size - 1)
        result = join_bins(data, dim, bounds)
    elif name == "edges":
        unit = str(data[dim].attrs.get("units", DISTANCE_UNIT))
        wanted = _numbers(value, unit)
        value = f"{wanted.size} from {wanted[0]:.6g} to {wanted[-1]:.6g} {unit}"
        result = join_bins(data, dim, _places_of(wanted, old, unit))
    else:
        check_number(name, value, "a positive number")
        refuse_other_dims(data, dim)
        result = grow_bins(data, dim, name, value, settings)
    step = f"rebin {name}: {value}" + (f"; {text}" if text else "")
    return extend_history(result, binned, step)


def fold(binned: xr.Dataset) -> xr.Dataset:
    """Fold bins round 0: that from a to b is merged with the one from -b to -a.

    Parameters
    ----------
    binned : xarray.Dataset
        From `bin_maps`, of bins with edges that are symmetric round 0, such as those along a line
        with its ``origin`` in the middle.

    Returns
    -------
    xarray.Dataset
        As `rebin` gives it, from 0 outwards. A bin from -h to h becomes one from 0 to h.

    Raises
    ------
    MissingVariableError
        If `binned` is not binned data, or its bins have no edges.
    InvalidDataError
        If a bin has no partner, or bins do not touch, share pixels, or are boxes of a grid.
    """
    data, dim, old = _row_of_bins(binned)
    size = old.size - 1
    _check_symmetric(old, dim, str(data[dim].attrs.get("units", DISTANCE_UNIT)))
    upper_half = np.arange(size // 2, size)
    pairs = np.stack([size - 1 - upper_half, upper_half], axis=-1).ravel()
    order = pairs[1:] if size % 2 else pairs  # a bin across 0 is its own partner
    bounds = np.append(0, np.arange(2 - size % 2, order.size + 1, 2))
    lower = np.append(0, old[size // 2 + 1 : -1])
    upper = old[size // 2 + 1 :]
    result = join_bins(data.isel({dim: order}), dim, bounds, lower, upper)
    return extend_history(result, binned, "fold")


def _row_of_bins(binned: xr.Dataset) -> tuple[xr.Dataset, str, Float]:
    """Binned data in memory, the dimension of the bins, and their edges."""
    check_binned(binned)
    dim = bin_dim(binned)
    if dim == REGION:
        raise InvalidDataError(
            "the bins are boxes of a grid: they are not in a row, so none is the next; bin the "
            "maps with a coarser grid instead"
        )
    old = axis_edges(binned, dim)
    if old.size < 2:
        raise InvalidDataError("the binned data have no bin; give one region or more")
    shared = int(binned.attrs.get(OVERLAP, 0))
    if shared:
        raise InvalidDataError(
            f"bins overlap, so their sums would count pixels twice: attrs[{OVERLAP!r}] is "
            f"{shared}; bin the maps with bins that share no pixels, such as those of SkyBins"
        )
    return binned.compute(), dim, old


def _only_one(**options: Any) -> tuple[str, Any]:
    given = {name: value for name, value in options.items() if value is not None}
    if len(given) != 1:
        raise InvalidOptionError(
            f"give one of {', '.join(f'{name}=' for name in options)}; found "
            f"{', '.join(given) or 'none'}"
        )
    return next(iter(given.items()))


def _numbers(wanted: Any, unit: str) -> Float:
    """Edges in the unit of the coordinate, two or more, ascending."""
    try:
        values = wanted.to_value(unit) if isinstance(wanted, u.Quantity) else wanted
        found = np.atleast_1d(np.asarray(values, dtype=float))
    except (u.UnitConversionError, TypeError, ValueError):
        found = np.empty(0)
    if found.ndim != 1 or found.size < 2 or not np.all(np.diff(found) > 0):
        raise InvalidOptionError(
            f"edges must be two or more ascending numbers in {unit}, or a Quantity; found "
            f"{wanted!r}"
        )
    return found


def _places_of(wanted: Float, old: Float, unit: str) -> Int:
    """Numbers of the old edges that new ones are."""
    nearest = np.abs(wanted[:, None] - old).argmin(axis=1)
    off = np.abs(wanted - old[nearest]) > _tolerance(old)[nearest]
    if off.any():
        edge = wanted[off][0]
        after = int(np.clip(np.searchsorted(old, edge), 1, old.size - 1))
        raise InvalidOptionError(
            f"the edge {edge:.10g} {unit} is none of the old ones; the nearest are "
            f"{old[after - 1]:.10g} and {old[after]:.10g} {unit}. Choose among them, or bin the "
            "maps anew"
        )
    return np.asarray(nearest)


def _tolerance(old: Float) -> Float:
    """How far off each edge another one may be that is the same."""
    width = np.diff(old)
    return np.asarray(_SAME * np.minimum(np.append(width[0], width), np.append(width, width[-1])))


def _check_symmetric(old: Float, dim: str, unit: str) -> None:
    nearest = np.abs(old[:, None] + old).argmin(axis=1)
    alone = np.abs(old + old[nearest]) > _tolerance(old)
    if alone.any():
        first = int(np.argmax(alone[:-1] | alone[1:]))
        low, high = old[first], old[first + 1]
        raise InvalidDataError(
            f"the bin from {low:.10g} to {high:.10g} {unit} of {dim} has no partner from "
            f"{-high:.10g} to {-low:.10g} {unit}; select a symmetric range, or bin the maps with "
            "origin= in the middle"
        )
