"""Words on axes: names, symbols and units of quantities, energies and sky coordinates."""

from __future__ import annotations

from typing import Any

import astropy.units as u
import numpy as np
import xarray as xr

from ..schema.names import ENERGY, ENERGY_UNIT, high, low

__all__ = ["COMMON", "axis_text", "energy_range", "name_text", "sky_names", "unit_text"]

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

# longitude and latitude of frames that have names of their own for them
_SKY_NAMES = {
    "galactic": ("Galactic longitude", "Galactic latitude"),
    "supergalactic": ("Supergalactic longitude", "Supergalactic latitude"),
    "icrs": ("Right ascension", "Declination"),
    "fk5": ("Right ascension (J2000)", "Declination (J2000)"),
    "fk4": ("Right ascension (B1950)", "Declination (B1950)"),
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


def sky_names(frame: str) -> tuple[str, str]:
    """Names of the longitude and latitude of a sky frame."""
    return _SKY_NAMES.get(frame, (f"Longitude ({frame})", f"Latitude ({frame})"))
