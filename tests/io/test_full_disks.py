"""netCDF on a disk that becomes full: the process goes on, and no file stays open."""

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow
TESTS = Path(__file__).parents[1]
SCRIPT = """
import gc, os, resource, sys
from cases.maps import make_maps
from xprofile import open_netcdf, write_netcdf
from xprofile.exceptions import UnwritableFileError
from xprofile.io import netcdf_files

folder, kind, forbids = sys.argv[1:]
maps = make_maps(shape=(100, 150))
data = maps.chunk(lat=20) if kind == "lazy" else maps
path = f"{folder}/a.nc"
write_netcdf(data, path)
size, before = os.path.getsize(path), len(os.listdir("/proc/self/fd"))
before_all, most = resource.getrlimit(resource.RLIMIT_FSIZE)

def limit(number):
    resource.setrlimit(resource.RLIMIT_FSIZE, (number, most))

if forbids == "while it is written":  # as a full disk, it allows to write to memory
    create = os.memfd_create
    netcdf_files._check_allowed_size = lambda *args: None
    os.memfd_create = lambda name: limit(before_all) or create(name)
for turn in range(60):
    limit(int(size * turn / 64))
    try:
        write_netcdf(data, path, overwrite=True)
    except UnwritableFileError:
        pass
    else:
        print("written in turn", turn)
limit(before_all)
gc.collect()
assert os.listdir(folder) == ["a.nc"], os.listdir(folder)
assert open_netcdf(path).identical(maps)
write_netcdf(data, path, overwrite=True)
print(len(os.listdir("/proc/self/fd")) - before)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="counts the files that a process has open")
@pytest.mark.parametrize("kind", ["lazy", "in memory"])
@pytest.mark.parametrize("forbids", ["at once", "while it is written"])
def test_sixty_failures(tmp_path, kind, forbids):
    """HDF5 kept a file open after most of them, and ended the process after some."""
    command = [sys.executable, "-W", "ignore", "-c", SCRIPT, str(tmp_path), kind, forbids]
    done = subprocess.run(command, cwd=TESTS, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) <= 3, done.stdout
