"""Files made to do harm: deep JSON, and arrays far larger than the file."""

import contextlib
import json
import re
import shutil

import netCDF4
import pytest
from cases.small_inputs import file, profile

import xprofile
from xprofile.exceptions import FileFormatError, InvalidOptionError
from xprofile.spectrum.model_json import model_from_json

DEEP = "[" * 200_000 + "]" * 200_000


@pytest.fixture
def changed(tmp_path):
    """Return a function that changes a netCDF file of a profile."""

    def change(action):
        path = tmp_path / "profile.nc"
        shutil.copy(file("profile.nc"), path)
        with netCDF4.Dataset(path, "a") as data:
            action(data)
        return path

    return change


NOTES = [
    DEEP, "{", "3", "null", "[1]", '"text"', "{}", '{"version": 1}', '{"tuple": 5}',
    '{"numpy": "nonsense", "values": [1]}', '{"numpy": "object", "values": [[1], 2]}',
]  # fmt: skip


@pytest.mark.heavy
@pytest.mark.parametrize("note", NOTES, ids=lambda note: note[:20])
def test_netcdf_notes(changed, note):
    path = changed(lambda data: data.setncattr("xprofile", note))
    for read in (xprofile.open_netcdf, xprofile.open_profile):
        with pytest.raises(FileFormatError, match=r"cannot read .*profile.nc' as netCDF"):
            read(path)


@pytest.mark.parametrize("value", [None, 3, "x", [], {}, [[1], 2]], ids=str)
@pytest.mark.parametrize("key", ["version", "added", "attrs", "variables"])
def test_values_in_netcdf_notes(changed, key, value):
    def change(data):
        content = json.loads(data.getncattr("xprofile")) | {key: value}
        data.setncattr("xprofile", json.dumps(content))

    path = changed(change)
    with contextlib.suppress(FileFormatError):
        xprofile.open_netcdf(path)


@pytest.mark.parametrize("kind", ["f8", "f4", "i1"])
def test_declared_sizes(changed, kind):
    def declare(data):
        data.createDimension("huge", 32_000_000_000)
        data.createVariable("big", kind, ("huge",), chunksizes=(1_000_000,))

    path = changed(declare)
    for read in (xprofile.open_netcdf, xprofile.open_profile):
        with pytest.raises(FileFormatError, match=r"declares arrays of .* GB, most of it 'big'"):
            read(path)


@pytest.mark.slow
def test_compressed_zeros_are_read(tmp_path):
    path = tmp_path / "zeros.nc"
    with netCDF4.Dataset(path, "w") as data:
        data.createDimension("n", 2**23)
        data.createVariable("zeros", "f8", ("n",), zlib=True, complevel=9)[:] = 0
    assert path.stat().st_size < 2**17  # of 2**26 bytes
    assert xprofile.open_netcdf(path).zeros.size == 2**23


def test_deep_models(changed):
    assert xprofile.open_profile(changed(lambda data: data.setncattr("spectral_model", DEEP)))
    with pytest.raises(InvalidOptionError, match=r"no model of astropy.modeling") as caught:
        model_from_json(DEEP)
    assert len(str(caught.value)) < 1000


@pytest.mark.heavy
@pytest.mark.parametrize("text", [DEEP, "{", "[]", "3", '{"a":' * 5000 + "1" + "}" * 5000], ids=len)
def test_zarr_metadata(tmp_path, text):
    pytest.importorskip("zarr")
    folder = tmp_path / "profile.zarr"
    xprofile.write_zarr(profile(), folder)
    metadata = (folder / name for name in ("zarr.json", ".zmetadata"))
    next(path for path in metadata if path.exists()).write_text(text)
    for read in (xprofile.open_netcdf, xprofile.open_profile):
        with pytest.raises(FileFormatError, match=r"cannot read .*profile.zarr' as Zarr"):
            read(folder)


def test_declared_sizes_of_zarr(tmp_path):
    pytest.importorskip("zarr")
    folder = tmp_path / "profile.zarr"
    xprofile.write_zarr(profile(), folder)
    metadata = (folder / name for name in ("zarr.json", ".zmetadata"))
    path = next(path for path in metadata if path.exists())
    path.write_text(re.sub(r'("shape": \[\s*)3\b', r"\g<1>4000000000", path.read_text()))
    with pytest.raises(FileFormatError):
        xprofile.open_profile(folder)


@pytest.mark.slow
@pytest.mark.parametrize(
    "text", ["[" * 50_000, "{" * 50_000, "!!python/object/apply:os.system [x]"]
)
def test_ecsv_headers(tmp_path, text):
    path = tmp_path / "profile.ecsv"
    path.write_text(f"# %ECSV 1.0\n# ---\n# {text}\nx\n1\n")
    with pytest.raises(FileFormatError, match=r"cannot read .*profile.ecsv' as ECSV"):
        xprofile.open_profile(path)
