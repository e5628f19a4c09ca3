"""Texts of functions, as the history of results has them."""

from functools import partial

import numpy as np
from scipy.stats import norm

from xprofile.schema.arguments.function_texts import function_text


class Named:
    """Can be called, and has a text, but no name."""

    def __call__(self, x):
        return x

    def __str__(self):
        return "x to\n x"


class Plain:
    """Can be called, and has its address as text."""

    def __call__(self, x):
        return x


def test_functions_have_one_line_without_an_address():
    assert function_text(np.mean) == "mean"
    assert function_text(Named()) == "x to x"
    assert function_text(Plain()) == "Plain"
    assert function_text(partial(np.quantile, q=0.5)) == "quantile(q=0.5)"
    assert function_text("deg".replace) == "str.replace"
    assert function_text(norm(0, scale=2).pdf) == "norm(0, scale=2).pdf"


def test_lambdas_have_their_source_if_they_are_alone_in_it():
    alone = lambda x: x + 1  # noqa: E731
    assert function_text(alone) == "lambda x: x + 1"
    first, second = lambda x: x, lambda x: -x
    assert function_text(first) == function_text(second) == "<lambda>"
    assert function_text(eval("lambda x: x")) == "<lambda>"
    second = [
        0,
        lambda x: x][1]  # fmt: skip
    assert function_text(second) == "<lambda>"
