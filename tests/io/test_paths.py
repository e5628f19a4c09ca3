"""Checks of paths before a file is read or written."""

import pytest

from xprofile.exceptions import MissingFileError
from xprofile.io.paths import check_can_write, check_exists


@pytest.fixture
def path(tmp_path):
    """A file that exists."""
    (tmp_path / "a.fits").write_text("a")
    return tmp_path / "a.fits"


@pytest.mark.parametrize("as_type", [str, lambda path: path])
def test_a_file_to_read_must_exist(path, as_type):
    check_exists(as_type(path))
    with pytest.raises(MissingFileError, match=r"no file '.*b\.fits': check the path"):
        check_exists(as_type(path.with_name("b.fits")))


def test_a_folder_can_be_allowed(path):
    check_exists(path.parent, allow_folder=True)
    with pytest.raises(MissingFileError, match="no file"):
        check_exists(path.parent)
    with pytest.raises(MissingFileError, match="no file"):
        check_exists(path.parent / "none", allow_folder=True)


@pytest.mark.parametrize("as_type", [str, lambda path: path])
def test_a_file_to_write_must_be_new_or_be_replaced_on_purpose(path, as_type):
    check_can_write(as_type(path.with_name("b.fits")), overwrite=False)
    check_can_write(as_type(path), overwrite=True)
    with pytest.raises(FileExistsError, match="exists already; pass overwrite=True"):
        check_can_write(as_type(path), overwrite=False)
    with pytest.raises(FileExistsError, match="is a folder"):
        check_can_write(as_type(path.parent), overwrite=True)
    with pytest.raises(MissingFileError, match=r"no folder .*none.* create it"):
        check_can_write(as_type(path.parent / "none" / "b.fits"), overwrite=True)
