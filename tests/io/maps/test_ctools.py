"""Maps of ctools: weights of counts, and background rates."""

import astropy.units as u
import numpy as np
import pytest
import xarray as xr
from cases import mapdataset_files as small
from cases import part_files as partfiles
from cases.part_files import stream

from xprofile import check_maps, open_maps
from xprofile.exceptions import DataWarning, FileFormatError, InvalidOptionError


def ctools(background, livetime=3600.0):
    return {
        "counts": stream(partfiles.ctbin()),
        "background": stream(background),
        "exposure": stream(partfiles.ctexpcube(livetime)),
    }


def test_cubes_of_ctools():
    """Counts of a rate that is a power law: integral x solid angle x live time."""
    rate = 1e-9 * (small.NODES_TRUE / 0.01) ** -2.7  # per s, MeV and sr
    cube = np.ones((1, 6, 8)) * rate[:, None, None]
    maps = open_maps(**ctools(partfiles.ctbkgcube(cube)))
    check_maps(maps)
    integral = 1e-9 * 0.01 * 1e6 / -1.7 * np.diff((small.EDGES / 0.01) ** -1.7)
    angle = maps.profile.solid_angle.to_numpy()
    expected = integral[:, None, None] * angle * 3600
    np.testing.assert_allclose(maps["background"], expected, rtol=1e-12, atol=0)
    np.testing.assert_array_equal(maps["counts"], small.COUNTS)
    np.testing.assert_array_equal(maps["mask"], small.MASK_SAFE)
    np.testing.assert_allclose(maps["exposure"], small.EXPOSURE, rtol=1e-12, atol=0)


def test_live_time_of_a_background_rate_may_be_given():
    cube = np.full((4, 6, 8), 1e-9)
    rate = partfiles.ctbkgcube(cube)
    with pytest.raises(FileFormatError, match=r"background rate, and no header has a LIVETIME"):
        open_maps(**ctools(rate, livetime=0))
    one = open_maps(**ctools(rate, livetime=0), livetime=1 * u.h)
    np.testing.assert_array_equal(one["background"], open_maps(**ctools(rate))["background"])
    with pytest.raises(InvalidOptionError, match=r"livetime must be a Quantity of time.*found 5"):
        open_maps(**ctools(rate), livetime=5)


@pytest.mark.slow
def test_coarse_exposure_and_rates_are_chunked_too(tmp_path):
    cards = {"CDELT1": -3.0, "CDELT2": 3.0, "CRPIX1": 2.5, "CRPIX2": 2.5}
    exposure = 1e11 * (1 + np.arange(4 * 16).reshape(4, 4, 4) / 64)
    paths = {}
    for name, hdus in {
        "counts": partfiles.ctbin(),
        "background": partfiles.ctbkgcube(1e-9 * (1 + small.EXPOSURE / 1e12)),
        "exposure": partfiles.gtexpcube2(exposure, cards={**cards, "LIVETIME": 60.0}),
    }.items():
        paths[name] = tmp_path / f"{name}.fits"
        paths[name].write_bytes(partfiles.content(hdus))
    paths["edisp"] = tmp_path / "edisp.fits"
    paths["edisp"].write_bytes(partfiles.content(partfiles.gtdrm()))
    lazy, eager = open_maps(**paths, chunks={"lat": 2, "lon": 3}), open_maps(**paths)
    xr.testing.assert_allclose(lazy.compute(), eager, rtol=1e-12)
    part = lazy.isel(lat=[5, 1, 3], lon=slice(None, None, -3), energy=1, energy_true=[2, 0])
    xr.testing.assert_allclose(
        part.compute(),
        eager.isel(lat=[5, 1, 3], lon=slice(None, None, -3), energy=1, energy_true=[2, 0]),
        rtol=1e-12,
    )


def test_rates_in_bins_of_older_files():
    """Without a unit, the name of the image and missing GTI tell rates from counts."""
    rate = 1e-9 * (1 + np.arange(3 * 48.0).reshape(3, 6, 8))
    maps = open_maps(**ctools(partfiles.ctbkgcube(rate, bins=True)))
    check_maps(maps)
    width = np.diff(small.EDGES)[:, None, None] * 1e6
    expected = rate * width * maps.profile.solid_angle.to_numpy() * 3600
    np.testing.assert_allclose(maps["background"], expected, rtol=1e-12, atol=0)
    assert "IMAGE of 'file object' in s-1 MeV-1 sr-1" in maps.attrs["history"]
    model = [*partfiles.ctbkgcube(rate, bins=True), partfiles.gti()]
    np.testing.assert_array_equal(open_maps(**ctools(model))["background"], rate)


def test_rates_in_bins_of_their_own_are_interpolated():
    edges = np.array([0.005, 0.02, 0.08, 0.32])
    centres = np.sqrt(edges[1:] * edges[:-1])
    rate = np.ones((1, 6, 8)) * (1e-9 * (centres / 0.01) ** -2.7)[:, None, None]
    hdus = [partfiles.ctbkgcube(rate)[0], partfiles.ebounds(edges)]
    maps = open_maps(**ctools(hdus))
    integral = 1e-9 * 0.01 * 1e6 / -1.7 * np.diff((small.EDGES / 0.01) ** -1.7)
    expected = integral[:, None, None] * maps.profile.solid_angle.to_numpy() * 3600
    np.testing.assert_allclose(maps["background"], expected, rtol=1e-12, atol=0)


@pytest.mark.heavy
@pytest.mark.parametrize("bins", [False, True])
def test_rates_on_other_pixels_are_interpolated(bins):
    cards = {"CDELT1": -1.0, "CDELT2": 1.0, "CRPIX1": 3.5, "CRPIX2": 2.5}
    lon, lat = -(np.arange(6) - 2.5), (np.arange(4) - 1.5)[:, None]
    coarse = np.ones((3 if bins else 4, 1, 1)) * 1e-9 * (10 + lon + 2 * lat)
    lon, lat = -0.5 * (np.arange(8) - 3.5), 0.5 * (np.arange(6) - 2.5)[:, None]
    fine = np.ones((3 if bins else 4, 1, 1)) * 1e-9 * (10 + lon + 2 * lat)
    found = open_maps(**ctools(partfiles.ctbkgcube(coarse, cards=cards, bins=bins)))
    expected = open_maps(**ctools(partfiles.ctbkgcube(fine, bins=bins)))
    xr.testing.assert_allclose(found["background"], expected["background"], rtol=1e-12)


def test_live_time_of_the_exposure_goes_before_that_of_the_counts():
    counts = partfiles.ctbin()
    counts[0].header["LIVETIME"] = 60.0
    rate = partfiles.ctbkgcube(np.full((4, 6, 8), 1e-9))
    expected = open_maps(**ctools(rate))["background"]
    other = r"LIVETIME 3600 s, expected 60 s as in COUNTS of .* are off by the ratio 60 unless"
    with pytest.warns(DataWarning, match=other):
        both = open_maps(**ctools(rate) | {"counts": stream(counts)})["background"]
    xr.testing.assert_equal(both, expected)
    alone = open_maps(**ctools(rate, livetime=0) | {"counts": stream(counts)})["background"]
    xr.testing.assert_allclose(alone * 60, expected, rtol=1e-12)


def test_event_cube_without_a_model():
    """The file of ctbin by itself, with an exposure; its weights are the mask."""
    exposure = stream(partfiles.ctexpcube())
    maps = open_maps(stream(partfiles.ctbin()), exposure=exposure)
    check_maps(maps)
    np.testing.assert_array_equal(maps["counts"], small.COUNTS)
    np.testing.assert_array_equal(maps["mask"], small.MASK_SAFE)
    assert "background" not in maps
