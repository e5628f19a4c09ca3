"""Engine ``"xprofile"`` of `xarray.open_dataset`, which reads values when they are needed."""

from __future__ import annotations

import inspect
import os
from collections.abc import Hashable, Iterable
from typing import Any

import xarray as xr
from xarray.backends import BackendEntrypoint

from ...exceptions import InvalidOptionError, XProfileError
from ...schema.history import extend_history
from ...schema.names import CELL, LAT, LON
from ...schema.options import check_options
from ...schema.stages import is_healpix
from ...schema.variables import MAPS
from ..fits.files import FileSource, FitsFile, open_fits, reusable_source
from .opening import PARTS, open_maps, read_maps
from .single_map import open_map, read_single_map

__all__ = ["MapsBackend"]

_SUFFIXES = (".fits", ".fit", ".fts", ".fits.gz", ".fit.gz", ".fts.gz", ".fits.fz")
_CHUNK_BYTES = 2**26  # technical: size up to which an image is one chunk, as dask likes them
_STEP = "open_dataset"  # in the history

_OF_ONE_MAP = set(inspect.signature(open_map).parameters)
_OPTIONS = {*inspect.signature(open_maps).parameters, *_OF_ONE_MAP} - {
    "path", "drop_variables", "chunks"
}  # fmt: skip


class MapsBackend(BackendEntrypoint):
    """Opens maps of Gammapy, maps whose parts are named, or the first image of another file."""

    description = "Gamma-ray sky maps in FITS, by xprofile"
    open_dataset_parameters = ("filename_or_obj", "drop_variables", *sorted(_OPTIONS))

    def open_dataset(  # type: ignore[override]
        self,
        filename_or_obj: FileSource,
        *,
        drop_variables: str | Iterable[str] | None = None,
        **options: Any,
    ) -> xr.Dataset:
        """Open a file with the options of `xprofile.open_maps` and `xprofile.open_map`.

        It is opened by `open_maps` if it is a file of Gammapy, or if options name parts, such as
        ``hdu={"counts": "ON", ...}`` or ``exposure="exposure.fits"``: the file is then that of the
        counts. Other files are one map.
        """
        of_maps = {name: one for name, one in options.items() if name not in _OF_ONE_MAP}
        check_options(open_maps, of_maps, TypeError("unknown option"))
        names = [drop_variables] if isinstance(drop_variables, str) else [*(drop_variables or [])]
        source = reusable_source(filename_or_obj)
        parts = {name: one for name, one in options.items() if name in PARTS}
        others = {name: one for name, one in options.items() if name not in PARTS}
        with open_fits(source, lazy=True) as file:
            is_dataset = _has_maps(file)
        if parts or is_dataset or isinstance(options.get("hdu"), dict):
            if "column" in others:
                raise InvalidOptionError(
                    "column is for a single map, but the file is opened as maps of several parts; "
                    "read the part by open_map(..., column=...), and give it to open_maps"
                )
            known = [name for name in names if name in MAPS]
            path: FileSource | None = source
            if not is_dataset and "hdu" not in options and "counts" not in parts:
                parts, path = {"counts": source, **parts}, None
            maps, close = read_maps(
                path, parts, drop_variables=known, lazy=True, step=_STEP, **others
            )
        else:
            _check_options_of_one_map(others)
            one, close = read_single_map(source, lazy=True, step=_STEP, **others)
            history = one.attrs.pop("history")
            maps = extend_history(one.to_dataset(), xr.Dataset(), history)
        maps = maps.drop_vars({*names} - set(MAPS), errors="ignore")
        for name, chunks in _preferred_chunks(maps).items():
            maps.variables[name].encoding["preferred_chunks"] = chunks
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


def _check_options_of_one_map(options: dict[str, Any]) -> None:
    more = sorted(set(options) - _OF_ONE_MAP)
    if more:
        raise InvalidOptionError(
            f"{', '.join(more)} is for maps of several parts, but the file is opened as one map; "
            "name the parts as well, such as exposure=... or hdu={'counts': ..., ...}"
        )


def _has_maps(file: FitsFile) -> bool:
    return "COUNTS" in file and "EXPOSURE" in file


def _preferred_chunks(maps: xr.Dataset) -> dict[Hashable, dict[Hashable, int]]:
    """Return chunks for large images by name: single planes, or some rows of each plane.

    Of HEALPix, they are some cells at all energies, which are together in a file; the same cells
    for all images, and for the numbers of the cells.
    """
    if is_healpix(maps):
        images = {name: v for name, v in maps.variables.items() if CELL in v.dims}
        width = maps.sizes[CELL]
        most = max(variable.nbytes for variable in images.values())
        if most <= _CHUNK_BYTES:
            return {}
        cells = max(_CHUNK_BYTES * width // most, 1)
        return {name: {**v.sizes, CELL: cells} for name, v in images.items()}
    large = {k: v for k, v in maps.data_vars.items() if v.nbytes > _CHUNK_BYTES}
    return {k: _rows_of_planes(v) for k, v in large.items() if {LAT, LON} <= set(v.dims)}


def _rows_of_planes(image: xr.DataArray) -> dict[Hashable, int]:
    rows = max(_CHUNK_BYTES // (image.sizes[LON] * image.dtype.itemsize), 1)
    whole = {LAT: min(image.sizes[LAT], rows), LON: image.sizes[LON]}
    return {dim: whole.get(str(dim), 1) for dim in image.dims}
