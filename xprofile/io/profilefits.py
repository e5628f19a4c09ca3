"""Profiles in FITS: Gammapy's "profile" layout, and beside it all that this layout leaves out.

HDU ``FLUXPOINTS`` is the table that Gammapy reads, one row for each bin, with some columns that it
ignores. HDU ``XPROFILE`` has one row: JSON with the attributes, and dims, type and attributes of
every variable, then the variables that no column of ``FLUXPOINTS`` holds to the last bit.
"""

from __future__ import annotations

import json
import warnings
from pathlib import Path
from typing import Any

import astropy.units as u
import numpy as np
import xarray as xr
from astropy.io import fits
from astropy.table import Table
from scipy.special import erf, erfinv

from .. import spectrum
from ..exceptions import FileFormatError, InvalidDataError, InvalidOptionError, MissingFileError
from ..schema import (
    COORDS,
    DISTANCE,
    ENERGY,
    ENERGY_UNIT,
    LAT,
    LON,
    NORM_SCAN,
    SED_TYPE,
    SPECTRAL_MODEL,
    THRESHOLD,
    check_profile,
    extend_history,
    high,
    low,
)
from ..sed import quantity_name, upper_limits
from ..spectrum import SpectralModel
from .fitsfile import StrPath, native, open_fits, unit_of, write_fits
from .table import AXES, columns, converted, describe, from_column, to_table

__all__ = ["open_profile", "read_profile_fits", "write_profile"]

_POINTS, _EXTRA, _JSON = "FLUXPOINTS", "XPROFILE", "JSON"
_VERSION = 1  # of the XPROFILE table
_PER_DATASET = ("counts", "npred", "npred_excess")  # Gammapy's cells are (energy, dataset)
_FITS_TYPES = ("b1", "u1", "i2", "i4", "i8", "f4", "f8")
_WIDE = {"i": np.int64, "u": np.uint64, "f": np.float64}
_GUESSES = ("dnde", "e2dnde", "flux", "eflux", "norm")  # in Gammapy's order
_MAGIC = {
    b"SIMPLE  =": "FITS", b"\x1f\x8b": "FITS", b"CDF": "netCDF", b"\x89HDF\r\n": "netCDF",
}  # fmt: skip


def write_profile(
    profile: xr.Dataset, path: StrPath, sed_type: str | None = None, *, overwrite: bool = False
) -> None:
    """Write a profile to FITS, so that Gammapy reads it and `open_profile` gives it back unchanged.

    Parameters
    ----------
    profile : xarray.Dataset
        From `estimate`, of any sed type, with one energy or several. A dim that was dropped by
        selecting one bin or energy comes back as the scalar that it was.
    path : str or path-like
        The file is written beside it and moved there when it is whole.
    sed_type : {"dnde", "flux", "eflux", "e2dnde", "norm", "likelihood"}, optional
        Convert to it first; the profile's own by default.
    overwrite : bool
        Replace a file that exists.

    Raises
    ------
    FileExistsError
        If the file exists and `overwrite` is False.
    MissingVariableError, InvalidDataError
        If `profile` is not a profile, has no bin, dims besides bins, energies and scan, or
        attributes that JSON has no form for.

    Notes
    -----
    Gammapy wants distances that ascend, and takes bin edges half-way between them.

    Examples
    --------
    >>> from xprofile.io.profilefits import open_profile, write_profile
    >>> write_profile(profile, "profile.fits", "dnde")  # doctest: +SKIP
    >>> open_profile("profile.fits")  # doctest: +SKIP
    """
    source = converted(profile, sed_type)
    empty = [str(dim) for dim, size in source.sizes.items() if size == 0]
    if empty:
        raise InvalidDataError(f"a profile without any {empty} has no form in FITS: select some")
    points = _points(source)
    hdus = fits.HDUList([fits.PrimaryHDU(), points, _extra(source, points)])
    write_fits(hdus, path, overwrite=overwrite)


def _points(source: xr.Dataset) -> fits.BinTableHDU:
    """Table for Gammapy, which knows fluxes of regions but not per solid angle."""
    kind = quantity_name(source.attrs[SED_TYPE])
    brightness = "sr-1" in str(source[kind].attrs.get("units")).split()
    table = to_table(source, kind if brightness else None)
    for name, column in table.columns.items():
        cells = column[..., np.newaxis] if name in _PER_DATASET else column
        table[name] = _storable(cells)
    return fits.BinTableHDU(table, name=_POINTS)


def _storable(values: Any) -> Any:
    """Give an array a type that FITS has; text that is not ASCII loses characters."""
    if values.dtype.kind == "U":
        return np.char.encode(values, "ascii", "replace")
    if values.dtype.str[1:] in _FITS_TYPES:
        return values
    return values.astype(_WIDE[values.dtype.kind])


def _extra(source: xr.Dataset, points: fits.BinTableHDU) -> fits.BinTableHDU:
    """Describe the Dataset, and hold what the columns of `points` do not."""
    held = {v: c for c, v in columns(quantity_name(source.attrs[SED_TYPE])).items()}
    entries = {}
    cells = {}
    for key, variable in source.variables.items():
        name, values = str(key), variable.to_numpy()
        dtype = "object" if values.dtype.kind == "T" else str(values.dtype)
        entry = {"dims": variable.dims, "dtype": dtype, "attrs": variable.attrs}
        if _holds(points, held.get(name, ""), name, variable):
            entry["column"] = held[name]
        elif values.dtype.kind in "biuf":
            cells[name] = _storable(values)[np.newaxis]
        else:
            entry["values"] = values.tolist()
        entries[name] = entry
    content = {"attrs": source.attrs, "coords": list(source.coords), "variables": entries}
    try:
        text = json.dumps(content, default=_encode)
    except TypeError as error:
        raise InvalidDataError(f"the profile cannot be described in JSON: {error}") from error
    table = Table({_JSON: [text.encode("ascii")], **cells}, meta={"XPVERS": _VERSION})
    hdu = fits.BinTableHDU(table, name=_EXTRA)
    for name in cells:
        hdu.columns[name].unit = source[name].attrs.get("units")
    return hdu


def _encode(value: Any) -> dict[str, Any]:
    if isinstance(value, np.generic | np.ndarray):
        return {"numpy": str(value.dtype), "values": value.tolist()}
    raise TypeError(f"no form for {value!r}; make it a number, text or an array, or drop it")


def _decode(content: dict[str, Any]) -> Any:
    if content.keys() == {"numpy", "values"}:
        return np.array(content["values"], content["numpy"])[()]
    return content


def _holds(points: fits.BinTableHDU, column: str, name: str, variable: xr.Variable) -> bool:
    """Whether a column gives back a variable's values to the last bit."""
    if column not in points.columns.names:
        return False
    values = _column(points, column, name, variable.dims).to_numpy()
    return np.array_equal(values, variable.to_numpy(), equal_nan=values.dtype.kind == "f")


def _column(points: fits.BinTableHDU, column: str, name: str, dims: Any) -> xr.Variable:
    """Make the variable in a column, with these dims; what Gammapy has by dataset is summed."""
    rows, values = len(points.data), native(points.data[column])
    sizes = {DISTANCE: rows, ENERGY: points.data["e_ref"].size // rows, NORM_SCAN: -1}
    if name in _PER_DATASET:
        values = values.reshape(rows, sizes[ENERGY], -1).sum(axis=-1)
    if values.dtype.kind == "U":
        values = np.char.rstrip(values.astype(str))
    return from_column(values, name, sizes, dims)


def _restore(points: fits.BinTableHDU, extra: fits.BinTableHDU) -> xr.Dataset:
    """Make the Dataset that `write_profile` was given."""
    if extra.header.get("XPVERS") != _VERSION:
        raise FileFormatError(
            f"{_EXTRA} has the version {extra.header.get('XPVERS')}, this xprofile reads "
            f"{_VERSION}: use a newer one"
        )
    content = json.loads(str(extra.data[_JSON][0]), object_hook=_decode)
    variables = {}
    for name, entry in content["variables"].items():
        dims = tuple(entry["dims"])
        if "column" in entry:
            values = _column(points, entry["column"], name, dims).to_numpy()
        else:
            values = np.asarray(entry["values"] if "values" in entry else extra.data[name][0])
        variables[name] = xr.Variable(dims, values.astype(entry["dtype"]), entry["attrs"])
    result = xr.Dataset(variables, attrs=content["attrs"])
    return result.set_coords(content["coords"])


def _from_gammapy(points: fits.BinTableHDU) -> xr.Dataset:
    """Make a profile of a table that Gammapy wrote."""
    kind, present = _sed_quantity(points), set(points.columns.names)
    variables = {}
    for column, name in columns(kind).items():
        if column in present:
            variables[name] = _described(points, column, name)
    result = xr.Dataset(variables).set_coords(variables.keys() & {*COORDS, LON, LAT})
    if "ref_dnde" in result:
        e2dnde = result["ref_dnde"] * result[ENERGY] ** 2 * u.Unit(ENERGY_UNIT).to("erg")
        result["ref_e2dnde"] = e2dnde.assign_attrs(describe("ref_e2dnde").attrs)
    header = points.header
    result.attrs = {
        SED_TYPE: "likelihood" if kind == "norm" else kind,
        "n_sigma": float(header.get("N_SIGMA", 1)),
        "n_sigma_ul": _limit_sigma(header.get("UL_CONF")),
        THRESHOLD: 2.0,
    }
    return result if "is_ul" in result else result.assign(is_ul=upper_limits(result))


def _sed_quantity(points: fits.BinTableHDU) -> str:
    """Find what a table holds."""
    if "SED_TYPE" in points.header:
        return quantity_name(points.header["SED_TYPE"])
    found = [kind for kind in _GUESSES if kind in points.columns.names]
    if not found:
        raise FileFormatError(
            f"{_POINTS} has no flux: expected a column of {_GUESSES}, found {points.columns.names}"
        )
    return found[0]


def _described(points: fits.BinTableHDU, column: str, name: str) -> xr.Variable:
    """Variable of a column in the unit of the schema."""
    entry = describe(name)
    variable = _column(points, column, name, entry.dims)
    if variable.dtype.kind == "f":
        unit = unit_of(points.columns[column].unit, column)
        return xr.Variable(entry.dims, variable.to_numpy() * unit.to(entry.unit), entry.attrs)
    return xr.Variable(entry.dims, variable.to_numpy(), entry.attrs)


def _limit_sigma(confidence: float | None) -> float:
    """Significance of limits, 2 if unknown; of rounded confidences the tenth that fits."""
    if confidence is None:
        return 2.0
    sigma = float(erfinv(confidence) * np.sqrt(2))
    tenth = round(sigma, 1)
    fits_tenth = round(erf(tenth / np.sqrt(2)), 7) == round(confidence, 7)
    return tenth if fits_tenth else sigma


def _load_fits(path: StrPath) -> xr.Dataset:
    with open_fits(path) as hdus:
        points = next((hdu for hdu in hdus if hdu.name == _POINTS), None)
        if not isinstance(points, fits.BinTableHDU):
            found = ", ".join(hdu.name for hdu in hdus if hdu.name) or "none"
            raise FileFormatError(
                f"{str(path)!r} holds no profile: no table {_POINTS}, found {found}; write it with "
                "profile.profile.to_fits, or Gammapy's FluxPoints.write(format='profile')"
            )
        _check_points(points, path)
        try:
            if _EXTRA in hdus:
                return _restore(points, hdus[_EXTRA])
        except KeyError as error:
            raise FileFormatError(f"{_EXTRA} in {str(path)!r} is not whole: no {error}") from error
        result = _from_gammapy(points)
    return extend_history(result, result, f"open_profile {Path(path).name}")


def _check_points(points: fits.BinTableHDU, path: StrPath) -> None:
    """Refuse a table without bins, or with axes that differ between them."""
    names = points.columns.names
    missing = [name for name in AXES if name not in names]
    if missing or not len(points.data):
        raise FileFormatError(
            f"{_POINTS} in {str(path)!r} is not of the profile layout: it has {len(points.data)} "
            f"rows, lacks the columns {missing}, and has {names}"
        )
    for name in {"e_ref", "e_min", "e_max", NORM_SCAN} & set(names):
        if not np.all(points.data[name] == points.data[name][:1]):
            raise FileFormatError(f"{name} in {str(path)!r} differs from bin to bin")


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


def open_profile(path: StrPath, *, spectral_model: SpectralModel | None = None) -> xr.Dataset:
    """Read a profile from a file, FITS or netCDF, as its content tells.

    Parameters
    ----------
    path : str or path-like
        FITS by xprofile or Gammapy, see `read_profile_fits`, or netCDF by ``profile.to_netcdf``.
    spectral_model : astropy.modeling.Model or callable, optional
        The reference model, for files of Gammapy's, which do not have it.

    Returns
    -------
    xarray.Dataset
        The profile.

    Raises
    ------
    MissingFileError, FileFormatError, InvalidOptionError
        As `read_profile_fits`.
    MissingVariableError, InvalidDataError
        If a netCDF file holds something else than a profile.

    Examples
    --------
    >>> import xprofile
    >>> profile = xprofile.open_profile("profile.fits")  # doctest: +SKIP
    """
    loaders = {"FITS": _load_fits, "netCDF": _load_netcdf}
    return _checked(loaders[_format(path)](path), spectral_model)


def _format(path: StrPath) -> str:
    place = Path(path)
    if not place.exists():
        raise MissingFileError(f"no file {str(path)!r}: check the path and the working folder")
    start = b""
    if place.is_file():
        with place.open("rb") as file:
            start = file.read(9)
    for magic, name in _MAGIC.items():
        if start.startswith(magic):
            return name
    raise FileFormatError(
        f"{str(path)!r} is neither FITS nor netCDF: "
        + ("it is a folder" if place.is_dir() else f"it starts with {start!r}")
        + "; ECSV and Zarr are not read here, xarray.open_zarr reads the latter"
    )


def _load_netcdf(path: StrPath) -> xr.Dataset:
    try:
        return xr.load_dataset(path)
    except (OSError, ValueError) as error:
        raise FileFormatError(f"cannot read {str(path)!r} as netCDF: {error}") from error


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
    energy = profile[ENERGY]
    scale = u.Unit(energy.attrs.get("units", ENERGY_UNIT)).to(ENERGY_UNIT)
    lower, upper = (np.atleast_1d(profile[edge(ENERGY)]) * scale for edge in (low, high))
    found = spectrum.reference_fluxes(model, lower, upper)
    references = {
        name: xr.Variable(energy.dims, values.reshape(energy.shape), describe(name).attrs)
        for name, values in ((f"ref_{kind}", values) for kind, values in found.items())
    }
    differ = [
        name
        for name, values in references.items()
        if name in profile and not np.allclose(profile[name], values, rtol=1e-3, atol=0)
    ]
    if differ:
        raise InvalidOptionError(
            f"spectral_model is not the one of the file: {', '.join(differ)} there are "
            f"{profile[differ[0]].to_numpy()}, not {references[differ[0]].to_numpy()}; leave it out"
        )
    missing = {name: v for name, v in references.items() if name not in profile}
    return profile.assign(missing).assign_attrs(
        {SPECTRAL_MODEL: spectrum.to_json(model)} | profile.attrs
    )
