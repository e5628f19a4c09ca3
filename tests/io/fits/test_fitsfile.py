import gzip
import os

import astropy.units as u
import numpy as np
import pytest
from astropy.io import fits

from xprofile.exceptions import FileFormatError, MissingFileError
from xprofile.io.fits.files import native, open_fits, unit_of


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
    """Whatever astropy raises for a broken file while it is read."""
    with (
        pytest.raises(FileFormatError, match=r"cannot read .*values\.fits.*truncated or of") as e,
        open_fits(path),
    ):
        raise error
    assert e.value.__cause__ is error


def test_own_errors_pass_unchanged(path):
    with pytest.raises(FileFormatError, match=r"^no HDU$"), open_fits(path):
        raise FileFormatError("no HDU")


@pytest.mark.parametrize("code", [">f4", "<f4", ">i8", ">u2", "|b1", "|u1"])
def test_native_keeps_values_and_type(code):
    values = np.array([0, 1, 1, 0], code)
    result = native(values)
    assert result.dtype.isnative
    assert result.dtype == values.dtype.newbyteorder("=")
    np.testing.assert_array_equal(result, values)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("cm2 s", u.cm**2 * u.s),
        ("keV", u.keV),
        ("1 / (TeV s cm2)", 1 / (u.TeV * u.s * u.cm**2)),
        ("cm**-2 s**-1", u.cm**-2 / u.s),
        ("", u.dimensionless_unscaled),
        (None, u.dimensionless_unscaled),
    ],
)
def test_units(text, expected):
    assert unit_of(text, "HDU") == expected


@pytest.mark.parametrize("text", ["nonsense", "cm2 x s", "TEV", "cm^"])
def test_unknown_unit_is_named_with_its_place(text):
    with pytest.raises(FileFormatError, match=r"EXPOSURE has the unit .*not one that astropy") as e:
        unit_of(text, "EXPOSURE")
    assert repr(text) in str(e.value)


def test_unit_with_two_slashes_is_read_without_a_warning():
    assert unit_of("erg/s/cm2", "HDU") == u.erg / u.s / u.cm**2
