"""Small maps with a PSF, on several projections, with masks and responses of all kinds."""

import numpy as np

from cases.maps import make_wcs, uneven_maps
from xprofile.maps.wcs import position_coords
from xprofile.schema.variables import COORDS, MAPS, data_array

SHAPE = (24, 30)
RAD = np.linspace(0, 1.5, 151)


def gauss(sigma):
    """Density in sr-1 of a Gauss function with a width in degrees, at RAD."""
    return np.exp(-((RAD / sigma) ** 2) / 2) / (2 * np.pi * np.radians(sigma) ** 2)


def spread_maps(wcs=None, *, shape=SHAPE, positions=None, dim="energy_true", used=0.7, sigma=0.2):
    """Make uneven maps of 0.1 deg pixels with a PSF that is narrower at higher energies."""
    wcs = make_wcs(shape=shape) if wcs is None else wcs
    maps = uneven_maps(wcs, shape, used=used)
    width = sigma * np.linspace(1.2, 0.8, maps.sizes[dim])
    psf = np.stack([gauss(one) for one in width])
    dims = (dim, "rad")
    if positions is not None:
        grid = make_wcs(step=1.0, shape=positions)
        maps = maps.assign_coords(position_coords(grid, positions, "psf"))
        scale = 1 + 0.3 * np.arange(np.prod(positions)).reshape(*positions, 1)
        psf = np.stack([[[gauss(w * s[0]) for w in width] for s in row] for row in scale])
        dims = ("lat_psf", "lon_psf", *dims)
    maps = maps.assign_coords(rad=data_array("rad", RAD, COORDS))
    return maps.assign(psf=(dims, psf, MAPS["psf"].attrs))
