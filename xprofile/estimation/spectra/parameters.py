"""Parameters of a spectral model that are fitted: names, ranges, and models at given values."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import astropy.units as u
import numpy as np
from astropy.modeling import Model
from numpy.typing import NDArray

from ...exceptions import InvalidOptionError
from ...schema.names import ENERGY_UNIT
from ...schema.units import unit_text
from ...spectrum.models import SpectralModel, dnde

__all__ = ["AMPLITUDE", "FreeParameter", "Spectrum", "make_spectrum"]

Float = NDArray[np.float64]

AMPLITUDE = "amplitude"

# Ranges of parameters whose model has no bounds, from their usual meaning. Indices of real spectra
# are from -1 to 7. With ranges ten times as wide the coarse grid could step over a minimum, and
# signals leave double precision; with a tenth, real spectra would end at the range.
_RANGES = {"alpha": (-5.0, 10.0), "beta": (-1.0, 2.0), "delta": (0.01, 10.0)}
_OTHER = 10.0  # distance from the model's value of the ends for other plain numbers

# Factor beyond the energies of the data up to which energies are looked for, such as those of
# cut-offs. A cut-off at ten times the highest energy lowers its flux by 10 %, and one at a tenth of
# the lowest leaves e-10. At a factor of 100 the signal is 0 in double precision.
_BEYOND = 10.0

# Relative difference up to which a spectrum counts as proportional to its amplitude. Rounding
# errors are 1e-15; a constant that is added to a model changes it by far more than 1e-6.
_PROPORTIONAL = 1e-9


@dataclass(frozen=True)
class FreeParameter:
    """A parameter that is fitted besides the amplitude.

    Parameters
    ----------
    name : str
        Its name in the model.
    unit : str
        Its unit, empty for a plain number.
    lower, upper : float
        Ends of its range, in this unit.
    log : bool
        Whether it is fitted by its logarithm, as energies and widths of breaks are.
    """

    name: str
    unit: str
    lower: float
    upper: float
    log: bool

    @property
    def ends(self) -> tuple[float, float]:
        """Ends of the range as they are fitted."""
        low, high = np.log([self.lower, self.upper]) if self.log else (self.lower, self.upper)
        return float(low), float(high)

    def value(self, fitted: Float) -> Float:
        """Value of the parameter of its fitted number."""
        return np.exp(fitted) if self.log else np.asarray(fitted)

    def slope(self, fitted: Float) -> Float:
        """Change of the parameter per change of its fitted number."""
        return np.exp(fitted) if self.log else np.ones_like(fitted)


@dataclass(frozen=True, eq=False)
class Spectrum:
    """A model, its amplitude and its free parameters.

    Parameters
    ----------
    model : astropy.modeling.Model
        The model.
    amplitude : str
        Name of the parameter that scales it.
    free : tuple of FreeParameter
        Further free parameters.
    """

    model: Model
    amplitude: str
    free: tuple[FreeParameter, ...]

    @property
    def size(self) -> int:
        """Number of free parameters besides the amplitude."""
        return len(self.free)

    @property
    def names(self) -> list[str]:
        """Names of all fitted parameters in the result."""
        return [AMPLITUDE, *(p.name for p in self.free)]

    @property
    def units(self) -> list[str]:
        """Units of all fitted parameters."""
        unit = getattr(self.model, self.amplitude).unit
        return [unit_text(unit or ""), *(p.unit for p in self.free)]

    @property
    def amplitude_value(self) -> float:
        """Amplitude of norm 1."""
        return float(np.ravel(getattr(self.model, self.amplitude).value)[0])

    def norm_bounds(self) -> tuple[float, float]:
        """Bounds of the norm by those of the amplitude; infinite without."""
        low, high = _bounds(self.model, self.amplitude)
        ends = [-np.inf if low is None else low, np.inf if high is None else high]
        return ends[0] / self.amplitude_value, ends[1] / self.amplitude_value

    def at(self, fitted: Float, model: Model | None = None) -> Model:
        """Model with other values of the free parameters: a new one, or a copy that is changed."""
        model = self.model.copy() if model is None else model
        for one, number in zip(self.free, fitted, strict=True):
            value = float(one.value(np.asarray(number)))
            setattr(model, one.name, u.Quantity(value, one.unit) if one.unit else value)
        return model


def make_spectrum(
    model: SpectralModel, free: Collection[str] | str, energies: tuple[float, float]
) -> Spectrum:
    """Check a model and the names of its free parameters, and find their ranges.

    Parameters
    ----------
    model : astropy.modeling.Model
        The model.
    free : collection of str
        Names of the free parameters; that of the amplitude may be among them.
    energies : tuple of float
        Lowest and highest energy of the data in TeV.

    Raises
    ------
    InvalidOptionError
        If the model is not one of astropy or has no amplitude, or a parameter is unknown, fixed,
        tied, or out of its bounds.
    """
    _check_model(model)
    amplitude = _amplitude(model, energies)
    names = [free] if isinstance(free, str) else list(dict.fromkeys(free))
    wanted = [name for name in names if name not in (amplitude, AMPLITUDE)]
    _check_names(model, amplitude, wanted)
    return Spectrum(model, amplitude, tuple(_parameter(model, name, energies) for name in wanted))


def _check_model(model: SpectralModel) -> None:
    """Raise unless a model is one of astropy without tied parameters."""
    if not isinstance(model, Model):
        raise InvalidOptionError(
            "fit_spectrum needs a model of astropy.modeling, whose parameters have names, such as "
            f"power_law(index=2.3); found {model!r}"
        )
    tied = [name for name in model.param_names if model.tied[name]]
    if tied:
        raise InvalidOptionError(
            f"fit_spectrum does not support tied parameters, found {tied}; set their values, and "
            "`tied` to False"
        )


def _check_names(model: Model, amplitude: str, wanted: list[str]) -> None:
    """Raise unless one or two parameters are wanted, which are known and not fixed."""
    known = [name for name in model.param_names if name != amplitude]
    unknown = [name for name in wanted if name not in known]
    if unknown:
        raise InvalidOptionError(
            f"free has {unknown}, which are not parameters of {type(model).__name__}; choose one "
            f"or two of {known}"
        )
    if not 1 <= len(wanted) <= 2:
        raise InvalidOptionError(
            f"free must name one or two parameters besides the amplitude, found {wanted}; choose "
            f"among {known}"
        )
    fixed = [name for name in (amplitude, *wanted) if model.fixed[name]]
    if fixed:
        raise InvalidOptionError(
            f"{fixed} are fixed in the model, but the amplitude and the parameters of `free` are "
            "fitted; set `fixed` to False"
        )


def _amplitude(model: Model, energies: tuple[float, float]) -> str:
    """Name of the parameter that scales the whole model."""
    at = np.geomspace(*energies, 5)
    known = dnde(model, at)
    for name in model.param_names:
        if name.split("_")[0] != AMPLITUDE or np.size(getattr(model, name).value) != 1:
            continue
        value = getattr(model, name).value
        if not value > 0:
            raise InvalidOptionError(f"{name} of the model must be positive, found {value}")
        other = model.copy()
        unit = getattr(model, name).unit
        setattr(other, name, 2 * value if unit is None else u.Quantity(2 * value, unit))
        if np.allclose(dnde(other, at), 2 * known, rtol=_PROPORTIONAL, atol=0) and np.any(known):
            return str(name)
    raise InvalidOptionError(
        f"no parameter 'amplitude' of {type(model).__name__} scales the whole spectrum, and is not "
        "0; multiply the model with one that has it, such as Const1D"
    )


def _bounds(model: Model, name: str) -> tuple[Any, Any]:
    """Bounds of a parameter, None where there is none."""
    low, high = model.bounds[name]
    return low, high


def _parameter(model: Model, name: str, energies: tuple[float, float]) -> FreeParameter:
    """Describe a free parameter, with a range where the model has no bounds."""
    given = getattr(model, name)
    if np.size(given.value) != 1:
        raise InvalidOptionError(f"{name} must be one number, found {given.value}")
    value, unit = float(np.ravel(given.value)[0]), given.unit
    energy = unit is not None and unit.is_equivalent(ENERGY_UNIT) and value > 0
    if energy:
        scale = u.Unit(ENERGY_UNIT).to(unit)
        usual = energies[0] / _BEYOND * scale, energies[1] * _BEYOND * scale
    else:
        usual = _RANGES.get(name.split("_")[0], (value - _OTHER, value + _OTHER))
    bounds = _bounds(model, name)
    # a value outside of the usual range extends it
    low, high = min(usual[0], value), max(usual[1], value)
    low = low if bounds[0] is None else float(bounds[0])
    high = high if bounds[1] is None else float(bounds[1])
    # energies, and widths of breaks, change spectra by their ratio
    log = (energy or name.split("_")[0] == "delta") and low > 0
    if not low < high or not np.isfinite([low, high]).all():
        raise InvalidOptionError(
            f"{name} has the range {low:.6g} to {high:.6g}; set bounds of the model in ascending "
            "order"
        )
    return FreeParameter(name, unit_text(unit or ""), low, high, log)
