"""Open profiles from files of any kind, and check what they hold."""

from __future__ import annotations

import warnings
from pathlib import Path

import astropy.units as u
import numpy as np
import xarray as xr
from astropy.io import fits

from ...exceptions import FileFormatError, InvalidOptionError, MissingFileError, MissingPackageError
from ...schema.checks import check_profile
from ...schema.history import extend_history
from ...schema.names import NORM_SCAN, SPECTRAL_MODEL
from ...spectrum.model_json import to_json
from ...spectrum.models import SpectralModel
from ...spectrum.references import reference_variables
from ..atomic import StrPath
from ..fits.files import open_fits
from ..netcdf import open_netcdf
from .ecsv import read_ecsv
from .fits_tables import EXTRA, POINTS, restore
from .gammapy_tables import from_gammapy
from .layout import axes

__all__ = ["open_profile", "read_profile_fits"]

_MAGIC = {
    b"SIMPLE  =": "FITS", b"\x1f\x8b": "FITS", b"CDF": "netCDF", b"\x89HDF\r\n": "netCDF",
    b"# %ECSV": "ECSV",
}  # fmt: skip

_ZARR = ("zarr.json", ".zgroup", ".zmetadata")  # one of these is in a folder of version 3 or 2


def open_profile(path: StrPath, *, spectral_model: SpectralModel | None = None) -> xr.Dataset:
    """Read a profile from FITS, ECSV, netCDF or Zarr, as the content of the file tells.

    Parameters
    ----------
    path : str or path-like
        FITS or ECSV by xprofile or Gammapy, see `read_profile_fits`; netCDF by
        ``profile.profile.to_netcdf`` or xarray's ``profile.to_netcdf``; or the folder of
        ``profile.to_zarr``.
    spectral_model : astropy.modeling.Model or callable, optional
        The reference model, for files of Gammapy's, which do not have it.

    Returns
    -------
    xarray.Dataset
        The profile that was written, unchanged.

    Raises
    ------
    MissingFileError, FileFormatError, InvalidOptionError
        As `read_profile_fits`.
    MissingVariableError, InvalidDataError
        If there is something else than a profile in netCDF or Zarr.
    MissingPackageError
        If it is Zarr and the package zarr is not installed.

    Examples
    --------
    >>> import xprofile
    >>> profile = xprofile.open_profile("profile.fits")  # doctest: +SKIP
    """
    loaders = {
        "FITS": _load_fits, "ECSV": _load_ecsv, "netCDF": open_netcdf, "Zarr": _load_zarr,
    }  # fmt: skip
    return _checked(loaders[_format(path)](path), spectral_model)


def read_profile_fits(path: StrPath, *, spectral_model: SpectralModel | None = None) -> xr.Dataset:
    """Read a profile from FITS that xprofile or Gammapy wrote.

    Parameters
    ----------
    path : str or path-like
        As `write_profile` makes it, or Gammapy's ``FluxPoints.write(format="profile")``.
    spectral_model : astropy.modeling.Model or callable, optional
        The reference model, which Gammapy's files do not have.

    Returns
    -------
    xarray.Dataset
        Exactly what was written by xprofile. Of Gammapy's files: energies in TeV, distances in
        deg, and fluxes in xprofile's units; counts are summed over Gammapy's datasets; errors
        are taken to be of 1 sigma, and limits of 2 where the file has no UL_CONF.

    Raises
    ------
    MissingFileError
        If there is no such file.
    FileFormatError
        If it is no FITS file, has no table FLUXPOINTS, or one that is not of the profile layout.
    InvalidOptionError
        If `spectral_model` is not the one that the file's reference fluxes come from.

    Warns
    -----
    UserWarning
        If the reference fluxes are neither in the file nor given by `spectral_model`: then the
        profile cannot be converted to other sed types.
    """
    return _checked(_load_fits(path), spectral_model)


def _format(path: StrPath) -> str:
    place = Path(path)
    if not place.exists():
        raise MissingFileError(f"no file {str(path)!r}: check the path and the working folder")
    if place.is_dir():
        if any((place / name).is_file() for name in _ZARR):
            return "Zarr"
        raise FileFormatError(f"{str(path)!r} is a folder, but not of Zarr: it has none of {_ZARR}")
    with place.open("rb") as file:
        start = file.read(9)
    for magic, name in _MAGIC.items():
        if start.startswith(magic):
            return name
    raise FileFormatError(
        f"{str(path)!r} is neither FITS, ECSV, netCDF nor Zarr: it starts with {start!r}"
    )


def _load_fits(path: StrPath) -> xr.Dataset:
    with open_fits(path) as file:
        hdus = file.hdus
        points = next((hdu for hdu in hdus if hdu.name == POINTS), None)
        if not isinstance(points, fits.BinTableHDU):
            found = ", ".join(hdu.name for hdu in hdus if hdu.name) or "none"
            raise FileFormatError(
                f"{str(path)!r} holds no profile: no table {POINTS}, found {found}; write it with "
                "profile.profile.to_fits, or Gammapy's FluxPoints.write(format='profile')"
            )
        try:
            if EXTRA in hdus:
                _check_points(points, path)
                return restore(points, hdus[EXTRA])
        except KeyError as error:
            raise FileFormatError(f"{EXTRA} in {str(path)!r} is not whole: no {error}") from error
        return _of_gammapy(points, path)


def _load_ecsv(path: StrPath) -> xr.Dataset:
    found = read_ecsv(path)
    return found if isinstance(found, xr.Dataset) else _of_gammapy(found, path)


def _of_gammapy(points: fits.BinTableHDU, path: StrPath) -> xr.Dataset:
    _check_points(points, path)
    result = from_gammapy(points)
    return extend_history(result, result, f"open_profile {Path(path).name}")


def _load_zarr(path: StrPath) -> xr.Dataset:
    try:
        import zarr  # noqa: F401
    except ImportError:
        raise MissingPackageError(
            f"{str(path)!r} is Zarr, for which the package zarr is needed: pip install zarr, or "
            "xprofile with its extra [zarr]"
        ) from None
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", ".*Zarr (V3|format 3) specification")
            return xr.load_dataset(path, engine="zarr")
    except (OSError, ValueError, KeyError) as error:
        raise FileFormatError(f"cannot read {str(path)!r} as Zarr: {error}") from error


def _check_points(points: fits.BinTableHDU, path: StrPath) -> None:
    """Refuse a table without bins, or with axes that differ between them."""
    names = points.columns.names
    missing = [name for name in axes() if name not in names]
    if missing or not len(points.data):
        raise FileFormatError(
            f"{POINTS} in {str(path)!r} is not of the profile layout: it has {len(points.data)} "
            f"rows, lacks the columns {missing}, and has {names}"
        )
    for name in {"e_ref", "e_min", "e_max", NORM_SCAN} & set(names):
        if not np.all(points.data[name] == points.data[name][:1]):
            raise FileFormatError(f"{name} in {str(path)!r} differs from bin to bin")


def _checked(profile: xr.Dataset, model: SpectralModel | None) -> xr.Dataset:
    """Check a profile, and add the reference fluxes of a model to one without."""
    check_profile(profile)
    if model is None:
        if "ref_dnde" not in profile:
            warnings.warn(
                "the file has no reference fluxes, so this profile cannot be converted to other "
                "sed types; open it with spectral_model=, the model that it was estimated with",
                stacklevel=3,
            )
        return profile
    return _with_references(profile, model)


def _with_references(profile: xr.Dataset, model: SpectralModel) -> xr.Dataset:
    """Add what the model gives at norm 1; refuse a model that contradicts what there is."""
    references = reference_variables(model, profile)
    for name in (name for name in references if name in profile):
        found, given = (
            u.Quantity(values.to_numpy(), values.attrs["units"])
            for values in (profile[name], references[name])
        )
        if not u.allclose(found, given, rtol=1e-3, atol=0 * given.unit):
            raise InvalidOptionError(
                f"spectral_model is not the one of the file: {name} there is {found}, but with "
                f"this model {given.to(found.unit)}; leave it out"
            )
    missing = {name: v for name, v in references.items() if name not in profile}
    return profile.assign(missing).assign_attrs({SPECTRAL_MODEL: to_json(model)} | profile.attrs)
