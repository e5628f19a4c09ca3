"""What the parameters of a model of astropy say about where its spectrum changes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import astropy.units as u
import numpy as np
from astropy.modeling import CompoundModel, Model, models
from numpy.typing import NDArray

from ..schema.names import ENERGY_UNIT
from .table_models import ProductModel, TableModel

__all__ = ["feature_energies", "has_known_features", "is_smooth_power_law"]

Float = NDArray[np.float64]

# Models whose lines, kinks and steps are at their parameters, or which have none.
_KNOWN = (
    models.BrokenPowerLaw1D, models.Box1D, models.Const1D, models.ExponentialCutoffPowerLaw1D,
    models.Gaussian1D, models.Linear1D, models.LogParabola1D, models.Lorentz1D,
    models.Polynomial1D, models.PowerLaw1D, models.SmoothlyBrokenPowerLaw1D, models.Tabular1D,
    models.Voigt1D,
)  # fmt: skip

# Steepest power law that pieces of 0.02 decades with four nodes integrate to 1e-13.
_STEEPEST = 7.0

# Largest number of energies of a table at which pieces are cut. Tables with more are refined like
# other functions; ten times as many would take seconds with many bins.
_TABLE_MOST = 3000


def feature_energies(model: Any) -> Float:
    """Return energies in TeV at which a model may have lines, kinks or steps.

    They are all parameters of it and of its parts with a unit of energy, and the energies of
    tables. Empty for a plain callable.
    """
    found = [energy for part in _parts(model) for energy in _energies(part)]
    energies = np.concatenate([*found, np.empty(0)])
    return np.unique(energies[np.isfinite(energies) & (energies > 0)])


def has_known_features(model: Any) -> bool:
    """Whether no line of a model is anywhere but at its `feature_energies`."""
    if isinstance(model, ProductModel):
        return all(has_known_features(part) for part in model.parts)
    if isinstance(model, CompoundModel):
        # a sum or product has the features of its parts; a model of a model may move them
        parts = (model.left, model.right)
        return model.op in ("+", "-", "*", "/") and all(has_known_features(part) for part in parts)
    return isinstance(model, (*_KNOWN, TableModel))


def is_smooth_power_law(model: Any) -> bool:
    """Whether a model is a power law for which pieces of 0.02 decades are short enough."""
    if type(model) is not models.PowerLaw1D or np.size(model.alpha.value) != 1:
        return False
    return bool(np.all(np.abs(u.Quantity(model.alpha).to_value("")) <= _STEEPEST))


def _parts(model: Any) -> Iterator[Any]:
    if isinstance(model, (CompoundModel, ProductModel)):
        inside = (model.left, model.right) if isinstance(model, CompoundModel) else model.parts
        for part in inside:
            yield from _parts(part)
    elif isinstance(model, (Model, TableModel)):
        yield model


def _energies(model: Any) -> Iterator[Float]:
    if isinstance(model, TableModel):
        yield from [model.energies] if model.energies.size <= _TABLE_MOST else []
        return
    quantities = [getattr(model, name).quantity for name in model.param_names]
    if isinstance(model, models.Tabular1D) and np.size(model.points[0]) <= _TABLE_MOST:
        quantities.append(model.points[0])
    for quantity in quantities:
        if isinstance(quantity, u.Quantity) and quantity.unit.is_equivalent(ENERGY_UNIT):
            yield np.atleast_1d(quantity.to_value(ENERGY_UNIT)).astype(np.float64).ravel()
