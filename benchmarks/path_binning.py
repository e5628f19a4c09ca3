"""Time of binning along a path of 2000 vertices, as a multiple of one pass of separations.

Both run on the same 4000 x 1000 pixels in the same process:

    python benchmarks/path_binning.py
"""

import statistics
import time

import astropy.units as u
import numpy as np
from astropy.coordinates import SkyCoord
from astropy.wcs import WCS

from xprofile import SkyBins
from xprofile.wcs import PixelGrid, whole_numbers

SHAPE = (1000, 4000)
RUNS = 3


def grid(projection):
    """Pixels of 0.02 deg round the Galactic centre."""
    wcs = WCS(naxis=2)
    wcs.wcs.ctype = [f"GLON-{projection}", f"GLAT-{projection}"]
    wcs.wcs.crval = [0, 0]
    wcs.wcs.crpix = [(SHAPE[1] + 1) / 2, (SHAPE[0] + 1) / 2]
    wcs.wcs.cdelt = [-0.02, 0.02]
    return PixelGrid(wcs, whole_numbers(SHAPE[1]), whole_numbers(SHAPE[0]))


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
        pixels = grid(projection)
        lon, lat = np.broadcast_arrays(*pixels.lonlat(pixels.x, pixels.y[:, None]))
        sky = SkyCoord(lon, lat, unit="deg", frame="galactic")
        center = SkyCoord(0, 0, unit="deg", frame="galactic")
        one_pass = median_time(lambda sky=sky, center=center: sky.separation(center))
        members = median_time(lambda pixels=pixels: row.members(pixels))
        print(
            f"{projection}: 500 bins {members:.2f} s, one pass of separation {one_pass:.2f} s, "
            f"ratio {members / one_pass:.1f}"
        )


if __name__ == "__main__":
    main()
