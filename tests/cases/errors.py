"""Errors that several test modules expect."""

import warnings
from contextlib import contextmanager

import pytest
from astropy.utils.exceptions import AstropyDeprecationWarning


@contextmanager
def refused(error, message):
    """Expect an error of xprofile that matches a message, and no warning before it."""
    with warnings.catch_warnings(record=True) as shown:
        warnings.simplefilter("always")
        for old in (DeprecationWarning, AstropyDeprecationWarning):  # of astropy within itself
            warnings.simplefilter("ignore", old)
        with pytest.raises(error, match=f"(?s){message}") as caught:
            yield caught
    assert [str(warning.message) for warning in shown] == []
