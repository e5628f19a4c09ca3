"""Profiles with scans of the statistic."""

import astropy.units as u
import numpy as np

from xprofile import estimate, power_law

EDGES = [10, 50, 500] * u.GeV
FINE = {"norm_values": np.linspace(-1, 10, 221)}


def made(binned, **settings):
    chosen = {"spectral_model": power_law(2.3), "energy_edges": EDGES, "selection_optional": "all"}
    return estimate(binned, **{**chosen, **settings})
