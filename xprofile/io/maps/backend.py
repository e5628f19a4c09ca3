"""FITS files as Datasets for `xarray.open_dataset`, unread until they are needed."""

from __future__ import annotations

import os
from collections.abc import Hashable, Iterable
from pathlib import Path
from typing import Any

import xarray as xr
from xarray.backends import BackendEntrypoint

from ...exceptions import XProfileError
from ...schema.history import extend_history
from ...schema.names import ENERGY_UNIT, LAT, LON
from ...schema.units import energy_unit_name
from ...schema.variables import MAPS
from ..fits.files import FileSource, FitsFile, name_of, open_fits
from .assemble import assemble
from .mapdataset import read_mapdataset
from .template import map_of

__all__ = ["MapsBackend"]

_SUFFIXES = (".fits", ".fit", ".fts", ".fits.gz", ".fit.gz", ".fts.gz", ".fits.fz")

_LARGE = 2**26  # bytes; larger images are in chunks of at most this


class MapsBackend(BackendEntrypoint):
    """Maps of Gammapy's, or the first image of any other FITS file, with ``engine="xprofile"``."""

    description = "Gamma-ray sky maps in FITS, by xprofile"
    open_dataset_parameters = ("filename_or_obj", "drop_variables", "energy_unit", "checksum")

    def open_dataset(  # type: ignore[override]
        self,
        filename_or_obj: FileSource,
        *,
        drop_variables: str | Iterable[str] | None = None,
        energy_unit: str = ENERGY_UNIT,
        checksum: bool = False,
    ) -> xr.Dataset:
        """Open a file; see `xprofile.open_maps` and `xprofile.open_map`."""
        names = [drop_variables] if isinstance(drop_variables, str) else (drop_variables or [])
        skip, unit = set(names), energy_unit_name(energy_unit)
        with open_fits(filename_or_obj, lazy=True, checksum=checksum) as file:
            if _has_maps(file):
                parts = read_mapdataset(file, skip)
                maps = assemble(parts, unit, skip=skip, lazy=True)
            else:
                found = map_of(file, None, energy_unit=unit, lazy=True)
                maps = found.to_dataset()
            close = file.again.close if file.again is not None else None
        name = Path(name_of(filename_or_obj)).name
        maps = extend_history(maps, maps, f"open_dataset {name}")
        maps = maps.drop_vars(skip - set(MAPS), errors="ignore")
        for variable in maps.data_vars.values():
            if variable.nbytes > _LARGE and {LAT, LON} <= set(variable.dims):
                variable.encoding["preferred_chunks"] = _chunks(variable)
        maps.set_close(close)
        return maps

    def guess_can_open(self, filename_or_obj: Any) -> bool:
        """Whether it is a file of maps, which xarray would else not know how to read."""
        if not isinstance(filename_or_obj, str | os.PathLike):
            return False
        if not os.fspath(filename_or_obj).lower().endswith(_SUFFIXES):
            return False
        try:
            with open_fits(filename_or_obj, lazy=True) as file:
                return _has_maps(file)
        except (XProfileError, OSError):
            return False


def _has_maps(file: FitsFile) -> bool:
    return "COUNTS" in file and "EXPOSURE" in file


def _chunks(image: xr.DataArray) -> dict[Hashable, int]:
    """Chunks for a large image: planes, or some rows of them."""
    rows = max(_LARGE // (image.sizes[LON] * image.dtype.itemsize), 1)
    whole = {LAT: min(image.sizes[LAT], rows), LON: image.sizes[LON]}
    return {dim: whole.get(str(dim), 1) for dim in image.dims}
