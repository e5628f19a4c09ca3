"""Spectra in text files of columns, such as the isotropic spectra of the Fermi-LAT."""

from __future__ import annotations

import warnings
from typing import Any

import astropy.units as u
import numpy as np

from ...exceptions import FileFormatError, InvalidOptionError, XProfileError
from ...schema.options import suggests_options
from ...schema.units import energy_unit_name
from ...schema.written_units.parsing import as_unit
from ...spectrum.table_models import TableModel, table_model
from ..paths import StrPath, check_exists

__all__ = ["open_spectrum"]


@suggests_options
def open_spectrum(
    path: StrPath,
    *,
    unit: str | u.UnitBase = "cm-2 s-1 sr-1 MeV-1",
    energy_unit: str = "MeV",
) -> TableModel:
    r"""Read a spectrum from a text file.

    The file has an energy and a differential flux in each line, and further columns that are not
    read, such as uncertainties. Lines that start with # are left out. The default units are those
    of the isotropic spectra that the Fermi-LAT collaboration distributes with its diffuse models,
    ``iso_*.txt``.

    Parameters
    ----------
    path : str or path-like
        The file.
    unit : str or astropy.units.Unit
        Unit of the values; cm-2 s-1 TeV-1 for the spectrum of a source.
    energy_unit : str
        Unit of the energies.

    Returns
    -------
    callable
        Spectral model, as from `table_model`: log-log between the energies of the file, and beyond
        them. A model per sr is for `predict`.

    Raises
    ------
    MissingFileError
        If the file does not exist.
    FileFormatError
        If the file has no two columns of numbers, or energies do not ascend, or values are negative
        or not finite.
    InvalidOptionError
        If a unit is not known.

    See Also
    --------
    xprofile.table_model : Make a spectral model from arrays.
    xprofile.predict : Predict counts, of an isotropic brightness with ``template=None``.

    Examples
    --------
    A file with energies in MeV, and brightnesses in cm-2 s-1 sr-1 MeV-1 with their errors:

    >>> import astropy.units as u
    >>> import xprofile
    >>> with open("isotropic.txt", "w") as file:
    ...     _ = file.write("1e4 8e-12 1e-13\n1e5 3e-14 1e-15\n1e6 4e-17 1e-18\n")
    >>> isotropic = xprofile.open_spectrum("isotropic.txt")
    >>> print(f"{isotropic(100 * u.GeV).to_value('cm-2 s-1 sr-1 MeV-1'):.2g}")
    3e-14

    It is the spectrum of a brightness that is the same everywhere:

    >>> maps = xprofile.tutorial.open_maps("galactic-center-sim")
    >>> few = maps.isel(lat=slice(90, 110), lon=slice(180, 220))
    >>> few.profile.predict(None, spectral_model=isotropic).dims
    ('energy', 'lat', 'lon')
    """
    energies, values = _columns(path)
    try:
        found = u.Unit(as_unit(unit))
    except (ValueError, TypeError) as error:
        raise InvalidOptionError(
            f"{unit!r} is not a unit: {error}; give one such as 'cm-2 s-1 sr-1 MeV-1'"
        ) from error
    try:
        return table_model(energies * u.Unit(energy_unit_name(energy_unit)), values * found)
    except InvalidOptionError:
        if not (np.isfinite(values) & (values >= 0)).all():
            raise _damaged(path, f"has values that are negative or not finite: {values}") from None
        raise
    except XProfileError as error:
        raise _damaged(path, f"is not a spectrum ({error})") from error


def _columns(path: StrPath) -> tuple[Any, Any]:
    """Energies and values of a file, (n,) each."""
    place = check_exists(path)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # of an empty file, an error below
            table = np.loadtxt(place, usecols=(0, 1), ndmin=2)
    except (ValueError, IndexError, OSError) as error:
        raise _damaged(path, f"has no two columns of numbers ({error})") from error
    if len(table) < 2:
        raise _damaged(path, f"has {len(table)} lines, expected two or more")
    return table[:, 0], table[:, 1]


def _damaged(path: StrPath, found: str) -> FileFormatError:
    return FileFormatError(
        f"{str(path)!r} {found}; expected lines with an energy and a differential flux"
    )
