"""Round trips of profiles of every shape through files of every format."""

import warnings
from functools import lru_cache

import astropy.units as u
import numpy as np
import pytest
import xarray as xr
from cases.profile_files import write_zarr
from cases.profiles import ANGLES, DISTANCES
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from xprofile import (
    estimate,
    open_profile,
    power_law,
    simulate,
    to_sed_type,
    write_ecsv,
    write_netcdf,
    write_profile,
)
from xprofile.schema.axes import axis_coords
from xprofile.schema.variables import BINNED, COORDS, data_array

NBIN, NENERGY = 5, 4
SED_TYPES = ("likelihood", "norm", "dnde", "flux", "eflux", "e2dnde")
OPTIONAL = ("errn-errp", "ul", "scan", "sensitivity")


TABLES = {
    "FITS": lambda profile, path: write_profile(profile, path, overwrite=True),
    "ECSV": lambda profile, path: write_ecsv(profile, path, overwrite=True),
}
WHOLE = {
    "netCDF": lambda profile, path: write_netcdf(profile, path, overwrite=True),
    "plain netCDF": lambda profile, path: profile.to_netcdf(path),
    "Zarr 2": lambda profile, path: write_zarr(profile, path, 2),
    "Zarr 3": lambda profile, path: write_zarr(profile, path, 3),
}
WRITERS = TABLES | WHOLE


@lru_cache
def binned(seed):
    """Binned data of 4 energies and 5 bins: one masked, one without counts."""
    rng = np.random.default_rng(seed)
    coverage = np.ones((NENERGY, NBIN))
    coverage[:, -1] = 0
    counts = rng.poisson(12.0, coverage.shape) * (coverage > 0)
    counts[:, 1] = 0
    distance, energy = 0.25 * np.arange(NBIN + 1), np.geomspace(0.01, 1, NENERGY + 1)
    values = {
        "counts": counts,
        "background": 8 * coverage,
        "exposure": 3e11 * coverage,
        "edisp": np.eye(NENERGY),
        "solid_angle": np.linspace(1e-4, 2e-4, NBIN),
        "coverage": coverage,
    }
    frame = {"units": "deg", "frame": "galactic"}
    coords = {
        **axis_coords("projected_distance", distance[:-1] + 0.1, distance[:-1], distance[1:]),
        "lon": ("projected_distance", 359 + distance[:-1], frame),
        "lat": ("projected_distance", np.zeros(NBIN), frame),
        "region": data_array("region", [f"galactic;circle({x},0,1)" for x in range(NBIN)], COORDS),
    }
    for name in ("energy", "energy_true"):
        coords |= axis_coords(name, np.sqrt(energy[1:] * energy[:-1]), energy[:-1], energy[1:])
    return xr.Dataset({k: data_array(k, v, BINNED) for k, v in values.items()}, coords)


@lru_cache
def estimated(energies, selection, kind, scan_per_bin):
    """Estimate a profile: of one data set, of two with or without names, or of toys."""
    edges = np.geomspace(0.01, 1, NENERGY + 1)[[*range(energies), NENERGY]]
    data = binned(1)
    if kind.startswith("joint"):
        data = xr.concat([data, binned(2)], "dataset", join="exact", data_vars="all")
    if kind == "joint, named":
        data = data.assign_coords(dataset=["first", "second Größe"])
    if kind == "toys":
        data = simulate(data, n_toys=2, rng=0)
    scan = {"scan_n_sigma": 3, "scan_n_values": 4} if scan_per_bin else {"norm_values": [0, 1, 2]}
    return estimate(
        data,
        spectral_model=power_law(2.3),
        energy_edges=edges * u.TeV,
        selection_optional=selection,
        **(scan if "scan" in selection else {}),
    )


exact = st.integers(-(2**31), 2**31) | st.floats(allow_nan=False)  # tuples with NaN differ
numbers = st.integers(-(2**31), 2**31) | st.floats() | st.booleans()
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
visible = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=8)
arrays = hnp.arrays(
    st.sampled_from([np.float64, np.float32, np.int16, np.int64, np.bool_]), st.integers(0, 3)
)
names = st.from_regex(r"[a-zA-Z]\w{0,7}", fullmatch=True).filter(lambda name: name != "dtype")
any_attrs = st.dictionaries(
    names | texts.filter(bool),
    numbers | texts | arrays | st.none() | st.lists(numbers | texts, max_size=3)
    | st.tuples(exact, texts) | st.dictionaries(texts, exact, max_size=2)
    | arrays.filter(np.size).map(lambda array: array[0]),
    max_size=4,
)  # fmt: skip
plain_attrs = st.dictionaries(
    st.from_regex(r"[a-z]{1,6}", fullmatch=True).map("my_{}".format),
    st.integers(-(2**31), 2**31) | st.floats()
    | st.text(st.characters(categories=["L", "N", "S"]), max_size=8)
    | st.lists(st.integers(0, 9), min_size=2, max_size=3)
    | hnp.arrays(np.float64, st.integers(2, 3)),
    max_size=4,
)  # fmt: skip


@st.composite
def profiles(draw, attrs=any_attrs, kinds=("one", "joint", "joint, named")):
    selection = draw(st.sets(st.sampled_from(OPTIONAL)))
    profile = estimated(
        draw(st.integers(1, NENERGY)),
        tuple(sorted(selection)),
        draw(st.sampled_from(kinds)),
        draw(st.booleans()),
    ).copy(deep=True)
    shape = profile["norm"].shape
    for name in draw(st.sets(st.sampled_from(["norm", "norm_err", "ts"]), max_size=2)):
        profile[name] = profile[name].copy(data=draw(hnp.arrays(np.float64, shape)))
    for name in draw(st.sets(st.sampled_from(["norm", "counts", "status", "energy", "region"]))):
        profile[name].attrs |= draw(attrs)
    profile.attrs |= draw(attrs)
    if draw(st.booleans()):
        labels = draw(st.lists(visible, min_size=NBIN, max_size=NBIN))
        profile["region"] = profile["region"].copy(data=labels)
    sed_type = draw(st.sampled_from(SED_TYPES))
    brightness = sed_type not in ("likelihood", "norm") and draw(st.booleans())
    profile = to_sed_type(profile, sed_type, per_solid_angle=brightness)
    others = ["ts", "sqrt_ts", "is_ul", "lon", *([] if brightness else ["solid_angle"])]
    lost = draw(st.sets(st.sampled_from(others)))
    return draw(selections(_with_bins(draw, profile.drop_vars(lost, errors="ignore"))))


def _with_bins(draw, profile):
    """Put the bins on distances, angles or the texts of regions."""
    axis = draw(st.sampled_from(["distance", "angle", "region"]))
    if axis == "angle":
        return profile.rename(dict(zip(DISTANCES, ANGLES, strict=True)))
    if axis == "region":
        return profile.drop_vars(DISTANCES).swap_dims(projected_distance="region")
    return profile


@st.composite
def selections(draw, profile):
    """Select bins and energies: a range, one, or one without its dim; and transpose the dims."""
    bins = next(d for d in ("projected_distance", "position_angle", "region") if d in profile.dims)
    which = {
        bins: draw(st.sampled_from([slice(None), slice(None, None, -1), [2], 3])),
        "energy": draw(st.sampled_from([slice(None), slice(0, 1), 0])),
    }
    if "norm_scan" in profile.dims:
        which["norm_scan"] = draw(st.sampled_from([slice(None), 1]))
    selected = profile.isel(which)
    return selected.transpose(*draw(st.permutations(list(selected.dims))))


def described(value):
    """Type of an attribute, which `assert_identical` does not compare."""
    if isinstance(value, list | tuple):
        return type(value), [described(item) for item in value]
    if isinstance(value, dict):
        return {key: described(item) for key, item in value.items()}
    return (type(value), value.dtype) if isinstance(value, np.generic | np.ndarray) else type(value)


def assert_comes_back(profile, path, form, *, types=True):
    """Write, read and compare: values, dims, coordinates and attributes, and types of all."""
    path.unlink(missing_ok=True) if path.is_file() else None
    before = profile.copy(deep=True)
    WRITERS[form](profile, path)
    xr.testing.assert_identical(profile, before)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "the file has no reference fluxes")
        found = open_profile(path)
    xr.testing.assert_identical(found, profile)
    for name, variable in profile.variables.items():
        any_text = variable.dtype.kind == "U" and not types  # its length is not in the file
        assert found[name].dtype == variable.dtype or any_text
    if types:
        assert described(found.attrs) == described(profile.attrs)
        for name, variable in profile.variables.items():
            assert described(found[name].attrs) == described(variable.attrs)


def few(examples):
    return settings(
        max_examples=examples,
        deadline=None,
        phases=[Phase.explicit, Phase.reuse, Phase.generate],  # shrinking would take minutes
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    )


def check_tables(profile, tmp_path):
    for form in TABLES:
        assert_comes_back(profile, tmp_path / "p", form)


def check_whole(profile, tmp_path):
    assert_comes_back(profile, tmp_path / "p", "netCDF")


def check_plain(profile, tmp_path):
    for form in ("plain netCDF", "Zarr 2", "Zarr 3"):
        assert_comes_back(profile, tmp_path / form, form, types=False)


ANY = ("one", "joint", "joint, named", "toys")
CHECKS = {
    "tables": (check_tables, profiles(), 2),
    "netCDF": (check_whole, profiles(kinds=ANY), 2),
    "plain": (check_plain, profiles(attrs=plain_attrs, kinds=ANY), 1),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", CHECKS)
def test_whatever_a_profile_is_it_comes_back(name, tmp_path):
    check, strategy, examples = CHECKS[name]
    few(examples)(given(strategy)(lambda profile: check(profile, tmp_path)))()


@pytest.mark.slow
@pytest.mark.parametrize("name", CHECKS)
def test_whatever_a_profile_is_it_comes_back_thoroughly(name, tmp_path):
    check, strategy, examples = CHECKS[name]
    few(15 * examples)(given(strategy)(lambda profile: check(profile, tmp_path)))()
