"""Words on axes: names, symbols and units of quantities and of the bins' axis."""

from __future__ import annotations

from typing import Any

import astropy.units as u
import numpy as np
import xarray as xr

from ..exceptions import InvalidOptionError
from ..schema import DISTANCE, DISTANCE_UNIT, ENERGY, ENERGY_UNIT, REGION, bin_dim, high, low

__all__ = [
    "COMMON",
    "axis_text",
    "bins_text",
    "bins_unit",
    "energy_range",
    "has_numbers",
    "name_text",
    "shown_unit",
    "unit_text",
]

# what stands on the axes instead of the long name
_SYMBOLS = {
    "dnde": r"$\mathrm{d}N/\mathrm{d}E$",
    "e2dnde": r"$E^2\,\mathrm{d}N/\mathrm{d}E$",
    "ts": r"$\mathrm{TS}$",
    "sqrt_ts": r"$\sqrt{\mathrm{TS}}$",
}
# what stands there once several quantities are drawn over each other
COMMON = {
    "counts": "Counts",
    "npred": "Counts",
    "npred_excess": "Counts",
    "npred_background": "Counts",
    "stat": "Fit statistic",
    "stat_null": "Fit statistic",
}


def axis_text(attrs: dict[Any, Any], name: str) -> str:
    """Name and unit, for an axis."""
    unit = unit_text(str(attrs.get("units", "")))
    return f"{name_text(attrs, name)} [{unit}]" if unit else name_text(attrs, name)


def name_text(attrs: dict[Any, Any], name: str) -> str:
    """Symbol of a quantity, or its long name with a capital."""
    text = str(attrs.get("long_name", name.replace("_", " ")))
    return _SYMBOLS.get(name, text[:1].upper() + text[1:])


def unit_text(units: str) -> str:
    """Typeset a unit with exponents, its factors in the order in which they were written."""
    try:
        factors = [_factor(u.Unit(factor)) for factor in units.split()]
    except (ValueError, TypeError):
        try:
            factors = [_factor(u.Unit(units))]
        except (ValueError, TypeError):
            return units
    if not any("^" in factor for factor in factors):
        return " ".join(factors)
    return r"$\mathrm{" + r"\,".join(factors) + "}$"


def _factor(unit: u.UnitBase) -> str:
    if isinstance(unit, u.NamedUnit):
        return str(unit.name)  # "deg" reads better between brackets than a lone degree sign
    text: str = unit.to_string("latex_inline")
    return text.removeprefix(r"$\mathrm{").removesuffix("}$")


def energy_range(band: xr.Dataset) -> str:
    """Write the range of one energy bin in the unit that suits it."""
    unit = str(band[ENERGY].attrs.get("units", ENERGY_UNIT))
    limits = np.array([float(band[low(ENERGY)]), float(band[high(ENERGY)])])
    middle = float(np.sqrt(limits.prod())) * u.Unit(unit).to("MeV")
    suited = "MeV" if middle < 1e3 else "GeV" if middle < 1e6 else "TeV"
    numbers = (
        np.format_float_positional(value, 3, unique=False, fractional=False, trim="-")
        for value in limits * u.Unit(unit).to(suited)
    )
    return f"{' - '.join(numbers)} {suited}"


def bins_text(data: xr.Dataset, x_unit: str | u.Unit | None) -> str:
    """Name of the bins' coordinate and the unit in which it is plotted, for an axis."""
    unit = shown_unit(data, x_unit).to_string()
    if not has_numbers(data):
        return axis_text({}, REGION)
    dim = bin_dim(data)
    return axis_text({**data[dim].attrs, "units": unit}, dim)


def shown_unit(data: xr.Dataset, x_unit: str | u.Unit | None) -> u.UnitBase:
    """Unit in which the bins are plotted: their own, or the one asked for if it suits."""
    own = bins_unit(data)
    try:
        unit = own if x_unit is None else u.Unit(x_unit)
        own.to(unit)
    except (ValueError, TypeError):
        angle = own.is_equivalent(DISTANCE_UNIT)
        remedy = "must be an angle such as 'arcmin'" if angle else f"does not suit {bin_dim(data)}"
        raise InvalidOptionError(f"x_unit {remedy}, found {x_unit!r}") from None
    return unit


def bins_unit(data: xr.Dataset) -> u.UnitBase:
    """Unit of the bins' coordinate."""
    dim = bin_dim(data)
    if not has_numbers(data):
        return u.dimensionless_unscaled
    return u.Unit(data[dim].attrs.get("units", DISTANCE_UNIT if dim == DISTANCE else ""))


def has_numbers(data: xr.Dataset) -> bool:
    """Whether the bins lie on an axis of numbers; regions with names do not."""
    dim = bin_dim(data)
    return dim in data.coords and data[dim].dtype.kind in "iuf"
