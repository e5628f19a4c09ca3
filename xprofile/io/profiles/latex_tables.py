"""Profiles as tables for papers: values with their errors, and limits, as texts of LaTeX."""

from __future__ import annotations

from typing import Any

import astropy.units as u
import numpy as np
import xarray as xr
from astropy.table import Column, Table
from numpy.typing import NDArray

from ...exceptions import InvalidDataError
from ...likelihood.intervals.confidence import one_sided_cl, two_sided_cl
from ...schema.names import DISTANCE, ENERGY, LAT, LON, high, low
from ..fit_tables.tables import repeated

__all__ = ["latex_table"]

Float = NDArray[np.float64]

# symbols of LaTeX in the place of long names
_SYMBOLS = {"dnde": r"$\mathrm{d}N/\mathrm{d}E$", "e2dnde": r"$E^2\,\mathrm{d}N/\mathrm{d}E$"}
_UNKNOWN = r"\ldots"

# Significant digits of errors and limits, as journals ask for.
_DIGITS = 2

# Largest values of columns that are written without a power of ten before the unit.
_PLAIN = (1e-2, 1e3)


class _PowerUnit(u.CompositeUnit):  # type: ignore[misc]
    """A unit with a power of ten, which LaTeX texts have without a factor of 1 before it."""

    def to_string(self, *args: Any, **kwargs: Any) -> str:
        text: str = super().to_string(*args, **kwargs)
        return text.replace(r"\mathrm{1 \times 10", r"\mathrm{10")


# Degrees by which positions of bins differ because of rounding alone.
_SAME_PLACE = 1e-6

# How a note stands below the cells: in AASTeX, and in a table of plain LaTeX.
_NOTES = {
    "aastex": r"\tablecomments{%s}",
    "latex": r"\par\smallskip{\footnotesize %s}",
}


class _PaperTable(Table):  # type: ignore[misc]
    """A table in texts of LaTeX, with its ``comments`` as a note below the cells."""

    def write(self, *args: Any, **kwargs: Any) -> Any:
        """Write the table as `astropy.table.Table.write` does, LaTeX with the note."""
        form = str(kwargs.get("format") or "").removeprefix("ascii.")
        if not form and args and str(args[0]).endswith(".tex"):
            form = "latex"
        if form in _NOTES and self.meta.get("comments"):
            note = _NOTES[form] % " ".join(self.meta["comments"])
            given = dict(kwargs.get("latexdict") or {})
            foot = given.get("tablefoot", [])
            lines = [foot] if isinstance(foot, str) else [*foot]
            kwargs["latexdict"] = {**given, "tablefoot": [*lines, note]}
        return super().write(*args, **kwargs)


def latex_table(source: xr.Dataset, kind: str, *, labelled: bool) -> Table:
    """Make a table with one row for each bin and energy, in texts of LaTeX.

    Parameters
    ----------
    source : xarray.Dataset
        Variables of a profile that tables show, with the dims of their cells.
    kind : str
        Name of the sed quantity, from `xprofile.profile.sed.quantity_name`.
    labelled : bool
        Whether bins have labels and no numeric axis; they are numbered.
    """
    empty = [dim for dim in (DISTANCE, ENERGY) if not source.sizes[dim]]
    if empty:
        raise InvalidDataError(
            f"the profile has no values along {' and '.join(empty)}, so no rows for LaTeX; "
            "select some"
        )
    columns = [_number_column(source, DISTANCE, "Bin", 0)] if labelled else []
    columns += [] if labelled else [_edges_column(source, DISTANCE, "Distance")]
    columns += [_position_column(source, name) for name in (LON, LAT) if _differs(source, name)]
    columns += [_edges_column(source, ENERGY, "Energy")] if source.sizes[ENERGY] > 1 else []
    columns += [_number_column(source, "counts", "Counts", 0)] if "counts" in source else []
    columns.append(_quantity_column(source, kind))
    if "sqrt_ts" in source:
        columns.append(_number_column(source, "sqrt_ts", r"$\sqrt{\mathrm{TS}}$", 1))
    text = _levels_text(source, kind)
    return _PaperTable(columns, meta={"comments": [text]} if text else {})


def _levels_text(source: xr.Dataset, kind: str) -> str:
    """Sentence with the confidence levels of errors and limits."""
    attrs, parts = source.attrs, []
    sigma, sigma_ul = attrs.get("n_sigma", np.nan), attrs.get("n_sigma_ul", np.nan)
    level = attrs.get("cl", two_sided_cl(sigma))
    level_ul = attrs.get("cl_ul", one_sided_cl(sigma_ul))
    if np.isfinite(level) and any(kind + end in source for end in ("_err", "_errn")):
        parts.append(f"errors {_percent(level)}")
    if np.isfinite(level_ul) and kind + "_ul" in source:
        parts.append(f"upper limits {_percent(level_ul)}")
    return f"Confidence levels: {', '.join(parts)}." if parts else ""


def _percent(level: Any) -> str:
    """Per cent with one decimal, or as many as tell it from 100."""
    decimals = max(1, int(np.ceil(-np.log10(1 - float(level)))) - 1) if level < 1 else 1
    return f"{100 * float(level):.{decimals}f}".rstrip("0").rstrip(".") + r"\%"


def _differs(source: xr.Dataset, name: str) -> bool:
    """Whether the bins have a coordinate that is not the same for all."""
    return name in source.variables and bool(_steps(source, name).size)


def _steps(source: xr.Dataset, name: str) -> Float:
    """Differences of neighbouring values in ascending order, without those of rounding.

    Longitudes are neighbours through 0, too.
    """
    values = _rows(source, name)
    ordered = np.sort(values[np.isfinite(values)])
    steps = np.diff(ordered)
    if name == LON and ordered.size:
        steps = np.append(steps, ordered[0] - ordered[-1] + _turn(source, name))
        steps = np.minimum(steps, _turn(source, name) - steps)
    return np.asarray(steps[steps > _SAME_PLACE])


def _turn(source: xr.Dataset, name: str) -> float:
    """Full turn in the unit of a longitude."""
    return float((360 * u.deg).to_value(source[name].attrs.get("units", "deg")))


def _position_column(source: xr.Dataset, name: str) -> Column:
    """Longitudes or latitudes of the centres of bins, which are told apart by two digits."""
    unit, words = _unit(source, name), str(source[name].attrs.get("long_name", name))
    decimals = min(max(0, _decimals(float(_steps(source, name).min()))), 4)
    if name == LON:  # 359.999 is 0.0, not 360.0
        rounded, turn = source[name].round(decimals), _turn(source, name)
        source = source.assign_coords({name: rounded.where(rounded < turn, rounded - turn)})
    column = _number_column(source, name, words[:1].upper() + words[1:], decimals)
    column.unit = unit
    return column


def _rows(source: xr.Dataset, name: str) -> Float:
    """Values of a variable in each row, the energies fastest."""
    variable = source[name].variable
    return np.asarray(repeated(variable, (DISTANCE, ENERGY), source.sizes).ravel(), dtype=float)


def _unit(source: xr.Dataset, name: str) -> u.UnitBase:
    return u.Unit(str(source[name].attrs.get("units", "")))


def _edges_column(source: xr.Dataset, dim: str, title: str) -> Column:
    """Ranges of an axis: energies with three digits, others with the decimals of widths."""
    edges = [_rows(source, name) for name in (low(dim), high(dim))]
    decimals = max(0, *(_decimals(width) for width in edges[1] - edges[0]))

    def text(edge: float) -> str:
        return _energy_text(edge) if dim == ENERGY else f"{edge:.{decimals}f}"

    texts = [f"${text(lower)}$--${text(upper)}$" for lower, upper in zip(*edges, strict=True)]
    return Column(texts, title, unit=_unit(source, dim))


def _energy_text(energy: float) -> str:
    """Three digits of an energy, with a power of ten if it is very large or small."""
    text = f"{energy:.3g}"
    mantissa, _, power = text.partition("e")
    if not power:
        return text
    return f"{float(text):.0f}" if 0 < int(power) < 6 else rf"{mantissa} \times 10^{{{int(power)}}}"


def _number_column(source: xr.Dataset, name: str, title: str, decimals: int) -> Column:
    texts = [
        f"${value:.{decimals}f}$" if np.isfinite(value) else _UNKNOWN
        for value in _rows(source, name)
    ]
    return Column(texts, title)


def _quantity_column(source: xr.Dataset, kind: str) -> Column:
    """Values with their errors, or limits, with a common power of ten in the unit."""
    names = {end: kind + end for end in ("", "_err", "_errn", "_errp", "_ul")}
    found = {end: _rows(source, name) for end, name in names.items() if name in source}
    value = found[""]
    error = found.get("_err", np.full_like(value, np.nan))
    errors = [found.get(end, error) for end in ("_errn", "_errp")]
    is_ul = _rows(source, "is_ul").astype(bool) if "is_ul" in source else np.zeros(value.size, bool)
    shown = np.where(is_ul, found.get("_ul", value), value)
    largest = np.abs(shown[np.isfinite(shown)]).max(initial=0.0)
    if largest == 0:  # such as a difference of equal profiles
        known = np.asarray(errors)
        largest = known[np.isfinite(known)].max(initial=0.0)
    plain = largest == 0 or _PLAIN[0] <= largest < _PLAIN[1]
    scale = 1.0 if plain else 10.0 ** np.floor(np.log10(largest))
    texts = [
        _limit_text(best / scale) if limit else _value_text(best / scale, down / scale, up / scale)
        for best, down, up, limit in zip(shown, *errors, is_ul, strict=True)
    ]
    words = str(source[kind].attrs.get("long_name", kind))
    title = _SYMBOLS.get(kind, words[:1].upper() + words[1:])
    unit = u.Unit(scale * _unit(source, kind))
    return Column(texts, title, unit=_PowerUnit(unit.scale, unit.bases, unit.powers))


def _value_text(value: float, down: float, up: float) -> str:
    """Value and errors, with two digits of the smaller error."""
    if not np.isfinite(value):
        return _UNKNOWN
    known = [error for error in (down, up) if np.isfinite(error) and error > 0]
    n = max(0, _decimals(min(known, default=abs(value))))
    if len(known) < 2:
        return f"${value:.{n}f}" + (f" \\pm {known[0]:.{n}f}$" if known else "$")
    lower, upper = f"{down:.{n}f}", f"{up:.{n}f}"
    both = f" \\pm {lower}" if lower == upper else f"^{{+{upper}}}_{{-{lower}}}"
    return f"${value:.{n}f}{both}$"


def _limit_text(limit: float) -> str:
    if not np.isfinite(limit):
        return _UNKNOWN
    return f"$<{limit:.{max(0, _decimals(abs(limit)))}f}$"


def _decimals(number: float) -> int:
    """Decimals that show the leading digits of a number."""
    return 0 if number == 0 else _DIGITS - 1 - int(np.floor(np.log10(number)))
