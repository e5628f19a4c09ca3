"""Opening of maps: one FITS file with everything, or one file for each part."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack
from typing import Any

import astropy.units as u
import xarray as xr
from astropy.coordinates import BaseCoordinateFrame

from ...maps.arrays import effective_areas
from ...maps.value_warnings import warn_of_odd_values
from ...maps.world.frames import frame_from_option
from ...schema.history import extend_history
from ...schema.names import ENERGY_UNIT
from ...schema.options import NOT_GIVEN, NotGiven, suggests_options
from ...schema.units import energy_unit_name
from ...schema.variables import MAPS
from ..fits.files import FileSource
from .assembly import continued_psf, maps_from_parts
from .gammapy_files import read_mapdataset
from .images.arguments import check_sources, history_line, seconds, variables_to_leave_out
from .images.bands import energy_bands
from .images.given_units import UnitOfPart, given_units, set_units
from .images.named_hdus import name_hdus
from .images.sources import HduName, PartSource, SourceOpener
from .parts import RESPONSES, MapParts, add_part

__all__ = ["PARTS", "open_maps", "read_maps"]

PARTS = (*MAPS, "alpha")  # options of `open_maps` that name parts


@suggests_options
def open_maps(
    path: FileSource | None = None,
    *,
    counts: PartSource | Sequence[PartSource] | None = None,
    background: PartSource | Sequence[Any] | None = None,
    exposure: PartSource | Sequence[PartSource] | None = None,
    mask: PartSource | Sequence[Any] | None = None,
    edisp: PartSource | NotGiven | None = NOT_GIVEN,
    psf: PartSource | NotGiven | None = NOT_GIVEN,
    counts_off: PartSource | Sequence[PartSource] | None = None,
    acceptance: PartSource | Sequence[PartSource] | None = None,
    acceptance_off: PartSource | Sequence[PartSource] | None = None,
    alpha: PartSource | Sequence[PartSource] | None = None,
    hdu: Mapping[str, HduName | Sequence[Any]] | None = None,
    unit: Mapping[str, UnitOfPart] | None = None,
    energy_edges: u.Quantity | None = None,
    exposure_unit: str | u.UnitBase | None = None,
    effective_area: u.Quantity | None = None,
    livetime: u.Quantity | None = None,
    energy_unit: str | NotGiven = NOT_GIVEN,
    frame: str | BaseCoordinateFrame | None = None,
    drop_variables: Iterable[str] = (),
    chunks: int | str | Mapping[str, Any] | None = None,
    checksum: bool = False,
) -> xr.Dataset:
    """Read cubes or images from FITS: from one file of Gammapy, or from one file for each part.

    Parameters
    ----------
    path : str, path-like or file object, optional
        MapDataset or MapDatasetOnOff of Gammapy in one FITS file, compressed or not. It may also be
        an address that fsspec opens.
    counts, background, exposure, mask, edisp, psf : optional
        Single parts, which replace those in `path`: files of the Fermi tools, ctools or Gammapy, or
        DataArrays such as those of another maps Dataset. A tuple ``("maps.fits", "ON")`` names an
        HDU of a file. Several backgrounds, such as ``[diffuse, other_sources]``, are added; a
        number, such as ``background=0``, is the value of all pixels. Of several masks, all must be
        True. Without a background, maps can be binned, but not fitted. ``edisp=None`` and
        ``psf=None`` leave these out, as `drop_variables` does.
    counts_off, acceptance, acceptance_off : optional
        Parts of on-off data, instead of a background.
    alpha : optional
        Ratio of the acceptances of the on and the off counts, in place of both: ``acceptance`` is
        `alpha`, and ``acceptance_off`` is 1.
    hdu : dict, optional
        HDUs of the parts in `path`, if it is not a file of Gammapy: ``{"counts": "ON", ...}``.
    unit : dict, optional
        Units of the values of parts, instead of those that files name or formats define:
        ``{"exposure": "cm2 s", "counts": "ct"}``. A dict also gives the unit of the energies of a
        part: ``{"exposure": {"values": "cm2 s", "energy": "GeV"}}``, or only one of both. Those of
        an energy dispersion are its true energies.
    energy_edges : Quantity, optional
        Energy bands of images, which have no energies: ``[0.5, 2] * u.keV``. If there are several,
        each part is a list of one image for each band, and backgrounds that are added are lists in
        the list; or a cube whose file has no energies. One image of an exposure, mask or acceptance
        stands for all bands.
    exposure_unit : str or Unit, optional
        Unit of the exposure, as ``unit={"exposure": ...}``. Images that have none need it.
    effective_area : Quantity, optional
        Area by which an exposure in s is multiplied: one value, or one for each true energy.
    livetime : astropy.units.Quantity, optional
        Live time for background rates of ctools. By default it is LIVETIME in the header of the
        exposure, or else of another part.
    energy_unit : str
        Unit of both energy axes, TeV if it is not given. Energies in files are also taken to be in
        it where neither the file nor its format names their unit; without it, that is an error.
    frame : str or astropy frame, optional
        Sky frame of HEALPix maps whose files name none, such as ``"icrs"`` for exposures of the
        Fermi tools. It holds for all parts that name none; without it, that is an error.
    drop_variables : iterable of str
        Variables to leave out, for example ``["edisp"]``. Without energy dispersion, true and
        reconstructed energy are taken to be the same.
    chunks : int, "auto" or dict, optional
        Chunks of dask arrays, as for `xarray.open_dataset`: ``{}`` makes each variable one chunk.
        The images of uncompressed files are then read when they are needed.
    checksum : bool
        Compare HDUs with their checksums, where they have one.

    Returns
    -------
    xarray.Dataset
        Maps with these variables, as far as the files have them:

        - ``counts`` (energy, lat, lon): counts.
        - ``background`` (energy, lat, lon): predicted background counts.
        - ``exposure`` (energy_true, lat, lon) in cm2 s.
        - ``mask`` (energy, lat, lon): True where data are used. It is mask_safe of Gammapy, and
          mask_fit as well if the file has one.
        - ``edisp`` (energy_true, energy) or (lat_edisp, lon_edisp, energy_true, energy): fraction
          of the events of a true-energy bin in each energy bin.
        - ``psf`` (energy_true, rad) or (lat_psf, lon_psf, energy_true, rad) in sr-1: point spread
          function.
        - ``counts_off``, ``acceptance``, ``acceptance_off`` (energy, lat, lon): off counts and
          relative acceptances, instead of a background.
        - Coordinates ``energy``, ``energy_min``, ``energy_max`` (energy), and the same for
          ``energy_true``, in `energy_unit`; ``rad`` in deg.
        - Coordinates ``x`` (lon) and ``y`` (lat), the pixel numbers, and ``wcs``; ``lon`` (lon) and
          ``lat`` (lat) in deg if the WCS is a plate carree along them.
        - Of HEALPix, ``cell`` in place of ``lat`` and ``lon``, with the coordinates ``cell_ids``
          (cell), the numbers of the cells, and ``healpix``, level, scheme and frame of the grid.

    Raises
    ------
    MissingFileError
        If a file does not exist.
    FileFormatError
        If a file is truncated, of another format, or lacks a part, or if parts have different
        pixels or energies. Also if a HEALPix map names no sky frame and `frame` is not given.
    InvalidOptionError
        If an option has a wrong value, a file has no such HDU, or counts or exposure are missing.
    InvalidEnergyError
        If `energy_edges` are not ascending energies.

    Warns
    -----
    DataWarning
        If maps have unusual values, such as negative or fractional counts, or a mask that is False
        everywhere. With `chunks`, values are not checked here, but when they are used. Also if an
        exposure or a background rate does not cover all pixels: the mask leaves these out.

    See Also
    --------
    xprofile.open_map : Read one image or cube.
    xprofile.open_events : Count the events of event lists.
    xprofile.from_gammapy : Take a dataset of Gammapy from memory.
    xprofile.from_arrays : Make maps of arrays.
    xprofile.write_maps : Write maps to FITS.
    xprofile.tutorial.open_maps : Open example data.

    Examples
    --------
    One file that holds all maps:

    >>> import astropy.units as u
    >>> import xprofile
    >>> sky = xprofile.tutorial.open_maps("galactic-center-sim")
    >>> sky.isel(lat=slice(90, 110), lon=slice(180, 220)).profile.to_fits("maps.fits")
    >>> maps = xprofile.open_maps("maps.fits")
    >>> dict(maps.counts.sizes)
    {'energy': 11, 'lat': 20, 'lon': 40}

    Parts from files (or from memory, as here), such as an image in X-rays with its exposure in s:

    >>> counts = maps.counts.isel(energy=0, drop=True)
    >>> image = xprofile.open_maps(
    ...     counts=counts,
    ...     background=0 * counts,
    ...     exposure=counts.copy(data=0 * counts + 3e4).assign_attrs(units="s"),
    ...     energy_edges=[0.5, 2] * u.keV,
    ...     effective_area=240 * u.cm**2,
    ... )
    >>> image.exposure.max().item(), image.exposure.units
    (7200000.0, 'cm2 s')
    """
    given = {
        "counts": counts, "background": background, "exposure": exposure, "mask": mask,
        "edisp": edisp, "psf": psf, "counts_off": counts_off, "acceptance": acceptance,
        "acceptance_off": acceptance_off, "alpha": alpha,
    }  # fmt: skip
    lazy = chunks is not None
    maps, _ = read_maps(
        path, given, hdu=hdu, unit=unit, energy_edges=energy_edges, exposure_unit=exposure_unit,
        effective_area=effective_area, livetime=livetime, energy_unit=energy_unit, frame=frame,
        drop_variables=drop_variables, lazy=lazy, checksum=checksum,
    )  # fmt: skip
    if chunks is not None:
        return maps.chunk(chunks)
    warn_of_odd_values(maps)
    return maps


def read_maps(
    path: FileSource | None,
    given: Mapping[str, Any],
    *,
    hdu: Mapping[str, Any] | None = None,
    unit: Mapping[str, Any] | None = None,
    energy_edges: u.Quantity | None = None,
    exposure_unit: str | u.UnitBase | None = None,
    effective_area: u.Quantity | None = None,
    livetime: u.Quantity | None = None,
    energy_unit: str | NotGiven = NOT_GIVEN,
    frame: str | BaseCoordinateFrame | None = None,
    drop_variables: Iterable[str] = (),
    lazy: bool = False,
    checksum: bool = False,
    step: str = "open_maps",
) -> tuple[xr.Dataset, Callable[[], None]]:
    """Read the parts that are given or in a file, with the options of `open_maps`.

    The history names the `step`.

    Returns
    -------
    maps : xarray.Dataset
        The maps. With `lazy`, xarray reads the values when they are needed.
    close : callable
        Closes the files from which values are read later.
    """
    skip = variables_to_leave_out(drop_variables)
    skip |= {name for name in RESPONSES if given.get(name, NOT_GIVEN) is None}
    given = {name: None if given.get(name) is NOT_GIVEN else given.get(name) for name in PARTS}
    named = name_hdus(path, hdu, given)
    sources = {name: named[name] for name in given if name in named}
    options = {"unit": unit, "energy_edges": energy_edges, "exposure_unit": exposure_unit,
               "effective_area": effective_area, "frame": frame}  # fmt: skip
    path = path if hdu is None else None
    check_sources(path, sources, skip)
    units = given_units(unit, exposure_unit, MAPS)
    known_unit = None if energy_unit is NOT_GIVEN else energy_unit_name(energy_unit)
    bands = energy_bands(energy_edges)
    sky_frame = None if frame is None else frame_from_option(frame)
    area = None if effective_area is None else effective_areas(effective_area)
    parts = MapParts(bands=bands, effective_area=area)
    with ExitStack() as stack:
        opener = SourceOpener(stack, lazy, checksum, known_unit, units, bands, sky_frame)
        _open_parts(parts, opener, path, sources, skip)
        known = set_units(parts.images, parts.responses, units)
        axis_unit, time = known_unit or ENERGY_UNIT, seconds(livetime)
        maps = maps_from_parts(parts, axis_unit, skip=skip, livetime=time, lazy=lazy)
        assumed = [*_assumed(parts, opener.notes, known), *continued_psf(parts, maps)]
    maps = extend_history(maps, maps, history_line(step, path, sources, options))
    if assumed:
        maps = extend_history(maps, maps, f"{step} assumed: {'; '.join(assumed)}")
    return maps, opener.closer()


def _open_parts(
    parts: MapParts,
    opener: SourceOpener,
    path: FileSource | None,
    sources: Mapping[str, PartSource | Sequence[Any]],
    skip: set[str],
) -> None:
    """Open all files, and add the parts in them."""
    if path is not None:
        found = read_mapdataset(opener.file(path), skip | set(sources), opener)
        parts.images, parts.responses = found.images, found.responses
        parts.optional = found.optional
    for name, source in sources.items():
        add_part(parts, opener, "acceptance" if name == "alpha" else name, source)
        if name == "alpha":
            add_part(parts, opener, "acceptance_off", 1.0)


def _assumed(parts: MapParts, notes: list[str], known: list[str]) -> list[str]:
    """Return notes on all that was assumed, but the units of parts that the caller gives.

    Exposures of cubes without a unit are taken to be in that of maps.
    """
    images = parts.images.get("exposure", []) if parts.effective_area is None else []
    bare = [image for image in images if image.axes and not image.unit and not image.has_bands]
    given = tuple(f"{label} in " for label in known)
    notes = [note for note in notes if not note.startswith(given)]
    return [*notes, *(f"{image.label} in {MAPS['exposure'].unit}" for image in bare)]
