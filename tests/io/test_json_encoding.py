"""JSON that keeps tuples, numpy arrays and numpy number types."""

import numpy as np
import pytest

from xprofile.exceptions import InvalidDataError
from xprofile.io.json_encoding import decode_json, dtype_name, encode_json, json_values


@pytest.mark.parametrize(
    "content",
    [
        None,
        "Größe\n",
        [1, 2.5, "x", None, True],
        (1, (2, "x"), []),
        {"deep": [{"a": (1,)}], "empty": {}},
    ],
    ids=repr,
)
def test_plain_values_and_tuples_come_back(content):
    text = encode_json(content)
    assert text.isascii()
    assert decode_json(text) == content
    assert type(decode_json(text)) is type(content)


@pytest.mark.parametrize(
    "array",
    [
        np.arange(6, dtype=np.int16).reshape(2, 3),
        np.array([0.1, np.nan, -np.inf], np.float32),
        np.array([True, False]),
        np.array(["a", "Größe"]),
        np.array(["2020-01-01", "NaT"], "datetime64[ns]"),
        np.float64(0.1),
        np.int8(-3),
    ],
    ids=lambda array: str(array.dtype),
)
def test_numpy_values_come_back_with_their_type(array):
    found = decode_json(encode_json({"value": array}))["value"]
    assert found.dtype == array.dtype
    assert type(found) is type(array)
    np.testing.assert_array_equal(found, array)


def test_times_are_integers_in_their_unit():
    assert json_values(np.array(["1970-01-02"], "datetime64[D]")) == [1]
    assert dtype_name(np.array(["1970-01-02"], "datetime64[D]")) == "datetime64[D]"


@pytest.mark.parametrize("value", [object(), 1j, {1, 2}, np.array([1j])])
def test_other_values_are_refused(value):
    with pytest.raises(InvalidDataError, match=r"cannot be described in JSON: no form for .*drop"):
        encode_json({"value": [value]})
