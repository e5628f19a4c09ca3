"""Dataset of the results of a fit of a shape."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from ...schema.axes import axis_coords, energy_unit
from ...schema.fits.shapes import CURVE, CURVE_COORD, SHAPE_FIT
from ...schema.names import (
    CORRELATION,
    COVARIANCE,
    DATASET,
    DISTANCE,
    ENERGY,
    MARGIN,
    PARAMETER,
    SOURCE_DISTANCE,
    TOY,
    high,
    low,
    second_dim,
)
from ...schema.variables import status_attrs
from ..energy_groups import EnergyGroups
from ..status import flag_negative_limits
from ..unfolding.matrices import correlation
from .brightness import Brightness
from .derived import Grid
from .outcome import Outcome
from .settings import ShapeSettings

__all__ = ["Shape", "make_result"]

Float = NDArray[np.float64]

_WITH_BOUND = "give amplitudes a lower bound, as model.amplitude.bounds = (0, None)"


@dataclass(frozen=True, eq=False)
class Shape:
    """What the dims of the results are.

    Parameters
    ----------
    data : xarray.Dataset
        The first data set.
    groups : EnergyGroups
        Its energy groups.
    brightness : Brightness
        The brightness, with the names of the parameters.
    grid : Grid
        Places of the curve.
    extra : tuple
        Dims before the others, such as ``toy``.
    sizes : tuple of int
        Their sizes.
    """

    data: xr.Dataset
    groups: EnergyGroups
    brightness: Brightness
    grid: Grid
    extra: tuple[Hashable, ...]
    sizes: tuple[int, ...]


def make_result(
    shape: Shape,
    outcomes: Sequence[Outcome],
    settings: ShapeSettings,
    attrs: dict[Hashable, Any],
) -> xr.Dataset:
    """Make the Dataset.

    Parameters
    ----------
    shape : Shape
        What the dims are.
    outcomes : sequence of Outcome
        Results of each fit: energy groups vary fastest, then the extra dims.
    settings : ShapeSettings
        The settings.
    attrs : dict
        Attributes of the result.
    """
    stacked = _stacked(outcomes)
    stacked[CORRELATION] = correlation(stacked[COVARIANCE])
    variables = {}
    for name, entry in SHAPE_FIT.items():
        if name == "solid_angle":
            variables[name] = xr.Variable(entry.dims, shape.grid.solid_angle, entry.attrs)
        if name not in stacked:
            continue
        extra = {**entry.attrs, **(status_attrs() if name == "status" else {})}
        variables[name] = _variable(stacked[name], entry.dims, extra, shape, settings)
    if "ul" in variables:
        _flag_limits(variables, shape)
    found = xr.Dataset(variables, _coords(shape, settings), attrs)
    if MARGIN in shape.data.coords:
        kept = ~shape.data[MARGIN].to_numpy().astype(bool)
        found = found.isel({DISTANCE: kept})
    return found


def _flag_limits(variables: dict[str, xr.Variable], shape: Shape) -> None:
    """Flag amplitudes with upper limits below 0; other parameters may well be negative."""
    limits, status = variables["ul"], variables["status"]
    amplitude = np.array([name.split("_")[0] == "amplitude" for name in shape.brightness.names])
    factor = xr.Variable(PARAMETER, np.where(amplitude, 1.0, np.nan))
    chosen = (limits * factor).transpose(*status.dims).to_numpy()
    warn = TOY not in shape.extra
    status.data = flag_negative_limits(status.to_numpy(), chosen, warn=warn, advice=_WITH_BOUND)


def _stacked(outcomes: Sequence[Outcome]) -> dict[str, NDArray[Any]]:
    """Arrays of all results, (nfit, ...)."""
    parts: dict[str, list[Any]] = {}
    for outcome in outcomes:
        known = {**outcome.parameters, **outcome.arrays, **outcome.numbers}
        for name, value in {**known, COVARIANCE: outcome.covariance}.items():
            parts.setdefault(name, []).append(value)
    return {
        name: np.stack([np.asarray(v) for v in values])
        for name, values in parts.items()
        if len(values) == len(outcomes)
    }


def _variable(
    values: NDArray[Any],
    dims: tuple[str, ...],
    attrs: dict[str, Any],
    shape: Shape,
    settings: ShapeSettings,
) -> xr.Variable:
    """Make a variable of values (nfit, ...), with the energy where `dims` have it, or without."""
    rest = [d for d in dims if d != ENERGY]
    shaped = values.reshape(*shape.sizes, -1, *values.shape[1:])
    before = (*shape.extra, ENERGY, *rest)
    variable = xr.Variable(before, shaped, attrs)
    if settings.per == "profile":
        return variable.isel({ENERGY: 0})
    return variable.transpose(*shape.extra, *dims)


def _coords(shape: Shape, settings: ShapeSettings) -> dict[str, xr.Variable]:
    """Coordinates of the parameters, energies, bins and the curve."""
    names, groups, data = list(shape.brightness.names), shape.groups, shape.data
    other = second_dim(PARAMETER)
    text = {"long_name": "parameter of the model"}
    coords: dict[str, xr.Variable] = {
        PARAMETER: xr.Variable((PARAMETER,), np.array(names), text),
        other: xr.Variable((other,), np.array(names), text),
        "parameter_unit": xr.Variable(
            (PARAMETER,), np.array(shape.brightness.units), {"long_name": "unit of the parameter"}
        ),
        CURVE: xr.Variable((CURVE,), shape.grid.curve.at, CURVE_COORD.attrs),
    }
    scale = energy_unit(data)
    lower, upper = groups.lower, groups.upper
    if settings.per == "profile":
        ends = {low(ENERGY): lower.min(), high(ENERGY): upper.max()}
        for name, value in ends.items():
            coords[name] = xr.Variable((), float(value), {"units": scale})
    else:
        axis = axis_coords(ENERGY, np.sqrt(lower * upper), lower, upper)
        for coord in axis.values():
            coord.attrs["units"] = scale
        coords |= axis
    left_out = {ENERGY, SOURCE_DISTANCE, DATASET}
    kept = set(shape.extra) - left_out
    for label in data.coords:
        dims = set(data.variables[label].dims)
        if dims == {DISTANCE} or (dims and dims <= kept):
            coords[str(label)] = data.variables[label].copy()
    return coords
