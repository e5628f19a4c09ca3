"""Lists of astropy regions as bins."""

import pytest
from cases.bin_shapes import rectangles
from cases.bins import galactic
from regions import (
    CirclePixelRegion,
    LineSkyRegion,
    PixCoord,
    Regions,
)

from xprofile.bins.skybins import SkyBins, as_bins
from xprofile.exceptions import InvalidBinsError


def test_as_bins_takes_bins_regions_and_one_region():
    regions = rectangles([5, 1], 1, 1, 0)
    bins = SkyBins.from_regions(regions)
    assert as_bins(bins) is bins
    for given_regions in (regions, tuple(regions), Regions(regions), iter(regions)):
        assert as_bins(given_regions).to_regions() == regions
    assert as_bins(regions[0]).to_regions() == regions[:1]


BAD_REGIONS = {
    "empty": ([], "found none"),
    "pixel region": ([CirclePixelRegion(PixCoord(1, 2), 3)], "CirclePixelRegion"),
    "mixed": ([*rectangles([5], 1, 1, 0), "circle(1,2,3)"], "found str"),
    "text": ("circle(1,2,3)", "found str"),
    "line": ([LineSkyRegion(galactic(1, 2), galactic(2, 3))], "no area"),
    "number": (5, "int"),
    "nothing": (None, "NoneType"),
}


@pytest.mark.quick
@pytest.mark.parametrize("make", [SkyBins.from_regions, as_bins])
@pytest.mark.parametrize("name", BAD_REGIONS)
def test_bad_regions_are_refused(make, name):
    regions, message = BAD_REGIONS[name]
    with pytest.raises(InvalidBinsError, match=message):
        make(regions)
