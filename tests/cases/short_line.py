"""A few boxes on the small maps."""

import astropy.units as u
from astropy.coordinates import SkyCoord

from xprofile import SkyBins


def line(start=3.0, end=-3.0, nbin=4):
    ends = SkyCoord([start, end] * u.deg, [0, 0] * u.deg, frame="galactic")
    return SkyBins.along_line(*ends, height=2 * u.deg, nbin=nbin)
