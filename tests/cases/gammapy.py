"""Bins and columns of Gammapy's tables."""

from itertools import pairwise

import astropy.units as u
import numpy as np
from astropy.coordinates import SkyCoord
from regions import CircleAnnulusSkyRegion

CENTER = SkyCoord(0 * u.deg, 0 * u.deg, frame="galactic")
RADII = np.linspace(1e-5, 1.5, 11) * u.deg
RINGS = [CircleAnnulusSkyRegion(CENTER, low, high) for low, high in pairwise(RADII)]


def column(table, name):
    """A column as floats, (nbin, nenergy, ...), without the axis of data sets."""
    values = np.array([np.asarray(cell, float) for cell in table[name]])
    return values[..., 0] if name.startswith(("counts", "npred")) else values
