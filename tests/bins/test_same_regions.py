"""Bins at the same distances are told apart by their regions."""

import astropy.units as u
import numpy as np
import pytest
from astropy.coordinates import SkyCoord
from cases.maps import make_maps

from xprofile import SkyBins, bin_maps, correlation, fit_templates
from xprofile.bins.same_regions import same_regions
from xprofile.exceptions import DataWarning, InvalidDataError

CENTER = SkyCoord(0, 0, unit="deg", frame="galactic")
DIM = "projected_distance"


def rings(center=CENTER):
    return SkyBins.annuli(center, edges=[0, 0.3, 0.6, 0.9, 1.2] * u.deg)


def boxes(height=1.0):
    ends = SkyCoord([0.8, -0.8] * u.deg, [0, 0] * u.deg, frame="galactic")
    return SkyBins.along_line(ends[0], ends[1], height=height * u.deg, nbin=4)


OTHERS = {
    "other centre": (rings(), rings(SkyCoord(0.2, 0, unit="deg", frame="galactic"))),
    "other height": (boxes(), boxes(0.5)),
    "other centre in another frame": (
        rings(),
        rings(SkyCoord(0.2, 0, unit="deg", frame="galactic").icrs),
    ),
}


@pytest.fixture(scope="module")
def maps():
    return make_maps()


@pytest.mark.parametrize(("bins", "others"), OTHERS.values(), ids=OTHERS)
def test_other_regions_at_the_same_distances(maps, bins, others):
    here, there = bin_maps(maps, bins), bin_maps(maps, others)
    np.testing.assert_array_equal(here[DIM], there[DIM])
    assert not same_regions(here, there, DIM).any()
    with pytest.raises(InvalidDataError, match="or other regions; bin its predicted counts"):
        fit_templates(here, {"gas": there.background})
    with pytest.warns(DataWarning, match="4 of 4 bins are other regions of the sky"):
        correlation(there.background, here.background, n_toys=9, rng=0)


@pytest.mark.parametrize(
    "others", [rings(), rings(CENTER.icrs), rings(SkyCoord(1e-6, 0, unit="deg", frame="galactic"))]
)
def test_the_same_regions(maps, others):
    here, there = bin_maps(maps, rings()), bin_maps(maps, others)
    assert same_regions(here, there, DIM).all()
    fit_templates(here, {"gas": there.background})


def test_regions_that_are_not_known_count_as_the_same(maps):
    here, there = bin_maps(maps, rings()), bin_maps(maps, OTHERS["other centre"][1])
    assert same_regions(here, there.drop_vars("region"), DIM).all()
