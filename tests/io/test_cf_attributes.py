"""Attributes and bounds of the CF conventions: they are added, and removed again."""

import numpy as np
import pytest
import xarray as xr
from cases.profiles import by_region, make_profile

from xprofile import open_profile, to_sed_type, write_netcdf
from xprofile.io.cf_conventions import decode_cf, encode_cf


@pytest.fixture
def path(tmp_path):
    return tmp_path / "data.nc"


@pytest.fixture
def profile():
    return make_profile()


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
        assert found["is_ul"].attrs["flag_values"].dtype == np.int8  # netCDF stores bool as int8
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
    turned = encode_cf(profile.isel(projected_distance=slice(None, None, -1)))
    edges = turned["projected_distance_bounds"].to_numpy()
    np.testing.assert_array_equal(edges[0], [2.5, 2.25])
    assert np.all(np.diff(edges.ravel()) <= 0)


def test_one_energy_has_two_bounds(profile):
    np.testing.assert_array_equal(encode_cf(profile.isel(energy=0))["energy_bounds"], [0.01, 0.05])


def test_axes_without_edges_have_no_bounds(profile):
    assert set(encode_cf(by_region(profile)).dims) == {"region", "energy", "norm_scan", "bounds"}
    odd = profile.assign(bounds=("bounds", [1, 2, 3]))
    assert set(encode_cf(odd).variables) == set(odd.variables)
    xr.testing.assert_identical(decode_cf(encode_cf(odd)), odd)


def test_the_users_own_words_stay(profile, path):
    profile.attrs |= {
        "title": "mine",
        "Conventions": "ACDD-1.3",
        "source": "me",
        "institution": "x",
    }
    profile["norm"].attrs["ancillary_variables"] = "stat"
    encoded = encode_cf(profile)
    assert encoded.attrs["Conventions"] == "CF-1.11 ACDD-1.3"
    assert encoded.attrs["title"] == "mine"
    assert encoded["norm"].attrs["ancillary_variables"] == "stat"
    assert encode_cf(profile.assign_attrs(Conventions="CF-1.8")).attrs["Conventions"] == "CF-1.8"
    write_netcdf(profile, path)
    xr.testing.assert_identical(open_profile(path), profile)


def test_what_was_changed_since_stays_changed(profile, path):
    write_netcdf(profile, path)
    plain = xr.load_dataset(path).drop_vars(["energy_bounds", "ts"])
    plain.attrs["n_sigma"] = 3.0
    plain.attrs["title"] = "mine"
    del plain.attrs["n_sigma_sensitivity"]
    plain["projected_distance"].attrs["units"] = "rad"
    plain["counts"] = plain["counts"] + 0.5
    found = decode_cf(plain)
    assert found.attrs["n_sigma"] == 3
    assert found.attrs["title"] == "mine"
    assert "n_sigma_sensitivity" not in found.attrs
    assert found["projected_distance"].attrs["units"] == "rad"
    np.testing.assert_array_equal(found["counts"], profile["counts"] + 0.5)
    assert "source" not in found.attrs
    assert "projected_distance_bounds" not in found
    assert found["lon"].attrs["units"] == "deg"
