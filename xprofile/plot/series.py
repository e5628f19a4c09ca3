"""One series of a profile: points or steps, with errors, and arrows at upper limits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from ..schema.variables import SED_TYPES
from .xaxis import BinAxis

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.lines import Line2D
    from matplotlib.path import Path

__all__ = ["STYLES", "Series", "draw_series", "read_series"]

Float = NDArray[np.float64]

_ARROW = 2.4  # length of an upper limit's arrow, in marker sizes

_BAND_ALPHA = 0.25  # of the errors behind steps

# sums over used pixels: 0 where there is none, which is not a measurement
_SUMS = ("counts", "npred", "npred_excess", "npred_background")

STYLES = ("points", "steps")


@dataclass(frozen=True)
class Series:
    """A quantity in one energy bin, as it is drawn.

    Parameters
    ----------
    value : numpy.ndarray
        (nbin,), NaN where an upper limit stands in its place.
    errors : numpy.ndarray, optional
        Down and up, (2, nbin).
    limit : numpy.ndarray
        Upper limits, (nbin,), NaN where there is none to draw.
    style : {"points", "steps"}
        How it is drawn unless somebody asks for the other.
    wide : bool
        Whether points have bars from edge to edge of the bins.
    """

    value: Float
    errors: Float | None
    limit: Float
    style: str
    wide: bool = True


def read_series(band: xr.Dataset, name: str) -> Series:
    """Read the values, errors and limits of a quantity in one energy bin."""
    value = _values(band, name)
    none = np.full(value.shape, np.nan)
    if name == "counts":
        return Series(value, np.stack([np.sqrt(value)] * 2), none, "points", wide=False)
    if name not in SED_TYPES:
        return Series(value, None, none, "steps")
    limit = none
    if f"{name}_ul" in band:
        limit = np.where(band["is_ul"].to_numpy(), band[f"{name}_ul"].to_numpy(), np.nan)
    return Series(np.where(np.isfinite(limit), np.nan, value), _errors(band, name), limit, "points")


def _values(band: xr.Dataset, name: str) -> Float:
    """Values as numbers, NaN for sums over bins of which no pixel was used."""
    value = band[name].astype(float)
    if name in _SUMS and "coverage" in band:
        value = value.where(band["coverage"] > 0)
    return np.asarray(value.to_numpy(), dtype=float)


def _errors(band: xr.Dataset, name: str) -> Float | None:
    """Errors down and up, (2, n): the asymmetric ones if there are, an unbounded one being 0."""
    one = [band[f"{name}_err"]] * 2 if f"{name}_err" in band else None
    both = [band.get(f"{name}_errn"), band.get(f"{name}_errp")]
    found = [side for side in both if side is not None]
    sides = found if len(found) == 2 else one
    if sides is None:
        return None
    errors = np.stack([side.to_numpy() for side in sides]).astype(float)
    return np.where(np.isfinite(errors), errors, 0.0)


def draw_series(ax: Axes, axis: BinAxis, series: Series, style: dict[str, Any]) -> Line2D:
    """Draw a series in its style, and its limits; return the line of its values."""
    draw = _draw_points if series.style == "points" else _draw_steps
    line = draw(ax, axis, series, style)
    if np.isfinite(series.limit).any():
        bars: dict[str, Any] = {k: style[k] for k in ("elinewidth", "ecolor") if k in style}
        _draw_limits(ax, axis, series.limit, line, bars)
    return line


def _draw_points(ax: Axes, axis: BinAxis, series: Series, style: dict[str, Any]) -> Line2D:
    xerr = axis.reach if series.wide else None
    drawn = ax.errorbar(axis.centre, series.value, series.errors, xerr, **_point_style(style))
    line: Line2D = drawn[0]
    return line


def _point_style(style: dict[str, Any]) -> dict[str, Any]:
    """Fill in a small marker without a line, unless the caller says otherwise."""
    from matplotlib import rcParams
    from matplotlib.cbook import normalize_kwargs
    from matplotlib.lines import Line2D

    given = normalize_kwargs(style, Line2D)
    if str(given.get("fmt", "")).lower() == "none":
        given = {key: given[key] for key in given if key != "fmt"} | {"marker": ""}
    marker = {} if "fmt" in given else {"marker": "o", "linestyle": "none"}
    return {**marker, "markersize": 0.7 * rcParams["lines.markersize"], **given}


def _draw_steps(ax: Axes, axis: BinAxis, series: Series, style: dict[str, Any]) -> Line2D:
    """Draw a level over each bin, before a shade from the lower to the upper end of its error."""
    x = _corners(axis)
    (line,) = ax.plot(x, np.repeat(series.value, 3), **style)
    if series.errors is not None:
        low, high = series.value - series.errors[0], series.value + series.errors[1]
        alpha = _BAND_ALPHA * (line.get_alpha() or 1)
        shade: dict[str, Any] = {"color": line.get_color(), "alpha": alpha, "linewidth": 0}
        order = line.get_zorder() - 0.1
        ax.fill_between(x, np.repeat(low, 3), np.repeat(high, 3), **shade, zorder=order)
    return line


def _corners(axis: BinAxis) -> Float:
    """Three places for each bin, (3 nbin,): its edges, and where its level meets the next one.

    The last is NaN where the two bins do not touch.
    """
    size = np.ptp([axis.first, axis.last])
    apart = ~np.isclose(axis.last[:-1], axis.first[1:], rtol=0, atol=1e-6 * size)
    joint = np.append(np.where(apart, np.nan, axis.last[:-1]), np.nan)
    return np.stack([axis.first, axis.last, joint], axis=1).ravel()


def _draw_limits(ax: Axes, axis: BinAxis, limit: Float, line: Line2D, bars: dict[str, Any]) -> None:
    """Hang arrows at upper limits, which reach from edge to edge of the bins."""
    from matplotlib import rcParams

    at = np.isfinite(limit)
    size = float(line.get_markersize()) if line.get_marker() != "None" else 0.0
    size = size or 0.7 * rcParams["lines.markersize"]
    arrow: dict[str, Any] = {
        "color": line.get_color(),
        "alpha": line.get_alpha(),
        "zorder": line.get_zorder(),
        "linestyle": "none",
        "marker": _down_arrow(),
        "markersize": 2 * _ARROW * size,  # a path's unit is half of it
    }
    ax.errorbar(axis.centre[at], limit[at], xerr=axis.reach[:, at], **arrow, **bars)
    _make_room(ax, _ARROW * size)


def _down_arrow() -> Path:
    """Arrow from the origin down to -1: as a marker it has a length in points on any scale."""
    from matplotlib.path import Path

    shaft = [(0.0, 0.0), (0.0, -0.7)]
    head = [(-0.2, -0.62), (0.2, -0.62), (0.0, -1.0), (-0.2, -0.62)]
    line, close = [Path.MOVETO, Path.LINETO], [Path.LINETO, Path.CLOSEPOLY]
    return Path(np.array(shaft + head), np.array(line + line + close, Path.code_type))


def _make_room(ax: Axes, length: float) -> None:
    """Widen the vertical margin for the lowest arrow, of a length in points."""
    figure: Any = ax.figure
    height = ax.get_window_extent().height * 72 / figure.dpi
    share = min(1.2 * length / height, 0.3)
    ax.set_ymargin(max(ax.get_ymargin(), share / (1 - 2 * share)))
