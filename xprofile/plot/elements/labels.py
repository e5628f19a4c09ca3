"""Texts on axes: names, symbols and units of quantities, energies and sky coordinates."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import astropy.units as u
import numpy as np
import xarray as xr

from ...likelihood.intervals import one_sided_cl, two_sided_cl
from ...schema.names import ENERGY, ENERGY_UNIT, high, low

__all__ = [
    "COMMON_LABELS",
    "ENERGY_POWER",
    "LIMITS_GID",
    "axis_label",
    "described_label",
    "energy_range_text",
    "errors_label",
    "limits_label",
    "quantity_label",
    "sky_coordinate_names",
    "unit_text",
]

# Difference from 1 sigma up to which errors are called so: that of cl=0.683. With ten times as much
# errors of 0.67 would not be named; with a tenth those of 0.683 would be.
_ONE_SIGMA = 2e-3

ENERGY_POWER = "energy_power"  # attribute of quantities that are multiplied by a power of energy
LIMITS_GID = "xprofile limits"  # of the entries of limits and errors in a legend

# symbols in the place of long names
_SYMBOLS = {
    "dnde": r"$\mathrm{d}N/\mathrm{d}E$",
    "e2dnde": r"$E^2\,\mathrm{d}N/\mathrm{d}E$",
    "ts": r"$\mathrm{TS}$",
    "sqrt_ts": r"$\sqrt{\mathrm{TS}}$",
}

# labels of an axis that shows several of these quantities
COMMON_LABELS = {
    "counts": "Counts",
    "npred": "Counts",
    "npred_excess": "Counts",
    "npred_background": "Counts",
    "stat": "Fit statistic",
    "stat_null": "Fit statistic",
}

# methods of upper limits in legends; the usual one has no name
_METHODS = {
    "bounded": "bounded",
    "cls": "CLs",
    "feldman-cousins": "Feldman-Cousins",
    "bayes": "Bayes",
}

# names of longitude and latitude in frames that have special names for them
_SKY_NAMES = {
    "galactic": ("Galactic longitude", "Galactic latitude"),
    "supergalactic": ("Supergalactic longitude", "Supergalactic latitude"),
    "barycentricmeanecliptic": ("Ecliptic longitude", "Ecliptic latitude"),
    "icrs": ("Right ascension", "Declination"),
    "fk5": ("Right ascension (J2000)", "Declination (J2000)"),
    "fk4": ("Right ascension (B1950)", "Declination (B1950)"),
}


def axis_label(attrs: dict[Any, Any], name: str) -> str:
    """Label of an axis: name and unit."""
    unit = unit_text(str(attrs.get("units", "")))
    return f"{quantity_label(attrs, name)} [{unit}]" if unit else quantity_label(attrs, name)


def quantity_label(attrs: dict[Any, Any], name: str) -> str:
    """Symbol of a quantity, or its long name with a capital letter."""
    text = str(attrs.get("long_name", name.replace("_", " ")))
    label = _SYMBOLS.get(name, text[:1].upper() + text[1:])
    if not attrs.get(ENERGY_POWER):
        return label
    power = f"$E^{{{attrs[ENERGY_POWER]:g}}}"
    return rf"{power}\,{label[1:]}" if label.startswith("$") else f"{power}$ × {label}"


def limits_label(attrs: Mapping[Any, Any]) -> str:
    """Text of upper limits with their confidence level and method; empty without a level.

    The level follows from the significance if it is not stored, as in older profiles.
    """
    text = _level_text(attrs.get("cl_ul"), attrs.get("n_sigma_ul"), one_sided_cl)
    method = _METHODS.get(str(attrs.get("ul_method", "")), "")
    return f"{text} upper limits{f' ({method})' if method else ''}" if text else ""


def errors_label(attrs: Mapping[Any, Any]) -> str:
    """Text of errors with their confidence level; empty for those of 1 sigma, or if not known."""
    sigma = attrs.get("n_sigma")
    if sigma is None or abs(float(sigma) - 1) < _ONE_SIGMA:
        return ""
    return f"{_level_text(attrs.get('cl'), sigma, two_sided_cl)} errors"


def described_label(source: xr.Dataset, name: str) -> str:
    """Label of a quantity, with the confidence level and method if it is a limit or an error."""
    text = _interval_text(source.attrs, name)
    label = quantity_label(source[name].attrs, name)
    return f"{label} ({text})" if text else label


def _interval_text(attrs: Mapping[Any, Any], name: str) -> str:
    """Confidence level and method of a limit, an end of an interval, or an error."""
    if name.endswith(("_ul", "_ul_expected")):
        level = _level_text(attrs.get("cl_ul"), attrs.get("n_sigma_ul"), one_sided_cl)
        method = "ul_method"
    elif name.endswith(("_lo", "_hi")):
        level = _level_text(attrs.get("cl"), attrs.get("n_sigma"), two_sided_cl)
        method = "interval_method"
    elif name.endswith(("_err", "_errn", "_errp")):
        return errors_label(attrs).removesuffix(" errors")
    else:
        return ""
    return ", ".join(part for part in (level, _METHODS.get(str(attrs.get(method)), "")) if part)


def _level_text(level: Any, sigma: Any, level_of: Callable[[float], float]) -> str:
    """Confidence level as text, from the significance if it is not stored; empty without both."""
    if level is None and sigma is None:
        return ""
    percent = 100 * (level_of(float(sigma)) if level is None else float(level))
    digits = 3 if percent < 99.5 else 5
    return f"{percent:.{digits}g} % CL" if percent < 99.995 else f"{float(sigma or 0):.3g} sigma"


def unit_text(units: str) -> str:
    """Typeset a unit with exponents. Its factors keep their order."""
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
    """Typeset one factor of a unit, without the dollar signs."""
    if isinstance(unit, u.NamedUnit):
        return str(unit.name)  # "deg" reads better between brackets than a lone degree sign
    text: str = unit.to_string("latex_inline")
    return text.removeprefix(r"$\mathrm{").removesuffix("}$")


def energy_range_text(band: xr.Dataset) -> str:
    """Text of the range of one energy bin, in MeV, GeV or TeV by its middle."""
    unit = str(band[ENERGY].attrs.get("units", ENERGY_UNIT))
    limits = np.array([float(band[low(ENERGY)]), float(band[high(ENERGY)])])
    middle = float(np.sqrt(limits.prod())) * u.Unit(unit).to("MeV")
    suited = "MeV" if middle < 1e3 else "GeV" if middle < 1e6 else "TeV"
    numbers = (
        np.format_float_positional(value, 3, unique=False, fractional=False, trim="-")
        for value in limits * u.Unit(unit).to(suited)
    )
    return f"{' - '.join(numbers)} {suited}"


def sky_coordinate_names(attrs: Mapping[Any, Any]) -> tuple[str, str]:
    """Names of longitude and latitude in attributes with a sky frame, and its equinox if any."""
    frame = str(attrs["frame"])
    longitude, latitude = _SKY_NAMES.get(frame, (f"Longitude ({frame})", f"Latitude ({frame})"))
    equinox = str(attrs.get("equinox", "")).removesuffix(".0")
    if not equinox:
        return longitude, latitude
    return f"{longitude.split(' (')[0]} ({equinox})", f"{latitude.split(' (')[0]} ({equinox})"
