"""Event lists of real tools against the counts cubes of the same data."""

import numpy as np
import pytest
from astropy.io import fits

from xprofile import open_events, open_maps


@pytest.mark.parametrize(
    ("source", "like", "number"),
    [
        ("ctools_crab_events.fits", "ctools_crab_cntmap.fits", 253),
        ("fermitools_ft1_01.fits", "fermitools_ccube_01.fits", 19),
    ],
)
def test_events_of_real_tools_are_their_counts_cubes(gammapy_data, source, like, number):
    cube = gammapy_data / "real" / like
    counts = open_events(gammapy_data / "real" / source, like=cube)
    assert (counts.name, counts.dims, counts.dtype) == ("counts", ("energy", "lat", "lon"), "int64")
    np.testing.assert_array_equal(counts, fits.getdata(cube))
    assert f"like={like}: {number} of {number} events" in counts.attrs["history"]


def test_hawc_columns_differ_by_capitals_alone(gammapy_data):
    cube = gammapy_data / "real" / "hawc_nHit-6.fits.gz"
    counts = open_events(gammapy_data / "real" / "hawc_events_6NN.fits.gz", like=cube)
    np.testing.assert_array_equal(counts, fits.getdata(cube, "COUNTS"))  # all 2243 events
    assert "2243 of 3886 events, dropped 1643 outside the pixels" in counts.attrs["history"]


def test_real_events_replace_the_counts_of_maps(gammapy_data):
    cube = gammapy_data / "real" / "hawc_nHit-6.fits.gz"
    counts = open_events(gammapy_data / "real" / "hawc_events_6NN.fits.gz", like=cube)
    maps = open_maps(cube, counts=counts)
    np.testing.assert_array_equal(maps.counts, counts)
    assert maps.wcs == counts.wcs
    assert maps.background.dims == counts.dims
