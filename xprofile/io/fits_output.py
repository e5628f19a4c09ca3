"""FITS of a Dataset, maps or profile, each in its own layout."""

from __future__ import annotations

import xarray as xr

from ..exceptions import InvalidDataError, InvalidOptionError
from ..schema.names import LAT, LON, SED_TYPE
from .atomic import StrPath
from .maps.writing import write_maps
from .profiles.fits_tables import write_profile

__all__ = ["write_fits"]


def write_fits(
    data: xr.Dataset, path: StrPath, sed_type: str | None = None, *, overwrite: bool = False
) -> None:
    """Write maps or a profile to FITS, so that Gammapy reads them.

    Parameters
    ----------
    data : xarray.Dataset
        Maps, for `write_maps`, or a profile, for `write_profile`.
    path : str or path-like
        Where the file is to be.
    sed_type : str, optional
        Convert a profile to it first.
    overwrite : bool
        Replace a file that exists.

    Raises
    ------
    FileExistsError
        If the file exists and `overwrite` is False.
    MissingVariableError, InvalidDataError
        If `data` is neither, or has no form in FITS.
    InvalidOptionError
        If maps are given a `sed_type`.
    """
    if SED_TYPE in data.attrs:
        write_profile(data, path, sed_type, overwrite=overwrite)
    elif not {LAT, LON} <= set(data.dims):
        raise InvalidDataError(
            f"FITS has a form for maps and for profiles; this Dataset, with dims "
            f"{tuple(map(str, data.dims))}, has no lat and lon as maps do, and no attrs["
            f"{SED_TYPE!r}] as profiles do. Binned data can be kept with profile.to_netcdf, or "
            "made a profile with profile.estimate"
        )
    elif sed_type is not None:
        raise InvalidOptionError(
            f"sed_type={sed_type!r} is for profiles, and this Dataset is maps: leave it out"
        )
    else:
        write_maps(data, path, overwrite=overwrite)
