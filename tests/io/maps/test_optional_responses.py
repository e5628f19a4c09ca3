"""Responses that cannot be used: a PSF is left out with a warning, an EDISP says how to go on."""

from io import BytesIO

import numpy as np
import pytest
import xarray as xr
from astropy.io import fits
from cases import part_files as partfiles
from cases.errors import refused
from cases.mapdataset_files import write
from cases.part_files import fermi_parts, stream

from xprofile import open_maps
from xprofile.exceptions import (
    DataWarning,
    FileFormatError,
    InvalidDataError,
    InvalidOptionError,
    MissingFileError,
)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "maps.fits"


def no_unit(hdus):
    """Values whose integral over the solid angle is about 1 in no unit of a PSF."""
    hdus["PSF"].data["DATA"] *= 0.02
    hdus["PSF"].columns.change_unit("DATA", None)


def unit(name, key, text):
    return lambda hdus: hdus[name].columns.change_unit(key, text)


def short(hdus):
    hdus["PSF"].data = hdus["PSF"].data[:-1]


def kernel(hdus):
    hdus["PSF"].name = "PSF_KERNEL"
    hdus["PSF_BANDS"].name = "PSF_KERNEL_BANDS"
    hdus["PSF_KERNEL_BANDS"].header["AXCOLS1"] = "ENERGY_TRUE"


def reconstructed(hdus):
    """Energies of the PSF named as reconstructed ones, which differ from those of the counts."""
    bands = hdus["PSF_BANDS"]
    bands.columns.change_name("ENERGY_TRUE", "ENERGY")
    bands.header["AXCOLS2"] = "ENERGY"


LEFT_OUT = {
    "other unit": (unit("PSF", "DATA", "deg"), "PSF of .* has the unit 'deg'"),
    "no unit": (no_unit, "PSF of .* has the unit None"),
    "other unit of angle": (unit("PSF_BANDS", "RAD", "TeV"), "PSF_BANDS column RAD has the unit"),
    "no table": (lambda hdus: hdus.pop("PSF_BANDS"), "HDU PSF_BANDS is missing"),
    "too few values": (short, "PSF has 14 values"),
    "kernel in pixels": (kernel, "no HDU PSF; found .*PSF_KERNEL"),
    "other energies": (reconstructed, "PSF of .* has energy .* need the same energies"),
    "unknown axis": (
        lambda hdus: hdus["PSF_BANDS"].header.update(AXCOLS1="OFFSET"),
        "PSF_BANDS has an axis 'OFFSET'",
    ),
}


@pytest.mark.heavy
@pytest.mark.parametrize(("spoil", "message"), LEFT_OUT.values(), ids=LEFT_OUT)
def test_a_psf_that_cannot_be_used_is_left_out(path, spoil, message):
    write(path, spoil=spoil)
    with pytest.warns(DataWarning, match=f"(?s)psf is left out.*{message}.*psf=None") as shown:
        maps = open_maps(path)
    assert [warning.filename for warning in shown] == [__file__]
    whole = open_maps(write(path.with_name("whole.fits")))
    rest = whole.drop_vars(["psf", "rad"])
    xr.testing.assert_identical(maps.assign_attrs(rest.attrs), rest)
    xr.testing.assert_identical(open_maps(path, psf=None).assign_attrs(rest.attrs), rest)


@pytest.mark.parametrize("options", [{"psf": None}, {"drop_variables": ["psf"]}])
def test_nothing_is_said_of_a_psf_that_nobody_wants(path, options):
    assert "psf" not in open_maps(write(path, spoil=kernel), **options)


def test_a_file_without_a_psf_is_left_out_too(path):
    write(path)
    with pytest.warns(DataWarning, match="psf is left out.* no HDU PSF; found .*psf=None"):
        maps = open_maps(path, psf=stream(partfiles.gtbin()))
    assert "psf" not in maps


def test_a_psf_that_is_no_file_or_map_is_refused(path):
    write(path)
    with refused(MissingFileError, "no file"):
        open_maps(path, psf=path.with_name("none.fits"))
    with refused(FileFormatError, "cannot read .* as FITS"):
        open_maps(path, psf=BytesIO(b"PSF"))
    with refused(InvalidOptionError, "psf is in HDU 'X'"):
        open_maps(path, psf=(path, "X"))
    with refused(InvalidDataError, r"psf must be .* dims .*'energy_true', 'rad'.* or .*'energy'"):
        open_maps(path, psf=xr.DataArray(np.ones(3), dims="energy_true"))


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda hdus: hdus.pop("EDISP_BANDS"), "EDISP_BANDS is missing"),
        (unit("EDISP_BANDS", "E_MIN", "s"), "EDISP_BANDS column E_MIN"),
        (lambda hdus: hdus["EDISP_BANDS"].header.update(AXCOLS1="ETA"), "axis 'ETA'"),
    ],
)
def test_an_edisp_that_cannot_be_used_names_the_way_round(path, spoil, message):
    write(path, spoil=spoil)
    with refused(FileFormatError, f"{message}.*give edisp=None"):
        open_maps(path)
    maps = open_maps(path, edisp=None)
    assert "edisp" not in maps
    assert {"counts", "exposure", "psf"} <= set(maps.data_vars)


def test_none_of_a_response_leaves_it_out(path):
    write(path)
    whole = open_maps(path)
    assert {"edisp", "psf"} <= set(whole.data_vars)
    for name in ("edisp", "psf"):
        maps = open_maps(path, **{name: None})
        assert set(whole.data_vars) - set(maps.data_vars) == {name}
    maps = open_maps(path, hdu={"counts": "COUNTS", "exposure": "EXPOSURE"}, edisp=None, psf=None)
    assert set(maps.data_vars) == {"counts", "exposure"}


def test_what_profiles_do_not_need_never_stops_a_file(path):
    """Damaged tables of times, meta data and models, and HDUs that no tool of the field writes."""

    def add(hdus):
        bad = fits.BinTableHDU.from_columns([fits.Column("START", "4A", array=["never"])])
        for name in ("GTI", "META_TABLE", "MODELS", "EDISP_EXPOSURE", "PSF_EXPOSURE", "X"):
            hdus.append(bad.copy())
            hdus[-1].name = name
        hdus.append(fits.ImageHDU(np.full((2, 2), np.nan), name="PREVIEW"))
        hdus.append(fits.ImageHDU(name=""))

    found, whole = open_maps(write(path, spoil=add)), open_maps(write(path.with_name("whole.fits")))
    xr.testing.assert_identical(found.assign_attrs(whole.attrs), whole)


def test_backend_leaves_a_psf_out_too(path):
    write(path, spoil=kernel)
    with pytest.warns(DataWarning, match="psf is left out"):
        maps = xr.open_dataset(path, engine="xprofile")
    assert "psf" not in maps


def test_edisp_of_a_file_and_none_of_another(path):
    write(path)
    assert "edisp" in open_maps(**fermi_parts(edisp=path))
    assert "edisp" not in open_maps(**fermi_parts(edisp=None))
