"""Small maps in HEALPix, and what is true of their cells by equations of their own."""

import astropy.units as u
import numpy as np
from astropy_healpix import HEALPix

from xprofile import from_arrays

EDGES = [1, 2, 5] * u.TeV
EXPOSURE_UNIT = u.Unit("cm2 s")


def make_cell_maps(level=3, scheme="nested", cells=None, *, frame="galactic", seed=1, chunk=None):
    """Make maps of random counts with a mask, two energies, and all cells or some."""
    rng = np.random.default_rng(seed)
    number = 12 * 4**level
    maps = from_arrays(
        rng.poisson(3.0, (2, number)),
        background=rng.uniform(2, 4, (2, number)),
        exposure=rng.uniform(1, 2, (2, number)) * 1e10 * EXPOSURE_UNIT,
        mask=rng.random((2, number)) < 0.9,
        energy_edges=EDGES,
        frame=frame,
        indexing_scheme=scheme,
    )
    maps = maps if cells is None else maps.isel(cell=cells)
    return maps if chunk is None else maps.chunk(cell=chunk)


def cell_centers(maps):
    """Longitudes and latitudes in degrees of the centres of cells, from astropy-healpix."""
    grid = maps["healpix"].attrs
    healpix = HEALPix(2 ** grid["level"], grid["indexing_scheme"])
    lon, lat = healpix.healpix_to_lonlat(maps["cell_ids"].to_numpy())
    return lon.deg, lat.deg


def nested_numbers(maps):
    """Nested numbers of the cells of maps."""
    grid = maps["healpix"].attrs
    numbers = maps["cell_ids"].to_numpy()
    if grid["indexing_scheme"] == "nested":
        return numbers
    return HEALPix(2 ** grid["level"], "ring").ring_to_nested(numbers)
