"""Options of `fit_spectrum` as a value: checks, defaults, and their texts."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from ...exceptions import InvalidOptionError
from ...schema.names import SPECTRAL_MODEL
from ...schema.number_checks import check_bool, check_positive_integer
from ...spectrum.model_json import model_to_json
from ...spectrum.models import SpectralModel
from ..confidence import FITTED_SIGMA, error_level
from ..energy_groups import EnergyEdges
from ..settings import (
    background_width,
    check_model,
    checked_energy_edges,
    copied_model,
    optional_quantities,
    setting_text,
)

__all__ = ["SpectrumSettings"]

_OPTIONAL = ("errn-errp",)


@dataclass(frozen=True, eq=False)
class SpectrumSettings:
    """Checked options of `fit_spectrum`, which describes them.

    Raises
    ------
    InvalidOptionError, InvalidEnergyError
        If an option is unknown, or out of its range.
    """

    spectral_model: SpectralModel
    free: tuple[str, ...]
    energy_edges: EnergyEdges
    n_sigma: float
    cl: float
    selection_optional: tuple[str, ...]
    background: str | float
    strict_energies: bool
    n_toys: int
    rng: int | np.random.Generator | None

    @classmethod
    def from_options(cls, **options: Any) -> SpectrumSettings:
        """Fill in defaults, and copy the model."""
        free = options["free"]
        try:
            names = (free,) if isinstance(free, str) else tuple(free)
        except TypeError:
            names = (free,)
        if not all(isinstance(name, str) for name in names):
            raise InvalidOptionError(
                f"free must be names of parameters such as ['alpha'], found {free!r}"
            )
        options["free"] = names
        options["spectral_model"] = copied_model(options["spectral_model"])
        options["energy_edges"] = checked_energy_edges(options["energy_edges"])
        options["selection_optional"] = optional_quantities(
            options["selection_optional"], _OPTIONAL
        )
        levels = error_level(options["n_sigma"], options["cl"], FITTED_SIGMA)
        options["n_sigma"], options["cl"] = levels
        return cls(**options)

    def __post_init__(self) -> None:
        check_model(self.spectral_model)
        check_bool("strict_energies", self.strict_energies)
        check_positive_integer("n_toys", self.n_toys, InvalidOptionError, least=0)
        background_width(self.background)

    @property
    def width(self) -> float | None:
        """Relative systematic uncertainty of the background: None if fixed, inf if free."""
        return background_width(self.background)

    def attrs(self) -> dict[Hashable, Any]:
        """Attributes of the result."""
        return {
            SPECTRAL_MODEL: model_to_json(self.spectral_model),
            "n_sigma": float(self.n_sigma),
            "cl": self.cl,
            "n_toys": int(self.n_toys),
        }

    def summary(self) -> str:
        """Settings as one line of text for the history."""
        values = {f.name: getattr(self, f.name) for f in fields(self)}
        values["free"] = ", ".join(self.free)
        if isinstance(self.rng, np.random.Generator):
            values["rng"] = "a generator"
        return "; ".join(f"{name}: {setting_text(name, v)}" for name, v in values.items())
