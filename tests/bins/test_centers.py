"""Centres of regions whose positions come from other frames."""

import astropy.units as u
import numpy as np
import pytest
from astropy.coordinates import SkyCoord
from cases.maps import make_maps
from regions import CircleSkyRegion, LineSkyRegion, RectangleSkyRegion

from xprofile import bin_image
from xprofile.bins.centers import region_center, region_centers
from xprofile.exceptions import InvalidBinsError


@pytest.mark.heavy
@pytest.mark.parametrize("frame", ["icrs", "galactic", "fk5"])
def test_compounds_of_positions_that_came_from_other_frames(frame):
    """A SkyCoord keeps the equinox or the time of the frame from which it was transformed."""
    old = SkyCoord(266.1, -28.9, unit="deg", frame="fk5", equinox="J1975").transform_to(frame)
    timed = SkyCoord(266.5, -29.1, unit="deg", frame="icrs", obstime="J2010").transform_to(frame)
    disc = CircleSkyRegion(old, 0.5 * u.deg)
    box = RectangleSkyRegion(timed, 1 * u.deg, 0.7 * u.deg, 20 * u.deg)
    middle = region_center(disc | box)
    half = old.icrs.separation(timed.icrs) / 2
    for end in (old, timed):
        np.testing.assert_allclose(middle.icrs.separation(end.icrs).deg, half.deg, rtol=1e-6)
    assert region_centers([disc | box, disc, box]).shape == (3,)
    image = make_maps().counts[0] * 0 + 1
    one, other, both = (bin_image(image, [r]).item() for r in (disc, box, disc & box))
    assert bin_image(image, [disc | box]) == one + other - both
    assert both > 0


def test_lines_have_no_centre():
    line = LineSkyRegion(*SkyCoord([1, 2] * u.deg, [0, 0] * u.deg))
    with pytest.raises(InvalidBinsError, match="LineSkyRegion has no centre, so it has no place"):
        region_center(line)
