"""Checks that a Dataset is of its kind: all that is missing or wrong is named."""

import astropy.units as u
import numpy as np
import pytest
import xarray as xr
from astropy.coordinates import SkyCoord
from cases.maps import make_maps, make_wcs

from xprofile import SkyBins, bin_maps, estimate
from xprofile.exceptions import InvalidDataError, MissingVariableError
from xprofile.schema.checks import check_binned, check_maps, check_profile


@pytest.fixture(scope="module")
def maps():
    return make_maps(make_wcs(shape=(20, 30)), shape=(20, 30))


@pytest.fixture(scope="module")
def binned(maps):
    start, end = SkyCoord([1, -1] * u.deg, [0, 0] * u.deg, frame="galactic")
    return bin_maps(maps, SkyBins.along_line(start, end, height=1 * u.deg, nbin=4))


@pytest.fixture(scope="module")
def profile(binned):
    return estimate(binned)


CHECKS = {"maps": check_maps, "binned": check_binned, "profile": check_profile}


@pytest.mark.parametrize("kind", CHECKS)
def test_good_datasets_pass_unchanged(kind, request):
    data = request.getfixturevalue(kind)
    before = data.copy(deep=True)
    CHECKS[kind](data)
    xr.testing.assert_identical(data, before)


@pytest.mark.parametrize(
    ("kind", "names"),
    [
        ("maps", ["counts"]),
        ("maps", ["counts", "exposure"]),
        ("maps", ["energy_min", "energy_max", "x", "y", "wcs"]),
        ("binned", ["counts", "exposure", "solid_angle", "coverage"]),
        ("binned", ["energy_min", "energy_max"]),
        ("profile", ["norm"]),
        ("profile", ["energy_min", "energy_max"]),
    ],
)
def test_all_missing_variables_are_named(kind, names, request):
    data = request.getfixturevalue(kind).drop_vars(names)
    with pytest.raises(MissingVariableError, match=f"^not a {kind} Dataset: missing") as caught:
        CHECKS[kind](data)
    missing = str(caught.value).split(";")[0].split("missing ")[1]
    assert sorted(missing.split(", ")) == sorted(names)


@pytest.mark.parametrize("kind", CHECKS)
def test_empty_dataset_is_refused(kind):
    attrs = {"sed_type": "dnde"} if kind == "profile" else {}
    with pytest.raises(MissingVariableError, match=f"not a {kind} Dataset: .*found nothing"):
        CHECKS[kind](xr.Dataset(attrs=attrs))


def test_onoff_maps_need_acceptances_and_no_background(maps):
    off = maps.rename(background="counts_off")
    with pytest.raises(MissingVariableError, match="missing acceptance, acceptance_off;"):
        check_maps(off)
    check_maps(off.assign(acceptance=off["counts_off"], acceptance_off=off["counts_off"]))


def test_all_wrong_dims_and_units_are_named(maps):
    wrong = maps.assign(counts=maps["counts"].sum("energy"), mask=maps["mask"].isel(lat=0))
    wrong["exposure"] = wrong["exposure"].assign_attrs(units="m2 s")
    with pytest.raises(InvalidDataError, match="maps Dataset cannot be used") as caught:
        check_maps(wrong)
    for words in (
        "counts has dims ('lat', 'lon'), expected ('energy', 'lat', 'lon')",
        "mask has dims ('energy', 'lon')",
        "exposure has units 'm2 s', expected 'cm2 s'",
    ):
        assert words in str(caught.value)


def test_order_of_dims_does_not_matter(maps, binned, profile):
    check_maps(maps.transpose("lon", "energy", ...))
    check_binned(binned.transpose())
    check_profile(profile.transpose())


def test_exposure_without_unit_is_refused(maps):
    exposure = maps["exposure"].copy()
    del exposure.attrs["units"]
    with pytest.raises(InvalidDataError, match="exposure has units None, expected 'cm2 s'"):
        check_maps(maps.assign(exposure=exposure))


def test_energy_dispersion_may_vary_over_the_sky(maps):
    values = np.ones((6, 4, 20, 30))
    dims = ("energy_true", "energy", "lat_edisp", "lon_edisp")
    check_maps(maps.assign(edisp=(dims, values)))
    with pytest.raises(InvalidDataError, match=r"edisp has dims .*'lat', 'lon'\), expected"):
        check_maps(maps.assign(edisp=((*dims[:2], "lat", "lon"), values)))


def test_binned_with_wrong_dims_is_refused(binned):
    counts = xr.Variable(("energy", "radius"), binned["counts"].to_numpy())
    with pytest.raises(InvalidDataError, match=r"binned .*counts has dims .*'radius'"):
        check_binned(binned.assign(counts=counts))


def test_binned_may_have_further_dims_that_broadcast(binned):
    check_binned(binned.assign(exposure=binned["exposure"].expand_dims(energy=binned["energy"])))
    check_binned(xr.concat([binned, binned], "dataset"))


@pytest.mark.parametrize("sed_type", ["DNDE", "", 3])
def test_profile_must_say_its_sed_type(profile, sed_type):
    with pytest.raises(InvalidDataError, match=rf"attrs\['sed_type'\] is {sed_type!r}"):
        check_profile(profile.assign_attrs(sed_type=sed_type))


def test_profile_must_have_the_quantity_of_its_sed_type(profile):
    with pytest.raises(MissingVariableError, match="missing eflux;"):
        check_profile(profile.assign_attrs(sed_type="eflux"))


def test_one_selected_bin_of_binned_data_is_refused(binned):
    with pytest.raises(MissingVariableError, match=r"such as isel\(projected_distance=\[0\]\)"):
        check_binned(binned.isel(projected_distance=0))
