"""Opening of FITS files, and the errors of damaged ones."""

import gzip
import os

import numpy as np
import pytest
from astropy.io import fits

from xprofile.exceptions import FileFormatError, MissingFileError
from xprofile.io.fits.files import open_fits


@pytest.fixture
def path(tmp_path):
    """A FITS file."""
    hdus = fits.HDUList([fits.PrimaryHDU(), fits.ImageHDU(np.arange(12.0), name="VALUES")])
    hdus.writeto(tmp_path / "values.fits")
    return tmp_path / "values.fits"


@pytest.mark.parametrize("as_type", [str, os.fspath, lambda path: path])
@pytest.mark.parametrize("suffix", ["", ".gz"])
def test_what_is_in_a_file_is_read(path, as_type, suffix):
    if suffix:
        path.with_suffix(".fits.gz").write_bytes(gzip.compress(path.read_bytes()))
    with open_fits(as_type(path.with_suffix(f".fits{suffix}"))) as found:
        np.testing.assert_array_equal(found["VALUES"].data, np.arange(12.0))


def test_missing_file(tmp_path):
    path = tmp_path / "none" / "values.fits"
    with pytest.raises(MissingFileError, match=r"no file .*values\.fits"), open_fits(path):
        pass


@pytest.mark.parametrize(
    "error",
    [OSError("a"), EOFError("a"), TypeError("a"), ValueError("a"), KeyError("a"), IndexError("a")],
    ids=lambda error: type(error).__name__,
)
def test_errors_of_reading_are_of_one_kind(path, error):
    """astropy may raise any of these for a damaged file."""
    with (
        pytest.raises(FileFormatError, match=r"cannot read .*values\.fits.*truncated or of") as e,
        open_fits(path),
    ):
        raise error
    assert e.value.__cause__ is error


def test_own_errors_pass_unchanged(path):
    with pytest.raises(FileFormatError, match=r"^no HDU$"), open_fits(path):
        raise FileFormatError("no HDU")
