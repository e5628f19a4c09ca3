"""Outlines of lists of regions."""

import astropy.units as u
import matplotlib.pyplot as plt
import numpy as np
from cases.bins import galactic
from cases.maps import make_wcs
from regions import CircleSkyRegion, EllipseSkyRegion

from xprofile import SkyBins
from xprofile.plot import plot_bins


def drawn_path(bins, wcs):
    """Path of a single bin on new axes."""
    (path,) = plot_bins(bins, plt.figure().add_subplot(projection=wcs)).get_paths()
    return path


def test_parts_of_compounds_and_mirrored_ellipses_are_drawn():
    wcs = make_wcs("TAN", (0, 0))
    wcs.wcs.cdelt = np.abs(wcs.wcs.cdelt)
    ellipse = EllipseSkyRegion(galactic(0, 0), 2 * u.deg, 0.2 * u.deg, 30 * u.deg)
    both = ellipse | CircleSkyRegion(galactic(1, 1), 0.1 * u.deg)
    tip = wcs.world_to_pixel(galactic(0, 0).directional_offset_by(300 * u.deg, 0.9 * u.deg))
    for planar in (False, True):
        path = drawn_path(SkyBins.from_regions([ellipse], planar=planar), wcs)
        assert path.contains_point(np.array(tip))
    path = drawn_path([both], wcs)
    assert path.contains_point(np.array(tip))
    assert path.contains_point(np.array(wcs.world_to_pixel(galactic(1, 1))))
