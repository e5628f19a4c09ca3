"""How time and memory grow with pixels, energies, bins, data sets and workers, as a CSV file.

Run: python benchmarks/scaling.py [--out docs/guide/scaling.csv]

Each row changes one number of the same case: boxes that fill a simulated cube, binned and fitted
with limits. Times are medians of three runs. Memory is the peak of `bin_maps` without the maps
themselves. Threads and processes read the cube from Zarr; processes are those of dask.distributed.
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

import cubes
import dask
import numpy as np
import timing
import xarray as xr
from distributed import LocalCluster

import xprofile

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


def make_maps(case):
    """Maps with one count per pixel on average, twice as wide as high."""
    rows = int(np.sqrt(case["pixels"] / 2))
    shape = (case["energies"], rows, 2 * rows)
    random = np.random.default_rng(1)
    counts = random.poisson(1, shape).astype("i4")
    background, exposure = np.full(shape, 0.9, "f4"), np.full(shape, 1e11, "f4")
    mask = random.random(shape[1:]) < 0.9
    return cubes.make_maps(counts, background, exposure, mask, step=STEP)


@contextmanager
def on_workers(maps: xr.Dataset, kind: str, number: int) -> Iterator[xr.Dataset]:
    """Give the maps as Zarr to a number of threads or processes; other kinds leave them alone."""
    if kind not in ("threads", "processes"):
        yield maps
        return
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Zarr's notes on its format
        maps.chunk(lat=250, lon=500).to_zarr(folder)
        stored = xr.open_zarr(folder)
        if kind == "threads":
            with dask.config.set(scheduler="threads", num_workers=number):
                yield stored
            return
        with (
            LocalCluster(n_workers=number, threads_per_worker=1, dashboard_address=None) as cluster,
            cluster.get_client(),
        ):
            yield stored


def make_bins(maps, number):
    columns = min(number, 500)
    return cubes.grid_of_boxes(maps, columns, number // columns, step=STEP, share=0.99)


def median_seconds(function, runs=3):
    """Median time of some runs, after one that does not count."""
    function()
    return statistics.median(timing.seconds(function) for _ in range(runs))


def measure(name, value):
    """Seconds of binning and of fitting, and the memory of binning, as a row of the table."""
    case = BASE | {name: value}
    with on_workers(make_maps(case), name, value) as maps:
        bins = make_bins(maps, case["bins"])
        binned = xprofile.bin_maps(maps, bins)
        several = [binned] * case["data sets"] if case["data sets"] > 1 else binned
        seconds = median_seconds(lambda: xprofile.bin_maps(maps, bins)) * case["data sets"]
        fit = median_seconds(lambda: xprofile.estimate(several, selection_optional=["ul"]))
        peak = timing.peak_bytes(lambda: xprofile.bin_maps(maps, bins)) / 1e6
    memory = "" if name == "processes" else f"{peak:.0f}"
    return {
        "changed": name, "value": value, "binning [s]": f"{seconds:.3f}",
        "fit [s]": f"{fit:.3f}", "memory [MB]": memory,
    }  # fmt: skip


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=Path("docs/guide/scaling.csv"))
    options = parser.parse_args()
    rows = []
    for name, values in CHANGES.items():
        for value in values:
            rows.append(measure(name, value))
            print(*rows[-1].values(), flush=True)
    with options.out.open("w", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    print(f"{os.cpu_count()} cores, xarray {xr.__version__}, numpy {np.__version__}")


if __name__ == "__main__":
    main()
