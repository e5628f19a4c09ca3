"""Figure of a fit of templates: counts, the predicted counts of each template, and residuals."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import astropy.units as u
import numpy as np
import xarray as xr
from numpy.typing import NDArray

from ...exceptions import InvalidDataError, MissingVariableError
from ...schema.axes import bin_dim
from ...schema.names import DATASET, ENERGY, TEMPLATE
from ...schema.options import suggests_options
from ...schema.units import unit_text
from ...schema.written_units.solid_angle_units import wanted_angle
from ..elements.energies import energy_number
from ..elements.labels import axis_label, energy_range_text
from ..elements.legends import draw_legend_on_top
from ..elements.series import Series, draw_series
from ..elements.xaxis import XAxis, make_xaxis
from ..elements.yaxis import axes_without_sky, check_scale, set_scale
from .panels import axes_below

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["plot_templates"]

Float = NDArray[np.float64]

_SUM_COLOR = "0.2"  # dark grey


@suggests_options
def plot_templates(
    fit: xr.Dataset,
    *,
    ax: Axes | None = None,
    energy: int | u.Quantity | None = None,
    residuals: bool = True,
    per_solid_angle: bool | str | u.UnitBase = False,
    x: str | None = None,
    x_unit: str | u.Unit | None = None,
    yscale: str | None = None,
    add_legend: bool = True,
    **kwargs: Any,
) -> Axes:
    """Plot the counts of all bins, the sum of the predicted counts, and those of each template.

    Parameters
    ----------
    fit : xarray.Dataset
        From `fit_templates`. Data sets of a joint fit are summed.
    ax : matplotlib.axes.Axes, optional
        The current axes by default.
    energy : int or Quantity, optional
        Number of the energy bin, from 0 as in ``isel``, or an energy inside it; by default the sum
        over all energies.
    residuals : bool
        Draw the counts minus the predicted counts in a panel below.
    per_solid_angle : bool, str or Unit
        Divide by the solid angle of each bin, in a unit such as ``"deg2"``, or with True in sr.
    x, x_unit : optional
        Coordinate on the horizontal axis and its unit, as in `plot_profile`.
    yscale : {"linear", "log", "symlog"} or str, optional
        Scale of the vertical axis of the counts.
    add_legend : bool
        Draw a legend above the counts.
    **kwargs
        Passed to `matplotlib.axes.Axes.errorbar` for the counts.

    Returns
    -------
    matplotlib.axes.Axes
        The axes of the counts. Counts have errors of sqrt(N).

    Raises
    ------
    MissingVariableError
        If this is not a fit of templates.
    InvalidDataError
        If the fit has other dims than those of templates, bins and energies, such as ``toy``.
    InvalidOptionError
        If `energy` chooses no energy bin, `per_solid_angle` is not a unit of solid angle, or `x`,
        `x_unit` or `yscale` does not fit.

    See Also
    --------
    xprofile.fit_templates : Fit templates.
    xprofile.plot.plot_profile : Plot a profile.

    Examples
    --------
    >>> import astropy.units as u
    >>> import matplotlib.pyplot as plt
    >>> from astropy.coordinates import SkyCoord
    >>> import xprofile
    >>> maps = xprofile.tutorial.open_maps("galactic-center-sim")
    >>> center = SkyCoord(0, 0, unit="deg", frame="galactic")
    >>> rings = xprofile.SkyBins.annuli(center, radius_max=2 * u.deg, nbin=8)
    >>> binned = maps.profile.bin(rings)
    >>> alone = binned.assign(background=0 * binned.background)
    >>> fit = xprofile.fit_templates(alone, {"known": binned.background})
    >>> ax = xprofile.plot.plot_templates(fit)
    >>> ax.get_ylabel()
    'Counts'
    """
    from ..elements.power_labels import set_label_with_power

    check_scale(yscale)
    one = _summed(fit, energy)
    angle = wanted_angle(per_solid_angle)
    area = one["solid_angle"].to_numpy() * u.sr.to(angle) if angle else 1.0
    axis = make_xaxis(one, x, x_unit)
    ax = axes_without_sky(ax)
    axis = axis.shifted_to(ax)
    drawn = []
    for label, values, style in _components(one):
        steps = Series(values / area, None, np.full(values.shape, np.nan), "steps")
        draw_series(ax, axis, steps, {"label": label, **style})
        drawn.append(steps)
    counts = one["counts"].to_numpy().astype(float)
    drawn.append(_draw_counts(ax, axis, counts / area, np.sqrt(counts) / area, kwargs))
    set_scale(ax, yscale, drawn)
    units = {"units": unit_text(1 / angle)} if angle else {}
    set_label_with_power(ax.yaxis, axis_label({"long_name": "counts", **units}, "counts"))
    if ENERGY in one.coords:
        ax.set_title(energy_range_text(one), fontsize="medium")
    if residuals:
        rest = counts - one["npred_total"].to_numpy()
        _draw_residuals(ax, axis, rest / area, np.sqrt(counts) / area, kwargs)
    else:
        axis.label_axes(ax)
    if add_legend:
        draw_legend_on_top(ax)
    return ax


def _summed(fit: xr.Dataset, energy: int | u.Quantity | None) -> xr.Dataset:
    """Counts of a fit at one energy, or summed over all, and over data sets."""
    missing = [n for n in ("counts", "npred", "npred_total", "solid_angle") if n not in fit]
    if missing or TEMPLATE not in fit.dims:
        raise MissingVariableError(
            f"this is not a fit of templates: {', '.join(missing) or TEMPLATE} is missing; make it "
            "with fit_templates, and keep its variables"
        )
    dim = bin_dim(fit)
    others = set(fit["npred"].dims) - {TEMPLATE, ENERGY, dim, DATASET}
    if others or dim not in fit.dims:
        raise InvalidDataError(
            f"npred of the fit has the dims {fit['npred'].dims}, expected templates, energies and "
            f"{dim}; select one value of each other, such as toy=0, and two or more bins"
        )
    names = ["counts", "npred", "npred_background", "npred_bins", "npred_total", "solid_angle"]
    one = fit[[name for name in names if name in fit]]
    if DATASET in one.dims:
        one = one.sum(DATASET, skipna=False, keep_attrs=True)
    if ENERGY not in one.dims:
        return one
    if energy is not None:
        return one.isel({ENERGY: energy_number(fit, energy)})
    area = one["solid_angle"]
    return one.drop_vars("solid_angle").sum(ENERGY, skipna=False).assign(solid_angle=area)


def _components(one: xr.Dataset) -> Iterator[tuple[str, Float, dict[str, Any]]]:
    """Name, counts and style of what is drawn as steps: the sum first."""
    yield "sum", one["npred_total"].to_numpy(), {"color": _SUM_COLOR, "linewidth": 1.8}
    dims = (TEMPLATE, bin_dim(one))
    for name, values in zip(
        one[TEMPLATE].to_numpy().tolist(), one["npred"].transpose(*dims).to_numpy(), strict=True
    ):
        yield str(name), values, {"linewidth": 1.2}
    for name, text in (("npred_background", "background"), ("npred_bins", "bins")):
        if name in one and np.any(one[name].to_numpy() != 0):
            yield text, one[name].to_numpy(), {"linewidth": 1.2, "linestyle": "--"}


def _draw_counts(
    ax: Axes, axis: XAxis, values: Float, errors: Float, given: dict[str, Any]
) -> Series:
    """Draw counts as points."""
    style = {"color": "black", "label": "counts", **given}
    points = Series(values, np.stack([errors] * 2), np.full(values.shape, np.nan), "points")
    draw_series(ax, axis, points, style)
    return points


def _draw_residuals(
    ax: Axes, axis: XAxis, values: Float, errors: Float, given: dict[str, Any]
) -> None:
    """Draw residuals in a panel below."""
    from ..elements.power_labels import set_label_with_power

    below = axes_below(ax)
    style = {k: v for k, v in given.items() if k != "label"}
    _draw_counts(below, axis, values, errors, {**style, "label": "_"})
    below.axhline(0, color=_SUM_COLOR, linewidth=0.8)
    set_label_with_power(below.yaxis, "Residual")
    axis.label_axes(below)
