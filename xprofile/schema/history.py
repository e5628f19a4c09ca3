"""History of a Dataset: one line for each step of its making."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import xarray as xr

from ..exceptions import DISTRIBUTION

__all__ = ["creator", "extend_history", "history_attrs", "installed_version"]


def extend_history(result: xr.Dataset, source: xr.Dataset, step: str) -> xr.Dataset:
    """Return `result` with the attrs of `source` and one more line in its history."""
    return result.assign_attrs(history_attrs(result.attrs, source, step))


def history_attrs(
    own: Mapping[Hashable, Any], source: xr.Dataset, step: str
) -> dict[Hashable, Any]:
    """Return the attrs of a result: those of the source, then `own`, and a longer history."""
    lines = [*str(source.attrs.get("history", "")).splitlines(), step]
    more = {"history": "\n".join(lines), "creator": creator()}
    return {**source.attrs, **own, **more}


@cache
def creator() -> str:
    """Name and version of this library for the attrs of results and files."""
    return f"xprofile {installed_version()}"


def installed_version() -> str:
    """Version of this library; "unknown" for a checkout that is imported but not installed."""
    try:
        return version(DISTRIBUTION)
    except PackageNotFoundError:
        return "unknown"
