"""Energy bins of a profile, as groups of fine energy bins of the data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

import astropy.units as u
import numpy as np
from numpy.typing import NDArray

from ..exceptions import InvalidEnergyError
from ..schema.number_checks import check_positive_integer, energies_from_quantity

__all__ = ["EnergyEdges", "EnergyGroups", "edge_positions", "group_energies"]

Float = NDArray[np.float64]
Int = NDArray[np.intp]

# edges, each fine bin, a number of groups, or one group of all
EnergyEdges: TypeAlias = u.Quantity | Literal["fine"] | int | None


@dataclass(frozen=True, eq=False)
class EnergyGroups:
    """Groups of consecutive fine bins, each of which begins where the one before ends.

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
    first: Int
    stop: Int

    @property
    def edges(self) -> Float:
        """Edges of all groups in the unit of the data, (ngroup + 1,)."""
        return np.append(self.lower, self.upper[-1])

    def padded(self, values: Float, fill: float = 0.0) -> Float:
        """Sort fine bins (..., nfine) into groups (..., ngroup, nlargest), padded with `fill`."""
        longest = max(int((self.stop - self.first).max()), 1)
        index = self.first[:, None] + np.arange(longest)
        known = index < self.stop[:, None]
        return np.where(known, values[..., np.where(known, index, 0)], fill)


def group_energies(fine: Float, wanted: EnergyEdges, unit: str) -> EnergyGroups:
    """Group fine bins by energy edges, which move to the nearest fine edges in log energy.

    Parameters
    ----------
    fine : numpy.ndarray
        Edges of the fine bins in `unit`, (nfine + 1,).
    wanted : Quantity, "fine", int or None
        Requested edges of the groups, (ngroup + 1,); or ``"fine"`` for a group of each fine bin; or
        a number of groups, whose numbers of fine bins differ by one at most. None makes one group
        of all fine bins.
    unit : str
        Unit of the energies of the data.

    Returns
    -------
    EnergyGroups
        An edge beyond the data moves to the end of the data, as in Gammapy: 10 to 2000 GeV becomes
        10 to 500 GeV for data up to 500 GeV. Groups outside the data or within one fine bin are
        empty; `check_groups` refuses them.

    Raises
    ------
    InvalidEnergyError
        If the edges have no unit of energy, are fewer than two, or do not ascend; or if there are
        fewer fine bins than groups.
    """
    number = _number_of_groups(wanted, fine.size - 1)
    if number is not None:
        bounds = np.arange(number + 1) * (fine.size - 1) // number
        return EnergyGroups(fine[bounds[:-1]], fine[bounds[1:]], bounds[:-1], bounds[1:])
    edges = energies_from_quantity("energy_edges", wanted, unit)
    nearest = np.rint(edge_positions(fine, edges)).astype(int)
    first, stop = nearest[:-1], nearest[1:]
    empty = first == stop
    lower = np.where(empty, edges[:-1], fine[first])
    upper = np.where(empty, edges[1:], fine[stop])
    return EnergyGroups(lower, upper, first, stop)


def _number_of_groups(wanted: EnergyEdges, nfine: int) -> int | None:
    """Number of groups that is asked for without edges, or None for edges."""
    if wanted is None:
        return 1
    if isinstance(wanted, str) and wanted == "fine":
        return nfine
    if not isinstance(wanted, int | np.integer):
        return None
    check_positive_integer("energy_edges, as a number of groups,", wanted, InvalidEnergyError)
    if wanted > nfine:
        raise InvalidEnergyError(
            f"energy_edges asks for {wanted} groups, but the data have {nfine} energy bins; ask "
            f"for {nfine} at most, or for each with energy_edges='fine'"
        )
    return int(wanted)


def edge_positions(fine: Float, edges: Float) -> Float:
    """Place energies among fine edges, by their number and interpolated in log energy.

    Energies beyond the data have the position of the first or of the last edge.
    """
    return np.interp(np.log(edges), np.log(fine), np.arange(fine.size))
