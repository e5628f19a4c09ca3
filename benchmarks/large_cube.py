"""A cube larger than memory, in Zarr: binned block by block, beside a plain sum of its values.

Run: python benchmarks/large_cube.py [--gigabytes 6] [--threads 2] [--folder FOLDER]

The cube is made in a temporary folder and deleted in the end. Each case runs in a process of its
own, so that its peak memory can be told. The times are medians of several.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
import warnings
from pathlib import Path

import astropy.units as u
import dask
import dask.array as da
import numpy as np
import xarray as xr
from astropy.coordinates import SkyCoord
from astropy.wcs import WCS

import xprofile
from xprofile import SkyBins

NENERGY, CHUNK = 20, 1000  # fine bins of energy, pixels along the side of a chunk
BYTES = 13  # of a pixel and energy: counts, background, exposure and mask
STEP = 0.01  # deg
VARIABLES = ("counts", "background", "exposure", "mask")


def make(folder, gigabytes):
    """Write a cube of about a size, twice as wide as high."""
    rows = int(np.sqrt(gigabytes * 1e9 / BYTES / NENERGY / 2) // CHUNK) * CHUNK or CHUNK
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


def bins_of(maps, share):
    """500 boxes along the plane, of a height that covers a share of the chunks."""
    half = maps.sizes["lon"] * STEP / 2 * 0.999
    length = 2 * half * (share if share < 1 else 1)
    start, end = (
        SkyCoord(lon * u.deg, 0.3 * u.deg, frame="galactic") for lon in (half, half - length)
    )
    height = maps.sizes["lat"] * STEP * 0.9 if share == 1 else CHUNK * STEP * 0.5
    return SkyBins.along_line(start, end, height=height * u.deg, nbin=500)


def work(case, path):
    """Run one case, and return its time and the memory at its peak."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        maps = xr.open_zarr(path)
        start = time.perf_counter()
        if case == "sum":
            dask.compute(*[maps[name].sum() for name in VARIABLES])
        else:
            xprofile.bin_maps(maps, bins_of(maps, {"all": 1, "some": 0.25}[case]))
        taken = time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return {"seconds": taken, "peak": peak}


def run(case, path, threads):
    """One case in a process of its own."""
    command = [sys.executable, __file__, "--case", case, "--folder", path, "--threads", threads]
    return json.loads(subprocess.check_output([str(word) for word in command]))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--gigabytes", type=float, default=6)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--folder", help="where the cube is made; a temporary one by default")
    parser.add_argument("--case", choices=("sum", "all", "some"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.case:
        with dask.config.set(scheduler="threads", num_workers=options.threads):
            print(json.dumps(work(options.case, options.folder)))
        return
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        path = Path(folder) / "cube.zarr"
        make(path, options.gigabytes)
        runs = {case: [] for case in ("sum", "all", "some")}
        for _ in range(options.repeat):
            for case, found in runs.items():
                found.append(run(case, path, options.threads))
    plain = np.median([one["seconds"] for one in runs["sum"]])
    for case, found in runs.items():
        seconds = np.median([one["seconds"] for one in found])
        peak = max(one["peak"] for one in found) / 1e9
        print(f"{case:5} {seconds:8.2f} s {seconds / plain:6.2f} x the sum {peak:6.2f} GB")


if __name__ == "__main__":
    main()
