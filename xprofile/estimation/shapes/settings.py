"""Options of `fit_shape` as a value: checks, defaults, and their texts."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, fields
from typing import Any

from ...exceptions import InvalidOptionError
from ...schema.names import SPECTRAL_MODEL
from ...schema.number_checks import check_bool
from ...spectrum.model_json import model_to_json
from ...spectrum.models import SpectralModel, power_law
from ..confidence import FITTED_SIGMA, Levels
from ..energy_groups import EnergyEdges
from ..settings import (
    asks_for_limits,
    check_model,
    checked_energy_edges,
    optional_quantities,
    setting_text,
)

__all__ = ["ShapeSettings"]

_OPTIONAL = ("errn-errp", "ul", "ts-extension")


@dataclass(frozen=True, eq=False)
class ShapeSettings:
    """Checked options of `fit_shape`, which describes them.

    Raises
    ------
    InvalidOptionError, InvalidEnergyError
        If an option is unknown, or out of its range.
    """

    spectral_model: SpectralModel
    per: str
    energy_edges: EnergyEdges
    extension: str | None
    n_sigma: float
    n_sigma_ul: float
    cl: float
    cl_ul: float
    selection_optional: tuple[str, ...]
    strict_energies: bool

    @classmethod
    def from_options(cls, **options: Any) -> ShapeSettings:
        """Fill in defaults that are None."""
        model, edges = options["spectral_model"], options["energy_edges"]
        options["spectral_model"] = power_law() if model is None else model
        if options["per"] is None:
            options["per"] = "profile" if edges is None else "energy"
        if edges is None and options["per"] == "energy":
            edges = "fine"
        options["energy_edges"] = checked_energy_edges(edges)
        limits = asks_for_limits(options["n_sigma_ul"], options["cl_ul"])
        names = ("n_sigma", "n_sigma_ul", "cl", "cl_ul")
        levels = Levels.from_options(**{name: options[name] for name in names}, kind=FITTED_SIGMA)
        options |= vars(levels)
        options["selection_optional"] = optional_quantities(
            options["selection_optional"], _OPTIONAL, limits=limits
        )
        return cls(**options)

    def __post_init__(self) -> None:
        check_model(self.spectral_model)
        if self.per not in ("profile", "energy"):
            raise InvalidOptionError(f"per must be 'profile' or 'energy', found {self.per!r}")
        if self.extension is not None and not isinstance(self.extension, str):
            raise InvalidOptionError(
                f"extension must be the name of a parameter, found {self.extension!r}"
            )
        check_bool("strict_energies", self.strict_energies)

    def attrs(self) -> dict[Hashable, Any]:
        """Attributes of the result."""
        return {
            SPECTRAL_MODEL: model_to_json(self.spectral_model),
            "per": self.per,
            "n_sigma": float(self.n_sigma),
            "n_sigma_ul": float(self.n_sigma_ul),
            "cl": self.cl,
            "cl_ul": self.cl_ul,
        }

    def summary(self) -> str:
        """Settings as one line of text for the history."""
        values = {f.name: getattr(self, f.name) for f in fields(self)}
        return "; ".join(f"{name}: {setting_text(name, v)}" for name, v in values.items())
