"""Sources of the parts of maps: files, their HDUs, DataArrays and plain numbers."""

from __future__ import annotations

import os
from contextlib import ExitStack
from dataclasses import dataclass, field
from numbers import Real
from pathlib import Path
from typing import Any, TypeAlias, TypeGuard

import astropy.units as u
import numpy as np
import xarray as xr

from ....exceptions import InvalidOptionError
from ...fits.derived_cubes import ConstantCube
from ...fits.files import FileSource, FitsFile, open_fits, source_name
from ...fits.skymap import SkyMap

__all__ = [
    "HduName",
    "OpenedSource",
    "PartSource",
    "SourceOpener",
    "is_pair",
    "number_map",
    "source_label",
]

HduName: TypeAlias = str | int
PartSource: TypeAlias = FileSource | xr.DataArray | tuple[FileSource, HduName] | float | u.Quantity


@dataclass(frozen=True, eq=False)
class OpenedSource:
    """The source of a part, open for reading.

    Parameters
    ----------
    content : FitsFile, DataArray, Quantity or number
        An open file, a map, or the value of all pixels.
    hdu : str or int, optional
        Name or number of the HDU in the file that the caller names.
    """

    content: FitsFile | xr.DataArray | u.Quantity | float
    hdu: HduName | None = None


@dataclass(eq=False)
class SourceOpener:
    """Opens sources; a file that several parts are in is opened once.

    Parameters
    ----------
    stack : contextlib.ExitStack
        Keeps the files open.
    lazy, checksum : bool
        Options of `open_fits`.
    energy_unit : str, optional
        Option of `open_fits`.
    """

    stack: ExitStack
    lazy: bool = False
    checksum: bool = False
    energy_unit: str | None = None
    _files: dict[Any, FitsFile] = field(default_factory=dict)

    @property
    def notes(self) -> list[str]:
        """What was assumed in reading the files, such as units that a format defines."""
        return list(dict.fromkeys(note for file in self._files.values() for note in file.notes))

    def file(self, source: FileSource) -> FitsFile:
        """Open a file, or return it if it is open."""
        path = isinstance(source, str | os.PathLike)
        key = os.fspath(source) if path else id(source)  # type: ignore[arg-type]
        if key not in self._files:
            opened = open_fits(
                source, lazy=self.lazy, checksum=self.checksum, energy_unit=self.energy_unit
            )
            self._files[key] = self.stack.enter_context(opened)
        return self._files[key]

    def open(self, name: str, source: Any) -> OpenedSource:
        """Open the source of a part.

        Parameters
        ----------
        name : str
            Option that gives the source.
        source : path, file object, (file, HDU), DataArray, Quantity or number
            The source.

        Raises
        ------
        InvalidOptionError
            If the source is of another type, or the file has no such HDU.
        """
        if isinstance(source, xr.DataArray | u.Quantity) or is_number(source):
            return OpenedSource(source)
        if is_pair(source):
            file = self.file(source[0])
            return OpenedSource(file, _find_hdu(file, name, source[1]))
        if not _is_file(source):
            raise InvalidOptionError(
                f"{name} must be a path, a file object, a DataArray or a pair (path, HDU); found "
                f"{type(source).__name__}"
            )
        return OpenedSource(self.file(source))


def is_number(source: Any) -> TypeGuard[float]:
    """Whether a source is one number for all pixels."""
    return isinstance(source, Real | np.number) and not isinstance(source, bool | np.bool_)


def is_pair(source: Any) -> TypeGuard[tuple[FileSource, HduName]]:
    """Whether a source is a file and the name or number of one of its HDUs."""
    if not (isinstance(source, tuple) and len(source) == 2 and _is_file(source[0])):
        return False
    return isinstance(source[1], str | int) and not isinstance(source[1], bool)


def _is_file(source: Any) -> bool:
    return isinstance(source, str | os.PathLike) or hasattr(source, "read")


def _find_hdu(file: FitsFile, name: str, hdu: HduName) -> HduName:
    """Return the name in capitals or the number of an HDU, after a check that the file has it."""
    if isinstance(hdu, int):
        if 0 <= hdu < len(file.hdus):
            return hdu
    elif hdu.strip() and hdu.strip().upper() in file:
        return hdu.strip().upper()
    raise InvalidOptionError(
        f"{name} is in HDU {hdu!r} of {file.label}, which has the HDUs {file.hdu_names}; name one "
        f"of them, as in {name}=({Path(file.name).name!r}, 'NAME'). A tuple of a file and a name "
        "stands for an HDU, a list for several files"
    )


def number_map(name: str, value: float | u.Quantity, like: SkyMap) -> SkyMap:
    """Return an image that has one value in all pixels, and those of another map.

    Raises
    ------
    InvalidOptionError
        If the value is not one finite number.
    """
    quantity = u.Quantity(value)
    if quantity.size != 1 or not np.isfinite(quantity.value).all():
        raise InvalidOptionError(
            f"{name} must be a file, a map or one finite number for all pixels, found {value!r}"
        )
    unit = str(quantity.unit) or None
    cube = ConstantCube(like.image_shape, float(quantity.value.item()))
    return SkyMap(cube, (), like.wcs, unit, f"{name}={value}")


def source_label(source: Any) -> str:
    """Return a short text for sources in the history."""
    if is_pair(source):
        return f"{source_label(source[0])}[{source[1]}]"
    if isinstance(source, list | tuple):
        return "+".join(map(source_label, source))
    if isinstance(source, xr.DataArray):
        return "DataArray"
    if is_number(source) or isinstance(source, u.Quantity):
        return f"{source:g}"
    return Path(source_name(source)).name
