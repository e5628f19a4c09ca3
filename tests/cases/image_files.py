"""Small FITS files of images without energies, as X-ray and TeV tools write them."""

import numpy as np
from astropy.io import fits

from cases import mapdataset_files as small
from cases.part_files import image, stream

COUNTS, BACKGROUND = small.COUNTS[0], small.BACKGROUND[0]
SECONDS = 100.0 + np.arange(COUNTS.size, dtype="f4").reshape(COUNTS.shape)
SECONDS[:, -1] = 0.0  # beyond the detector


def plane(values, unit=None, **cards):
    """File of one image."""
    return stream([image(values, cards={**({"BUNIT": unit} if unit else {}), **cards})])


def xray(**others):
    """Parts of an X-ray observation: counts, background and exposure in s."""
    parts = {
        "counts": plane(COUNTS, "counts"),
        "background": plane(BACKGROUND, "counts"),
        "exposure": plane(SECONDS, ""),
    }
    return {name: part for name, part in (parts | others).items() if part is not None}


def several_hdus(**images):
    """File with one image in each HDU, and nothing in the first one."""
    hdus = [image(values, name=name, primary=False) for name, values in images.items()]
    return stream([fits.PrimaryHDU(), *hdus])
