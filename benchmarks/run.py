"""Time xprofile beside its yardsticks in one run; print a table and write JSON.

    python benchmarks/run.py [--quick] [--runs 7] [--only small,grid] [--gammapy FOLDER]

The groups of cases are small (the tutorial's profiles), grid, path, fits, limits (by each method),
healpix (whole skies), psf (unfolding), explain (templates, shapes and spectra), read (the real
cube), start (fresh processes) and big (a cube in Zarr, which runs only if --only names it).
GAMMAPY_DATA names the folder with the real cube; without it the small cases run on a simulated one.
Gammapy's seconds come from FOLDER/gammapy-*.json, which ``nox -s benchmark`` writes.
"""

import argparse
import json
import platform
import resource
import sys
import warnings
from pathlib import Path

import astropy
import explain_cases
import fit_cases
import grid_cases
import healpix_cases
import limit_cases
import numpy as np
import path_cases
import psf_cases
import read_cases
import start_cases
import timing
import tutorial_cases
import xarray as xr
import zarr_cases

import xprofile

ON_REQUEST = {"big"}  # groups that run only if --only names them: minutes, and 6 GB of disk

parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
parser.add_argument("--quick", action="store_true", help="small arrays and one run, as a test")
parser.add_argument("--runs", type=int, default=7, help="timed runs of each case")
parser.add_argument("--only", default="", help="groups of cases, separated by commas")
parser.add_argument(
    "--gammapy", type=Path, default=Path("benchmarks"), help="folder of its JSON files"
)
parser.add_argument("--python", default=sys.executable, help="interpreter for fresh processes")
parser.add_argument("--out", type=Path, default=Path("benchmarks/results.json"))


def gammapy_seconds(folder):
    """Seconds of each case in Gammapy, by version."""
    found = [json.loads(path.read_text()) for path in sorted(folder.glob("gammapy-*.json"))]
    return {result["gammapy"]: result["seconds"] for result in found}


def groups(options):
    """Functions that make each group of cases, so that only one group is in memory at a time."""
    gammapy = gammapy_seconds(options.gammapy)
    return {
        "small": lambda: tutorial_cases.cases(gammapy),
        "grid": lambda: grid_cases.cases(quick=options.quick),
        "path": lambda: path_cases.cases(quick=options.quick),
        "fits": lambda: fit_cases.cases(quick=options.quick),
        "limits": lambda: limit_cases.cases(quick=options.quick),
        "healpix": lambda: healpix_cases.cases(quick=options.quick),
        "psf": lambda: psf_cases.cases(gammapy, quick=options.quick),
        "explain": lambda: explain_cases.cases(quick=options.quick),
        "read": read_cases.cases,
        "start": lambda: start_cases.cases(gammapy, options.python),
        "big": lambda: zarr_cases.cases(quick=options.quick),
    }


def versions():
    packages = {"xprofile": xprofile, "numpy": np, "xarray": xr, "astropy": astropy}
    return {name: package.__version__ for name, package in packages.items()} | {
        "python": platform.python_version(),
        "machine": f"{platform.machine()}, {platform.system()}",
    }


def main():
    # energies that move, and bins off the map
    warnings.simplefilter("ignore", xprofile.exceptions.DataWarning)
    options = parser.parse_args()
    known = groups(options)
    usual = [name for name in known if name not in ON_REQUEST]
    wanted = options.only.split(",") if options.only else usual
    if unknown := set(wanted) - set(known):
        sys.exit(f"no group of cases {sorted(unknown)}; choose from {list(known)}")
    runs, results = 1 if options.quick else options.runs, []
    print(timing.header())
    for name in wanted:
        for case in known[name]():
            results.append(timing.measure(case, runs))
            print(timing.row(results[-1]), flush=True)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    content = {"versions": versions(), "runs": runs, "peak_bytes": peak, "cases": results}
    options.out.write_text(json.dumps(content, indent=2) + "\n")


if __name__ == "__main__":
    main()
