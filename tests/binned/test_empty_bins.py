"""Bins and excluded regions without a pixel of the map."""

import astropy.units as u
import numpy as np
import pytest
from cases.bins import galactic
from cases.maps import make_maps
from regions import CircleSkyRegion

from xprofile import SkyBins, bin_image, bin_maps, exclude
from xprofile.exceptions import DataWarning, InvalidBinsError


@pytest.mark.parametrize("chunks", [None, {"lat": 20, "lon": 30}])
def test_a_wrong_unit_makes_all_bins_smaller_than_pixels(chunks):
    maps = make_maps() if chunks is None else make_maps().chunk(chunks)
    bins = SkyBins.annuli(galactic(0, 0), radius_max=1 * u.arcsec, nbin=3)
    with pytest.warns(DataWarning, match="all 3 are smaller than the pixels of 0.1 deg") as caught:
        binned = bin_maps(maps, bins)
    assert len(caught) == 1
    assert caught[0].filename == __file__
    assert not binned.n_pixels.any()
    with pytest.warns(DataWarning, match="Check the units"):
        bin_image(maps.counts.sum("energy"), bins)


def test_the_smallest_of_several_bins_is_silent():
    bins = SkyBins.annuli(galactic(0, 0), edges=[0, 0.01, 1] * u.deg)
    assert (bin_maps(make_maps(), bins).n_pixels > 0).values.tolist() == [False, True]


@pytest.mark.parametrize("chunks", [None, {"lat": 20, "lon": 30}])
def test_all_off_the_map_with_subpixels(chunks):
    maps = make_maps() if chunks is None else make_maps().chunk(chunks)
    bins = SkyBins.along_line(galactic(22, 0), galactic(25, 0), height=1 * u.deg, nbin=3)
    with pytest.raises(InvalidBinsError, match=r"no bin is on the map\. The map, in galactic, has"):
        bin_maps(maps, bins, overlap="subpixel")


def test_excluding_nothing_warns():
    maps = make_maps()
    off, on = (CircleSkyRegion(galactic(lon, 0), 0.5 * u.deg) for lon in (50, 0))
    with pytest.warns(DataWarning, match="nothing is excluded.*356 to 4 .*centres.* 50 ") as caught:
        masked = exclude(maps, [off])
    assert caught[0].filename == __file__
    np.testing.assert_array_equal(masked.mask, maps.mask)
    assert not exclude(maps, [off, on]).mask.all()  # sources of a catalogue may be off the map
    assert exclude(maps, []).mask.all()
