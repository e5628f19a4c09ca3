"""Values that cannot be read or computed while they are written: the error says so."""

import errno
import os

import dask
import dask.array as da
import numpy as np
import pytest
import xarray as xr
from cases.small_inputs import maps, profile

from xprofile import write_ecsv, write_maps, write_netcdf, write_profile, write_zarr
from xprofile.exceptions import UnwritableFileError
from xprofile.io.atomic_writing import write_atomically

WRITERS = {
    "maps.fits": (write_maps, maps, "counts"),
    "maps.fits.gz": (write_maps, maps, "exposure"),
    "maps.nc": (write_netcdf, maps, "counts"),
    "maps.zarr": (write_zarr, maps, "counts"),
    "profile.fits": (write_profile, profile, "norm"),
    "profile.ecsv": (write_ecsv, profile, "norm"),
}
ERRORS = {
    "tape": (OSError, "the tape is offline"),
    "vanished": (FileNotFoundError, errno.ENOENT, "No such file or directory", "/archive/c.fits"),
    "forbidden": (PermissionError, errno.EACCES, "Permission denied", "/archive/c.fits"),
    "bad sector": (OSError, errno.EIO, "Input/output error"),
    "netCDF": (RuntimeError, "NetCDF: HDF error"),
    "short": (EOFError, "Compressed file ended"),
    "assertion": (AssertionError, "bad block"),
    "timeout": (TimeoutError, "the server does not answer"),
}


def with_failing_values(data, name, error, *given):
    def fail(block):
        raise error(*given)

    variable = data[name].variable
    values = da.from_array(variable.values, chunks=-1).map_blocks(fail, dtype=variable.dtype)
    changed = xr.Variable(variable.dims, values, variable.attrs)
    return data.assign({name: changed})


@pytest.mark.parametrize(
    ("file", "kind"),
    [(file, "tape") for file in WRITERS] + [("profile.ecsv", kind) for kind in ERRORS],
)
def test_the_error_names_the_failure_of_the_values(tmp_path, file, kind):
    write, data, name = WRITERS[file]
    lazy = with_failing_values(data(), name, *ERRORS[kind])
    path = tmp_path / file
    with (
        dask.config.set(scheduler="sync"),
        pytest.raises(UnwritableFileError, match=r"could not be read or computed") as found,
    ):
        write(lazy, path)
    assert ERRORS[kind][0].__name__ in str(found.value)
    assert "free space" not in str(found.value)
    assert found.value.errno == (ERRORS[kind][1] if len(ERRORS[kind]) > 2 else None)
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("file", ["maps.nc", "maps.fits"])
def test_errors_in_threads_of_dask(tmp_path, file):
    write, data, name = WRITERS[file]
    lazy = with_failing_values(data(), name, OSError, "the tape is offline")
    with pytest.raises(UnwritableFileError, match=r"could not be read.*tape is offline"):
        write(lazy, tmp_path / file)


@pytest.mark.parametrize("file", ["maps.nc", "maps.fits"])
def test_values_that_xarray_reads_later(tmp_path, file):
    write, data, name = WRITERS[file]

    class Tape(xr.backends.BackendArray):
        shape, dtype = data()[name].shape, np.dtype(float)

        def __getitem__(self, key):
            raise OSError("the tape is offline")

    lazy = xr.core.indexing.LazilyIndexedArray(Tape())
    later = data().assign({name: xr.Variable(data()[name].dims, lazy, data()[name].attrs)})
    with pytest.raises(UnwritableFileError, match=r"could not be read.*tape is offline"):
        write(later, tmp_path / file)


@pytest.mark.parametrize("error", [OSError("disk broken"), RuntimeError("NetCDF: HDF error")])
def test_failures_of_the_place_are_called_so(tmp_path, error):
    with (
        pytest.raises(UnwritableFileError, match="check the free space"),
        write_atomically(tmp_path / "a.nc"),
    ):
        raise error


def test_a_full_disk_is_called_so_while_chunks_are_computed(tmp_path):
    full = OSError, errno.ENOSPC, "No space left on device"
    with pytest.raises(UnwritableFileError, match="check the free space"):
        write_ecsv(with_failing_values(profile(), "norm", *full), tmp_path / "a.ecsv")
