"""HDUs of one file that are named as parts of maps."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ....exceptions import DataWarning, FileFormatError, InvalidOptionError
from ....schema.variables import MAPS
from ....schema.warning_place import user_stacklevel
from ...fits.files import FileSource, FitsFile
from ...fits.reading.skymaps import is_map_hdu

__all__ = ["check_choice", "name_hdus"]

_NAMES = {name.upper() for name in MAPS}


def check_choice(file: FitsFile, name: str, hdu: str) -> None:
    """Check the choice of the first image of a file for a part that no HDU has the name of.

    Raises
    ------
    FileFormatError
        If the image has the name of another part.

    Warns
    -----
    DataWarning
        If the file has several images beyond its first HDU.
    """
    if hdu in (name.upper(), file.hdus[0].name):
        return
    images = [one.name for one in file.hdus if is_map_hdu(one)]
    how = f"name the HDU: {name}=({Path(file.name).name!r}, {images[-1]!r}), for example"
    if hdu in _NAMES:
        raise FileFormatError(
            f"{file.label} has no HDU {name.upper()}, expected one: {hdu} is another part; found "
            f"{file.hdu_names}; {how}"
        )
    if len(images) > 1:
        warnings.warn(
            f"{file.label} has the images {', '.join(images)}, none of which is named "
            f"{name.upper()}; the first, {hdu}, is taken as {name}; {how}",
            DataWarning,
            stacklevel=user_stacklevel(),
        )


def name_hdus(
    path: FileSource | None, hdu: Mapping[str, Any] | None, given: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the sources that are given, and those that HDUs of the file are."""
    known = isinstance(hdu, Mapping) and bool(hdu) and set(hdu) <= set(given)
    if hdu is not None and (path is None or not known):
        raise InvalidOptionError(
            f"hdu needs the path of a file and the HDUs of parts in it, among {list(given)}, as in "
            f"hdu={{'counts': 'ON', 'exposure': 2}}; found {hdu!r} and the path {path!r}"
        )

    def in_file(name: Any) -> Any:
        return [in_file(one) for one in name] if isinstance(name, list | tuple) else (path, name)

    sources = {name: in_file(names) for name, names in (hdu or {}).items()}
    return sources | {name: source for name, source in given.items() if source is not None}
