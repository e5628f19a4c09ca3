"""A cube larger than memory, in Zarr: binned block by block, beside a plain sum of its values.

The cube is made in a temporary folder, and deleted when the cases are done.
"""

import tempfile
import warnings
from pathlib import Path

import astropy.units as u
import dask
import dask.array as da
import numpy as np
import xarray as xr
from astropy.coordinates import SkyCoord
from astropy.wcs import WCS
from timing import Case

import xprofile
from xprofile import SkyBins

NENERGY, CHUNK = 20, 1000  # fine bins of energy, pixels along the side of a chunk
BYTES = 13  # of a pixel and energy: counts, background, exposure and mask
STEP = 0.01  # deg
VARIABLES = ("counts", "background", "exposure", "mask")


def make(folder, gigabytes):
    """Write a cube of a size, twice as wide as high."""
    rows = int(np.sqrt(gigabytes * 1e9 / BYTES / NENERGY / 2))
    shape = (NENERGY, rows, 2 * rows)
    chunks = (NENERGY, CHUNK, CHUNK)
    wcs = WCS(naxis=2)
    wcs.wcs.ctype = ["GLON-CAR", "GLAT-CAR"]
    wcs.wcs.cdelt = [-STEP, STEP]
    wcs.wcs.crpix = [rows + 0.5, (rows + 1) / 2]
    random = da.random.default_rng(1)
    maps = xprofile.from_arrays(
        random.poisson(0.5, shape, chunks=chunks).astype("i4"),
        wcs=wcs,
        energy_edges=np.geomspace(0.01, 10, NENERGY + 1) * u.TeV,
        background=random.uniform(0.1, 1, shape, chunks=chunks).astype("f4"),
        exposure=random.uniform(1e11, 2e11, shape, chunks=chunks).astype("f4"),
        exposure_unit="cm2 s",
        mask=random.uniform(size=shape[1:], chunks=chunks[1:]) < 0.9,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of Zarr's format
        maps.to_zarr(folder)


def line(length, height, centre=0):
    """500 boxes along the plane, a little off it."""
    ends = [centre + length / 2, centre - length / 2] * u.deg
    ends = SkyCoord(ends, [0.3, 0.3] * u.deg, frame="galactic")
    return SkyBins.along_line(*ends, height=height * u.deg, nbin=500)


def binned(maps, bins):
    with dask.config.set(scheduler="threads", num_workers=2):
        return xprofile.bin_maps(maps, bins)


def summed(maps):
    with dask.config.set(scheduler="threads", num_workers=2):
        return dask.compute(*[maps[name].sum() for name in VARIABLES])


def cases(*, quick):
    """Bins over all of the cube, and in one of its chunks."""
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of Zarr's format
        path = Path(folder) / "cube.zarr"
        make(path, 0.6 if quick else 6)
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
                lambda bins=bins: binned(maps, bins),
                "dask sum of the same, 2 threads",
                lambda: summed(maps),
                target,
            )
