"""Settings of an estimator: checks of their values, and their texts."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Sequence
from dataclasses import fields
from typing import Any

import astropy.units as u
import numpy as np
from astropy.modeling import Model
from numpy.typing import ArrayLike, NDArray

from ..exceptions import InvalidEnergyError, InvalidOptionError, TooLargeError
from ..schema.arguments.function_texts import function_text
from ..schema.html_tables import html_table
from ..schema.names import ENERGY_UNIT, SPECTRAL_MODEL
from ..schema.number_checks import check_number, check_positive_integer, energies_from_quantity
from ..schema.units import unit_text
from ..schema.values import value_key
from ..spectrum.models import SpectralModel
from .energy_groups import EnergyEdges

__all__ = [
    "OwnModel",
    "ShownSettings",
    "asks_for_limits",
    "background_width",
    "check_exposure_systematic",
    "check_model",
    "check_number_of_norms",
    "checked_energy_edges",
    "checked_norm_values",
    "optional_quantities",
    "setting_text",
]

# Norms of a scan. Of a profile of 100 bins, they fill 800 MB; ten times more would not fit into
# the memory of a laptop, and ten times fewer are still far more than a figure shows.
_MOST_NORMS = 1_000_000

# Narrowest width of a background that is fitted. Its norm is 1 to all digits, as at 1e-20. At 1e-80
# squares of the inverse square are infinite.
_NARROWEST = 1e-50

Float = NDArray[np.float64]
_OPTIONAL = ("errn-errp", "ul", "scan", "sensitivity", "ul-expected")
_NOT_IN_ALL = ("ul-expected",)  # toys may take long


def optional_quantities(
    wanted: Collection[str] | str | None,
    known: Sequence[str] = _OPTIONAL,
    *,
    limits: bool = False,
) -> tuple[str, ...]:
    """Names of the optional quantities; ``"all"`` stands for all that need no toys.

    With `limits`, from `asks_for_limits`, ``"ul"`` is among them, unless ``"ul-expected"`` is.

    Raises
    ------
    InvalidOptionError
        If a name is unknown.
    """
    names = (wanted,) if isinstance(wanted, str) else tuple(wanted or ())
    unknown = [name for name in names if name not in (*known, "all")]
    if unknown:
        raise InvalidOptionError(
            f"selection_optional has {unknown}; choose among {[*known, 'all']}"
        )
    if "all" in names:
        return tuple(name for name in known if name not in _NOT_IN_ALL or name in names)
    return (*names, "ul") if limits and not {"ul", "ul-expected"} & set(names) else names


def asks_for_limits(
    n_sigma_ul: float | None, cl_ul: float | None, ul_method: str = "likelihood"
) -> bool:
    """Whether options of upper limits differ from their defaults, so that limits are wanted.

    The default of `n_sigma_ul` may be given too.
    """
    other = n_sigma_ul is not None and not np.array_equal(n_sigma_ul, 2)
    return other or cl_ul is not None or not np.array_equal(ul_method, "likelihood")


def checked_norm_values(values: ArrayLike | None) -> Float:
    """Norms of a scan; 11 from 0.2 to 5 by default, as in Gammapy.

    Raises
    ------
    InvalidOptionError
        If they are not a list of finite numbers.
    """
    try:
        fine = not isinstance(values, u.Quantity) or values.unit == u.dimensionless_unscaled
        found = np.geomspace(0.2, 5, 11) if values is None else np.array(values, dtype=float)
    except (TypeError, ValueError):
        fine, found = False, np.zeros(0)
    check_number_of_norms("norm_values", found.size)
    if not fine or found.ndim != 1 or not found.size or not np.all(np.isfinite(found)):
        raise InvalidOptionError(f"norm_values must be a list of finite numbers, found {values!r}")
    found.flags.writeable = False
    return found


def check_number_of_norms(name: str, number: int) -> None:
    """Raise if a scan has more norms than a profile can hold.

    Raises
    ------
    TooLargeError
        If it has.
    """
    if number > _MOST_NORMS:
        raise TooLargeError(
            f"{name} asks for a scan of {number:.3g} norms, expected {_MOST_NORMS:.0e} at most in "
            "each bin and energy; scan fewer"
        )


def checked_energy_edges(values: EnergyEdges) -> EnergyEdges:
    """Copy of ascending energy edges, or what stands for them: None, "fine" or a number of groups.

    Raises
    ------
    InvalidEnergyError
        If edges have no unit of energy, are fewer than two, or do not ascend; or if a number is
        not a positive integer.
    """
    if values is None or (isinstance(values, str) and values == "fine"):
        return values
    if isinstance(values, int | np.integer):
        check_positive_integer("energy_edges, as a number of groups,", values, InvalidEnergyError)
        return int(values)
    if isinstance(values, str):
        raise InvalidEnergyError(
            "energy_edges has no unit of energy: give energies such as [10, 30, 100] * u.GeV, "
            f"'fine' for each energy bin, or a number of groups; found {values!r}"
        )
    energies_from_quantity("energy_edges", values, ENERGY_UNIT)
    edges = u.Quantity(values, copy=True)
    edges.flags.writeable = False
    return edges


class OwnModel:
    """Field of a dataclass for a spectral model, which is copied when it is set and handed out.

    Functions, and other callables that are not models of astropy, are kept as they are.
    """

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = f"_{name}"

    def __get__(self, instance: Any, owner: type | None = None) -> Any:
        return None if instance is None else copied_model(vars(instance)[self._name])

    def __set__(self, instance: Any, value: Any) -> None:
        vars(instance)[self._name] = copied_model(value)


def copied_model(model: Any) -> Any:
    """Copy a model of astropy; return another callable as it is."""
    return model.copy() if isinstance(model, Model) else model


class ShownSettings:
    """Base of dataclasses of settings, which are equal by value and show their settings."""

    def __eq__(self, other: object) -> bool:
        return self._key == other._key if isinstance(other, type(self)) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._key)

    @property
    def _key(self) -> Hashable:
        """Settings as a hashable value; the order of the optional quantities does not count."""
        values = self._values()
        values["selection_optional"] = sorted(values["selection_optional"] or ())
        return value_key(tuple(values.values()))

    def __repr__(self) -> str:
        rows = [f"{name:22} : {text}" for name, text in self._texts().items()]
        title = type(self).__name__
        return "\n".join([title, "-" * len(title), *rows])

    def _repr_html_(self) -> str:
        return html_table(type(self).__name__, self._texts())

    def _values(self) -> dict[str, Any]:
        """Settings by name, the spectral model first."""
        names = [f.name for f in fields(self)]  # type: ignore[arg-type]
        values = {name: getattr(self, name) for name in names}
        return {SPECTRAL_MODEL: values.pop(SPECTRAL_MODEL), **values}

    def _texts(self) -> dict[str, str]:
        """Names and texts of all settings."""
        return {name: setting_text(name, value) for name, value in self._values().items()}

    def _summary(self) -> str:
        return "; ".join(f"{name}: {text}" for name, text in self._texts().items())


def check_model(model: SpectralModel) -> None:
    """Raise unless a spectral model can be called."""
    if not callable(model):
        raise InvalidOptionError(
            f"spectral_model must be a model or function of energy, found {model!r}; give one such "
            "as power_law(index=2.3)"
        )


def background_width(background: str | float) -> float | None:
    """Relative systematic uncertainty of the background: None if fixed, inf if free.

    Raises
    ------
    InvalidOptionError
        If the setting is neither ``"fixed"`` nor ``"free"`` nor a positive number.
    """
    if background == "fixed":
        return None
    if background == "free":
        return np.inf
    try:
        width = np.nan if isinstance(background, bool | np.bool_) else float(background)
    except (TypeError, ValueError):
        width = np.nan
    if not 0 < width < np.inf:
        raise InvalidOptionError(
            "background must be 'fixed', 'free', or its relative systematic uncertainty such as "
            f"0.05, found {background!r}"
        )
    return max(width, _NARROWEST)


def check_exposure_systematic(value: float, n_sigma: float) -> None:
    """Raise unless a relative uncertainty of the exposure leaves some of it at a significance."""
    check_number("exposure_systematic", value, "a number of 0 or more")
    if value * n_sigma >= 1:
        raise InvalidOptionError(
            f"exposure_systematic={value:g} allows an exposure of 0 at {n_sigma:g} sigma, where "
            f"norms have no limit; give one below {1 / n_sigma:.3g}, or a smaller n_sigma_ul"
        )


def setting_text(name: str, value: Any) -> str:
    """Value of a setting as one line of text."""
    if name == "spectral_model":
        return _model_text(value)
    if value is None:
        return _DEFAULT_TEXTS.get(name, "none")
    if name == "energy_edges" and isinstance(value, str | int):
        return "each energy bin of the data" if value == "fine" else f"{value} groups"
    if name == "selection_optional":
        return ", ".join(value) or "none"
    if name == "prior":
        return function_text(value)
    if isinstance(value, np.random.Generator):
        return "a generator"
    if name == "norm_values":
        return f"{value.size} values from {value.min():.4g} to {value.max():.4g}"
    return str(value)


_DEFAULT_TEXTS = {
    "energy_edges": "one bin of all energies",
    "norm_min": "where npred reaches 0",
    "scan_n_sigma": "the same norm_values in every bin",
    "n_sigma": "by cl",
    "n_sigma_ul": "by cl_ul",
    "cl": "by n_sigma",
    "cl_ul": "by n_sigma_ul",
    "prior": "the same density for all norms",
    "toys": "as the method has them",
    "rng": "another seed in each run",
}


def _model_text(model: SpectralModel) -> str:
    if not hasattr(model, "param_names"):
        return function_text(model)
    found = (getattr(model, name) for name in model.param_names)
    values = (f"{p.name}={p.value} {unit_text(p.unit or '')}".rstrip() for p in found)
    return f"{type(model).__name__}({', '.join(values)})"
