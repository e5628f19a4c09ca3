"""Figure of one variable along bins, energies, or both."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

import astropy.units as u
import xarray as xr

from ..schema.options import suggests_options
from .elements.quantities import split_energy_bins
from .elements.spectra import as_spectrum, energy_axis, is_spectrum, split_bins
from .elements.xaxis import make_xaxis
from .sky_bins import asks_for_sky, draw_sky_bins, is_grid
from .views import View, check_no_power, draw_view

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["plot_array"]


@suggests_options
def plot_array(
    values: xr.DataArray,
    *,
    ax: Axes | None = None,
    x: str | None = None,
    x_unit: str | u.Unit | None = None,
    energy_power: float = 0.0,
    style: Literal["points", "steps"] | None = None,
    yscale: str | None = None,
    model: Any = None,
    model_kw: Mapping[str, Any] | None = None,
    offset: float | None = None,
    cmap: Any = None,
    add_legend: bool | None = None,
    **kwargs: Any,
) -> Axes:
    """Plot one variable of binned data or a profile, over the bins with their widths.

    Parameters
    ----------
    values : xarray.DataArray
        Numbers along bins, energies, or both, such as ``profile["ts"]``. Its coordinates have the
        edges of the bins.
    ax : matplotlib.axes.Axes, optional
        The current axes by default.
    x, x_unit, energy_power, yscale, offset, cmap, add_legend : optional
        As in `plot_profile`. Boxes of a grid are shown on the sky unless `x` or `style` is given.
    style : {"points", "steps"}, optional
        A level in each bin, or points with horizontal bars, which are the default of fluxes.
    model, model_kw : optional
        A function, or values of the bins, to draw over the values, as in `plot_profile`.
    **kwargs
        Passed to `matplotlib.axes.Axes.errorbar`, or for steps to `matplotlib.axes.Axes.plot`.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    MissingVariableError
        If the edges of the bins are missing.
    InvalidDataError
        If the values have other dims, or are not numbers.
    InvalidOptionError
        If an option does not fit, as in `plot_profile`.

    See Also
    --------
    xprofile.plot.plot_profile : Plot a quantity of a profile with errors and limits.

    Examples
    --------
    >>> import astropy.units as u
    >>> import matplotlib.pyplot as plt
    >>> from astropy.coordinates import SkyCoord
    >>> import xprofile
    >>> maps = xprofile.tutorial.open_maps("galactic-center-sim")
    >>> center = SkyCoord(0, 0, unit="deg", frame="galactic")
    >>> rings = xprofile.SkyBins.annuli(center, radius_max=2 * u.deg, nbin=4)
    >>> profile = maps.profile.estimate(rings)
    >>> ax = profile["sqrt_ts"].profile.plot(x_unit="arcmin", color="black")
    >>> ax.get_xlabel()
    'Projected distance [arcmin]'
    """
    name = str(values.name) if values.name not in (None, *values.coords) else "value"
    source = values.to_dataset(name=name)
    series = (x, x_unit, style, yscale, model, offset)
    if asks_for_sky(series, ax) and is_grid(source):
        return draw_sky_bins(source, name, ax, cmap, True, kwargs)
    if is_spectrum(source, x):
        source = as_spectrum(source, name, energy_power)
        view = View(source, name, energy_axis(source, x_unit), split_bins, energy_power)
    else:
        check_no_power(energy_power)
        split_energy_bins(source, name)  # raises before the axis is made
        view = View(source, name, make_xaxis(source, x, x_unit), split_energy_bins)
    return draw_view(
        view, ax, style=style, yscale=yscale, model=model, model_kw=model_kw or {}, offset=offset,
        cmap=cmap, add_legend=add_legend, ul_kw={}, given=kwargs,
    )  # fmt: skip
