"""Files that change while their values are still to be read end with an error, never half new."""

import os
import subprocess
import sys

import numpy as np
import pytest
from cases.maps import make_maps

import xprofile
from xprofile.exceptions import FileFormatError


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "maps.fits"
    xprofile.write_maps(make_maps(), path)
    return path


def shrink(path):
    os.truncate(path, path.stat().st_size // 2)


def empty(path):
    path.write_bytes(b"")


def grow(path):
    with path.open("ab") as file:
        file.write(bytes(2880))


def write_into(path):
    content = bytearray(path.read_bytes())
    content[-2880:] = bytes(2880)
    path.write_bytes(content)


def replace(path):
    content = path.read_bytes()
    path.unlink()
    path.write_bytes(content[:-2880] + bytes(2880))


def rewrite(path):
    xprofile.write_maps(make_maps(nenergy=2), path, overwrite=True)


@pytest.mark.heavy
@pytest.mark.parametrize("read_before", [False, True])
@pytest.mark.parametrize("change", [shrink, empty, grow, write_into, replace, rewrite])
def test_a_changed_file(path, change, read_before):
    maps = xprofile.open_maps(path, chunks={"energy": 1})
    if read_before:
        maps.counts[0].load()
    os.utime(path, ns=(0, path.stat().st_mtime_ns))
    change(path)
    with pytest.raises(FileFormatError, match=r"maps.fits' changed since it was opened"):
        maps.load()


def test_a_file_that_vanished(path):
    maps = xprofile.open_maps(path, chunks={})
    maps.counts[0].load()
    path.unlink()
    with pytest.raises(FileFormatError, match=r"vanished since it was opened"):
        maps.load()


@pytest.mark.slow
def test_a_file_that_becomes_shorter_after_the_check(path, tmp_path):
    """Of a file mapped into memory, reading would end the process (SIGBUS)."""
    script = (
        "import os, sys, pytest, xprofile\n"
        "from xprofile.io.fits.image_cube import ImageCube\n"
        "ImageCube._check_unchanged = lambda self: None\n"
        "maps = xprofile.open_maps(sys.argv[1], chunks={})\n"
        "maps.counts[0, :2].load()\n"
        "os.truncate(sys.argv[1], 6000)\n"
        "with pytest.raises(xprofile.exceptions.FileFormatError):\n"
        "    maps.load()\n"
    )
    done = subprocess.run([sys.executable, "-c", script, str(path)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_a_file_that_stays_is_read(path):
    maps = xprofile.open_maps(path, chunks={"lat": 5})
    os.utime(path, ns=(0, path.stat().st_mtime_ns))  # reading changes the time of access alone
    np.testing.assert_array_equal(maps.counts, make_maps().counts)
