"""Options of `fit_templates` as a value: checks, defaults, and their texts."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from ...exceptions import InvalidOptionError
from ...schema.arguments.generators import random_generator
from ...schema.names import SPECTRAL_MODEL
from ...schema.number_checks import check_bool, check_number, check_positive_integer
from ...spectrum.model_json import model_to_json
from ...spectrum.models import SpectralModel, power_law
from ..confidence import FITTED_SIGMA, Levels
from ..energy_groups import EnergyEdges
from ..settings import (
    asks_for_limits,
    background_width,
    check_exposure_systematic,
    check_model,
    checked_energy_edges,
    optional_quantities,
    setting_text,
)

__all__ = ["PER", "TemplateSettings"]

PER = ("profile", "energy", "bin")
_OPTIONAL = ("errn-errp", "ul")


@dataclass(frozen=True, eq=False)
class TemplateSettings:
    """Checked options of `fit_templates`, which describes them.

    Raises
    ------
    InvalidOptionError, InvalidEnergyError
        If an option is unknown, or out of its range.
    """

    per: str
    spectral_model: SpectralModel
    free_bins: bool | xr.DataArray | NDArray[Any]
    energy_edges: EnergyEdges
    n_sigma: float
    n_sigma_ul: float
    cl: float
    cl_ul: float
    selection_optional: tuple[str, ...]
    norm_min: float | None
    background: str | float
    background_correlated: bool
    exposure_systematic: float
    sum_over_energy_groups: bool
    strict_energies: bool
    n_toys: int
    rng: int | np.random.Generator | None

    @classmethod
    def from_options(cls, **options: Any) -> TemplateSettings:
        """Fill in defaults that are None."""
        model, edges = options["spectral_model"], options["energy_edges"]
        options["spectral_model"] = power_law() if model is None else model
        options["energy_edges"] = "fine" if edges is None else checked_energy_edges(edges)
        options["free_bins"] = _one_or_array(options["free_bins"])
        limits = asks_for_limits(options["n_sigma_ul"], options["cl_ul"])
        names = ("n_sigma", "n_sigma_ul", "cl", "cl_ul")
        levels = Levels.from_options(**{name: options[name] for name in names}, kind=FITTED_SIGMA)
        options |= vars(levels)
        options["selection_optional"] = optional_quantities(
            options["selection_optional"], _OPTIONAL, limits=limits
        )
        return cls(**options)

    def __post_init__(self) -> None:
        if self.per not in PER:
            raise InvalidOptionError(f"per must be one of {list(PER)}, found {self.per!r}")
        check_model(self.spectral_model)
        if self.norm_min is not None:
            check_number("norm_min", self.norm_min, "a finite number")
        check_exposure_systematic(self.exposure_systematic, max(self.n_sigma, self.n_sigma_ul))
        for name in ("background_correlated", "sum_over_energy_groups", "strict_energies"):
            check_bool(name, getattr(self, name))
        if not isinstance(self.free_bins, xr.DataArray | np.ndarray):
            check_bool("free_bins", self.free_bins)
        check_positive_integer("n_toys", self.n_toys, InvalidOptionError, least=0)
        random_generator(self.rng)
        if self.width is None and self.background_correlated:
            raise InvalidOptionError(
                "background_correlated=True needs an uncertain background: give background='free', "
                "or its relative systematic uncertainty such as background=0.05"
            )

    @property
    def width(self) -> float | None:
        """Relative systematic uncertainty of the background: None if fixed, inf if free."""
        return background_width(self.background)

    @property
    def has_free_bins(self) -> bool:
        """Whether bins have norms that are fitted."""
        return bool(np.any(self.free_bins))

    def attrs(self) -> dict[Hashable, Any]:
        """Attributes of the result."""
        found: dict[Hashable, Any] = {
            "per": self.per,
            "n_sigma": float(self.n_sigma),
            "n_sigma_ul": float(self.n_sigma_ul),
            "cl": self.cl,
            "cl_ul": self.cl_ul,
            "exposure_systematic": float(self.exposure_systematic),
        }
        if self.has_free_bins:
            found[SPECTRAL_MODEL] = model_to_json(self.spectral_model)
        return found

    def summary(self) -> str:
        """Settings as one line of text for the history."""
        values = {f.name: getattr(self, f.name) for f in fields(self)}
        if isinstance(self.free_bins, xr.DataArray | np.ndarray):
            values["free_bins"] = f"{np.count_nonzero(self.free_bins)} bins"
        if isinstance(self.rng, np.random.Generator):
            values["rng"] = "a generator"
        return "; ".join(f"{name}: {setting_text(name, v)}" for name, v in values.items())


def _one_or_array(given: Any) -> Any:
    """Array of a list, Series or other array of several values; single values as they are."""
    if isinstance(given, xr.DataArray) or np.ndim(given) == 0:
        return given.item() if isinstance(given, np.ndarray | np.generic) else given
    return np.asarray(given)
