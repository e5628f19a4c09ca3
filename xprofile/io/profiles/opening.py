"""Opening of profiles: the content of a file tells its format."""

from __future__ import annotations

import warnings
from pathlib import Path

import astropy.units as u
import numpy as np
import xarray as xr
from astropy.io import fits

from ...exceptions import FileFormatError, InvalidOptionError
from ...schema.checks import check_profile
from ...schema.history import extend_history
from ...schema.names import NORM_SCAN, SPECTRAL_MODEL
from ...schema.options import suggests_options
from ...schema.warning_place import user_stacklevel
from ...spectrum.model_json import model_to_json
from ...spectrum.models import SpectralModel
from ...spectrum.references import reference_arrays
from ..fit_tables.fits_files import has_fit, read_fit
from ..fit_tables.groups import is_fit
from ..fits.files import open_fits
from ..netcdf import open_netcdf
from ..paths import StrPath, check_exists
from ..zarr_folders import check_zarr_folder, read_zarr
from .columns import axis_columns
from .ecsv import read_ecsv
from .fits_tables import EXTRA, POINTS, profile_from_fits
from .gammapy_tables import profile_from_gammapy

__all__ = ["open_profile"]

# first bytes of a file by its format
_MAGIC = {
    b"SIMPLE  =": "FITS", b"\x1f\x8b": "FITS", b"CDF": "netCDF", b"\x89HDF\r\n": "netCDF",
    b"# %ECSV": "ECSV",
}  # fmt: skip

# Relative difference up to which the reference fluxes of a file are those of the user's model. It
# leaves room for rounded numbers; fluxes that Gammapy integrated differ by 1e-14 only. From 10 GeV
# to 2 TeV, spectral indices that differ by 0.001 give fluxes that differ by 4e-3. Ten times larger,
# such a model would be accepted, and converted fluxes be wrong by 1 per cent; ten times smaller,
# files with four digits would be refused.
_SAME_REFERENCE = 1e-3


@suggests_options
def open_profile(path: StrPath, *, spectral_model: SpectralModel | None = None) -> xr.Dataset:
    """Read a profile or a fit from FITS, ECSV, netCDF or Zarr; the content tells the format.

    Parameters
    ----------
    path : str or path-like
        FITS or ECSV file of xprofile or Gammapy, netCDF file of ``profile.profile.to_netcdf`` or
        ``profile.to_netcdf``, or folder of ``profile.profile.to_zarr`` or ``profile.to_zarr``.
    spectral_model : astropy.modeling.Model or callable, optional
        Reference model, for files of Gammapy, which do not contain it.

    Returns
    -------
    xarray.Dataset
        A profile or a fit that xprofile wrote comes back unchanged. A file of Gammapy gives a
        profile with these variables, as far as it has their columns.

        - ``norm``, or ``dnde`` in cm-2 s-1 TeV-1, ``flux`` in cm-2 s-1, ``eflux`` or ``e2dnde`` in
          erg cm-2 s-1 (projected_distance, energy): the quantity of the sed type. Its errors and
          limits have the endings ``_err``, ``_errn``, ``_errp``, ``_ul`` and ``_sensitivity``. If
          the file does not say more, errors are taken to be of 1 sigma and limits of 2 sigma.
        - ``counts``, ``npred``, ``npred_excess`` (projected_distance, energy): sums over the
          datasets of Gammapy.
        - ``ts``, ``sqrt_ts``, ``stat``, ``stat_null``, ``success``, ``is_ul``
          (projected_distance, energy): results of the fit.
        - ``stat_scan`` (projected_distance, energy, norm_scan): fit statistic of the scan.
        - ``ref_dnde``, ``ref_flux``, ``ref_eflux``, ``ref_e2dnde`` (energy): reference fluxes, from
          the file or from `spectral_model`.
        - Coordinates ``projected_distance`` in deg and ``energy`` in TeV, with their edges.

    Raises
    ------
    MissingFileError
        If the file does not exist.
    FileFormatError
        If the file has another format, is damaged, or holds another table.
    MissingVariableError, InvalidDataError
        If a netCDF file or a Zarr folder holds another Dataset than a profile.
    InvalidOptionError
        If the reference fluxes in the file come from another model than `spectral_model`, or the
        file has a fit and a model is given.
    MissingPackageError
        If the profile is in Zarr and the package zarr is not installed.

    Warns
    -----
    UserWarning
        If the reference fluxes are neither in the file nor given by `spectral_model`. The profile
        then cannot be converted to other sed types.

    See Also
    --------
    xprofile.write_profile : Write a profile to FITS.
    xprofile.write_ecsv : Write a profile to ECSV.
    xprofile.write_netcdf : Write a profile to netCDF.

    Examples
    --------
    >>> import astropy.units as u
    >>> from astropy.coordinates import SkyCoord
    >>> import xprofile
    >>> center = SkyCoord(0, 0, unit="deg", frame="galactic")
    >>> maps = xprofile.tutorial.open_maps("galactic-center-sim")
    >>> rings = xprofile.SkyBins.annuli(center, radius_max=1 * u.deg, nbin=4)
    >>> profile = maps.profile.estimate(rings)
    >>> profile.profile.to_sed_type("dnde").profile.to_fits("profile.fits")
    >>> opened = xprofile.open_profile("profile.fits")
    >>> opened.dnde.attrs["units"]
    'cm-2 s-1 TeV-1'
    """
    loaders = {
        "FITS": _load_fits, "ECSV": _load_ecsv, "netCDF": open_netcdf, "Zarr": read_zarr,
    }  # fmt: skip
    found = check_exists(path, allow_folder=True)
    return _complete(loaders[_find_format(found)](found), spectral_model)


def _find_format(source: Path) -> str:
    if source.is_dir():
        check_zarr_folder(source)
        return "Zarr"
    with source.open("rb") as file:
        start = file.read(9)
    for magic, name in _MAGIC.items():
        if start.startswith(magic):
            return name
    raise FileFormatError(
        f"{str(source)!r} is neither FITS, ECSV, netCDF nor Zarr: it starts with {start!r}; check "
        "that it is the right file"
    )


def _load_fits(path: StrPath) -> xr.Dataset:
    with open_fits(path) as file:
        hdus = file.hdus
        if has_fit(hdus):
            return _load_fit(hdus, path)
        points = next((hdu for hdu in hdus if hdu.name == POINTS), None)
        if not isinstance(points, fits.BinTableHDU):
            raise FileFormatError(
                f"{str(path)!r} holds no profile: no table {POINTS}, found {file.hdu_names}; write "
                "it with profile.profile.to_fits, or Gammapy's FluxPoints.write(format='profile')"
            )
        try:
            if EXTRA in hdus:
                _check_points(points, path)
                return profile_from_fits(points, hdus[EXTRA])
        except KeyError as error:
            raise FileFormatError(
                f"{EXTRA} in {str(path)!r} is incomplete: {error} is missing; write the "
                "profile again"
            ) from error
        return _load_gammapy(points, path)


def _load_fit(hdus: fits.HDUList, path: StrPath) -> xr.Dataset:
    try:
        return read_fit(hdus)
    except KeyError as error:
        raise FileFormatError(
            f"the fit in {str(path)!r} is incomplete: {error} is missing; write it again"
        ) from error


def _load_ecsv(path: StrPath) -> xr.Dataset:
    found = read_ecsv(path)
    return found if isinstance(found, xr.Dataset) else _load_gammapy(found, path)


def _load_gammapy(points: fits.BinTableHDU, path: StrPath) -> xr.Dataset:
    _check_points(points, path)
    result = profile_from_gammapy(points)
    return extend_history(result, result, f"open_profile {Path(path).name}")


def _check_points(points: fits.BinTableHDU, path: StrPath) -> None:
    """Raise if a table has no rows, or its energies or norms differ from row to row."""
    names = points.columns.names
    missing = [name for name in axis_columns() if name not in names]
    if missing or not len(points.data):
        raise FileFormatError(
            f"{POINTS} in {str(path)!r} is not of the profile layout: it has {len(points.data)} "
            f"rows, lacks the columns {missing}, and has {names}; write it with "
            "profile.profile.to_fits, or Gammapy's FluxPoints.write(format='profile')"
        )
    for name in {"e_ref", "e_min", "e_max", NORM_SCAN} & set(names):
        if not np.all(points.data[name] == points.data[name][:1]):
            raise FileFormatError(
                f"{name} in {str(path)!r} differs from bin to bin, expected the same in all rows; "
                "estimate all bins at the same energies and norms"
            )


def _complete(profile: xr.Dataset, model: SpectralModel | None) -> xr.Dataset:
    """Check a profile, and add the reference fluxes of a model if one is given."""
    if is_fit(profile):
        if model is not None:
            raise InvalidOptionError(
                "spectral_model is for profiles, but the file has a fit, which keeps its models: "
                "leave it out"
            )
        return profile
    check_profile(profile)
    if model is None:
        if "ref_dnde" not in profile:
            warnings.warn(
                "the file has no reference fluxes, so this profile cannot be converted to other "
                "sed types; open it with spectral_model=, the model that it was estimated with",
                stacklevel=user_stacklevel(),
            )
        return profile
    return _add_references(profile, model)


def _add_references(profile: xr.Dataset, model: SpectralModel) -> xr.Dataset:
    """Add the reference fluxes of a model that are missing.

    Raises
    ------
    InvalidOptionError
        If those that the profile has come from another model.
    """
    references = reference_arrays(model, profile)
    for name in (name for name in references if name in profile):
        found, given = (
            u.Quantity(values.to_numpy(), values.attrs["units"])
            for values in (profile[name], references[name])
        )
        if not u.allclose(found, given, rtol=_SAME_REFERENCE, atol=0 * given.unit):
            raise InvalidOptionError(
                f"spectral_model is not the one of the file: {name} in the file is {found}, but "
                f"with this model {given.to(found.unit)}; leave it out"
            )
    missing = {name: v for name, v in references.items() if name not in profile}
    attrs = {SPECTRAL_MODEL: model_to_json(model)} | profile.attrs
    return profile.assign(missing).assign_attrs(attrs)
