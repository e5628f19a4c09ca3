"""Profiles in FITS: a table in Gammapy's "profile" layout, and a table with everything else.

HDU ``FLUXPOINTS`` is the table that Gammapy reads, with one row for each bin, and some columns that
Gammapy ignores. HDU ``XPROFILE`` has one row: JSON with the attributes, and with dims, type and
attributes of each variable, and the variables that no column of ``FLUXPOINTS`` holds exactly.
"""

from __future__ import annotations

import numpy as np
import xarray as xr
from astropy.io import fits
from astropy.table import Table

from ...exceptions import FileFormatError
from ...schema.options import suggests_options
from ..atomic_writing import write_atomically
from ..compressed_writing import write_hdus
from ..fit_tables.fits_files import write_fit
from ..fit_tables.groups import check_no_sed_type, is_fit
from ..fits.arrays import to_fits_type
from ..paths import StrPath
from .astropy_tables import check_and_convert
from .gammapy_tables import table_for_gammapy
from .json_description import describe_in_json, exact_columns, profile_from_json

__all__ = ["EXTRA", "POINTS", "profile_from_fits", "write_profile"]

POINTS, EXTRA = "FLUXPOINTS", "XPROFILE"

_JSON = "JSON"
_VERSION = 1  # of the XPROFILE table


@suggests_options
def write_profile(
    profile: xr.Dataset, path: StrPath, sed_type: str | None = None, *, overwrite: bool = False
) -> None:
    """Write a profile or a fit to FITS; `open_profile` gives it back unchanged.

    Gammapy reads the file of a profile.

    Parameters
    ----------
    profile : xarray.Dataset
        Profile from `estimate`, of any sed type, with one or more energies. If one bin or energy
        was selected, the dim is missing, and comes back as the same scalar. Or a fit from
        `fit_templates`, `fit_shape` or `fit_spectrum`, with any dims.
    path : str or path-like
        Path of the new file. It appears there only when it is complete.
    sed_type : {"dnde", "flux", "eflux", "e2dnde", "norm", "likelihood"}, optional
        Sed type to convert a profile to first; by default that of the profile.
    overwrite : bool
        Replace a file that exists.

    Raises
    ------
    ExistingFileError
        If the file exists and `overwrite` is False.
    MissingVariableError, InvalidDataError
        If `profile` is not a profile, is empty, has dims besides bins, energies and scan, or has
        attributes that JSON cannot hold.
    InvalidOptionError
        If `sed_type` is unknown, or is given for a fit.

    See Also
    --------
    xprofile.open_profile : Read the file.
    xprofile.write_ecsv : Write a profile to a text file.
    xprofile.write_netcdf : Write a profile to netCDF.
    xprofile.to_table : Make an astropy table with the same columns.

    Notes
    -----
    Gammapy requires ascending distances, and takes bin edges half-way between them.

    The file of a fit has the HDU ``FIT``, the table of `to_table`, and tables of the variables with
    other dims, such as ``FIT_COVARIANCE`` and ``FIT_NPRED``, with one row for each of their values.

    Examples
    --------
    >>> import astropy.units as u
    >>> from astropy.coordinates import SkyCoord
    >>> import xprofile
    >>> center = SkyCoord(0, 0, unit="deg", frame="galactic")
    >>> maps = xprofile.tutorial.open_maps("galactic-center-sim")
    >>> rings = xprofile.SkyBins.annuli(center, radius_max=1 * u.deg, nbin=4)
    >>> profile = maps.profile.estimate(rings)
    >>> xprofile.write_profile(profile, "profile.fits", "dnde")
    >>> xprofile.open_profile("profile.fits").attrs["sed_type"]
    'dnde'
    """
    with write_atomically(path, overwrite=overwrite) as temporary:
        if is_fit(profile):
            check_no_sed_type(sed_type)
            write_fit(profile, temporary)
            return
        source = check_and_convert(profile, sed_type)
        table = table_for_gammapy(source)
        for name in table.colnames:
            description = table[name].info.description
            table[name] = to_fits_type(table[name])
            table[name].info.description = description.encode("ascii", "replace").decode()
        points = fits.BinTableHDU(table, name=POINTS)
        hdus = fits.HDUList([fits.PrimaryHDU(), points, _extra_table(source, points)])
        write_hdus(hdus, temporary)


def _extra_table(source: xr.Dataset, points: fits.BinTableHDU) -> fits.BinTableHDU:
    """Make the table with the JSON and with the numbers that the columns of `points` do not hold.

    Values that are not numbers are in the JSON.
    """
    exact = exact_columns(source, points.data)
    cells = {
        str(name): to_fits_type(variable.to_numpy())[np.newaxis]
        for name, variable in source.variables.items()
        if name not in exact and variable.dtype.kind in "biuf"
    }
    text = describe_in_json(source, exact, elsewhere=cells)
    table = Table({_JSON: [text.encode("ascii")], **cells}, meta={"XPVERS": _VERSION})
    hdu = fits.BinTableHDU(table, name=EXTRA)
    for name in cells:
        hdu.columns[name].unit = source[name].attrs.get("units")
    return hdu


def profile_from_fits(points: fits.BinTableHDU, extra: fits.BinTableHDU) -> xr.Dataset:
    """Make the profile that `write_profile` was given, from the two tables that it wrote.

    Raises
    ------
    FileFormatError
        If a later version of xprofile wrote the tables.
    KeyError
        If a variable that the JSON names is missing.
    """
    if extra.header.get("XPVERS") != _VERSION:
        raise FileFormatError(
            f"{EXTRA} has version {extra.header.get('XPVERS')}, but this xprofile reads version "
            f"{_VERSION}: use a newer xprofile"
        )
    cells = {name: extra.data[name][0] for name in extra.columns.names}
    return profile_from_json(str(cells[_JSON]), points.data, cells)
