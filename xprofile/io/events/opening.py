"""Event lists of FITS files, binned into counts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import astropy.units as u
import numpy as np
import xarray as xr
from astropy.coordinates import BaseCoordinateFrame, SkyCoord
from numpy.typing import NDArray

from ...exceptions import InvalidOptionError
from ...maps.grid import from_planes
from ...schema.history import history_attrs
from ...schema.options import suggests_options
from ...schema.variables import MAPS, data_array
from ..fits.files import open_fits, source_name
from .cuts import Cut, check_cuts
from .filling import Tally, fill_counts
from .grids import EventGrid, GridSource, grid_like, grid_of_new_pixels
from .new_grids import NewGrid
from .sources import EventSource, event_sources
from .tables import find_events

__all__ = ["open_events"]

_PROJ, _FRAME = "CAR", "icrs"


@suggests_options
def open_events(
    path_or_paths: EventSource | Iterable[EventSource],
    *,
    like: GridSource | None = None,
    center: SkyCoord | None = None,
    width: u.Quantity | tuple[u.Quantity, u.Quantity] | None = None,
    binsz: u.Quantity | tuple[u.Quantity, u.Quantity] | None = None,
    proj: str = _PROJ,
    frame: str | BaseCoordinateFrame = _FRAME,
    energy_edges: u.Quantity | None = None,
    cuts: Mapping[str, Any] | None = None,
    energy_unit: str | None = None,
) -> xr.DataArray:
    """Read event lists from FITS, and count the events in pixels and energies.

    Parameters
    ----------
    path_or_paths : str, path-like, file object, or a list of them
        Event lists: FT1 files of the Fermi-LAT, EVENTS of GADF such as those of H.E.S.S., HAWC and
        ctools, or any table with the columns ENERGY and RA, DEC (or L, B, or GLON, GLAT). Events of
        several files are added. A name with ``*``, ``?`` or ``[`` stands for all files that it
        matches. In a list, a pair is a file and the name or number of an HDU.
    like : xarray.Dataset, xarray.DataArray, path, file object or pair, optional
        Maps, one map, or a FITS file such as a counts cube, with the pixels and energies to use; or
        a file and the name or number of an HDU: ``("maps.fits", "COUNTS")``.
    center : SkyCoord, optional
        Centre of a new grid of pixels, where `like` is not given. It is the reference point of the
        projection.
    width : Quantity or pair of Quantity, optional
        Full width of the new grid; or its width and height. It is rounded to whole pixels.
    binsz : Quantity or pair of Quantity, optional
        Side of a new pixel; or its width and height.
    proj : str
        Projection of the new grid by its three letters in FITS, such as ``"CAR"`` or ``"TAN"``.
    frame : str or astropy frame
        Sky frame of the new grid, such as ``"icrs"`` or ``"galactic"``.
    energy_edges : Quantity, optional
        Edges of the energy bins, (nenergy + 1,), for a new grid or if `like` is an image.
    cuts : dict, optional
        Ranges of other columns: ``{"ZENITH_ANGLE": (0, 90) * u.deg}`` keeps events with
        0 deg <= ZENITH_ANGLE < 90 deg. Columns without a unit take plain numbers. Columns of bits
        take the sum of bits of which one at least must be set, as evclass and evtype of the Fermi
        tools: ``{"EVENT_CLASS": 128}``. Columns of logical values take True or False.
    energy_unit : str, optional
        Unit of energies, such as ``"TeV"``, where the file names none.

    Returns
    -------
    xarray.DataArray
        The map ``counts`` (energy, lat, lon) of whole numbers, which `open_maps` accepts as
        ``counts=``.

        - Coordinates ``energy``, ``energy_min``, ``energy_max`` (energy): those of `like`, or in
          TeV.
        - Coordinates ``x`` (lon) and ``y`` (lat), the pixel numbers, and ``wcs``; ``lon`` (lon) and
          ``lat`` (lat) in deg if the WCS is a plate carree along them.
        - With `like` in HEALPix, ``cell`` in place of ``lat`` and ``lon``, and its coordinates
          ``cell_ids`` (cell) and ``healpix``.
        - The attribute ``history`` says how many events were dropped, and why.

    Raises
    ------
    MissingFileError
        If a file does not exist.
    FileFormatError
        If a file is not FITS, has no such table, or does not tell the unit of its energies or its
        sky frame.
    InvalidOptionError
        If options exclude each other, are missing, or have a wrong unit.
    InvalidEnergyError
        If `energy_edges` have no unit of energy, or do not ascend.

    Warns
    -----
    DataWarning
        If events have no valid position or energy, such as NaN, and are dropped; or if a file is
        given twice, and its events count twice.

    See Also
    --------
    xprofile.open_maps : Read counts, background, exposure and the rest.
    xprofile.from_arrays : Make maps of arrays.

    Notes
    -----
    An event is counted in the pixel whose centre is nearest in pixel coordinates. Pixels and energy
    bins contain their lower edges, not their upper ones. An event outside the pixels or energies is
    dropped.

    The table EVENTS is read, or else the first table that has these columns. Where names of columns
    differ by capitals alone, such as ``RA`` and ``ra``, the one in capitals is used. Positions are
    in the frame of RADESYS (or RADECSYS) and EQUINOX; without these cards, they are ICRS. Units are
    those of the columns. Without a unit, positions are in deg, and energies in MeV for Fermi-LAT
    and in TeV for GADF.

    Examples
    --------
    >>> import astropy.units as u
    >>> from astropy.coordinates import SkyCoord
    >>> import xprofile
    >>> from astropy.table import Table
    >>> columns = {"RA": [83.5, 83.6, 83.7], "DEC": [22, 22, 22.1], "ENERGY": [1.5, 2, 20]}
    >>> events = Table(columns, units={"RA": "deg", "DEC": "deg", "ENERGY": "TeV"})
    >>> events.meta["EXTNAME"] = "EVENTS"
    >>> events.write("run1.fits")
    >>> counts = xprofile.open_events(
    ...     "run1.fits",  # or a list of files
    ...     center=SkyCoord(83.63, 22.01, unit="deg"),
    ...     width=4 * u.deg,
    ...     binsz=0.02 * u.deg,
    ...     energy_edges=[1, 3, 10, 30] * u.TeV,
    ... )
    >>> counts.sum(["lat", "lon"]).values
    array([2, 0, 1])
    """
    sources, limits = event_sources(path_or_paths), check_cuts(cuts)
    new = {"center": center, "width": width, "binsz": binsz}
    _check_grid(like, new, proj, frame, energy_edges)
    if like is not None:
        grid = grid_like(like, energy_edges)
    else:
        grid = grid_of_new_pixels(NewGrid(**new, proj=proj, frame=frame), energy_edges)
    counts, total, notes = np.zeros(grid.shape, np.int64), Tally(), list[str]()
    for source, hdu in sources:
        with open_fits(source, lazy=True, energy_unit=energy_unit) as file:
            table = find_events(file, hdu)
            tally = fill_counts(counts, table, grid, limits)
        total, notes = total + tally, [*notes, *table.notes]
    place = f"like={_label(like)}" if like is not None else f"proj={proj} frame={frame}"
    names = "+".join(_label(source) for source, _ in sources)
    step = " ".join(["open_events", names, place, *_cut_text(limits)])
    return _counts_array(counts, grid, f"{step}: {total.text}{_notes_text(notes)}")


def _counts_array(counts: NDArray[np.int64], grid: EventGrid, step: str) -> xr.DataArray:
    variable = from_planes(data_array("counts", counts, MAPS), grid.pixels)
    variable.attrs = history_attrs(variable.attrs, xr.Dataset(), step)
    return xr.DataArray(variable, grid.coords.coords, name="counts")


def _label(source: Any) -> str:
    if isinstance(source, xr.Dataset | xr.DataArray):
        return type(source).__name__
    if isinstance(source, tuple):
        return f"{_label(source[0])}[{source[1]}]"
    return Path(source_name(source)).name


def _check_grid(like: Any, new: dict[str, Any], proj: Any, frame: Any, edges: Any) -> None:
    """Raise unless the options give one grid."""
    given = [name for name, value in new.items() if value is not None]
    if like is not None:
        changed = {"proj": proj != _PROJ, "frame": frame != _FRAME}
        given += [name for name, is_changed in changed.items() if is_changed]
        if given:
            raise InvalidOptionError(
                f"like gives the pixels, and so does {', '.join(given)}; give like, or center, "
                "width, binsz and energy_edges"
            )
        return
    missing = [name for name, value in {**new, "energy_edges": edges}.items() if value is None]
    if missing:
        found = ", ".join([*given, *(["energy_edges"] if edges is not None else [])]) or "none"
        raise InvalidOptionError(
            "open_events needs like=, such as a counts cube or maps, or all of center, width, "
            f"binsz and energy_edges; missing {', '.join(missing)}, found {found}"
        )


def _cut_text(limits: Sequence[Cut]) -> list[str]:
    return [f"cuts {', '.join(map(str, limits))}"] if limits else []


def _notes_text(notes: Sequence[str]) -> str:
    return "".join(f"; {note}" for note in dict.fromkeys(notes))
