"""The horizontal axis of a profile: where its bins lie, and what stands under it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import astropy.units as u
import numpy as np
import xarray as xr
from numpy.typing import NDArray

from ..exceptions import InvalidOptionError, MissingVariableError
from ..schema.axes import bin_dim
from ..schema.names import DISTANCE, DISTANCE_UNIT, LAT, LON, REGION, high, low
from .labels import axis_text, sky_names

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["BinAxis", "bin_axis"]

Float = NDArray[np.float64]

_TURN = 360 * u.deg

_SAME = 1e-9 * u.deg  # positions no further apart are the same


@dataclass(frozen=True)
class BinAxis:
    """Places of the bins along the horizontal axis of a plot.

    Parameters
    ----------
    first, centre, last : numpy.ndarray
        Edges and centres, (nbin,). Where longitudes fall along a profile, so do these, and
        `last` is below `first`.
    label : str
        Name and unit.
    turn : float, optional
        The full circle in the unit of the axis, if this is a longitude.
    """

    first: Float
    centre: Float
    last: Float
    label: str
    turn: float | None = None

    @property
    def reach(self) -> Float:
        """How far each bin reaches below and above its centre, (2, nbin)."""
        ends = np.stack([self.first, self.centre, self.last])
        return np.stack([self.centre - ends.min(axis=0), ends.max(axis=0) - self.centre])

    def on(self, ax: Axes) -> BinAxis:
        """Return the axis whole turns away, where axes show longitudes near these already."""
        if self.turn is None or not ax.has_data():
            return self
        away = np.mean(ax.get_xlim()) - self.centre.mean()
        shift = self.turn * np.round(away / self.turn)
        ends = self.first + shift, self.centre + shift, self.last + shift
        return BinAxis(*ends, self.label, self.turn)

    def label_axes(self, ax: Axes) -> None:
        """Name the axis; a longitude grows to the left and is written from 0 to 360 deg."""
        ax.set_xlabel(self.label)
        if self.turn is None:
            return
        turn = self.turn
        ax.xaxis.set_inverted(True)
        ax.xaxis.set_major_formatter(lambda value, _: f"{round(value, 9) % turn:.12g}")


def bin_axis(data: xr.Dataset, x: str | None = None, x_unit: Any = None) -> BinAxis:
    """Place the bins of a profile along an axis.

    Parameters
    ----------
    data : xarray.Dataset
        A profile.
    x : str, optional
        A coordinate of the bins; their own by default, and where they have none they are counted
        from 0, each 1 wide.
    x_unit : str or Unit, optional
        Unit of the axis; that of the coordinate by default.

    Raises
    ------
    MissingVariableError
        If the bins' own coordinate has no edges.
    InvalidOptionError
        If the bins have no such coordinate of numbers, it is the same in all, or `x_unit` does
        not suit it.
    """
    dim = bin_dim(data)
    if x in (None, dim):
        return _own_axis(data, dim, x_unit)
    name = _checked(data, str(x))
    unit = _shown_unit(data, name, x_unit)
    values = data[name].to_numpy().astype(float) * _unit(data, name).to(unit)
    turn = _TURN.to_value(unit) if name == LON else None
    if turn is not None:
        values = np.unwrap(values, period=turn)
        values -= turn * np.round(values.mean() / turn)
    if np.ptp(values) <= (_SAME.to_value(unit) if unit.is_equivalent(_SAME.unit) else 0):
        raise InvalidOptionError(
            f"all bins have the same {name}, so it makes no axis; leave x out to plot over {dim}"
        )
    first, last = _edges(data, name, values, _unit(data, name).to(unit))
    return BinAxis(first, values, last, _text(data, name, unit), turn)


def _own_axis(data: xr.Dataset, dim: str, x_unit: Any) -> BinAxis:
    """Place bins along their own coordinate, or side by side."""
    unit = _shown_unit(data, dim, x_unit)
    if not _has_numbers(data, dim):
        count = np.arange(data.sizes[dim], dtype=float)
        return BinAxis(count - 0.5, count, count + 0.5, axis_text({}, REGION))
    missing = [name for name in (low(dim), high(dim)) if name not in data.coords]
    if missing:
        raise MissingVariableError(f"the profile has no bin edges: coordinates {missing} missing")
    scale = _unit(data, dim).to(unit)
    names = (low(dim), dim, high(dim))
    first, centre, last = (data[name].to_numpy().astype(float) * scale for name in names)
    return BinAxis(first, centre, last, _text(data, dim, unit))


def _checked(data: xr.Dataset, x: str) -> str:
    """Return the name of a coordinate along the bins."""
    dim = bin_dim(data)
    known = [
        str(name)
        for name, coord in data.coords.items()
        if coord.dims == (dim,) and coord.dtype.kind in "iuf"
    ]
    if x not in known:
        raise InvalidOptionError(
            f"x must be a coordinate of numbers along {dim}, one of {known}, found {x!r}"
        )
    return x


def _edges(data: xr.Dataset, name: str, values: Float, scale: float) -> tuple[Float, Float]:
    """First and last edge of each bin along a coordinate: its own, or those it takes over.

    A coordinate without edges is taken to change linearly between the centres of neighbours, and
    read at the edges that the bins have along their own axis.
    """
    if low(name) in data.coords and high(name) in data.coords:
        lower, upper = (data[edge].to_numpy() * scale for edge in (low(name), high(name)))
        return lower, upper
    from scipy.interpolate import make_interp_spline

    own = _own_axis(data, bin_dim(data), None)
    if not np.all(np.diff(np.sort(own.centre)) > 0):
        number = np.arange(values.size, dtype=float)
        own = BinAxis(number - 0.5, number, number + 0.5, "")
    order = np.argsort(own.centre)
    along = make_interp_spline(own.centre[order], values[order], k=1)
    return along(own.first), along(own.last)


def _text(data: xr.Dataset, name: str, unit: u.UnitBase) -> str:
    """Name of a coordinate, of a sky one that of its frame, and the unit of the axis."""
    attrs = {**data[name].attrs, "units": unit.to_string()}
    if name in (LON, LAT) and "frame" in attrs:
        attrs["long_name"] = sky_names(attrs["frame"])[name == LAT]
    return axis_text(attrs, name)


def _shown_unit(data: xr.Dataset, name: str, x_unit: Any) -> u.UnitBase:
    """Unit of the axis: that of the coordinate, or the one asked for if it suits."""
    own = _unit(data, name)
    try:
        unit = own if x_unit is None else u.Unit(x_unit)
        own.to(unit)
    except (ValueError, TypeError):
        angle = own.is_equivalent(DISTANCE_UNIT)
        remedy = "must be an angle such as 'arcmin'" if angle else f"does not suit {name}"
        raise InvalidOptionError(f"x_unit {remedy}, found {x_unit!r}") from None
    return unit


def _unit(data: xr.Dataset, name: str) -> u.UnitBase:
    """Unit of a coordinate of the bins."""
    if not _has_numbers(data, name):
        return u.dimensionless_unscaled
    usual = DISTANCE_UNIT if name in (DISTANCE, LON, LAT) else ""
    return u.Unit(data[name].attrs.get("units", usual))


def _has_numbers(data: xr.Dataset, name: str) -> bool:
    """Whether a coordinate holds numbers; names of regions are none."""
    return name in data.coords and data[name].dtype.kind in "iuf"
