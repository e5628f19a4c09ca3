"""Files of events that a user names: paths, patterns of paths, file objects, and HDUs in them."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterable
from glob import glob, has_magic
from pathlib import Path
from typing import Any, TypeAlias

from ...exceptions import DataWarning, InvalidOptionError, MissingFileError
from ...schema.warning_place import user_stacklevel
from ..fits.files import FileSource
from ..paths import expand_home, real_path

__all__ = ["EventSource", "event_sources"]

EventSource: TypeAlias = FileSource | tuple[FileSource, str | int]


def event_sources(path_or_paths: Any) -> list[tuple[Any, str | int | None]]:
    """Return each file with the name or number of its HDU, None for the usual one.

    Raises
    ------
    InvalidOptionError
        If something is neither a path, a file object, nor a pair of one of these and an HDU.
    MissingFileError
        If no file matches a pattern.

    Warns
    -----
    DataWarning
        If a file is given twice.
    """
    given: list[Any] = [path_or_paths]
    is_numbered = _is_pair(path_or_paths) and isinstance(path_or_paths[1], int)  # not two paths
    if not _is_file(path_or_paths) and not is_numbered and isinstance(path_or_paths, Iterable):
        given = [*path_or_paths]
    wrong = [source for source in given if not _is_file(source) and not _is_pair(source)]
    if wrong or not given:
        found = type(wrong[0]).__name__ if wrong else "an empty list"
        raise InvalidOptionError(
            f"path_or_paths must be a path, a file object, or a list of them; found {found}"
        )
    pairs = [source if isinstance(source, tuple) else (source, None) for source in given]
    found_pairs = [(path, hdu) for source, hdu in pairs for path in _matches(source)]
    _warn_of_repeats(found_pairs)
    return found_pairs


def _is_file(source: Any) -> bool:
    return isinstance(source, str | os.PathLike) or hasattr(source, "read")


def _is_pair(source: Any) -> bool:
    return (
        isinstance(source, tuple)
        and len(source) == 2
        and _is_file(source[0])
        and isinstance(source[1], str | int)
    )


def _matches(source: Any) -> list[Any]:
    """Return the files that a pattern matches, in the order of their names; others as they are."""
    text = os.fspath(source) if isinstance(source, str | os.PathLike) else ""
    if not has_magic(text) or "://" in text or Path(text).exists():
        return [source]
    found = sorted(glob(expand_home(text), recursive=True))
    if not found:
        raise MissingFileError(
            f"no file matches {text!r}: check the pattern and the working folder"
        )
    return list(found)


def _warn_of_repeats(sources: list[tuple[Any, str | int | None]]) -> None:
    names = [
        (real_path(source) if isinstance(source, str | os.PathLike) else id(source), hdu)
        for source, hdu in sources
    ]
    repeated = sorted({str(name) for name, _ in names if names.count((name, _)) > 1})
    if repeated:
        warnings.warn(
            f"path_or_paths has {', '.join(repeated)} more than once, and each time its events "
            "count; give each file once",
            DataWarning,
            stacklevel=user_stacklevel(),
        )
