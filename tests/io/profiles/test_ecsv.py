"""Profiles in ECSV: round trips, the layout of Gammapy, and tables of Gammapy."""

import json

import astropy.units as u
import numpy as np
import pytest
import xarray as xr
from astropy.table import QTable, Table
from cases.profile_files import MODEL, TABLES, ecsv
from cases.profiles import KINDS, make_profile, value_columns

from xprofile import open_profile, to_sed_type, to_table, write_ecsv
from xprofile.exceptions import FileFormatError, InvalidDataError, MissingVariableError


@pytest.fixture
def path(tmp_path):
    return tmp_path / "profile.ecsv"


@pytest.fixture
def profile():
    return make_profile()


@pytest.mark.heavy
@pytest.mark.parametrize("sed_type", [None, *KINDS])
def test_sed_type_is_converted_to(profile, sed_type, path):
    profile.profile.to_ecsv(path, sed_type)
    expected = profile if sed_type is None else to_sed_type(profile, sed_type)
    xr.testing.assert_identical(open_profile(path), expected)


@pytest.mark.heavy
@pytest.mark.parametrize("sed_type", KINDS)
def test_the_table_is_that_of_to_table(profile, sed_type, path):
    write_ecsv(profile, path, sed_type)
    found, expected = QTable.read(path), to_table(profile, sed_type)
    assert found.colnames == expected.colnames
    for name in found.colnames:
        cells = found[name].reshape(expected[name].shape)
        np.testing.assert_array_equal(cells, expected[name])
        assert getattr(cells, "unit", None) == getattr(expected[name], "unit", None)
        assert found[name].info.description == expected[name].info.description
    assert {k: found.meta[k] for k in expected.meta} == expected.meta


def test_only_what_no_column_holds_is_in_the_header(profile, path):
    write_ecsv(profile, path)
    content = json.loads(Table.read(path).meta["XPROFILE"])
    assert [k for k, v in content["variables"].items() if "values" in v] == ["ref_e2dnde"]


@pytest.mark.heavy
@pytest.mark.parametrize(
    "text",
    ["", " ", "a b ", "a\nb", "a\x85b\x1c", 'q"u,o"te', "# x", "--", "Größe", "\ud83d\ude00\x00b"],
)
def test_odd_texts_come_back(profile, text, path):
    texts = [f"circle({i},0,1)" for i in range(9)] + [
        text.encode("utf-16", "surrogatepass").decode("utf-16")
    ]
    profile["region"] = profile["region"].copy(data=texts)
    write_ecsv(profile, path)
    xr.testing.assert_identical(open_profile(path), profile)
    assert len(Table.read(path)) == 10


def test_what_has_no_form_is_refused(profile, path):
    with pytest.raises(InvalidDataError, match=r"without any .*energy"):
        write_ecsv(profile.isel(energy=[]), path)
    bright = to_sed_type(profile, "flux", per_solid_angle=True).drop_vars("solid_angle")
    with pytest.raises(MissingVariableError, match="keep solid_angle"):
        write_ecsv(bright, path)
    assert not path.exists()


def test_a_file_without_its_last_line(profile, path):
    write_ecsv(profile, path)
    path.write_text("\n".join(path.read_text().splitlines()[:-1]))
    with pytest.raises(FileFormatError, match="rows are missing"):
        open_profile(path)


@pytest.mark.heavy
@pytest.mark.parametrize("column", ["norm", "e_ref"])
def test_a_table_without_a_column(profile, path, column):
    write_ecsv(profile, path)
    table = Table.read(path)
    table.remove_column(column)
    table.write(path, overwrite=True)
    with pytest.raises(
        FileFormatError, match=rf"XPROFILE in .* incomplete: .*{column}.* is missing"
    ):
        open_profile(path)


def test_tables_of_something_else(path):
    QTable({"a": [1.0]}).write(path)
    with pytest.raises(FileFormatError, match=r"not of the profile layout: it .*lacks .*x_min"):
        open_profile(path)


@pytest.mark.parametrize("sed_type", ["dnde", "eflux", "likelihood"])
@pytest.mark.parametrize("name", TABLES)
def test_gammapys_tables(reference, name, sed_type, path):
    source = reference / f"{name}_{sed_type}.ecsv"
    found, table = open_profile(source, spectral_model=MODEL), ecsv(source)
    assert found.attrs["sed_type"] == sed_type
    quantity, unit = KINDS[sed_type]
    for column in set(value_columns(quantity)) & set(table.colnames):
        values = u.Quantity(table[column]).to_value(unit)
        np.testing.assert_allclose(found[column], values, rtol=1e-12)
    write_ecsv(found, path)
    xr.testing.assert_identical(open_profile(path), found)
