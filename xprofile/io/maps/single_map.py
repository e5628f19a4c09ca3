"""One map of a FITS file: a template such as a gas map or a diffuse model, or any other cube."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from typing import Any

import astropy.units as u
import xarray as xr
from astropy.coordinates import BaseCoordinateFrame
from xarray.core import indexing

from ...exceptions import InvalidOptionError
from ...maps.axes import add_axis
from ...maps.world.frames import frame_from_option
from ...schema.names import ENERGY, ENERGY_TRUE, ENERGY_UNIT
from ...schema.options import NOT_GIVEN, NotGiven, suggests_options
from ...schema.units import energy_unit_name
from ..fits.files import FileSource, FitsFile
from ..fits.reading.skymaps import read_skymap
from ..fits.units import unit_to_keep
from .images.arguments import history_line
from .images.bands import energy_bands, image_in_band
from .images.given_units import UnitOfPart, given_unit
from .images.sources import SourceOpener

__all__ = ["open_map", "read_single_map"]


@suggests_options
def open_map(
    path: FileSource,
    *,
    hdu: str | int | None = None,
    unit: UnitOfPart | None = None,
    energy_edges: u.Quantity | None = None,
    energy_unit: str | NotGiven = NOT_GIVEN,
    frame: str | BaseCoordinateFrame | None = None,
    column: str | None = None,
    chunks: int | str | Mapping[str, Any] | None = None,
    checksum: bool = False,
) -> xr.DataArray:
    """Read one image or cube of the sky from FITS, such as a template or a map of Gammapy.

    Parameters
    ----------
    path : str, path-like or file object
        FITS file with an image that has a celestial WCS, or with a HEALPix table, compressed or
        not. The energies come from a table BANDS, EBOUNDS or ENERGIES, or from an axis log_Energy.
    hdu : str or int, optional
        Name or number of the HDU; the first image or HEALPix table by default.
    unit : str, astropy.units.Unit or dict, optional
        Unit of the values, instead of the unit in the file. Both may be written as people do:
        ``counts``, ``JY/BEAM``, ``cm^2 s``. A dict also gives the unit of the energies, instead of
        the unit in the file or in its format: ``{"values": "cm2 s", "energy": "GeV"}``, or only one
        of both.
    energy_edges : Quantity, optional
        Edges of the planes of a cube whose file has no energies: ``[10, 30, 100] * u.GeV``.
    energy_unit : str
        Unit of the energies, TeV if it is not given. Energies in the file are also taken to be in
        it where neither the file nor its format names their unit; without it, that is an error.
    frame : str or astropy frame, optional
        Sky frame of a HEALPix map whose file names none, such as ``"icrs"`` or ``"galactic"``.
    column : str, optional
        Column of a HEALPix table that holds several maps, such as ``"Q_STOKES"``.
    chunks : int, "auto" or dict, optional
        Chunks of a dask array, as for `xarray.open_dataset`.
    checksum : bool
        Compare HDUs with their checksums, where they have one.

    Returns
    -------
    xarray.DataArray
        The map, with its unit in ``attrs["units"]``.

        - Dims (lat, lon) for an image, (energy, lat, lon) for a cube of energy bins, and
          (energy_true, lat, lon) for a cube of values at energies.
        - Coordinates ``energy`` or ``energy_true`` with their edges, in `energy_unit`.
        - Coordinates ``x`` (lon) and ``y`` (lat), the pixel numbers, and ``wcs``; ``lon`` (lon) and
          ``lat`` (lat) in deg if the WCS is a plate carree along them.
        - Of HEALPix, ``cell`` in place of ``lat`` and ``lon``, with the coordinates ``cell_ids``
          (cell) and ``healpix``. Cells without data, such as UNSEEN of healpy, are NaN.

    Raises
    ------
    MissingFileError
        If the file does not exist.
    FileFormatError
        If the file is not FITS, has no such image, or the image has no celestial WCS, no energies
        for its planes. Also if a HEALPix map names no sky frame and `frame` is not given.
    InvalidOptionError
        If the file has no HDU `hdu`, or the map no column `column`, if `unit`, `energy_unit` or
        `frame` is not valid, or if the map has other energies than `energy_edges`.

    Warns
    -----
    DataWarning
        If the unit in the file is unknown. It is kept as text. Also if a HEALPix table holds
        several maps, and the first is read.

    See Also
    --------
    xprofile.open_maps : Read counts, background, exposure and the rest.
    xprofile.bin_image : Average or sum a map in bins.

    Examples
    --------
    >>> import astropy.units as u
    >>> from astropy.coordinates import SkyCoord
    >>> import xprofile
    >>> center = SkyCoord(0, 0, unit="deg", frame="galactic")
    >>> maps = xprofile.tutorial.open_maps("galactic-center-sim")
    >>> maps.isel(lat=slice(90, 110), lon=slice(180, 220)).profile.to_fits("maps.fits")
    >>> background = xprofile.open_map("maps.fits", hdu="BACKGROUND")
    >>> rings = xprofile.SkyBins.annuli(center, radius_max=0.4 * u.deg, nbin=2)
    >>> background.profile.bin(rings, how="mean").dims
    ('energy', 'projected_distance')
    """
    found, _ = read_single_map(
        path, hdu=hdu, unit=unit, energy_edges=energy_edges, energy_unit=energy_unit,
        frame=frame, column=column, lazy=chunks is not None, checksum=checksum,
    )  # fmt: skip
    return found.chunk(chunks) if chunks is not None else found


def read_single_map(
    path: FileSource,
    *,
    hdu: str | int | None = None,
    unit: UnitOfPart | None = None,
    energy_edges: u.Quantity | None = None,
    energy_unit: str | NotGiven = NOT_GIVEN,
    frame: str | BaseCoordinateFrame | None = None,
    column: str | None = None,
    lazy: bool = False,
    checksum: bool = False,
    step: str = "open_map",
) -> tuple[xr.DataArray, Callable[[], None]]:
    """Read one map with the options of `open_map`; the history names the `step`.

    Returns
    -------
    found : xarray.DataArray
        The map. With `lazy`, xarray reads the values when they are needed.
    close : callable
        Closes the file from which values are read later.
    """
    given, bands = given_unit(unit), energy_bands(energy_edges)
    known_unit = None if energy_unit is NOT_GIVEN else energy_unit_name(energy_unit)
    with ExitStack() as stack:
        opener = SourceOpener(
            stack, lazy, checksum, known_unit, {"map": given}, bands,
            None if frame is None else frame_from_option(frame),
        )  # fmt: skip
        file = opener.for_part("map", opener.file(path))
        unit_of_axis = known_unit or ENERGY_UNIT
        found = _read_map(file, hdu, column, unit=given.values, energy_unit=unit_of_axis, lazy=lazy)
    options = {"hdu": hdu, "unit": unit, "energy_edges": energy_edges, "frame": frame,
               "column": column}  # fmt: skip
    found.attrs["history"] = history_line(step, path, {}, options)
    if file.notes:
        found.attrs["history"] += f"\n{step} assumed: {'; '.join(file.notes)}"
    return found, opener.closer()


def _read_map(
    file: FitsFile,
    hdu: str | int | None,
    column: str | None,
    *,
    unit: str | None = None,
    energy_unit: str = ENERGY_UNIT,
    lazy: bool = False,
) -> xr.DataArray:
    """Read one map from an open file; the options are those of `open_map`."""
    key = None if hdu is None else file.find(hdu)
    if hdu is not None and key is None:
        raise InvalidOptionError(
            f"no HDU {hdu!r} in {file.label}, expected the name or number of one of its HDUs; "
            f"found {file.hdu_names}"
        )
    image = read_skymap(file, [] if key is None else [key], column)
    if file.bands is not None and not image.given_energies:
        image = image_in_band(image, file.bands)
    coords = image.coords(lazy=lazy)
    for axis in image.axes:
        energy = axis.name in (ENERGY, ENERGY_TRUE)
        coords = add_axis(coords, axis.to(energy_unit) if energy else axis, image.label)
    dims = (*(axis.name for axis in image.axes), *image.sky_dims)
    cube = image.cube.without_axes(len(image.cube.shape) - len(image.axes) - 2)
    cube = cube.squeezed([len(image.axes)]) if len(cube.shape) > len(dims) else cube
    values = indexing.LazilyIndexedArray(cube) if lazy else cube.read()
    found_unit = unit_to_keep(image.unit, image.label) if unit is None else unit
    attrs = {"units": found_unit} if found_unit else {}
    unnamed = ("", "PRIMARY", "XTENSION")  # the last is the name that healpy gives
    name = (image.column or "map" if image.hdu.upper() in unnamed else image.hdu).lower()
    return xr.DataArray(xr.Variable(dims, values, attrs), coords.coords, name=name)
