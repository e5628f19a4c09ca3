"""Example maps by name."""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path

import numpy as np
import xarray as xr

from ..exceptions import InvalidOptionError, MissingFileError
from ..io.maps.opening import open_maps as open_maps_file
from ..schema.options import suggests_options
from .simulation import simulate_maps

__all__ = ["open_maps"]

_SEED = 20080804  # first day of the survey of the Fermi-LAT
_REAL = "fermi-3fhl-gc/fermi-3fhl-gc.fits.gz"
_REAL_URL = f"https://github.com/gammapy/gammapy-data/raw/v1.3/{_REAL}"
_REAL_HASH = "sha256:28f70509f48e6777fafda9bbc8b41220576640c239b4179f37cf883d17708c48"


@suggests_options
def open_maps(name: str) -> xr.Dataset:
    """Open example maps by name.

    Parameters
    ----------
    name : {"galactic-center-sim", "fermi-3fhl-gc"}
        ``"galactic-center-sim"`` is simulated, always with the same random numbers, from 10 to
        2000 GeV with edges at 10, 15, 20, 30, 50, 70, 100, 200, 300, 500, 1000 and 2000 GeV.
        ``"fermi-3fhl-gc"`` is the Fermi-LAT sample of Gammapy (3FHL, Galactic centre, 10 to 500
        GeV). Its file is taken from the folder that the environment variable ``GAMMAPY_DATA``
        names. Without this folder, pooch downloads the file once and keeps it.

    Returns
    -------
    xarray.Dataset
        Maps of 400 x 200 pixels and 11 energies, with the variables of `simulate_maps`.

    Raises
    ------
    InvalidOptionError
        If the name is unknown.
    MissingFileError
        If the real maps are neither on this machine nor can be downloaded.

    See Also
    --------
    xprofile.tutorial.simulate_maps : Simulate the sky with other random numbers.
    xprofile.tutorial.source_flux : Flux of the simulated sources.
    xprofile.open_maps : Open other files.

    Examples
    --------
    >>> import xprofile
    >>> maps = xprofile.tutorial.open_maps("galactic-center-sim")
    >>> dict(maps.counts.sizes)
    {'energy': 11, 'lat': 200, 'lon': 400}
    """
    if name == "galactic-center-sim":
        return _simulated().copy(deep=True)
    if name == "fermi-3fhl-gc":
        return open_maps_file(_find_real_file())
    raise InvalidOptionError(
        f"xprofile has no example maps {name!r}; choose 'galactic-center-sim' or 'fermi-3fhl-gc'"
    )


@cache  # 18 MB; callers get copies
def _simulated() -> xr.Dataset:
    return simulate_maps(np.random.default_rng(_SEED))


def _find_real_file() -> Path:
    if (folder := os.environ.get("GAMMAPY_DATA")) and (Path(folder) / _REAL).is_file():
        return Path(folder) / _REAL
    hint = (
        f"set GAMMAPY_DATA to a folder that holds {_REAL}, or install pooch "
        "(pip install pooch) and connect to the network"
    )
    try:
        import pooch
    except ImportError:
        raise MissingFileError(f"the real sky is not on this machine: {hint}") from None
    try:
        found = pooch.retrieve(_REAL_URL, _REAL_HASH, path=pooch.os_cache("xprofile"))
    except (OSError, ValueError) as error:
        raise MissingFileError(f"cannot download the real sky ({error}): {hint}") from error
    return Path(found)
