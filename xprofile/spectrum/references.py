"""Reference fluxes of a spectral model, which a norm of 1 stands for, as variables of a profile."""

from __future__ import annotations

import astropy.units as u
import numpy as np
import xarray as xr
from numpy.typing import NDArray

from ..exceptions import InvalidDataError
from ..schema.names import ENERGY, ENERGY_UNIT, high, low
from ..schema.variables import reference_variable
from .models import SpectralModel, reference_fluxes

__all__ = ["reference_arrays", "reference_variables"]

Float = NDArray[np.float64]


def reference_arrays(model: SpectralModel, data: xr.Dataset) -> dict[str, xr.DataArray]:
    """Make ``ref_dnde``, ``ref_flux``, ``ref_eflux`` and ``ref_e2dnde`` of a Dataset's energy bins.

    They have the dims of the energy. After the selection of one energy they have no dims.

    Raises
    ------
    InvalidDataError
        If the edges of the energies are not finite and positive, or in the wrong order.
    """
    scale = u.Unit(data[ENERGY].attrs.get("units", ENERGY_UNIT)).to(ENERGY_UNIT)
    lower, upper = (np.atleast_1d(data[edge(ENERGY)]) * scale for edge in (low, high))
    if not np.all((lower > 0) & (lower <= upper) & np.isfinite(upper)):
        raise InvalidDataError(
            "the edges of energy must be positive and finite, and bins end after they begin: "
            f"{low(ENERGY)} is {lower}, {high(ENERGY)} is {upper} {ENERGY_UNIT}; correct them"
        )
    selected = {} if data[ENERGY].dims else {ENERGY: 0}
    variables = reference_variables(model, lower, upper)
    return {name: xr.DataArray(values.isel(selected)) for name, values in variables.items()}


def reference_variables(
    model: SpectralModel, lower: Float, upper: Float, *, warn: bool = True
) -> dict[str, xr.Variable]:
    """Make ``ref_dnde``, ``ref_flux``, ``ref_eflux`` and ``ref_e2dnde`` of energy bins, (energy,).

    The edges `lower` and `upper` are in TeV. With `warn`, bins in which the model is not resolved
    are warned of.
    """
    fluxes = reference_fluxes(model, lower, upper, warn=warn)
    return {f"ref_{kind}": reference_variable(kind, values) for kind, values in fluxes.items()}
