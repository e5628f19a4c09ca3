"""A cube larger than memory, in Zarr: binned block by block, beside a plain sum of its values.

The cube is written to a temporary folder, which is deleted when the cases are done.
"""

import tempfile
import warnings
from pathlib import Path

import astropy.units as u
import cubes
import dask
import dask.array as da
import numpy as np
import xarray as xr
from astropy.coordinates import SkyCoord
from timing import Case

import xprofile
from xprofile import SkyBins

NENERGY, CHUNK = 20, 1000  # fine energy bins, pixels along the side of a chunk
BYTES = 13  # of counts, background, exposure and mask in one pixel and energy
STEP = 0.01  # deg


def write_cube(path, gigabytes):
    """Write a cube of this size, twice as wide as high."""
    rows = int(np.sqrt(gigabytes * 1e9 / BYTES / NENERGY / 2))
    shape = (NENERGY, rows, 2 * rows)
    chunks = (NENERGY, CHUNK, CHUNK)
    random = da.random.default_rng(1)
    maps = cubes.make_maps(
        random.poisson(0.5, shape, chunks=chunks).astype("i4"),
        random.uniform(0.1, 1, shape, chunks=chunks).astype("f4"),
        random.uniform(1e11, 2e11, shape, chunks=chunks).astype("f4"),
        random.uniform(size=shape[1:], chunks=chunks[1:]) < 0.9,
        step=STEP,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Zarr's notes on its format
        maps.to_zarr(path)


def line(length, height, center=0):
    """500 boxes along the plane, 0.3 deg above it."""
    longitudes = [center + length / 2, center - length / 2] * u.deg
    ends = SkyCoord(longitudes, [0.3, 0.3] * u.deg, frame="galactic")
    return SkyBins.along_line(*ends, height=height * u.deg, nbin=500)


def bin_in_threads(maps, bins):
    with dask.config.set(scheduler="threads", num_workers=2):
        return xprofile.bin_maps(maps, bins)


def sum_in_threads(maps):
    with dask.config.set(scheduler="threads", num_workers=2):
        return dask.compute(*[maps[name].sum() for name in cubes.VARIABLES])


def cases(*, quick):
    """Bins over the whole cube, and in one of its chunks."""
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Zarr's notes on its format
        path = Path(folder) / "cube.zarr"
        write_cube(path, 0.6 if quick else 6)
        maps = xr.open_zarr(path)
        size = f"{maps.nbytes / 1e9:.1f} GB"
        width, height = (0.999 * STEP * maps.sizes[dim] for dim in ("lon", "lat"))
        side, middle = CHUNK * STEP, STEP * (maps.sizes["lon"] - CHUNK) / 2  # of the first chunk
        for name, bins, target in (
            ("all over", line(width, height - 0.7), "1.5"),
            ("in one chunk", line(0.45 * side, 0.25 * side, middle), "0.15"),
        ):
            yield Case(
                f"500 bins {name}, {size}",
                lambda bins=bins: bin_in_threads(maps, bins),
                "dask sum of the same, 2 threads",
                lambda: sum_in_threads(maps),
                target,
            )
