"""Profiles as tables: astropy's with one row a bin, pandas' with one row a bin and energy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import astropy.units as u
import numpy as np
import xarray as xr
from astropy.table import QTable
from numpy.typing import NDArray
from scipy.special import erf

from ..exceptions import InvalidDataError, MissingVariableError
from ..schema import (
    COORDS,
    DISTANCE,
    ENERGY,
    LAT,
    LON,
    NORM_SCAN,
    PROFILE,
    REGION,
    SED_SUFFIXES,
    SED_TYPE,
    SED_TYPES,
    WCS_NAME,
    Variable,
    check_profile,
    high,
    low,
    sed_variable,
)
from ..sed import quantity_name, to_sed_type, upper_limits

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["to_dataframe", "to_table"]

AXES = {
    "x_min": low(DISTANCE),
    "x_max": high(DISTANCE),
    "x_ref": DISTANCE,
    "e_ref": ENERGY,
    "e_min": low(ENERGY),
    "e_max": high(ENERGY),
}
_COMMON = (
    "ts", "sqrt_ts", "npred", "npred_excess", "stat", "stat_null", "stat_scan", "is_ul", "counts",
    "success", NORM_SCAN,
)  # fmt: skip
_EXTRAS = ("npred_background", "coverage", "solid_angle", "status", LON, LAT, REGION)
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


def describe(name: str) -> Variable:
    """Dims, unit and long name of a variable of a profile."""
    table = COORDS | PROFILE
    if name in table:
        return table[name]
    if name in (LON, LAT):
        return Variable((DISTANCE,), "deg", {LON: "longitude", LAT: "latitude"}[name])
    if name.startswith("ref_"):
        entry = SED_TYPES[name.removeprefix("ref_")]
        return Variable((ENERGY,), entry.unit, f"reference {entry.long_name}")
    kind, mark, suffix = name.partition("_")
    return sed_variable(kind, mark + suffix)


def columns(kind: str) -> dict[str, str]:
    """Columns of a table, Gammapy's in its order and then ours, and the variable in each.

    Parameters
    ----------
    kind : str
        Name of the sed quantity, as `xprofile.sed.quantity_name` gives it.
    """
    suffixes = list(SED_SUFFIXES)
    if kind != "norm":  # Gammapy swaps the two errors of fluxes
        lower, upper = suffixes.index("_errn"), suffixes.index("_errp")
        suffixes[lower], suffixes[upper] = suffixes[upper], suffixes[lower]
    references = ("ref_dnde", "ref_flux", "ref_eflux") if kind == "norm" else ()
    names = (*references, *(kind + suffix for suffix in suffixes), *_COMMON, *_EXTRAS)
    return AXES | {name: name for name in names}


def cell_dims(name: str) -> tuple[str, ...]:
    """Dims of the column that shows a variable: one row for each bin, a cell for the rest."""
    dims = describe(name).dims
    if NORM_SCAN in dims:
        return (DISTANCE, ENERGY, NORM_SCAN)
    return dims if DISTANCE in dims else (DISTANCE, *dims)


def to_table(
    profile: xr.Dataset, sed_type: str | None = None, *, formatted: bool = False
) -> QTable:
    """Make an astropy table of a profile, with one row for each bin.

    Parameters
    ----------
    profile : xarray.Dataset
        From `estimate`, of any sed type, with one energy or several.
    sed_type : {"dnde", "flux", "eflux", "e2dnde", "norm", "likelihood"}, optional
        Convert to it first; the profile's own by default.
    formatted : bool
        Set the columns' formats, so that the table prints well.

    Returns
    -------
    astropy.table.QTable
        Columns as in Gammapy's "profile" layout: ``x_min``, ``x_max``, ``x_ref``; ``e_ref``,
        ``e_min``, ``e_max``, the quantity with its errors and limits, ``ts`` and the rest in
        arrays over energy, ``stat_scan`` and ``norm_scan`` over energy and norm. ``is_ul`` is there
        with limits only, and follows from the threshold. Then, as far as the profile has them,
        ``npred_background``, ``coverage``, ``solid_angle``, ``status``, ``lon``, ``lat`` and
        ``region``. ``meta`` has SED_TYPE, N_SIGMA, and the limits' confidence UL_CONF.

    Raises
    ------
    MissingVariableError, InvalidDataError
        If `profile` is not a profile, or has dims besides bins, energies and scan.
    InvalidOptionError
        If there is no such sed type.

    Examples
    --------
    >>> from xprofile.io.table import to_table
    >>> print(to_table(profile, "dnde", formatted=True))  # doctest: +SKIP
    """
    source = _canonical(converted(profile, sed_type))
    table = QTable(meta=_meta(source.attrs))
    for column, name in columns(quantity_name(source.attrs[SED_TYPE])).items():
        if name in source.variables:
            table[column] = _cells(source, name)
    if formatted:
        for form, names in _FORMATS.items():
            for column in set(names) & set(table.colnames):
                table[column].info.format = form
    return table


def converted(profile: xr.Dataset, sed_type: str | None) -> xr.Dataset:
    check_profile(profile)
    missing = [name for name in AXES.values() if name not in profile.coords]
    if missing:
        raise MissingVariableError(
            f"the profile has no coordinates {', '.join(missing)}: keep them in selections, or "
            "make the profile with binned.profile.estimate(...)"
        )
    return profile if sed_type is None else to_sed_type(profile, sed_type)


def _canonical(profile: xr.Dataset) -> xr.Dataset:
    """What tables show, with all dims that it should have, and limits marked by the threshold."""
    kind = quantity_name(profile.attrs[SED_TYPE])
    found = {
        name: profile[name].variable
        for name in columns(kind).values()
        if name in profile.variables
        and (name not in _EXTRAS or set(profile[name].dims) <= set(cell_dims(name)))
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


def _meta(attrs: dict[Any, Any]) -> dict[str, Any]:
    """Keywords of a table; the confidence is that of a two-sided interval, as Gammapy has it."""
    meta: dict[str, Any] = {SED_TYPE.upper(): str(attrs[SED_TYPE])}
    if "n_sigma" in attrs:
        meta["N_SIGMA"] = float(attrs["n_sigma"])
    confidence = float(erf(attrs.get("n_sigma_ul", np.inf) / np.sqrt(2)))
    return meta | ({"UL_CONF": confidence} if confidence < 1 else {})


def from_column(
    values: NDArray[np.generic], name: str, sizes: dict[str, int], dims: tuple[str, ...]
) -> xr.Variable:
    """Make the variable that a table's column shows, with these of its dims, in this order.

    Of dims that are left out, such as those along which cells repeat, the first value is taken.
    """
    full = cell_dims(name)
    variable = xr.Variable(full, values.reshape([sizes[dim] for dim in full]))
    return variable.isel({dim: 0 for dim in full if dim not in dims}).transpose(*dims)


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
        Distances, energies, the quantity with its errors and limits, and everything else that
        the profile has except the scan; numbers in the units of the profile's variables.

    Raises
    ------
    MissingVariableError, InvalidDataError, InvalidOptionError
        As `to_table`.

    Examples
    --------
    >>> from xprofile.io.table import to_dataframe
    >>> to_dataframe(profile, "flux").query("ts > 25")  # doctest: +SKIP
    """
    source = converted(profile, sed_type)
    unwanted = [WCS_NAME, NORM_SCAN, "stat_scan"]
    source = source.drop_dims(NORM_SCAN, errors="ignore").drop_vars(unwanted, errors="ignore")
    source = source.expand_dims([dim for dim in (DISTANCE, ENERGY) if dim not in source.dims])
    source["is_ul"] = upper_limits(source)
    others = [str(dim) for dim in source.dims if dim not in (DISTANCE, ENERGY)]
    frame = source.to_dataframe(dim_order=[*others, DISTANCE, ENERGY]).reset_index()
    distances, energies = ([dim, low(dim), high(dim)] for dim in (DISTANCE, ENERGY))
    shown = columns(quantity_name(source.attrs[SED_TYPE])).values()
    last = [name for name in (LON, LAT, REGION) if name in frame]
    wanted = dict.fromkeys([*others, *distances, *energies, *shown, *frame])
    first = [name for name in wanted if name in frame and name not in last]
    return frame[[*first, *last]]
