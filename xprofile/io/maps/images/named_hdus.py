"""HDUs of one file that are named as parts of maps."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ....exceptions import InvalidOptionError
from ...fits.files import FileSource

__all__ = ["name_hdus"]


def name_hdus(
    path: FileSource | None, hdu: Mapping[str, Any] | None, given: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the sources that are given, and those that HDUs of the file are."""
    unknown = sorted(set(hdu or {}) - set(given))
    if hdu is not None and (path is None or not hdu or unknown):
        raise InvalidOptionError(
            f"hdu needs the path of a file and the HDUs of parts in it, among {list(given)}; found "
            f"{dict(hdu)!r} and the path {path!r}"
        )

    def in_file(name: Any) -> Any:
        return [in_file(one) for one in name] if isinstance(name, list | tuple) else (path, name)

    sources = {name: in_file(names) for name, names in (hdu or {}).items()}
    return sources | {name: source for name, source in given.items() if source is not None}
