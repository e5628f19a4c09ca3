"""Tables FLUXPOINTS that Gammapy wrote in its "profile" layout, as profiles."""

from __future__ import annotations

import astropy.units as u
import numpy as np
import xarray as xr
from astropy.io import fits

from ...exceptions import FileFormatError
from ...profile.sed import quantity_name, upper_limits
from ...schema.names import ENERGY, ENERGY_UNIT, LAT, LON, SED_TYPE, THRESHOLD
from ...schema.variables import COORDS, reference_variable
from ..fits.files import factor_to
from .layout import columns, describe, read_column

__all__ = ["from_gammapy"]

_GUESSES = ("dnde", "e2dnde", "flux", "eflux", "norm")  # in Gammapy's order


def from_gammapy(points: fits.BinTableHDU) -> xr.Dataset:
    """Make a profile of a table that Gammapy wrote.

    Raises
    ------
    FileFormatError
        If it has no flux or norm.
    """
    kind, present = _sed_quantity(points), set(points.columns.names)
    variables = {}
    for column, name in columns(kind).items():
        if column in present:
            variables[name] = _described(points, column, name)
    result = xr.Dataset(variables).set_coords(variables.keys() & {*COORDS, LON, LAT})
    if "ref_dnde" in result:
        e2dnde = result["ref_dnde"] * result[ENERGY] ** 2 * u.Unit(ENERGY_UNIT).to("erg")
        result["ref_e2dnde"] = reference_variable("e2dnde", e2dnde.to_numpy())
    header = points.header
    result.attrs = {
        SED_TYPE: "likelihood" if kind == "norm" else kind,
        "n_sigma": float(header.get("N_SIGMA", 1)),
        "n_sigma_ul": _limit_sigma(header.get("UL_CONF")),
        THRESHOLD: 2.0,
    }
    return result if "is_ul" in result else result.assign(is_ul=upper_limits(result))


def _sed_quantity(points: fits.BinTableHDU) -> str:
    """Find what a table holds."""
    if "SED_TYPE" in points.header:
        return quantity_name(points.header["SED_TYPE"])
    found = [kind for kind in _GUESSES if kind in points.columns.names]
    if not found:
        raise FileFormatError(
            f"{points.name} has no flux: expected a column of {_GUESSES}, "
            f"found {points.columns.names}"
        )
    return found[0]


def _described(points: fits.BinTableHDU, column: str, name: str) -> xr.Variable:
    """Variable of a column in the unit of the schema."""
    entry = describe(name)
    values = read_column(points.data, column, entry.dims).to_numpy()
    if values.dtype.kind == "f":
        values = values * factor_to(points.columns[column].unit, entry.unit, column)
    return xr.Variable(entry.dims, values, entry.attrs)


def _limit_sigma(confidence: float | None) -> float:
    """Significance of limits, 2 if unknown; of rounded confidences the tenth that fits."""
    if confidence is None:
        return 2.0
    from scipy.special import erf, erfinv

    sigma = float(erfinv(confidence) * np.sqrt(2))
    tenth = round(sigma, 1)
    fits_tenth = round(erf(tenth / np.sqrt(2)), 7) == round(confidence, 7)
    return tenth if fits_tenth else sigma
