"""Figure of a scan: the fit statistic over the bins and over flux."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import astropy.units as u
import numpy as np
import xarray as xr
from numpy.typing import NDArray

from ..exceptions import InvalidOptionError, MissingVariableError
from ..profile.sed import per_solid_angle_of, quantity_name, to_sed_type
from ..schema.axes import bin_dim, scan_norms
from ..schema.checks import check_profile
from ..schema.names import ENERGY, NORM_SCAN, NORM_SCAN_VALUES, SED_TYPE
from ..schema.options import suggests_options
from .elements.colormaps import check_colormap
from .elements.quantities import (
    check_is_per_bin,
    check_one_quantity,
    default_quantity,
    find_quantity,
)
from .elements.xaxis import XAxis, make_xaxis
from .elements.yaxis import axes_without_sky, label_yaxis
from .profile import plot_profile

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["plot_stat_scan"]

Float = NDArray[np.float64]
_SCAN_CMAP = "Blues_r"
# Dark red with a white rim stands out on all colours from white to the dark best fits. The rim is
# as wide as this in points, on both sides together; with less it is not seen in print.
_POINT_COLOR, _RIM = "#8b0000", 1.6


@suggests_options
def plot_stat_scan(
    profile: xr.Dataset,
    quantity: str | None = None,
    *,
    ax: Axes | None = None,
    sed_type: str | None = None,
    cmap: Any = None,
    vmin: float = 0.0,
    vmax: float = 9.0,
    x: str | None = None,
    x_unit: str | u.Unit | None = None,
    add_points: bool = True,
    add_colorbar: bool = True,
    **kwargs: Any,
) -> Axes:
    """Plot the rise of the fit statistic above its minimum, over the bins and flux.

    Each value of the scan fills the range half-way to its neighbours. Nothing is interpolated, so
    a finer scan gives a finer picture.

    Parameters
    ----------
    profile : xarray.Dataset
        From `estimate` with ``selection_optional=["scan"]``, of one energy bin.
    quantity : {"dnde", "flux", "eflux", "e2dnde", "norm", "likelihood"}, optional
        Sed type on the vertical axis; by default as in `plot_profile`.
    ax : matplotlib.axes.Axes, optional
        The current axes by default.
    sed_type : {"dnde", "flux", "eflux", "e2dnde", "norm", "likelihood"}, optional
        The same as `quantity`.
    cmap : str or matplotlib.colors.Colormap, optional
        By default dark at the best fit, and white where the data exclude a value.
    vmin, vmax : float
        Range of the colours; by default up to 3 standard deviations.
    x, x_unit : optional
        Coordinate on the horizontal axis and its unit, as in `plot_profile`.
    add_points : bool
        Draw the points of `plot_profile` on it.
    add_colorbar : bool
        Draw a colour bar.
    **kwargs
        Passed to `matplotlib.axes.Axes.pcolormesh`; ``norm`` replaces `vmin` and `vmax`.

    Returns
    -------
    matplotlib.axes.Axes
        The axes, with the bins on the horizontal axis and the quantity on the vertical one. The
        colours are those of the mesh in ``ax.collections``.

    Raises
    ------
    MissingVariableError
        If the profile has no scan.
    InvalidOptionError
        If the profile has several energy bins, the scan has a single value, the sed type is
        unknown or given twice, or `x` or `x_unit` does not fit the bins, or the
        axes show another unit of the same kind.
    InvalidDataError
        If the profile has other dims.

    See Also
    --------
    xprofile.plot.plot_profile : Plot best fits, errors and limits alone.

    Examples
    --------
    >>> import astropy.units as u
    >>> import matplotlib.pyplot as plt
    >>> from astropy.coordinates import SkyCoord
    >>> import xprofile
    >>> maps = xprofile.tutorial.open_maps("galactic-center-sim")
    >>> center = SkyCoord(0, 0, unit="deg", frame="galactic")
    >>> rings = xprofile.SkyBins.annuli(center, radius_max=2 * u.deg, nbin=4)
    >>> profile = maps.profile.estimate(rings, selection_optional=["scan"], scan_n_sigma=4)
    >>> ax = xprofile.plot.plot_stat_scan(profile, "flux")
    >>> ax.get_xlabel()
    'Projected distance [deg]'
    """
    check_colormap(cmap)
    check_one_quantity(quantity, sed_type)
    one = _single_scan(profile)
    asked = quantity if sed_type is None else sed_type
    wanted = default_quantity(one) if asked is None else quantity_name(asked)
    axis = make_xaxis(one, x, x_unit)
    ax = axes_without_sky(ax)
    axis = axis.shifted_to(ax)
    corners = _scan_mesh(one, wanted, axis)
    scale = {} if "norm" in kwargs else {"vmin": vmin, "vmax": vmax}
    style = {"cmap": cmap or _SCAN_CMAP, "rasterized": True, **scale, **kwargs}
    mesh = ax.pcolormesh(*corners, **style)
    if add_colorbar:
        figure: Any = ax.figure
        figure.colorbar(mesh, ax=ax, label="Fit statistic difference", extend="max")
    if add_points:
        points: dict[str, Any] = {"x": x or bin_dim(one), "x_unit": x_unit, "color": _POINT_COLOR}
        before = len(ax.containers)
        plot_profile(one, wanted, ax=ax, add_legend=False, **points)
        _add_rims([artist for drawn in ax.containers[before:] for artist in drawn.get_children()])
    axis.label_axes(ax)
    label_yaxis(ax, *find_quantity(one, wanted, None))
    return ax


def _add_rims(artists: list[Any]) -> None:
    """Draw a white rim round points, error bars and arrows."""
    from matplotlib.patheffects import withStroke

    for artist in artists:
        width = float(np.max(artist.get_linewidth()))
        artist.set_path_effects([withStroke(linewidth=width + _RIM, foreground="white")])


def _single_scan(profile: xr.Dataset) -> xr.Dataset:
    """Return the profile with the scan in ascending order and without an energy dim."""
    grid = NORM_SCAN_VALUES if NORM_SCAN_VALUES in profile else NORM_SCAN
    missing = [name for name in ("stat_scan", "stat", grid) if name not in profile]
    if missing:
        raise MissingVariableError(
            f'the profile has no {missing}; estimate it with selection_optional=["scan"]'
        )
    check_profile(profile)
    if profile.sizes.get(ENERGY, 1) > 1:
        raise InvalidOptionError(
            f"the profile has {profile.sizes[ENERGY]} energy bins, and a scan is shown for one; "
            "select it with .isel(energy=0)"
        )
    one = profile.squeeze(ENERGY) if ENERGY in profile.dims else profile
    check_is_per_bin(one, "stat")
    if one.sizes.get(NORM_SCAN, 1) < 2:
        raise InvalidOptionError(
            "the scan has one value; estimate it with two or more norm_values="
        )
    return one.sortby(NORM_SCAN) if NORM_SCAN in one.coords else one


def _scan_mesh(one: xr.Dataset, name: str, axis: XAxis) -> tuple[Float, Float, Float]:
    """Corners and values of the mesh: a column for each bin, and empty columns between bins."""
    rise = (one["stat_scan"] - one["stat"]).transpose(NORM_SCAN, bin_dim(one)).to_numpy()
    given = scan_norms(one).broadcast_like(one["stat_scan"])
    norms = given.transpose(NORM_SCAN, bin_dim(one)).to_numpy()
    middle = (norms[1:] + norms[:-1]) / 2
    edges = np.concatenate([2 * norms[:1] - middle[:1], middle, 2 * norms[-1:] - middle[-1:]])
    at_one = _value_at_norm_1(one, name)
    rise = np.where(np.isfinite(at_one), rise, np.nan)
    y = np.repeat(np.nan_to_num(edges) * np.nan_to_num(at_one, posinf=0.0), 2, axis=1)
    x = np.broadcast_to(np.stack([axis.first, axis.last], axis=1).ravel(), y.shape)
    columns = np.full((len(norms), 2 * axis.centre.size - 1), np.nan)
    columns[:, ::2] = rise
    return np.asarray(x), y, columns


def _value_at_norm_1(one: xr.Dataset, name: str) -> Float:
    """Value of a quantity at norm 1 in each bin; a surface brightness if that of the profile is."""
    bright = per_solid_angle_of(one) if name in one and name != "norm" else False
    ones = one.assign(norm=xr.ones_like(one["stat"]))
    unit = to_sed_type(ones.assign_attrs({SED_TYPE: "likelihood"}), name, per_solid_angle=bright)
    return np.asarray((unit[name] * xr.ones_like(one["stat"])).to_numpy(), dtype=float)
