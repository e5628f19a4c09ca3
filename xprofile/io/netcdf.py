"""Maps, binned data and profiles in netCDF files that follow the CF conventions."""

from __future__ import annotations

from typing import Any

import xarray as xr

from ..exceptions import FileFormatError, InvalidOptionError
from ..schema.options import suggests_options
from .atomic_writing import write_atomically
from .cf_conventions import axis_bounds, decode_cf, encode_cf
from .file_contents import UNREADABLE
from .netcdf_files import read_netcdf_file, write_netcdf_file
from .paths import StrPath, check_exists
from .zarr_folders import check_zarr_folder, read_zarr

__all__ = ["open_netcdf", "write_netcdf"]


@suggests_options
def write_netcdf(
    data: xr.Dataset, path: StrPath, *, overwrite: bool = False, **kwargs: Any
) -> None:
    """Write a Dataset to netCDF by the CF conventions; `open_netcdf` reads it back unchanged.

    Parameters
    ----------
    data : xarray.Dataset
        Maps, binned data or a profile, with any dims.
    path : str or path-like
        Path of the new file. It appears there only when it is complete.
    overwrite : bool
        Replace a file that exists.
    **kwargs
        Passed to `xarray.Dataset.to_netcdf`, for example ``engine`` or ``encoding``.

    Raises
    ------
    ExistingFileError
        If the file exists and `overwrite` is False.
    UnwritableFileError
        If the disk is full or the folder is read-only.
    InvalidDataError
        If JSON cannot hold an attribute.
    InvalidOptionError
        If ``compute=False`` asks for a file without values.

    See Also
    --------
    xprofile.open_netcdf : Read the file.
    xprofile.write_zarr : Write a Zarr folder.
    xprofile.write_profile : Write a profile to FITS.
    xprofile.write_maps : Write maps to FITS.

    Notes
    -----
    In addition to the output of ``data.to_netcdf``, the file has bounds of the binned axes, units
    that UDUNITS knows, and the attributes ``Conventions``, ``title`` and ``source`` [1]_. The
    attribute ``xprofile`` records these additions, and holds the attributes that netCDF cannot
    hold.

    References
    ----------
    .. [1] CF conventions 1.11, https://cfconventions.org

    Examples
    --------
    >>> import astropy.units as u
    >>> from astropy.coordinates import SkyCoord
    >>> import xprofile
    >>> center = SkyCoord(0, 0, unit="deg", frame="galactic")
    >>> maps = xprofile.tutorial.open_maps("galactic-center-sim")
    >>> rings = xprofile.SkyBins.annuli(center, radius_max=1 * u.deg, nbin=4)
    >>> binned = maps.profile.bin(rings)
    >>> xprofile.write_netcdf(binned, "binned.nc")
    >>> xprofile.open_netcdf("binned.nc").equals(binned)
    True
    """
    if not kwargs.pop("compute", True):
        raise InvalidOptionError(
            "compute=False would leave a file without values: xprofile writes a file at once and "
            "whole; to write later, call write_netcdf later, or wrap it in dask.delayed"
        )
    with write_atomically(path, overwrite=overwrite) as temporary:
        encoded = encode_cf(data)
        axes = [*encoded.xindexes, *axis_bounds(data)]
        encoding = {name: {"_FillValue": None} for name in axes if encoded[name].dtype.kind == "f"}
        encoding |= kwargs.pop("encoding", {})
        write_netcdf_file(encoded, temporary, encoding=encoding, **kwargs)


@suggests_options
def open_netcdf(path: StrPath) -> xr.Dataset:
    """Read a Dataset from netCDF or Zarr, without the additions that were made when writing.

    Parameters
    ----------
    path : str or path-like
        File that `write_netcdf` or `xarray.Dataset.to_netcdf` wrote, or Zarr folder of `write_zarr`
        or `xarray.Dataset.to_zarr`.

    Returns
    -------
    xarray.Dataset
        The maps, binned data or profile in the file, in memory. A Dataset that xprofile wrote comes
        back unchanged: the same variables, dims, units, types and attributes.

    Raises
    ------
    MissingFileError
        If the file does not exist.
    FileFormatError
        If the file cannot be read as netCDF or Zarr.
    MissingPackageError
        If the folder is Zarr and the package zarr is not installed.

    See Also
    --------
    xprofile.write_netcdf : Write such a file.
    xprofile.write_zarr : Write such a folder.
    xprofile.open_profile : Read a profile of any format.

    Examples
    --------
    >>> import xprofile
    >>> maps = xprofile.tutorial.open_maps("galactic-center-sim").isel(energy=slice(3))
    >>> maps.profile.to_netcdf("maps.nc")
    >>> dict(xprofile.open_netcdf("maps.nc").counts.sizes)
    {'energy': 3, 'lat': 200, 'lon': 400}
    """
    found = check_exists(path, allow_folder=True)
    if found.is_dir():
        check_zarr_folder(found)
        return read_zarr(found)
    try:
        return decode_cf(read_netcdf_file(found))
    except FileFormatError:
        raise
    except UNREADABLE as error:
        raise FileFormatError(
            f"cannot read {str(path)!r} as netCDF: {error}; write it again, or open it with the "
            "function for its format"
        ) from error
