"""Examples of a function, written as calls of a method."""

from __future__ import annotations

import re

__all__ = ["examples_of_method", "replace_examples"]

_SECTION = re.compile(r"(?<=^Examples\n--------\n).*?(?=\n\n\S[^\n]*\n-{3,}$|\Z)", re.M | re.S)
_PROMPT = "\n. "  # line break and prompt of a call in several lines
_PAIRS = {"(": ")", "[": "]", "{": "}"}


def examples_of_method(text: str, function: str, method: str) -> str:
    r"""Docstring of a function whose examples call a method ``.profile`` of its first argument.

    Parameters
    ----------
    text : str
        Docstring.
    function, method : str
        Their names.

    Examples
    --------
    >>> text = "Examples\n--------\n>>> xprofile.rebin(binned, 4)"
    >>> examples_of_method(text, "rebin", "rebin").splitlines()[-1]
    '>>> binned.profile.rebin(4)'
    """
    call = re.compile(rf"(?<![\w.])xprofile\.(?:plot\.)?{function}\(")
    found = _SECTION.search(text)
    if not found:
        return text
    examples, start = found[0], 0
    while match := call.search(examples, start):
        first, rest = _split_arguments(examples[match.end() :])
        value = first.lstrip(_PROMPT)
        called = f"{value.rstrip(_PROMPT)}.profile.{method}({first[: -len(value)]}"
        examples = examples[: match.start()] + called + rest
        start = match.start()
    return text[: found.start()] + examples + text[found.end() :]


def replace_examples(text: str, examples: str) -> str:
    """Docstring with other examples."""
    return _SECTION.sub(lambda _: examples.strip("\n"), text)


def _split_arguments(text: str) -> tuple[str, str]:
    """First argument of a call, and what comes after it and its comma."""
    open_brackets: list[str] = []
    for position, letter in enumerate(text):
        if letter in _PAIRS:
            open_brackets.append(_PAIRS[letter])
        elif open_brackets and letter == open_brackets[-1]:
            open_brackets.pop()
        elif not open_brackets and letter == ",":
            return text[:position], text[position + 1 :].lstrip(" ")
        elif not open_brackets and letter == ")":
            return text[:position], text[position:]
    return text, ""
