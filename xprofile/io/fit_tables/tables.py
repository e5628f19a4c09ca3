"""A fit as astropy and pandas tables: one row for each parameter or template, energy and bin."""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

import astropy.units as u
import numpy as np
import xarray as xr
from astropy.table import QTable
from numpy.typing import NDArray

from .groups import Group, groups_of

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "fit_dataframe",
    "fit_table",
    "group_cells",
    "group_table",
    "interval_keywords",
    "repeated",
    "units_of",
]

_FORMAT = ".4g"  # of numbers in tables that are printed


def fit_table(fit: xr.Dataset, *, formatted: bool = False, long_names: bool = False) -> QTable:
    """Make the table of the results of a fit, from `groups_of`.

    Parameters
    ----------
    fit : xarray.Dataset
        Fit of templates, a shape, or spectra.
    formatted : bool
        Set the formats of the columns, so that the table prints well.
    long_names : bool
        Name the columns in words.
    """
    table = group_table(fit, groups_of(fit)[0])
    for column in table.itercols():
        if formatted and column.dtype.kind == "f":
            column.info.format = _FORMAT
    texts = [column.info.description or column.info.name for column in table.itercols()]
    if long_names and len(set(texts)) == len(texts):
        table.rename_columns(table.colnames, texts)
    return table


def group_table(fit: xr.Dataset, group: Group) -> QTable:
    """Make the table of a group of variables."""
    table = QTable(meta=interval_keywords(fit.attrs))
    for name, cells in group_cells(fit, group).items():
        attrs = fit.variables[name].attrs if name in fit.variables else {}
        table[name] = _with_unit(cells, attrs.get("units"))
        table[name].info.description = str(attrs.get("long_name", ""))
    return table


def group_cells(fit: xr.Dataset, group: Group) -> dict[str, NDArray[Any]]:
    """Return the columns of a group; dims without a coordinate are numbered from 0."""
    found: dict[str, NDArray[Any]] = {}
    for dim in group.dims:
        if dim not in fit.coords:
            numbers = xr.Variable((dim,), np.arange(fit.sizes[dim]))
            found[str(dim)] = _column(numbers, group.dims, fit.sizes)
    for name in group.columns:
        found[name] = _column(fit.variables[name], group.dims, fit.sizes)
    return found


def _column(
    variable: xr.Variable, dims: tuple[Hashable, ...], sizes: Mapping[Hashable, int]
) -> NDArray[Any]:
    """Values in each row, the last dim fastest."""
    cells = repeated(variable, dims, sizes).reshape(-1)
    return cells.astype(str) if cells.dtype.kind in "OT" else np.array(cells)


def repeated(
    variable: xr.Variable, dims: tuple[Hashable, ...], sizes: Mapping[Hashable, int]
) -> NDArray[Any]:
    """Values with some dims in order, repeated along those that are missing."""
    ordered = variable.transpose(*(dim for dim in dims if dim in variable.dims))
    values = ordered.to_numpy().reshape([variable.sizes.get(dim, 1) for dim in dims])
    return np.broadcast_to(values, [sizes.get(dim, 1) for dim in dims])


def _with_unit(cells: NDArray[Any], unit: Any) -> Any:
    """Give numbers their unit, if astropy knows it."""
    if not unit or cells.dtype.kind not in "iuf":
        return cells
    try:
        return u.Quantity(cells, unit, dtype=cells.dtype)
    except (ValueError, TypeError):
        return cells


def fit_dataframe(fit: xr.Dataset) -> pd.DataFrame:
    """Make the table of the results of a fit as a pandas table."""
    import pandas as pd

    frame = pd.DataFrame(group_cells(fit, groups_of(fit)[0]))
    frame.attrs["units"] = units_of(fit, frame.columns)
    return frame


def units_of(data: xr.Dataset, names: Iterable[Hashable]) -> dict[str, str]:
    """Units of the variables that have one, by name."""
    known = {
        str(name): data.variables[name].attrs.get("units")
        for name in names
        if name in data.variables
    }
    return {name: str(unit) for name, unit in known.items() if unit}


def interval_keywords(attrs: Mapping[Any, Any]) -> dict[str, Any]:
    """Keywords of a table; as in Gammapy, UL_CONF belongs to a two-sided interval."""
    meta: dict[str, Any] = {}
    if "n_sigma" in attrs:
        meta["N_SIGMA"] = float(attrs["n_sigma"])
    confidence = math.erf(attrs.get("n_sigma_ul", np.inf) / np.sqrt(2))
    meta |= {"UL_CONF": confidence} if confidence < 1 else {}
    levels = {"CL": "cl", "CL_UL": "cl_ul"}
    meta |= {key: float(attrs[name]) for key, name in levels.items() if name in attrs}
    methods = {"UL_METH": "ul_method", "INT_METH": "interval_method"}
    return meta | {key: str(attrs[name]) for key, name in methods.items() if name in attrs}
