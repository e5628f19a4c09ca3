"""One series of a profile: points with errors and arrows, counts, or steps."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import astropy.units as u
import numpy as np
import xarray as xr
from numpy.typing import NDArray

from ..exceptions import MissingVariableError
from ..schema import bin_dim, high, low
from .labels import bins_unit, has_numbers, shown_unit

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.path import Path

__all__ = ["draw_counts", "draw_sed", "draw_steps", "positions"]

Float = NDArray[np.float64]

_ARROW = 2.4  # length of an upper limit's arrow, in marker sizes
# sums over used pixels: 0 where there is none, which is not a measurement
_SUMS = ("counts", "npred", "npred_excess", "npred_background")


def draw_sed(
    ax: Axes, band: xr.Dataset, name: str, x_unit: str | u.Unit | None, style: dict[str, Any]
) -> None:
    """Draw points with errors, and arrows where a bin is an upper limit."""
    lower, x, upper = positions(band, x_unit)
    xerr = np.stack([x - lower, upper - x])
    value = band[name].to_numpy().astype(float)
    limit = np.zeros(value.shape, bool)
    if f"{name}_ul" in band:
        limit = band["is_ul"].to_numpy() & np.isfinite(band[f"{name}_ul"].to_numpy())
    point = np.where(limit, np.nan, value)
    drawn = ax.errorbar(x, point, _errors(band, name), xerr, **_point_style(style))
    if not limit.any():
        return
    size = float(drawn[0].get_markersize())
    arrow = {
        "color": drawn[0].get_color(),
        "alpha": drawn[0].get_alpha(),
        "zorder": drawn[0].get_zorder(),
        "linestyle": "none",
        "marker": _down_arrow(),
        "markersize": 2 * _ARROW * size,  # a path's unit is half of it
    }
    at = band[f"{name}_ul"].to_numpy()[limit]
    bars = {key: style[key] for key in ("elinewidth", "ecolor") if key in style}
    ax.errorbar(x[limit], at, xerr=xerr[:, limit], **arrow, **bars)
    _make_room(ax, _ARROW * size)


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


def draw_counts(
    ax: Axes, band: xr.Dataset, name: str, x_unit: str | u.Unit | None, style: dict[str, Any]
) -> None:
    """Draw points with errors of sqrt(N)."""
    value = _values(band, name)
    ax.errorbar(positions(band, x_unit)[1], value, np.sqrt(value), **_point_style(style))


def draw_steps(
    ax: Axes, band: xr.Dataset, name: str, x_unit: str | u.Unit | None, style: dict[str, Any]
) -> None:
    """Draw a level over each bin, joined to the next one where the two touch."""
    lower, _, upper = positions(band, x_unit)
    value = _values(band, name)
    apart = ~np.isclose(upper[:-1], lower[1:], rtol=0, atol=1e-6 * np.ptp([lower, upper]))
    gap = np.append(np.where(apart, np.nan, upper[:-1]), np.nan)
    x, y = np.stack([lower, upper, gap]), np.stack([value] * 3)
    ax.plot(x.T.ravel(), y.T.ravel(), **style)


def _values(band: xr.Dataset, name: str) -> Float:
    """Values as numbers, NaN for sums over bins of which no pixel was used."""
    value = band[name].astype(float)
    if name in _SUMS and "coverage" in band:
        value = value.where(band["coverage"] > 0)
    return np.asarray(value.to_numpy(), dtype=float)


def positions(band: xr.Dataset, x_unit: str | u.Unit | None) -> tuple[Float, Float, Float]:
    """Lower edges, centres and upper edges of the bins in the unit of the plot.

    Bins without numbers are counted from 0, and each is 1 wide.
    """
    dim, scale = bin_dim(band), bins_unit(band).to(shown_unit(band, x_unit))
    if not has_numbers(band):
        count = np.arange(band.sizes[dim], dtype=float)
        return count - 0.5, count, count + 0.5
    missing = [name for name in (low(dim), high(dim)) if name not in band.coords]
    if missing:
        raise MissingVariableError(f"the profile has no bin edges: coordinates {missing} missing")
    names = (low(dim), dim, high(dim))
    first, middle, last = (band[name].to_numpy().astype(float) * scale for name in names)
    return first, middle, last
