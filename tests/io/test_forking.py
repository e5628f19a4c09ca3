"""Processes that are forked while their parent has files open, or reads and writes them."""

import subprocess
import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
START = """
import os, sys, threading, time, warnings
import dask, numpy as np, xarray as xr
from cases.maps import make_maps
from xprofile import open_maps, open_netcdf, write_maps, write_netcdf

os.chdir(sys.argv[1])
dask.config.set(scheduler="synchronous")
maps = make_maps(shape=(100, 150))
write_maps(maps, "m.fits")
lazy = open_maps("m.fits", chunks={"lat": 4})
truth = maps.counts.sum("lon").to_numpy()
assert np.array_equal(lazy.counts.sum("lon"), truth)

def fork(work):
    pid = os.fork()
    if pid:
        return pid
    code = 1
    try:
        work()
        code = 0
    finally:
        os._exit(code)

def code(pid):
    end = time.monotonic() + 20
    while time.monotonic() < end:
        done, status = os.waitpid(pid, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.01)
    os.kill(pid, 9)
    os.waitpid(pid, 0)
    return "hangs"
"""
READERS = """
def read():
    for _ in range(4):
        assert np.array_equal(lazy.counts.sum("lon"), truth)

print([code(pid) for pid in [fork(read) for _ in range(4)]])
"""
BUSY = """
warnings.simplefilter("ignore", DeprecationWarning)  # Python 3.12 warns of forks beside threads
plain = xr.open_dataset("m.fits", engine="xprofile", cache=False)
running = True

def busy(number):
    while running:
        write_netcdf(maps, f"{number}.nc", overwrite=True)
        open_netcdf(f"{number}.nc")
        plain.counts.sum()  # without dask, whose graphs have locks in Python 3.11

def work():
    write_netcdf(maps, "child.nc", overwrite=True)
    assert open_netcdf("child.nc").identical(maps)
    assert np.array_equal(lazy.counts.sum("lon"), truth)

threads = [threading.Thread(target=busy, args=(n,), daemon=True) for n in range(3)]
[thread.start() for thread in threads]
codes = []
for turn in range(4):
    time.sleep(0.02 * turn)
    codes.append(code(fork(work)))
running = False
[thread.join() for thread in threads]
print(codes)
"""


DASK = """
dask.config.set(scheduler="threads")
assert np.array_equal(lazy.counts.sum("lon"), truth)

def work():
    assert np.array_equal(lazy.counts.sum("lon"), truth)
    plain = lazy.copy()
    plain.attrs = {}
    write_netcdf(plain, f"{os.getpid()}.nc")
    assert code(fork(lambda: lazy.counts.sum().compute())) == 0

print([code(pid) for pid in [fork(work) for _ in range(4)]])
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no fork")
@pytest.mark.slow
@pytest.mark.parametrize("parts", [[READERS], [READERS, BUSY, DASK]], ids=len)
def test_forked_processes_read_right_values_and_do_not_hang(tmp_path, parts):
    """They shared the position in the file, and got the values of each other."""
    command = [sys.executable, "-W", "ignore", "-c", START + "".join(parts), str(tmp_path)]
    done = subprocess.run(command, cwd=TESTS, capture_output=True, text=True, timeout=120)
    assert done.stdout == len(parts) * "[0, 0, 0, 0]\n", (done.stdout, done.stderr)
