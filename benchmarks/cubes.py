"""Cubes of any size round the Galactic centre, and grids of boxes that fill them."""

import astropy.units as u
import numpy as np
from astropy.coordinates import SkyCoord
from astropy.wcs import WCS

import xprofile
from xprofile import SkyBins

CENTER = SkyCoord(0, 0, unit="deg", frame="galactic")
VARIABLES = ("counts", "background", "exposure", "mask")


def make_maps(counts, background, exposure, mask, *, step, projection="CAR"):
    """Make maps of arrays (energy, lat, lon), numpy or dask, with pixels of `step` degrees."""
    nenergy, ny, nx = counts.shape
    wcs = WCS(naxis=2)
    wcs.wcs.ctype = [f"GLON-{projection}", f"GLAT-{projection}"]
    wcs.wcs.crval = [0, 0]
    wcs.wcs.crpix = [(nx + 1) / 2, (ny + 1) / 2]
    wcs.wcs.cdelt = [-step, step]
    return xprofile.from_arrays(
        counts,
        wcs=wcs,
        energy_edges=np.geomspace(0.01, 10, nenergy + 1) * u.TeV,
        background=background,
        exposure=exposure,
        exposure_unit="cm2 s",
        mask=mask,
    )


def grid_of_boxes(maps, columns, rows, *, step, share=1.0):
    """Boxes that fill this share of the map's width and height."""
    width, height = (share * step * maps.sizes[dim] * u.deg for dim in ("lon", "lat"))
    return SkyBins.grid(CENTER, width=width, height=height, nbin=(columns, rows))
