"""Energy bins of a profile, as groups of fine energy bins of the data."""

from __future__ import annotations

from dataclasses import dataclass

import astropy.units as u
import numpy as np
from numpy.typing import NDArray

from ..schema.number_checks import energies_from_quantity

__all__ = ["EnergyGroups", "group_energies"]

Float = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class EnergyGroups:
    """Groups of consecutive fine bins.

    Parameters
    ----------
    lower, upper : numpy.ndarray
        Edges of the groups in the unit of the data, (ngroup,). A group without fine bins keeps the
        requested edges.
    first, stop : numpy.ndarray of int
        Range of fine bins in each group, (ngroup,). It is empty if ``first == stop``.
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
    """Group fine bins by energy edges, which move to the nearest fine edges in log energy.

    Parameters
    ----------
    fine : numpy.ndarray
        Edges of the fine bins in `unit`, (nfine + 1,).
    wanted : Quantity or None
        Requested edges of the groups, (ngroup + 1,). None makes one group of all fine bins.
    unit : str
        Unit of the energies of the data.

    Returns
    -------
    EnergyGroups
        An edge beyond the data moves to the end of the data, as in Gammapy: 10 to 2000 GeV becomes
        10 to 500 GeV for data up to 500 GeV. Groups outside the data or within one fine bin are
        empty.

    Raises
    ------
    InvalidEnergyError
        If the edges have no unit of energy, are fewer than two, or do not ascend.
    """
    if wanted is None:
        return EnergyGroups(fine[:1], fine[-1:], np.array([0]), np.array([fine.size - 1]))
    edges = energies_from_quantity("energy_edges", wanted, unit)
    position = np.interp(np.log(edges), np.log(fine), np.arange(fine.size))
    nearest = np.rint(position).astype(int)
    first, stop = nearest[:-1], nearest[1:]
    empty = first == stop
    lower = np.where(empty, edges[:-1], fine[first])
    upper = np.where(empty, edges[1:], fine[stop])
    return EnergyGroups(lower, upper, first, stop)
