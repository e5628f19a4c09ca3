"""Texts of functions that are options, for settings and histories."""

from __future__ import annotations

import ast
import contextlib
import inspect
import textwrap
from collections.abc import Callable
from functools import partial
from typing import Any

__all__ = ["function_text"]

_LAMBDA = "<lambda>"

# Lines with a lambda: complete, the end of a call, its middle, in a dictionary, and of a loop.
_FORMS = ("%s", "f(%s", "f(%s)", "{%s}", "%s pass")


def function_text(function: Callable[..., Any]) -> str:
    """One line of text of a function: its name, or the source of a lambda if Python finds it.

    A method has the name of its object or class in front, and a partial function its arguments.
    """
    if isinstance(function, partial):
        return f"{function_text(function.func)}{_arguments(function.args, function.keywords)}"
    name = getattr(function, "__name__", None)
    if name is None:
        return _plain(function)
    if name == _LAMBDA:
        return _lambda_source(function) or name
    owner = getattr(function, "__self__", None)
    if owner is None or inspect.ismodule(owner):
        return str(name)
    dist = getattr(owner, "dist", None)  # of a distribution of scipy with fixed parameters
    if dist is None:
        return f"{getattr(owner, '__name__', type(owner).__name__)}.{name}"
    return f"{getattr(dist, 'name', 'distribution')}{_arguments(owner.args, owner.kwds)}.{name}"


def _arguments(args: tuple[Any, ...], keywords: dict[str, Any]) -> str:
    texts = [_value(arg) for arg in args]
    texts += [f"{name}={_value(value)}" for name, value in keywords.items()]
    return f"({', '.join(texts)})"


def _value(value: Any) -> str:
    """Value in one line."""
    return function_text(value) if callable(value) else _plain(value)


def _plain(value: Any) -> str:
    """Text of an object in one line, without its address in the memory."""
    text = " ".join(str(value).split())
    return type(value).__name__ if " at 0x" in text else text


def _lambda_source(function: Callable[..., Any]) -> str:
    """Source of a lambda; empty if it is not known, or not the only one in its lines."""
    try:
        source = textwrap.dedent(inspect.getsource(function)).strip()
    except (OSError, TypeError):
        return ""
    for form in _FORMS:
        with contextlib.suppress(SyntaxError):
            found = [n for n in ast.walk(ast.parse(form % source)) if isinstance(n, ast.Lambda)]
            return ast.unparse(found[0]) if len(found) == 1 else ""
    return ""
