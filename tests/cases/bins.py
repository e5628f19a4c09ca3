"""Bins on the plane of the small maps."""

import astropy.units as u
from astropy.coordinates import SkyCoord

from xprofile.bins.skybins import SkyBins

CENTER = SkyCoord(0.03, 0.02, unit="deg", frame="galactic")


def galactic(lon, lat):
    return SkyCoord(lon, lat, unit="deg", frame="galactic")


def line(nbin=5, height=2.03):
    return SkyBins.along_line(
        galactic(2.51, 0.13), galactic(-2.47, -0.31), height=height * u.deg, nbin=nbin
    )


def rings(radius=2.2, nbin=3, center=CENTER):
    return SkyBins.annuli(center, radius_max=radius * u.deg, nbin=nbin)
