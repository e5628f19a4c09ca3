"""Time of binning along a path of 2000 vertices, as a multiple of one pass of separations.

Both run on the same 4000 x 1000 pixels in the same process:

    python benchmarks/path_binning.py
"""

import statistics
import time

import astropy.units as u
import numpy as np
import xarray as xr
from astropy.coordinates import SkyCoord
from astropy.wcs import WCS

from xprofile import SkyBins, bin_maps
from xprofile.maps.positions import skycoord
from xprofile.maps.wcs import grid_coords
from xprofile.schema.axes import axis_coords
from xprofile.schema.names import ENERGY, ENERGY_TRUE
from xprofile.schema.variables import MAPS, data_array

SHAPE = (1000, 4000)
ENERGIES = 4
RUNS = 3


def maps(projection):
    """Four energies of 4000 x 1000 pixels of 0.02 deg round the Galactic centre."""
    wcs = WCS(naxis=2)
    wcs.wcs.ctype = [f"GLON-{projection}", f"GLAT-{projection}"]
    wcs.wcs.crval = [0, 0]
    wcs.wcs.crpix = [(SHAPE[1] + 1) / 2, (SHAPE[0] + 1) / 2]
    wcs.wcs.cdelt = [-0.02, 0.02]
    coords = grid_coords(wcs, SHAPE)
    edges = np.geomspace(0.01, 1, ENERGIES + 1)
    for name in (ENERGY, ENERGY_TRUE):
        coords |= axis_coords(name, np.sqrt(edges[1:] * edges[:-1]), edges[:-1], edges[1:])
    cube = np.ones((ENERGIES, *SHAPE), np.float32)
    values = {"counts": cube, "background": cube, "exposure": cube, "mask": cube > 0}
    return xr.Dataset({k: data_array(k, v, MAPS) for k, v in values.items()}, coords)


def bins():
    """A warped plane: 500 bins along a sine of 2000 vertices."""
    lon = np.linspace(38, -38, 2000)
    path = SkyCoord(lon, 4 * np.sin(np.radians(9 * lon)), unit="deg", frame="galactic")
    return SkyBins.along_path(path, height=2 * u.deg, nbin=500)


def median_time(function):
    """Median wall time of a few runs after a warm one."""
    times = []
    for _ in range(RUNS + 1):
        start = time.perf_counter()
        function()
        times.append(time.perf_counter() - start)
    return statistics.median(times[1:])


def main():
    """Print a row for each projection."""
    row = bins()
    for projection in ("CAR", "TAN"):
        cube = maps(projection)
        sky, center = skycoord(cube), SkyCoord(0, 0, unit="deg", frame="galactic")
        one_pass = median_time(lambda sky=sky, center=center: sky.separation(center))
        binned = median_time(lambda cube=cube: bin_maps(cube, row))
        print(
            f"{projection}: 500 bins of {ENERGIES} energies {binned:.2f} s, one pass of separation "
            f"{one_pass:.2f} s, ratio {binned / one_pass:.1f}"
        )


if __name__ == "__main__":
    main()
