import hashlib
import sys
from types import ModuleType

import astropy.units as u
import numpy as np
import pytest
import xarray as xr
from astropy.coordinates import SkyCoord
from cases.mapdataset_files import PLAIN, write

from xprofile import SkyBins, bin_image, bin_maps, estimate, power_law, tutorial, unfold
from xprofile.exceptions import InvalidOptionError, MissingFileError
from xprofile.maps.positions import skycoord
from xprofile.maps.wcs import pixel_grid
from xprofile.schema.axes import axis_edges
from xprofile.schema.checks import check_maps

NAME = "fermi-3fhl-gc"


@pytest.fixture(scope="module")
def asimov():
    return tutorial.simulate_maps(None)


@pytest.fixture
def no_data(monkeypatch, tmp_path):
    """No real data and, until a test says otherwise, no pooch."""
    monkeypatch.setenv("GAMMAPY_DATA", str(tmp_path))
    monkeypatch.setitem(sys.modules, "pooch", None)


def put_pooch(monkeypatch, retrieve):
    pooch = ModuleType("pooch")
    pooch.retrieve = retrieve
    pooch.os_cache = lambda name: f"cache of {name}"
    monkeypatch.setitem(sys.modules, "pooch", pooch)


# the simulated sky


def test_simulated_sky_is_always_the_same(sim_maps):
    again = tutorial.open_maps("galactic-center-sim")
    xr.testing.assert_identical(again, sim_maps)


def test_changes_of_the_simulated_sky_are_not_kept():
    before = tutorial.open_maps("galactic-center-sim").copy(deep=True)
    changed = tutorial.open_maps("galactic-center-sim")
    for variable in changed.variables.values():
        if not isinstance(variable, xr.IndexVariable):
            variable.values[...] = 0
        variable.attrs["units"] = "changed"
    changed.attrs["history"] = "changed"
    xr.testing.assert_identical(tutorial.open_maps("galactic-center-sim"), before)


def test_simulated_sky_is_like_the_real_one(sim_maps):
    check_maps(sim_maps)
    assert dict(sim_maps["counts"].sizes) == {"energy": 11, "lat": 200, "lon": 400}
    assert sim_maps["counts"].dtype.kind == "i"
    np.testing.assert_allclose(
        axis_edges(sim_maps, "energy") * 1000,
        [10, 15, 20, 30, 50, 70, 100, 200, 300, 500, 1000, 2000],
        rtol=1e-12,
        atol=0,
    )
    np.testing.assert_allclose(sim_maps["lon"], 9.975 - 0.05 * np.arange(400), rtol=0, atol=1e-9)
    np.testing.assert_allclose(sim_maps["lat"], 0.05 * np.arange(200) - 4.975, rtol=0, atol=1e-9)
    inside = (np.abs(sim_maps["lon"]) < 9) & (np.abs(sim_maps["lat"]) < 4)
    assert (sim_maps["mask"] == inside).all()


@pytest.mark.parametrize("edges", [[10, 2000], [10, 100, 2000], [10, 50, 500]])
def test_bands_of_the_tutorial_are_edges(sim_maps, line51, edges):
    profile = estimate(bin_maps(sim_maps, line51), energy_edges=edges * u.GeV, strict_energies=True)
    np.testing.assert_allclose(axis_edges(profile, "energy") * 1000, edges, rtol=1e-12, atol=0)


def test_response_is_one(sim_maps):
    """No true energy is seen more than once; the PSF holds all of a source."""
    seen = sim_maps["edisp"].sum("energy")
    assert float(seen.max()) <= 1 + 1e-12
    within = sim_maps["energy_true"].where(lambda e: (e > 0.015) & (e < 1.4), drop=True)
    np.testing.assert_allclose(seen.sel(energy_true=within), 1, rtol=1e-6, atol=0)
    rad = np.radians(sim_maps["rad"])
    held = (sim_maps["psf"] * 2 * np.pi * np.sin(rad)).integrate("rad") * np.pi / 180
    np.testing.assert_allclose(held, 1, rtol=1e-3, atol=0)


def test_counts_are_poisson_about_their_expectation(sim_maps, asimov):
    """In blocks of 10 x 10 pixels."""
    found, expected = (
        maps["counts"].coarsen(lat=10, lon=10).sum().to_numpy().astype(float)
        for maps in (sim_maps, asimov)
    )
    chi2 = np.sum((found - expected) ** 2 / expected)
    spread = np.sqrt(np.sum(2 + 1 / expected))
    assert abs(chi2 - found.size) < 5 * spread


@pytest.mark.slow
def test_expectation_is_the_mean_of_simulations(asimov):
    number = 4
    seen = [tutorial.simulate_maps(np.random.default_rng(seed)) for seed in range(number)]
    mean = sum(maps["counts"] for maps in seen) / number
    for dims in (["lat", "lon"], ["energy", "lat"], ["energy", "lon"], None):
        expected = asimov["counts"].sum(dims)
        pull = (mean.sum(dims) - expected) / np.sqrt(expected / number)
        assert np.abs(pull).max() < 5
        assert abs(float((pull**2).mean()) - 1) < 6 * np.sqrt(2 / pull.size)
    for name in ("background", "exposure", "edisp", "psf", "mask"):
        xr.testing.assert_identical(seen[0][name], asimov[name])
    assert not seen[0]["counts"].equals(seen[1]["counts"])


def test_sources_have_the_flux_that_is_said():
    flux = tutorial.source_flux()
    assert flux.attrs["units"] == "cm-2 s-1"
    total = sum(source.flux for source in tutorial.SOURCES)
    np.testing.assert_allclose(flux.sum(), total, rtol=1e-12, atol=0)
    assert (flux >= 0).all()


@pytest.mark.parametrize("psf", ["x", None, 1])
def test_the_psf_of_sources_is_there_or_not(psf):
    with pytest.raises(InvalidOptionError, match="psf must be True or False"):
        tutorial.source_flux(psf=psf)


@pytest.mark.parametrize("source", tutorial.SOURCES, ids=lambda source: source.name)
def test_sources_are_where_they_are_said_to_be(source):
    """Within a small circle a Gaussian holds 1 - exp(-r2/2s2) of its flux; others leak in."""
    flux = tutorial.source_flux()
    center = SkyCoord(source.lon, source.lat, unit="deg", frame="galactic")
    separation = skycoord(flux).separation(center).deg
    width = np.hypot(source.sigma, 0.1)
    inside = separation < 1.5 * width
    held = float(flux.to_numpy()[inside].sum())
    alone = source.flux * (1 - np.exp(-(1.5**2) / 2))
    assert 0.9 * alone < held < 1.3 * alone
    bright = flux.to_numpy() / pixel_grid(flux).solid_angle(flux["x"].data, flux["y"].data[:, None])
    assert separation.flat[np.argmax(np.where(inside, bright, 0))] < 0.1


def test_flux_without_the_psf():
    """Each source has its flux within a few of its widths, and the same sum as with the PSF."""
    flux = tutorial.source_flux(psf=False)
    np.testing.assert_allclose(flux.sum(), tutorial.source_flux().sum(), rtol=1e-12, atol=0)
    for source in tutorial.SOURCES:
        if source.sigma > 0.1:
            continue
        center = SkyCoord(source.lon, source.lat, unit="deg", frame="galactic")
        inside = skycoord(flux).separation(center).deg < 4 * max(source.sigma, 0.025)
        held = float(flux.to_numpy()[inside].sum())
        np.testing.assert_allclose(held, source.flux, rtol=0.03, atol=0)  # others leak in


def test_knot_is_smeared_until_it_is_unfolded(asimov):
    """In the bins of the first example, without noise; the knot fills its bin only in part."""
    ends = SkyCoord([-1.25, -3.45] * u.deg, [0, 0] * u.deg, frame="galactic")
    bins = SkyBins.along_line(*ends, height=3 * u.deg, nbin=11)
    binned = bin_maps(asimov, bins, psf=True)
    truth = bin_image(tutorial.source_flux(psf=False), bins)
    knot = int(np.argmax(truth.to_numpy()))
    assert truth[knot] > 0.8 * tutorial.SOURCES[-1].flux
    off = {}
    for fit in (estimate, unfold):
        one = fit(binned, spectral_model=power_law(tutorial.INDEX)).isel(energy=0)
        flux, error = one["norm"] * one["ref_flux"], one["norm_err"] * one["ref_flux"]
        off[fit] = ((flux - truth) / error).to_numpy()[knot - 1 : knot + 2]
    assert off[estimate][1] < -5
    assert (off[estimate][[0, 2]] > 3).all()
    assert (np.abs(off[unfold]) < 1.5).all()


def test_expected_counts_are_flux_times_response(asimov):
    """By the closed form of the power law's integral, not by the package's."""
    slope = 1 - tutorial.INDEX
    limits, true = (axis_edges(asimov, axis) ** slope for axis in ("energy", "energy_true"))
    share = xr.Variable("energy_true", np.diff(true) / (limits[-1] - limits[0]))
    exposure = asimov["exposure"].astype(float)
    expected = xr.dot(share * asimov["edisp"], exposure, dim="energy_true") * tutorial.source_flux()
    excess = asimov["counts"] - asimov["background"].astype(float)
    np.testing.assert_allclose(
        excess.sum(["lat", "lon"]), expected.sum(["lat", "lon"]), rtol=1e-5, atol=0
    )
    centre = {"energy": 0, "lat": 99, "lon": 200}
    np.testing.assert_allclose(excess[centre], expected[centre], rtol=1e-5, atol=0)


def test_unknown_name_is_refused_with_those_that_exist():
    with pytest.raises(
        InvalidOptionError, match=r"no example maps 'crab'.*galactic-center-sim.*3fhl-gc"
    ):
        tutorial.open_maps("crab")


# the real sky


@pytest.mark.usefixtures("no_data")
def test_real_sky_is_taken_from_gammapy_data(tmp_path):
    (tmp_path / NAME).mkdir()
    write(tmp_path / NAME / f"{NAME}.fits.gz", PLAIN)
    maps = tutorial.open_maps(NAME)
    assert dict(maps["counts"].sizes) == {"energy": 3, "lat": 6, "lon": 8}


@pytest.mark.parametrize("folder", [None, "", "no_such_folder"])
@pytest.mark.usefixtures("no_data")
def test_without_data_and_pooch_it_is_said_what_to_do(monkeypatch, folder):
    if folder is None:
        monkeypatch.delenv("GAMMAPY_DATA")
    else:
        monkeypatch.setenv("GAMMAPY_DATA", folder)
    with pytest.raises(
        MissingFileError, match=rf"set GAMMAPY_DATA .*{NAME}\.fits\.gz.*pip install pooch"
    ):
        tutorial.open_maps(NAME)


@pytest.mark.parametrize(
    "error", [OSError("no route to host"), ValueError("hash of downloaded file")], ids=str
)
@pytest.mark.usefixtures("no_data")
def test_failing_download_is_a_missing_file(monkeypatch, error):
    def retrieve(*args, **kwargs):
        raise error

    put_pooch(monkeypatch, retrieve)
    with pytest.raises(
        MissingFileError, match=f"cannot download the real sky .{error}.*GAMMAPY_DATA"
    ) as caught:
        tutorial.open_maps(NAME)
    assert caught.value.__cause__ is error


@pytest.mark.usefixtures("no_data")
def test_download_is_checked_and_kept(monkeypatch, tmp_path):
    asked = []

    def retrieve(url, known_hash, **options):
        asked.append((url, known_hash, options))
        return str(write(tmp_path / "downloaded.fits.gz"))

    put_pooch(monkeypatch, retrieve)
    assert dict(tutorial.open_maps(NAME)["counts"].sizes) == {"energy": 3, "lat": 6, "lon": 8}
    [(url, known_hash, options)] = asked
    assert url.startswith("https://")
    assert url.endswith(f"{NAME}/{NAME}.fits.gz")
    assert options == {"path": "cache of xprofile"}
    algorithm, digest = known_hash.split(":")
    assert (algorithm, len(digest)) == ("sha256", 64)


def test_known_hash_is_that_of_the_real_file(monkeypatch, gammapy_data, tmp_path):
    def retrieve(url, known_hash, **options):
        content = (gammapy_data / NAME / f"{NAME}.fits.gz").read_bytes()
        assert known_hash == f"sha256:{hashlib.sha256(content).hexdigest()}"
        return str(write(tmp_path / "downloaded.fits.gz"))

    monkeypatch.setenv("GAMMAPY_DATA", str(tmp_path))
    put_pooch(monkeypatch, retrieve)
    tutorial.open_maps(NAME)


def test_a_seed_is_as_good_as_a_generator():
    with_seed, with_generator = (
        tutorial.simulate_maps(rng).counts for rng in (7, np.random.default_rng(7))
    )
    np.testing.assert_array_equal(with_seed, with_generator)
    with pytest.raises(InvalidOptionError, match="rng must be an integer of 0 or more"):
        tutorial.simulate_maps(-1)
