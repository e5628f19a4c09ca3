"""Settings of an estimator: what they may be, and how they are written on one line."""

from __future__ import annotations

from collections.abc import Callable, Collection
from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..exceptions import InvalidOptionError
from ..schema.units import unit_words
from ..spectrum.models import SpectralModel

__all__ = ["background_width", "check_number", "describe", "norms", "selection"]

Float = NDArray[np.float64]

_SELECTIONS = ("errn-errp", "ul", "scan", "sensitivity")


def selection(wanted: Collection[str] | str | None) -> tuple[str, ...]:
    """Names of the optional quantities."""
    names = (wanted,) if isinstance(wanted, str) else tuple(wanted or ())
    if "all" in names:
        return _SELECTIONS
    unknown = [name for name in names if name not in _SELECTIONS]
    if unknown:
        raise InvalidOptionError(
            f"selection_optional has {unknown}; there are {[*_SELECTIONS, 'all']}"
        )
    return names


def norms(values: ArrayLike | None) -> Float:
    """Norms of a scan, 11 from 0.2 to 5 by default."""
    found = np.geomspace(0.2, 5, 11) if values is None else np.asarray(values, dtype=float)
    if found.ndim != 1 or not found.size or not np.all(np.isfinite(found)):
        raise InvalidOptionError(f"norm_values must be a list of finite numbers, found {values!r}")
    return found


def background_width(background: str | float) -> float | None:
    """Relative systematic uncertainty of the background: None if it is fixed, inf if it is free."""
    if background == "fixed":
        return None
    if background == "free":
        return np.inf
    try:
        width = float(background)
    except (TypeError, ValueError):
        width = np.nan
    if not 0 < width < np.inf:
        raise InvalidOptionError(
            "background must be 'fixed', 'free', or its relative systematic uncertainty such as "
            f"0.05, found {background!r}"
        )
    return width


def check_number(name: str, value: Any, kind: str) -> None:
    """Refuse what is no finite number of a kind, one of the keys of the table below."""
    if not (isinstance(value, Real) and np.isfinite(float(value)) and _KINDS[kind](float(value))):
        raise InvalidOptionError(f"{name} must be {kind}, found {value!r}")


_KINDS: dict[str, Callable[[float], bool]] = {
    "a finite number": lambda value: True,
    "a positive number": lambda value: value > 0,
    "a share from 0 to 1": lambda value: 0 <= value <= 1,
    "a whole number from 1 on": lambda value: value >= 1 and value == int(value),
    "a whole number from 2 on": lambda value: value >= 2 and value == int(value),
}


def describe(name: str, value: Any) -> str:
    """Write a setting on one line."""
    if name == "spectral_model":
        return _describe_model(value)
    if value is None:
        return _DEFAULTS.get(name, "none")
    if name == "selection_optional":
        return ", ".join(value) or "none"
    if name == "norm_values":
        return f"{value.size} values from {value.min():.4g} to {value.max():.4g}"
    return str(value)


_DEFAULTS = {
    "energy_edges": "one bin of all energies",
    "norm_min": "where npred reaches 0",
    "scan_n_sigma": "the same norm_values in every bin",
}


def _describe_model(model: SpectralModel) -> str:
    if not hasattr(model, "param_names"):
        return str(getattr(model, "__name__", model))
    found = (getattr(model, name) for name in model.param_names)
    values = (f"{p.name}={p.value} {unit_words(p.unit or '')}".rstrip() for p in found)
    return f"{type(model).__name__}({', '.join(values)})"
