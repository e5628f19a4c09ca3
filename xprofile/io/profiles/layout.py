"""Gammapy's "profile" layout: its columns, and the variables of a profile that they show."""

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
from ..fits.files import native

__all__ = ["axes", "bins_name", "cell_dims", "columns", "describe", "has_edges", "read_column"]

PER_DATASET = ("counts", "npred", "npred_excess")  # Gammapy's cells are (energy, dataset)

EXTRAS = (
    "npred_background", NORM_SCAN_VALUES, "coverage", "solid_angle", "status", LON, LAT, REGION,
)  # fmt: skip

_COMMON = (
    "ts", "sqrt_ts", "npred", "npred_excess", "stat", "stat_null", "stat_scan", "is_ul", "counts",
    "success", NORM_SCAN,
)  # fmt: skip


def bins_name(profile: xr.Dataset) -> str:
    """Name of the axis that the bins are on, also where one bin was selected."""
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
    """Whether there is a coordinate for the edges of an axis; labels have none."""
    return low(name) in profile.coords or high(name) in profile.coords


def axes(bins: str = DISTANCE) -> dict[str, str]:
    """Columns of the bins' and the energies' axis, and the coordinate in each."""
    return {
        "x_min": low(bins),
        "x_max": high(bins),
        "x_ref": bins,
        "e_ref": ENERGY,
        "e_min": low(ENERGY),
        "e_max": high(ENERGY),
    }


def columns(kind: str, bins: str = DISTANCE) -> dict[str, str]:
    """Columns of a table, Gammapy's in its order and then ours, and the variable in each.

    Parameters
    ----------
    kind : str
        Name of the sed quantity, as `xprofile.profile.sed.quantity_name` gives it.
    bins : str
        Name of the bins' axis.
    """
    suffixes = list(SED_SUFFIXES)
    if kind != "norm":  # Gammapy swaps the two errors of fluxes
        lower, upper = suffixes.index("_errn"), suffixes.index("_errp")
        suffixes[lower], suffixes[upper] = suffixes[upper], suffixes[lower]
    references = ("ref_dnde", "ref_flux", "ref_eflux") if kind == "norm" else ()
    names = (*references, *(kind + suffix for suffix in suffixes), *_COMMON, *EXTRAS)
    return axes(bins) | {name: name for name in names}


def describe(name: str) -> Variable:
    """Dims, unit and long name of a variable of a profile whose bins are at distances."""
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
    """Dims of the column that shows a variable: one row for each bin, a cell for the rest."""
    dims = describe(name).dims
    if NORM_SCAN in dims:
        return (DISTANCE, ENERGY, NORM_SCAN)
    return dims if DISTANCE in dims else (DISTANCE, *dims)


def read_column(
    points: fits.FITS_rec | Table, column: str, dims: tuple[Hashable, ...]
) -> xr.Variable:
    """Make the variable that a column shows; what Gammapy has by dataset is summed.

    Parameters
    ----------
    points : astropy.io.fits.FITS_rec or astropy.table.Table
        Of this layout.
    column : str
        One of `columns`.
    dims : tuple of hashable
        Those of the column's dims that the variable has, in this order; any but ``energy`` and
        ``norm_scan`` is that of the bins. Of dims that are left out, such as those along which
        cells repeat, the first value is taken.
    """
    rows, values = len(points), native(points[column])
    sizes = {DISTANCE: rows, ENERGY: points["e_ref"].size // rows, NORM_SCAN: -1}
    if column in PER_DATASET:
        values = values.reshape(rows, sizes[ENERGY], -1).sum(axis=-1)
    if values.dtype.kind == "U":
        values = np.char.rstrip(values.astype(str))
    full = cell_dims(axes().get(column, column))
    wanted = [dim if dim in (ENERGY, NORM_SCAN) else DISTANCE for dim in dims]
    variable = xr.Variable(full, values.reshape([sizes[dim] for dim in full]))
    found = variable.isel({dim: 0 for dim in full if dim not in wanted}).transpose(*wanted)
    return xr.Variable(dims, found.to_numpy())
