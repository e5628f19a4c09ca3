"""Sources of the parts of maps: files, their HDUs, DataArrays and plain numbers."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from functools import partial
from numbers import Real
from pathlib import Path
from typing import Any, TypeAlias, TypeGuard

import astropy.units as u
import numpy as np
import xarray as xr
from astropy.coordinates import BaseCoordinateFrame
from xarray.backends import CachingFileManager

from ....exceptions import InvalidOptionError
from ....maps.axes import Axis
from ...fits.derived_cubes import ConstantCube
from ...fits.files import FileSource, FitsFile, open_fits, source_name
from ...fits.skymap import SkyMap
from .given_units import GivenUnit

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
    units : dict
        Units that the caller gives for parts.
    bands : Axis, optional
        Energy bands that the caller gives.
    frame : BaseCoordinateFrame, optional
        Sky frame of HEALPix maps that name none.
    """

    stack: ExitStack
    lazy: bool = False
    checksum: bool = False
    energy_unit: str | None = None
    units: Mapping[str, GivenUnit] = field(default_factory=dict)
    bands: Axis | None = None
    frame: BaseCoordinateFrame | None = None
    _files: dict[Any, FitsFile] = field(default_factory=dict)

    @property
    def notes(self) -> list[str]:
        """What was assumed in reading the files, such as units that a format defines."""
        return list(dict.fromkeys(note for file in self._files.values() for note in file.notes))

    def closer(self) -> Callable[[], None]:
        """Return a function that closes the files which are left open to read values later."""
        managers = [file.manager for file in self._files.values() if file.manager is not None]
        return partial(_close, managers)

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

    def for_part(self, name: str, file: FitsFile) -> FitsFile:
        """Return an open file with what the caller says about the energies of a part."""
        unit = self.units.get(name, GivenUnit()).energy
        return replace(file, given_energy_unit=unit, bands=self.bands, frame=self.frame)

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
            self._check_in_memory(name, source)
            return OpenedSource(source)
        if is_pair(source):
            file = self.for_part(name, self.file(source[0]))
            return OpenedSource(file, _find_hdu(file, name, source[1]))
        if not _is_file(source):
            raise InvalidOptionError(
                f"{name} must be a path, a file object, a DataArray or a pair (path, HDU) with the "
                f"name or number of the HDU; found {type(source).__name__}"
            )
        return OpenedSource(self.for_part(name, self.file(source)))

    def _check_in_memory(self, name: str, source: Any) -> None:
        """Raise if the caller gives a unit to a map in memory that has one."""
        given, kind = self.units.get(name, GivenUnit()), type(source).__name__
        own = source.unit if isinstance(source, u.Quantity) else None
        own = source.attrs.get("units") if isinstance(source, xr.DataArray) else own
        if given.values is not None and own is not None:
            raise InvalidOptionError(
                f"unit gives {name} in {given.values!r}, but {name} is in memory ({kind}) and has "
                f"the unit {str(own)!r}; leave the option out, or change the unit of the values"
            )
        unit = given.energy
        if unit is not None:
            raise InvalidOptionError(
                f"unit gives the energies of {name} in {unit}, but {name} is in memory ({kind}), "
                "expected a file; leave it out, and give energies of DataArrays their unit by "
                "array.energy.attrs['units'] or xprofile.to_units"
            )


def _close(managers: Iterable[CachingFileManager[Any]]) -> None:
    for manager in managers:
        manager.close()


def is_number(source: Any) -> TypeGuard[float]:
    """Whether a source is one number for all pixels."""
    return isinstance(source, Real | np.number) and not isinstance(source, bool | np.bool_)


def is_pair(source: Any) -> TypeGuard[tuple[FileSource, HduName]]:
    """Whether a source is a file and the name or number of one of its HDUs.

    A second element that is neither a source nor an HDU is a wrong HDU.
    """
    if not (isinstance(source, tuple) and len(source) == 2 and _is_file(source[0])):
        return False
    second = source[1]
    other = isinstance(second, xr.DataArray | u.Quantity | os.PathLike | float | list | tuple)
    return not other and (isinstance(second, str) or not hasattr(second, "read"))


def _is_file(source: Any) -> bool:
    return isinstance(source, str | os.PathLike) or hasattr(source, "read")


def _find_hdu(file: FitsFile, name: str, hdu: HduName) -> HduName:
    """Return the name in capitals or the number of an HDU, after a check that the file has it."""
    found = file.find(hdu)
    if found is not None:
        return found
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
    return SkyMap(cube, (), like.sky, unit, f"{name}={value}")


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
