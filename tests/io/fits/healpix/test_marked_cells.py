"""Cells that a file marks as without data by a value of its header."""

import numpy as np
import pytest
from cases.healpix_files import healpy, in_memory, numbers, write

from xprofile import open_map
from xprofile.exceptions import DataWarning

HERE = [3, 70]


@pytest.mark.parametrize("on_disk", [True, False])
@pytest.mark.parametrize("bad", [-32768.0, -9999, -1.6375e30])
def test_the_value_that_the_header_names_is_nan(on_disk, bad, tmp_path):
    values = numbers(1)[0]
    values[HERE] = bad
    hdus = healpy({"TEMPERATURE": values}, BAD_DATA=bad)
    source = write(tmp_path / "map.fits", hdus) if on_disk else in_memory(hdus)
    found = open_map(source).to_numpy()
    np.testing.assert_array_equal(np.flatnonzero(np.isnan(found)), HERE)
    np.testing.assert_array_equal(np.delete(found, HERE), np.delete(values, HERE))


@pytest.mark.parametrize("card", [0, True, "unknown"])
def test_other_values_of_the_header_are_not_taken(card):
    values = numbers(1)[0]
    found = open_map(in_memory(healpy({"TEMPERATURE": values}, BAD_DATA=card)))
    np.testing.assert_array_equal(found, values)


def test_a_table_without_a_name_has_its_number_in_messages():
    table = healpy({"A": numbers(1)[0], "B": numbers(1)[0]})[0]
    del table.header["EXTNAME"]
    with pytest.warns(DataWarning, match="HDU 1 of .* has the columns A, B"):
        open_map(in_memory([table]))
