"""The energy bin that a figure shows, by its number or by an energy."""

from __future__ import annotations

from typing import Any

import astropy.units as u
import numpy as np
import xarray as xr
from numpy.typing import NDArray

from ...exceptions import InvalidOptionError
from ...schema.axes import energy_unit
from ...schema.names import ENERGY, high, low
from .labels import energy_range_text

__all__ = ["energy_number"]


def energy_number(data: xr.Dataset, energy: int | u.Quantity | None) -> int:
    """Index of the energy bin that is asked for.

    Parameters
    ----------
    data : xarray.Dataset
        With the dim ``energy``.
    energy : int or Quantity, optional
        Its number, from 0 or from the end as in ``isel``, or an energy inside it. None means the
        only one.

    Raises
    ------
    InvalidOptionError
        If it chooses no energy bin, or several.
    """
    size = data.sizes[ENERGY]
    if energy is None and size == 1:
        return 0
    if isinstance(energy, int | np.integer) and not isinstance(energy, bool):
        found = np.flatnonzero(np.arange(size) == (energy + size if energy < 0 else energy))
    else:
        found = _bins_that_hold(data, energy)
    if found.size != 1:
        texts = [energy_range_text(data.isel({ENERGY: i})) for i in range(size)]
        raise InvalidOptionError(
            f"give energy=, the number of an energy bin or an energy inside it: there are "
            f"{size} ({', '.join(texts)}); found {energy!r}"
        )
    return int(found[0])


def _bins_that_hold(data: xr.Dataset, energy: Any) -> NDArray[np.intp]:
    """Indices of the energy bins that hold an energy; none if it is not an energy."""
    try:
        value = float(u.Quantity(energy).to_value(energy_unit(data)))
    except (u.UnitConversionError, TypeError, ValueError):
        return np.array([], np.intp)
    above = data[low(ENERGY)].to_numpy() <= value
    return np.flatnonzero(above & (value < data[high(ENERGY)].to_numpy()))
