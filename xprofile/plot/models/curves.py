"""Models over a profile: a fitted shape, another profile, values of the bins, or a curve."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import astropy.units as u
import numpy as np
import xarray as xr
from astropy.modeling import Model
from numpy.typing import NDArray

from ...exceptions import InvalidDataError, InvalidOptionError, MissingVariableError
from ...profile.comparing.same_model import norms_of_model
from ...profile.sed import per_solid_angle_of, to_sed_type
from ...schema.names import PARAMETER, high, low
from ...schema.variables import SED_TYPES
from ..elements.series import Series, draw_series
from ..elements.spectra import times_energy
from ..elements.xaxis import XAxis
from .shapes import check_shape, draw_residuals, draw_shape

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.lines import Line2D

__all__ = ["check_model", "same_quantity"]

Float = NDArray[np.float64]
Split = Callable[[xr.Dataset], Sequence[tuple[str, xr.Dataset]]]

# Points of a curve: as many as a figure for a paper can show in its width.
_POINTS = 400

# Difference of places of the same bin, in steps to the next one. It is above the rounding of five
# digits and far below what a figure shows.
_SAME_BIN = 1e-2
_LOOK = {"linewidth": 1.2, "zorder": 1.9, "label": "_model"}
_KINDS = (
    "a result of fit_shape, a profile of the same bins, a DataArray along them, or a function of "
    "the horizontal axis such as an astropy model"
)


@dataclass(frozen=True)
class Shape:
    """A result of `fit_shape`, with its residuals."""

    fit: xr.Dataset
    source: xr.Dataset
    name: str

    def draw(self, ax: Axes, axis: XAxis, lines: Sequence[Line2D], look: Mapping[str, Any]) -> None:
        """Draw the norms of the shape in the bins, in the colours of the series."""
        draw_shape(ax, axis, self.source, self.name, self.fit, lines, look)

    def draw_below(self, ax: Axes, axis: XAxis, lines: Sequence[Line2D]) -> None:
        """Draw the residuals on axes below."""
        draw_residuals(ax, axis, self.fit, lines)


@dataclass(frozen=True)
class Steps:
    """Values of each bin, one array for each series, or one for all."""

    values: Sequence[Float]

    def draw(self, ax: Axes, axis: XAxis, lines: Sequence[Line2D], look: Mapping[str, Any]) -> None:
        """Draw a level in each bin, in the colours of the series."""
        for value, line in zip(self.values, lines, strict=False):
            steps = Series(value, None, np.full(value.shape, np.nan), "steps")
            draw_series(ax, axis, steps, {"color": line.get_color(), **_LOOK, **look})

    def draw_below(self, ax: Axes, axis: XAxis, lines: Sequence[Line2D]) -> None:
        """Draw nothing: the counts of such a model are not known."""


@dataclass(frozen=True)
class Curve:
    """Values along the horizontal axis."""

    x: Float
    y: Float
    centre: float

    def draw(self, ax: Axes, axis: XAxis, lines: Sequence[Line2D], look: Mapping[str, Any]) -> None:
        """Draw a line, in the colour of the only series or else dark."""
        x = self.x + float(axis.first[0]) - self.centre
        color = lines[0].get_color() if len(lines) == 1 else "0.2"
        ax.plot(x, self.y, **{"color": color, **_LOOK, **look})

    def draw_below(self, ax: Axes, axis: XAxis, lines: Sequence[Line2D]) -> None:
        """Draw nothing, as for `Steps`."""


def check_model(
    model: Any,
    source: xr.Dataset,
    name: str,
    axis: XAxis,
    split: Split,
    convert: Callable[[xr.Dataset], xr.Dataset],
    factor: Callable[[Any], Any] | None = None,
) -> Shape | Steps | Curve:
    """Compute a model before anything is drawn.

    Parameters
    ----------
    model : object
        As the option of `plot_profile`.
    source : xarray.Dataset
        The profile that is drawn.
    name : str
        Its variable.
    axis : XAxis
        The horizontal axis.
    split : callable
        Splits a Dataset with this variable into series.
    convert : callable
        Makes of another profile one with this variable.
    factor : callable, optional
        Factor of a curve at each place, such as energy squared.

    Raises
    ------
    InvalidOptionError
        If the model is of another kind, or the function cannot be called with the axis.
    InvalidDataError
        If it has other bins or energies, or another unit.
    """
    if isinstance(model, xr.Dataset) and PARAMETER in model.coords:
        if axis.log:
            raise InvalidOptionError(
                "a fit of a shape is drawn over the bins, not over energy; leave out x, or model"
            )
        check_shape(model, source, name)
        return Shape(model, source, name)
    unit = u.Unit(str(source[name].attrs.get("units", "")))
    if isinstance(model, xr.Dataset):
        return _steps(convert(model)[name], source, name, unit, split)
    if isinstance(model, xr.DataArray):
        return _steps(model, source, name, unit, split)
    if callable(model):
        return _curve(model, axis, unit, factor)
    raise InvalidOptionError(f"model must be {_KINDS}, found {type(model).__name__}")


def _steps(
    values: xr.DataArray, source: xr.Dataset, name: str, unit: u.UnitBase, split: Split
) -> Steps:
    """Values of a model in the bins of a profile, in its unit."""
    known = source[name]
    wrong = [d for d in values.dims if values.sizes[d] != known.sizes.get(d)]
    if wrong:
        raise InvalidDataError(
            f"the model has {values.sizes[wrong[0]]} values along {wrong[0]}, but the profile has "
            f"{known.sizes.get(wrong[0])}; give one with the bins and energies of the profile"
        )
    for dim in values.dims:
        _check_same_bins(values, known, str(dim))
    scale = _factor(u.Unit(str(values.attrs.get("units", ""))), unit, name)
    shape = [values.sizes.get(dim, 1) for dim in known.dims]
    own = [dim for dim in known.dims if dim in values.dims]
    array = np.asarray(values.transpose(*own).to_numpy(), dtype=float).reshape(shape) * scale
    whole = (known.dims, np.broadcast_to(array, known.shape))
    groups = split(source.assign({name: whole}))
    return Steps([np.asarray(one[name].to_numpy(), dtype=float) for _, one in groups])


def _check_same_bins(values: xr.DataArray, known: xr.DataArray, dim: str) -> None:
    """Raise if values are those of other bins or energies, or in another order."""
    for name in (dim, low(dim), high(dim)):
        if not {name} <= set(values.coords) & set(known.coords) or known[name].dtype.kind != "f":
            continue
        units = [str(data[name].attrs.get("units", "")) for data in (values, known)]
        scale = _factor(u.Unit(units[0]), u.Unit(units[1]), name) if all(units) else 1.0
        found, wanted = (np.atleast_1d(data[name].to_numpy()) for data in (values, known))
        found = found * scale
        step = np.abs(np.gradient(wanted)) if wanted.size > 1 else np.abs(wanted)
        near = np.maximum(_SAME_BIN * step, 1e-9 * np.abs(wanted))
        other = np.flatnonzero(np.abs(found - wanted) > near)
        if other.size:
            n = other[0]
            raise InvalidDataError(
                f"the model has {name}={found[n]:.6g} {units[1]} at number {n}, but the profile "
                f"{wanted[n]:.6g} {units[1]}; give one with the bins and energies of the profile, "
                "in the same order"
            )


def _factor(given: u.UnitBase, unit: u.UnitBase, name: str) -> float:
    try:
        return float(given.to(unit))
    except u.UnitConversionError:
        raise InvalidDataError(
            f"the model is in {given.to_string() or 'plain numbers'}, but {name} is in "
            f"{unit.to_string() or 'plain numbers'}; convert one of them"
        ) from None


def _curve(
    model: Callable[[Any], Any], axis: XAxis, unit: u.UnitBase, factor: Callable[[Any], Any] | None
) -> Curve:
    """Evaluate a function from end to end of the axis."""
    ends = np.stack([axis.first, axis.last])
    space = np.geomspace if axis.log else np.linspace
    x = space(np.nanmin(ends), np.nanmax(ends), _POINTS)
    plain = isinstance(model, Model) and model.input_units is None and not _has_units(model)
    with_unit = x * u.Unit(axis.unit)
    try:
        y = model(x if plain else with_unit)
    except (u.UnitsError, TypeError) as error:
        raise InvalidOptionError(
            f"model cannot be called with a Quantity in {axis.unit or 'plain numbers'}: {error}; "
            "give a function that takes and returns Quantities, such as "
            "lambda r: 1e-9 * u.Unit('cm-2 s-1') * np.exp(-r / (0.5 * u.deg))"
        ) from None
    if factor is not None and isinstance(y, u.Quantity) and not y.unit.is_equivalent(unit):
        y = y * factor(with_unit)
    if isinstance(y, u.Quantity):
        y = y.value * _factor(y.unit, unit, "the profile")
    values = np.broadcast_to(np.asarray(y, dtype=float), x.shape)
    return Curve(x, values, float(axis.first[0]))


def _has_units(model: Model) -> bool:
    return any(getattr(model, name).unit is not None for name in model.param_names)


def same_quantity(other: xr.Dataset, source: xr.Dataset, name: str, power: float) -> xr.Dataset:
    """Convert another profile to the quantity of a profile, per solid angle if that is.

    Raises
    ------
    MissingVariableError
        If the other profile has no such quantity.
    InvalidDataError
        If norms are those of a spectral model of another shape.
    """
    if name in SED_TYPES:
        bright = per_solid_angle_of(source) if name != "norm" else False
        other = to_sed_type(other, name, per_solid_angle=bright)
        other = norms_of_model(other, source) if name == "norm" else other
    elif name not in other:
        raise MissingVariableError(
            f"the model has no {name!r}; give a profile that has it, or choose a quantity of "
            f"{list(map(str, other.data_vars))}"
        )
    return times_energy(other, name, power)
