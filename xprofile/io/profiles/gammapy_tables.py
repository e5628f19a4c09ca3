"""Tables in Gammapy's "profile" layout: made for Gammapy, and read from files of Gammapy."""

from __future__ import annotations

import astropy.units as u
import numpy as np
import xarray as xr
from astropy.io import fits
from astropy.table import QTable

from ...exceptions import FileFormatError, InvalidDataError, MissingVariableError
from ...profile.limits import upper_limits
from ...profile.sed import is_brightness, quantity_name
from ...schema.names import (
    ENERGY,
    ENERGY_UNIT,
    LAT,
    LON,
    NORM_SCAN,
    NORM_SCAN_VALUES,
    SED_TYPE,
    THRESHOLD,
)
from ...schema.variables import COORDS, reference_variable
from ..fits.units import unit_factor
from .astropy_tables import to_table
from .columns import PER_DATASET, describe_variable, read_column, table_columns

__all__ = ["profile_from_gammapy", "table_for_gammapy"]

_QUANTITIES = ("dnde", "e2dnde", "flux", "eflux", "norm")  # in the order in which Gammapy looks

# Gammapy's defaults, for files that do not name the numbers: significance of errors and of upper
# limits, and the threshold below which limits are quoted. If they were ten times larger, errors and
# limits would be labelled with ten times their significance, and most bins marked as upper limits.
_N_SIGMA, _N_SIGMA_UL, _THRESHOLD = 1.0, 2.0, 2.0

# Gammapy rounds UL_CONF to 7 decimals. With fewer, 4.9 and 5 sigma would have the same confidence;
# with more, a rounded confidence would not be recognised, and 2 sigma be read as 1.9999997.
_DECIMALS = 7


def table_for_gammapy(source: xr.Dataset) -> QTable:
    """Make a table that Gammapy can read; it has fluxes of regions, not per solid angle.

    Raises
    ------
    InvalidDataError
        If the profile has an empty dim, or dims that Gammapy does not have.
    MissingVariableError
        If the profile is a surface brightness and lacks the solid angle to multiply it with.
    """
    empty = [str(dim) for dim, size in source.sizes.items() if size == 0]
    if empty:
        raise InvalidDataError(
            f"a profile without any {empty} cannot be written to a table: select some"
        )
    if is_brightness(source) and "solid_angle" not in source:
        raise MissingVariableError(
            "a surface brightness without solid_angle cannot be made a flux, as tables for Gammapy "
            "have it: keep solid_angle, or use to_netcdf"
        )
    kind = quantity_name(source.attrs[SED_TYPE])
    table = to_table(source, kind if is_brightness(source) else None)
    if NORM_SCAN not in table.colnames:  # Gammapy reads scans only if all bins share the norms
        table.remove_columns({"stat_scan", NORM_SCAN_VALUES} & set(table.colnames))
    for name in {*PER_DATASET} & {*table.colnames}:
        table[name] = table[name][..., np.newaxis]
    return table


def profile_from_gammapy(points: fits.BinTableHDU) -> xr.Dataset:
    """Make a profile of a table that Gammapy wrote.

    Raises
    ------
    FileFormatError
        If the table has no flux or norm.
    """
    kind, present = _find_quantity(points), set(points.columns.names)
    variables = {}
    for column, name in table_columns(kind).items():
        if column in present:
            variables[name] = _read_variable(points, column, name)
    result = xr.Dataset(variables).set_coords(variables.keys() & {*COORDS, LON, LAT})
    if "ref_dnde" in result:
        e2dnde = result["ref_dnde"] * result[ENERGY] ** 2 * u.Unit(ENERGY_UNIT).to("erg")
        result["ref_e2dnde"] = reference_variable("e2dnde", e2dnde.to_numpy())
    header = points.header
    result.attrs = {
        SED_TYPE: "likelihood" if kind == "norm" else kind,
        "n_sigma": float(header.get("N_SIGMA", _N_SIGMA)),
        "n_sigma_ul": _limit_sigma(header.get("UL_CONF")),
        THRESHOLD: _THRESHOLD,
    }
    return result if "is_ul" in result else result.assign(is_ul=upper_limits(result))


def _find_quantity(points: fits.BinTableHDU) -> str:
    """Return the sed quantity of a table: as its header says, or the first column of such."""
    if "SED_TYPE" in points.header:
        return quantity_name(points.header["SED_TYPE"])
    found = [kind for kind in _QUANTITIES if kind in points.columns.names]
    if not found:
        raise FileFormatError(
            f"{points.name} has no flux: expected a column of {_QUANTITIES}, "
            f"found {points.columns.names}"
        )
    return found[0]


def _read_variable(points: fits.BinTableHDU, column: str, name: str) -> xr.Variable:
    """Return the variable of a column in the unit that xprofile uses."""
    entry = describe_variable(name)
    values = read_column(points.data, column, entry.dims).to_numpy()
    if values.dtype.kind == "f":
        values = values * unit_factor(points.columns[column].unit, entry.unit, column)
    return xr.Variable(entry.dims, values, entry.attrs)


def _limit_sigma(confidence: float | None) -> float:
    """Return the significance of upper limits; a rounded confidence gives a multiple of 0.1."""
    if confidence is None:
        return _N_SIGMA_UL
    from scipy.special import erf, erfinv

    sigma = float(erfinv(confidence) * np.sqrt(2))
    tenth = round(sigma, 1)
    is_tenth = round(erf(tenth / np.sqrt(2)), _DECIMALS) == round(confidence, _DECIMALS)
    return tenth if is_tenth else sigma
