"""Profiles as tables: astropy's with one row a bin, pandas' with one row a bin and energy."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import astropy.units as u
import numpy as np
import xarray as xr
from astropy.table import QTable

from ...estimation.results import sum_datasets
from ...exceptions import InvalidDataError, MissingVariableError
from ...profile.sed import quantity_name, to_sed_type, upper_limits
from ...schema.checks import check_profile
from ...schema.names import (
    DISTANCE,
    ENERGY,
    LAT,
    LON,
    NORM_SCAN,
    REGION,
    SED_TYPE,
    WCS_NAME,
    high,
    low,
)
from ...schema.variables import COORDS, SED_SUFFIXES, SED_TYPES
from .layout import EXTRAS, axes, bins_name, cell_dims, columns, describe, has_edges

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["to_dataframe", "to_table"]

_FORMATS = {
    ".3f": (
        "x_min", "x_max", "x_ref", LON, LAT, "ts", "sqrt_ts", "npred", "npred_excess",
        "npred_background", "stat", "stat_null", "stat_scan", "coverage",
    ),
    ".4g": ("e_ref", "e_min", "e_max", NORM_SCAN, *(f"norm{end}" for end in SED_SUFFIXES)),
    ".3e": (
        "solid_angle",
        *(f"{kind}{end}" for kind in SED_TYPES if kind != "norm" for end in SED_SUFFIXES),
        *(f"ref_{kind}" for kind in SED_TYPES),
    ),
}  # fmt: skip


def to_table(
    profile: xr.Dataset,
    sed_type: str | None = None,
    *,
    tidy: bool = False,
    formatted: bool = False,
    long_names: bool = False,
) -> QTable:
    """Make an astropy table of a profile, with one row for each bin, or each bin and energy.

    Parameters
    ----------
    profile : xarray.Dataset
        From `estimate`, of any sed type, with one energy or several.
    sed_type : {"dnde", "flux", "eflux", "e2dnde", "norm", "likelihood"}, optional
        Convert to it first; the profile's own by default.
    tidy : bool
        One row for each bin and energy, and one number in each cell, so that the table can be
        written to CSV, LaTeX and HTML. There is no scan in it.
    formatted : bool
        Set the columns' formats, so that the table prints well.
    long_names : bool
        Head the columns with what they are in words, such as "flux upper limit", as one wants in
        LaTeX. The words are the columns' descriptions in any case.

    Returns
    -------
    astropy.table.QTable
        Columns as in Gammapy's "profile" layout: ``x_min``, ``x_max``, ``x_ref``, the bins' edges
        and centres, or without such -0.5, 0.5, 0 and so on; ``e_ref``, ``e_min``, ``e_max``, the
        quantity with its errors and limits, ``ts`` and the rest in arrays over energy,
        ``stat_scan`` and ``norm_scan`` over energy and norm. ``is_ul`` is there with limits only,
        and follows from the threshold. Then, as far as the profile has them,
        ``npred_background``, ``coverage``, ``solid_angle``, ``status``, ``lon``, ``lat`` and
        ``region``. Counts and npred of the data sets of a joint fit are summed. ``meta`` has
        SED_TYPE, N_SIGMA, and the limits' confidence UL_CONF.

    Raises
    ------
    MissingVariableError, InvalidDataError
        If `profile` is not a profile, or has dims besides bins, energies and scan.
    InvalidOptionError
        If there is no such sed type.

    Examples
    --------
    >>> from xprofile import to_table
    >>> print(to_table(profile, "dnde", formatted=True))  # doctest: +SKIP
    >>> to_table(profile, tidy=True, long_names=True).write("profile.tex")  # doctest: +SKIP
    """
    source = _canonical(_at_distances(sum_datasets(converted(profile, sed_type))))
    table = QTable(meta=_meta(source.attrs))
    for column, name in columns(quantity_name(source.attrs[SED_TYPE])).items():
        if name in source.variables and not (tidy and NORM_SCAN in cell_dims(name)):
            cells = _cells(source, name)
            table[column] = _one_each(cells, source) if tidy else cells
            words = source[name].attrs.get("long_name", describe(name).long_name)
            table[column].info.description = str(words)
    if formatted:
        for form, names in _FORMATS.items():
            for column in set(names) & set(table.colnames):
                table[column].info.format = form
    if long_names:
        table.rename_columns(table.colnames, [c.info.description for c in table.itercols()])
    return table


def converted(profile: xr.Dataset, sed_type: str | None) -> xr.Dataset:
    """Check a profile and its axes, and convert it to a sed type if there is one."""
    check_profile(profile)
    bins = bins_name(profile)
    labelled = _is_labelled(profile, bins)
    needed = [n for c, n in axes(bins).items() if not (labelled and c.startswith("x_"))]
    missing = [name for name in needed if name not in profile.coords]
    if missing:
        raise MissingVariableError(
            f"the profile has no coordinates {', '.join(missing)}: keep them in selections, or "
            "make the profile with binned.profile.estimate(...)"
        )
    return profile if sed_type is None else to_sed_type(profile, sed_type)


def _is_labelled(profile: xr.Dataset, bins: str) -> bool:
    """Whether the bins have no numeric axis."""
    return bins != DISTANCE and not has_edges(profile, bins)


def _at_distances(profile: xr.Dataset) -> xr.Dataset:
    """Move the bins to the axis of distances, with the numbers of their own, or counted from 0."""
    bins = bins_name(profile)
    if bins == DISTANCE:
        return profile
    names, distances = ([low(dim), dim, high(dim)] for dim in (bins, DISTANCE))
    moved = profile.drop_vars(distances, errors="ignore")
    if bins in profile.dims:
        moved = moved.drop_indexes(bins, errors="ignore").rename_dims({bins: DISTANCE})
    if _is_labelled(profile, bins):
        number = np.arange(moved.sizes.get(DISTANCE, 1), dtype=float)
        axis = [xr.Variable(DISTANCE, number + x, {"units": ""}) for x in (-0.5, 0, 0.5)]
    else:
        default = {"units": COORDS[bins].unit if bins in COORDS else ""}
        own = [moved[name].variable for name in names]
        axis = [xr.Variable(v.dims, v.to_numpy(), default | v.attrs) for v in own]
    return moved.assign_coords(dict(zip(distances, axis, strict=True)))


def _canonical(profile: xr.Dataset) -> xr.Dataset:
    """What tables show, with all dims that it should have, and limits marked by the threshold."""
    kind = quantity_name(profile.attrs[SED_TYPE])
    found = {
        name: profile[name].variable
        for name in columns(kind).values()
        if name in profile.variables
        and (name not in EXTRAS or set(profile[name].dims) <= set(cell_dims(name)))
    }
    odd = {name: v.dims for name, v in found.items() if set(v.dims) - set(cell_dims(name))}
    if odd:
        raise InvalidDataError(
            f"a table has rows for bins, and cells for energies and scans, but there are "
            f"variables with other dims: {odd}; select one value of these, or use to_netcdf"
        )
    full = {
        name: _spread(v, cell_dims(name) if DISTANCE in v.dims else describe(name).dims, profile)
        for name, v in found.items()
    }
    result = xr.Dataset(full, attrs=profile.attrs).drop_vars("is_ul", errors="ignore")
    if f"{kind}_ul" in result:
        stored = result if "is_ul" not in full else result.assign(is_ul=full["is_ul"])
        result["is_ul"] = upper_limits(stored).variable
    return result


def _spread(variable: xr.Variable, dims: tuple[str, ...], source: xr.Dataset) -> xr.Variable:
    """Repeat a variable along those of the dims that it lacks."""
    ordered = variable.transpose(*(dim for dim in dims if dim in variable.dims))
    values = ordered.to_numpy().reshape([variable.sizes.get(dim, 1) for dim in dims])
    full = np.broadcast_to(values, [source.sizes.get(dim, 1) for dim in dims])
    return xr.Variable(dims, full, variable.attrs)


def _cells(source: xr.Dataset, name: str) -> Any:
    """Values of a column, repeated in every row where they do not depend on the bin."""
    variable = source[name].variable
    values = _spread(variable, cell_dims(name), source).to_numpy()
    if name == REGION:
        return values.astype(str)
    unit = variable.attrs.get("units", describe(name).unit)
    return u.Quantity(values, unit) if unit else np.array(values)


def _one_each(cells: Any, source: xr.Dataset) -> Any:
    """Values of a tidy column, of which there is one for each energy."""
    return cells.ravel() if cells.ndim > 1 else np.repeat(cells, source.sizes.get(ENERGY, 1))


def _meta(attrs: dict[Any, Any]) -> dict[str, Any]:
    """Keywords of a table; the confidence is that of a two-sided interval, as Gammapy has it."""
    meta: dict[str, Any] = {SED_TYPE.upper(): str(attrs[SED_TYPE])}
    if "n_sigma" in attrs:
        meta["N_SIGMA"] = float(attrs["n_sigma"])
    confidence = math.erf(attrs.get("n_sigma_ul", np.inf) / np.sqrt(2))
    return meta | ({"UL_CONF": confidence} if confidence < 1 else {})


def to_dataframe(profile: xr.Dataset, sed_type: str | None = None) -> pd.DataFrame:
    """Make a tidy pandas table of a profile, with one row for each bin and energy.

    Parameters
    ----------
    profile : xarray.Dataset
        From `estimate`, of any sed type.
    sed_type : {"dnde", "flux", "eflux", "e2dnde", "norm", "likelihood"}, optional
        Convert to it first; the profile's own by default.

    Returns
    -------
    pandas.DataFrame
        The bins' coordinate with its edges, energies, the quantity with its errors and limits,
        and everything else that the profile has except the scan; numbers in the units of the
        profile's variables.

    Raises
    ------
    MissingVariableError, InvalidDataError, InvalidOptionError
        As `to_table`.

    Examples
    --------
    >>> from xprofile import to_dataframe
    >>> to_dataframe(profile, "flux").query("ts > 25")  # doctest: +SKIP
    """
    source = converted(profile, sed_type)
    bounds = [variable.attrs.get("bounds") for variable in source.variables.values()]
    unwanted = [WCS_NAME, NORM_SCAN, "stat_scan", *bounds]
    source = source.drop_dims(NORM_SCAN, errors="ignore").drop_vars(unwanted, errors="ignore")
    dims = (bins_name(source), ENERGY)
    source = source.expand_dims([dim for dim in dims if dim not in source.dims])
    source["is_ul"] = upper_limits(source)
    others = [str(dim) for dim in source.dims if dim not in dims]
    frame = source.to_dataframe(dim_order=[*others, *dims]).reset_index()
    edges = [name for dim in dims for name in (dim, low(dim), high(dim))]
    shown = columns(quantity_name(source.attrs[SED_TYPE])).values()
    last = [name for name in (LON, LAT, REGION) if name in frame and name not in dims]
    wanted = dict.fromkeys([*others, *edges, *shown, *frame])
    first = [name for name in wanted if name in frame and name not in last]
    return frame[[*first, *last]]
