"""Saved netCDF, Zarr, ECSV and FITS files with random changes: a Dataset, or an error of ours.

They are read in other processes, as the libraries of HDF5 and netCDF may end the process.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from cases import fuzzing_saved
from cases.few_cases import one_in

CASES = Path(fuzzing_saved.__file__).parents[1]
# Cases of each kind; with the 5,000 of tests/io/maps/test_fuzz.py, 15,000. A case of netCDF or
# Zarr takes 30 to 100 ms, one of FITS or ECSV 10 ms. The slow suite has the first part of each.
KINDS = {
    "profile.nc": 1500, "maps.nc": 1500, "profile.fits": 3000, "profile.ecsv": 3000,
    "profile.zarr": 1000, "profile_fit.fits": 500,
}  # fmt: skip
TOGETHER = 250  # cases of one test
PARTS = [
    part
    for kind, cases in KINDS.items()
    for part in one_in(cases // TOGETHER, [(kind, first) for first in range(0, cases, TOGETHER)])
]

# Ends of the process, and endless loops, within the C libraries that are allowed of the cases of a
# test. They are faults of HDF5 and netCDF while they open a damaged file (none or one of a thousand
# here; seed 640 of maps.nc loops for ever after one changed byte), which no caller can prevent; of
# other formats there are none.
CRASHES = {"profile.nc": 1, "maps.nc": 1}


def crashes(folder, kind, first, stop):
    """Seeds at which the process ended; an error that is not ours fails."""
    found = []
    env = os.environ | {"PYTHONPATH": str(CASES)}
    while first < stop:
        script = [sys.executable, fuzzing_saved.__file__, folder, kind, first, stop]
        done = subprocess.run(map(str, script), capture_output=True, text=True, env=env)
        if done.returncode == 0:
            return found
        seed = int(done.stdout.split()[-1])
        assert done.returncode < 0, f"{kind}, seed {seed}: {done.stderr[-3000:]}"
        found.append((seed, -done.returncode))
        first = seed + 1
    return found


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    if sys.platform == "win32":
        pytest.skip("this system has no alarm signal")
    pytest.importorskip("zarr")
    folder = tmp_path_factory.mktemp("saved")
    fuzzing_saved.sources(folder)
    return folder


@pytest.mark.parametrize(("kind", "first"), PARTS)
def test_many_changed_files(folder, kind, first):
    found = crashes(folder, kind, first, first + TOGETHER)
    assert len(found) <= CRASHES.get(kind, 0), f"seeds and signals: {found}"
