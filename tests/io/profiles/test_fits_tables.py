"""Profiles written to FITS: they come back unchanged, in Gammapy's layout."""

from itertools import product

import astropy.units as u
import numpy as np
import pytest
import xarray as xr
from astropy.io import fits
from astropy.table import QTable
from cases.profile_files import check_fits_round_trip
from cases.profiles import (
    AXIS_COLUMNS,
    EXTRA_COLUMNS,
    KINDS,
    ON_OTHER_AXES,
    by_angle,
    by_region,
    make_binned,
    make_profile,
    value_columns,
)
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from xprofile import (
    open_profile,
    to_sed_type,
    write_profile,
)
from xprofile.exceptions import (
    FileFormatError,
    InvalidDataError,
    MissingVariableError,
)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "profile.fits"


@pytest.fixture
def profile():
    return make_profile()


# round trips


def half_of(*options):
    """All combinations of options; every second one is among the slow tests."""
    numbered = product(*(enumerate(values) for values in options))
    cases = [list(zip(*case, strict=True)) for case in numbered]
    return [
        case if sum(numbers) % 2 == 0 else pytest.param(*case, marks=pytest.mark.slow)
        for numbers, case in cases
    ]


SELECTIONS = [(), ("ul",), ("scan",), ("errn-errp",), "all"]


@pytest.mark.heavy
@pytest.mark.parametrize(("sed_type", "selection", "energies"), half_of(KINDS, SELECTIONS, [2, 1]))
def test_every_profile_comes_back(sed_type, selection, energies, path):
    profile = make_profile(energies, selection)
    assert profile["norm"].isnull().any()
    check_fits_round_trip(to_sed_type(profile, sed_type), path)


@pytest.mark.slow
@pytest.mark.parametrize("sed_type", [*KINDS, "norm"])
def test_sed_type_is_converted_to(profile, sed_type, path):
    write_profile(profile, path, sed_type)
    xr.testing.assert_identical(open_profile(path), to_sed_type(profile, sed_type))


@pytest.mark.slow
@settings(
    max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    sed_type=st.sampled_from(list(KINDS)),
    energy=st.sampled_from([0, [1], slice(None), [1, 0]]),
    distance=st.sampled_from([0, [9], slice(2, 5), slice(None, None, -1)]),
    norm_scan=st.sampled_from([3, [3], slice(None)]),
    lost=st.sets(st.sampled_from(["norm_err", "ts", "sqrt_ts", "norm_ul", "is_ul", "stat_scan"])),
    dims=st.permutations(["energy", "projected_distance", "norm_scan"]),
    values=st.lists(st.floats(), min_size=20, max_size=20),
)  # fmt: skip
def test_whatever_is_selected_comes_back(
    sed_type, energy, distance, norm_scan, lost, dims, values, path
):
    profile = make_profile()
    profile = profile.assign(npred=profile["npred"].copy(data=np.reshape(values, (10, 2))))
    selected = to_sed_type(profile.drop_vars(lost), sed_type).isel(
        energy=energy, projected_distance=distance, norm_scan=norm_scan
    )
    check_fits_round_trip(selected.transpose(*dims, missing_dims="ignore"), path)


INDICES = [slice(None), slice(7, 1, -2), [4], 4]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("dim", "energy", "index"), half_of(ON_OTHER_AXES, [slice(None), 1], INDICES)
)
def test_other_bins_come_back(profile, dim, energy, index, path):
    turned = ON_OTHER_AXES[dim](profile).isel({dim: index, "energy": energy})
    check_fits_round_trip(turned, path)
    check_fits_round_trip(to_sed_type(turned, "eflux", per_solid_angle=True), path)
    check_fits_round_trip(turned.transpose("norm_scan", ...).drop_vars("solid_angle"), path)


@pytest.mark.slow
@pytest.mark.parametrize("dim", ON_OTHER_AXES)
def test_other_bins_broadcast_by_where_come_back(profile, dim, path):
    turned = ON_OTHER_AXES[dim](profile)
    check_fits_round_trip(turned.where(turned["counts"] > 20), path)
    turned.to_netcdf(path.with_suffix(".nc"))
    xr.testing.assert_identical(open_profile(path.with_suffix(".nc")), turned)


@pytest.mark.slow
def test_odd_labels_come_back(profile, path):
    labels = by_region(profile).assign_coords(region=[f"Größe {i // 2} " for i in range(10)])
    check_fits_round_trip(labels, path)
    check_fits_round_trip(labels.assign_coords(region=labels["region"].astype(object)), path)
    check_fits_round_trip(labels.drop_vars("region"), path)
    check_fits_round_trip(by_angle(profile).assign_coords(projected_distance=0.5), path)


def test_what_others_add_comes_back(profile, path):
    distance = "projected_distance"
    cards = {"CTYPE1": "GLON-CAR", "CRPIX1": np.float64(0.1), "LATPOLE": np.int64(90)}
    profile = profile.assign_coords(
        wcs=((), np.int64(12345), cards),
        label=(distance, [f"Größe {i} " for i in range(10)], {"n": np.arange(3, dtype=np.int16)}),
        name=(distance, np.array(list("abcdefghij"), dtype=object)),
        time=("energy", np.array(["2020-01-01", "NaT"], dtype="datetime64[ns]")),
    ).assign(
        half=((distance,), np.linspace(0, 1, 10, dtype=np.float16)),
        small=(("energy", distance), np.full((2, 10), -7, dtype=np.int8)),
        large=((), np.uint64(2**64 - 1)),
        cube=(("energy", distance, "other"), np.random.default_rng(0).random((2, 10, 3))),
        wrong=((distance,), np.linspace(0, 1, 10), {"units": "furlongs of 7 horses"}),
    )
    profile["region"] = profile["region"].copy(data=[f"circle(0,0,1) # täxt{i}" for i in range(10)])
    profile["status"] = profile["status"].astype(np.int8)
    profile.attrs |= {"flag": np.True_, "list": [1, 2.5, "x"], "inf": np.inf, "ß": "ü\n\\"}
    check_fits_round_trip(profile, path)


def test_changed_units_and_thresholds_come_back(profile, path):
    changed = profile.assign_attrs(sqrt_ts_threshold_ul=1e9)  # is_ul stays as it was
    energy = ["energy", "energy_min", "energy_max"]
    changed = changed.assign_coords(
        {n: (changed[n].dims, changed[n].data * 1e3, {"units": "GeV"}) for n in energy}
    )
    check_fits_round_trip(changed, path)


@pytest.mark.heavy
@pytest.mark.parametrize("text", ["", "circle(0,0,1) ", "circle(0,0,1)\n", "text={Größe}"])
def test_odd_region_texts_come_back(profile, text, path):
    texts = [f"circle({i},0,1)" for i in range(9)] + [text]
    check_fits_round_trip(profile.assign(region=profile["region"].copy(data=texts)), path)


def test_broadcast_by_where_comes_back(profile, path):
    check_fits_round_trip(profile.where(profile["counts"] > 20), path)


def test_a_surface_brightness_comes_back_and_is_a_flux_in_the_table(profile, path):
    check_fits_round_trip(to_sed_type(profile, "flux", per_solid_angle=True), path)
    table = QTable.read(path, hdu="FLUXPOINTS")
    expected = to_sed_type(profile, "flux")["flux"]
    np.testing.assert_allclose(table["flux"].to_value("cm-2 s-1"), expected, rtol=1e-14)


def test_compressed_files(profile, tmp_path):
    check_fits_round_trip(profile, tmp_path / "profile.fits.gz")
    assert (tmp_path / "profile.fits.gz").read_bytes()[:2] == b"\x1f\x8b"


# the layout


@pytest.mark.parametrize("sed_type", KINDS)
def test_layout_is_gammapys(profile, sed_type, path):
    write_profile(profile, path, sed_type)
    kind, unit = KINDS[sed_type]
    references = ["ref_dnde", "ref_flux", "ref_eflux"] if kind == "norm" else []
    with fits.open(path) as hdus:
        assert [hdu.name for hdu in hdus] == ["PRIMARY", "FLUXPOINTS", "XPROFILE"]
        points, extra = hdus[1:]
        columns = {column.name: column for column in points.columns}
        assert list(columns) == [
            *AXIS_COLUMNS, *references, *value_columns(kind), "ts", "sqrt_ts", "npred",
            "npred_excess", "stat", "stat_null", "stat_scan", "is_ul", "counts", "success",
            "norm_scan", *EXTRA_COLUMNS,
        ]  # fmt: skip
        assert points.header["SED_TYPE"] == sed_type
        np.testing.assert_allclose(points.header["UL_CONF"], 0.9544997, rtol=1e-7)
        for name in ("counts", "npred", "npred_excess"):
            assert columns[name].dim == "(1,2)"
        for name in ("stat_scan", "norm_scan"):
            assert columns[name].dim == "(11,2)"
        assert columns[kind].dim == "(2)"
        assert columns[kind].format == "2D"
        assert columns["x_min"].unit == columns["x_ref"].unit == "deg"
        assert columns["e_ref"].unit == "TeV"
        assert u.Unit(columns[kind].unit or "") == u.Unit(unit)
        assert len(points.data) == 10
        assert len(extra.data) == 1
        assert not {"ts", "counts", "lon"} & set(extra.columns.names)  # no value is stored twice
        assert ("ref_dnde" in extra.columns.names) == (kind != "norm")


def test_nothing_is_twice_whatever_the_order_of_dims(profile, path):
    write_profile(profile.transpose("norm_scan", "energy", "projected_distance"), path)
    assert fits.getdata(path, "XPROFILE").names == ["JSON", "ref_e2dnde"]


@pytest.mark.slow
def test_other_bins_are_in_the_same_columns(profile, path):
    write_profile(profile, path)
    expected = fits.getdata(path, "FLUXPOINTS")
    for turned, unit in ((by_angle(profile), "arcmin"), (by_region(profile), None)):
        write_profile(turned, path, overwrite=True)
        with fits.open(path) as hdus:
            columns = hdus["FLUXPOINTS"].columns
            assert columns.names == expected.names
            assert [columns[name].unit for name in AXIS_COLUMNS[:3]] == [unit] * 3
            for name in set(columns.names) - set(AXIS_COLUMNS[:3]):
                np.testing.assert_array_equal(hdus["FLUXPOINTS"].data[name], expected[name])
            assert hdus["XPROFILE"].columns.names == ["JSON", "ref_e2dnde"]  # no others again


def test_is_ul_is_no_column_without_limits(path):
    profile = make_profile(selection=())
    write_profile(profile, path)
    assert "is_ul" not in fits.getdata(path, "FLUXPOINTS").names
    np.testing.assert_array_equal(fits.getdata(path, "XPROFILE")["is_ul"][0], profile["is_ul"])


# writing


def test_the_profile_is_not_modified(profile, path):
    before = profile.copy(deep=True)
    write_profile(profile, path, "dnde")
    xr.testing.assert_identical(profile, before)


def test_what_cannot_be_written_is_refused(profile, path):
    with pytest.raises(InvalidDataError, match=r"without any .*energy"):
        write_profile(profile.isel(energy=[]), path)
    with pytest.raises(InvalidDataError, match="no form for <object"):
        write_profile(profile.assign_attrs(model=object()), path)
    with pytest.raises(InvalidDataError, match="sed_type"):
        write_profile(make_binned(), path)
    with pytest.raises(MissingVariableError, match="projected_distance_max"):
        write_profile(profile.drop_vars("projected_distance_max"), path)
    assert not path.exists()


def test_a_damaged_description(profile, path):
    write_profile(profile, path, "dnde")
    with fits.open(path) as hdus:
        hdus["XPROFILE"].columns.del_col("ref_dnde")
        hdus.writeto(path, overwrite=True)
    with pytest.raises(FileFormatError, match=r"XPROFILE .* incomplete: .*ref_dnde"):
        open_profile(path)


def test_a_later_version(profile, path):
    write_profile(profile, path)
    fits.setval(path, "XPVERS", value=2, ext=2)
    with pytest.raises(FileFormatError, match=r"version 2.*use a newer xprofile"):
        open_profile(path)
