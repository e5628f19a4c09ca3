"""Values that are too large, shares above 1, missing values of pandas, and values of profiles."""

import astropy.units as u
import numpy as np
import pandas as pd
import pytest
import xarray as xr
from cases.small_inputs import binned, bins, folder, maps, profile, spoilt

import xprofile
from xprofile.exceptions import InvalidDataError


@pytest.mark.parametrize("name", ["counts", "background", "solid_angle", "n_pixels"])
@pytest.mark.parametrize("join", [False, True])
def test_too_large_for_a_fit(name, join):
    wrong = spoilt(binned(), name, "one huge")
    wrong = xr.concat([binned(), wrong], "dataset", join="exact") if join else wrong
    for call in (xprofile.check_binned, xprofile.estimate):
        with pytest.raises(InvalidDataError, match=f"{name} is too large in 1 used bins, .*1e.300"):
            call(wrong)


@pytest.mark.parametrize("name", ["counts_off", "acceptance", "acceptance_off"])
def test_too_large_on_off_data(name):
    data = binned().rename(background="counts_off")
    data = data.assign(acceptance=data.coverage, acceptance_off=data.coverage)
    xprofile.check_binned(data)
    with pytest.raises(InvalidDataError, match=f"{name} is too large"):
        xprofile.estimate(spoilt(data, name, "one huge"))


def test_counts_of_maps_that_add_up_to_too_much():
    wrong = maps().assign(counts=maps().counts + 1e300)
    with pytest.raises(InvalidDataError, match="counts is too large"):
        wrong.profile.estimate(bins())


def test_values_of_unused_bins_do_not_matter():
    data = spoilt(binned(), "counts", "one huge")
    data["coverage"] = data.coverage.where(data.counts < 1e100, 0)
    assert xprofile.estimate(data).norm.notnull().all()


@pytest.mark.parametrize("share", [1.5, 100.0])
def test_shares_above_one(share):
    with pytest.raises(InvalidDataError, match=r"coverage is too large in 6 used bins.* up to 1"):
        xprofile.check_binned(binned().assign(coverage=binned().coverage * 0 + share))


@pytest.mark.parametrize("factor", [25, 1e4, 1e308])
def test_energy_dispersions_are_fractions(factor):
    """Effective areas and densities are another thing."""
    for make, calls in (
        (maps, (xprofile.check_maps, lambda m: xprofile.bin_maps(m, bins()))),
        (binned, (xprofile.check_binned, xprofile.estimate, xprofile.simulate)),
    ):
        wrong = make().assign(edisp=make().edisp * factor)
        for call in calls:
            with pytest.raises(InvalidDataError, match=r"edisp adds up to .* about 1 at most"):
                call(wrong)
    xprofile.check_binned(binned().assign(edisp=binned().edisp * 1.2))


@pytest.mark.parametrize("name", ["n_pixels", "solid_angle"])
def test_missing_values_of_pandas(name):
    data = binned()
    values = data[name].to_numpy().tolist()
    for kind in ("Float64", "Int64"):
        whole = values if kind == "Float64" else [round(v) for v in values]
        fine = xr.Variable(data[name].dims, pd.array(whole, dtype=kind), data[name].attrs)
        xprofile.check_binned(data.assign({name: fine}))
        lost = xr.Variable(fine.dims, pd.array([*whole[:-1], pd.NA], dtype=kind), fine.attrs)
        with pytest.raises(InvalidDataError, match=f"{name} "):
            xprofile.estimate(data.assign({name: lost}))


PROFILE_CALLS = {
    "check": xprofile.check_profile,
    "convert": lambda p: xprofile.to_sed_type(p, "flux"),
    "brightness": lambda p: xprofile.to_sed_type(p, "dnde", per_solid_angle=True),
    "limits": lambda p: xprofile.recompute_ul(p, 1.5),
    "table": xprofile.to_table,
    "file": lambda p: xprofile.write_profile(p, folder() / "wrong.fits", overwrite=True),
    "ecsv": lambda p: xprofile.write_ecsv(p, folder() / "wrong.ecsv", overwrite=True),
    "plot": lambda p: p.profile.plot(),
    "merge": lambda p: xprofile.merge_profiles([p, p]),
}


@pytest.mark.parametrize("call", PROFILE_CALLS)
@pytest.mark.parametrize(
    ("name", "how", "words"),
    [
        ("energy_min", "one NaN", "not finite"),
        ("energy_max", "one inf", "not finite"),
        ("energy", "negative", "not positive"),
        ("energy_max", "zero", "not positive"),
        ("projected_distance", "one NaN", "not finite"),
        ("projected_distance_min", "one inf", "not finite"),
        ("ref_flux", "one negative", "ref_flux is negative"),
        ("ref_dnde", "one inf", "ref_dnde is negative or infinite"),
        ("solid_angle", "one negative", "solid_angle is negative"),
    ],
)
def test_values_of_profiles(call, name, how, words):
    with pytest.raises(InvalidDataError, match=rf"profile Dataset cannot be used: .*{words}"):
        PROFILE_CALLS[call](spoilt(profile(), name, how))


def test_bins_of_profiles_that_end_before_they_begin():
    wrong = profile()
    wrong["energy_min"], wrong["energy_max"] = wrong.energy_max.copy(), wrong.energy_min.copy()
    with pytest.raises(InvalidDataError, match="bins of energy end before they begin"):
        xprofile.with_reference_model(xprofile.to_sed_type(wrong, "flux"), xprofile.power_law(3))


def test_fits_without_a_result_are_no_fault():
    data = binned().assign(exposure=binned().exposure * 0)
    found = xprofile.estimate(data, selection_optional="all")
    assert found.norm.isnull().all()
    xprofile.check_profile(xprofile.to_sed_type(found, "flux"))


@pytest.mark.parametrize("how", ["one complex", "object", "text", "dates"])
@pytest.mark.parametrize("name", ["counts", "exposure", "background"])
def test_pixels_of_other_types_are_not_joined(name, how):
    with pytest.raises(InvalidDataError, match=f"cannot be made coarser: {name} has the type"):
        xprofile.coarsen(spoilt(maps(), name, how), 2)


@pytest.mark.parametrize("values", [[0, np.nan, 0.2], [0, 0.1, 0.1], [np.inf, 0, 1]])
def test_angles_of_a_psf_in_files(values):
    wrong = maps().assign_coords(rad=("rad", values, {"units": "deg"}))
    with pytest.raises(InvalidDataError, match=r"values of rad (are not finite|repeat)"):
        xprofile.write_maps(wrong, folder() / "psf.fits", overwrite=True)


@pytest.mark.parametrize("values", [[np.nan, 2], [1, 1], [1, -np.inf]])
def test_norms_of_scans(values):
    found = profile().isel(norm_scan=[0, -1]).assign_coords(norm_scan=values)
    for call in (lambda p: xprofile.recompute_ul(p, 2), lambda p: xprofile.merge_profiles([p, p])):
        with pytest.raises(InvalidDataError, match=r"values of norm_scan (are not finite|repeat)"):
            call(found)


@pytest.mark.parametrize("name", ["lon", "lat"])
def test_ranges_of_undefined_positions(name):
    values = binned()[name].to_numpy().copy()
    values[1] = np.nan
    wrong = binned()
    wrong[name] = (wrong[name].dims, values, wrong[name].attrs)
    with pytest.raises(InvalidDataError, match=f"values of {name} are not finite"):
        xprofile.select(wrong, **{name: slice(-1 * u.deg, 1 * u.deg)})
