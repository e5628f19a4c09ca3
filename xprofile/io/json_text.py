"""JSON that keeps tuples, arrays and the number types of numpy."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from ..exceptions import InvalidDataError

__all__ = ["dumps", "loads", "plain_values", "type_name"]


def dumps(content: Any) -> str:
    """Write JSON in ASCII, with tuples, and arrays and numbers of numpy's, as what they are.

    Raises
    ------
    InvalidDataError
        If JSON has no form for something in `content`.
    """
    try:
        return json.dumps(_tagged(content), default=_refuse)
    except (TypeError, ValueError) as error:
        raise InvalidDataError(f"the profile cannot be described in JSON: {error}") from error


def _refuse(value: Any) -> None:
    raise TypeError(f"no form for {value!r}; make it a number, text or an array, or drop it")


def loads(text: str) -> Any:
    """Read what `dumps` wrote."""
    return json.loads(text, object_hook=_untagged)


def _tagged(content: Any) -> Any:
    """Content in types that JSON gives back."""
    if isinstance(content, dict):
        return {key: _tagged(value) for key, value in content.items()}
    if isinstance(content, tuple):
        return {"tuple": [_tagged(value) for value in content]}
    if isinstance(content, np.generic | np.ndarray):
        array = np.asarray(content)
        return {"numpy": type_name(array), "values": plain_values(array)}
    return [_tagged(value) for value in content] if isinstance(content, list) else content


def _untagged(content: dict[str, Any]) -> Any:
    if content.keys() == {"numpy", "values"}:
        return np.array(content["values"]).astype(content["numpy"])[()]
    if content.keys() == {"tuple"}:
        return tuple(content["tuple"])
    return content


def type_name(values: NDArray[np.generic] | xr.Variable) -> str:
    """Name of the type of an array; text of any length is that of Python."""
    return "object" if values.dtype.kind == "T" else str(values.dtype)


def plain_values(values: NDArray[np.generic]) -> Any:
    """Values as JSON has them; times are numbers in the unit of their type."""
    return (values.astype(np.int64) if values.dtype.kind in "mM" else values).tolist()
