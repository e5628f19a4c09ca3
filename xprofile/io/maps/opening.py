"""Open maps, whatever the files hold."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import astropy.units as u
import xarray as xr

from ...exceptions import InvalidOptionError
from ...maps.values import warn_of_values
from ...schema.history import extend_history
from ...schema.names import ENERGY_UNIT
from ...schema.units import energy_unit_name
from ...schema.variables import MAPS
from ..fits.files import FileSource, name_of, open_fits
from .assemble import assemble
from .mapdataset import read_mapdataset
from .parts import Parts, PartSource, add_part

__all__ = ["open_maps"]


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
    """Read map cubes from FITS: one file of Gammapy's, or parts of any origin.

    Parameters
    ----------
    path : str, path-like or file object, optional
        Gammapy's MapDataset or MapDatasetOnOff in one FITS file, compressed or not; or an address
        that fsspec opens.
    counts, background, exposure, mask, edisp, psf : optional
        Parts by themselves, in the place of those in `path`: files of the Fermi tools, ctools or
        Gammapy, or DataArrays such as those of another maps Dataset. Several backgrounds, such as
        ``[diffuse, other_sources]``, are added up; of several masks all have to be True.
    counts_off, acceptance, acceptance_off : optional
        The same, in the place of a background.
    livetime : astropy.units.Quantity, optional
        For background rates of ctools, if no header has it.
    energy_unit : str
        Unit of both energy axes.
    drop_variables : iterable of str
        Variables to leave out, for example ``["edisp"]``: then the response is taken to have no
        energy dispersion.
    chunks : int, "auto" or dict, optional
        Chunks of dask arrays, as for `xarray.open_dataset`: ``{}`` for one chunk each. Images of
        files that are not compressed are then read when they are needed.
    checksum : bool
        Compare the HDUs that have a checksum with it.

    Returns
    -------
    xarray.Dataset
        ``counts``, ``background``, ``mask`` (energy, lat, lon), ``exposure`` (energy_true, lat,
        lon) in cm2 s, ``edisp`` (energy_true, energy), ``psf`` (energy_true, rad) in sr-1;
        ``mask`` is Gammapy's mask_safe, and mask_fit where there is one.

    Raises
    ------
    MissingFileError
        If there is no such file.
    FileFormatError
        If a file is truncated, of another format, or has a part missing; or if parts are on
        different pixels or energies.
    InvalidOptionError
        If `energy_unit` is not one of energy, a variable to drop does not exist, or no file is
        named.

    Warns
    -----
    DataWarning
        If values are not what such maps have: see `xprofile.maps.values.warn_of_values`. With
        `chunks` they are not looked at before they are used.

    Examples
    --------
    >>> import xprofile
    >>> maps = xprofile.open_maps("fermi-3fhl-gc.fits.gz")  # doctest: +SKIP
    >>> maps = xprofile.open_maps(
    ...     counts="counts.fits", background="model.fits", exposure="expcube.fits", psf="psf.fits"
    ... )  # doctest: +SKIP
    """
    skip = {drop_variables} if isinstance(drop_variables, str) else set(drop_variables)
    given = {
        "counts": counts, "background": background, "exposure": exposure, "mask": mask,
        "edisp": edisp, "psf": psf, "counts_off": counts_off, "acceptance": acceptance,
        "acceptance_off": acceptance_off,
    }  # fmt: skip
    sources = {name: source for name, source in given.items() if source is not None}
    _check(path, sources, skip)
    unit = energy_unit_name(energy_unit)
    lazy = chunks is not None
    options = {"lazy": lazy, "checksum": checksum}
    with ExitStack() as stack:
        parts = Parts()
        if path is not None:
            file = stack.enter_context(open_fits(path, **options))
            parts = read_mapdataset(file, skip | set(sources))
        for name, source in sources.items():
            add_part(parts, stack, name, source, **options)
        time = None if livetime is None else _seconds(livetime)
        maps = assemble(parts, unit, skip=skip, livetime=time, lazy=lazy)
    named = [f"{name}={_label(source)}" for name, source in sources.items()]
    words = [*([Path(name_of(path)).name] if path is not None else []), *named]
    maps = extend_history(maps, maps, f"open_maps {' '.join(words)}")
    if lazy:
        return maps.chunk(chunks)
    warn_of_values(maps)
    return maps


def _check(path: FileSource | None, sources: Mapping[str, Any], skip: set[str]) -> None:
    unknown = skip - set(MAPS)
    if unknown:
        raise InvalidOptionError(f"drop_variables has {sorted(unknown)}; there are {list(MAPS)}")
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


def _label(source: Any) -> str:
    if isinstance(source, list | tuple):
        return "+".join(map(_label, source))
    return "DataArray" if isinstance(source, xr.DataArray) else Path(name_of(source)).name


def _seconds(livetime: u.Quantity) -> float:
    try:
        return float(livetime.to_value("s"))
    except (AttributeError, TypeError, u.UnitConversionError):
        raise InvalidOptionError(
            f"livetime is to be a Quantity of time, found {livetime!r}"
        ) from None
