"""Damaged FITS files: truncated, with changed bytes, or of another format."""

import gzip
import shutil
import signal

import pytest
from astropy.io import fits
from cases import mapdataset_files as small
from cases.errors import refused
from cases.mapdataset_files import PLAIN, write

from xprofile import open_maps
from xprofile.exceptions import FileFormatError


@pytest.fixture
def path(tmp_path):
    return tmp_path / "maps.fits"


@pytest.fixture
def deadline():
    """Fail after ten seconds, where the system has an alarm, so that it always ends."""
    if not hasattr(signal, "SIGALRM"):
        yield
        return
    before = signal.signal(signal.SIGALRM, lambda *_: pytest.fail("no answer in 10 s"))
    signal.alarm(10)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


@pytest.mark.parametrize(
    "content",
    [b"", b"a text\n", b"energy,lat,lon\n" * 1000, b"\x00" * 5760, b"\x1f\x8b", b"SIMPLE  "],
    ids=["empty", "text", "table", "zeros", "gzip magic", "start"],
)
@pytest.mark.usefixtures("deadline")
def test_not_a_fits_file(path, content):
    path.write_bytes(content)
    with refused(FileFormatError, r"cannot read .*maps\.fits.* as FITS"):
        open_maps(path)


def inside(data, name, part):
    """Position in the middle of the header or data of an HDU."""
    with fits.open(data, memmap=False) as hdus:
        place = hdus[name].fileinfo()
        ends = {"header": ("hdrLoc", "datLoc"), "data": ("datLoc", None)}[part]
        start = place[ends[0]]
        stop = place[ends[1]] if ends[1] else start + hdus[name].size
    return (start + stop) // 2


@pytest.mark.parametrize("part", ["header", "data"])
@pytest.mark.parametrize("name", ["COUNTS", "EXPOSURE_BANDS", "EDISP", "MASK_SAFE"])
@pytest.mark.usefixtures("deadline")
def test_truncated_file_is_refused_wherever_it_ends(path, name, part):
    cut = inside(write(path), name, part)
    path.write_bytes(path.read_bytes()[:cut])
    with refused(FileFormatError, r"cannot read .*maps\.fits.* truncated"):
        open_maps(path)


@pytest.mark.parametrize("lost", [1, 8, 100, 2000])
@pytest.mark.usefixtures("deadline")
def test_truncated_gzip_is_refused(path, lost):
    path.write_bytes(gzip.compress(PLAIN.content)[:-lost])
    with refused(FileFormatError, r"cannot read .*maps\.fits.* truncated"):
        open_maps(path)


@pytest.mark.parametrize("level", [0, 6])
@pytest.mark.parametrize("place", [0.1, 0.5, 0.7])
@pytest.mark.usefixtures("deadline")
def test_gzip_with_a_wrong_byte_is_refused(path, level, place):
    content = bytearray(gzip.compress(PLAIN.content, level))
    content[int(place * len(content))] ^= 0x55
    path.write_bytes(content)
    with refused(FileFormatError, r"cannot read .*maps\.fits"):
        open_maps(path)


@pytest.mark.parametrize(
    "text", [b"GCOUNT  =                    1", b"NAXIS1  =", b"XTENSION= 'IMAGE"]
)
@pytest.mark.usefixtures("deadline")
def test_gzip_with_a_wrong_header_is_refused(path, text):
    """Without compression, only the checksum of gzip shows the change."""
    content = gzip.compress(PLAIN.content, 0)
    path.write_bytes(content.replace(text, text[:-1] + b"-", 1))
    with refused(FileFormatError, r"cannot read .*maps\.fits"):
        open_maps(path)


def test_gzip_with_wrong_values_is_refused(path):
    content = gzip.compress(PLAIN.content, 0)
    counts = small.COUNTS.astype(">i4").tobytes()
    assert counts in content
    path.write_bytes(content.replace(counts, counts[:-1] + b"\x7f"))
    with refused(FileFormatError, r"cannot read .*maps\.fits"):
        open_maps(path)


def test_truncated_real_file_is_refused(gammapy_data, tmp_path):
    file = gammapy_data / "onoff-sim" / "onoff-sim.fits.gz"
    cut = tmp_path / file.name
    shutil.copy(file, cut)
    with cut.open("r+b") as stream:
        stream.truncate(file.stat().st_size // 2)
    with refused(FileFormatError, r"onoff-sim\.fits\.gz.*truncated"):
        open_maps(cut)
