"""Energy edges that do not fit the data: groups without fine bins, and edges that move."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence

import astropy.units as u
import numpy as np
from numpy.typing import NDArray

from ..exceptions import DataWarning, InvalidEnergyError
from ..schema.warning_place import user_stacklevel
from .energy_groups import EnergyGroups, edge_positions

__all__ = ["check_groups"]

Float = NDArray[np.float64]

# Share of a fine bin (in log energy) by which an edge may move without a warning. With ten times as
# much no move would ever warn, as the nearest edge is half a bin away at most. With a tenth, edges
# that a tool has rounded to two digits would warn.
_SILENT_MOVE = 0.1

# Relative difference up to which an edge is the same as one of the data, for strict energies. Files
# round energies to five digits or to single precision. Ten times larger, a real move in bins of
# 1 per cent would pass; ten times smaller, edges as people read them would be refused.
_SAME_EDGE = 1e-4

# Number of edges up to which a message lists all; for reading alone.
_LISTED = 25


def check_groups(
    axes: Sequence[Float], groups: Sequence[EnergyGroups], wanted: u.Quantity, unit: str, *,
    strict: bool = False,
) -> None:  # fmt: skip
    """Check that groups of fine bins are about what the edges ask for.

    Parameters
    ----------
    axes : sequence of numpy.ndarray
        Edges of the fine bins of each data set in `unit`, (nfine + 1,).
    groups : sequence of EnergyGroups
        Groups of each data set.
    wanted : Quantity
        Requested edges, (ngroup + 1,).
    unit : str
        Unit of the energies of the data.
    strict : bool
        Whether to refuse all moves of edges, also to the end of the data.

    Raises
    ------
    InvalidEnergyError
        If no data set has a fine bin in a group, or edges move and `strict` is set.

    Warns
    -----
    DataWarning
        If an edge inside the data moves by more than 10 per cent of the fine bin around it.
    """
    asked = u.Quantity(wanted)
    scale, shown = u.Unit(unit).to(asked.unit), f"{asked.unit}"
    fine = [axis * scale for axis in axes]
    edges = np.asarray(asked.value, dtype=float)
    every = np.unique(np.concatenate(fine))
    everywhere_empty = np.all([group.first == group.stop for group in groups], axis=0)
    if everywhere_empty.any():
        raise InvalidEnergyError(_empty_text(every, edges, everywhere_empty, shown))
    pairs = zip(fine, groups, strict=True)
    moves = dict.fromkeys(m for axis, g in pairs for m in _moves(axis, edges, g, strict=strict))
    if not moves:
        return
    text = ", ".join(f"{edge} to {end} {shown}" for edge, end in moves)
    choice = _listed(every, edges, shown)
    if strict:
        raise InvalidEnergyError(
            f"energy_edges are not edges of the data and would move: {text}. Choose among "
            f"{choice}, or leave out strict_energies=True"
        )
    warnings.warn(
        f"energy_edges move to the nearest edges of the data: {text}. Choose among {choice}; "
        "energy_edges='fine' takes each energy bin, and strict_energies=True refuses moves",
        DataWarning,
        stacklevel=user_stacklevel(),
    )


def _empty_text(fine: Float, edges: Float, empty: NDArray[np.bool_], unit: str) -> str:
    """Say which groups have no fine bin, and which edges there are."""
    lower, upper = edges[:-1][empty], edges[1:][empty]
    groups = ", ".join(f"{a:.6g} to {b:.6g}" for a, b in zip(lower, upper, strict=True))
    beyond = np.all((upper <= fine[0]) | (lower >= fine[-1]))
    near = np.unique(np.append(lower, upper))
    return (
        f"energy_edges give groups without energy bins of the data: {groups} {unit}, "
        + ("beyond the data" if beyond else "as both ends move to the same edge")
        + f". The data have {fine[0]:.6g} to {fine[-1]:.6g} {unit}; choose among "
        f"{_listed(fine, near, unit)}"
    )


def _moves(
    fine: Float, edges: Float, groups: EnergyGroups, *, strict: bool
) -> Iterator[tuple[str, str]]:
    """Texts of edges that move too far, before and after."""
    nearest = np.append(groups.first, groups.stop[-1])
    moved = np.abs(edge_positions(fine, edges) - nearest) > _SILENT_MOVE
    if strict:
        filled = groups.first < groups.stop
        used = np.append(filled, False) | np.append(False, filled)
        moved |= used & (np.abs(fine[nearest] / edges - 1) > _SAME_EDGE)
    for i in np.flatnonzero(moved).tolist():
        yield f"{edges[i]:.6g}", f"{fine[nearest[i]]:.6g}"


def _listed(fine: Float, edges: Float, unit: str) -> str:
    """List the edges of the data; if they are many, those next to some energies."""
    near = np.arange(fine.size)
    if fine.size > _LISTED:
        above = np.searchsorted(fine, edges)[:, None] + np.arange(-2, 2)
        near = np.unique(np.clip(above, 0, fine.size - 1))
    texts = dict.fromkeys(f"{energy:.6g}" for energy in fine[near])
    return f"{', '.join(texts)} {unit}{', ...' if near.size < fine.size else ''}"
