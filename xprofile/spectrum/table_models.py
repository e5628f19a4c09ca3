"""Spectral models that are tables of energies and values, and products of models."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import astropy.units as u
import numpy as np
from numpy.typing import NDArray

from ..exceptions import InvalidOptionError
from ..schema.names import ENERGY_UNIT
from ..schema.number_checks import energies_from_quantity
from ..schema.options import suggests_options
from .loglog import interpolate_log_log, node_below

__all__ = ["ProductModel", "TableModel", "table_model"]

Float = NDArray[np.float64]

_ENERGY = u.Unit(ENERGY_UNIT)


@dataclass(frozen=True, eq=False)
class TableModel:
    """Spectral model that is log-log between energies, and continues so beyond them.

    Next to a value of 0 it is linear in log energy.

    Parameters
    ----------
    energies : numpy.ndarray
        Ascending energies in TeV, (n,).
    values : numpy.ndarray
        Values at these energies, (n,).
    unit : astropy.units.UnitBase
        Unit of the values.
    """

    energies: Float
    values: Float
    unit: u.UnitBase

    def __call__(self, energy: u.Quantity) -> u.Quantity:
        """Values at energies of any shape."""
        at = np.asarray(u.Quantity(energy).to_value(_ENERGY), dtype=float)
        left, position = node_below(self.energies, at.ravel())
        right = np.minimum(left + 1, self.energies.size - 1)
        found = interpolate_log_log(self.values[left], self.values[right], position)
        return u.Quantity(found.reshape(at.shape), self.unit)


@dataclass(frozen=True, eq=False)
class ProductModel:
    """Product of functions of the energy and a unit.

    Parameters
    ----------
    parts : tuple of callable
        Turn an energy Quantity into a Quantity or a number.
    unit : astropy.units.UnitBase
        Factor of the product.
    name : str
        Name in messages.
    """

    parts: tuple[Callable[[u.Quantity], Any], ...]
    unit: u.UnitBase
    name: str

    @property
    def __name__(self) -> str:
        return self.name

    def __call__(self, energy: u.Quantity) -> u.Quantity:
        """Values at energies."""
        found = u.Quantity(np.ones(np.shape(energy)), self.unit)
        for part in self.parts:
            found = found * part(energy)
        return found


@suggests_options
def table_model(energy: u.Quantity, values: u.Quantity) -> TableModel:
    """Make a spectral model from a table.

    Parameters
    ----------
    energy : Quantity
        Ascending energies, (n,); two or more.
    values : Quantity
        Differential flux at these energies, (n,), 0 or above: such as cm-2 s-1 TeV-1, or per sr for
        the brightness of the sky. A table of plain numbers is a factor.

    Returns
    -------
    callable
        Turns an energy Quantity into a Quantity in the unit of `values`. It is log-log between the
        energies, and continues so beyond them; next to a value of 0 it is linear in log energy.

    Raises
    ------
    InvalidEnergyError
        If energies have no unit of energy, are fewer than two, are not positive, or do not ascend.
    InvalidOptionError
        If there are not as many values as energies, or values are negative or not finite.

    See Also
    --------
    xprofile.open_spectrum : Read a table from a file.
    xprofile.power_law : Make a power law.
    xprofile.predict : Predict counts of a map of the sky and a spectrum.

    Examples
    --------
    >>> import astropy.units as u
    >>> import xprofile
    >>> unit = u.Unit("cm-2 s-1 TeV-1")
    >>> model = xprofile.table_model([1, 10] * u.TeV, [1e-12, 1e-14] * unit)
    >>> float(model(2 * u.TeV).to_value(unit).round(16))
    2.5e-13
    """
    energies = energies_from_quantity("energy", energy, ENERGY_UNIT, least=2)
    found = u.Quantity(values)
    numbers = np.atleast_1d(np.asarray(found.value, dtype=float))
    if numbers.shape != energies.shape:
        raise InvalidOptionError(
            f"values have the shape {numbers.shape}, expected one for each of {energies.size} "
            "energies"
        )
    if not (np.isfinite(numbers) & (numbers >= 0)).all():
        raise InvalidOptionError(f"values must be finite and 0 or above, found {found}")
    return TableModel(energies, numbers, found.unit)
