"""Bins and columns of Gammapy's tables."""

from contextlib import nullcontext
from itertools import pairwise

import astropy.units as u
import numpy as np
import pytest
from astropy.coordinates import SkyCoord
from regions import CircleAnnulusSkyRegion

from xprofile.exceptions import DataWarning

CENTER = SkyCoord(0 * u.deg, 0 * u.deg, frame="galactic")
RADII = np.linspace(1e-5, 1.5, 11) * u.deg
RINGS = [CircleAnnulusSkyRegion(CENTER, low, high) for low, high in pairwise(RADII)]


def column(table, name):
    """A column as floats, (nbin, nenergy, ...), without the axis of data sets."""
    values = np.array([np.asarray(cell, float) for cell in table[name]])
    return values[..., 0] if name.startswith(("counts", "npred")) else values


def moving_energies(*moves):
    """Expect a warning that energy edges move, each as in "100 to 84.4716 GeV"; or none."""
    if not moves:
        return nullcontext()
    return pytest.warns(DataWarning, match=f"edges of the data: {', '.join(moves)}. Choose")
