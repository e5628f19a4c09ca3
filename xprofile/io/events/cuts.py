"""Cuts: events are selected by the values of other columns of their table."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

import astropy.units as u
import numpy as np
from numpy.typing import NDArray

from ...exceptions import FileFormatError, InvalidOptionError
from ..fits.units import parse_unit
from .rows import Rows
from .tables import EventTable, find_column

__all__ = ["ColumnCut", "Cut", "check_cuts", "column_cuts", "passes"]

_FLAGS = re.compile(r"(\d*)[XL]")  # TFORM of bits and logical values
_EXAMPLE = 'cuts={"ZENITH_ANGLE": (0, 90) * u.deg}'


@dataclass(frozen=True)
class Cut:
    """Range of a column: low <= value < high; or bits of it, of which one at least must be set.

    Parameters
    ----------
    name : str
        Name of the column.
    low, high : float
        Limits.
    unit : astropy.units.UnitBase, optional
        Unit of the limits; None for plain numbers.
    bits : int or bool, optional
        Sum of the bits; True or False for a column of logical values.
    """

    name: str
    low: float
    high: float
    unit: u.UnitBase | None
    bits: int | bool | None = None

    def __str__(self) -> str:
        if self.bits is not None:
            return f"{self.name} = {self.bits}"
        unit = "" if self.unit is None else f" {self.unit}"
        return f"{self.low:g} <= {self.name} < {self.high:g}{unit}"


@dataclass(frozen=True)
class ColumnCut:
    """Range of the column with a number, in its unit; or bits of it."""

    index: int
    low: float
    high: float
    bits: int | bool | None = None


def check_cuts(cuts: Any) -> tuple[Cut, ...]:
    """Return the cuts that a user gives as a dict.

    Raises
    ------
    InvalidOptionError
        If they are not pairs of ascending numbers or Quantities by the names of columns.
    """
    if cuts is None:
        return ()
    if not isinstance(cuts, Mapping):
        raise InvalidOptionError(
            f"cuts must be a dict of ranges by column, such as {_EXAMPLE}; "
            f"found {type(cuts).__name__}"
        )
    return tuple(_make_cut(name, limits) for name, limits in cuts.items())


def _make_cut(name: Any, limits: Any) -> Cut:
    problem = f"cuts[{name!r}] must be two ascending limits, such as {_EXAMPLE}; found {limits!r}"
    if not isinstance(name, str):
        raise InvalidOptionError(f"cuts has the key {name!r}, expected the name of a column")
    if isinstance(limits, bool | np.bool_) or (isinstance(limits, int) and limits > 0):
        return Cut(name, np.nan, np.nan, None, limits if isinstance(limits, int) else bool(limits))
    parts = limits if isinstance(limits, tuple | list) else [limits]
    unit = None
    try:
        if any(isinstance(part, u.Quantity) for part in parts):
            pair = u.Quantity(limits)
            unit, limits = pair.unit, pair.value
        low, high = np.asarray(limits, dtype=float)
    except (TypeError, ValueError) as error:  # not two numbers, or units of two kinds
        raise InvalidOptionError(problem) from error
    if np.ndim(low) or not low < high:
        raise InvalidOptionError(problem)
    return Cut(name, float(low), float(high), unit)


def column_cuts(table: EventTable, cuts: Sequence[Cut]) -> list[ColumnCut]:
    """Find the columns of cuts in a table, and convert the limits to their units.

    Raises
    ------
    FileFormatError
        If the table has no such column, or a column without numbers.
    InvalidOptionError
        If a cut has a unit and its column has none, or the other way round.
    """
    return [_column_cut(table, cut) for cut in cuts]


def _column_cut(table: EventTable, cut: Cut) -> ColumnCut:
    index = find_column(table.names, cut.name, table.where)
    if index is None:
        close = get_close_matches(cut.name.upper(), [name.upper() for name in table.names], 1)
        hint = f"did you mean {close[0]!r}? It has" if close else "it has"
        raise FileFormatError(
            f"{table.where} has no column {cut.name!r} for cuts: {hint} {', '.join(table.names)}"
        )
    if cut.bits is not None:
        _check_flags(table, index, cut)
        return ColumnCut(index, cut.low, cut.high, cut.bits)
    text, where = table.unit(index), f"{table.where}: column {table.names[index]}"
    if text is None and cut.unit is not None and not cut.unit.is_equivalent(""):
        raise InvalidOptionError(
            f"{where} has no unit, but cuts[{cut.name!r}] is in {cut.unit}; give plain numbers: "
            f"({cut.low:g}, {cut.high:g})"
        )
    unit = parse_unit(text, where)
    if cut.unit is None and not unit.is_equivalent(""):
        raise InvalidOptionError(
            f"{where} is in {text}, but cuts[{cut.name!r}] is without a unit; give "
            f"({cut.low:g}, {cut.high:g}) * u.Unit({text!r})"
        )
    try:
        factor = (cut.unit or u.dimensionless_unscaled).to(unit)
    except u.UnitConversionError as error:
        raise InvalidOptionError(
            f"{where} is in {text}, but cuts[{cut.name!r}] is in {cut.unit}; give it in a unit "
            f"like {text}"
        ) from error
    return ColumnCut(index, cut.low * factor, cut.high * factor)


def _check_flags(table: EventTable, index: int, cut: Cut) -> None:
    """Raise unless a column has the bits of a cut, or logical values for True or False."""
    where, written = f"{table.where}: column {cut.name}", str(table.hdu.columns[index].format)
    parts, bits = _FLAGS.fullmatch(written), int(cut.bits or 0)
    if parts is None:
        raise InvalidOptionError(
            f"cuts[{cut.name!r}] must be two ascending limits, such as {_EXAMPLE}; found "
            f"{cut.bits!r}, but {where} holds neither bits nor logical values"
        )
    count = int(parts[1] or 1)
    if isinstance(cut.bits, bool) and count > 1:
        raise InvalidOptionError(
            f"{where} holds {count} bits, but cuts[{cut.name!r}] is {cut.bits}; give the sum of "
            "bits of which one must be set, such as 128"
        )
    if bits >> count:
        raise InvalidOptionError(
            f"{where} holds {count} bits, but cuts[{cut.name!r}] = {bits} has more; give a number "
            f"below {1 << count}"
        )


def passes(rows: Rows, cuts: Sequence[ColumnCut]) -> NDArray[np.bool_]:
    """Whether rows are inside all cuts; values that are NaN are not.

    Raises
    ------
    FileFormatError
        If a column does not hold one number, or bits, in each row, as its cut expects.
    """
    inside = np.ones(len(rows), bool)
    for cut in cuts:
        if cut.bits is None:
            values = rows.numbers(cut.index).astype(np.float64)
            inside &= (values >= cut.low) & (values < cut.high)
        else:
            inside &= _has_flag(rows, cut)
    return inside


def _has_flag(rows: Rows, cut: ColumnCut) -> NDArray[np.bool_]:
    """Whether one of some bits is set, or a logical value is the wanted one."""
    flags, bits = rows.flags(cut.index), cut.bits
    if isinstance(bits, bool):
        return np.asarray(flags[:, 0] == bits)
    wanted = [number for number in range(flags.shape[1]) if int(bits or 0) >> number & 1]
    return np.asarray(flags[:, wanted].any(axis=1))
