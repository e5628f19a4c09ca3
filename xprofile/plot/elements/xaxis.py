"""The horizontal axis of a profile: the places of its bins, the unit, and the label."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import astropy.units as u
import numpy as np
import xarray as xr
from numpy.typing import NDArray

from ...exceptions import InvalidOptionError, MissingVariableError
from ...schema.axes import bin_dim
from ...schema.names import (
    DISTANCE,
    DISTANCE_UNIT,
    ENERGY,
    ENERGY_UNIT,
    LAT,
    LON,
    REGION,
    high,
    low,
)
from ...schema.written_units.parsing import as_unit
from .labels import axis_label, sky_coordinate_names
from .shown_units import check_xunit, keep_xunit

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["XAxis", "make_xaxis", "named_axis"]

Float = NDArray[np.float64]
_TURN = 360 * u.deg

# Bins whose coordinates all differ by less cannot be plotted over this coordinate. Positions on the
# sky are exact to about 1e-13 deg, and bins of gamma-ray maps are wider than 1e-3 deg, so 1e-8
# would do as well.
_SAME_POSITION = 1e-9 * u.deg


@dataclass(frozen=True)
class XAxis:
    """Places of the bins along the horizontal axis of a plot.

    Parameters
    ----------
    first, centre, last : numpy.ndarray
        Edges and centres, (nbin,). Where longitudes decrease along a profile, `last` is below
        `first`.
    label : str
        Name and unit.
    turn : float, optional
        The full circle in the unit of the axis, if this is a longitude.
    log : bool
        Whether the axis is logarithmic.
    unit : str
        Unit of the axis.
    """

    first: Float
    centre: Float
    last: Float
    label: str
    turn: float | None = None
    log: bool = False
    unit: str = ""

    @property
    def half_widths(self) -> Float:
        """Distances from the centre of each bin to its lower and its upper end, (2, nbin)."""
        ends = np.stack([self.first, self.centre, self.last])
        return np.stack([self.centre - ends.min(axis=0), ends.max(axis=0) - self.centre])

    def shifted_to(self, ax: Axes) -> XAxis:
        """Return the axis shifted by whole turns to the longitudes that `ax` already shows.

        Raises
        ------
        InvalidOptionError
            If `ax` shows another unit.
        """
        check_xunit(ax, self.unit)
        if self.turn is None or not ax.has_data():
            return self
        away = np.mean(ax.get_xlim()) - self.centre.mean()
        shift = self.turn * np.round(away / self.turn)
        return replace(
            self, first=self.first + shift, centre=self.centre + shift, last=self.last + shift
        )

    def moved_by(self, share: float) -> XAxis:
        """Return the axis with the centres moved by a share of the width of each bin."""
        if self.log:
            centre = self.centre * (self.last / self.first) ** share
        else:
            centre = self.centre + share * np.abs(self.last - self.first)
        return replace(self, centre=centre)

    def label_axes(self, ax: Axes, *, both: bool = False) -> None:
        """Label the axis, and the vertical one if both show the bins.

        A longitude increases to the left and is written from 0 to 360 deg.
        """
        keep_xunit(ax, self.unit)
        turn = self.turn
        for axis in (ax.xaxis, ax.yaxis)[: 1 + both]:
            axis.set_label_text(self.label)
            if turn is not None:
                axis.set_inverted(True)
                axis.set_major_formatter(lambda value, _: f"{round(value, 9) % turn:.12g}")


def make_xaxis(data: xr.Dataset, x: str | None = None, x_unit: Any = None) -> XAxis:
    """Place the bins of a profile along an axis.

    Parameters
    ----------
    data : xarray.Dataset
        A profile.
    x : str, optional
        A coordinate of the bins; by default the coordinate of their dimension. Bins without
        numbers, such as those of a grid, get places 0, 1, 2 ... and a width of 1.
    x_unit : str or Unit, optional
        Unit of the axis; that of the coordinate by default.

    Raises
    ------
    MissingVariableError
        If the coordinate of the bins' dimension has no edges.
    InvalidOptionError
        If the bins have no such coordinate of numbers, it has the same value in all bins, or
        `x_unit` does not fit.
    """
    dim = bin_dim(data)
    if x in (None, dim):
        return named_axis(data, dim, x_unit)
    name = _checked_name(data, str(x))
    unit = _shown_unit(data, name, x_unit)
    values = data[name].to_numpy().astype(float) * _unit(data, name).to(unit)
    turn = _TURN.to_value(unit) if name == LON else None
    if turn is not None:
        values = np.unwrap(values, period=turn)
        values -= turn * np.round(values.mean() / turn)
    least = _SAME_POSITION.to_value(unit) if unit.is_equivalent(_SAME_POSITION.unit) else 0
    if np.ptp(values) <= least:
        raise InvalidOptionError(
            f"the centres of all bins have the same {name}, {values[0]:g} {unit}, so they cannot "
            f"be plotted over it; leave x out to plot over {dim}{_meaning(dim)}"
        )
    first, last = _edges(data, name, values, _unit(data, name).to(unit))
    return XAxis(first, values, last, _label(data, name, unit), turn, unit=unit.to_string())


def _meaning(dim: str) -> str:
    """Explain the distance in a message, as its values may be mistaken for latitudes."""
    return ", the distance from the centre of rings or along a line" if dim == DISTANCE else ""


def named_axis(data: xr.Dataset, dim: str, x_unit: Any) -> XAxis:
    """Place bins along the coordinate of a dimension, or side by side without numbers."""
    unit = _shown_unit(data, dim, x_unit)
    if not _has_numbers(data, dim):
        count = np.arange(data.sizes[dim], dtype=float)
        return XAxis(count - 0.5, count, count + 0.5, axis_label({}, REGION))
    missing = [name for name in (low(dim), high(dim)) if name not in data.coords]
    if missing:
        raise MissingVariableError(
            f"the profile has no bin edges: coordinates {missing} missing; assign them, or "
            "estimate the profile again"
        )
    scale = _unit(data, dim).to(unit)
    names = (low(dim), dim, high(dim))
    first, centre, last = (data[name].to_numpy().astype(float) * scale for name in names)
    return XAxis(first, centre, last, _label(data, dim, unit), unit=unit.to_string())


def _checked_name(data: xr.Dataset, x: str) -> str:
    """Return the name of a coordinate along the bins, or raise."""
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
    """First and last edge of each bin along a coordinate.

    For a coordinate without edges, its value at the edges of the bins is interpolated linearly
    between the centres of neighbours.
    """
    if low(name) in data.coords and high(name) in data.coords:
        lower, upper = (data[edge].to_numpy() * scale for edge in (low(name), high(name)))
        return lower, upper
    from scipy.interpolate import make_interp_spline

    own = named_axis(data, bin_dim(data), None)
    if not np.all(np.diff(np.sort(own.centre)) > 0):
        number = np.arange(values.size, dtype=float)
        own = XAxis(number - 0.5, number, number + 0.5, "")
    order = np.argsort(own.centre)
    along = make_interp_spline(own.centre[order], values[order], k=1)
    return along(own.first), along(own.last)


def _label(data: xr.Dataset, name: str, unit: u.UnitBase) -> str:
    """Label of a coordinate with the unit of the axis; the sky frame gives names to lon and lat."""
    attrs = {**data[name].attrs, "units": unit.to_string()}
    if name in (LON, LAT) and "frame" in attrs:
        attrs["long_name"] = sky_coordinate_names(attrs)[name == LAT]
    return axis_label(attrs, name)


def _shown_unit(data: xr.Dataset, name: str, x_unit: Any) -> u.UnitBase:
    """Unit of the axis: `x_unit` if it is given and fits, else the unit of the coordinate."""
    own = _unit(data, name)
    try:
        unit = own if x_unit is None else as_unit(x_unit)
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
    usual = {ENERGY: ENERGY_UNIT, **dict.fromkeys((DISTANCE, LON, LAT), DISTANCE_UNIT)}
    return u.Unit(data[name].attrs.get("units", usual.get(name, "")))


def _has_numbers(data: xr.Dataset, name: str) -> bool:
    """Whether a coordinate holds numbers, unlike the texts of regions."""
    return name in data.coords and data[name].dtype.kind in "iuf"
