"""Hypothesis with few examples in the fast suite, and with many in the slow one."""

import pytest
from hypothesis import given, settings


def examples(few, many, *, derandomize=False):
    """Return what is in the place of `hypothesis.given`, for tests without fixtures."""
    numbers = [few, pytest.param(many, marks=pytest.mark.slow)]

    def given_some(*strategies, **named):
        def decorate(check):
            @pytest.mark.parametrize("number", numbers)
            def test(number):
                options = settings(max_examples=number, deadline=None, derandomize=derandomize)
                options(given(*strategies, **named)(check))()

            test.__name__, test.__qualname__ = check.__name__, check.__qualname__
            test.__doc__, test.__module__ = check.__doc__, check.__module__
            return test

        return decorate

    return given_some
