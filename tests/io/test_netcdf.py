"""Netcdf by the CF conventions: what is added, and that it is taken away again."""

import numpy as np
import pytest
import xarray as xr
from cases.maps import make_maps
from cases.profiles import by_region, make_binned, make_profile

from xprofile import open_netcdf, open_profile, to_sed_type
from xprofile.exceptions import FileFormatError, InvalidDataError, MissingFileError
from xprofile.io.netcdf import decode, encode, write_netcdf


@pytest.fixture
def path(tmp_path):
    return tmp_path / "data.nc"


@pytest.fixture
def profile():
    return make_profile()


@pytest.mark.parametrize("make", [make_maps, make_binned, make_profile])
def test_all_three_datasets_come_back(make, path):
    data = make()
    data.profile.to_netcdf(path)
    found = open_netcdf(path)
    xr.testing.assert_identical(found, data)
    assert {k: v.dtype for k, v in found.variables.items()} == {
        k: v.dtype for k, v in data.variables.items()
    }


def test_maps_of_dask_come_back(path):
    maps = make_maps()
    maps.chunk(lat=20).profile.to_netcdf(path)
    xr.testing.assert_identical(open_netcdf(path), maps)


def test_what_the_conventions_ask_for(profile, path):
    write_netcdf(to_sed_type(profile, "flux", per_solid_angle=True), path)
    with xr.open_dataset(path, decode_cf=False) as found:
        assert found.attrs["Conventions"] == "CF-1.11"
        assert found.attrs["title"] == "Gamma-ray flux profile"
        assert found.attrs["source"] == profile.attrs["creator"]
        assert found.attrs["history"] == profile.attrs["history"]
        assert found["lon"].attrs["units"] == found["projected_distance"].attrs["units"] == "degree"
        assert found["flux"].attrs["units"] == "cm-2 s-1 sr-1"
        assert found["flux"].attrs["ancillary_variables"].split()[-2:] == [
            "flux_sensitivity", "status",
        ]  # fmt: skip
        assert found["status"].attrs["standard_name"] == "quality_flag"
        assert found["status"].attrs["flag_masks"].dtype == found["status"].dtype
        assert found["is_ul"].attrs["flag_values"].dtype == np.int8  # as bool is in netCDF
        assert "solid_angle" not in found["flux"].attrs["coordinates"].split()
        assert {"lon", "lat", "region"} <= set(found["flux"].attrs["coordinates"].split())
        for name in ("energy", "projected_distance"):
            assert found[name].attrs["bounds"] == f"{name}_bounds"
            bounds = found[f"{name}_bounds"]
            np.testing.assert_array_equal(bounds[:, 0], profile[f"{name}_min"])
            np.testing.assert_array_equal(bounds[:, 1], profile[f"{name}_max"])
            assert not {"_FillValue", "units"} & set(bounds.attrs)
            assert "_FillValue" not in found[name].attrs


def test_bounds_run_as_the_axis_does(profile):
    turned = encode(profile.isel(projected_distance=slice(None, None, -1)))
    edges = turned["projected_distance_bounds"].to_numpy()
    np.testing.assert_array_equal(edges[0], [2.5, 2.25])
    assert np.all(np.diff(edges.ravel()) <= 0)


def test_one_energy_has_two_bounds(profile):
    np.testing.assert_array_equal(encode(profile.isel(energy=0))["energy_bounds"], [0.01, 0.05])


def test_axes_without_edges_have_no_bounds(profile):
    assert set(encode(by_region(profile)).dims) == {"region", "energy", "norm_scan", "bounds"}
    odd = profile.assign(bounds=("bounds", [1, 2, 3]))
    assert set(encode(odd).variables) == set(odd.variables)
    xr.testing.assert_identical(decode(encode(odd)), odd)


def test_the_users_own_words_stay(profile, path):
    profile.attrs |= {
        "title": "mine",
        "Conventions": "ACDD-1.3",
        "source": "me",
        "institution": "x",
    }
    profile["norm"].attrs["ancillary_variables"] = "stat"
    encoded = encode(profile)
    assert encoded.attrs["Conventions"] == "CF-1.11 ACDD-1.3"
    assert encoded.attrs["title"] == "mine"
    assert encoded["norm"].attrs["ancillary_variables"] == "stat"
    assert encode(profile.assign_attrs(Conventions="CF-1.8")).attrs["Conventions"] == "CF-1.8"
    write_netcdf(profile, path)
    xr.testing.assert_identical(open_profile(path), profile)


def test_readers_of_xarray_alone_can_go_on(profile, path, tmp_path):
    """What others open without xprofile, and write again by either way, is the same profile."""
    write_netcdf(profile, path)
    plain = xr.load_dataset(path)
    before = plain.copy(deep=True)
    xr.testing.assert_identical(decode(plain), profile)
    xr.testing.assert_identical(plain, before)
    assert len(plain.profile.to_dataframe()) == 20
    assert "bounds" not in plain.profile.to_dataframe()
    assert len(plain.profile.to_table("dnde")) == 10
    for number, write in enumerate((plain.to_netcdf, plain.profile.to_netcdf)):
        write(tmp_path / f"{number}.nc")
        xr.testing.assert_identical(open_profile(tmp_path / f"{number}.nc"), profile)


def test_what_was_changed_since_stays_changed(profile, path):
    write_netcdf(profile, path)
    plain = xr.load_dataset(path).drop_vars(["energy_bounds", "ts"])
    plain.attrs["n_sigma"] = 3.0
    plain.attrs["title"] = "mine"
    del plain.attrs["n_sigma_sensitivity"]
    plain["projected_distance"].attrs["units"] = "rad"
    plain["counts"] = plain["counts"] + 0.5
    found = decode(plain)
    assert found.attrs["n_sigma"] == 3
    assert found.attrs["title"] == "mine"
    assert "n_sigma_sensitivity" not in found.attrs
    assert found["projected_distance"].attrs["units"] == "rad"
    np.testing.assert_array_equal(found["counts"], profile["counts"] + 0.5)
    assert "source" not in found.attrs
    assert "projected_distance_bounds" not in found
    assert found["lon"].attrs["units"] == "deg"


def test_keywords_are_xarrays(profile, path):
    squeezed = {"norm": {"zlib": True}, "energy": {"dtype": "float32"}}
    write_netcdf(profile, path, encoding=squeezed)
    with xr.open_dataset(path) as found:
        assert found["norm"].encoding["zlib"]
        assert found["energy"].dtype == np.float32
    write_netcdf(profile, path, overwrite=True, format="NETCDF3_64BIT")
    assert path.read_bytes()[:3] == b"CDF"
    xr.testing.assert_identical(open_profile(path), profile)
    assert open_profile(path)["counts"].dtype == np.int64


def test_what_is_no_netcdf(tmp_path, path):
    with pytest.raises(MissingFileError, match=r"no file .*data\.nc"):
        open_netcdf(path)
    path.write_bytes(b"\x89HDF\r\n\x1a\n")
    with pytest.raises(FileFormatError, match=r"cannot read .* as netCDF"):
        open_netcdf(path)


@pytest.mark.parametrize(
    ("note", "match"),
    [
        ('{"version": 2}', "version 2.*use a newer one"),
        ("{}", "cannot read .*'version'"),
        ("not JSON", "cannot read"),
    ],
)
def test_a_note_that_cannot_be_read(profile, path, note, match):
    encode(profile).assign_attrs(xprofile=note).to_netcdf(path)
    with pytest.raises(FileFormatError, match=match):
        open_netcdf(path)


def test_another_dataset_is_no_profile(path):
    write_netcdf(make_binned(), path)
    with pytest.raises(InvalidDataError, match="sed_type"):
        open_profile(path)
