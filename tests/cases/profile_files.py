"""Files of profiles."""

import shutil
import warnings

import pytest
from astropy.table import QTable

from xprofile import power_law

MODEL = power_law(2.3)


# files that Gammapy wrote

TABLES = (
    "gammapy13_linear51", "gammapy21_linear49", "gammapy21_radial10", "gammapy21_radial10_all",
    "gammapy21_radial10_summed",
)  # fmt: skip


def ecsv(path):
    with warnings.catch_warnings():  # dimensionless columns with an empty unit
        warnings.simplefilter("ignore")
        return QTable.read(path, format="ascii.ecsv")


def write_zarr(profile, path, version):
    shutil.rmtree(path, ignore_errors=True)
    zarr = pytest.importorskip("zarr")
    old = int(zarr.__version__.partition(".")[0]) < 3
    with warnings.catch_warnings():  # text of a fixed length has no specification in version 3
        warnings.filterwarnings("ignore", ".*Zarr (V3|format 3) specification")
        profile.to_zarr(path, **({} if old else {"zarr_format": version}))
