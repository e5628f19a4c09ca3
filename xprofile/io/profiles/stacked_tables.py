"""Tables of all values of a further dim, such as time, below one another."""

from __future__ import annotations

from collections.abc import Callable, Hashable

import numpy as np
import xarray as xr
from astropy.table import QTable, vstack

from ...exceptions import InvalidDataError

__all__ = ["stacked_table"]


def stacked_table(
    profile: xr.Dataset, dim: Hashable, make: Callable[[xr.Dataset], QTable]
) -> QTable:
    """Stack the tables of all values of a dim, with a first column of these.

    Parameters
    ----------
    profile : xarray.Dataset
        Profile with the dim. Without a coordinate, the values are numbers from 0.
    dim : hashable
        The dim.
    make : callable
        Makes the table of a profile without the dim.

    Raises
    ------
    InvalidDataError
        If the dim is empty.
    """
    size = profile.sizes[dim]
    if not size:
        raise InvalidDataError(f"the profile has no values along {dim}; select one or more")
    values = profile[dim].to_numpy() if dim in profile.coords else np.arange(size)
    tables = []
    for number in range(size):
        table = make(profile.isel({dim: number}, drop=True))
        table.add_column(np.full(len(table), values[number]), index=0, name=str(dim))
        tables.append(table)
    return vstack(tables, join_type="exact", metadata_conflicts="silent")
