"""Columns of tables in Gammapy's "profile" layout, and the variable that each column shows.

FITS and ECSV files and tables in memory have the same columns.
"""

from __future__ import annotations

from collections.abc import Hashable

import numpy as np
import xarray as xr
from astropy.io import fits
from astropy.table import Table

from ...schema.axes import bin_dim
from ...schema.names import (
    DISTANCE,
    ENERGY,
    LAT,
    LON,
    NORM_SCAN,
    NORM_SCAN_VALUES,
    REGION,
    high,
    low,
)
from ...schema.variables import (
    COORDS,
    PROFILE,
    SED_SUFFIXES,
    Variable,
    reference_variable,
    sed_variable,
)
from ..fits.arrays import native_order

__all__ = [
    "EXTRA_COLUMNS",
    "PER_DATASET",
    "axis_columns",
    "bins_name",
    "cell_dims",
    "describe_variable",
    "has_edges",
    "read_column",
    "table_columns",
]

PER_DATASET = ("counts", "npred", "npred_excess")  # Gammapy's cells are (energy, dataset)

# columns that Gammapy does not have, and ignores
EXTRA_COLUMNS = (
    "npred_background", NORM_SCAN_VALUES, "coverage", "solid_angle", "status", LON, LAT, REGION,
)  # fmt: skip

_COMMON = (
    "ts", "sqrt_ts", "npred", "npred_excess", "stat", "stat_null", "stat_scan", "is_ul", "counts",
    "success", NORM_SCAN,
)  # fmt: skip


def bins_name(profile: xr.Dataset) -> str:
    """Return the name of the bins' axis, also after one bin was selected."""
    if DISTANCE in profile.dims:
        return DISTANCE
    dim = bin_dim(profile)
    if dim in profile.dims and dim != ENERGY:
        return dim
    names = [str(name) for name in profile.coords if name != ENERGY]
    numeric = [name for name in names if has_edges(profile, name)]
    labels = [name for name in names if name == REGION]
    return [*numeric, *labels, DISTANCE][0]


def has_edges(profile: xr.Dataset, name: str) -> bool:
    """Whether an axis has a coordinate for its edges; axes of labels have none."""
    return low(name) in profile.coords or high(name) in profile.coords


def axis_columns(bins: str = DISTANCE) -> dict[str, str]:
    """Return the columns of the axes of bins and energies, with the coordinate of each.

    Parameters
    ----------
    bins : str
        Name of the bins' axis.
    """
    return {
        "x_min": low(bins),
        "x_max": high(bins),
        "x_ref": bins,
        "e_ref": ENERGY,
        "e_min": low(ENERGY),
        "e_max": high(ENERGY),
    }


def table_columns(kind: str, bins: str = DISTANCE) -> dict[str, str]:
    """Return all columns in their order, Gammapy's and then ours, with the variable of each.

    Parameters
    ----------
    kind : str
        Name of the sed quantity, from `xprofile.profile.sed.quantity_name`.
    bins : str
        Name of the bins' axis.
    """
    suffixes = [suffix for suffix in SED_SUFFIXES if suffix != "_ul_expected"]  # it has bands
    if kind != "norm":  # for fluxes, Gammapy has the two errors in the other order
        lower, upper = suffixes.index("_errn"), suffixes.index("_errp")
        suffixes[lower], suffixes[upper] = suffixes[upper], suffixes[lower]
    references = ("ref_dnde", "ref_flux", "ref_eflux") if kind == "norm" else ()
    names = (*references, *(kind + suffix for suffix in suffixes), *_COMMON, *EXTRA_COLUMNS)
    return axis_columns(bins) | {name: name for name in names}


def describe_variable(name: str) -> Variable:
    """Return dims, unit and long name of a variable of a profile along distances."""
    table = COORDS | PROFILE
    if name in table:
        return table[name]
    if name in (LON, LAT):
        return Variable((DISTANCE,), "deg", {LON: "longitude", LAT: "latitude"}[name])
    if name.startswith("ref_"):
        attrs = reference_variable(name.removeprefix("ref_"), []).attrs
        return Variable((ENERGY,), attrs["units"], attrs["long_name"])
    kind, mark, suffix = name.partition("_")
    return sed_variable(kind, mark + suffix)


def cell_dims(name: str) -> tuple[str, ...]:
    """Return the dims of the column of a variable: rows for bins, then the dims of its cells."""
    dims = describe_variable(name).dims
    if NORM_SCAN in dims:
        return (DISTANCE, ENERGY, NORM_SCAN)
    return dims if DISTANCE in dims else (DISTANCE, *dims)


def read_column(
    points: fits.FITS_rec | Table, column: str, dims: tuple[Hashable, ...]
) -> xr.Variable:
    """Return the variable of a column; values of several datasets of Gammapy are added.

    Parameters
    ----------
    points : astropy.io.fits.FITS_rec or astropy.table.Table
        Table in this layout.
    column : str
        One of the columns in `table_columns`.
    dims : tuple of hashable
        Dims of the variable. ``energy`` and ``norm_scan`` are those of the cells, any other name
        stands for the bins. Along dims that are left out, the first value is taken.
    """
    rows, values = len(points), native_order(points[column])
    sizes = {DISTANCE: rows, ENERGY: points["e_ref"].size // rows, NORM_SCAN: -1}
    if column in PER_DATASET:
        values = values.reshape(rows, sizes[ENERGY], -1).sum(axis=-1)
    if values.dtype.kind == "U":
        values = np.char.rstrip(values.astype(str))
    full = cell_dims(axis_columns().get(column, column))
    wanted = [dim if dim in (ENERGY, NORM_SCAN) else DISTANCE for dim in dims]
    variable = xr.Variable(full, values.reshape([sizes[dim] for dim in full]))
    found = variable.isel({dim: 0 for dim in full if dim not in wanted}).transpose(*wanted)
    return xr.Variable(dims, found.to_numpy())
