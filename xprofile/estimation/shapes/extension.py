"""The extension of a shape: which parameter it is, and its test against a point source."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from astropy.modeling.core import CompoundModel
from astropy.modeling.models import (
    Box1D,
    Exponential1D,
    Gaussian1D,
    KingProjectedAnalytic1D,
    Lorentz1D,
    Moffat1D,
    Sersic1D,
)

from ...exceptions import InvalidOptionError
from .brightness import Brightness, Places
from .fitting.problem import Point, ShapeProblem
from .fitting.search import best_point

__all__ = ["extension_parameter", "kept_from_zero", "point_deviance"]

# parameters whose limit 0 is a point source, and the centre of the model, which must be 0
_WIDTHS: tuple[tuple[Any, str, str], ...] = (
    (Gaussian1D, "stddev", "mean"),
    (Moffat1D, "gamma", "x_0"),
    (Lorentz1D, "fwhm", "x_0"),
    (Box1D, "width", "x_0"),
    (Exponential1D, "tau", ""),
    (Sersic1D, "r_eff", ""),
    (KingProjectedAnalytic1D, "r_core", ""),
)


def _leaves(model: Any, first: int = 0) -> list[tuple[Any, int]]:
    """Models that a model is made of, and the number of the first parameter of each."""
    if not isinstance(model, CompoundModel):
        return [(model, first)]
    middle = first + len(model.left.param_names)
    return _leaves(model.left, first) + _leaves(model.right, middle)


def extension_parameter(brightness: Brightness, name: str | None) -> int | None:
    """Number of the parameter that is the extension of a source round the centre, or None.

    Parameters
    ----------
    brightness : Brightness
        The brightness.
    name : str or None
        Name of the parameter; by default the first free width of a known model round 0.

    Raises
    ------
    InvalidOptionError
        If the name is not one of a free parameter.
    """
    if name is not None:
        free = [n for n, f in zip(brightness.names, brightness.free, strict=True) if f]
        if name not in free:
            raise InvalidOptionError(
                f"extension={name!r} is not a free parameter of the model; choose among {free}"
            )
        return brightness.names.index(name)
    for leaf, first in _leaves(brightness.model):
        for kind, width, center in _WIDTHS:
            names = list(leaf.param_names)
            if not isinstance(leaf, kind) or not brightness.free[first + names.index(width)]:
                continue
            number = first + names.index(center) if center else None
            if number is None or (not brightness.free[number] and brightness.values[number] == 0):
                return first + names.index(width)
    return None


def kept_from_zero(brightness: Brightness, extension: int, places: Places) -> Brightness:
    """Return the brightness with an extension that cannot be 0, where it would not be seen.

    It can be half the smallest distance at which light is known, which is a point source.
    """
    least, (lower, upper) = 0.5 * float(np.min(np.abs(places.at))), brightness.bounds[extension]
    bounds = list(brightness.bounds)
    if brightness.values[extension] > 0:
        bounds[extension] = (min(max(lower, least), brightness.values[extension]), upper)
    elif brightness.values[extension] < 0:
        bounds[extension] = (lower, max(min(upper, -least), brightness.values[extension]))
    return replace(brightness, bounds=tuple(bounds))


def point_deviance(problem: ShapeProblem, best: Point, extension: int) -> float:
    """Statistic if the component with this extension is a point source, as in `Point`.

    NaN if the flux of the component is not fitted.
    """
    for leaf, first in _leaves(problem.brightness.model):
        numbers = range(first, first + len(leaf.param_names))
        if extension not in numbers:
            continue
        fluxes = tuple(i for i in problem.amplitudes if i in numbers)
        if len(fluxes) != 1:
            return np.nan
        shape = [i for i in problem.others if i in numbers]
        given = {i: float(best.values[i]) for i in shape}
        null = problem.fixed(given, points=fluxes)
        start = best.values[list(null.others)] if null.others else None
        return best_point(null, start)[0].deviance
    return np.nan
