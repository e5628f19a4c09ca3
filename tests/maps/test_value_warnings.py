"""Values that no map of its kind has: one warning each, and an error where a bin uses them."""

import warnings

import astropy.units as u
import numpy as np
import pytest
from astropy.coordinates import SkyCoord
from cases import mapdataset_files as small
from cases.mapdataset_files import PLAIN, Recipe, write

from xprofile import SkyBins, open_maps
from xprofile.exceptions import DataWarning, InvalidDataError

ONOFF = Recipe(onoff=True)


def at(name, place, value):
    """Spoil one value of an image."""

    def spoil(hdus):
        hdus[name].data = hdus[name].data.astype(float)
        hdus[name].data[place] = value

    return spoil


INSIDE, MASKED = (1, 3, 4), (1, 0, 0)
ODD = {
    "nan counts": (PLAIN, at("COUNTS", INSIDE, np.nan), r"counts is not finite in 1 pixels.*nan"),
    "infinite background": (PLAIN, at("BACKGROUND", INSIDE, np.inf), "background is not finite"),
    "negative counts": (PLAIN, at("COUNTS", INSIDE, -2), r"counts is negative.*-2 at \[1, 3, 4\]"),
    "negative background": (PLAIN, at("BACKGROUND", INSIDE, -0.1), "background is negative"),
    "negative exposure": (PLAIN, at("EXPOSURE", INSIDE, -1e4), "exposure is negative in 1 pixels"),
    "nan exposure": (PLAIN, at("EXPOSURE", INSIDE, np.nan), "exposure is not finite"),
    "nan acceptance": (ONOFF, at("ACCEPTANCE", INSIDE, np.nan), "acceptance is not finite"),
    "negative off counts": (ONOFF, at("COUNTS_OFF", INSIDE, -1), "counts_off is negative"),
}  # fmt: skip


@pytest.mark.heavy
@pytest.mark.parametrize(("recipe", "spoil", "message"), ODD.values(), ids=ODD)
def test_odd_values_are_said_when_opened_and_refused_in_bins(tmp_path, recipe, spoil, message):
    path = write(tmp_path / "maps.fits", recipe, spoil)
    with pytest.warns(DataWarning, match=message) as caught:
        maps = open_maps(path)
    assert len(caught) == 1
    assert caught[0].filename == __file__
    center = SkyCoord(0, 0, unit="deg", frame="galactic")
    bins = SkyBins.annuli(center, radius_max=1.2 * u.deg, nbin=1)
    with pytest.raises(InvalidDataError, match="negative or not finite in 1 used pixels"):
        maps.profile.bin(bins)


@pytest.mark.parametrize("name", ["COUNTS", "BACKGROUND"])
@pytest.mark.parametrize("value", [np.nan, -5.0])
def test_masked_pixels_may_hold_anything(tmp_path, name, value):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        open_maps(write(tmp_path / "maps.fits", spoil=at(name, MASKED, value)))


def test_rounding_of_a_background_is_negligible(tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        open_maps(write(tmp_path / "maps.fits", spoil=at("BACKGROUND", INSIDE, -8e-18)))


@pytest.mark.parametrize(("value", "is_negligible"), [(-1e-5, False), (-0.9e-7, True)])
def test_opening_and_binning_agree_on_negligible_backgrounds(tmp_path, value, is_negligible):
    """Rounding is a share of the largest background at the same energy, not at others."""

    def spoil(hdus):
        hdus["BACKGROUND"].data = np.full(small.BACKGROUND.shape, 100.0)
        hdus["BACKGROUND"].data[1] = 0.1
        hdus["BACKGROUND"].data[INSIDE] = value

    path = write(tmp_path / "maps.fits", spoil=spoil)
    center = SkyCoord(0, 0, unit="deg", frame="galactic")
    bins = SkyBins.annuli(center, radius_max=1.2 * u.deg, nbin=1)
    if is_negligible:
        open_maps(path).profile.bin(bins)
        return
    with pytest.warns(DataWarning, match="background is negative in 1 pixels, for example -1e-05"):
        maps = open_maps(path)
    with pytest.raises(InvalidDataError, match="background is negative or not finite in 1 used"):
        maps.profile.bin(bins)


def test_counts_that_are_not_whole(tmp_path):
    path = write(tmp_path / "maps.fits", spoil=at("COUNTS", INSIDE, 0.5))
    with pytest.warns(DataWarning, match=r"counts is not whole.*0\.5.*go on if it is so"):
        open_maps(path)


def test_no_counts_at_all(tmp_path):
    path = write(tmp_path / "maps.fits", spoil=at("COUNTS", slice(None), 0))
    with pytest.warns(DataWarning, match="counts is 0 everywhere"):
        open_maps(path)


def test_every_pixel_masked(tmp_path):
    path = write(tmp_path / "maps.fits", spoil=at("MASK_SAFE", slice(None), 0))
    with pytest.warns(DataWarning, match="mask is False everywhere") as caught:
        maps = open_maps(path)
    assert len(caught) == 1
    assert maps["counts"].shape == small.COUNTS.shape


def test_what_is_read_later_is_not_looked_at(tmp_path):
    path = write(tmp_path / "maps.fits", spoil=at("COUNTS", INSIDE, np.nan))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        open_maps(path, chunks={})
