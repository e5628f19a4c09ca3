"""Profiles in ECSV: a text table in Gammapy's "profile" layout, and everything else in its header.

``meta["XPROFILE"]`` of the table is JSON with the attributes, and with dims, type and attributes of
each variable, and the values of the variables that no column holds exactly. ``meta["FIT"]`` is the
same for the table of a fit.
"""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import xarray as xr
from astropy.io import fits
from astropy.table import Column, QTable, Table
from astropy.units import UnitsWarning
from numpy.typing import NDArray

from ...exceptions import FileFormatError
from ...schema.options import suggests_options
from ..atomic_writing import write_atomically
from ..file_contents import UNREADABLE
from ..fit_tables.description import Stored, describe_fit, fit_from_json
from ..fit_tables.groups import FIT, check_no_sed_type, groups_of, is_fit
from ..fit_tables.tables import group_table
from ..paths import StrPath, real_path
from .astropy_tables import check_and_convert
from .fits_tables import EXTRA, POINTS
from .gammapy_tables import table_for_gammapy
from .json_description import describe_in_json, exact_columns, profile_from_json

__all__ = ["read_ecsv", "write_ecsv"]

_FORMAT = "ascii.ecsv"


@suggests_options
def write_ecsv(
    profile: xr.Dataset, path: StrPath, sed_type: str | None = None, *, overwrite: bool = False
) -> None:
    """Write a profile or a fit to ECSV, a table of text; `open_profile` gives it back unchanged.

    Parameters
    ----------
    profile : xarray.Dataset
        Profile from `estimate`, of any sed type, with one or more energies. Or a fit from
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
    xprofile.write_profile : Write a profile to FITS.
    xprofile.to_table : Make an astropy table, also with one row for each bin and energy.

    Notes
    -----
    The table has one row for each bin, and cells over energy, as Gammapy writes and reads it. For
    one row for each bin and energy, write ``to_table(profile, tidy=True)``. The table of a fit is
    that of `to_table`, and the header has the rest.

    Examples
    --------
    >>> import astropy.units as u
    >>> from astropy.coordinates import SkyCoord
    >>> import xprofile
    >>> center = SkyCoord(0, 0, unit="deg", frame="galactic")
    >>> maps = xprofile.tutorial.open_maps("galactic-center-sim")
    >>> rings = xprofile.SkyBins.annuli(center, radius_max=1 * u.deg, nbin=4)
    >>> profile = maps.profile.estimate(rings)
    >>> xprofile.write_ecsv(profile, "profile.ecsv", "dnde")
    >>> xprofile.open_profile("profile.ecsv").attrs["sed_type"]
    'dnde'
    """
    with write_atomically(path, overwrite=overwrite) as temporary:
        if is_fit(profile):
            check_no_sed_type(sed_type)
            _write_fit(profile, temporary)
            return
        source = check_and_convert(profile, sed_type)
        table = table_for_gammapy(source)
        _make_printable(table)
        table.meta[EXTRA] = describe_in_json(source, exact_columns(source, _without_units(table)))
        table.write(temporary, format=_FORMAT, overwrite=True)


def _write_fit(fit: xr.Dataset, path: Path) -> None:
    """Write the table of the results of a fit, with everything else in its header."""
    group = groups_of(fit)[0]
    table = group_table(fit, group)
    _make_printable(table)
    plain = _without_units(table)
    columns = {name: np.asarray(plain[name]) for name in plain.colnames}
    table.meta[FIT] = describe_fit(fit, [Stored(group, columns)])
    table.write(path, format=_FORMAT, overwrite=True)


def _make_printable(table: QTable) -> None:
    """Make the texts of a table fit into its lines."""
    for name in table.colnames:
        if table[name].dtype.kind == "U":
            table[name] = table[name].copy(data=_printable_lines(table[name]))


def _printable_lines(texts: Column) -> NDArray[np.str_]:
    """Return texts that fit into one line: printable, and not empty."""
    words = [" ".join("".join(c if c.isprintable() else " " for c in t).split()) for t in texts]
    return np.array([word or "-" for word in words])


def _without_units(table: QTable) -> Table:
    """Return a table of plain numbers, as they are in the file."""
    return Table({name: getattr(column, "value", column) for name, column in table.items()})


def read_ecsv(path: StrPath) -> xr.Dataset | fits.BinTableHDU:
    """Read the profile that `write_ecsv` wrote, or another table as a FITS table.

    Raises
    ------
    FileFormatError
        If the file is not ECSV, or is damaged.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UnitsWarning)
            table = Table.read(real_path(path), format=_FORMAT)
            if FIT in table.meta:
                columns = {name: np.asarray(table[name]) for name in table.colnames}
                return fit_from_json(table.meta[FIT], {FIT: columns})
            text = table.meta.pop(EXTRA, None)
            if text is None:
                return fits.BinTableHDU(table, name=POINTS)
            return profile_from_json(text, table, {})
    except KeyError as error:
        raise FileFormatError(
            f"{EXTRA} in {str(path)!r} is incomplete: {error} is missing; write the profile again"
        ) from error
    except FileFormatError:
        raise
    except UNREADABLE as error:
        raise FileFormatError(
            f"cannot read {str(path)!r} as ECSV: {error}; the file may be damaged: fetch it again "
            "or write it again"
        ) from error
