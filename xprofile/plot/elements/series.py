"""Series of a profile: points or steps with errors, and arrows at upper limits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from ...schema.variables import PROFILE, SED_TYPES, names_of_kind
from .labels import LIMITS_GID
from .xaxis import XAxis

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.lines import Line2D
    from matplotlib.path import Path

__all__ = [
    "STYLES",
    "Series",
    "draw_series",
    "errors_handle",
    "limits_handle",
    "make_arrow_room",
    "read_series",
]

Float = NDArray[np.float64]
_ARROW = 2.4  # length of the arrow of an upper limit, in marker sizes
_LONGEST = "_xprofile_arrow"  # attribute of axes with the length of their longest arrow in points

# Neighbouring bins touch if their edges differ by less than this share of the horizontal axis. It
# is above the rounding of edges, 1e-12, and below a pixel of a figure, as 1e-5 would be; with 1e-3,
# visible gaps would be closed.
_TOUCHING = 1e-6
_BAND_ALPHA = 0.25  # opacity of the errors behind steps

# sums over used pixels; without a used pixel they are 0, which was not measured
_SUMS = names_of_kind(PROFILE, "sum")  # counts and predicted counts
STYLES = ("points", "steps")


@dataclass(frozen=True)
class Series:
    """Values of a quantity in one energy bin, as they are drawn.

    Parameters
    ----------
    value : numpy.ndarray
        Values, (nbin,); NaN where an upper limit is drawn instead.
    errors : numpy.ndarray, optional
        Lower and upper errors, (2, nbin).
    limit : numpy.ndarray
        Upper limits, (nbin,); NaN where the value is drawn.
    style : {"points", "steps"}
        Default style.
    wide : bool
        Whether points have horizontal bars from edge to edge of the bins.
    """

    value: Float
    errors: Float | None
    limit: Float
    style: str
    wide: bool = True


def read_series(band: xr.Dataset, name: str, *, negative_limits: bool = True) -> Series:
    """Read the values, errors and limits of a quantity in one energy bin.

    Without `negative_limits`, the value is drawn where the limit is below 0.
    """
    value = _values(band, name)
    none = np.full(value.shape, np.nan)
    if name == "counts":
        errors = _errors(band, name)  # of counts times energy
        errors = np.stack([np.sqrt(value)] * 2) if errors is None else errors
        return Series(value, errors, none, "points", wide=False)
    if name not in SED_TYPES:
        if f"{name}_err" not in band:
            return Series(value, None, none, "steps")
        known = _has_error(band, name)
        return Series(np.where(known, value, np.nan), _errors(band, name), none, "points")
    limit = none
    if f"{name}_ul" in band:
        limit = np.where(band["is_ul"].to_numpy(), band[f"{name}_ul"].to_numpy(), np.nan)
        limit = limit if negative_limits else np.where(limit < 0, np.nan, limit)
    return Series(np.where(np.isfinite(limit), np.nan, value), _errors(band, name), limit, "points")


def _values(band: xr.Dataset, name: str) -> Float:
    """Values as numbers; sums are NaN in bins without a used pixel."""
    value = band[name].astype(float)
    if name in _SUMS and "coverage" in band:
        value = value.where(band["coverage"] > 0)
    return np.asarray(value.to_numpy(), dtype=float)


def _errors(band: xr.Dataset, name: str) -> Float | None:
    """Lower and upper errors, (2, nbin), or None without errors.

    Asymmetric errors come before symmetric ones. An error that is not finite becomes 0.
    """
    symmetric = [band[f"{name}_err"]] * 2 if f"{name}_err" in band else None
    both = [band.get(f"{name}_errn"), band.get(f"{name}_errp")]
    found = [side for side in both if side is not None]
    sides = found if len(found) == 2 else symmetric
    if sides is None:
        return None
    errors = np.stack([side.to_numpy() for side in sides]).astype(float)
    return np.where(np.isfinite(errors), errors, 0.0)


def _has_error(band: xr.Dataset, name: str) -> NDArray[np.bool_]:
    """Whether an error of a quantity is known, and its interval ends at one side at least."""
    sides = [f"{name}_errn", f"{name}_errp"]
    known = np.isfinite(band[f"{name}_err"].to_numpy())
    if all(side in band for side in sides):
        known &= np.any([np.isfinite(band[side].to_numpy()) for side in sides], axis=0)
    return np.asarray(known)


def draw_series(
    ax: Axes,
    axis: XAxis,
    series: Series,
    style: dict[str, Any],
    limit_style: Mapping[str, Any] | None = None,
) -> Line2D:
    """Draw the values of a series and its limits; return the line of the values."""
    draw = _draw_points if series.style == "points" else _draw_steps
    line = draw(ax, axis, series, style)
    if np.isfinite(series.limit).any():
        bars: dict[str, Any] = {k: style[k] for k in ("elinewidth", "ecolor") if k in style}
        _draw_limits(ax, axis, series.limit, line, {**bars, **(limit_style or {})})
    return line


def _draw_points(ax: Axes, axis: XAxis, series: Series, style: dict[str, Any]) -> Line2D:
    xerr = axis.half_widths if series.wide else None
    drawn = ax.errorbar(axis.centre, series.value, series.errors, xerr, **_point_style(style))
    line: Line2D = drawn[0]
    return line


def _point_style(style: dict[str, Any]) -> dict[str, Any]:
    """Complete a style by a small marker without a line, unless the caller chose otherwise."""
    from matplotlib import rcParams
    from matplotlib.cbook import normalize_kwargs
    from matplotlib.lines import Line2D

    given = normalize_kwargs(style, Line2D)
    if str(given.get("fmt", "")).lower() == "none":
        given = {key: given[key] for key in given if key != "fmt"} | {"marker": ""}
    marker = {} if "fmt" in given else {"marker": "o", "linestyle": "none"}
    return {**marker, "markersize": 0.7 * rcParams["lines.markersize"], **given}


def _draw_steps(ax: Axes, axis: XAxis, series: Series, style: dict[str, Any]) -> Line2D:
    """Draw a level over each bin, and a shade behind it from the lower to the upper error."""
    x = _corners(axis)
    (line,) = ax.plot(x, np.repeat(series.value, 3), **style)
    if series.errors is not None:
        low, high = series.value - series.errors[0], series.value + series.errors[1]
        alpha = _BAND_ALPHA * (line.get_alpha() or 1)
        shade: dict[str, Any] = {"color": line.get_color(), "alpha": alpha, "linewidth": 0}
        order = line.get_zorder() - 0.1
        ax.fill_between(x, np.repeat(low, 3), np.repeat(high, 3), **shade, zorder=order)
    return line


def _corners(axis: XAxis) -> Float:
    """Horizontal positions of a line in steps, (3 nbin,).

    Each bin has its two edges, and a third position where its level is joined to the next one; the
    third is NaN if the two bins do not touch.
    """
    size = np.ptp([axis.first, axis.last])
    apart = ~np.isclose(axis.last[:-1], axis.first[1:], rtol=0, atol=_TOUCHING * size)
    joint = np.append(np.where(apart, np.nan, axis.last[:-1]), np.nan)
    return np.stack([axis.first, axis.last, joint], axis=1).ravel()


def _draw_limits(ax: Axes, axis: XAxis, limit: Float, line: Line2D, style: dict[str, Any]) -> None:
    """Draw upper limits as bars from edge to edge of the bins, with arrows that point down."""
    from matplotlib import rcParams
    from matplotlib.cbook import normalize_kwargs
    from matplotlib.lines import Line2D

    at = np.isfinite(limit)
    size = float(line.get_markersize()) if line.get_marker() != "None" else 0.0
    size = size or 0.7 * rcParams["lines.markersize"]
    arrow: dict[str, Any] = {
        "color": line.get_color(),
        "alpha": line.get_alpha(),
        "zorder": line.get_zorder(),
        "linestyle": "none",
        "marker": _down_arrow(),
        "markersize": 2 * _ARROW * size,  # a length of 1 in the path is half the marker size
    }
    look = {**arrow, **normalize_kwargs(style, Line2D)}
    look.pop("label", None)  # it has an entry of the legend for all series
    ax.errorbar(axis.centre[at], limit[at], xerr=axis.half_widths[:, at], **look)
    setattr(ax, _LONGEST, max(getattr(ax, _LONGEST, 0.0), float(look["markersize"]) / 2))
    make_arrow_room(ax)


def limits_handle(
    series: Sequence[Series],
    lines: Sequence[Line2D],
    label: str,
    limit_style: Mapping[str, Any] | None = None,
) -> Line2D | None:
    """Return an arrow for the legend, in the colour of the limits if all have one, or None."""
    style = limit_style or {}
    label = str(style.get("label", label))
    drawn = [bool(np.isfinite(one.limit).any()) for one in series]
    if not label or not any(drawn):
        return None
    handle = _handle(lines, style.get("marker", _down_arrow()), label)
    handle.set_color(style.get("color", style.get("c", handle.get_color())))
    return handle


def errors_handle(series: Sequence[Series], lines: Sequence[Line2D], label: str) -> Line2D | None:
    """Return a vertical bar for the legend if errors are drawn, as `limits_handle`."""
    drawn = [one.errors is not None and bool((one.errors > 0).any()) for one in series]
    return _handle(lines, "|", label) if label and any(drawn) else None


def _handle(lines: Sequence[Line2D], marker: Any, label: str) -> Line2D:
    """Entry of a legend in the colour of all lines, or grey if they have several."""
    from matplotlib import rcParams
    from matplotlib.colors import same_color
    from matplotlib.lines import Line2D

    colors = [line.get_color() for line in lines]
    look: dict[str, Any] = {
        "color": colors[0] if all(same_color(colors[0], one) for one in colors) else "0.3",
        "linestyle": "none",
        "marker": marker,
        "markersize": _ARROW * rcParams["lines.markersize"],
        "label": label,
        "gid": LIMITS_GID,
    }
    return Line2D([], [], **look)


def _down_arrow() -> Path:
    """Arrow from the origin down to -1. As a marker, its length is in points on any scale."""
    from matplotlib.path import Path

    shaft = [(0.0, 0.0), (0.0, -0.7)]
    head = [(-0.2, -0.62), (0.2, -0.62), (0.0, -1.0), (-0.2, -0.62)]
    line, close = [Path.MOVETO, Path.LINETO], [Path.LINETO, Path.CLOSEPOLY]
    return Path(np.array(shaft + head), np.array(line + line + close, Path.code_type))


def make_arrow_room(ax: Axes) -> None:
    """Widen the vertical margin of axes so that the lowest arrow of limits is inside.

    The arrows have a length in points, so the margin depends on the height that axes have now.
    """
    length, figure = getattr(ax, _LONGEST, 0.0), cast(Any, ax.figure)
    height = ax.get_window_extent().height * 72 / figure.dpi
    share = min(1.2 * length / height, 0.3)
    if share / (1 - 2 * share) > ax.get_ymargin():
        ax.set_ymargin(share / (1 - 2 * share))
