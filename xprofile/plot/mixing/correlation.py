"""Figure of the correlation of the norms of all bins of a profile."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import astropy.units as u
import numpy as np
import xarray as xr
from numpy.typing import NDArray

from ...exceptions import InvalidDataError, MissingVariableError
from ...schema.axes import bin_dim, pair_bins
from ...schema.names import CORRELATION, ENERGY, second_dim
from ...schema.options import suggests_options
from ..elements.energies import energy_number
from ..elements.xaxis import XAxis, make_xaxis
from ..elements.yaxis import axes_without_sky

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["plot_correlation"]

Float = NDArray[np.float64]
_CMAP = "RdBu_r"

# Part of the widest bin by which bins may overlap and still be shown at their places: far less than
# a line of a figure, and more than the rounding of edges. At a tenth or ten times, figures are the
# same.
_OVERLAP = 1e-3


@suggests_options
def plot_correlation(
    profile: xr.Dataset,
    *,
    ax: Axes | None = None,
    energy: int | u.Quantity | None = None,
    x: str | None = None,
    x_unit: str | u.Unit | None = None,
    cmap: Any = None,
    vmin: float = -1.0,
    vmax: float = 1.0,
    add_colorbar: bool = True,
    **kwargs: Any,
) -> Axes:
    """Plot the correlation of the norms of all bins, as a matrix with the bins on both axes.

    Bins narrower than the PSF have neighbours with a correlation near -1: the data tell their sum,
    but hardly their difference.

    Parameters
    ----------
    profile : xarray.Dataset
        From `unfold`.
    ax : matplotlib.axes.Axes, optional
        The current axes by default.
    energy : int or Quantity, optional
        Number of the energy bin, from 0 as in ``isel``, or an energy inside it; needed for several
        energy bins.
    x, x_unit : optional
        Coordinate on both axes and its unit, as in `plot_profile`.
    cmap : str or matplotlib.colors.Colormap, optional
        By default blue for negative and red for positive correlations, and white for 0.
    vmin, vmax : float
        Range of the colours.
    add_colorbar : bool
        Draw a colour bar.
    **kwargs
        Passed to `matplotlib.axes.Axes.pcolormesh`; ``norm`` replaces `vmin` and `vmax`.

    Returns
    -------
    matplotlib.axes.Axes
        The axes. Bins without an estimate are empty. Bins that overlap along `x`, such as regions
        at the same distance, are shown side by side, by their numbers from 0 on.

    Raises
    ------
    MissingVariableError
        If the profile has no correlation.
    InvalidDataError
        If the correlation has other dims than those of the bins and energy, or a single bin is
        selected.
    InvalidOptionError
        If the profile has several energy bins and `energy` is not given, or chooses none, or `x` or
        `x_unit` does not fit the bins.

    See Also
    --------
    xprofile.unfold : Make a profile with a correlation.
    xprofile.plot.plot_profile : Plot best fits, errors and limits.

    Examples
    --------
    >>> import astropy.units as u
    >>> import matplotlib.pyplot as plt
    >>> from astropy.coordinates import SkyCoord
    >>> import xprofile
    >>> maps = xprofile.tutorial.open_maps("galactic-center-sim")
    >>> center = SkyCoord(0, 0, unit="deg", frame="galactic")
    >>> rings = xprofile.SkyBins.annuli(center, radius_max=1 * u.deg, nbin=5)
    >>> profile = maps.profile.bin(rings, psf=True).profile.unfold()
    >>> ax = xprofile.plot.plot_correlation(profile, x_unit="arcmin")
    >>> ax.get_ylabel()
    'Projected distance [arcmin]'
    """
    one = _single_energy(profile, energy)
    axis = _side_by_side(make_xaxis(one, x, x_unit))
    ax = axes_without_sky(ax)
    edges = np.stack([axis.first, axis.last], axis=1).ravel()
    scale = {} if "norm" in kwargs else {"vmin": vmin, "vmax": vmax}
    style = {"cmap": cmap or _CMAP, "rasterized": True, **scale, **kwargs}
    mesh = ax.pcolormesh(edges, edges, _spread(one), **style)
    if add_colorbar:
        figure: Any = ax.figure
        figure.colorbar(mesh, ax=ax, label="Correlation")
    ax.set_aspect("equal")
    axis.label_axes(ax, both=True)
    return ax


def _side_by_side(axis: XAxis) -> XAxis:
    """Return the axis, or that of the numbers of the bins if some would hide others."""
    lower, upper = np.minimum(axis.first, axis.last), np.maximum(axis.first, axis.last)
    order = np.argsort(axis.centre, kind="stable")
    overlap = (upper[order[:-1]] - lower[order[1:]]).max(initial=0)
    if overlap <= _OVERLAP * (upper - lower).max():
        return axis
    number = np.arange(axis.centre.size, dtype=float)
    return XAxis(number - 0.5, number, number + 0.5, "Number of the bin")


def _single_energy(profile: xr.Dataset, energy: int | u.Quantity | None) -> xr.Dataset:
    """Return the profile at one energy, with the same bins along both dims of its correlation."""
    if CORRELATION not in profile:
        raise MissingVariableError(
            f"the profile has no {CORRELATION}; make it with unfold, from "
            "maps.profile.bin(bins, psf=True)"
        )
    many = ENERGY in profile[CORRELATION].dims
    one = profile.isel({ENERGY: energy_number(profile, energy)}) if many else profile
    dim = bin_dim(one)
    expected = (dim, second_dim(dim))
    if dim in one.dims:
        one = pair_bins(one)
    if set(one[CORRELATION].dims) != set(expected):
        extra = [str(d) for d in one[CORRELATION].dims if d not in expected]
        remedy = f"select one first: .isel({extra[0]}=0)" if extra else "select two or more bins"
        raise InvalidDataError(
            f"{CORRELATION} has dims {one[CORRELATION].dims}, expected {expected}; {remedy}"
        )
    return one


def _spread(one: xr.Dataset) -> Float:
    """Values of the mesh: a row and a column for each bin, and empty ones between bins."""
    dim = bin_dim(one)
    values = one[CORRELATION].transpose(dim, second_dim(dim)).to_numpy()
    mesh = np.full((2 * len(values) - 1,) * 2, np.nan)
    mesh[::2, ::2] = values
    return mesh
