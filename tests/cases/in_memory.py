"""Arrays that make maps: those of the small file, some of them changed."""

import astropy.units as u
import numpy as np
from astropy.io import fits

from cases import mapdataset_files as small
from xprofile import from_arrays

SHAPE = (3, 6, 8)
EDGES = small.EDGES * u.TeV
EDGES_TRUE = small.EDGES_TRUE * u.TeV
CM2S = u.Unit("cm2 s")


def header(**cards):
    return fits.Header({**small.WCS_CARDS, **cards})


def arrays(**changed):
    """All arguments of from_arrays, with the values of the small file, some of them changed."""
    given = {
        "counts": small.COUNTS,
        "wcs": header(),
        "energy_edges": EDGES,
        "background": small.BACKGROUND,
        "exposure": small.EXPOSURE * CM2S,
        "mask": small.MASK_SAFE,
        "edisp": small.EDISP,
        "psf": np.arange(20.0).reshape(4, 5) / u.sr,
        "rad": small.RAD * u.deg,
        "energy_true_edges": EDGES_TRUE,
    }
    return {name: value for name, value in {**given, **changed}.items() if value is not None}


def made(**changed):
    given = arrays(**changed)
    return from_arrays(given.pop("counts"), **given)
