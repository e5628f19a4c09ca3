"""Options of open_maps, and the forms of a file that it accepts."""

import gzip
import warnings
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from astropy.io import fits
from cases import mapdataset_files as small
from cases.errors import refused
from cases.mapdataset_files import PLAIN, TAN, Recipe, write

from xprofile import open_maps
from xprofile.exceptions import InvalidOptionError, MissingFileError


@pytest.fixture
def path(tmp_path):
    return tmp_path / "maps.fits"


@pytest.fixture(scope="module")
def maps(tmp_path_factory):
    return open_maps(write(tmp_path_factory.mktemp("maps") / "maps.fits"))


# options


@pytest.mark.heavy
@pytest.mark.parametrize(
    "dropped", [["edisp"], ["psf", "mask"], ["exposure"], ["exposure", "edisp"], ["counts"]]
)
def test_dropped_variables_are_left_out_and_no_others(path, maps, dropped):
    rest = open_maps(write(path), drop_variables=dropped)
    assert set(rest.data_vars) == set(maps.data_vars) - set(dropped)
    for name in set(rest.data_vars) - {"psf"}:
        np.testing.assert_array_equal(rest[name], maps[name])


def test_one_name_to_drop_may_be_text(path):
    assert "edisp" not in open_maps(write(path), drop_variables="edisp")


@pytest.mark.parametrize("name", ["EDISP", "nothing", "e"])
def test_unknown_variable_to_drop_is_refused(path, name):
    with pytest.raises(InvalidOptionError, match=f"drop_variables.*'{name}'.*'edisp'"):
        open_maps(write(path), drop_variables=[name])


@pytest.mark.parametrize("unit", ["m", "no unit", "", None, "TeV s"])
def test_energy_unit_must_be_one(path, unit):
    with pytest.raises(InvalidOptionError, match=f"energy_unit must be .* found {unit!r}"):
        open_maps(write(path), energy_unit=unit)


def test_broken_part_can_be_dropped(path):
    def spoil(hdus):
        hdus["EDISP"] = fits.ImageHDU(np.ones((2, 3, 4)), name="EDISP")
        del hdus["BACKGROUND"]

    maps = open_maps(write(path, spoil=spoil), drop_variables=["edisp", "background"])
    np.testing.assert_array_equal(maps["counts"], small.COUNTS)


def test_history_names_the_file(maps):
    first, assumed = maps.attrs["history"].splitlines()
    assert first == "open_maps maps.fits"
    assert assumed == (
        "open_maps assumed: PSF of 'maps.fits', known at 3 energies from 0.01 to 0.1 TeV, "
        "interpolated to the 4 of the exposure, continued to 2 beyond by the nearest"
    )


@pytest.mark.parametrize("name", ["maps.fits.gz", "no_suffix"])
def test_compressed_files_are_known_by_their_content(maps, tmp_path, name):
    packed = tmp_path / name
    packed.write_bytes(gzip.compress(PLAIN.content))
    xr.testing.assert_equal(open_maps(str(packed)), maps)


@pytest.mark.heavy
@pytest.mark.parametrize(
    "recipe",
    [PLAIN, Recipe(onoff=True), Recipe(cards=TAN), Recipe(optional=())],
    ids=["CAR", "onoff", "TAN", "few"],
)
def test_netcdf_round_trip_loses_nothing(path, recipe):
    maps = open_maps(write(path, recipe)).isel(lon=slice(1, 7))
    maps.to_netcdf(path.with_suffix(".nc"))
    xr.testing.assert_identical(xr.load_dataset(path.with_suffix(".nc")), maps)


# files that do not exist, and harmless oddities


@pytest.mark.parametrize("name", ["missing.fits", "folder", "missing/maps.fits"])
def test_missing_file(tmp_path, name):
    (tmp_path / "folder").mkdir()
    with refused(MissingFileError, f"no file .*{Path(name).name}.*check the path"):
        open_maps(tmp_path / name)


def test_dates_that_disagree_are_no_concern(path):
    times = {"MJD-OBS": 54682.0, "DATE-OBS": "2008-08-05", "DATE-END": "2015-08-02T23:13:16"}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        open_maps(write(path, Recipe(cards=times)))
