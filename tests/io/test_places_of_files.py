"""Files that are written in the place of others, through links, and in a race with others."""

import errno
import gzip
import os
import stat
import threading
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from astropy.io import fits
from cases.profiles import make_profile

from xprofile import open_profile, write_ecsv, write_netcdf, write_profile, write_zarr
from xprofile.exceptions import (
    ExistingFileError,
    InvalidOptionError,
    MissingFileError,
    UnwritableFileError,
)
from xprofile.io import renaming
from xprofile.io.atomic_writing import write_atomically, write_folder_atomically
from xprofile.io.compressed_writing import write_hdus

WRITERS = {
    "p.fits": write_profile, "p.ecsv": write_ecsv, "p.nc": write_netcdf, "p.zarr": write_zarr,
}  # fmt: skip


def put(path, text="new", **options):
    with write_atomically(path, **options) as temporary:
        temporary.write_text(text)


def put_folder(path, text="new", **options):
    with write_folder_atomically(path, **options) as temporary:
        temporary.mkdir()
        (temporary / "a").write_text(text)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "a.fits"


@pytest.mark.heavy
@pytest.mark.parametrize("name", WRITERS)
def test_a_tilde_is_the_home_folder(tmp_path, monkeypatch, name):
    for variable in ("HOME", "USERPROFILE"):  # the second on Windows
        monkeypatch.setenv(variable, str(tmp_path))
    WRITERS[name](make_profile(), Path("~", name))
    assert [p.name for p in tmp_path.iterdir()] == [name]
    for kind in (str, Path):
        xr.testing.assert_identical(open_profile(kind(f"~/{name}")), make_profile())
    with pytest.raises(MissingFileError, match=f"no file '~nobody-has-this-name/{name}'"):
        open_profile(f"~nobody-has-this-name/{name}")


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o444, 0o777])
def test_mode_and_owner_are_kept(path, mode):
    path.write_text("old")
    path.chmod(mode)
    if os.getuid() == 0:
        os.chown(path, 1234, 5678)
    before = path.stat()
    put(path, overwrite=True)
    after = path.stat()
    assert path.read_text() == "new"
    assert (after.st_mode, after.st_uid, after.st_gid) == (
        before.st_mode, before.st_uid, before.st_gid,
    )  # fmt: skip


def test_the_umask_is_never_set(path, monkeypatch):
    monkeypatch.setattr(os, "umask", lambda mask: pytest.fail("other threads see it"))
    put(path)


@pytest.mark.parametrize("write", [put, put_folder])
@pytest.mark.parametrize("overwrite", [False, True])
def test_links_are_followed(tmp_path, write, overwrite):
    deep = tmp_path / "deep"
    deep.mkdir()
    link, second = tmp_path / "link", tmp_path / "second"
    link.symlink_to("deep/target")
    second.symlink_to(link)
    write(second, overwrite=overwrite)  # which creates the target
    if overwrite:
        write(second, "newer", overwrite=True)
    else:
        with pytest.raises(ExistingFileError, match="second' exists already"):
            write(second)
    assert link.is_symlink()
    assert second.is_symlink()
    target = deep / "target"
    assert not target.is_symlink()
    content = target if write is put else target / "a"
    assert content.read_text() == ("newer" if overwrite else "new")
    assert [p.name for p in deep.iterdir()] == ["target"]


def test_links_to_nowhere_and_in_circles(tmp_path, path):
    path.symlink_to(tmp_path / "none" / "a.fits")
    with pytest.raises(MissingFileError, match=r"no folder .*none"):
        put(path, overwrite=True)
    circle = tmp_path / "circle"
    circle.symlink_to("circle")
    with pytest.raises(ExistingFileError, match="leads in a circle"):
        put(circle, overwrite=True)


@pytest.mark.parametrize("overwrite", [False, True])
@pytest.mark.parametrize("kind", ["pipe", "device", "link to a pipe"])
def test_what_is_not_a_file_stays(path, overwrite, kind):
    place = path
    if kind == "device":
        place = "/dev/null"
    elif kind == "pipe":
        os.mkfifo(path)
    else:
        os.mkfifo(path.with_name("pipe"))
        path.symlink_to("pipe")
    for write in (put, put_folder):
        with pytest.raises(ExistingFileError, match="pipe, socket or device"):
            write(place, overwrite=overwrite)
    assert not stat.S_ISREG(os.stat(place).st_mode)


@pytest.mark.parametrize("name", ["a" * 256, "a\0b"])
def test_names_that_the_system_refuses(tmp_path, name):
    with pytest.raises((UnwritableFileError, InvalidOptionError), match=r"too long|null"):
        put(tmp_path / name)


@pytest.mark.slow
@pytest.mark.parametrize("name", WRITERS)
def test_names_of_255_bytes(tmp_path, name):
    suffix = name[1:]
    path = tmp_path / ("ü" * ((255 - len(suffix)) // 2) + suffix)
    WRITERS[name](make_profile(), path)
    xr.testing.assert_identical(open_profile(path), make_profile())


@pytest.mark.parametrize("path", [None, 3, ["a"]])
def test_what_is_not_a_path(path):
    with pytest.raises(InvalidOptionError, match="expected the path of a file"):
        put(path)


@pytest.mark.parametrize("write", [put, put_folder])
def test_who_comes_second_is_told(path, write):
    """Another writer finishes between the check and the end of ours."""

    def ours():
        with write_atomically(path) if write is put else write_folder_atomically(path) as temporary:
            write(path, "first")
            if write is put_folder:
                temporary.mkdir()
                (temporary / "a").write_text("second")

    with pytest.raises(ExistingFileError, match="another program wrote it in the meantime"):
        ours()
    assert (path if write is put else path / "a").read_text() == "first"
    assert [p.name for p in path.parent.iterdir()] == [path.name]


@pytest.mark.parametrize("flags", [True, False])
@pytest.mark.parametrize("number", [errno.EPERM, errno.EOPNOTSUPP])
def test_file_systems_without_hard_links(path, monkeypatch, number, flags):
    def refuse(*args):
        raise OSError(number, "no links here")

    monkeypatch.setattr("pathlib.Path.hardlink_to", refuse)
    if not flags:
        monkeypatch.setattr(renaming, "_rename", lambda *args: False)
    put(path)
    path.unlink()

    def second():
        with write_atomically(path) as own:
            own.write_text("second")
            put(path, "first")

    with pytest.raises(ExistingFileError, match="in the meantime"):
        second()
    assert path.read_text() == "first"
    assert [p.name for p in path.parent.iterdir()] == [path.name]


def test_folders_are_exchanged_in_two_steps_where_the_system_has_no_better_way(path, monkeypatch):
    monkeypatch.setattr(renaming, "_rename", lambda *args: False)
    put_folder(path, "old")
    put_folder(path, overwrite=True)
    assert (path / "a").read_text() == "new"
    rename = type(path).rename

    def fail(self, target):
        if target == path and self.name == path.name:
            raise OSError(errno.EIO, "broken")
        return rename(self, target)

    monkeypatch.setattr(type(path), "rename", fail)
    with pytest.raises(UnwritableFileError, match="broken"):
        put_folder(path, "newer", overwrite=True)
    monkeypatch.undo()
    assert (path / "a").read_text() == "new"


@pytest.mark.slow
@pytest.mark.parametrize("name", WRITERS)
@pytest.mark.parametrize("overwrite", [False, True])
def test_threads_that_write_one_path(tmp_path, name, overwrite):
    path, told = tmp_path / name, []
    profile = make_profile()

    def write(number):
        try:
            WRITERS[name](profile.assign_attrs(number=number), path, overwrite=overwrite)
            told.append("written")
        except ExistingFileError:
            told.append("exists")

    threads = [threading.Thread(target=write, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(told) == (["written"] * 4 if overwrite else ["exists"] * 3 + ["written"])
    found = open_profile(path)
    xr.testing.assert_identical(found, profile.assign_attrs(number=found.attrs["number"]))
    assert [p.name for p in tmp_path.iterdir()] == [name]


def test_a_full_disk_that_shows_only_at_the_end(path, monkeypatch):
    def full(number):
        raise OSError(errno.ENOSPC, "no space left on device")

    path.write_text("old")
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(UnwritableFileError, match="no space left") as raised:
        put(path, overwrite=True)
    assert raised.value.errno == errno.ENOSPC
    assert path.read_text() == "old"
    assert len(list(path.parent.iterdir())) == 1


def test_compressed_files_are_those_of_astropy(path):
    values = np.random.default_rng(1).uniform(size=(300, 400))
    hdus = fits.HDUList([fits.PrimaryHDU(values), fits.ImageHDU(values.astype(">f4")[::2])])
    write_hdus(hdus, path)
    packed = path.with_name("a.fits.gz")
    write_hdus(hdus, packed)
    assert gzip.decompress(packed.read_bytes()) == path.read_bytes()
