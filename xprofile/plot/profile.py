"""Figure of a profile: a quantity over the bins in energy bins, or spectra of the bins."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

import astropy.units as u
import xarray as xr

from ..exceptions import InvalidOptionError
from ..profile.sed import quantity_name
from ..schema.number_checks import check_bool, check_number
from ..schema.options import suggests_options
from .elements.quantities import check_one_quantity, find_quantity
from .elements.series import STYLES
from .sky_bins import asks_for_sky, draw_sky_bins, is_grid
from .views import draw_view, make_view

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["plot_profile"]


@suggests_options
def plot_profile(
    profile: xr.Dataset,
    quantity: str | None = None,
    *,
    ax: Axes | None = None,
    sed_type: str | None = None,
    sqrt_ts_threshold_ul: float | None = None,
    x: str | None = None,
    x_unit: str | u.Unit | None = None,
    energy_power: float = 0.0,
    style: Literal["points", "steps"] | None = None,
    yscale: str | None = None,
    twin: str | None = None,
    model: Any = None,
    model_kw: Mapping[str, Any] | None = None,
    offset: float | None = None,
    cmap: Any = None,
    add_legend: bool | None = None,
    negative_limits: bool = False,
    ul_kw: Mapping[str, Any] | None = None,
    **kwargs: Any,
) -> Axes:
    """Plot a quantity over the bins of a profile with a series for each energy bin, or spectra.

    Boxes of a grid, as of `SkyBins.grid`, are shown on the sky as by `plot_sky_bins`, unless an
    option such as `x` or `style` asks for a series, or `ax` does not show the sky. Then ``vmin``,
    ``vmax`` and ``add_colorbar`` are those of `plot_sky_bins`, too.

    Fluxes and norms are drawn as points with errors, with horizontal bars from edge to edge of the
    bin, and arrows at upper limits; counts as points with errors of sqrt(N); other quantities as
    points if they have errors, such as parameters of `fit_spectrum`, or else as steps. Several
    calls draw over each other. Bins with NaN are left out, and so are bins in which the error of
    another quantity is NaN.

    Parameters
    ----------
    profile : xarray.Dataset
        From `estimate` or `fit_spectrum`, or with a `quantity`, another Dataset along bins.
    quantity : str, optional
        A sed type, or the name of a variable such as ``npred`` or ``sqrt_ts``; by default the flux
        of a profile of norms, or else the sed type of the profile. For spectra it is dN/dE in the
        place of the flux, and of `fit_spectrum` the first parameter besides the amplitude.
    ax : matplotlib.axes.Axes, optional
        The current axes by default.
    sed_type : {"dnde", "flux", "eflux", "e2dnde", "norm", "likelihood"}, optional
        The same as a sed type given as `quantity`. The sed type of the profile is plotted as it is
        stored, so a surface brightness stays one.
    sqrt_ts_threshold_ul : float, optional
        Significance below which the upper limit is drawn; by default that of the profile.
    x : str, optional
        Coordinate of the bins on the horizontal axis, such as ``"lon"`` or ``"lat"``; by default
        the coordinate of their dimension. A coordinate without edges is interpolated linearly
        between the centres to find them. Longitudes continue through 0, and increase to the left
        as on the sky. ``"energy"`` draws spectra, with a series for each bin; it is the default
        where one bin was selected, as by ``isel(projected_distance=3)``.
    x_unit : str or Unit, optional
        Unit of the horizontal axis; by default that of the coordinate.
    energy_power : float
        Multiply a spectrum by this power of energy. With 2, dN/dE is in erg cm-2 s-1.
    style : {"points", "steps"}, optional
        Draw points, or steps in front of a shade of the errors, instead of the default style of
        the quantity.
    yscale : {"linear", "log", "symlog"} or str, optional
        Scale of the vertical axis; by default it does not change, but new axes with a spectrum are
        logarithmic if its values are above 0 and span a decade. A log axis hides limits and the
        parts of errors at or below 0; a warning gives the number of hidden values and limits. A
        symlog axis is linear up to the smallest error.
    twin : str, optional
        Another quantity, such as ``"sqrt_ts"``, drawn as dotted steps with an axis on the right.
    model : xarray.Dataset, xarray.DataArray or callable, optional
        A model to draw over the profile:

        - Another profile of the same bins and energies, or a DataArray along them: as steps.
        - A function of the horizontal axis as a Quantity, such as an astropy model: as a curve.
          Without unit, its values count in the unit of the vertical axis. Over a spectrum it is
          dN/dE, as the spectral model of `estimate`.
        - A result of `fit_shape` for the same bins and spectral model: as steps with a band of its
          errors, as they are seen with the PSF, or without it for a profile of `unfold`. Axes below
          have the residuals of the counts, in units of the square root of the predicted ones.
    model_kw : mapping, optional
        Keywords of `matplotlib.axes.Axes.plot` for the model, such as ``{"label": "Gaussian"}``.
    offset : float, optional
        Move points and limits from the centre of each bin by this share of its width, from -0.5 to
        0.5, so that several profiles can be told apart. Horizontal bars stay. By default the points
        of several series are beside each other; with 0 they are over each other.
    cmap : str or matplotlib.colors.Colormap, optional
        Colours of the energy bins, from the lowest to the highest. By default the colours of
        ``rcParams["axes.prop_cycle"]``, or for more bins than it has colours, of
        ``rcParams["image.cmap"]``.
    add_legend : bool, optional
        Draw a legend; by default if the axes have more than one series, a ``label``, limits, or
        errors of another confidence level than 1 sigma. It states the level of these errors, and
        the level and method of the limits. It is where the axes have no data, or else above the
        data, for which the vertical axis becomes longer, or above axes whose limits were set.
    negative_limits : bool
        Draw arrows also at limits below 0; by default the value with its errors is drawn there.
    ul_kw : mapping, optional
        Keywords of `matplotlib.axes.Axes.errorbar` for the limits, such as ``{"color": "0.6"}``, of
        all series or of each, as in `kwargs`.
    **kwargs
        Passed to `matplotlib.axes.Axes.errorbar`, or for steps to `matplotlib.axes.Axes.plot`. A
        list has a value for each series, as ``color=["black", "tab:red"]``, and a dict for some of
        them by their number or text, as ``label={0: "soft", 1: "hard"}``.

    Returns
    -------
    matplotlib.axes.Axes
        The axes; with a twin, those with the vertical axis on the left. Panels that share an axis
        have its label at the outer ones alone.

    Raises
    ------
    MissingVariableError
        If the profile has no such quantity.
    InvalidDataError
        If the quantity has dims other than the bins' and energy, or is not a number, or `model` has
        other bins or another unit.
    InvalidOptionError
        If the sed type, style or scale is unknown, `offset` leaves the bins, the bins have no
        coordinate `x`, `x_unit` does not fit it, the axes show another unit of the same kind, a
        list has not as many values as there are series, or `model` is of another kind.

    See Also
    --------
    xprofile.plot.plot_sky_bins : Show a quantity on the sky.
    xprofile.plot.plot_stat_scan : Plot the fit statistic over bins and flux.
    xprofile.plot.plot_summary : Plot sky, flux, counts and significance in one figure.

    Examples
    --------
    >>> import astropy.units as u
    >>> import matplotlib.pyplot as plt
    >>> from astropy.coordinates import SkyCoord
    >>> import xprofile
    >>> maps = xprofile.tutorial.open_maps("galactic-center-sim")
    >>> center = SkyCoord(0, 0, unit="deg", frame="galactic")
    >>> rings = xprofile.SkyBins.annuli(center, radius_max=2 * u.deg, nbin=4)
    >>> profile = maps.profile.estimate(rings, selection_optional=["ul"])
    >>> ax = xprofile.plot.plot_profile(profile, "eflux", twin="sqrt_ts", x_unit="arcmin")
    >>> ax.get_xlabel()
    'Projected distance [arcmin]'
    """
    _check_options(quantity, sed_type, style, offset)
    check_bool("negative_limits", negative_limits)
    wanted = quantity if sed_type is None else quantity_name(sed_type)
    series = (x, x_unit, style, yscale, twin, model, offset)
    if asks_for_sky(series, ax) and is_grid(profile):
        source, name = find_quantity(profile, wanted, sqrt_ts_threshold_ul)
        return draw_sky_bins(source, name, ax, cmap, True, kwargs)
    view = make_view(profile, wanted, sqrt_ts_threshold_ul, x, x_unit, energy_power)
    beside = find_quantity(profile, twin, None) if twin else None
    return draw_view(
        view, ax, beside=beside, style=style, yscale=yscale, model=model, model_kw=model_kw or {},
        offset=offset, cmap=cmap, add_legend=add_legend, negative_limits=negative_limits,
        ul_kw=ul_kw or {}, given=kwargs,
    )  # fmt: skip


def _check_options(
    quantity: str | None, sed_type: str | None, style: str | None, offset: float | None
) -> None:
    """Raise if options exclude each other, the style is unknown, or the offset leaves the bin."""
    if offset is not None:
        check_number("offset", offset, "a finite number")
    if abs(offset or 0) > 0.5:
        raise InvalidOptionError(
            f"offset must be from -0.5 to 0.5 of the width of a bin, found {offset:g}"
        )
    check_one_quantity(quantity, sed_type)
    if style not in (None, *STYLES):
        raise InvalidOptionError(f"unknown style {style!r}; choose one of {list(STYLES)}")
