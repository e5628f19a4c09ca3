"""Files of profiles: of Gammapy, and in Zarr; and a check that a file loses nothing."""

import shutil
import warnings

import astropy.units as u
import numpy as np
import pytest
import xarray as xr
from astropy.io import fits
from astropy.table import QTable, Table

from cases.profiles import make_profile, value_columns
from xprofile import open_profile, power_law, to_sed_type, write_profile

MODEL = power_law(2.3)


# names of files that Gammapy wrote
TABLES = (
    "gammapy13_linear51", "gammapy21_linear49", "gammapy21_radial10", "gammapy21_radial10_all",
    "gammapy21_radial10_summed",
)  # fmt: skip


def ecsv(path):
    """Read a table of Gammapy."""
    with warnings.catch_warnings():  # dimensionless columns with an empty unit
        warnings.simplefilter("ignore")
        return QTable.read(path, format="ascii.ecsv")


def write_zarr(profile, path, version):
    """Write a folder of Zarr in format 2 or 3, as xarray does."""
    shutil.rmtree(path, ignore_errors=True)
    zarr = pytest.importorskip("zarr")
    old = int(zarr.__version__.partition(".")[0]) < 3
    with warnings.catch_warnings():  # text of a fixed length has no specification in version 3
        warnings.filterwarnings("ignore", ".*Zarr (V3|format 3) specification")
        profile.to_zarr(path, **({} if old else {"zarr_format": version}))


def check_fits_round_trip(profile, path):
    """Write, read, and compare everything: values, dims, attrs, types."""
    write_profile(profile, path, overwrite=True)
    found = open_profile(path)
    xr.testing.assert_identical(found, profile)
    assert {k: v.dtype for k, v in found.variables.items()} == {
        k: v.dtype for k, v in profile.variables.items()
    }
    assert {k: type(v) for k, v in found.attrs.items()} == {
        k: type(v) for k, v in profile.attrs.items()
    }


def write_gammapy_table(path, kind="norm", confidence=None, **columns):
    """Write a table as Gammapy 1.3 does: keV and mixed units, float32, two datasets, no model.

    Columns replace those of the same name, or remove them if they are None. Returns the profile
    that should be read.
    """
    profile = make_profile()
    source = to_sed_type(profile, kind)
    rows = np.ones((10, 1))
    table = {
        **{f"x_{a}": source[f"projected_distance_{a}"].to_numpy() * u.deg for a in ("min", "max")},
        "x_ref": source["projected_distance"].to_numpy() * u.deg,
        "e_ref": rows * source["energy"].to_numpy() * 1e9 * u.keV,
        "e_min": rows * source["energy_min"].to_numpy() * 1e9 * u.keV,
        "e_max": rows * source["energy_max"].to_numpy() * 1e9 * u.keV,
    }
    units = {"flux": "keV TeV-1 s-1 cm-2", "eflux": "keV2 TeV-1 s-1 cm-2"}
    for name in ("dnde", "flux", "eflux") if kind == "norm" else ():
        values = profile[f"ref_{name}"].to_numpy() * u.Unit(profile[f"ref_{name}"].attrs["units"])
        table[f"ref_{name}"] = rows * values.to(units.get(name, values.unit))
    for name in value_columns(kind):
        values = source[name].to_numpy() * u.Unit(source[name].attrs.get("units", ""))
        table[name] = values.to(units.get(kind, values.unit))
    for name in ("npred", "npred_excess", "counts"):
        halves = source[name].to_numpy()[..., None] * [0.25, 0.75]
        table[name] = halves.astype(np.float32 if name == "npred_excess" else float)
    for name in ("ts", "sqrt_ts", "stat", "is_ul", "success", "stat_scan"):
        table[name] = source[name].to_numpy()
    table["norm_scan"] = np.ones((10, 2, 1)) * source["norm_scan"].to_numpy()
    table |= columns
    hdu = fits.BinTableHDU(Table({k: v for k, v in table.items() if v is not None}))
    hdu.name = "FLUXPOINTS"
    if confidence is not None:
        hdu.header["UL_CONF"] = confidence
    fits.HDUList([fits.PrimaryHDU(), hdu]).writeto(path, overwrite=True)
    return source
