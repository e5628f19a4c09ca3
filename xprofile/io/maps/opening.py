"""Opening of maps: one FITS file with everything, or one file for each part."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import astropy.units as u
import xarray as xr

from ...exceptions import InvalidOptionError
from ...maps.value_warnings import warn_of_odd_values
from ...schema.history import extend_history
from ...schema.names import ENERGY_UNIT
from ...schema.options import suggests_options
from ...schema.units import energy_unit_name
from ...schema.variables import MAPS
from ..fits.files import FileSource, open_fits, source_name
from .assembly import maps_from_parts
from .gammapy_files import read_mapdataset
from .parts import MapParts, PartSource, add_part

__all__ = ["open_maps"]


@suggests_options
def open_maps(
    path: FileSource | None = None,
    *,
    counts: PartSource | None = None,
    background: PartSource | Sequence[PartSource] | None = None,
    exposure: PartSource | None = None,
    mask: PartSource | Sequence[PartSource] | None = None,
    edisp: PartSource | None = None,
    psf: PartSource | None = None,
    counts_off: PartSource | None = None,
    acceptance: PartSource | None = None,
    acceptance_off: PartSource | None = None,
    livetime: u.Quantity | None = None,
    energy_unit: str = ENERGY_UNIT,
    drop_variables: Iterable[str] = (),
    chunks: int | str | Mapping[str, Any] | None = None,
    checksum: bool = False,
) -> xr.Dataset:
    """Read map cubes from FITS: from one file of Gammapy, or from one file for each part.

    Parameters
    ----------
    path : str, path-like or file object, optional
        MapDataset or MapDatasetOnOff of Gammapy in one FITS file, compressed or not. It may also be
        an address that fsspec opens.
    counts, background, exposure, mask, edisp, psf : optional
        Single parts, which replace those in `path`: files of the Fermi tools, ctools or Gammapy, or
        DataArrays such as those of another maps Dataset. Several backgrounds, such as
        ``[diffuse, other_sources]``, are added. Of several masks, all must be True.
    counts_off, acceptance, acceptance_off : optional
        Parts of on-off data, instead of a background.
    livetime : astropy.units.Quantity, optional
        Live time for background rates of ctools, if no header has it.
    energy_unit : str
        Unit of both energy axes.
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

    Raises
    ------
    MissingFileError
        If a file does not exist.
    FileFormatError
        If a file is truncated, of another format, or lacks a part, or if parts have different
        pixels or energies.
    InvalidOptionError
        If `energy_unit` is not a unit of energy, a variable to drop is unknown, or no file is
        given.

    Warns
    -----
    DataWarning
        If maps have unusual values, such as negative or fractional counts, or a mask that is False
        everywhere. With `chunks`, values are not checked here, but when they are used.

    See Also
    --------
    xprofile.open_map : Read one image or cube.
    xprofile.from_gammapy : Take a dataset of Gammapy from memory.
    xprofile.from_arrays : Make maps of arrays.
    xprofile.write_maps : Write maps to FITS.
    xprofile.tutorial.open_maps : Open example data.

    Examples
    --------
    >>> import xprofile
    >>> maps = xprofile.open_maps("fermi-3fhl-gc.fits.gz")  # doctest: +SKIP
    >>> maps = xprofile.open_maps(
    ...     counts="counts.fits", background="model.fits", exposure="expcube.fits", psf="psf.fits"
    ... )  # doctest: +SKIP
    """
    given = {
        "counts": counts, "background": background, "exposure": exposure, "mask": mask,
        "edisp": edisp, "psf": psf, "counts_off": counts_off, "acceptance": acceptance,
        "acceptance_off": acceptance_off,
    }  # fmt: skip
    sources = {name: source for name, source in given.items() if source is not None}
    skip = {drop_variables} if isinstance(drop_variables, str) else set(drop_variables)
    _check_sources(path, sources, skip)
    unit, seconds, lazy = energy_unit_name(energy_unit), _seconds(livetime), chunks is not None
    with ExitStack() as stack:
        parts = _open_parts(stack, path, sources, skip, lazy=lazy, checksum=checksum)
        maps = maps_from_parts(parts, unit, skip=skip, livetime=seconds, lazy=lazy)
    maps = extend_history(maps, maps, _history_line(path, sources))
    if lazy:
        return maps.chunk(chunks)
    warn_of_odd_values(maps)
    return maps


def _check_sources(path: FileSource | None, sources: Mapping[str, Any], skip: set[str]) -> None:
    unknown = skip - set(MAPS)
    if unknown:
        raise InvalidOptionError(
            f"drop_variables has {sorted(unknown)}, but the variables are {list(MAPS)}"
        )
    if path is not None:
        return
    off = "counts_off" in sources
    needed = ["counts", "exposure", *(["acceptance", "acceptance_off"] if off else ["background"])]
    missing = [name for name in needed if name not in sources and name not in skip]
    if missing:
        raise InvalidOptionError(
            f"open_maps needs one file with all parts, or {' and '.join(needed)}; missing "
            f"{', '.join(missing)}, found {', '.join(sources) or 'none'}"
        )


def _open_parts(
    stack: ExitStack,
    path: FileSource | None,
    sources: Mapping[str, PartSource | Sequence[PartSource]],
    skip: set[str],
    **options: bool,
) -> MapParts:
    """Open all files, which `stack` closes, and return the parts in them."""
    parts = MapParts()
    if path is not None:
        file = stack.enter_context(open_fits(path, **options))
        parts = read_mapdataset(file, skip | set(sources))
    for name, source in sources.items():
        add_part(parts, stack, name, source, **options)
    return parts


def _history_line(path: FileSource | None, sources: Mapping[str, Any]) -> str:
    file = [] if path is None else [_source_label(path)]
    parts = [f"{name}={_source_label(source)}" for name, source in sources.items()]
    return " ".join(["open_maps", *file, *parts])


def _source_label(source: Any) -> str:
    if isinstance(source, list | tuple):
        return "+".join(map(_source_label, source))
    return "DataArray" if isinstance(source, xr.DataArray) else Path(source_name(source)).name


def _seconds(livetime: u.Quantity | None) -> float | None:
    if livetime is None:
        return None
    try:
        return float(livetime.to_value("s"))
    except (AttributeError, TypeError, u.UnitConversionError):
        raise InvalidOptionError(
            f"livetime must be a Quantity of time, such as 50 * u.h; found {livetime!r}"
        ) from None
