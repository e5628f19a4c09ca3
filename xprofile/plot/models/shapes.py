"""The curve of a fitted shape over a profile, with its band and the residuals below."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import astropy.units as u
import numpy as np
import xarray as xr
from numpy.typing import NDArray

from ...exceptions import InvalidDataError, InvalidOptionError
from ...profile.sed import is_brightness
from ...schema.axes import bin_dim
from ...schema.names import COVARIANCE, ENERGY, PARAMETER, SOLID_ANGLE_UNIT
from ...schema.units import values_in_unit
from ...schema.variables import SED_TYPES
from ..elements.series import Series, draw_series
from ..elements.xaxis import XAxis
from .panels import axes_below

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.lines import Line2D

__all__ = ["check_shape", "draw_residuals", "draw_shape"]

Float = NDArray[np.float64]

# Relative difference of energies that are the same; as of files, which round to five digits. Ten
# times more or less, energy bins of usual data, which differ by tens of per cent, stay apart.
_SAME_ENERGY = 1e-3


def check_shape(fit: Any, profile: xr.Dataset, name: str) -> None:
    """Raise unless a fit of a shape is of the bins and energies of a profile.

    Raises
    ------
    InvalidOptionError
        If it is not a fit of a shape, or the quantity is not a flux or norm.
    InvalidDataError
        If it has toys, or other bins or energies.
    """
    if not isinstance(fit, xr.Dataset) or PARAMETER not in fit.coords or "model_norm" not in fit:
        raise InvalidOptionError(
            f"model must be a result of fit_shape, found {type(fit).__name__}; give "
            "model=xprofile.fit_shape(binned, model)"
        )
    if name not in SED_TYPES:
        raise InvalidOptionError(
            f"a model is drawn over fluxes and norms, not over {name!r}; choose one of "
            f"{list(SED_TYPES)}, or leave out model"
        )
    dim = bin_dim(profile)
    norm = fit["model_norm"]
    extra = set(norm.dims) - {dim, ENERGY}
    if extra:
        raise InvalidDataError(
            f"the fit has the dims {sorted(map(str, extra))}; select one of each"
        )
    if norm.sizes.get(dim) != profile.sizes.get(dim):
        raise InvalidDataError(
            f"the fit has {norm.sizes.get(dim)} bins along {dim}, but the profile has "
            f"{profile.sizes.get(dim)}; fit the binned data of the profile"
        )
    if ENERGY in norm.dims:
        here, there = (np.atleast_1d(d[ENERGY].to_numpy()) for d in (profile, fit))
        if here.shape != there.shape or not np.allclose(here, there, rtol=_SAME_ENERGY, atol=0):
            raise InvalidDataError(
                f"the fit has energies {there}, but the profile has {here}; fit with the same "
                "energy_edges"
            )


def draw_shape(
    ax: Axes,
    axis: XAxis,
    source: xr.Dataset,
    name: str,
    fit: xr.Dataset,
    lines: Sequence[Line2D],
    given: Mapping[str, Any],
) -> None:
    """Draw the norms of a shape in each bin and energy bin, in the quantity of a profile.

    Of an unfolded profile they are those without the PSF. A logarithmic axis reaches down to the
    data only, as a shape may fall by any number of decades.
    """
    true, before = COVARIANCE in source, ax.dataLim.frozen()
    suffix = "_true" if true else ""
    bands = list(range(source.sizes.get(ENERGY, 1)))
    for band, line in zip(bands, lines, strict=False):
        factor = _factor(source, name, band)
        norm, error = (_of_energy(fit[f"model_norm{suffix}{end}"], band) for end in ("", "_err"))
        value, width = norm * factor, np.nan_to_num(error) * np.abs(factor)
        series = Series(value, np.stack([width, width]), np.full(value.shape, np.nan), "steps")
        look: dict[str, Any] = {"color": line.get_color(), "linewidth": 1.2}
        draw_series(ax, axis, series, {**look, "label": "_model", "zorder": 1.9, **given})
    if ax.get_yscale() == "log":
        top = ax.dataLim.y1
        ax.dataLim = before
        ax.update_datalim([(before.x0, top)], updatex=False)
        ax.autoscale_view()


def _of_energy(values: xr.DataArray, band: int) -> Float:
    """Values of one energy bin, or of all energies together."""
    one = values.isel({ENERGY: band}) if ENERGY in values.dims else values
    return np.asarray(one.to_numpy(), dtype=float)


def _factor(source: xr.Dataset, name: str, band: int) -> Float:
    """The quantity for norm 1 in each bin, in its unit, (nbin,)."""
    count = source.sizes[bin_dim(source)]
    if name == "norm":
        return np.ones(count)
    reference = source[f"ref_{name}"]
    at = reference.isel({ENERGY: band}) if ENERGY in reference.dims else reference
    unit = u.Unit(str(source[name].attrs.get("units", "")))
    known = u.Unit(str(reference.attrs.get("units", "")))
    area = np.ones(count)
    if is_brightness(source):
        area = np.asarray(
            values_in_unit(source["solid_angle"], "solid_angle", SOLID_ANGLE_UNIT), dtype=float
        )
        known = known / u.sr
    return float(at) * float(known.to(unit)) / np.where(area > 0, area, np.nan)


def draw_residuals(ax: Axes, axis: XAxis, fit: xr.Dataset, lines: Sequence[Line2D]) -> None:
    """Draw counts minus predicted counts, in units of their scatter, on axes below."""
    below = axes_below(ax)
    bands = list(range(fit.sizes[ENERGY])) if ENERGY in fit["counts"].dims else [0]
    for band, line in zip(bands, lines, strict=False):
        counts, npred = (_of_energy(fit[n], band) for n in ("counts", "npred"))
        with np.errstate(divide="ignore", invalid="ignore"):
            scatter = np.where(npred > 0, (counts - npred) / np.sqrt(npred), np.nan)
        below.errorbar(
            axis.centre, scatter, np.ones_like(scatter), axis.half_widths,
            color=line.get_color(), marker="o", linestyle="none",
            markersize=3,
        )  # fmt: skip
    below.axhline(0, color="0.5", linewidth=0.8)
    below.set_ylabel("Residual [σ]")
