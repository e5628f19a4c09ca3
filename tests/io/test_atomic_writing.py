"""Atomic writing of all formats: a failure leaves the old file, and no other."""

import errno
import os
import re
import stat

import numpy as np
import pytest
import xarray as xr
from astropy.io import fits
from astropy.table import QTable
from cases.profiles import make_binned, make_profile

from xprofile import write_ecsv, write_netcdf, write_profile
from xprofile.exceptions import (
    InvalidDataError,
    MissingFileError,
    UnwritableFileError,
    XProfileError,
)
from xprofile.io.atomic_writing import write_atomically

OLD = b"what was there before"
WRITERS = {
    ".fits": (write_profile, fits.HDUList, "writeto"),
    ".ecsv": (write_ecsv, QTable, "write"),
    ".nc": (write_netcdf, xr.Dataset, "dump_to_store"),
}


def files(path):
    return {file.name: file.read_bytes() for file in path.parent.iterdir()}


@pytest.fixture
def path(tmp_path):
    return tmp_path / "values.txt"


def test_a_whole_file_is_moved(path):
    with write_atomically(str(path)) as temporary:
        temporary.write_text("new")
        assert not path.exists()
    assert files(path) == {"values.txt": b"new"}


def test_an_existing_file_is_kept_unless_told_otherwise(path):
    path.write_bytes(OLD)
    with (
        pytest.raises(FileExistsError, match=r"values\.txt' exists already; pass overwrite=True"),
        write_atomically(path),
    ):
        pytest.fail("the work was begun")
    with write_atomically(path, overwrite=True) as temporary:
        temporary.write_text("new")
        assert path.read_bytes() == OLD
    assert files(path) == {"values.txt": b"new"}


@pytest.mark.parametrize("error", [OSError("disk full"), KeyboardInterrupt(), ValueError()])
@pytest.mark.parametrize("existed", [False, True])
@pytest.mark.parametrize("written", [False, True])
def test_what_fails_leaves_nothing_behind(path, error, existed, written):
    if existed:
        path.write_bytes(OLD)
    before = files(path)

    def half():
        with write_atomically(path, overwrite=True) as temporary:
            temporary.unlink()
            if written:
                temporary.write_text("half")
            raise error

    with pytest.raises(type(error)):
        half()
    assert files(path) == before


def test_a_folder_is_never_replaced(tmp_path):
    (tmp_path / "deep").mkdir()
    with (
        pytest.raises(FileExistsError, match="is a folder"),
        write_atomically(tmp_path / "deep", overwrite=True),
    ):
        pass


def test_a_missing_folder_is_named(path):
    with (
        pytest.raises(MissingFileError, match=r"no folder .*none"),
        write_atomically(path / "none"),
    ):
        pass


@pytest.mark.parametrize("name", ["a.fits.gz", "a.v1.fits.gz", "a.nc", "a", "a" * 250 + ".fits"])
def test_the_temporary_file_has_the_name_of_the_file_in_a_hidden_folder(tmp_path, name):
    with write_atomically(tmp_path / name) as temporary:
        assert temporary.name == name
        assert temporary.parent.parent == tmp_path
        hidden = re.fullmatch(r"\.xprofile-(\d+)-[0-9a-f]{8}\.tmp", temporary.parent.name)
        assert int(hidden[1]) == os.getpid()
        assert stat.S_IMODE(temporary.parent.stat().st_mode) == 0o700
    assert [file.name for file in tmp_path.iterdir()] == [name]


@pytest.mark.skipif(os.name == "nt", reason="file modes are those of POSIX")
def test_a_file_can_be_read_by_whom_the_umask_allows(path):
    before = os.umask(0o027)
    try:
        with write_atomically(path):
            pass
        assert os.umask(0o027) == 0o027
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


@pytest.mark.parametrize("name", WRITERS)
@pytest.mark.parametrize("existed", [False, True])
def test_a_write_that_fails_half_way(tmp_path, monkeypatch, name, existed):
    write, owner, method = WRITERS[name]
    path = tmp_path / f"profile{name}"
    if existed:
        path.write_bytes(OLD)
    before = files(path)

    def fail(self, target, **kwargs):
        raise OSError(errno.ENOSPC, "no space left")

    monkeypatch.setattr(owner, method, fail)
    with pytest.raises(UnwritableFileError, match=r"cannot write .*no space left") as raised:
        write(make_profile(), path, overwrite=True)
    assert raised.value.errno == errno.ENOSPC
    assert files(path) == before


@pytest.mark.parametrize("name", WRITERS)
def test_a_file_that_exists_is_refused_before_any_work(tmp_path, name):
    path = tmp_path / f"profile{name}"
    path.write_bytes(OLD)
    with pytest.raises(FileExistsError, match="overwrite=True"):
        WRITERS[name][0](xr.Dataset(), path)
    assert files(path) == {path.name: OLD}


@pytest.mark.parametrize("name", [".fits", ".ecsv"])
def test_what_is_no_profile_leaves_no_file(tmp_path, name):
    for data in (make_binned(), make_profile().drop_vars("energy_max")):
        with pytest.raises(XProfileError, match=r"sed_type|energy_max"):
            WRITERS[name][0](data, tmp_path / f"profile{name}")
    assert not list(tmp_path.iterdir())


@pytest.mark.heavy
@pytest.mark.parametrize("name", WRITERS)
def test_attributes_without_a_form_leave_no_file(tmp_path, name):
    for odd in (object(), {"deep": [np.array([1j])]}):
        with pytest.raises(InvalidDataError, match="cannot be described in JSON"):
            WRITERS[name][0](make_profile().assign_attrs(odd=odd), tmp_path / f"profile{name}")
    assert not list(tmp_path.iterdir())


@pytest.mark.heavy
@pytest.mark.parametrize("name", WRITERS)
def test_a_file_is_replaced_if_told_so(tmp_path, name):
    path = tmp_path / f"profile{name}"
    path.write_bytes(OLD)
    WRITERS[name][0](make_profile(), path, overwrite=True)
    assert path.read_bytes() != OLD
    assert [file.name for file in tmp_path.iterdir()] == [path.name]
