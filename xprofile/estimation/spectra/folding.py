"""Signal counts of many spectra at once, by the response of binned data."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import astropy.units as u
import numpy as np
import xarray as xr
from astropy.modeling import CompoundModel, Model, models
from numpy.typing import NDArray

from ...exceptions import InvalidDataError
from ...schema.axes import axis_edges, bin_dim, energy_unit
from ...schema.names import ENERGY, ENERGY_TRUE, ENERGY_UNIT
from ...schema.variables import SED_TYPES
from ...spectrum.models import SpectralModel, dnde, integral, model_nodes, power_law
from ...spectrum.response import exposure_in_unit, exposure_weights, signal_variable
from .parameters import Spectrum

__all__ = ["Fold", "check_response", "make_fold"]

Float = NDArray[np.float64]

# Models without kinks, whose integrals over pieces of 0.02 decades are exact to 1e-11.
_SMOOTH = (models.PowerLaw1D, models.LogParabola1D, models.ExponentialCutoffPowerLaw1D)

# Models whose formulas hold for arrays of parameters.
_BROADCAST = (*_SMOOTH, models.BrokenPowerLaw1D)

# Width of a smooth break, in decades, from which pieces of 0.02 decades resolve it to 1e-9. At a
# tenth of it the break is within one piece, and integrals over it are wrong by 1e-4.
_SMOOTH_BREAK = 0.05

_AT_ONCE = 1000  # spectra that are evaluated at once; a technical size

_DNDE = u.Unit(SED_TYPES["dnde"].unit)


@dataclass(frozen=True, eq=False)
class Fold:
    """Two steps of a fold, so that the fluxes of many spectra are kept, and not their counts.

    Parameters
    ----------
    flux : callable
        Takes free parameters (n, nfree), and returns fluxes of any shape (n, ...).
    respond : callable
        Takes these and a slice of the bins, and returns signal counts (n, nbin, nfine).
    used : numpy.ndarray of bool
        Fine bins that are used, (nbin, nfine).
    """

    flux: Callable[[Float], Float]
    respond: Callable[[Float, slice], Float]
    used: NDArray[np.bool_]

    @property
    def nbin(self) -> int:
        """Number of bins."""
        return len(self.used)

    def signal(self, flux: Float, bins: slice) -> Float:
        """Signal counts (n, nbin, nfine) of fluxes; 0 in fine bins that are not used."""
        return self.respond(flux, bins) * self.used[bins]


def check_response(data: xr.Dataset) -> None:
    """Raise unless the response has no dims but bins and energies.

    Raises
    ------
    InvalidDataError
        If it has others.
    """
    known = {bin_dim(data), ENERGY, ENERGY_TRUE}
    names = [name for name in ("coverage", "exposure", "edisp") if name in data]
    more = {name: sorted(map(str, set(data[name].dims) - known)) for name in names}
    wrong = [f"{name} has {dims}" for name, dims in more.items() if dims]
    if wrong:
        raise InvalidDataError(
            f"fit_spectrum needs one response for all, but beyond bins and energies {wrong[0]}; "
            "select one value of each, or leave these dims to the counts and background"
        )


def make_fold(data: xr.Dataset, spectrum: Spectrum) -> Fold:
    """Make the fold of a spectrum with the response of binned data."""
    order = (bin_dim(data), ENERGY)
    used = data.variables["coverage"].transpose(*order).to_numpy() > 0
    if "edisp" in data:
        flux = _true_fluxes(data, spectrum)
        exposure = exposure_in_unit(data, "exposure")
        edisp = (exposure * data.variables["edisp"]).transpose(ENERGY_TRUE, *order).to_numpy()
        return Fold(flux, lambda values, bins: np.tensordot(values, edisp[:, bins], axes=1), used)
    shaped = _shape_of_nodes(spectrum)
    if shaped is None:
        return Fold(
            lambda values: np.stack([
                signal_variable(data, spectrum.at(v)).transpose(*order).to_numpy() for v in values
            ]),
            lambda values, bins: values[:, bins],
            used,
        )  # fmt: skip
    energy, number, weight = exposure_weights(data, shaped)
    ends = np.searchsorted(number, np.arange(used.shape[1] + 1))

    def respond(values: Float, bins: slice) -> Float:
        pairs = pairwise(ends.tolist())
        return np.stack([values[:, a:b] @ weight[a:b, bins] for a, b in pairs], axis=-1)

    return Fold(lambda values: _fluxes(spectrum, values, energy), respond, used)


def _true_fluxes(data: xr.Dataset, spectrum: Spectrum) -> Callable[[Float], Float]:
    """Return a function that integrates spectra over true energies, (n, ntrue)."""
    edges = axis_edges(data, ENERGY_TRUE) * u.Unit(energy_unit(data)).to(ENERGY_UNIT)
    shaped = _shape_of_nodes(spectrum)
    if shaped is None:
        return lambda values: np.stack([integral(spectrum.at(v), edges) for v in values])
    nodes = model_nodes(shaped, edges[:-1], edges[1:])
    first = np.searchsorted(nodes.bin_number, np.arange(edges.size - 1))
    return lambda values: np.add.reduceat(
        _fluxes(spectrum, values, nodes.energy) * nodes.weight, first, axis=1
    )


def _fluxes(spectrum: Spectrum, values: Float, energy: Float) -> Float:
    """Differential fluxes at energies in TeV, (n, nenergy)."""
    parts = [
        _at_once(spectrum, values[i : i + _AT_ONCE], energy)
        for i in range(0, len(values), _AT_ONCE)
    ]
    return np.concatenate(parts)


def _at_once(spectrum: Spectrum, values: Float, energy: Float) -> Float:
    """Fluxes of many spectra, in one evaluation for models that take arrays."""
    model, copy = spectrum.model, spectrum.model.copy()
    if all(isinstance(leaf, _BROADCAST) for leaf, _ in _leaves(model)):
        given = {name: _plain(getattr(model, name)) for name in model.param_names}
        for one, fitted in zip(spectrum.free, values.T, strict=True):
            numbers = one.value(fitted)[:, None]
            given[one.name] = u.Quantity(numbers, one.unit) if one.unit else numbers
        with np.errstate(all="ignore"):  # values are checked below
            found = model.evaluate(energy * u.Unit(ENERGY_UNIT), *given.values())
        fluxes = np.asarray(u.Quantity(found).to_value(_DNDE))
        if np.isfinite(fluxes).all() and np.all(fluxes >= 0):
            return fluxes
    return np.stack([dnde(spectrum.at(v, copy), energy) for v in values])


def _plain(parameter: Any) -> Any:
    """Value of a parameter, with its unit if it has one."""
    return parameter.value if parameter.unit is None else parameter.quantity


def _shape_of_nodes(spectrum: Spectrum) -> SpectralModel | None:
    """Model whose nodes integrate the spectrum for all values of its free parameters, or None.

    Kinks must not move, and the widths of smooth breaks are the smallest of their range.
    """
    free = {one.name: one for one in spectrum.free}
    shaped: Any = spectrum.model.copy()
    kinked = False
    for leaf, suffix in _leaves(spectrum.model):
        if isinstance(leaf, _SMOOTH):
            continue
        if isinstance(leaf, models.SmoothlyBrokenPowerLaw1D):
            name = f"delta{suffix}"
            if name in free:
                setattr(shaped, name, free[name].lower)
            if float(np.min(getattr(shaped, name).value)) >= _SMOOTH_BREAK:
                continue
        elif not isinstance(leaf, models.BrokenPowerLaw1D):
            return None
        if f"x_break{suffix}" in free:
            return None
        kinked = True
    found: SpectralModel = shaped if kinked else power_law()
    return found


def _leaves(model: Model) -> list[tuple[Any, str]]:
    """Models that a sum or product is made of, and what is added to names of their parameters.

    Others than sums and products count as one model.
    """
    if not isinstance(model, CompoundModel):
        return [(model, "")]
    if any(op not in ("+", "*") for op in _operators(model)):
        return [(model, "")]
    return [(model[i], f"_{i}") for i in range(model.n_submodels)]


def _operators(model: Any) -> list[str]:
    if not isinstance(model, CompoundModel):
        return []
    return [model.op, *_operators(model.left), *_operators(model.right)]
