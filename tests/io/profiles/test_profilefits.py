"""Profiles in FITS: nothing is lost, Gammapy's layout is kept, Gammapy's files are read."""

import astropy.units as u
import numpy as np
import pytest
import xarray as xr
from astropy.io import fits
from astropy.modeling.models import LogParabola1D
from astropy.table import QTable, Table
from cases.profile_files import MODEL, TABLES, ecsv
from cases.profiles import KINDS, by_region, make_binned, make_profile, value_columns
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from test_table import AXES, BY, EXTRAS, by_angle

from xprofile import check_profile, open_profile, power_law, to_sed_type, to_units
from xprofile.exceptions import (
    FileFormatError,
    InvalidDataError,
    InvalidOptionError,
    MissingFileError,
    MissingVariableError,
)
from xprofile.io.profiles.fits_tables import write_profile
from xprofile.io.profiles.opening import read_profile_fits


def assert_comes_back(profile, path):
    """Write, read, and compare everything: values, dims, attrs, types."""
    write_profile(profile, path, overwrite=True)
    found = open_profile(path)
    xr.testing.assert_identical(found, profile)
    assert {k: v.dtype for k, v in found.variables.items()} == {
        k: v.dtype for k, v in profile.variables.items()
    }
    assert {k: type(v) for k, v in found.attrs.items()} == {
        k: type(v) for k, v in profile.attrs.items()
    }


@pytest.fixture
def path(tmp_path):
    return tmp_path / "profile.fits"


@pytest.fixture
def profile():
    return make_profile()


# what comes back


@pytest.mark.parametrize("energies", [1, 2])
@pytest.mark.parametrize("selection", [(), ("ul",), ("scan",), ("errn-errp",), "all"])
@pytest.mark.parametrize("sed_type", KINDS)
def test_every_profile_comes_back(sed_type, selection, energies, path):
    profile = make_profile(energies, selection)
    assert profile["norm"].isnull().any()
    assert_comes_back(to_sed_type(profile, sed_type), path)


@pytest.mark.parametrize("sed_type", [*KINDS, "norm"])
def test_sed_type_is_converted_to(profile, sed_type, path):
    write_profile(profile, path, sed_type)
    xr.testing.assert_identical(open_profile(path), to_sed_type(profile, sed_type))


@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
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
    assert_comes_back(selected.transpose(*dims, missing_dims="ignore"), path)


@pytest.mark.parametrize("index", [slice(None), slice(7, 1, -2), [4], 4])
@pytest.mark.parametrize("energy", [slice(None), 1])
@pytest.mark.parametrize("dim", BY)
def test_other_bins_come_back(profile, dim, energy, index, path):
    turned = BY[dim](profile).isel({dim: index, "energy": energy})
    assert_comes_back(turned, path)
    assert_comes_back(to_sed_type(turned, "eflux", per_solid_angle=True), path)
    assert_comes_back(turned.transpose("norm_scan", ...).drop_vars("solid_angle"), path)


@pytest.mark.parametrize("dim", BY)
def test_other_bins_broadcast_by_where_come_back(profile, dim, path):
    turned = BY[dim](profile)
    assert_comes_back(turned.where(turned["counts"] > 20), path)
    turned.to_netcdf(path.with_suffix(".nc"))
    xr.testing.assert_identical(open_profile(path.with_suffix(".nc")), turned)


def test_odd_labels_come_back(profile, path):
    labels = by_region(profile).assign_coords(region=[f"Größe {i // 2} " for i in range(10)])
    assert_comes_back(labels, path)
    assert_comes_back(labels.assign_coords(region=labels["region"].astype(object)), path)
    assert_comes_back(labels.drop_vars("region"), path)
    assert_comes_back(by_angle(profile).assign_coords(projected_distance=0.5), path)


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
    assert_comes_back(profile, path)


def test_changed_units_and_thresholds_come_back(profile, path):
    changed = profile.assign_attrs(sqrt_ts_threshold_ul=1e9)  # is_ul stays as it was
    energy = ["energy", "energy_min", "energy_max"]
    changed = changed.assign_coords(
        {n: (changed[n].dims, changed[n].data * 1e3, {"units": "GeV"}) for n in energy}
    )
    assert_comes_back(changed, path)


@pytest.mark.parametrize("text", ["", "circle(0,0,1) ", "circle(0,0,1)\n", "text={Größe}"])
def test_odd_region_texts_come_back(profile, text, path):
    texts = [f"circle({i},0,1)" for i in range(9)] + [text]
    assert_comes_back(profile.assign(region=profile["region"].copy(data=texts)), path)


def test_broadcast_by_where_comes_back(profile, path):
    assert_comes_back(profile.where(profile["counts"] > 20), path)


def test_a_surface_brightness_comes_back_and_is_a_flux_in_the_table(profile, path):
    assert_comes_back(to_sed_type(profile, "flux", per_solid_angle=True), path)
    table = QTable.read(path, hdu="FLUXPOINTS")
    expected = to_sed_type(profile, "flux")["flux"]
    np.testing.assert_allclose(table["flux"].to_value("cm-2 s-1"), expected, rtol=1e-14)


def test_netcdf_is_told_by_its_content(profile, tmp_path):
    profile.to_netcdf(tmp_path / "profile.dat")
    xr.testing.assert_identical(open_profile(tmp_path / "profile.dat"), profile)


def test_compressed_files(profile, tmp_path):
    assert_comes_back(profile, tmp_path / "profile.fits.gz")
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
            *AXES, *references, *value_columns(kind), "ts", "sqrt_ts", "npred", "npred_excess",
            "stat", "stat_null", "stat_scan", "is_ul", "counts", "success", "norm_scan", *EXTRAS,
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
        assert not {"ts", "counts", "lon"} & set(extra.columns.names)  # nothing twice
        assert ("ref_dnde" in extra.columns.names) == (kind != "norm")


def test_nothing_is_twice_whatever_the_order_of_dims(profile, path):
    write_profile(profile.transpose("norm_scan", "energy", "projected_distance"), path)
    assert fits.getdata(path, "XPROFILE").names == ["JSON", "ref_e2dnde"]


def test_other_bins_are_in_the_same_columns(profile, path):
    write_profile(profile, path)
    expected = fits.getdata(path, "FLUXPOINTS")
    for turned, unit in ((by_angle(profile), "arcmin"), (by_region(profile), None)):
        write_profile(turned, path, overwrite=True)
        with fits.open(path) as hdus:
            columns = hdus["FLUXPOINTS"].columns
            assert columns.names == expected.names
            assert [columns[name].unit for name in AXES[:3]] == [unit] * 3
            for name in set(columns.names) - set(AXES[:3]):
                np.testing.assert_array_equal(hdus["FLUXPOINTS"].data[name], expected[name])
            assert hdus["XPROFILE"].columns.names == ["JSON", "ref_e2dnde"]  # nothing twice


def test_a_table_alone_without_distances_is_refused(profile, path):
    write_profile(by_region(profile), path)
    with fits.open(path) as hdus:
        hdus[:2].writeto(path, overwrite=True)
    with pytest.raises(FileFormatError, match="x_min has the unit None, expected one like 'deg'"):
        open_profile(path)


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


# Gammapy's files


def make_gammapy(path, kind="norm", confidence=None, **columns):
    """Write a table as Gammapy 1.3 does: keV and mixed units, float32, two datasets, no model."""
    profile = make_profile()
    source = to_sed_type(profile, kind)
    rows = np.ones((10, 1))
    table = {
        **{f"x_{a}": source[f"projected_distance_{a}"].to_numpy() * u.deg for a in ("min", "max")},
        "x_ref": source["projected_distance"].to_numpy() * u.deg,
        "e_ref": rows * source["energy"].to_numpy() * 1e9 * u.keV,
        "e_min": rows * source["energy_min"].to_numpy() * 1e9 * u.keV,
        "e_max": rows * source["energy_max"].to_numpy() * 1e9 * u.keV,
    }
    units = {"flux": "keV TeV-1 s-1 cm-2", "eflux": "keV2 TeV-1 s-1 cm-2"}
    for name in ("dnde", "flux", "eflux") if kind == "norm" else ():
        values = profile[f"ref_{name}"].to_numpy() * u.Unit(profile[f"ref_{name}"].attrs["units"])
        table[f"ref_{name}"] = rows * values.to(units.get(name, values.unit))
    for name in value_columns(kind):
        values = source[name].to_numpy() * u.Unit(source[name].attrs.get("units", ""))
        table[name] = values.to(units.get(kind, values.unit))
    for name in ("npred", "npred_excess", "counts"):
        halves = source[name].to_numpy()[..., None] * [0.25, 0.75]
        table[name] = halves.astype(np.float32 if name == "npred_excess" else float)
    for name in ("ts", "sqrt_ts", "stat", "is_ul", "success", "stat_scan"):
        table[name] = source[name].to_numpy()
    table["norm_scan"] = np.ones((10, 2, 1)) * source["norm_scan"].to_numpy()
    table |= columns
    hdu = fits.BinTableHDU(Table({k: v for k, v in table.items() if v is not None}))
    hdu.name = "FLUXPOINTS"
    if confidence is not None:
        hdu.header["UL_CONF"] = confidence
    fits.HDUList([fits.PrimaryHDU(), hdu]).writeto(path, overwrite=True)
    return source


@pytest.mark.parametrize("sed_type", KINDS)
def test_gammapys_layout_is_read_in_every_sed_type(sed_type, path):
    kind = KINDS[sed_type][0]
    expected = make_gammapy(path, kind)
    found = read_profile_fits(path, spectral_model=MODEL)
    check_profile(found)
    assert found.attrs["sed_type"] == sed_type
    assert found[kind].attrs == expected[kind].attrs
    assert (found.attrs["n_sigma"], found.attrs["n_sigma_ul"]) == (1, 2)
    assert found.attrs["history"] == "open_profile profile.fits"
    names = {*value_columns(kind), "ref_dnde", "ref_flux", "ref_eflux", "ref_e2dnde", "counts"}
    names |= {"npred", "ts", "sqrt_ts", "stat", "stat_scan", "success", "is_ul"}
    for name in names | set(found.coords):
        assert found[name].attrs.get("units", "") == expected[name].attrs.get("units", "")
        assert found[name].dims == expected[name].dims
        assert found[name].dtype.isnative
        np.testing.assert_allclose(found[name], expected[name], rtol=1e-12)
    np.testing.assert_allclose(
        to_sed_type(found, "dnde")["dnde_ul"], to_sed_type(expected, "dnde")["dnde_ul"], rtol=1e-12
    )


def test_without_a_model_fluxes_cannot_be_converted(path):
    make_gammapy(path, "flux")
    with pytest.warns(UserWarning, match="spectral_model="):
        found = open_profile(path)
    with pytest.raises(MissingVariableError, match="ref_"):
        to_sed_type(found, "dnde")
    assert "PowerLaw1D" in open_profile(path, spectral_model=MODEL).attrs["spectral_model"]


def test_another_model_than_the_files_is_refused(profile, path):
    other = power_law(2.35)
    write_profile(profile, path, "dnde")
    with pytest.raises(InvalidOptionError, match="not the one of the file: ref_dnde"):
        open_profile(path, spectral_model=other)
    for same in (MODEL, lambda energy: MODEL(energy)):
        xr.testing.assert_identical(open_profile(path, spectral_model=same), open_profile(path))
    write_profile(to_units(profile, dnde="cm-2 s-1 GeV-1"), path, "dnde", overwrite=True)
    xr.testing.assert_identical(open_profile(path, spectral_model=MODEL), open_profile(path))
    make_gammapy(path)
    with pytest.raises(InvalidOptionError, match="not the one of the file"):
        open_profile(path, spectral_model=other)


@pytest.mark.parametrize(
    ("confidence", "sigma"), [(None, 2), (0.9544997, 2), (0.9973002, 3), (0.9999994, 5)]
)
def test_sigma_of_limits(confidence, sigma, path):
    make_gammapy(path, confidence=confidence)
    assert open_profile(path).attrs["n_sigma_ul"] == sigma


def test_sigma_of_limits_at_a_round_confidence(path):
    make_gammapy(path, confidence=0.95)
    np.testing.assert_allclose(open_profile(path).attrs["n_sigma_ul"], 1.959964, rtol=1e-6)


def test_limits_are_marked_if_the_file_does_not(path):
    expected = make_gammapy(path, is_ul=None)
    np.testing.assert_array_equal(open_profile(path)["is_ul"], expected["is_ul"])


def test_our_table_alone_is_read_like_gammapys(profile, path):
    write_profile(profile, path, "eflux")
    with fits.open(path) as hdus:
        hdus[:2].writeto(path, overwrite=True)
    found, expected = open_profile(path, spectral_model=MODEL), to_sed_type(profile, "eflux")
    for name in set(expected.variables):
        np.testing.assert_array_equal(found[name], expected[name])


# what is no profile


def write_table(path, table, name="FLUXPOINTS"):
    fits.HDUList([fits.PrimaryHDU(), fits.BinTableHDU(Table(table), name=name)]).writeto(path)


def test_missing_file(tmp_path):
    for read in (open_profile, read_profile_fits):
        with pytest.raises(MissingFileError, match=r"no file '.*none.fits'"):
            read(tmp_path / "none.fits")


@pytest.mark.parametrize(
    ("content", "match"),
    [
        (b"# %ECSV 1.0\n", "cannot read .* as ECSV"),
        (b"PK\x03\x04 zip", "neither FITS, ECSV, netCDF nor Zarr: it starts with b'PK"),
        (b"", "neither FITS, ECSV, netCDF nor Zarr"),
        (b"\x1f\x8b not gzip", "cannot read .* as FITS"),
        (b"\x89HDF\r\n\x1a\n", "cannot read .* as netCDF"),
    ],
)
def test_unknown_and_broken_content(content, match, path):
    path.write_bytes(content)
    with pytest.raises(FileFormatError, match=match):
        open_profile(path)


def test_a_folder(tmp_path):
    with pytest.raises(FileFormatError, match="is a folder, but not of Zarr"):
        open_profile(tmp_path)


def test_truncated_file(profile, path):
    write_profile(profile, path)
    path.write_bytes(path.read_bytes()[:-2880])
    with pytest.raises(FileFormatError, match="truncated"):
        open_profile(path)


def test_no_fluxpoints(path):
    write_table(path, {"a": [1.0]}, name="EVENTS")
    with pytest.raises(FileFormatError, match="no table FLUXPOINTS, found PRIMARY, EVENTS"):
        read_profile_fits(path)


def test_an_image_called_fluxpoints(path):
    image = fits.ImageHDU(np.zeros((2, 2)), name="FLUXPOINTS")
    fits.HDUList([fits.PrimaryHDU(), image]).writeto(path)
    with pytest.raises(FileFormatError, match="no table FLUXPOINTS"):
        read_profile_fits(path)


def test_a_spectrum_is_no_profile(path):
    write_table(path, {"e_ref": [1.0], "e_min": [0.5], "e_max": [2.0], "dnde": [1.0]})
    with pytest.raises(FileFormatError, match=r"lacks .*'x_min', 'x_max', 'x_ref'.*has .*'dnde'"):
        read_profile_fits(path)


def test_a_table_without_flux(path):
    write_table(path, {name: [1.0] for name in AXES})
    with pytest.raises(FileFormatError, match=r"no flux: expected a column of .*'dnde'.* found"):
        read_profile_fits(path)


def test_grids_that_differ_from_bin_to_bin(path):
    grids = np.arange(220.0).reshape(10, 2, 11)
    make_gammapy(path, norm_scan=grids)
    with pytest.raises(FileFormatError, match=r"norm_scan .* differs from bin to bin"):
        read_profile_fits(path)


def test_a_damaged_description(profile, path):
    write_profile(profile, path, "dnde")
    with fits.open(path) as hdus:
        hdus["XPROFILE"].columns.del_col("ref_dnde")
        hdus.writeto(path, overwrite=True)
    with pytest.raises(FileFormatError, match=r"XPROFILE .* not whole: .*ref_dnde"):
        open_profile(path)


def test_a_later_version(profile, path):
    write_profile(profile, path)
    fits.setval(path, "XPVERS", value=2, ext=2)
    with pytest.raises(FileFormatError, match=r"version 2.*use a newer one"):
        open_profile(path)


def test_netcdf_of_something_else(tmp_path):
    make_binned().to_netcdf(tmp_path / "binned.nc")
    with pytest.raises(InvalidDataError, match="sed_type"):
        open_profile(tmp_path / "binned.nc")


@pytest.mark.parametrize("sed_type", ["dnde", "likelihood"])
@pytest.mark.parametrize("name", TABLES)
def test_gammapys_files(reference, name, sed_type, tmp_path):
    found = open_profile(reference / f"{name}_{sed_type}.fits", spectral_model=MODEL)
    check_profile(found)
    assert found.attrs["sed_type"] == sed_type
    for kind in ("dnde", "eflux", "likelihood"):
        table = ecsv(reference / f"{name}_{kind}.ecsv")
        quantity, unit = KINDS[kind]
        converted = to_sed_type(found, kind)
        for column in set(value_columns(quantity)) & set(table.colnames):
            values = u.Quantity(table[column]).to_value(unit)
            np.testing.assert_allclose(converted[column], values, rtol=1e-6)
        for column in ("ts", "sqrt_ts", "stat", "stat_null", "success", "is_ul"):
            np.testing.assert_array_equal(found[column], np.array(table[column]))
        counts = np.array(table["counts"]).reshape(found["counts"].shape)
        np.testing.assert_array_equal(found["counts"], counts)
        energies = table["e_max"].to_value("TeV")[0]
        np.testing.assert_allclose(found["energy_max"], energies, rtol=1e-12)
    assert_comes_back(found, tmp_path / "profile.fits")


@pytest.mark.parametrize("sed_type", ["dnde", "likelihood"])
def test_gammapys_logparabola(reference, sed_type):
    amplitude = 1e-12 * u.Unit("cm-2 s-1 TeV-1")
    model = LogParabola1D(amplitude, 0.1 * u.TeV, alpha=2.1, beta=0.15)
    name = f"gammapy21_radial10_logparabola_{sed_type}"
    found = open_profile(reference / f"{name}.fits", spectral_model=model)
    table = ecsv(reference / "gammapy21_radial10_logparabola_eflux.ecsv")
    eflux = to_sed_type(found, "eflux")["eflux_ul"]
    np.testing.assert_allclose(eflux, table["eflux_ul"].to_value("erg cm-2 s-1"), rtol=1e-4)


@pytest.mark.parametrize("name", ["gammapy13_linear51", "gammapy21_radial10"])
def test_gammapys_fluxes_without_a_model(reference, name):
    with pytest.warns(UserWarning, match="no reference fluxes"):
        open_profile(reference / f"{name}_dnde.fits")
    open_profile(reference / f"{name}_likelihood.fits")
