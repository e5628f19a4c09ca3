"""Axes that descend, are shuffled, repeat, or are missing give the same numbers, or an error."""

import astropy.units as u
import numpy as np
import pytest
import xarray as xr
from astropy.coordinates import SkyCoord
from cases.skies import tutorial_sky

import xprofile
from xprofile import SkyBins, power_law
from xprofile.exceptions import InvalidDataError, MissingVariableError, XProfileError

CENTER = SkyCoord(1, 0.2, unit="deg", frame="galactic")
START, END = SkyCoord([0.1, 1.9], [0.2, 0.2], unit="deg", frame="galactic")
BINS = SkyBins.along_line(START, END, height=1 * u.deg, nbin=6, origin=CENTER)
AXES = ("energy", "energy_true", "rad", "projected_distance", "norm_scan", "lat", "lon")
MODEL = power_law(index=2.6)


def make_stages():
    sky = tutorial_sky().profile.cutout(CENTER, 2 * u.deg)
    maps = {"maps": sky, "maps without edisp": sky.drop_vars("edisp")}
    binned = {name: data.profile.bin(BINS) for name, data in maps.items()}
    profile = binned["maps"].profile.estimate(
        energy_edges=3, selection_optional="all", norm_values=np.linspace(-20, 20, 200)
    )
    return {
        **maps,
        **{name.replace("maps", "binned"): data for name, data in binned.items()},
        "profile": profile,
    }


@pytest.fixture(scope="module")
def stages():
    return make_stages()


def estimate(binned):
    return binned.profile.estimate(spectral_model=MODEL, energy_edges=3)


METHODS = {
    "maps": {
        "bin": lambda d: d.profile.bin(BINS),
        "estimate": lambda d: estimate(d.profile.bin(BINS)),
        "coarsen": lambda d: d.profile.coarsen(2),
        "cutout": lambda d: d.profile.cutout(CENTER, 1 * u.deg),
        "exclude": lambda d: d.profile.exclude(BINS[:2]),
        "position": lambda d: d.profile.sel(position=CENTER),
        "range": lambda d: d.profile.sel(energy=slice(0.03 * u.TeV, 1 * u.TeV)),
        "open range": lambda d: d.profile.sel(energy=slice(0.1 * u.TeV, None)),
        "nearest": lambda d: d.profile.sel(energy=0.1 * u.TeV, method="nearest"),
        "smooth": lambda d: d.counts.profile.smooth(0.1 * u.deg),
        "solid_angle": lambda d: d.profile.solid_angle,
        "mean": lambda d: d.exposure.profile.bin(BINS, how="mean"),
    },
    "binned": {
        "estimate": estimate,
        "fine": lambda d: d.profile.estimate(energy_edges="fine"),
        "rebin": lambda d: d.profile.rebin(2),
        "min_counts": lambda d: d.profile.rebin(min_counts=30),
        "min_ts": lambda d: d.profile.rebin(min_ts=9),
        "fold": lambda d: d.profile.fold(),
        "joint": lambda d: xprofile.estimate([d, d], energy_edges=3),
        "position": lambda d: d.profile.sel(position=CENTER),
    },
    "profile": {
        "flux": lambda d: d.profile.to_sed_type("flux"),
        "brightness": lambda d: d.profile.to_sed_type("e2dnde", per_solid_angle=True),
        "limits": lambda d: d.profile.recompute_ul(1.5),
        "merge": lambda d: xprofile.merge_profiles([d, d])["norm"],
        "model": lambda d: d.profile.to_sed_type("flux").profile.with_reference_model(MODEL).flux,
    },
}
CASES = [
    (stage, name)
    for stage in ("maps", "maps without edisp", "binned", "binned without edisp", "profile")
    for name in METHODS[stage.split()[0]]
]


def in_order(data):
    for dim in set(AXES) & set(data.dims) & set(data.coords):
        data = data.sortby(dim)
    data.attrs.pop("history", None)
    return data


@pytest.mark.slow
@pytest.mark.parametrize(("stage", "name"), CASES)
def test_order_does_not_change_numbers(stages, stage, name):
    data, method = stages[stage], METHODS[stage.split()[0]][name]
    expected = in_order(method(data).copy())
    for dim in set(AXES) & set(data.dims):
        size = data.sizes[dim]
        for order in (np.arange(size)[::-1], np.random.default_rng(1).permutation(size)):
            try:
                found = method(data.isel({dim: order}))
            except XProfileError:
                continue
            xr.testing.assert_allclose(in_order(found.copy()), expected, rtol=1e-9)


@pytest.mark.slow
def test_true_energies_are_sorted_without_edisp(stages):
    binned = stages["binned without edisp"]
    expected = estimate(binned)
    found = estimate(binned.isel(energy_true=slice(None, None, -1)))
    np.testing.assert_allclose(found.norm, expected.norm, rtol=1e-12)


def test_true_energies_must_be_known_without_edisp(stages):
    binned = stages["binned without edisp"]
    with pytest.raises(MissingVariableError, match="no coordinate energy_true"):
        estimate(binned.drop_vars("energy_true"))
    values = binned.energy_true.to_numpy().copy()
    values[3] = np.nan
    with pytest.raises(InvalidDataError, match="energy_true are not finite"):
        estimate(binned.assign_coords(energy_true=("energy_true", values)))
    with pytest.raises(InvalidDataError, match="energy_true repeat"):
        estimate(binned.isel(energy_true=[0, 1, 1, *range(2, 30)]))


def test_what_is_not_used_may_be_missing(stages):
    maps, binned = stages["maps"], stages["binned"]
    found = maps.drop_vars(["energy_true", "rad"]).profile.bin(BINS)
    np.testing.assert_array_equal(found.exposure, binned.exposure)
    np.testing.assert_array_equal(estimate(found).norm, estimate(binned).norm)
    edges = ["energy_true_min", "energy_true_max"]
    plain = stages["binned without edisp"]
    np.testing.assert_array_equal(estimate(plain.drop_vars(edges)).norm, estimate(plain).norm)


@pytest.mark.parametrize("name", ["energy_min", "energy_max"])
def test_edges_must_be_numbers(stages, name):
    values = stages["binned"][name].to_numpy().copy()
    values[0] = np.nan
    broken = stages["binned"].assign_coords({name: ("energy", values)})
    with pytest.raises(InvalidDataError, match="edges of energy are not finite"):
        estimate(broken)
    with pytest.raises(InvalidDataError, match="edges of energy are not finite"):
        estimate(broken.isel(energy=[0]))


def test_edges_must_be_in_order(stages):
    one = stages["binned"].isel(energy=[0])
    turned = one.assign_coords(energy_min=one.energy_max, energy_max=one.energy_min)
    with pytest.raises(InvalidDataError, match="end before they begin"):
        xprofile.axis_edges(turned, "energy")


def test_scans_need_their_norms(stages):
    lost = stages["profile"].drop_vars("norm_scan").profile.to_sed_type("flux")
    with pytest.raises(MissingVariableError, match="norm_scan"):
        lost.profile.with_reference_model(MODEL)


def test_selection_needs_values_that_do_not_repeat(stages):
    repeated = stages["maps"].isel(energy=[0, 1, 1, 2])
    for wanted in (slice(0.01, 0.1), 0.012):
        with pytest.raises(InvalidDataError, match="repeat"):
            repeated.profile.sel(energy=wanted, method=None)


def test_smoothing_needs_all_pixels(stages):
    counts = stages["maps"].counts
    with pytest.raises(InvalidDataError, match="gaps"):
        counts.isel(lon=[0, 1, 3]).profile.smooth(0.1 * u.deg)


def test_masks_of_smoothing_are_matched_by_their_energies(stages):
    maps = stages["maps"]
    mask = maps.counts > 0
    expected = maps.counts.profile.smooth(0.1 * u.deg, mask=mask)
    turned = maps.counts[::-1].profile.smooth(0.1 * u.deg, mask=mask)
    xr.testing.assert_allclose(turned[::-1], expected)
