"""The cubes of the Crab nebula among the test data of ctools, in one call."""

import astropy.units as u
import numpy as np
import pytest
from astropy.coordinates import SkyCoord
from astropy.io import fits
from scipy.integrate import trapezoid

from xprofile import SkyBins, check_maps, open_maps
from xprofile.exceptions import DataWarning

LIVETIME = 1710  # s, of the exposure cube; the counts have another one
WIDTH = np.radians(0.2)  # of the pixels


def paths(gammapy_data, *names):
    endings = {"counts": "cntmap.fits", "exposure": "expcube.fits.gz",
               "background": "bkgcube.fits.gz", "psf": "psfcube.fits.gz",
               "edisp": "edispcube.fits.gz"}  # fmt: skip
    return {name: gammapy_data / "real" / f"ctools_crab_{endings[name]}" for name in names}


@pytest.fixture(scope="module")
def crab(gammapy_data):
    with pytest.warns(DataWarning) as caught:
        maps = open_maps(**paths(gammapy_data, "counts", "exposure", "background", "psf", "edisp"))
    return maps, [str(one.message) for one in caught]


def test_all_parts_open_in_one_call(crab):
    maps, messages = crab
    check_maps(maps)
    assert int(maps["counts"].sum()) == 253
    assert maps["mask"].sum() == 5 * (316 - 16)  # of positive weight, and with an exposure
    assert any("no values at 12 of 21 true energies, from 2.24 to 100 TeV" in m for m in messages)
    assert any("does not cover 40 of the 400 pixels of COUNTS" in m for m in messages)
    assert any("LIVETIME 1710 s, expected 294 s as in COUNTS" in m for m in messages)
    assert any("ratios of reconstructed to true energy between 0.01 and 2," in m for m in messages)
    assert len(messages) == 4


def test_background_is_rate_times_time_width_and_solid_angle(crab, gammapy_data):
    maps, _ = crab
    with fits.open(paths(gammapy_data, "background")["background"]) as hdus:
        rate, table = hdus[0].data, hdus["EBOUNDS"].data
        width = (table["E_MAX"] - table["E_MIN"]) / 1e3  # keV to MeV
    offset = WIDTH * (np.arange(20) - 9.5)
    cosine = 1 / np.sqrt(1 + offset**2 + offset[:, None] ** 2)  # of the angle from the centre
    expected = rate * width[:, None, None] * LIVETIME * WIDTH**2 * cosine**3
    assert np.count_nonzero(expected) > 1000
    np.testing.assert_allclose(maps["background"], expected, rtol=1e-5, atol=0)


def test_psf_is_that_of_the_file(crab, gammapy_data):
    maps, _ = crab
    with fits.open(paths(gammapy_data, "psf")["psf"]) as hdus:
        expected, angles = hdus[0].data, hdus["DELTAS"].data["Value"]
    assert maps["psf"].dims == ("lat_psf", "lon_psf", "energy_true", "rad")
    np.testing.assert_array_equal(maps["psf"].transpose("energy_true", "rad", ...), expected)
    np.testing.assert_array_equal(maps["rad"], angles)
    rad = np.radians(angles)
    whole = trapezoid(maps["psf"][5, 5] * 2 * np.pi * np.sin(rad), rad, axis=-1)
    np.testing.assert_allclose(whole, 1, atol=0.004)


def test_edisp_is_the_share_of_events_in_each_energy_bin(crab, gammapy_data):
    """At 0.79 TeV, by a sum over migra at many energies of the bin."""
    maps, _ = crab
    with fits.open(paths(gammapy_data, "edisp")["edisp"]) as hdus:
        cube, nodes = hdus[0].data[:, :, 5, 5], hdus["ENERGIES"].data["Energy"] / 1e6
        migra = hdus["MIGRAS"].data["Value"]
    edges = np.append(maps["energy_min"], maps["energy_max"][-1:])
    cube = cube[5:9] / cube[5:9].sum(axis=1, keepdims=True)
    fine = np.linspace(-0.01, 0.01, 201)[:-1] + 5e-5
    for node in (6, 7):
        logs = np.linspace(-0.5, 0.5, 201) * np.log(nodes[7] / nodes[6])
        shares = []
        for true in nodes[node] * np.exp(logs):
            at = np.interp(np.log(true), np.log(nodes[5:9]), np.arange(4.0))
            density = (1 - at % 1) * cube[int(at)] + at % 1 * cube[min(int(at) + 1, 3)]
            energy = true * (migra[:, None] + fine)
            weight = np.repeat(density[:, None] / 200, 200, axis=1)
            shares.append(np.histogram(energy, edges, weights=weight)[0])
        found = maps["edisp"][5, 5, node]
        np.testing.assert_allclose(found, np.mean(shares, axis=0), rtol=0, atol=0.003)
    assert 0 <= maps["edisp"].min() <= maps["edisp"].sum("energy").max() <= 1 + 1e-12


def test_counts_and_exposure_give_bins(crab, gammapy_data):
    """An event cube without a model; all events that the exposure covers are in the bins."""
    with (
        pytest.warns(DataWarning, match="does not cover 40 of the 400 pixels"),
        pytest.warns(DataWarning, match="LIVETIME 1710 s, expected 294 s"),
    ):
        maps = open_maps(**paths(gammapy_data, "counts", "exposure"))
    center = SkyCoord(83.63, 22.01, unit="deg")
    binned = maps.profile.bin(SkyBins.annuli(center, edges=[0, 0.5, 1] * u.deg))
    distance = maps.profile.skycoord.separation(center).deg
    inside = [distance < 0.5, (distance >= 0.5) & (distance < 1)]
    counts = maps["counts"].where(maps["mask"], 0).to_numpy()
    expected = [[plane[ring].sum() for ring in inside] for plane in counts]
    np.testing.assert_array_equal(binned["counts"], expected)
