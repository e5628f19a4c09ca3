"""Options of `unfold` as a value: checks, defaults, and their texts."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, fields
from typing import Any

from ...exceptions import InvalidOptionError
from ...likelihood.intervals import MOST_SIGMA
from ...schema.names import SED_TYPE, SPECTRAL_MODEL, THRESHOLD
from ...schema.number_checks import check_bool, check_number
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

__all__ = ["UnfoldSettings"]

_OPTIONAL = ("errn-errp", "ul", "ul-expected")
_UL_METHODS = ("likelihood", "bounded", "cls")
_INTERVAL_METHODS = ("likelihood", "bounded")


@dataclass(frozen=True, eq=False)
class UnfoldSettings:
    """Checked options of `unfold`, which describes them.

    Raises
    ------
    InvalidOptionError, InvalidEnergyError
        If an option is unknown, or out of its range.
    """

    spectral_model: SpectralModel
    energy_edges: EnergyEdges
    n_sigma: float
    n_sigma_ul: float
    cl: float
    cl_ul: float
    ul_method: str
    interval_method: str | None
    selection_optional: tuple[str, ...]
    norm_min: float | None
    background: str | float
    background_correlated: bool
    exposure_systematic: float
    smoothness: float
    sum_over_energy_groups: bool
    sqrt_ts_threshold_ul: float
    min_coverage: float
    strict_energies: bool

    @classmethod
    def from_options(cls, **options: Any) -> UnfoldSettings:
        """Fill in defaults that are None."""
        model = options["spectral_model"]
        options["spectral_model"] = power_law() if model is None else model
        options["energy_edges"] = checked_energy_edges(options["energy_edges"])
        limits = asks_for_limits(options["n_sigma_ul"], options["cl_ul"], options["ul_method"])
        names = ("n_sigma", "n_sigma_ul", "cl", "cl_ul")
        options |= vars(
            Levels.from_options(**{name: options[name] for name in names}, kind=FITTED_SIGMA)
        )
        options["selection_optional"] = optional_quantities(
            options["selection_optional"], _OPTIONAL, limits=limits
        )
        return cls(**options)

    def __post_init__(self) -> None:
        check_model(self.spectral_model)
        self._check_methods()
        check_number("min_coverage", self.min_coverage, "a share from 0 to 1")
        check_number("sqrt_ts_threshold_ul", self.sqrt_ts_threshold_ul, "a finite number")
        check_number("smoothness", self.smoothness, "a number of 0 or more")
        if self.norm_min is not None:
            check_number("norm_min", self.norm_min, "a finite number")
        for name in ("background_correlated", "sum_over_energy_groups", "strict_energies"):
            check_bool(name, getattr(self, name))
        if self.width is None and self.background_correlated:
            raise InvalidOptionError(
                "background_correlated=True needs an uncertain background: give background='free', "
                "or its relative systematic uncertainty such as background=0.05"
            )
        check_exposure_systematic(self.exposure_systematic, max(self.n_sigma, self.n_sigma_ul))

    def _check_methods(self) -> None:
        """Raise if a method of limits or intervals is unknown, or does not fit the settings."""
        for name, known in (("ul_method", _UL_METHODS), ("interval_method", _INTERVAL_METHODS)):
            value = getattr(self, name)
            if value not in known and not (name == "interval_method" and value is None):
                what = "limits" if name == "ul_method" else "intervals"
                raise InvalidOptionError(
                    f"unfold has no {what} by {name}={value!r}, as it fits all norms together; "
                    f"use one of {list(known)}, or estimate, which has more methods"
                )
        if self.ul_method == "cls" and self.exposure_systematic:
            raise InvalidOptionError(
                "unfold has no CLs limits with exposure_systematic; leave it out, or use one of "
                f"{list(_INTERVAL_METHODS)}"
            )
        if self.ul_method == "cls" and self.norm_min is not None and self.norm_min > 0:
            raise InvalidOptionError(
                f"CLs compares norms with 0, which norm_min={self.norm_min:g} excludes; use "
                "norm_min=0, or another ul_method"
            )
        if self.ul_method == "cls" and self.n_sigma_ul > MOST_SIGMA:
            raise InvalidOptionError(
                f"CLs computes probabilities, up to {MOST_SIGMA:g} sigma, found "
                f"n_sigma_ul={self.n_sigma_ul:g}"
            )
        if "ul-expected" in self.selection_optional and self.ul_method != "cls":
            raise InvalidOptionError(
                "unfold has expected limits for ul_method='cls' alone, found "
                f"{self.ul_method!r}; use it, or estimate, which has them for all methods"
            )

    @property
    def width(self) -> float | None:
        """Relative systematic uncertainty of the background: None if fixed, inf if free."""
        return background_width(self.background)

    def attrs(self) -> dict[Hashable, Any]:
        """Attributes of the profile."""
        found: dict[Hashable, Any] = {
            SED_TYPE: "likelihood",
            SPECTRAL_MODEL: model_to_json(self.spectral_model),
            "n_sigma": float(self.n_sigma),
            "n_sigma_ul": float(self.n_sigma_ul),
            "cl": self.cl,
            "cl_ul": self.cl_ul,
            "ul_method": self.ul_method,
            THRESHOLD: float(self.sqrt_ts_threshold_ul),
            "smoothness": float(self.smoothness),
            "exposure_systematic": float(self.exposure_systematic),
        }
        if self.ul_method == "cls":
            found["ul_construction"] = "asymptotic"
        if self.interval_method is not None:
            found["interval_method"] = self.interval_method
        return found

    def summary(self) -> str:
        """Settings as one line of text for the history."""
        values = {f.name: getattr(self, f.name) for f in fields(self)}
        return "; ".join(f"{name}: {setting_text(name, v)}" for name, v in values.items())
