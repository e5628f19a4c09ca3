"""Bins along a path of 2000 vertices, beside one pass of separations over the same pixels."""

import astropy.units as u
import cubes
import numpy as np
from astropy.coordinates import SkyCoord
from timing import Case

from xprofile import SkyBins, bin_maps, skycoord

WIDTH = 80  # deg, of the map


def maps(projection, shape):
    """Maps of ones."""
    ones = np.ones(shape, np.float32)
    step = WIDTH / shape[-1]
    return cubes.make_maps(ones, ones, ones, ones > 0, step=step, projection=projection)


def warped_plane():
    """500 bins along a sine of 2000 vertices."""
    lon = np.linspace(38, -38, 2000)
    path = SkyCoord(lon, 4 * np.sin(np.radians(9 * lon)), unit="deg", frame="galactic")
    return SkyBins.along_path(path, height=2 * u.deg, nbin=500)


def cases(*, quick):
    """Cases on a separable grid and on another one."""
    shape = (4, 100, 400) if quick else (4, 1000, 4000)
    nenergy, ny, nx = shape
    bins = warped_plane()
    for projection in ("CAR", "TAN"):
        cube = maps(projection, shape)
        positions = skycoord(cube)
        yield Case(
            f"500 path bins, {nx}x{ny}x{nenergy} {projection}",
            lambda cube=cube: bin_maps(cube, bins),
            "one pass of separations",
            lambda positions=positions: positions.separation(cubes.CENTER),
        )
