"""Sizes in headers are checked against the file before memory is reserved."""

import gzip
import time
import tracemalloc
from io import BytesIO

import numpy as np
import pytest
from astropy.io import fits
from cases import mapdataset_files as small
from cases import part_files as partfiles

from xprofile import open_map, open_maps
from xprofile.exceptions import FileFormatError


@pytest.fixture
def path(tmp_path):
    return tmp_path / "maps.fits"


def refuse(path, content, message, opens=open_maps):
    path.write_bytes(content)
    start = time.perf_counter()
    tracemalloc.start()
    with pytest.raises(FileFormatError, match=f"(?s){message}"):
        opens(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 10 * len(content) + 2**20
    assert time.perf_counter() - start < 10


def with_card(key, value, content=small.PLAIN.content):
    """Change the first card with this keyword in the whole file."""
    card = f"{key:8}= {value:>20}".ljust(80).encode()
    at = content.index(f"{key:8}=".encode())
    return content[:at] + card + content[at + 80 :]


@pytest.mark.quick
@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("NAXIS1", "1000000000000", r"HDU 1 ends at byte \d+ by its header, the file at"),
        ("NAXIS1", "-8", r"HDU 1 has BITPIX 32, axes \[-8, 6, 3\].*no negative number"),
        ("NAXIS", "2147483648", "HDU 0 has NAXIS 2147483648, expected 0 to 999"),
        ("TFIELDS", "2147483648", "has TFIELDS 2147483648, expected 0 to 999"),
        ("BITPIX", "7", "HDU 0 has BITPIX 7"),
        ("GCOUNT", "99999999999", "by its header, the file at"),
        ("PCOUNT", "99999999999", "by its header, the file at"),
        ("NAXIS1", "'eight'", "HDU 1 has .*eight"),
    ],
)
def test_declared_sizes(path, key, value, message):
    refuse(path, with_card(key, value), message)


def test_endless_headers(path):
    card = b"COMMENT nothing".ljust(80)
    start = small.PLAIN.content[:2880].replace(b"END".ljust(80), card)
    refuse(path, start, "the header of HDU 0 has no end")
    refuse(path, start + 2100 * 36 * card, "does not end within 2000 blocks")


def test_what_is_packed_has_to_begin_as_fits_does(path):
    refuse(path, gzip.compress(bytes(10**8)), "does not begin as FITS does")


def test_compressed_image_that_declares_more_than_it_can_hold(path):
    image = partfiles.image(np.zeros((1, 6, 8), np.int16))
    packed = fits.CompImageHDU(image.data, image.header, compression_type="GZIP_1")
    content = partfiles.content([fits.PrimaryHDU(), packed])
    for key in ("ZNAXIS1", "ZNAXIS2"):
        content = with_card(key, "1000000", content)
    refuse(path, content, r"declares \d+ bytes, more than", open_map)


def test_checksums_are_compared_when_asked(path):
    with fits.open(BytesIO(small.PLAIN.content)) as hdus:
        hdus.writeto(path, checksum=True)
    open_maps(path, checksum=True)
    content = bytearray(path.read_bytes())
    counts = small.COUNTS.astype(">i4").tobytes()
    content[content.index(counts) + 3] ^= 1
    path.write_bytes(content)
    open_maps(path)
    for chunks in (None, {}):
        with pytest.raises(FileFormatError, match=r"Checksum verification failed for HDU \('COUNT"):
            open_maps(path, checksum=True, chunks=chunks)
