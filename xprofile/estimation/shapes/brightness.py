"""Models of astropy as functions of distances in degrees, with parameters as plain numbers."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import astropy.units as u
import numpy as np
from astropy.modeling import Model
from astropy.modeling.core import CompoundModel
from astropy.modeling.models import Box1D, Const1D, Trapezoid1D
from numpy.typing import NDArray

from ...exceptions import InvalidOptionError
from .places import Places

__all__ = ["Brightness", "Places"]

Float = NDArray[np.float64]

# units of parameters by their power of an angle
_UNITS = {1: "deg", 0: "", -2: "sr-1"}

_OPERATORS: dict[str, Callable[[Any, Any], Any]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "**": operator.pow,
}


# Modules of astropy whose models have no steps, but for the boxes and trapezoids.
_SMOOTH = tuple(
    f"astropy.modeling.{name}"
    for name in ("functional_models", "physical_models", "polynomial", "powerlaws", "tabular")
)


@dataclass(frozen=True, eq=False)
class Brightness:
    """A model of one variable, the distance in degrees. Make it with `from_model`.

    Parameters
    ----------
    model : astropy.modeling.Model
        A copy of the model that was given.
    names : tuple of str
        Names of the parameters.
    values : numpy.ndarray
        Their values in `units`, (nparameter,).
    units : tuple of str
        "deg", "sr-1" or "".
    scales : tuple of float
        Number of `units` in the unit of the model.
    free : numpy.ndarray of bool
        Whether a parameter is fitted, (nparameter,).
    tied : dict
        Numbers of tied parameters, and the functions of the model that give their values.
    bounds : tuple of tuple
        Lower and upper bound of each parameter in `units`; -inf and inf without.
    has_steps : bool
        Whether it is known to have steps or kinks; models that astropy does not have are then
        averaged over the range of each place.
    """

    model: Any
    names: tuple[str, ...]
    values: Float
    units: tuple[str, ...]
    scales: tuple[float, ...]
    free: NDArray[np.bool_]
    tied: dict[int, Callable[[Any], Any]]
    bounds: tuple[tuple[float, float], ...]
    has_steps: bool = False

    @classmethod
    def from_model(cls, model: Any) -> Brightness:
        """Read the parameters of a model.

        Raises
        ------
        InvalidOptionError
            If it is not a model of one variable with single numbers as parameters, or has units
            that are not angles.
        """
        _check_kind(model)
        copy = model.copy()
        names = tuple(copy.param_names)
        parameters = [getattr(copy, name) for name in names]
        read = [_unit_of(name, p.unit) for name, p in zip(names, parameters, strict=True)]
        units, scales = tuple(r[0] for r in read), tuple(r[1] for r in read)
        values = np.array([float(p.value) for p in parameters]) * scales
        tied = {i: p.tied for i, p in enumerate(parameters) if p.tied}
        fixed = [bool(p.fixed) or bool(p.tied) for p in parameters]
        bounds = tuple(_bounds_of(p, scale) for p, scale in zip(parameters, scales, strict=True))
        found = cls(copy, names, values, units, scales, ~np.array(fixed, bool), tied, bounds)
        found.check()
        return found

    def check(self) -> None:
        """Raise unless the values are finite, within their bounds, and give a brightness."""
        for name, value, (lower, upper) in zip(self.names, self.values, self.bounds, strict=True):
            if not np.isfinite(value) or not lower <= value <= upper:
                raise InvalidOptionError(
                    f"parameter {name} of the model starts at {value:g}, expected a finite number "
                    f"within its bounds {lower:g} to {upper:g}; give another start, or other bounds"
                )
        at = np.array([0.1, 1.0])
        try:
            shape = np.shape(self._evaluated(self.complete(self.values), Places(at, at, at)))
            if any(unit for unit in self.units):
                unit = u.Quantity(self.model(at * u.deg)).unit
                _check_brightness_unit(unit)
        except InvalidOptionError:
            raise
        except Exception as error:  # a model of the user may raise any
            raise InvalidOptionError(
                f"the model {type(self.model).__name__} cannot be evaluated at distances in "
                f"degrees: {type(error).__name__}: {error}. Give its lengths as angles, or as "
                "numbers in deg"
            ) from error
        if shape != at.shape:
            raise InvalidOptionError(
                f"the model gives values of shape {shape} for {at.shape[0]} distances"
            )

    def on(self, places: Places) -> Brightness:
        """Return the brightness, averaged over ranges if it has steps among some places."""
        if _is_smooth(self.model):
            return self
        return replace(self, has_steps=places.show_steps(lambda p: self(self.values, p)))

    def __call__(self, values: Float, places: Places) -> Float:
        """Brightness (nplace,) for values of all parameters; tied ones are computed."""
        full = self.complete(values)
        try:
            return self._evaluated(full, places)
        except Warning:
            raise
        except Exception as error:  # a model of the user may raise any
            low, high = places.at.min(initial=np.inf), places.at.max(initial=0)
            raise InvalidOptionError(
                f"the model {type(self.model).__name__} fails at distances from {low:.4g} to "
                f"{high:.4g} deg: {type(error).__name__}: {error}. Give one that has values there"
            ) from error

    def _evaluated(self, values: Float, places: Places) -> Float:
        with np.errstate(all="ignore"):  # the fit takes values that are not finite as impossible
            found = _evaluate(self.model, values, places, averaged=self.has_steps)
        return np.broadcast_to(np.asarray(found, dtype=float), places.at.shape)

    def complete(self, values: Float) -> Float:
        """Return values with those of tied parameters."""
        if not self.tied:
            return values
        full = values.copy()
        for i, name in enumerate(self.names):
            if i not in self.tied:
                setattr(self.model, name, self._quantity(i, float(full[i])))
        for i, function in self.tied.items():
            try:
                given = u.Quantity(function(self.model))
                unit = getattr(self.model, self.names[i]).unit
                plain = float(given.to_value(unit) if unit is not None else given.value)
            except Warning:
                raise
            except Exception as error:
                raise InvalidOptionError(
                    f"the function that ties {self.names[i]} fails: {type(error).__name__}: {error}"
                ) from error
            full[i] = plain * self.scales[i]
            setattr(self.model, self.names[i], self._quantity(i, full[i]))
        return full

    def without_constants(self, values: Float) -> Float:
        """Return values with 0 for constants that are added to other models."""
        parts = list(_summands(self.model, 0))
        constant = [first for part, first in parts if isinstance(part, Const1D)]
        if not constant or len(constant) == len(parts):
            return values
        changed = values.copy()
        changed[constant] = 0
        return changed

    def _quantity(self, number: int, value: float) -> Any:
        """Value of a parameter in the unit of the model."""
        unit, plain = getattr(self.model, self.names[number]).unit, value / self.scales[number]
        return plain if unit is None else plain * unit


def _summands(model: Any, first: int) -> Iterator[tuple[Any, int]]:
    """Models that a model is a sum of, and the number of the first parameter of each."""
    if isinstance(model, CompoundModel) and model.op in ("+", "-"):
        yield from _summands(model.left, first)
        yield from _summands(model.right, first + len(model.left.param_names))
    else:
        yield model, first


def _check_kind(model: Any) -> None:
    if not isinstance(model, Model):
        raise InvalidOptionError(
            "model must be a model of astropy.modeling such as Gaussian1D, found "
            f"{type(model).__name__}; make one of a function with astropy.modeling.custom_model"
        )
    if model.n_inputs != 1 or model.n_outputs != 1 or len(model) != 1:
        raise InvalidOptionError(
            f"model must give one brightness for one distance, but {type(model).__name__} has "
            f"{model.n_inputs} inputs, {model.n_outputs} outputs and {len(model)} sets of "
            "parameters; take a model such as Gaussian1D"
        )
    wrong = [n for n in model.param_names if np.size(getattr(model, n).value) != 1]
    if wrong:
        raise InvalidOptionError(f"parameters {wrong} of the model must be single numbers")


def _unit_of(name: str, unit: Any) -> tuple[str, float]:
    """Unit that a parameter gets, and how many there are in a unit."""
    if unit is None:
        return "", 1.0
    try:
        plain = u.Unit(unit).decompose(bases=[u.deg])
        powers = dict(zip((str(b) for b in plain.bases), plain.powers, strict=True))
        power = powers.get("deg", 0) if set(powers) <= {"deg"} else None
        text = _UNITS[int(power)] if power in _UNITS else None
    except (u.UnitsError, ValueError):
        text = None
    if text is None:
        raise InvalidOptionError(
            f"parameter {name} of the model has the unit {unit}, expected an angle, a number, or "
            "per solid angle: an amplitude is in units of the reference spectrum per sr"
        )
    return text, float(u.Unit(unit).to(u.Unit(text)) if text else u.Unit(unit).to(""))


def _check_brightness_unit(unit: Any) -> None:
    if not (unit.is_equivalent("") or unit.is_equivalent("sr-1")):
        raise InvalidOptionError(
            f"the model gives {unit}, expected a number of reference spectra per sr: give its "
            "amplitude without unit, or in 1 / sr"
        )


def _bounds_of(parameter: Any, scale: float) -> tuple[float, float]:
    """Bounds of a parameter, without None."""
    lower, upper = (np.nan if b is None else float(u.Quantity(b).value) for b in parameter.bounds)
    ends = (
        -np.inf if np.isnan(lower) else lower * scale, np.inf if np.isnan(upper) else upper * scale
    )  # fmt: skip
    if ends[0] > ends[1]:
        raise InvalidOptionError(
            f"parameter {parameter.name} of the model has the bounds {lower:g} to {upper:g}; give "
            "the lower one first"
        )
    return ends


def _evaluate(model: Any, values: Float, places: Places, *, averaged: bool) -> Any:
    """Brightness of a model or of sums and products of models.

    A box is averaged over the range of each place, so that its edges may be anywhere in it.
    """
    if isinstance(model, CompoundModel) and model.op in _OPERATORS:
        first = len(model.left.param_names)
        left = _evaluate(model.left, values[:first], places, averaged=averaged)
        right = _evaluate(model.right, values[first:], places, averaged=averaged)
        return _OPERATORS[model.op](left, right)
    if isinstance(model, Box1D):
        named = dict(zip(model.param_names, values, strict=True))
        half = abs(named["width"]) / 2
        start, stop = named["x_0"] - half, named["x_0"] + half
        inside = np.minimum(places.upper, stop) - np.maximum(places.lower, start)
        width = places.upper - places.lower
        share = np.where(width > 0, inside / np.where(width > 0, width, 1), (inside >= 0) * 1.0)
        return named["amplitude"] * np.clip(share, 0, 1)
    numbers = [np.asarray(v) for v in values]
    if not averaged or _is_smooth(model):
        return model.evaluate(places.at, *numbers)
    return places.mean(lambda at: model.evaluate(at, *numbers))


def _is_smooth(model: Any) -> bool:
    """Whether a model is known to have no steps."""
    if isinstance(model, CompoundModel):
        return _is_smooth(model.left) and _is_smooth(model.right)
    kind = type(model)
    return kind.__module__ in _SMOOTH and not issubclass(kind, (Box1D, Trapezoid1D))
