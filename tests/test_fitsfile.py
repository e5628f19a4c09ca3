import gzip
import os
import stat

import astropy.units as u
import numpy as np
import pytest
from astropy.io import fits

from xprofile.exceptions import FileFormatError, MissingFileError
from xprofile.io.fitsfile import native, open_fits, unit_of, write_fits

OLD = b"what was there before"


@pytest.fixture
def hdus():
    return fits.HDUList([fits.PrimaryHDU(), fits.ImageHDU(np.arange(12.0), name="VALUES")])


@pytest.fixture
def path(tmp_path):
    return tmp_path / "values.fits"


@pytest.mark.parametrize("as_type", [str, os.fspath, lambda path: path])
def test_what_is_written_is_read_back(hdus, path, as_type):
    write_fits(hdus, as_type(path))
    with open_fits(as_type(path)) as found:
        np.testing.assert_array_equal(found["VALUES"].data, np.arange(12.0))
    assert [file.name for file in path.parent.iterdir()] == [path.name]


def test_existing_file_is_kept_unless_told_otherwise(hdus, path):
    path.write_bytes(OLD)
    with pytest.raises(FileExistsError, match=r"values\.fits' exists already; pass overwrite=True"):
        write_fits(hdus, path)
    assert path.read_bytes() == OLD
    write_fits(hdus, path, overwrite=True)
    assert fits.getdata(path).size == 12


@pytest.mark.parametrize("error", [OSError("disk full"), KeyboardInterrupt()])
@pytest.mark.parametrize("existed", [False, True])
def test_failing_write_leaves_nothing_behind(hdus, path, monkeypatch, error, existed):
    def fail(self, name, **kwargs):
        with open(name, "wb") as stream:
            stream.write(b"SIMPLE  =")
        raise error

    if existed:
        path.write_bytes(OLD)
    monkeypatch.setattr(fits.HDUList, "writeto", fail)
    with pytest.raises(type(error)):
        write_fits(hdus, path, overwrite=True)
    assert [file.read_bytes() for file in path.parent.iterdir()] == [OLD] * existed


@pytest.mark.parametrize("name", ["values.fits.gz", "values.v1.fits.gz"])
def test_gz_suffix_compresses(hdus, tmp_path, name):
    write_fits(hdus, tmp_path / name)
    content = (tmp_path / name).read_bytes()
    assert gzip.decompress(content).startswith(b"SIMPLE  =")
    with open_fits(tmp_path / name) as found:
        assert found["VALUES"].data.size == 12


@pytest.mark.parametrize("name", ["values.fits", "values.v1.fits", "values", "1.5.2"])
def test_other_suffixes_do_not(hdus, tmp_path, name):
    write_fits(hdus, tmp_path / name)
    assert (tmp_path / name).read_bytes().startswith(b"SIMPLE  =")


@pytest.mark.skipif(os.name == "nt", reason="file modes are those of POSIX")
def test_file_can_be_read_by_whom_the_umask_allows(hdus, path):
    before = os.umask(0o027)
    try:
        write_fits(hdus, path)
        assert os.umask(0o027) == 0o027
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


def test_missing_folder_is_named(hdus, tmp_path):
    with pytest.raises(OSError, match="no_such_folder"):
        write_fits(hdus, tmp_path / "no_such_folder" / "values.fits")


def test_missing_file(path):
    with pytest.raises(MissingFileError, match=r"no file .*values\.fits"), open_fits(path):
        pass


@pytest.mark.parametrize(
    "error",
    [OSError("a"), EOFError("a"), TypeError("a"), ValueError("a"), KeyError("a"), IndexError("a")],
    ids=lambda error: type(error).__name__,
)
def test_errors_of_reading_are_of_one_kind(hdus, path, error):
    """Whatever astropy raises for a broken file while it is read."""
    write_fits(hdus, path)
    with (
        pytest.raises(FileFormatError, match=r"cannot read .*values\.fits.*truncated or of") as e,
        open_fits(path),
    ):
        raise error
    assert e.value.__cause__ is error


def test_own_errors_pass_unchanged(hdus, path):
    write_fits(hdus, path)
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
