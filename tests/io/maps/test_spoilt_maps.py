"""Files of maps that lack a part or mix up something: each error names it."""

import numpy as np
import pytest
from astropy.io import fits
from cases import mapdataset_files as small
from cases.errors import refused
from cases.mapdataset_files import PLAIN, Recipe, write

from xprofile import open_maps
from xprofile.exceptions import FileFormatError


@pytest.fixture
def path(tmp_path):
    return tmp_path / "maps.fits"


ENERGIES = ("ENERGY", "E_MIN", "E_MAX")


def without(*names):
    def spoil(hdus):
        for name in names:
            del hdus[name]

    return spoil


def cards(name, **values):
    return lambda hdus: hdus[name].header.update(values)


def data(name, change):
    def spoil(hdus):
        hdus[name].data = change(hdus[name].data)

    return spoil


def replaced(name, values):
    def spoil(hdus):
        hdus[name] = fits.ImageHDU(values, name=name)

    return spoil


def columns(name, keys, change):
    def spoil(hdus):
        for key in keys:
            hdus[name].data[key] = change(hdus[name].data[key])

    return spoil


def everywhere(key, change):
    """Change a column in all tables that have it, so that they still agree."""

    def spoil(hdus):
        for hdu in hdus:
            if isinstance(hdu, fits.BinTableHDU) and key in hdu.columns.names:
                hdu.data[key] = change(hdu.data[key])

    return spoil


def unit(name, key, text):
    return lambda hdus: hdus[name].columns.change_unit(key, text)


def renamed(name, key, new):
    return lambda hdus: hdus[name].columns.change_name(key, new)


SPOILT = {
    "no exposure": (without("EXPOSURE"), r"no HDU EXPOSURE; found .*COUNTS"),
    "no counts": (without("COUNTS"), r"no HDU COUNTS; found .*EXPOSURE"),
    "three missing": (
        without("EXPOSURE", "COUNTS", "BACKGROUND"),
        "no HDU COUNTS, EXPOSURE; found .*hdu={",
    ),
    "nothing": (lambda hdus: hdus.__delitem__(slice(1, None)), "no HDU COUNTS, .*found PRIMARY"),
    "no bands": (
        without("EXPOSURE_BANDS"),
        "EXPOSURE of .* has no table.*EXPOSURE_BANDS is missing",
    ),
    "bands elsewhere": (
        cards("COUNTS", BANDSHDU="ELSE"),
        "COUNTS of .* has no table.*ELSE is missing",
    ),
    "no bands of edisp": (without("EDISP_BANDS"), "EDISP of .* has no table.*EDISP_BANDS is mis"),
    "too few rows": (data("COUNTS_BANDS", lambda d: d[:-1]), r"COUNTS .*\(3, 6, 8\).*\(2, 6, 8\)"),
    "too few rows of two axes": (
        data("EDISP_BANDS", lambda d: d[:-1]),
        "EDISP_BANDS has 11 rows, expected",
    ),
    "too few values": (data("EDISP", lambda d: d[:-1]), "EDISP has 11 values .*expected 12"),
    "no rows": (data("COUNTS_BANDS", lambda d: d[:0]), "COUNTS_BANDS"),
    "no axes named": (
        lambda hdus: hdus["COUNTS_BANDS"].header.remove("AXCOLS1"),
        "COUNTS_BANDS has no AXCOLS",
    ),
    "unknown axis": (
        cards("COUNTS_BANDS", AXCOLS1="TIME"),
        "COUNTS_BANDS has an axis 'TIME', expected one of",
    ),
    "no column of edges": (
        renamed("COUNTS_BANDS", "E_MAX", "E_TOP"),
        r"COUNTS_BANDS has no column \['E_MAX'\]; found .*'E_TOP'",
    ),
    "no column of values": (renamed("EDISP", "DATA", "VALUES"), "EDISP.*DATA"),
    "unknown unit of exposure": (
        cards("EXPOSURE", BUNIT="acre s"),
        "EXPOSURE of .* has the unit 'acre s', which is not one",
    ),
    "other unit of exposure": (cards("EXPOSURE", BUNIT="cm2"), "EXPOSURE.*unit.*cm2"),
    "no unit of exposure": (cards("EXPOSURE", BUNIT=""), "EXPOSURE.*unit"),
    "unknown unit of energy": (
        unit("COUNTS_BANDS", "E_MIN", "kilovolts"),
        "COUNTS_BANDS column E_MIN has the unit 'kilovolts'",
    ),
    "no unit of energy": (unit("COUNTS_BANDS", "E_MIN", None), "COUNTS_BANDS.*unit"),
    "other unit of energy": (unit("EXPOSURE_BANDS", "ENERGY_TRUE", "s"), "EXPOSURE_BANDS.*unit"),
    "no sky": (
        cards("COUNTS", CTYPE1="DETX", CTYPE2="DETY"),
        r"COUNTS of .* has no celestial axes: CTYPE is \['DETX', 'DETY'",
    ),
    "half a sky": (cards("COUNTS", CTYPE2="LINEAR"), "COUNTS"),
    "mixed sky": (cards("COUNTS", CTYPE2="DEC--CAR"), "COUNTS"),
    "other projection": (
        cards("BACKGROUND", CTYPE1="GLON-TAN", CTYPE2="GLAT-TAN"),
        "BACKGROUND of .* is on other pixels than COUNTS",
    ),
    "other pixels": (
        cards("BACKGROUND", CRPIX1=5.0),
        "BACKGROUND of .* is on other pixels than COUNTS",
    ),
    "other mask": (
        cards("MASK_SAFE", CDELT1=-0.25),
        "MASK_SAFE of .* is on other pixels than COUNTS",
    ),
    "other rows": (
        data("BACKGROUND", lambda d: d[:, 1:]),
        r"BACKGROUND of .* has the shape \(3, 5, 8\), expected \(6, 8\)",
    ),
    "transposed": (
        data("EXPOSURE", lambda d: d.transpose(0, 2, 1)),
        r"EXPOSURE of .* has the shape \(4, 8, 6\), expected \(6, 8\)",
    ),
    "more energies than bands": (
        data("BACKGROUND", lambda d: np.concatenate([d, d])),
        r"BACKGROUND has the shape \(6, 6, 8\), expected \(3, 6, 8\)",
    ),
    "one plane": (data("COUNTS", lambda d: d[0]), r"COUNTS has the shape \(6, 8\), expected"),
    "one row": (data("COUNTS", lambda d: d[0, 0]), "COUNTS"),
    "a table": (
        lambda hdus: hdus.__setitem__("COUNTS", hdus["COUNTS_BANDS"].copy()),
        "COUNTS",
    ),
    "no pixels": (data("EXPOSURE", lambda d: None), "EXPOSURE is not an image"),
    "other energies": (
        columns("BACKGROUND_BANDS", ENERGIES, lambda e: e * 1.01),
        "BACKGROUND of .* has energy .* COUNTS of .*same energies",
    ),
    "other energies of mask": (
        columns("MASK_SAFE_BANDS", ENERGIES, lambda e: e * 0.9),
        "MASK_SAFE of .* has energy .*same energies",
    ),
    "other energies of edisp": (
        columns("EDISP_BANDS", ["ENERGY_TRUE"], lambda e: e * 1.01),
        "EDISP of .* has energy_true .*same energies",
    ),
    "descending energies": (
        columns("COUNTS_BANDS", ENERGIES, lambda e: e[::-1]),
        "COUNTS_BANDS: energy must be positive and ascend",
    ),
    "descending true energies": (
        columns("EXPOSURE_BANDS", ["ENERGY_TRUE"], lambda e: e[::-1]),
        "EXPOSURE_BANDS: energy_true must be positive and ascend",
    ),
    "no number": (
        columns("EXPOSURE_BANDS", ["ENERGY_TRUE"], lambda e: e * np.nan),
        "EXPOSURE_BANDS: energy_true must be positive and ascend",
    ),
    "infinite energy": (
        everywhere("E_MAX", lambda e: np.where(e == e.max(), np.inf, e)),
        "COUNTS_BANDS: energy",
    ),
    "negative energy": (
        everywhere("ENERGY_TRUE", lambda e: np.where(e == e.min(), -e, e)),
        "EXPOSURE_BANDS: energy_true",
    ),
    "zero energy": (
        everywhere("E_MIN", lambda e: np.where(e == e.min(), 0, e)),
        "COUNTS_BANDS: energy",
    ),
    "gap between energies": (
        everywhere("E_MAX", lambda e: np.where(e == e.min(), 0.9 * e, e)),
        "COUNTS_BANDS: energy",
    ),
    "overlapping energies": (
        everywhere("E_MAX", lambda e: np.where(e == e.min(), 1.1 * e, e)),
        "COUNTS_BANDS: energy",
    ),
    "edisp over the sky": (
        replaced("EDISP", np.ones((2, 3, 4))),
        r"EDISP of .* has no table of energies|EDISP has the shape",
    ),
    "edisp of other axes": (
        cards("EDISP_BANDS", AXCOLS1="RAD"),
        r"EDISP_BANDS has no column \['RAD'\]",
    ),
}


OF_TABLES = ["no column of values", "too few rows of two axes", "too few values", "transposed"]


def case(name):
    """One of the cases; those of tables are in the fast suite."""
    return pytest.param(
        *SPOILT[name], id=name, marks=[pytest.mark.quick] if name in OF_TABLES else []
    )


@pytest.mark.parametrize(("spoil", "message"), [case(name) for name in SPOILT])
def test_what_is_wrong_is_said(path, spoil, message):
    """The message names the part, and does not say that the file cannot be read as FITS."""
    write(path, spoil=spoil)
    with refused(FileFormatError, message) as caught:
        open_maps(path)
    assert "as FITS" not in str(caught.value)


def test_axes_in_another_order_are_refused(path):
    def spoil(hdus):
        hdus["EDISP_BANDS"] = small.bands("EDISP", [PLAIN.energy_true(), PLAIN.energy()])

    with refused(FileFormatError, r"EDISP of .* has axes \['energy', 'energy_true'\]"):
        open_maps(write(path, spoil=spoil))


@pytest.mark.parametrize("name", ["ACCEPTANCE", "ACCEPTANCE_OFF"])
def test_off_counts_need_acceptances(path, name):
    write(path, Recipe(onoff=True), without(name))
    with refused(FileFormatError, f"no HDU {name}; found"):
        open_maps(path)
