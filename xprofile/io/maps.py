"""Open maps, whatever the file holds."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import astropy.units as u
import xarray as xr

from ..exceptions import InvalidOptionError
from ..schema import ENERGY_UNIT, MAPS, extend_history
from .atomic import StrPath
from .fitsfile import open_fits
from .mapdataset import read_mapdataset

__all__ = ["open_maps"]


def open_maps(
    path: StrPath, *, energy_unit: str = ENERGY_UNIT, drop_variables: Iterable[str] = ()
) -> xr.Dataset:
    """Read map cubes from a FITS file.

    Parameters
    ----------
    path : str or path-like
        Gammapy's MapDataset in one FITS file, compressed or not.
    energy_unit : str
        Unit of both energy axes.
    drop_variables : iterable of str
        Variables to leave out, for example ``["edisp"]``: then the response is taken to have no
        energy dispersion.

    Returns
    -------
    xarray.Dataset
        ``counts``, ``background``, ``mask`` (energy, lat, lon), ``exposure`` (energy_true, lat,
        lon) in cm2 s, ``edisp`` (energy_true, energy), ``psf`` (energy_true, rad) in sr-1;
        ``mask`` is Gammapy's mask_safe, and mask_fit where there is one.

    Raises
    ------
    MissingFileError
        If there is no such file.
    FileFormatError
        If the file is truncated, of another format, or has a part missing.
    InvalidOptionError
        If `energy_unit` is not one of energy, or a variable to drop does not exist.

    Examples
    --------
    >>> import xprofile
    >>> maps = xprofile.open_maps("fermi-3fhl-gc.fits.gz")  # doctest: +SKIP
    """
    skip = {drop_variables} if isinstance(drop_variables, str) else set(drop_variables)
    unknown = skip - set(MAPS)
    if unknown:
        raise InvalidOptionError(f"drop_variables has {sorted(unknown)}; there are {list(MAPS)}")
    if not _is_energy(energy_unit):
        raise InvalidOptionError(f"energy_unit must be one of energy, found {energy_unit!r}")
    with open_fits(path) as hdus:
        maps = read_mapdataset(hdus, str(u.Unit(energy_unit)), skip)
    return extend_history(maps, maps, f"open_maps {Path(path).name}")


def _is_energy(unit: str) -> bool:
    try:
        return bool(u.Unit(unit).is_equivalent("TeV"))
    except (ValueError, TypeError):
        return False
