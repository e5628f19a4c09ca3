"""Renaming where a step fails, or where the system lacks a call."""

import errno
import os
import stat
import sys
from types import SimpleNamespace

import pytest

from xprofile.io import renaming
from xprofile.io.renaming import (
    exchange_folders,
    place_new_file,
    place_new_folder,
    replace_file,
)

posix = pytest.mark.skipif(os.name == "nt", reason="modes and owners are those of POSIX")
linux = pytest.mark.skipif(sys.platform != "linux", reason="renameat2 is a call of Linux")


@pytest.fixture
def temporary(tmp_path):
    path = tmp_path / "temporary"
    path.write_text("new")
    return path


@pytest.fixture
def target(tmp_path):
    return tmp_path / "target"


@pytest.fixture
def plain_system(monkeypatch):
    """A system without hard links and without flags of rename."""

    def refuse(*args):
        raise OSError(errno.EPERM, "no links here")

    monkeypatch.setattr("pathlib.Path.hardlink_to", refuse)
    monkeypatch.setattr(renaming, "_rename", lambda *args: False)


def test_a_repeated_request_for_a_link_is_no_error(temporary, target):
    target.hardlink_to(temporary)
    place_new_file(temporary, target)
    assert target.read_text() == "new"


def test_a_folder_that_is_missing(temporary, tmp_path):
    with pytest.raises(FileNotFoundError):
        place_new_file(temporary, tmp_path / "none" / "target")
    with pytest.raises(FileNotFoundError):
        place_new_folder(tmp_path / "none", tmp_path / "target")
    assert [path.name for path in tmp_path.iterdir()] == ["temporary"]


@pytest.mark.usefixtures("plain_system")
@pytest.mark.parametrize("done", [False, True])
def test_a_reserved_name_is_given_back_unless_the_file_is_there(
    temporary, target, monkeypatch, done
):
    replace = type(temporary).replace

    def interrupted(self, other):
        if done:
            replace(self, other)
        raise KeyboardInterrupt

    monkeypatch.setattr(type(temporary), "replace", interrupted)
    with pytest.raises(KeyboardInterrupt):
        place_new_file(temporary, target)
    assert target.exists() == done
    assert temporary.exists() != done


@posix
def test_a_pipe_is_replaced_and_its_mode_is_not_taken(temporary, target):
    os.mkfifo(target, 0o600)
    temporary.chmod(0o644)
    replace_file(temporary, target)
    assert target.read_text() == "new"
    assert stat.S_IMODE(target.stat().st_mode) == 0o644


@posix
def test_the_mode_is_kept_on_systems_without_owners(temporary, target, monkeypatch):
    target.write_text("old")
    target.chmod(0o640)
    monkeypatch.delattr(os, "chown")
    monkeypatch.setattr(renaming, "sys", SimpleNamespace(platform="other"))
    replace_file(temporary, target)
    assert target.read_text() == "new"
    assert stat.S_IMODE(target.stat().st_mode) == 0o640


@posix
def test_the_group_alone_is_tried_if_the_owner_may_not_be_given(temporary, target, monkeypatch):
    target.write_text("old")
    found, tried = target.stat(), []
    old = os.stat_result((found.st_mode, 0, 0, 1, found.st_uid + 1, found.st_gid + 1, 0, 0, 0, 0))

    def refuse(path, *owner):
        tried.append(owner)
        raise PermissionError

    monkeypatch.setattr(os, "chown", refuse)
    renaming._take_over(temporary, target, old)
    assert tried == [(found.st_uid + 1, found.st_gid + 1), (-1, found.st_gid + 1)]


def make_folders(tmp_path):
    folders = tmp_path / "new", tmp_path / "place"
    for folder in folders:
        folder.mkdir()
        (folder / "name").write_text(folder.name)
    return folders


@pytest.mark.parametrize("flags", [True, False])
def test_an_exchange_that_another_process_disturbs_is_tried_again(tmp_path, monkeypatch, flags):
    new, place = make_folders(tmp_path)
    rename, turns = renaming._rename, []

    def disturbed(*args):
        turns.append(1)
        if len(turns) == 1:
            raise FileNotFoundError(errno.ENOENT, "another process had moved it")
        return flags and rename(*args)

    monkeypatch.setattr(renaming, "_rename", disturbed)
    exchange_folders(new, place)
    assert len(turns) == 2
    assert (place / "name").read_text() == "new"


def test_a_first_step_that_fails_leaves_both_folders(tmp_path):
    new, _ = make_folders(tmp_path)
    with pytest.raises(FileNotFoundError):
        renaming._swap_in_two_steps(new, tmp_path / "none")
    assert (new / "name").read_text() == "new"


def test_systems_without_flags_are_told_by_false(temporary, target, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(renaming, "sys", SimpleNamespace(platform="other"))
        assert not renaming._rename(temporary, target, 1)
    monkeypatch.setattr(renaming.ctypes, "CDLL", lambda *args, **options: SimpleNamespace())
    assert not renaming._rename(temporary, target, 1)
    assert temporary.exists()


@linux
def test_errors_of_the_system_name_both_paths(temporary, target):
    assert not renaming._rename(temporary, target, 1 << 20)  # a flag that Linux does not know
    with pytest.raises(FileNotFoundError) as raised:
        renaming._rename(target, temporary, 2)
    assert (raised.value.filename, raised.value.filename2) == (str(target), str(temporary))
