"""Spectral models as JSON text."""

from __future__ import annotations

import json
import operator
from collections.abc import Callable
from typing import Any

import astropy.units as u
import numpy as np
from astropy.modeling import CompoundModel, Fittable1DModel, Model, models

from ..exceptions import InvalidOptionError
from ..schema.arguments.types import cut_text
from .models import SpectralModel, model_name

__all__ = ["model_from_json", "model_to_json"]

_OPERATORS: dict[str, Callable[[Model, Model], Model]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "**": operator.pow,
    "|": operator.or_,
}


def model_to_json(model: SpectralModel) -> str:
    """Write a model as JSON.

    A model of astropy.modeling becomes its class and parameters, a compound model the operator and
    both parts. Of another callable only the name is kept.
    """
    return json.dumps(_content(model))


def _content(model: SpectralModel) -> dict[str, Any]:
    if isinstance(model, CompoundModel):
        return {"operator": model.op, "parts": [_content(model.left), _content(model.right)]}
    if not isinstance(model, Model):
        return {"callable": model_name(model)}
    parameters = {
        name: [
            np.asarray(getattr(model, name).value).tolist(),
            str(getattr(model, name).unit or ""),
        ]
        for name in model.param_names
    }
    return {"class": type(model).__name__, "parameters": parameters}


def model_from_json(text: str) -> Model:
    """Make a model from the JSON that `model_to_json` writes.

    Raises
    ------
    InvalidOptionError
        If the text does not describe a 1-D model of `astropy.modeling`.
    """
    try:
        return _model(json.loads(text))
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        raise InvalidOptionError(
            f"no model of astropy.modeling of one variable in {cut_text(text)!r} ({error}); pass "
            "the model"
        ) from error


def _model(content: dict[str, Any]) -> Model:
    if "operator" in content:
        return _OPERATORS[content["operator"]](*(_model(part) for part in content["parts"]))
    kind = getattr(models, content["class"])
    if not (issubclass(kind, Fittable1DModel) and kind.n_inputs == 1):
        raise TypeError(f"{kind} is not a model of one variable")
    return kind(**{name: _parameter(*p) for name, p in content["parameters"].items()})


def _parameter(value: float, unit: str) -> u.Quantity | float:
    return u.Quantity(value, unit) if unit else value
