"""Profiles: a quantity over the bins, a series for each energy bin."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import astropy.units as u
import xarray as xr

from ..exceptions import InvalidDataError, InvalidOptionError, MissingVariableError
from ..results import sum_datasets
from ..schema import ENERGY, SED_TYPE, SED_TYPES, bin_dim, check_profile
from ..sed import quantity_name, to_sed_type, upper_limits
from .labels import COMMON, axis_text, bins_text, energy_range, name_text
from .series import draw_counts, draw_sed, draw_steps

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["check_plottable", "name_axes", "plain_axes", "plot_profile", "resolve"]


def plot_profile(
    profile: xr.Dataset,
    quantity: str | None = None,
    *,
    ax: Axes | None = None,
    sed_type: str | None = None,
    sqrt_ts_threshold_ul: float | None = None,
    x_unit: str | u.Unit | None = None,
    add_legend: bool | None = None,
    **kwargs: Any,
) -> Axes:
    """Plot a quantity over the bins of a profile, a series for each energy bin.

    A sed quantity is drawn as points with errors, horizontally from edge to edge of the bin, and
    arrows at the upper limits; counts as points with errors of sqrt(N); anything else as steps,
    so that several calls draw over each other. Bins with NaN are left out.

    Parameters
    ----------
    profile : xarray.Dataset
        From `estimate`.
    quantity : str, optional
        A sed type, or the name of a variable such as ``npred`` or ``sqrt_ts``; the profile's own
        sed type by default.
    ax : matplotlib.axes.Axes, optional
        The current axes by default.
    sed_type : {"dnde", "flux", "eflux", "e2dnde", "norm", "likelihood"}, optional
        The same as naming it as `quantity`. The profile's own is plotted as it is stored, so a
        surface brightness stays one.
    sqrt_ts_threshold_ul : float, optional
        Significance below which the upper limit is drawn; the profile's own by default.
    x_unit : str or Unit, optional
        Unit of the bins' coordinate; its own by default.
    add_legend : bool, optional
        By default if there is more than one series on the axes, or a ``label``.
    **kwargs
        Passed to `matplotlib.axes.Axes.errorbar`, or for steps to `matplotlib.axes.Axes.plot`.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    MissingVariableError
        If the profile has no such quantity.
    InvalidDataError
        If the quantity has dims other than the bins' and energy, or is not a number.
    InvalidOptionError
        If there is no such sed type, or `x_unit` does not suit the bins.
    """
    if quantity is not None and sed_type is not None:
        raise InvalidOptionError("give a quantity or a sed_type, not both: they say the same")
    wanted = quantity if sed_type is None else quantity_name(sed_type)
    source, name = resolve(profile, wanted, sqrt_ts_threshold_ul)
    bands = _bands(source, name)
    ax = plain_axes(ax)
    label = kwargs.pop("label", None)
    draw = {"counts": draw_counts, **dict.fromkeys(SED_TYPES, draw_sed)}.get(name, draw_steps)
    for text, band in bands:
        own = label or (name_text(source[name].attrs, name) if name not in SED_TYPES else None)
        own = ", ".join(part for part in (own, text) if part)
        draw(ax, band, name, x_unit, {**kwargs, **({"label": own} if own else {})})
    name_axes(ax, source, name, x_unit)
    shown = ax.get_legend_handles_labels()[1]
    if shown and (add_legend or (add_legend is None and (len(shown) > 1 or label))):
        ax.legend()
    return ax


def resolve(
    profile: xr.Dataset, wanted: str | None, threshold: float | None
) -> tuple[xr.Dataset, str]:
    """Return the Dataset that holds what is to be plotted, and the variable's name."""
    profile = sum_datasets(profile)
    if wanted is None or wanted in (*SED_TYPES, "likelihood"):
        check_profile(profile)
        own = quantity_name(str(profile.attrs[SED_TYPE]))
        name = own if wanted is None else quantity_name(wanted)
        source = profile if name == own else to_sed_type(profile, name)
        return source.assign(is_ul=upper_limits(source, threshold)), name
    kind = wanted.partition("_")[0]
    source = to_sed_type(profile, kind) if kind in SED_TYPES and wanted not in profile else profile
    if wanted not in source:
        raise MissingVariableError(
            f"the profile has no {wanted!r}; there are the sed types {list(SED_TYPES)} and the "
            f"variables {list(map(str, source.data_vars))}"
        )
    return source, wanted


def _bands(source: xr.Dataset, name: str) -> list[tuple[str, xr.Dataset]]:
    """Split into energy bins, each with its range in words; one has no words."""
    check_plottable(source, name)
    if ENERGY not in source[name].dims:
        return [("", source)]
    bands = [source.isel({ENERGY: i}) for i in range(source.sizes[ENERGY])]
    if len(bands) == 1:
        return [("", bands[0])]
    return [(energy_range(band), band) for band in bands]


def check_plottable(source: xr.Dataset, name: str) -> None:
    """Raise unless a variable holds numbers over the bins, and perhaps energy."""
    bins = bin_dim(source)
    extra = [str(dim) for dim in source[name].dims if dim not in (bins, ENERGY)]
    if extra or bins not in source[name].dims:
        remedy = f"select one first: .isel({extra[0]}=0)" if extra else "it is no profile"
        raise InvalidDataError(
            f"{name} has dims {source[name].dims}, expected {bins} and perhaps {ENERGY}; {remedy}"
        )
    if source[name].dtype.kind not in "biuf":
        raise InvalidDataError(f"{name} holds {source[name].dtype}, which is not a number")


def plain_axes(ax: Axes | None) -> Axes:
    """Return the current axes; new ones if those show the sky."""
    if ax is not None:
        return ax
    import matplotlib.pyplot as plt

    current = plt.gca()
    return plt.figure().add_subplot() if hasattr(current, "wcs") else current


def name_axes(ax: Axes, source: xr.Dataset, name: str, x_unit: str | u.Unit | None = None) -> None:
    """Label the axes; over another quantity, with what the two have in common."""
    ax.set_xlabel(bins_text(source, x_unit))
    label, before = axis_text(source[name].attrs, name), ax.get_ylabel()
    ax.set_ylabel(COMMON.get(name, label) if before and before != label else label)
