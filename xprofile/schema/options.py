"""Names of options: a misspelt one gets a suggestion."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from difflib import get_close_matches
from enum import Enum
from functools import wraps
from typing import Any, Final, ParamSpec, TypeVar

from ..exceptions import UnknownOptionError

__all__ = ["NOT_GIVEN", "NotGiven", "check_options", "suggests_options"]

P = ParamSpec("P")
R = TypeVar("R")

# Share of letters that two names have in common (difflib's ratio) for one to be suggested for the
# other. With a smaller one, unrelated words are suggested; with a larger one, a missing word of a
# name like `energy_edges` is not.
_SIMILAR = 0.6


class NotGiven(Enum):
    """Default of an option for which None has a meaning."""

    NOT_GIVEN = "not given"

    def __repr__(self) -> str:
        return "<not given>"


NOT_GIVEN: Final = NotGiven.NOT_GIVEN


def suggests_options(function: Callable[P, R]) -> Callable[P, R]:
    """Make a function suggest the nearest option for an unknown one.

    Parameters
    ----------
    function : callable
        With or without ``**kwargs``. What it passes on by them is not checked here; if that fails,
        a name that is close to one of the function's options is named.

    Returns
    -------
    callable
        The same function, with the same signature.
    """

    @wraps(function)
    def call(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return function(*args, **kwargs)
        except (TypeError, AttributeError, KeyError) as error:
            check_options(function, kwargs, error)
            raise

    return call


def check_options(function: Callable[..., Any], given: dict[str, Any], error: Exception) -> None:
    """Raise if an error stems from an option that a function does not have.

    Parameters
    ----------
    function : callable
        Function that failed.
    given : dict
        Keyword arguments of the call.
    error : Exception
        Error of the call.

    Raises
    ------
    UnknownOptionError
        If the function has no such option, or if it passes options on, one of these is close to
        an option and the error names it.
    """
    parameters = inspect.signature(function).parameters
    options = [n for n, p in parameters.items() if p.kind in _BY_NAME and n not in ("self", "cls")]
    passes_on = any(p.kind is inspect.Parameter.VAR_KEYWORD for p in parameters.values())
    for name in given:
        close = get_close_matches(name, options, 1, _SIMILAR)
        if name not in options and (not passes_on or (close and f"'{name}'" in str(error))):
            hint = f"did you mean {close[0]!r}? It has" if close else "it has"
            raise UnknownOptionError(
                f"{_name(function)} has no option {name!r}: {hint} {', '.join(options)}"
            ) from error


_BY_NAME = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)


def _name(function: Callable[..., Any]) -> str:
    """Name of a function, or of the class that it initialises."""
    return function.__qualname__.removesuffix(".__init__").rpartition(".")[2]
