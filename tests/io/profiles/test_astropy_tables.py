"""Profiles as astropy tables: columns, units, cells and formats, wide or tidy."""

import astropy.units as u
import numpy as np
import pandas as pd
import pytest
import xarray as xr
from astropy.table import QTable
from cases.profiles import (
    ANGLES,
    AXIS_COLUMNS,
    DISTANCES,
    EXTRA_COLUMNS,
    KINDS,
    by_angle,
    by_region,
    make_binned,
    make_profile,
    value_columns,
)

from xprofile import (
    to_dataframe,
    to_sed_type,
    to_table,
)
from xprofile.exceptions import (
    InvalidDataError,
    InvalidOptionError,
    MissingVariableError,
)


@pytest.fixture
def profile():
    return make_profile()


@pytest.mark.parametrize("sed_type", KINDS)
def test_columns_are_gammapys_in_its_order_and_then_ours(profile, sed_type):
    kind = KINDS[sed_type][0]
    references = ["ref_dnde", "ref_flux", "ref_eflux"] if kind == "norm" else []
    common = ["ts", "sqrt_ts", "npred", "npred_excess", "stat", "stat_null", "stat_scan", "is_ul"]
    assert to_table(profile, sed_type).colnames == [
        *AXIS_COLUMNS, *references, *value_columns(kind), *common, "counts", "success", "norm_scan",
        *EXTRA_COLUMNS,
    ]  # fmt: skip


def test_without_options_there_are_no_columns_for_them():
    table = to_table(make_profile(selection=()))
    assert not {"norm_ul", "norm_errn", "stat_scan", "norm_scan", "is_ul"} & set(table.colnames)


@pytest.mark.parametrize("sed_type", KINDS)
def test_cells_are_the_profiles_numbers_with_units(profile, sed_type):
    kind, unit = KINDS[sed_type]
    table, converted = to_table(profile, sed_type), to_sed_type(profile, sed_type)
    for name in value_columns(kind):
        found = u.Quantity(table[name])
        assert found.shape == (10, 2)
        np.testing.assert_array_equal(found.to_value(unit), converted[name])
    for column, name in (("x_min", "projected_distance_min"), ("x_ref", "projected_distance")):
        np.testing.assert_array_equal(table[column].to_value("deg"), profile[name])
    np.testing.assert_array_equal(table["e_max"].to_value("TeV"), [[0.05, 1.0]] * 10)
    np.testing.assert_array_equal(table["norm_scan"][3, 1], profile["norm_scan"])
    np.testing.assert_array_equal(table["stat_scan"], profile["stat_scan"])
    np.testing.assert_array_equal(table["solid_angle"].to_value("sr"), profile["solid_angle"])
    assert table["region"][2] == "galactic;circle(0.5,0,1)"


def test_units_that_got_lost_are_those_of_the_schema(profile):
    expected = to_table(profile, "eflux")
    for variable in profile.variables.values():
        variable.attrs.clear()
    bare = to_table(profile, "eflux")
    for name in ("x_ref", "e_min", "eflux", "solid_angle", "lon"):
        assert bare[name].unit == expected[name].unit is not None


def test_meta_says_sed_type_and_sigmas():
    table = to_table(make_profile(n_sigma=2, n_sigma_ul=3), "flux")
    assert table.meta["SED_TYPE"] == "flux"
    assert table.meta["N_SIGMA"] == 2
    np.testing.assert_allclose(table.meta["UL_CONF"], 0.9973002, rtol=1e-7)


def test_limits_follow_the_threshold(profile):
    everywhere = to_table(profile.assign_attrs(sqrt_ts_threshold_ul=1e9))["is_ul"]
    np.testing.assert_array_equal(everywhere, np.isfinite(profile["norm_ul"]))
    assert not to_table(profile.assign_attrs(sqrt_ts_threshold_ul=-1e9))["is_ul"].any()


def test_limits_without_significance_are_those_of_the_profile(profile):
    stored = profile.drop_vars("sqrt_ts").assign(is_ul=~profile["is_ul"])
    np.testing.assert_array_equal(to_table(stored)["is_ul"], ~profile["is_ul"])


@pytest.mark.parametrize("sed_type", KINDS)
def test_formatted_tables_print_well(profile, sed_type):
    table = to_table(profile.isel(energy=[0]).drop_dims("norm_scan"), sed_type, formatted=True)
    lines = table[:1].pformat(max_lines=-1, max_width=-1)
    words = dict(zip(lines[0].split(), lines[-1].split(), strict=True))
    assert words["x_max"] == "0.250"
    assert words["e_ref"] == "0.02236"
    assert words["counts"] == str(profile["counts"].to_numpy()[0, 0])
    value = to_sed_type(profile, sed_type)[KINDS[sed_type][0]].to_numpy()[0, 0]
    assert words[KINDS[sed_type][0]] == f"{value:{'.4g' if sed_type == 'likelihood' else '.3e'}}"


def test_tidy_tables_have_one_row_for_each_bin_and_energy(profile):
    table, frame = to_table(profile, "flux", tidy=True), to_dataframe(profile, "flux")
    wide = to_table(profile, "flux")
    assert table.colnames == [n for n in wide.colnames if n not in ("stat_scan", "norm_scan")]
    assert {column.shape for column in table.itercols()} == {(20,)}
    axes = {"e_ref": "energy", "e_max": "energy_max", "x_ref": DISTANCES[0], "x_min": DISTANCES[1]}
    for name in set(table.colnames) & {*axes, *frame}:
        values = getattr(table[name], "value", table[name])
        np.testing.assert_array_equal(values, frame[axes.get(name, name)])
        assert getattr(table[name], "unit", None) == getattr(wide[name], "unit", None)
    assert table.meta == wide.meta
    one = to_table(profile.isel(energy=1, projected_distance=3), "flux", tidy=True)
    assert len(one) == 1
    assert one["flux"][0] == table["flux"][7]


@pytest.mark.heavy
@pytest.mark.parametrize("sed_type", KINDS)
def test_tidy_tables_in_ecsv_read_back_equal(profile, sed_type, tmp_path):
    table = to_table(profile, sed_type, tidy=True, formatted=True)
    table.write(tmp_path / "p.ecsv")
    found = QTable.read(tmp_path / "p.ecsv")
    assert found.colnames == table.colnames
    assert found.meta == table.meta
    for name in table.colnames:
        np.testing.assert_array_equal(found[name], table[name])
        assert type(found[name]) is type(table[name])
        for of in ("unit", "format", "description", "dtype"):
            assert getattr(found[name].info, of) == getattr(table[name].info, of)


def test_tidy_tables_go_to_csv_and_pandas(profile, tmp_path):
    table = to_table(profile, "dnde", tidy=True)
    table.write(tmp_path / "p.csv")
    for frame in (pd.read_csv(tmp_path / "p.csv"), table.to_pandas()):
        assert list(frame) == table.colnames
        np.testing.assert_allclose(frame["dnde_ul"], table["dnde_ul"].value, rtol=1e-14)
        assert list(frame["region"]) == list(table["region"])


def test_tidy_tables_go_to_latex_with_words_and_units(profile, tmp_path):
    table = to_table(profile, "dnde", tidy=True, formatted=True, long_names=True)
    assert len(set(table.colnames)) == len(to_table(profile, "dnde", tidy=True).colnames)
    assert not [name for name in table.colnames if "_" in name]  # LaTeX takes it for a subscript
    table["energy", "differential flux", "differential flux upper limit"].write(tmp_path / "p.tex")
    head, units, first = (tmp_path / "p.tex").read_text().splitlines()[2:5]
    assert head == r"energy & differential flux & differential flux upper limit \\"
    assert units.startswith(r"$\mathrm{TeV}$ & $\mathrm{TeV^{-1}\,s^{-1}\,cm^{-2}}$ &")
    dnde = to_sed_type(profile, "dnde")["dnde"].to_numpy()[0, 0]
    assert first.startswith(f"0.02236 & {dnde:.3e} & ")


def test_one_selected_energy_or_bin_keeps_the_layout(profile):
    for selected in (profile.isel(energy=1), profile.isel(energy=[1])):
        table = to_table(selected, "dnde")
        assert table["dnde"].shape == table["e_ref"].shape == (10, 1)
        assert table["stat_scan"].shape == (10, 1, 11)
        np.testing.assert_array_equal(table["is_ul"][:, 0], profile["is_ul"][:, 1])
    np.testing.assert_array_equal(
        to_table(profile.isel(projected_distance=4))["ts"], profile["ts"][[4]]
    )


def test_order_of_dims_does_not_matter(profile):
    turned = to_table(profile.transpose("energy", "norm_scan", "projected_distance"))
    straight = to_table(profile)
    for name in straight.colnames:
        np.testing.assert_array_equal(turned[name], straight[name])


def test_the_profile_is_not_modified(profile):
    before = profile.copy(deep=True)
    to_table(profile, "dnde", formatted=True)["dnde"] *= 2
    to_dataframe(profile)
    xr.testing.assert_identical(profile, before)


def test_what_is_no_profile_is_refused(profile):
    with pytest.raises(MissingVariableError, match="projected_distance_min, energy: keep them"):
        to_table(profile.drop_vars(["projected_distance_min", "energy"]))
    with pytest.raises(InvalidDataError, match="sed_type"):
        to_dataframe(make_binned())
    with pytest.raises(InvalidOptionError, match="unknown sed_type 'sed'"):
        to_table(profile, "sed")
    with pytest.raises(InvalidDataError, match=r"further dims \['time'\]; select one"):
        to_table(profile.expand_dims(time=2))


def assert_same_but_for_x(found, expected):
    assert found.colnames == expected.colnames
    for name in set(found.colnames) - {"x_min", "x_max", "x_ref"}:
        np.testing.assert_array_equal(found[name], expected[name])
        assert getattr(found[name], "unit", None) == getattr(expected[name], "unit", None)


@pytest.mark.slow
@pytest.mark.parametrize("index", [slice(None), slice(7, 1, -2), [4], 4])
def test_bins_at_angles_are_told_by_these(profile, index):
    selected = profile.isel(projected_distance=index)
    expected = to_table(selected, "flux")
    for angles in (by_angle(profile), by_angle(profile).drop_vars("solid_angle")):
        table = to_table(angles.isel(position_angle=index), "flux")
        for name in ("x_min", "x_max", "x_ref"):
            assert table[name].unit == u.arcmin
            np.testing.assert_array_equal(table[name].value, expected[name].value)
    assert_same_but_for_x(to_table(by_angle(selected), "flux"), expected)


@pytest.mark.parametrize("index", [slice(None), slice(7, 1, -2), [4], 4])
def test_bins_with_labels_alone_are_numbered(profile, index):
    expected = to_table(profile.isel(projected_distance=index))
    table = to_table(by_region(profile).isel(region=index), formatted=True)
    number = np.arange(len(expected))
    for name, offset in (("x_min", -0.5), ("x_max", 0.5), ("x_ref", 0)):
        np.testing.assert_array_equal(table[name], number + offset)
        assert not isinstance(table[name], u.Quantity)
    assert_same_but_for_x(table, expected)


def test_other_axes_do_not_take_the_place_of_the_bins(profile):
    angles = by_angle(profile)
    inside = angles.assign_coords(projected_distance=0.5, number=("position_angle", np.arange(10)))
    for name in ("x_min", "x_max", "x_ref"):
        np.testing.assert_array_equal(to_table(inside)[name], to_table(angles)[name])
    energies = angles.isel(position_angle=3).where(angles["energy"] > 0)  # solid_angle of energies
    np.testing.assert_array_equal(to_table(energies)["x_ref"], to_table(angles)["x_ref"][[3]])
    edges = {name: ("projected_distance", [0.5]) for name in DISTANCES[1:]}
    with pytest.raises(InvalidDataError, match=r"'position_angle'.*select one"):
        to_table(profile.expand_dims(position_angle=3))
    with pytest.raises(InvalidDataError, match=r"'position_angle'.*select one"):
        to_table(
            angles.assign(ts=angles["ts"].expand_dims(projected_distance=[0.5])).assign_coords(
                edges
            )
        )


@pytest.mark.parametrize("name", ANGLES)
def test_an_axis_that_is_not_whole_is_refused(profile, name):
    with pytest.raises(MissingVariableError, match=f"no coordinates {name}: keep"):
        to_table(by_angle(profile).drop_vars(name))
