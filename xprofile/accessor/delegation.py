"""Methods that pass their call on to a function, and show its docstring."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from importlib import import_module
from typing import Any, TypeVar, cast

from ..schema.options import suggests_options
from .examples import examples_of_method, replace_examples

__all__ = ["calls"]

Method = TypeVar("Method", bound=Callable[..., Any])


def calls(path: str, *, entry: str = "", examples: str = "") -> Callable[[Method], Method]:
    """Decorate a method with the docstring of the function that it calls.

    Parameters
    ----------
    path : str
        Module below ``xprofile`` and function, such as ``"binned.binning.bin_maps"``. It is
        imported when the method is first looked at.
    entry : str
        Docstring entry of a parameter that the method has in place of the function's first one.
    examples : str
        Examples of the method. The default is those of the function, as calls of the method.
    """

    def decorate(method: Method) -> Method:
        return cast("Method", _Delegate(path, method, entry, examples))

    return decorate


class _Delegate:
    """Descriptor of a method: completes its docstring, and suggests misspelt options."""

    def __init__(
        self, path: str, method: Callable[..., Any], entry: str = "", examples: str = ""
    ) -> None:
        self.__name__, self.__doc__ = method.__name__, method.__doc__
        self.path, self._entry, self._examples = path, entry, examples
        self._method = suggests_options(method)
        self._complete = False

    def __get__(self, instance: Any, owner: type | None = None) -> Any:
        if not self._complete:
            module, _, name = self.path.rpartition(".")
            function = getattr(import_module(f"..{module}", __package__), name)
            text = replace_first_parameter(function, self._entry)
            if self._examples:
                text = replace_examples(text, self._examples)
            else:
                text = examples_of_method(text, name, self.__name__)
            self._method.__doc__ = self.__doc__ = full_names(text, function)
            self._complete = True
        return self._method.__get__(instance, owner)


def full_names(text: str, function: Callable[..., Any]) -> str:
    """Docstring with full names of public functions, as those of a function name their neighbours.

    Names of parameters stay.
    """
    public = set(import_module("xprofile").__all__) - inspect.signature(function).parameters.keys()

    def full(found: re.Match[str]) -> str:
        name = found[1]
        if name.startswith("plot_"):
            return f"`xprofile.plot.{name}`"
        return f"`xprofile.{name}`" if name in public else found[0]

    return re.sub(r"(?<!`)`(\w+)`(?!`)", full, text)


def replace_first_parameter(function: Callable[..., Any], entry: str = "") -> str:
    """Docstring of a function with another entry, or none, in place of its first parameter.

    The first parameter is the Dataset or DataArray, which the accessor stands for.
    """
    text = inspect.getdoc(function) or ""
    first = next(iter(inspect.signature(function).parameters), "")
    old = re.compile(rf"^{re.escape(first)}(?:, .*)? : .*\n?(?:[ ]+.*\n?|\n(?=[ ]))*", re.MULTILINE)
    text = old.sub(entry, text, count=1)
    return re.sub(r"^Parameters\n-+\n\s*\n", "", text, flags=re.MULTILINE)
