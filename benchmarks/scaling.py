"""How time and memory grow with pixels, energies, bins, data sets and workers, as a CSV file.

Run: python benchmarks/scaling.py [--out docs/scaling.csv]

Each row changes one number of the same case: boxes that fill a simulated cube, binned and fitted
with limits. Times are medians of three runs; memory is what comes on top of the maps. Those of
workers read the cube from Zarr; processes are of dask.distributed.
"""

import argparse
import csv
import os
import statistics
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import astropy.units as u
import dask
import numpy as np
import timing
import xarray as xr
from astropy.coordinates import SkyCoord
from astropy.wcs import WCS
from distributed import LocalCluster

import xprofile
from xprofile import SkyBins

BASE = {"pixels": 2_000_000, "energies": 20, "bins": 500, "data sets": 1}
CHANGES = {
    "pixels": [125_000, 500_000, 2_000_000, 8_000_000],
    "energies": [5, 10, 20, 40],
    "bins": [10, 100, 1_000, 10_000, 100_000],
    "data sets": [1, 2, 4, 8],
    "threads": [1, 2],
    "processes": [1, 2],
}
STEP = 0.02  # deg


def maps_of(case):
    """Maps with one count in a pixel, twice as wide as high."""
    rows = int(np.sqrt(case["pixels"] / 2))
    shape = (case["energies"], rows, 2 * rows)
    wcs = WCS(naxis=2)
    wcs.wcs.ctype = ["GLON-CAR", "GLAT-CAR"]
    wcs.wcs.cdelt = [-STEP, STEP]
    wcs.wcs.crpix = [rows + 0.5, (rows + 1) / 2]
    random = np.random.default_rng(1)
    return xprofile.from_arrays(
        random.poisson(1, shape).astype("i4"),
        wcs=wcs,
        energy_edges=np.geomspace(0.01, 10, case["energies"] + 1) * u.TeV,
        background=np.full(shape, 0.9, "f4"),
        exposure=np.full(shape, 1e11, "f4") * u.Unit("cm2 s"),
        mask=random.random(shape[1:]) < 0.9,
    )


@contextmanager
def workers(maps: xr.Dataset, name: str, number: int) -> Iterator[xr.Dataset]:
    """Maps in Zarr, and so many threads or processes for them; other maps stay as they are."""
    if name not in ("threads", "processes"):
        yield maps
        return
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of Zarr's format
        maps.chunk(lat=250, lon=500).to_zarr(folder)
        stored = xr.open_zarr(folder)
        if name == "threads":
            with dask.config.set(scheduler="threads", num_workers=number):
                yield stored
            return
        with (
            LocalCluster(n_workers=number, threads_per_worker=1, dashboard_address=None) as cluster,
            cluster.get_client(),
        ):
            yield stored


def bins_of(maps, number):
    width, height = (0.99 * STEP * maps.sizes[dim] for dim in ("lon", "lat"))
    columns = min(number, 500)
    center = SkyCoord(0, 0, unit="deg", frame="galactic")
    return SkyBins.grid(
        center, width=width * u.deg, height=height * u.deg, nbin=(columns, number // columns)
    )


def timed(function, runs=3):
    function()
    return statistics.median(timing.seconds(function) for _ in range(runs))


def row_of(name, value):
    """Seconds of binning and of fitting, and the memory of binning."""
    case = BASE | {name: value}
    with workers(maps_of(case), name, value) as maps:
        bins = bins_of(maps, case["bins"])
        binned = xprofile.bin_maps(maps, bins)
        several = [binned] * case["data sets"] if case["data sets"] > 1 else binned
        seconds = timed(lambda: xprofile.bin_maps(maps, bins)) * case["data sets"]
        fit = timed(lambda: xprofile.estimate(several, selection_optional=["ul"]))
        peak = timing.peak_bytes(lambda: xprofile.bin_maps(maps, bins)) / 1e6
    memory = "" if name == "processes" else f"{peak:.0f}"
    return {
        "changed": name, "value": value, "binning [s]": f"{seconds:.3f}",
        "fit [s]": f"{fit:.3f}", "memory [MB]": memory,
    }  # fmt: skip


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=Path("docs/scaling.csv"))
    options = parser.parse_args()
    rows = []
    for name, values in CHANGES.items():
        for value in values:
            rows.append(row_of(name, value))
            print(*rows[-1].values(), flush=True)
    with options.out.open("w", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    print(f"{os.cpu_count()} cores, xarray {xr.__version__}, numpy {np.__version__}")


if __name__ == "__main__":
    main()
