"""Figure of a point source in the bins: a thin line that shows how wide the PSF is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import astropy.units as u
import numpy as np
import xarray as xr
from numpy.typing import NDArray

from ...exceptions import InvalidDataError, InvalidOptionError
from ...schema.axes import bin_dim
from ...schema.names import ENERGY, EXPOSURE_TRUE, MARGIN, high, low, true_dim
from ...schema.number_checks import check_number
from ...schema.options import suggests_options
from ...schema.units import solid_angle_part
from ...schema.written_units.solid_angle_units import wanted_angle
from ...spectrum.mixing import check_mixing
from ...spectrum.models import SpectralModel, power_law
from ...spectrum.response import exposure_in_unit, predicted_signal
from ...spectrum.sharing import psf_profile
from ..elements.energies import energy_number
from ..elements.labels import axis_label, energy_range_text
from ..elements.legends import draw_legend
from ..elements.series import Series, draw_series
from ..elements.shown_units import yunit
from ..elements.xaxis import make_xaxis
from ..elements.yaxis import axes_without_sky

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.lines import Line2D

__all__ = ["plot_psf"]

Float = NDArray[np.float64]
_COLOR = "0.3"  # dark grey
_LINE_WIDTH = 0.8
_LABEL = "PSF"
_BAND = "_xprofile_band"  # attribute of a line with the text of its energies


@suggests_options
def plot_psf(
    binned: xr.Dataset,
    *,
    ax: Axes | None = None,
    energy: int | u.Quantity | None = None,
    spectral_model: SpectralModel | None = None,
    total: float = 1.0,
    per_solid_angle: bool | str | u.UnitBase = False,
    x: str | None = None,
    x_unit: str | u.Unit | None = None,
    add_legend: bool | None = None,
    **kwargs: Any,
) -> Axes:
    """Plot the PSF through the bins: a point source at their origin, as thin steps.

    Beside a profile, it shows which structures of the profile the PSF can make by itself. All
    energies of the data count together, or those of one energy bin; select several before, as
    below. The legend tells several bands apart.

    Parameters
    ----------
    binned : xarray.Dataset
        From `bin_maps` with ``psf=True``.
    ax : matplotlib.axes.Axes, optional
        The current axes by default.
    energy : int or Quantity, optional
        Number of the energy bin, from 0 as in ``isel``, or an energy inside it; by default all.
    spectral_model : astropy.modeling.Model or callable, optional
        Spectrum that weights the energies, as in `estimate`; a power law of index 2 by default.
    total : float
        Value of the whole source, such as its flux in the unit of the profile in `ax`. With 1, the
        values are shares.
    per_solid_angle : bool, str or Unit
        Divide by the solid angle of each bin, for profiles of surface brightness: in a unit such as
        ``"deg2"``, or with True in that of the vertical axis of `ax`, or else in sr.
    x, x_unit : optional
        Coordinate on the horizontal axis and its unit, as in `plot_profile`.
    add_legend : bool, optional
        Draw a legend; by default if the axes have more than one series.
    **kwargs
        Passed to `matplotlib.axes.Axes.plot`.

    Returns
    -------
    matplotlib.axes.Axes
        The axes. They keep a label of the vertical axis that they have already.

    Raises
    ------
    MissingVariableError
        If the data were binned without the PSF.
    InvalidDataError
        If the data have other dims than those of the bins and energies, such as ``dataset``.
    InvalidOptionError
        If `total` is not a finite number, `energy` chooses no energy bin, `per_solid_angle` is not
        a unit of solid angle or differs from that of the axes, or `x` or `x_unit` does not fit the
        bins.

    See Also
    --------
    xprofile.psf_profile : Shares of the point source at each true energy.
    xprofile.plot.plot_profile : Plot a profile.

    Examples
    --------
    >>> import astropy.units as u
    >>> import matplotlib.pyplot as plt
    >>> from astropy.coordinates import SkyCoord
    >>> import xprofile
    >>> maps = xprofile.tutorial.open_maps("galactic-center-sim")
    >>> center = SkyCoord(0, -0.05, unit="deg", frame="galactic")
    >>> rings = xprofile.SkyBins.annuli(center, radius_max=1 * u.deg, nbin=5)
    >>> binned = maps.profile.bin(rings, psf=True)
    >>> profile = binned.profile.estimate().profile.to_sed_type("flux")
    >>> ax = profile.profile.plot()
    >>> ax = xprofile.plot.plot_psf(binned, ax=ax, total=1.2e-9)

    The PSF in one energy band:

    >>> band = binned.profile.sel(energy=slice(10 * u.GeV, 30 * u.GeV))
    >>> figure, ax = plt.subplots()
    >>> ax = xprofile.plot.plot_psf(band, ax=ax)
    >>> ax = xprofile.plot.plot_psf(binned, ax=ax, energy=-1, color="C1", linestyle="dashed")
    """
    from matplotlib.cbook import normalize_kwargs
    from matplotlib.lines import Line2D

    check_number("total", total, "a finite number")
    if energy is not None:
        binned = binned.isel({ENERGY: [energy_number(binned, energy)]})
    one = _shares(binned, power_law() if spectral_model is None else spectral_model)
    axis = make_xaxis(one, x, x_unit)
    ax = axes_without_sky(ax)
    angle = _angle(ax, per_solid_angle)
    area = one["solid_angle"].where(one["solid_angle"] > 0) * u.sr.to(angle or u.sr)
    value = total * (one["share"] / area if angle else one["share"]).to_numpy()
    axis = axis.shifted_to(ax)
    own = {"color": _COLOR, "linewidth": _LINE_WIDTH, "label": _LABEL}
    style = {**own, **normalize_kwargs(kwargs, Line2D)}
    line = draw_series(ax, axis, Series(value, None, np.full(value.shape, np.nan), "steps"), style)
    _tell_bands_apart(ax, line, _range_text(binned))
    axis.label_axes(ax)
    if not ax.get_ylabel() and total == 1:
        attrs = {"units": f"{angle}-1"} if angle else {}
        ax.set_ylabel(axis_label({"long_name": "share of a point source", **attrs}, "share"))
    draw_legend(ax, [], add_legend, labelled=False)
    return ax


def _angle(ax: Axes, wanted: Any) -> u.UnitBase | None:
    """Unit of solid angle to divide by, or None; that of the vertical axis if it has one."""
    shown = solid_angle_part(u.Unit(yunit(ax), parse_strict="silent"))
    known = None if shown == u.dimensionless_unscaled else shown
    unit = wanted_angle(wanted, known or u.sr)
    if known is not None and unit != known:
        found = repr(str(unit)) if unit else "False"
        raise InvalidOptionError(
            f"per_solid_angle={found} does not fit the axes, which show values per {known}; "
            "use per_solid_angle=True for their unit"
        )
    return unit


def _range_text(binned: xr.Dataset) -> str:
    """Text of the range of all energies."""
    ends = {low(ENERGY): binned[low(ENERGY)].min(), high(ENERGY): binned[high(ENERGY)].max()}
    one = binned.isel({ENERGY: 0}) if ENERGY in binned.dims else binned
    return energy_range_text(one.drop_vars(list(ends)).assign_coords(ends))


def _tell_bands_apart(ax: Axes, line: Line2D, text: str) -> None:
    """Name the bands in the labels of lines that have no other, if there are several bands."""
    setattr(line, _BAND, text)
    lines = {one: getattr(one, _BAND) for one in ax.lines if hasattr(one, _BAND)}
    for one, band in lines.items():
        if one.get_label() == _LABEL and len(set(lines.values())) > 1:
            one.set_label(f"{_LABEL}, {band}")


def _shares(binned: xr.Dataset, model: SpectralModel) -> xr.Dataset:
    """Binned data with the share of a point source in each bin, without those of a margin."""
    check_mixing(binned)
    dim, share = bin_dim(binned), psf_profile(binned)
    mean = xr.DataArray(exposure_in_unit(binned, EXPOSURE_TRUE)).mean(true_dim(dim))
    seen = _counts(binned, mean * share.variable, model)
    everything = _counts(binned, mean, model).sum(ENERGY)
    value = seen.sum(ENERGY) / everything.where(everything > 0)
    if value.dims != (dim,):
        extra = [str(d) for d in value.dims if d != dim]
        raise InvalidDataError(
            f"the binned data have the dims {extra} beside {dim} and energies; select one first: "
            f".isel({extra[0]}=0)"
        )
    one = binned.assign(share=value.variable)
    if MARGIN not in one.coords:
        return one
    return one.isel({dim: np.flatnonzero(~one[MARGIN].to_numpy().astype(bool))})


def _counts(binned: xr.Dataset, exposure: xr.DataArray, model: SpectralModel) -> xr.DataArray:
    """Counts in each energy bin at an exposure."""
    return predicted_signal(binned.assign(exposure=exposure.variable), model)
