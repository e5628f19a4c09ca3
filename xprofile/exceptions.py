"""Errors and warnings of xprofile.

Each error is an `XProfileError`, and also the built-in error that fits, such as `ValueError`.
"""

from typing import Self

__all__ = [
    "DataWarning",
    "ExistingFileError",
    "FileFormatError",
    "InvalidBinsError",
    "InvalidDataError",
    "InvalidEnergyError",
    "InvalidOptionError",
    "LostWorkerError",
    "MissingFileError",
    "MissingPackageError",
    "MissingVariableError",
    "NotFoundError",
    "OutOfRangeError",
    "PassedOptionError",
    "TooLargeError",
    "UnknownOptionError",
    "UnusableInputError",
    "UnwritableFileError",
    "WrongStageError",
    "XProfileError",
]

DISTRIBUTION = "xprofile-sky"
"""Name of this library on the package index, where ``xprofile`` is another project."""


class XProfileError(Exception):
    """Base class of all errors that xprofile raises on purpose."""


class MissingFileError(XProfileError, FileNotFoundError):
    """A file does not exist."""


class ExistingFileError(XProfileError, FileExistsError):
    """A file to write exists already, or something that is not a file is in its place."""


class UnwritableFileError(XProfileError, OSError):
    """A file cannot be written: the disk is full, the folder is read-only, or a path is too long.

    ``errno`` is that of the operating system, where there is one.
    """


class MissingPackageError(XProfileError, ImportError):
    """The operation needs an optional package that is not installed."""

    @classmethod
    def of_extra(cls, purpose: str, package: str, extra: str) -> Self:
        """Return the error of a package that an extra of xprofile installs.

        Parameters
        ----------
        purpose : str
            What needs the package, in the plural or with its verb: ``"fits of shapes need"``.
        package : str
            Name of the package on the package index.
        extra : str
            Extra in ``pyproject.toml`` that has the package.
        """
        return cls(
            f"{purpose} the package {package}: pip install {package}, "
            f'or pip install "{DISTRIBUTION}[{extra}]"'
        )


class LostWorkerError(XProfileError, RuntimeError):
    """Workers of dask.distributed died while they computed data."""


class FileFormatError(XProfileError, OSError):
    """A file cannot be read: it is truncated, has another format, or lacks a needed part."""


class MissingVariableError(XProfileError, KeyError):
    """A Dataset lacks a variable, dimension or coordinate that the operation needs."""

    def __str__(self) -> str:
        return str(self.args[0]) if self.args else ""


class NotFoundError(XProfileError, KeyError):
    """A selection names a value or position that the data lack."""

    def __str__(self) -> str:
        return str(self.args[0]) if self.args else ""


class OutOfRangeError(NotFoundError, IndexError):
    """An index selects something beyond the end, such as the fourth of three bins."""


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


class PassedOptionError(UnknownOptionError, AttributeError):
    """An option that is passed on, such as to matplotlib, is unknown or wrong there."""


class UnusableInputError(InvalidOptionError, TypeError):
    """An argument has a type or a value that a function cannot work with."""


class TooLargeError(InvalidOptionError, MemoryError):
    """The input asks for more memory than there is, or than the function may take."""


class WrongStageError(MissingVariableError, AttributeError):
    """A method of ``.profile`` belongs to another kind of Dataset than this one."""


class DataWarning(UserWarning):
    """Data have unusual values, or do not quite fit what is asked for, but can be used."""
