"""Profiles of real H.E.S.S. and HAWC maps against tables that Gammapy made."""

from dataclasses import dataclass

import astropy.units as u
import numpy as np
import pytest
from astropy.coordinates import SkyCoord
from astropy.table import Table
from cases.gammapy import column, moving_energies

from xprofile import SkyBins, bin_maps, estimate, open_maps, power_law


@dataclass(frozen=True)
class Case:
    """A file of maps, and the profile that Gammapy made of it."""

    file: str
    table: str
    center: tuple[float, float]
    radius_max: float
    index: float
    energies: tuple[float, ...]


CASES = [
    Case("hawc_nHit-6", "hawc6_radial8", (83.60, 22.03), 2.0, 2.6, (1, 10, 100)),
    Case("hess_crab", "hess_crab_radial8", (83.63, 22.01), 0.6, 2.5, (0.5, 2, 20)),
    Case("hess_crab_onoff", "hess_crab_onoff_radial8", (83.63, 22.01), 0.6, 2.5, (0.5, 20)),
]


@pytest.fixture(scope="module", params=CASES, ids=[case.file for case in CASES])
def case(request):
    return request.param


@pytest.fixture(scope="module")
def maps(case, gammapy_data):
    return open_maps(gammapy_data / "real" / f"{case.file}.fits.gz")


@pytest.fixture(scope="module")
def pair(case, maps, reference):
    """Our profile and the table of Gammapy, with planar regions."""
    center = SkyCoord(*case.center, unit="deg")
    edges = np.linspace(1e-5, case.radius_max, 9) * u.deg
    bins = SkyBins.annuli(center, edges=edges, planar=True)
    binned = bin_maps(maps, bins, response="center")
    settings = {"spectral_model": power_law(case.index), "selection_optional": "all"}
    with moving_energies(*(["2 to 2.42978 TeV"] if 2 in case.energies else [])):
        profile = estimate(binned, energy_edges=case.energies * u.TeV, **settings)
    return profile, Table.read(reference / f"gammapy21_{case.table}.ecsv")


def test_counts_are_exact(pair):
    profile, table = pair
    np.testing.assert_array_equal(profile.counts, column(table, "counts"))
    assert profile.success.all()


def test_counts_of_a_plain_list_are_exact(case, maps, pair):
    """On the oblique map of HAWC, one pixel moves to the next ring."""
    center, edges = SkyCoord(*case.center, unit="deg"), np.linspace(1e-5, case.radius_max, 9)
    regions = SkyBins.annuli(center, edges=edges * u.deg).to_regions()
    on_sky, planar = (
        bin_maps(maps, SkyBins.from_regions(regions, planar=p)) for p in (False, True)
    )
    moved = np.abs(on_sky.solid_angle / planar.solid_angle - 1) > 1e-9
    assert int(moved.sum()) == (2 if "hawc" in case.file else 0)
    np.testing.assert_array_equal(on_sky.counts[:, ~moved], planar.counts[:, ~moved])


def test_best_fits(pair):
    """Minuit stops within about 1 % of the error; its statistic is never lower than ours."""
    profile, table = pair
    norm, error, stat = (column(table, name) for name in ("norm", "norm_err", "stat"))
    assert np.all(np.abs(profile.norm.to_numpy() - norm) < 0.02 * error)
    np.testing.assert_allclose(profile.norm_err, error, rtol=3e-3)
    assert np.all(profile.stat.to_numpy() - stat < 1e-5 + 1e-7 * np.abs(stat))
    np.testing.assert_allclose(profile.ts, column(table, "ts"), rtol=0, atol=5e-4)


def test_statistic_without_signal(case, pair):
    profile, table = pair
    # Gammapy divides the acceptances in single precision, 6e-8: some 1e-4 of a statistic of 1000
    atol = 1e-4 if "onoff" in case.file else 0
    theirs = column(table, "stat_null")
    np.testing.assert_allclose(profile.stat_null, theirs, rtol=1e-12, atol=atol)


def test_interval_ends(pair):
    profile, table = pair
    error = column(table, "norm_err")
    for name, tolerance in {"norm_ul": 1e-5, "norm_errn": 1e-4, "norm_errp": 1e-4}.items():
        theirs = column(table, name)
        scale = np.maximum(np.abs(theirs), error)
        assert np.abs((profile[name].to_numpy() - theirs) / scale).max() < tolerance, name


def test_responses(case, maps):
    """The PSF of HAWC is over reconstructed energy, those of H.E.S.S. over true energy."""
    energy = "energy" if "hawc" in case.file else "energy_true"
    assert maps["psf"].dims == ("lat_psf", "lon_psf", energy, "rad")
    assert maps["edisp"].dims == ("lat_edisp", "lon_edisp", "energy_true", "energy")
    rad = np.deg2rad(maps["rad"])
    contained = (maps["psf"] * 2 * np.pi * rad * np.gradient(rad)).sum("rad").to_numpy()
    assert contained.max() < 1.02
    assert np.median(contained[contained > 0]) > 0.9
