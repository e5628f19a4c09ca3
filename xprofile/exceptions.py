"""Errors and warnings of xprofile.

Each error is an `XProfileError`, and also the built-in error that fits, such as `ValueError`. The
page :doc:`/reference/errors` has an example of each.
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
    """Base class of all errors that xprofile raises on purpose.

    See Also
    --------
    DataWarning : The warning, which is not an error.
    """


class MissingFileError(XProfileError, FileNotFoundError):
    """A file does not exist.

    See Also
    --------
    FileFormatError : The file exists, and cannot be read.
    """


class ExistingFileError(XProfileError, FileExistsError):
    """A file to write exists already, or something that is not a file is in its place.

    See Also
    --------
    UnwritableFileError : The file cannot be written for another reason.
    """


class UnwritableFileError(XProfileError, OSError):
    """A file cannot be written: the disk is full, the folder is read-only, or a path is too long.

    ``errno`` is that of the operating system, where there is one.

    See Also
    --------
    ExistingFileError : The file exists already.
    """


class MissingPackageError(XProfileError, ImportError):
    """The operation needs an optional package that is not installed.

    See Also
    --------
    XProfileError : Base of all errors.
    """

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
    """Workers of dask.distributed died while they computed data.

    See Also
    --------
    TooLargeError : The input asks for more memory than there is.
    """


class FileFormatError(XProfileError, OSError):
    """A file cannot be read: it is truncated, has another format, or lacks a needed part.

    See Also
    --------
    MissingFileError : The file does not exist.
    InvalidDataError : The file can be read, but its values cannot be used.
    """


class MissingVariableError(XProfileError, KeyError):
    """A Dataset lacks a variable, dimension or coordinate that the operation needs.

    See Also
    --------
    WrongStageError : The method belongs to another kind of Dataset.
    InvalidDataError : The variable is there, and its values are wrong.
    """

    def __str__(self) -> str:
        return str(self.args[0]) if self.args else ""


class NotFoundError(XProfileError, KeyError):
    """A selection names a value or position that the data lack.

    See Also
    --------
    OutOfRangeError : An index is beyond the end.
    """

    def __str__(self) -> str:
        return str(self.args[0]) if self.args else ""


class OutOfRangeError(NotFoundError, IndexError):
    """An index selects something beyond the end, such as the fourth of three bins.

    See Also
    --------
    NotFoundError : A value or position is not in the data.
    """


class InvalidDataError(XProfileError, ValueError):
    """The variables of a Dataset have wrong dimensions, units or values.

    See Also
    --------
    MissingVariableError : A variable is missing.
    DataWarning : Values are unusual, but can be used.
    """


class InvalidBinsError(XProfileError, ValueError):
    """Bins or regions cannot be built, or are not on the sky.

    See Also
    --------
    xprofile.SkyBins : Bins on the sky.
    """


class InvalidEnergyError(XProfileError, ValueError):
    """Energies have no unit, do not ascend, or are not finite.

    See Also
    --------
    InvalidOptionError : Another option has a wrong value.
    """


class InvalidOptionError(XProfileError, ValueError):
    """An option has an unknown value, a value out of range, or is missing.

    See Also
    --------
    UnknownOptionError : There is no option of this name.
    UnusableInputError : The option has a wrong type.
    """


class UnknownOptionError(InvalidOptionError, TypeError):
    """A function does not have an option of this name.

    See Also
    --------
    PassedOptionError : The option is passed on to another function.
    """


class PassedOptionError(UnknownOptionError, AttributeError):
    """An option that is passed on, such as to matplotlib, is unknown or wrong there.

    See Also
    --------
    UnknownOptionError : The function itself has no such option.
    """


class UnusableInputError(InvalidOptionError, TypeError):
    """An argument has a type or a value that a function cannot work with.

    See Also
    --------
    InvalidOptionError : The type is right, but not the value.
    """


class TooLargeError(InvalidOptionError, MemoryError):
    """The input asks for more memory than there is, or than the function may take.

    See Also
    --------
    LostWorkerError : A worker of dask died, often for lack of memory.
    """


class WrongStageError(MissingVariableError, AttributeError):
    """A method of ``.profile`` belongs to another kind of Dataset than this one.

    See Also
    --------
    xprofile.DatasetProfile : The accessor, which chooses its methods.
    """


class DataWarning(UserWarning):
    """Data have unusual values, or do not quite fit what is asked for, but can be used.

    See Also
    --------
    InvalidDataError : Values that cannot be used.
    """
