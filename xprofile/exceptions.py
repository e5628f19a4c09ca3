"""The errors that xprofile raises, each an `XProfileError` and the built-in error it refines.

Its warnings of data are `DataWarning`.
"""

__all__ = [
    "DataWarning",
    "FileFormatError",
    "InvalidBinsError",
    "InvalidDataError",
    "InvalidEnergyError",
    "InvalidOptionError",
    "MissingFileError",
    "MissingPackageError",
    "MissingVariableError",
    "XProfileError",
]


class XProfileError(Exception):
    """Base of all errors that xprofile raises on purpose."""


class MissingFileError(XProfileError, FileNotFoundError):
    """A file that was asked for is not there."""


class MissingPackageError(XProfileError, ImportError):
    """An optional package that the operation needs is not installed."""


class FileFormatError(XProfileError, OSError):
    """A file cannot be read: truncated, of another format, or without a part that is needed."""


class MissingVariableError(XProfileError, KeyError):
    """A Dataset lacks a variable, dimension or coordinate that the operation needs."""

    def __str__(self) -> str:
        return str(self.args[0]) if self.args else ""


class InvalidDataError(XProfileError, ValueError):
    """A Dataset's variables have wrong dimensions, units or values."""


class InvalidBinsError(XProfileError, ValueError):
    """Bins or regions that cannot be built, or are not on the sky."""


class InvalidEnergyError(XProfileError, ValueError):
    """Energy edges without unit, unsorted, or not finite."""


class InvalidOptionError(XProfileError, ValueError):
    """An option that is not one of those that exist, or is out of its range."""


class DataWarning(UserWarning):
    """Data that can be used, and are not what such data should be."""
