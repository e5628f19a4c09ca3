"""Reference values of a spectral model: the fluxes that a norm of 1 stands for."""

from __future__ import annotations

import astropy.units as u
import numpy as np
import xarray as xr
from numpy.typing import NDArray

from ..schema.names import ENERGY, ENERGY_UNIT, high, low
from ..schema.variables import reference_variable
from .models import SpectralModel, reference_fluxes

__all__ = ["reference_variables", "references"]

Float = NDArray[np.float64]


def reference_variables(model: SpectralModel, energies: xr.Dataset) -> dict[str, xr.DataArray]:
    """Make ``ref_dnde`` and so on, what a model gives at norm 1 in the energy bins of a Dataset.

    Each has the dims of the energy, none where one was selected.
    """
    scale = u.Unit(energies[ENERGY].attrs.get("units", ENERGY_UNIT)).to(ENERGY_UNIT)
    lower, upper = (np.atleast_1d(energies[edge(ENERGY)]) * scale for edge in (low, high))
    one = {} if energies[ENERGY].dims else {ENERGY: 0}
    found = references(model, lower, upper)
    return {name: xr.DataArray(values.isel(one)) for name, values in found.items()}


def references(model: SpectralModel, lower: Float, upper: Float) -> dict[str, xr.Variable]:
    """Make ``ref_dnde`` and so on, (energy,), of the edges of energy bins in TeV."""
    found = reference_fluxes(model, lower, upper)
    return {f"ref_{kind}": reference_variable(kind, values) for kind, values in found.items()}
