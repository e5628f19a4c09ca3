"""JSON that keeps tuples, numpy arrays and numpy number types."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from ..exceptions import InvalidDataError

__all__ = ["decode_json", "dtype_name", "encode_json", "json_values"]


def encode_json(content: Any) -> str:
    """Return ASCII JSON in which tuples and numpy values are marked with their type.

    Raises
    ------
    InvalidDataError
        If JSON cannot hold a value in `content`.
    """
    try:
        return json.dumps(_mark_types(content), default=_refuse)
    except (TypeError, ValueError) as error:
        raise InvalidDataError(f"the data cannot be described in JSON: {error}") from error
    except RecursionError as error:
        raise InvalidDataError(
            "the data cannot be described in JSON: an attribute is nested too deeply; make it "
            "flat, or drop it"
        ) from error


def _refuse(value: Any) -> None:
    raise TypeError(f"no form for {value!r}; replace it by a number, text or an array, or drop it")


def decode_json(text: str) -> Any:
    """Return the content that `encode_json` was given."""
    return json.loads(text, object_hook=_restore_types)


def _mark_types(content: Any) -> Any:
    """Replace tuples and numpy values by dicts that name their type."""
    if isinstance(content, dict):
        return {key: _mark_types(value) for key, value in content.items()}
    if isinstance(content, tuple):
        return {"tuple": [_mark_types(value) for value in content]}
    if isinstance(content, np.generic | np.ndarray):
        array = np.asarray(content)
        return {"numpy": dtype_name(array), "values": json_values(array)}
    return [_mark_types(value) for value in content] if isinstance(content, list) else content


def _restore_types(content: dict[str, Any]) -> Any:
    if content.keys() == {"numpy", "values"}:
        return np.array(content["values"]).astype(content["numpy"])[()]
    if content.keys() == {"tuple"}:
        return tuple(content["tuple"])
    return content


def dtype_name(values: NDArray[np.generic] | xr.Variable) -> str:
    """Return the name of an array's type; text of variable length is ``object``."""
    return "object" if values.dtype.kind == "T" else str(values.dtype)


def json_values(values: NDArray[np.generic]) -> Any:
    """Return an array as lists; times become integers in the unit of their type."""
    return (values.astype(np.int64) if values.dtype.kind in "mM" else values).tolist()
