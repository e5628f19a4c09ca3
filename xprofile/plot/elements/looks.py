"""Colours, markers and labels of the series of a figure, such as those of energy bins."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ...exceptions import InvalidOptionError

__all__ = ["chosen_looks", "series_looks", "shared_look", "spread"]

# Keywords of which a list of numbers is one value, such as a colour of red, green and blue.
_OF_NUMBERS = frozenset(
    ("color", "c", "markerfacecolor", "mfc", "markeredgecolor", "mec", "ecolor", "dashes")
)

# Share of the width of a bin between the points of neighbouring series, and most of it for all.
_APART, _MOST = 0.25, 0.7


def series_looks(
    texts: Sequence[str], label: str | None, cmap: Any, given: Mapping[str, Any]
) -> list[dict[str, Any]]:
    """Keywords of each series: those of the caller, a colour, and a label for the legend.

    Parameters
    ----------
    texts : sequence of str
        Text of each series, such as its range of energy; empty for a single one.
    label : str, optional
        Name of the quantity, which stands before the texts unless the caller gives a label.
    cmap : str or Colormap or None
        Colours of the series.
    given : mapping
        Keywords of the caller. A list has a value for each series; a dict has values for some of
        them, by their number or text.

    Raises
    ------
    InvalidOptionError
        If a list has another length, or a dict names a series that is not there.
    """
    colors = [] if {"color", "c"} & set(given) else _colors(len(texts), cmap)
    looks = []
    for index, (text, look) in enumerate(zip(texts, chosen_looks(texts, given), strict=True)):
        own = "label" in look and not isinstance(given["label"], str)  # that of this series alone
        words = [look.get("label") or label] if own else [look.get("label") or label, text]
        joined = ", ".join(str(part) for part in words if part)
        color = {"color": colors[index]} if colors else {}
        looks.append({**look, **color, **({"label": joined} if joined else {})})
    return looks


def chosen_looks(texts: Sequence[str], given: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Keywords of the caller for each series, of lists and dicts as in `series_looks`."""
    given = {name: _listed(value) for name, value in given.items()}
    looks = []
    for index in range(len(texts)):
        chosen = {name: _of_series(value, name, index, texts) for name, value in given.items()}
        looks.append({name: value for name, value in chosen.items() if value is not None})
    return looks


def shared_look(looks: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Keywords that are the same for all series, for an entry of a legend."""
    first = looks[0] if looks else {}
    return {
        name: value
        for name, value in first.items()
        if all(name in one and np.array_equal(one[name], value) for one in looks)
    }


def _listed(value: Any) -> Any:
    """List of the values of a Series, Index or DataArray, or of an array of texts."""
    if isinstance(value, np.ndarray):
        return value.tolist() if value.dtype.kind in "UO" else value
    return value.to_numpy().tolist() if hasattr(value, "to_numpy") else value


def _of_series(value: Any, name: str, index: int, texts: Sequence[str]) -> Any:
    """Value of a keyword for one series; None if a dict has none."""
    if isinstance(value, Mapping):
        unknown = [key for key in value if key not in texts and key not in range(len(texts))]
        if unknown:
            raise InvalidOptionError(
                f"{name} has a value for {unknown[0]!r}, but the series are numbered 0 to "
                f"{len(texts) - 1}" + (f" or called {list(texts)}" if any(texts) else "")
            )
        return value.get(index, value.get(texts[index]))
    if not _is_list(value, name):
        return value
    if len(value) != len(texts):
        raise InvalidOptionError(
            f"{name} has {len(value)} values, expected one for each of the {len(texts)} series; "
            "give as many, or one for all"
        )
    return value[index]


def _is_list(value: Any, name: str) -> bool:
    """Whether a value of a keyword is a list with one for each series."""
    if isinstance(value, np.ndarray):
        return value.ndim > (name in _OF_NUMBERS)
    if isinstance(value, tuple):
        return bool(value) and all(isinstance(one, str) for one in value)
    numbers = isinstance(value, list) and all(isinstance(one, int | float) for one in value)
    return isinstance(value, list) and not (numbers and name in _OF_NUMBERS)


def _colors(count: int, cmap: Any) -> list[Any]:
    """Colours of series from a colour map; empty if the cycle of rcParams has enough."""
    from matplotlib import rcParams
    from matplotlib.pyplot import get_cmap

    if cmap is None and count <= len(rcParams["axes.prop_cycle"]):
        return []
    top = 1.0 if cmap is not None else 0.9  # the last colour of many maps is pale
    share = [top * index / max(count - 1, 1) for index in range(count)]
    return [get_cmap(cmap)(value) for value in share]


def spread(count: int) -> list[float]:
    """Places of series beside each other in a bin, in shares of its width from its centre."""
    apart = min(_APART, _MOST / max(count, 1))
    return [(index - (count - 1) / 2) * apart for index in range(count)]
