"""Arguments of `open_maps`: their checks, and their text in the history."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import astropy.units as u

from ....exceptions import InvalidOptionError
from ....schema.variables import MAPS
from ...fits.files import FileSource
from .sources import source_label

__all__ = ["check_sources", "history_line", "seconds", "variables_to_leave_out"]


def variables_to_leave_out(names: Any) -> set[str]:
    """Return the names in the option ``drop_variables``.

    Raises
    ------
    InvalidOptionError
        If it is not a name or a list of names of variables of maps.
    """
    known = isinstance(names, Iterable)
    found = {names} if isinstance(names, str) else set(names) if known else {repr(names)}
    unknown = found - set(MAPS)
    if unknown:
        raise InvalidOptionError(
            f"drop_variables has {sorted(unknown, key=str)}, but the variables are {list(MAPS)}"
        )
    return found


def check_sources(path: FileSource | None, sources: Mapping[str, Any], skip: set[str]) -> None:
    """Raise if the sources exclude each other, or needed ones are missing.

    Parameters
    ----------
    path : path or file object, optional
        File with all parts.
    sources : dict
        Sources of single parts.
    skip : set of str
        Variables that are left out.

    Raises
    ------
    InvalidOptionError
        If they do.
    """
    if "alpha" in sources and {"acceptance", "acceptance_off"} & set(sources):
        raise InvalidOptionError(
            "alpha stands for acceptance and acceptance_off, which are given too; leave one out"
        )
    if path is not None:
        return
    off = "counts_off" in sources and "alpha" not in sources
    needed = ["counts", "exposure", *(["acceptance", "acceptance_off"] if off else [])]
    missing = [name for name in needed if name not in sources and name not in {*skip} - {"counts"}]
    if missing:
        raise InvalidOptionError(
            f"open_maps needs one file with all parts, or {' and '.join(needed)}; missing "
            f"{', '.join(missing)}, found {', '.join(sources) or 'none'}"
        )


def history_line(
    function: str, path: FileSource | None, sources: Mapping[str, Any], options: Mapping[str, Any]
) -> str:
    """Return the line of the history: the sources, and the options that are given."""
    file = [] if path is None else [source_label(path)]
    parts = [f"{name}={source_label(source)}" for name, source in sources.items()]
    given = [f"{name}={' '.join(str(value).split())}"
             for name, value in options.items() if value is not None]  # fmt: skip
    return " ".join([function, *file, *parts, *given])


def seconds(livetime: u.Quantity | None) -> float | None:
    """Return a live time in s.

    Raises
    ------
    InvalidOptionError
        If it is not a Quantity of time.
    """
    if livetime is None:
        return None
    try:
        return float(livetime.to_value("s"))
    except (AttributeError, TypeError, u.UnitConversionError):
        raise InvalidOptionError(
            f"livetime must be a Quantity of time, such as 50 * u.h; found {livetime!r}"
        ) from None
