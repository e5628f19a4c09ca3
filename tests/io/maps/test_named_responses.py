"""Responses in a named HDU, of any tool, and in files of several tools at once."""

import re
from io import BytesIO

import numpy as np
import pytest
import xarray as xr
from astropy.io import fits
from cases import mapdataset_files as small
from cases import part_files as partfiles
from cases.errors import refused
from cases.mapdataset_files import write
from cases.part_files import ctcube, fermi_parts, stream
from scipy.integrate import trapezoid

from xprofile import open_maps
from xprofile.exceptions import DataWarning, FileFormatError

MIGRA = 0.02 * (np.arange(100) + 0.5)
DENSITY = np.tile(np.exp(-((MIGRA - 1) ** 2) / 0.02)[:, None, None], (4, 1, 2, 3))


def psfcube():
    return ctcube(1 + np.arange(120.0).reshape(4, 5, 2, 3), "DELTAS", small.RAD, unit="deg")


def edispcube():
    return ctcube(DENSITY, "MIGRAS", MIGRA)


@pytest.mark.heavy
@pytest.mark.parametrize(
    ("part", "make", "names"),
    [
        ("psf", partfiles.gtpsf, ["PSF", 1]),
        ("psf", psfcube, ["IMAGE", 0]),
        ("edisp", partfiles.gtdrm, ["DRM", 1, "drm"]),
        ("edisp", lambda: partfiles.gtdrm(name="MATRIX"), ["MATRIX"]),
        ("edisp", edispcube, ["IMAGE", 0]),
    ],
)
def test_a_named_hdu_is_read_as_its_tool_writes_it(part, make, names):
    expected = open_maps(**fermi_parts(**{part: stream(make())}))
    assert part in expected
    for name in names:
        found = open_maps(**fermi_parts(**{part: (stream(make()), name)}))
        xr.testing.assert_identical(found.assign_attrs(expected.attrs), expected)


def test_a_table_beside_a_response_is_not_one():
    with refused(FileFormatError, "EBOUNDS of .* has no table of energies.*DRM.*edisp=None"):
        open_maps(**fermi_parts(edisp=(stream(partfiles.gtdrm()), "EBOUNDS")))
    with pytest.warns(DataWarning, match="psf is left out.*DELTAS of .* has no table of energies"):
        open_maps(**fermi_parts(psf=(stream(psfcube()), "DELTAS")))


def test_hdus_of_gammapy_by_other_names(tmp_path):
    path = tmp_path / "maps.fits"
    expected = open_maps(write(path))
    with fits.open(path) as hdus:
        for part in ("EDISP", "PSF"):
            hdus[part].header["BANDSHDU"] = f"{part}_BANDS"
            hdus[part].name = f"MY_{part}"
        hdus.writeto(path.with_name("other.fits"))
    pairs = {name: (path.with_name("other.fits"), f"my_{name}") for name in ("edisp", "psf")}
    found = open_maps(path, **pairs)
    xr.testing.assert_identical(found.assign_attrs(expected.attrs), expected)


def test_a_response_cube_behind_other_images():
    """The image with the most axes is the cube of ctpsfcube."""
    hdus = psfcube()
    cube = fits.ImageHDU(hdus[0].data, hdus[0].header)
    preview = partfiles.image(small.EXPOSURE)
    maps = open_maps(**fermi_parts(psf=stream([preview, cube, *hdus[1:]])))
    whole = open_maps(**fermi_parts(psf=stream(psfcube())))
    xr.testing.assert_identical(maps["psf"], whole["psf"])


@pytest.mark.parametrize(("part", "make"), [("psf", partfiles.gtpsf), ("edisp", partfiles.gtdrm)])
def test_column_names_may_be_in_small_letters(part, make):
    """FITS does not distinguish them."""
    content = partfiles.content(make())
    small_letters = re.sub(rb"(?<=TTYPE\d  = ')\w+", lambda name: name[0].lower(), content)
    assert small_letters != content
    expected, found = (open_maps(**fermi_parts(**{part: BytesIO(one)}))
                       for one in (content, small_letters))  # fmt: skip
    xr.testing.assert_identical(found, expected)


# units that a PSF does not name

SIGMA = np.array([0.05, 0.1, 0.15])[:, None]  # deg, at each energy
ANGLES = np.linspace(0, 0.6, 61)
GAUSS = np.exp(-(ANGLES**2) / 2 / SIGMA**2) / (2 * np.pi * np.radians(SIGMA) ** 2)  # in sr-1
SQUARE_DEGREES = np.degrees(1) ** 2  # in a steradian


def gaussian(factor, unit):
    names = ("RAD", "RAD_MIN", "RAD_MAX")
    rad = small.BandsAxis(names, (ANGLES, ANGLES, ANGLES + 0.01), "deg", "lin", node=True)
    axes = [rad, small.psf_energies("MeV")]
    return stream([fits.PrimaryHDU(), *small.PLAIN.table("PSF", GAUSS * factor, axes, unit)])


@pytest.mark.parametrize("bare", [None, "", "None"])
@pytest.mark.parametrize(
    ("unit", "factor"), [("sr-1", 1), ("rad-2", 1), ("deg-2", 1 / SQUARE_DEGREES)]
)
def test_the_unit_of_a_psf_is_that_of_its_integral(unit, factor, bare):
    expected = open_maps(**fermi_parts(psf=gaussian(factor, unit)))
    found = open_maps(**fermi_parts(psf=gaussian(factor, bare)))
    np.testing.assert_allclose(found["psf"], expected["psf"], rtol=1e-9)
    rad = np.radians(ANGLES)
    whole = trapezoid(found["psf"] * 2 * np.pi * np.sin(rad), rad, axis=-1)
    np.testing.assert_allclose(whole, 1, rtol=0.005)
    known = "deg-2" if unit == "deg-2" else "sr-1"
    assert f"in {known}, as its integral is then about 1" in found.attrs["history"]


def test_a_psf_of_any_scale_needs_its_unit():
    """Values relative to the peak."""
    with pytest.warns(DataWarning, match="psf is left out.* has the unit None"):
        maps = open_maps(**fermi_parts(psf=gaussian(1 / GAUSS.max(), None)))
    assert "psf" not in maps
