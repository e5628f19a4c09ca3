"""Engine ``"xprofile"`` of `xarray.open_dataset`, which reads values when they are needed."""

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
from ..fits.files import FileSource, FitsFile, open_fits, source_name
from .assembly import maps_from_parts
from .gammapy_files import read_mapdataset
from .single_map import read_map

__all__ = ["MapsBackend"]

_SUFFIXES = (".fits", ".fit", ".fts", ".fits.gz", ".fit.gz", ".fts.gz", ".fits.fz")
_CHUNK_BYTES = 2**26  # technical: size up to which an image is one chunk, as dask likes them


class MapsBackend(BackendEntrypoint):
    """Opens maps of Gammapy, or the first image of any other FITS file."""

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
                maps = maps_from_parts(read_mapdataset(file, skip), unit, skip=skip, lazy=True)
            else:
                maps = read_map(file, None, energy_unit=unit, lazy=True).to_dataset()
            close = file.manager.close if file.manager is not None else None
        name = Path(source_name(filename_or_obj)).name
        maps = extend_history(maps, maps, f"open_dataset {name}")
        maps = maps.drop_vars(skip - set(MAPS), errors="ignore")
        for variable in maps.data_vars.values():
            if variable.nbytes > _CHUNK_BYTES and {LAT, LON} <= set(variable.dims):
                variable.encoding["preferred_chunks"] = _preferred_chunks(variable)
        maps.set_close(close)
        return maps

    def guess_can_open(self, filename_or_obj: Any) -> bool:
        """Whether a path leads to a FITS file with maps, which other engines cannot read."""
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


def _preferred_chunks(image: xr.DataArray) -> dict[Hashable, int]:
    """Return chunks for a large image: single planes, or some rows of each plane."""
    rows = max(_CHUNK_BYTES // (image.sizes[LON] * image.dtype.itemsize), 1)
    whole = {LAT: min(image.sizes[LAT], rows), LON: image.sizes[LON]}
    return {dim: whole.get(str(dim), 1) for dim in image.dims}
