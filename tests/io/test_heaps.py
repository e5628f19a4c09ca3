"""netCDF files whose heaps of texts are damaged: the HDF5 library read some of them for ever."""

import pytest
from cases.profiles import make_profile

from xprofile import open_netcdf, open_profile, write_netcdf
from xprofile.exceptions import FileFormatError
from xprofile.io import file_contents
from xprofile.io.file_contents import check_heaps

FREE = bytes(16)  # header of free space of no size


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "p.nc"
    write_netcdf(make_profile(), path)
    return path


def objects(content, start):
    """Places of the objects in a heap."""
    place, end = start + 16, start + int.from_bytes(content[start + 8 : start + 16], "little")
    while place + 16 <= end and content[place : place + 2] != b"\0\0":
        yield place
        place += 16 + -(-int.from_bytes(content[place + 8 : place + 16], "little") // 8) * 8


@pytest.mark.parametrize("turn", [0, 1, -1])
@pytest.mark.parametrize("opens", [open_netcdf, open_profile])
def test_free_space_of_no_size(path, turn, opens):
    content = bytearray(path.read_bytes())
    place = list(objects(content, content.index(b"GCOL")))[turn]
    content[place : place + 16] = FREE
    path.write_bytes(content)
    with pytest.raises(FileFormatError, match=r"free space of no size in the heap at byte \d+"):
        opens(path)


@pytest.mark.parametrize("block", [40, 100, 4096])
def test_heaps_are_found_across_blocks(path, monkeypatch, block):
    content = path.read_bytes()
    heap = b"GCOL\1\0\0\0" + (64).to_bytes(8, "little") + FREE
    for number in range(8):
        path.write_bytes(content + bytes(number) + heap + bytes(100))
        with monkeypatch.context() as patch:
            patch.setattr(file_contents, "_BLOCK", block)
            with pytest.raises(FileFormatError, match=f"at byte {len(content) + number};"):
                check_heaps(path)


def test_good_files_and_other_files(path):
    check_heaps(path)
    path.write_bytes(b"GCOL\1\0\0\0" + (64).to_bytes(8, "little") + FREE)  # not HDF5
    check_heaps(path)
