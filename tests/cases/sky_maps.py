"""Maps of the sky to predict counts of: sources and cubes on any pixels."""

import numpy as np
import xarray as xr
from astropy.coordinates import SkyCoord

from xprofile import power_law, skycoord
from xprofile.maps.wcs import grid_coords
from xprofile.schema.axes import axis_coords

CENTER = SkyCoord(0, 0, unit="deg", frame="galactic")


def sky_map(wcs, shape, values=1.0, unit=None, name="gas"):
    """Make an image of the sky."""
    attrs = {} if unit is None else {"units": unit}
    full = np.broadcast_to(np.asarray(values, dtype=float), shape).copy()
    return xr.DataArray(full, grid_coords(wcs, shape), ("lat", "lon"), name, attrs)


def source(wcs, shape, center=CENTER, sigma=0.3):
    """Make the image of a Gauss function of a width in degrees, with the integral 1."""
    image = sky_map(wcs, shape, unit="sr-1", name="source")
    angle = skycoord(image).separation(center).rad / np.radians(sigma)
    return image.copy(data=np.exp(-(angle**2) / 2) / (2 * np.pi * np.radians(sigma) ** 2))


def sky_cube(image, model, edges, unit="cm-2 s-1 sr-1 TeV-1"):
    """Make a cube of an image times a spectrum, with energies in TeV."""
    centres = np.sqrt(edges[1:] * edges[:-1])
    spectrum = xr.DataArray(model(centres), dims="energy")
    coords = axis_coords("energy", centres, edges[:-1], edges[1:])
    return (spectrum * image).assign_coords(coords).assign_attrs(units=unit).rename("cube")


def steep(index=2.4):
    """Make a spectrum whose integral from 10 GeV to 1 TeV is 1e-12 cm-2 s-1, for an index of 2."""
    return power_law(index, 1e-12 / 99 * power_law().amplitude.unit)
