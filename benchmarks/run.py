"""Time xprofile beside its yardsticks, all in one run; print a table and write JSON.

    python benchmarks/run.py [--quick] [--runs 7] [--only small,grid] [--gammapy FOLDER]

GAMMAPY_DATA names the folder with the real cube; without it the small cases run on a simulated one.
Gammapy's seconds are read from FOLDER/gammapy-*.json, which ``nox -s benchmark`` makes.
"""

import argparse
import json
import platform
import resource
import sys
from pathlib import Path

import astropy
import fit_cases
import grid_cases
import large_cube
import numpy as np
import small_cases
import start_cases
import timing
import xarray as xr

import xprofile

BY_NAME = {"big"}  # groups that run only if --only names them: cubes that fill the memory

parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
parser.add_argument("--quick", action="store_true", help="small arrays, one run: does it work?")
parser.add_argument("--runs", type=int, default=7, help="timed runs of each case")
parser.add_argument("--only", default="", help="groups of cases, with commas")
parser.add_argument("--gammapy", type=Path, default=Path("benchmarks"), help="folder of its JSON")
parser.add_argument("--python", default=sys.executable, help="interpreter for fresh processes")
parser.add_argument("--out", type=Path, default=Path("benchmarks/results.json"))


def gammapy_seconds(folder):
    """Seconds of Gammapy's cases, by version."""
    found = [json.loads(path.read_text()) for path in sorted(folder.glob("gammapy-*.json"))]
    return {result["gammapy"]: result["seconds"] for result in found}


def groups(options):
    """Groups of cases; each is made when it is its turn, and let go after that."""
    gammapy = gammapy_seconds(options.gammapy)
    return {
        "small": lambda: small_cases.cases(gammapy),
        "grid": lambda: grid_cases.cases(quick=options.quick),
        "fits": lambda: fit_cases.cases(quick=options.quick),
        "start": lambda: start_cases.cases(gammapy, options.python),
        "big": lambda: large_cube.cases(quick=options.quick),
    }


def versions():
    packages = {"xprofile": xprofile, "numpy": np, "xarray": xr, "astropy": astropy}
    return {name: package.__version__ for name, package in packages.items()} | {
        "python": platform.python_version(),
        "machine": f"{platform.machine()}, {platform.system()}",
    }


def main():
    options = parser.parse_args()
    known = groups(options)
    usual = [name for name in known if name not in BY_NAME]
    wanted = options.only.split(",") if options.only else usual
    if unknown := set(wanted) - set(known):
        sys.exit(f"no group of cases {sorted(unknown)}; there are {list(known)}")
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
