"""Texts on axes: names, symbols and units of quantities, energies and sky coordinates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import product
from typing import TYPE_CHECKING, Any

import astropy.units as u
import numpy as np
import xarray as xr

from ..likelihood.intervals import one_sided_cl
from ..schema.names import ENERGY, ENERGY_UNIT, high, low

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.lines import Line2D

__all__ = [
    "COMMON_LABELS",
    "LIMITS_GID",
    "axis_label",
    "draw_legend",
    "draw_legend_on_top",
    "energy_range_text",
    "limits_label",
    "quantity_label",
    "sky_coordinate_names",
    "unit_text",
]

# Most columns of a legend above the data, its sizes of letters, the space round it, and the largest
# part of the axes that it may take. Technical sizes.
_COLUMNS, _FONTS = 3, (None, "small", "x-small")
_ABOVE, _MOST_OF_AXES = 0.06, 0.6
LIMITS_GID = "xprofile limits"  # of the entry of limits in a legend
_LIMITS = "_xprofile_limits"  # attribute of a legend with these entries

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
    return _SYMBOLS.get(name, text[:1].upper() + text[1:])


def limits_label(attrs: Mapping[Any, Any]) -> str:
    """Text of upper limits with their confidence level and method; empty without a level.

    The level follows from the significance if it is not stored, as in older profiles.
    """
    sigma = attrs.get("n_sigma_ul")
    level = attrs.get("cl_ul", None if sigma is None else one_sided_cl(float(sigma)))
    if level is None:
        return ""
    method = _METHODS.get(str(attrs.get("ul_method", "")), "")
    percent = 100 * float(level)
    digits = 3 if percent < 99.5 else 5
    text = f"{percent:.{digits}g} % CL" if percent < 99.995 else f"{float(sigma or 0):.3g} sigma"
    return f"{text} upper limits{f' ({method})' if method else ''}"


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


def draw_legend(
    ax: Axes, extra: Sequence[Line2D], wanted: bool | None, *, labelled: bool = True
) -> None:
    """Draw a legend if it is wanted, or by default if there is more than one series.

    Extra entries come last, and not twice with the same text. Those of limits stay in the legends
    of later calls.
    """
    handles, texts = ax.get_legend_handles_labels()
    kept = getattr(ax.get_legend(), _LIMITS, [])
    before = [*texts, *(line.get_label() for line in kept)]
    new = [line for line in extra if line.get_label() not in before]
    entries = [*handles, *kept, *new]
    if not entries or wanted is False or not (texts or labelled):
        return
    if wanted or len(texts) > 1 or labelled:
        legend = ax.legend(handles=entries, ncols=1 + (len(entries) - 1) // 6)
        limits = [line for line in new if line.get_gid() == LIMITS_GID]
        setattr(legend, _LIMITS, [*kept, *limits])


def draw_legend_on_top(ax: Axes) -> None:
    """Draw a legend above all data, for which the vertical axis becomes longer.

    Where it does not fit into the axes, the legend is where it covers least.
    """
    locator: Any = ax.get_axes_locator()
    if locator is not None:  # a panel below takes a part of the axes
        ax.apply_aspect(locator(ax, None))
    transform = ax.yaxis.get_transform()
    lower, upper, top = transform.transform([*ax.get_ylim(), ax.dataLim.y1]).tolist()
    for font, columns in product(_FONTS, range(_COLUMNS, 0, -1)):
        legend = ax.legend(loc="upper center", ncols=columns, fontsize=font)
        size = legend.get_window_extent()
        share = size.height / ax.bbox.height + _ABOVE
        if size.width < ax.bbox.width and share < _MOST_OF_AXES and np.isfinite(top - lower):
            needed = lower + (top - lower) / (1 - share)
            if needed > upper:
                ax.set_ylim(top=transform.inverted().transform([needed])[0], auto=True)
            return
    ax.legend()
