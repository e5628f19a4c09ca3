"""Energy bins of a profile: which fine bins of the data belong to each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import astropy.units as u
import numpy as np
from numpy.typing import NDArray

from ..exceptions import InvalidEnergyError

__all__ = ["EnergyGroups", "group_energies"]

Float = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class EnergyGroups:
    """Groups of neighbouring fine bins.

    Parameters
    ----------
    lower, upper : numpy.ndarray
        Edges of the groups in the unit of the data, (ngroup,). A group without fine bins has the
        edges that were asked for.
    first, stop : numpy.ndarray of int
        Range of fine bins in each group, (ngroup,); empty where ``first == stop``.
    """

    lower: Float
    upper: Float
    first: NDArray[np.intp]
    stop: NDArray[np.intp]

    def padded(self, values: Float, fill: float = 0.0) -> Float:
        """Sort fine bins (..., nfine) into groups (..., ngroup, nlargest), padded with `fill`."""
        longest = max(int((self.stop - self.first).max()), 1)
        index = self.first[:, None] + np.arange(longest)
        known = index < self.stop[:, None]
        return np.where(known, values[..., np.where(known, index, 0)], fill)


def group_energies(fine: Float, wanted: u.Quantity | None, unit: str) -> EnergyGroups:
    """Group fine bins by energy edges, each moved to the nearest fine edge in log energy.

    Parameters
    ----------
    fine : numpy.ndarray
        Edges of the fine bins in `unit`, (nfine + 1,).
    wanted : Quantity or None
        Edges of the groups, (ngroup + 1,); None makes one group of everything.
    unit : str
        Unit of the data's energies.

    Returns
    -------
    EnergyGroups
        An edge beyond the data moves to their end, as in Gammapy, so that 10 to 2000 GeV on data
        up to 500 GeV is 10 to 500 GeV. Groups outside the data, or within one fine bin, are empty.

    Raises
    ------
    InvalidEnergyError
        If the edges have no unit of energy, are fewer than two, or do not ascend.
    """
    if wanted is None:
        return EnergyGroups(fine[:1], fine[-1:], np.array([0]), np.array([fine.size - 1]))
    edges = _checked(wanted, unit)
    place = np.interp(np.log(edges), np.log(fine), np.arange(fine.size))
    nearest = np.rint(place).astype(int)
    first, stop = nearest[:-1], nearest[1:]
    empty = first == stop
    lower = np.where(empty, edges[:-1], fine[first])
    upper = np.where(empty, edges[1:], fine[stop])
    return EnergyGroups(lower, upper, first, stop)


def _checked(wanted: Any, unit: str) -> Float:
    """Energy edges in `unit`."""
    hint = "give ascending edges with a unit, such as [10, 100, 2000] * u.GeV"
    try:
        edges = np.atleast_1d(u.Quantity(wanted).to_value(unit)).astype(float)
    except (u.UnitConversionError, TypeError):
        raise InvalidEnergyError(
            f"energy_edges have no unit of energy: found {wanted!r}; {hint}"
        ) from None
    if edges.ndim != 1 or edges.size < 2:
        raise InvalidEnergyError(f"energy_edges must be two or more, found {wanted!r}; {hint}")
    if not (np.all(np.isfinite(edges)) and edges[0] > 0 and np.all(np.diff(edges) > 0)):
        raise InvalidEnergyError(f"energy_edges must be positive and ascend: {wanted!r}; {hint}")
    return edges
