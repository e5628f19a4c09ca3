"""Tables of events: which HDU holds them, and which columns, units and sky frame they have.

Formats: FT1 files of the Fermi-LAT; EVENTS of GADF, as H.E.S.S., HAWC, CTAO and ctools write them;
and any other table with positions and energies.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from astropy.coordinates import BaseCoordinateFrame, Galactic, SkyCoord
from astropy.io import fits
from numpy.typing import NDArray

from ...exceptions import DataWarning, FileFormatError
from ...schema.warning_place import user_stacklevel
from ..fits.files import FitsFile
from ..fits.units import named_unit, unit_factor
from .conventions import default_energy_unit, equatorial_frame
from .rows import Rows

__all__ = ["EventTable", "find_column", "find_events"]

Float = NDArray[np.float64]

_EVENTS, _ENERGY = "EVENTS", "ENERGY"
_EQUATORIAL = ("RA", "DEC")
_POSITIONS = (_EQUATORIAL, ("L", "B"), ("GLON", "GLAT"))  # in this order of preference
_TABLES = fits.BinTableHDU | fits.TableHDU
_DETECTOR_COLUMNS = {"PI", "PHA", "X", "Y"}  # channels and pixels, as X-ray telescopes have them
_FITS_BLOCK = 2880  # bytes

_NUMBERED = re.compile(r"[\W_]*\d*$")

_REMEDY = (
    "correct TUNIT in the file: astropy.io.fits.setval(path, 'TUNIT1', value='TeV', "
    "ext='EVENTS') for column 1, for example"
)

# Events and bytes that are read at once, technical numbers: a block takes some ten MB of memory.
# Ten times more need ten times the memory; with ten times fewer, calls of astropy cost more than
# the events themselves.
_BLOCK, _BLOCK_BYTES = 100_000, 10_000_000


@dataclass(frozen=True, eq=False)
class EventTable:
    """The events of a file.

    Parameters
    ----------
    hdu : astropy.io.fits.BinTableHDU
        The table.
    where : str
        Name of the table in messages.
    lon, lat, energy : int
        Numbers of the columns.
    frame : astropy.coordinates.BaseCoordinateFrame
        Sky frame of the positions.
    energy_unit : str
        Unit of the energies.
    notes : tuple of str
        What the file does not say and was assumed, for the history.
    """

    hdu: fits.BinTableHDU
    where: str
    lon: int
    lat: int
    energy: int
    frame: BaseCoordinateFrame
    energy_unit: str
    notes: tuple[str, ...]

    @property
    def names(self) -> list[str]:
        """Names of all columns."""
        return list(self.hdu.columns.names)

    def unit(self, index: int) -> str | None:
        """Return the unit of a column, None if it has none."""
        if index == self.energy:
            return self.energy_unit
        text = named_unit(self.hdu.columns[index].unit)
        return text or ("deg" if index in (self.lon, self.lat) else None)

    def blocks(self) -> Iterator[Rows]:
        """Yield all rows, a limited number at a time.

        The data of `hdu` stay unread: astropy would copy all columns when the file is closed.
        """
        header, info = self.hdu.header.copy(), self.hdu.fileinfo()
        width, total = int(header["NAXIS1"]), int(header["NAXIS2"])
        step = max(1, min(_BLOCK, _BLOCK_BYTES // max(1, width)))
        header["PCOUNT"] = 0  # columns of variable length, which follow the rows, are not needed
        header.remove("THEAP", ignore_missing=True)
        for start in range(0, total, step):
            header["NAXIS2"] = min(step, total - start)
            info["file"].seek(info["datLoc"] + start * width)
            content = info["file"].read(header["NAXIS2"] * width)
            content += bytes(-len(content) % _FITS_BLOCK)
            block = type(self.hdu).fromstring(header.tostring().encode("ascii") + content)
            yield Rows(block.data, self.where)

    def lonlat(self, rows: Rows) -> tuple[Float, Float]:
        """Return longitudes and latitudes in degrees."""
        return self._in_unit(rows, self.lon, "deg"), self._in_unit(rows, self.lat, "deg")

    def energies(self, rows: Rows, unit: str) -> Float:
        """Return energies in a unit."""
        return self._in_unit(rows, self.energy, unit)

    def positions(self, lon: Float, lat: Float) -> SkyCoord:
        """Return sky positions of longitudes and latitudes in degrees."""
        return SkyCoord(lon, lat, unit="deg", frame=self.frame)

    def _in_unit(self, rows: Rows, index: int, unit: str) -> Float:
        where = f"{self.where}: column {self.names[index]}"
        factor = unit_factor(self.unit(index), unit, where, _REMEDY)
        values = rows.numbers(index).astype(np.float64)
        return values if factor == 1 else values * factor


def find_events(file: FitsFile, name: str | int | None = None) -> EventTable:
    """Find the events of a file: in the table EVENTS, or else in the first one with such columns.

    Parameters
    ----------
    file : FitsFile
        An open file.
    name : str or int, optional
        Name or number of the HDU to use.

    Raises
    ------
    FileFormatError
        If no table has positions and energies, or their sky frame or unit is not known.
    """
    if name is not None and name not in file:
        raise FileFormatError(f"{file.label} has no HDU {name!r}, found {file.hdu_names}")
    hdus = file.hdus if name is None else [file[name]]
    tables = [hdu for hdu in hdus if isinstance(hdu, _TABLES)]
    tables.sort(key=lambda hdu: hdu.name != _EVENTS)  # EVENTS first, others in their order
    for hdu in tables:
        where = f"{hdu.name or 'table'} of {file.label}"
        columns = _event_columns(list(hdu.columns.names), where)
        if columns is not None:
            _check_row_length(hdu, where)
            _warn_of_others(tables, hdu.name, where)
            return _event_table(file, hdu, where, *columns)
    raise FileFormatError(_no_events(file, tables))


def _check_row_length(hdu: fits.BinTableHDU, where: str) -> None:
    """Raise if rows are not as long as their columns, as values would come from wrong places."""
    width, declared = hdu.columns.dtype.itemsize, hdu.header["NAXIS1"]
    if isinstance(hdu, fits.BinTableHDU) and width != declared:
        raise FileFormatError(
            f"{where} has rows of NAXIS1 = {declared} bytes, but its columns take {width}: the "
            "file is damaged; fetch it again"
        )


def _no_events(file: FitsFile, tables: Sequence[fits.BinTableHDU]) -> str:
    """Say what is missing, and how to mend it."""
    found = "; ".join(f"{hdu.name} with {', '.join(hdu.columns.names)}" for hdu in tables)
    pairs = ", ".join("/".join(pair) for pair in _POSITIONS)
    remedy = ""
    if tables:
        remedy = (
            "; if other columns hold them, rename these: astropy.io.fits.setval(path, 'TTYPE1', "
            f"value='{_ENERGY}', ext={tables[0].name!r}) for column 1, for example"
        )
    if _DETECTOR_COLUMNS & {name.strip().upper() for hdu in tables for name in hdu.columns.names}:
        remedy += (
            ". Of X-ray events in channels or pixels (PI, X, Y), make images of energy bands with "
            "the tools of the mission, and give these to open_maps with energy_edges="
        )
    return (
        f"{file.label} has no table of events, expected columns {_ENERGY} and one of {pairs}; "
        f"found {found or f'no table, but the HDUs {file.hdu_names}'}{remedy}"
    )


def find_column(names: Sequence[str], wanted: str, where: str) -> int | None:
    """Return the number of a column, None if no column has this name.

    Capitals do not matter, unless names differ by them alone: then the exact name counts.

    Raises
    ------
    FileFormatError
        If several names differ by capitals alone, and none is the exact one.
    """
    stripped = [name.strip() for name in names]
    if wanted in stripped:
        return stripped.index(wanted)
    close = [i for i, name in enumerate(stripped) if name.lower() == wanted.lower()]
    if len(close) > 1:
        raise FileFormatError(
            f"{where} has the columns {', '.join(stripped[i] for i in close)}, which differ by "
            f"capitals alone; expected one column {wanted}: rename the right one to {wanted}"
        )
    return close[0] if close else None


def _event_columns(names: Sequence[str], where: str) -> tuple[int, int, int] | None:
    """Return the numbers of the columns of longitude, latitude and energy, if a table has them."""
    energy = find_column(names, _ENERGY, where)
    if energy is None:
        return None
    for pair in _POSITIONS:
        lon, lat = (find_column(names, name, where) for name in pair)
        if lon is not None and lat is not None:
            return lon, lat, energy
    return None


def _event_table(
    file: FitsFile, hdu: fits.BinTableHDU, where: str, lon: int, lat: int, energy: int
) -> EventTable:
    names, headers, notes = list(hdu.columns.names), (hdu.header, file.hdus[0].header), []
    frame: BaseCoordinateFrame = Galactic()
    if names[lon].strip().upper() == _EQUATORIAL[0]:
        frame, note = equatorial_frame(headers, where)
        notes += note
    unit = named_unit(hdu.columns[energy].unit) or ""
    if not unit and file.energy_unit:
        unit, note = file.energy_unit, [f"energies taken as {file.energy_unit}, as given"]
        notes += note
    elif not unit:
        unit, note = default_energy_unit(headers, names, energy, where)
        notes += note
    return EventTable(hdu, where, lon, lat, energy, frame, unit, tuple(notes))


def _warn_of_others(tables: Sequence[fits.BinTableHDU], name: str, where: str) -> None:
    """Warn of tables with the same name, up to numbers at its end such as EVENTS_2."""
    stem = _NUMBERED.sub("", name)
    number = sum(_NUMBERED.sub("", hdu.name) == stem for hdu in tables)
    if number > 1:
        warnings.warn(
            f"{where} is the first of {number} tables of this name, and the others are not read; "
            "to add them, give a list of pairs of the file and the number of an HDU: "
            "[(path, 1), (path, 2)]",
            DataWarning,
            stacklevel=user_stacklevel(),
        )
