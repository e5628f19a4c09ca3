"""Errors and warnings of xprofile.

Each error is an `XProfileError`, and also the built-in error that fits, such as `ValueError`.
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
    "UnknownOptionError",
    "WrongStageError",
    "XProfileError",
]


class XProfileError(Exception):
    """Base class of all errors that xprofile raises on purpose."""


class MissingFileError(XProfileError, FileNotFoundError):
    """A file does not exist."""


class MissingPackageError(XProfileError, ImportError):
    """The operation needs an optional package that is not installed."""


class FileFormatError(XProfileError, OSError):
    """A file cannot be read: it is truncated, has another format, or lacks a needed part."""


class MissingVariableError(XProfileError, KeyError):
    """A Dataset lacks a variable, dimension or coordinate that the operation needs."""

    def __str__(self) -> str:
        return str(self.args[0]) if self.args else ""


class InvalidDataError(XProfileError, ValueError):
    """The variables of a Dataset have wrong dimensions, units or values."""


class InvalidBinsError(XProfileError, ValueError):
    """Bins or regions cannot be built, or are not on the sky."""


class InvalidEnergyError(XProfileError, ValueError):
    """Energies have no unit, do not ascend, or are not finite."""


class InvalidOptionError(XProfileError, ValueError):
    """An option has an unknown value, a value out of range, or is missing."""


class UnknownOptionError(InvalidOptionError, TypeError):
    """A function does not have an option of this name."""


class WrongStageError(MissingVariableError, AttributeError):
    """A method of ``.profile`` belongs to another kind of Dataset than this one."""


class DataWarning(UserWarning):
    """Data have unusual values, or do not quite fit what is asked for, but can be used."""
