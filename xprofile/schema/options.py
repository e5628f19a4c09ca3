"""Calls of public functions: options are checked, and errors from inside are explained."""

from __future__ import annotations

import inspect
import threading
from collections.abc import Callable
from difflib import get_close_matches
from enum import Enum
from functools import cache, wraps
from typing import Any, Final, ParamSpec, TypeVar

from ..exceptions import (
    LostWorkerError,
    MissingVariableError,
    PassedOptionError,
    TooLargeError,
    UnknownOptionError,
    UnusableInputError,
    XProfileError,
)
from .arguments.array_values import with_plain_values
from .arguments.own_results import own_result
from .arguments.types import check_types, cut_text

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
    """Make a function check the types of its options, and explain the errors of wrong input.

    Parameters
    ----------
    function : callable
        With or without ``**kwargs``. What it passes on by them is not checked here; if that fails,
        a name that is close to one of the function's options is named.

    Returns
    -------
    callable
        The same function, with the same signature. Its errors are those of `xprofile.exceptions`,
        except for arguments that are missing or too many, and for errors of the system such as
        `PermissionError`. Its results share no memory with its arguments.
    """

    @wraps(function)
    def call(*args: P.args, **kwargs: P.kwargs) -> R:
        inner, _calls.depth = _calls.depth > 0, _calls.depth + 1
        try:
            values, options = with_plain_values(function, args, kwargs)
            check_types(function, _named_arguments(function, values, options))
            result: R = function(*values, **options)
            # within another call, only that one's result is handed out
            return result if inner else own_result(result, (args, kwargs))
        except XProfileError:
            raise
        except _BARE as error:
            if inner and isinstance(error, _OF_VALUES):
                raise  # a write, which may be round this call, explains these in its own words
            check_options(function, kwargs, error)
            if not _fits(function, args, kwargs):
                raise  # Python's own error: arguments are missing or too many
            raise _explained(function, _named_arguments(function, args, kwargs), error) from error
        except Exception as error:
            if type(error).__name__ == "KilledWorker":  # dask.distributed may not be installed
                raise _lost_workers(function, error) from error
            raise
        finally:
            _calls.depth -= 1

    return call


# errors that wrong input leads to somewhere inside, also within numpy or matplotlib
_BARE = (
    TypeError, AttributeError, LookupError, ValueError, ArithmeticError, MemoryError,
    RuntimeError, AssertionError, EOFError, SystemError,
)  # fmt: skip


# those of values that cannot be read or computed
_OF_VALUES = (RuntimeError, AssertionError, EOFError, SystemError)


class _Calls(threading.local):
    """Number of public functions that a thread is in."""

    depth = 0


_calls = _Calls()
_signature = cache(inspect.signature)


def _fits(function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> bool:
    """Whether arguments fit the signature of a function."""
    try:
        _signature(function).bind(*args, **kwargs)
    except TypeError:
        return False
    return True


def _named_arguments(
    function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
) -> dict[str, Any]:
    """Arguments of a call by name, as far as the function has such parameters."""
    return dict(zip(_names(function), args, strict=False)) | kwargs


@cache
def _names(function: Callable[..., Any]) -> list[str]:
    return [n for n, p in _signature(function).parameters.items() if p.kind in _BY_NAME]


def _explained(
    function: Callable[..., Any], given: dict[str, Any], error: Exception
) -> XProfileError:
    """Error that names the argument of a wrong type, or else what happened inside."""
    reason = f"{type(error).__name__}: {cut_text(str(error))}"
    if isinstance(error, MemoryError):
        return TooLargeError(
            f"{_name(function)} needs more memory than there is: {reason}; use fewer or smaller "
            "bins, pixels or toys"
        )
    check_types(function, given, failed=error)
    passed = [name for name in given if name not in _signature(function).parameters]
    if passed and not isinstance(error, KeyError):  # KeyError: an unknown coordinate
        return PassedOptionError(
            f"{_name(function)} failed with the options {', '.join(passed)}, which it passes on: "
            f"{reason}"
        )
    names = ", ".join(name for name in given if name not in ("self", "cls"))
    kind = MissingVariableError if isinstance(error, KeyError) else UnusableInputError
    return kind(
        f"{_name(function)} cannot use this input: {reason}; check the values and types of "
        f"{names or 'the data'}"
    )


def _lost_workers(function: Callable[..., Any], error: Exception) -> XProfileError:
    return LostWorkerError(
        f"{_name(function)} has no result, as workers of dask died while they computed the data "
        f"({error}); give the workers more memory, or smaller chunks"
    )


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
