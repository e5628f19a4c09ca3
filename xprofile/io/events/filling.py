"""Counts of events in pixels and energy bins."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from ...exceptions import DataWarning
from ...schema.warning_place import user_stacklevel
from .cuts import Cut, column_cuts, passes
from .grids import EventGrid
from .tables import EventTable

__all__ = ["Tally", "fill_counts"]


@dataclass(frozen=True)
class Tally:
    """Numbers of events.

    Parameters
    ----------
    read, counted : int
        All events of a file, and those that are in the counts.
    invalid, cut, outside_energies, outside_pixels : int
        Dropped events, each by the first reason that applies.
    """

    read: int = 0
    counted: int = 0
    invalid: int = 0
    cut: int = 0
    outside_energies: int = 0
    outside_pixels: int = 0

    def __add__(self, other: Tally) -> Tally:
        names = [entry.name for entry in fields(self)]
        return Tally(**{name: getattr(self, name) + getattr(other, name) for name in names})

    @property
    def text(self) -> str:
        """The numbers for the history."""
        return (
            f"{self.counted} of {self.read} events, dropped {self.outside_pixels} outside the "
            f"pixels, {self.outside_energies} outside the energies, {self.cut} by cuts, "
            f"{self.invalid} invalid"
        )


def fill_counts(
    counts: NDArray[np.int64], table: EventTable, grid: EventGrid, limits: Sequence[Cut]
) -> Tally:
    """Add the events of a table to counts, a block of rows at a time.

    Parameters
    ----------
    counts : numpy.ndarray
        Counts (energy, lat, lon), which are changed in place.
    table : EventTable
        The events.
    grid : EventGrid
        Pixels and energies of the counts.
    limits : sequence of Cut
        Events outside are dropped.

    Returns
    -------
    Tally
        Numbers of events that were counted and dropped.

    Raises
    ------
    FileFormatError
        If a column does not hold one number in each row, or has a unit of another kind.

    Warns
    -----
    DataWarning
        If events have no valid position or energy.
    """
    cuts, flat, tally = column_cuts(table, limits), counts.reshape(-1), Tally()
    pixels = counts.shape[1] * counts.shape[2]
    for rows in table.blocks():
        energies = table.energies(rows, grid.unit)
        lon, lat = table.lonlat(rows)
        valid = np.isfinite(energies) & np.isfinite(lon) & (np.abs(lat) <= 90)
        inside = valid & passes(rows, cuts)
        index = grid.energy_index(energies, table.energy_unit)
        used = np.flatnonzero(inside & (index >= 0))
        pixel = grid.pixel_index(table.positions(lon[used], lat[used]))
        on_map = pixel >= 0
        np.add.at(flat, index[used][on_map] * pixels + pixel[on_map], 1)
        counted, kept, good = int(on_map.sum()), int(inside.sum()), int(valid.sum())
        tally += Tally(
            len(rows), counted, len(rows) - good, good - kept, kept - used.size, used.size - counted
        )
    _warn_of_invalid(tally, table.where)
    return tally


def _warn_of_invalid(tally: Tally, where: str) -> None:
    if tally.invalid:
        warnings.warn(
            f"{where}: {tally.invalid} of {tally.read} events have no valid position or energy "
            "(NaN, infinite, or beyond the poles) and are dropped; check the reconstruction, or "
            "go on if few are enough",
            DataWarning,
            stacklevel=user_stacklevel(),
        )
