"""Cuts of event lists by other columns: ranges in any unit, bits and logical values."""

import astropy.units as u
import numpy as np
import pytest
from astropy.coordinates import SkyCoord
from astropy.io import fits
from cases import event_files as small

from xprofile import open_events
from xprofile.exceptions import FileFormatError, InvalidOptionError

NEW = {
    "center": SkyCoord(83.63, 22.01, unit="deg"), "width": 4 * u.deg, "binsz": 0.02 * u.deg,
    "energy_edges": [1, 3, 10] * u.TeV,
}  # fmt: skip


def read(hdus, **options):
    return open_events(small.stream(hdus), **(NEW | options))


ZENITH = np.array([0.0, 30.0, 60.0, 90.0])


@pytest.mark.parametrize(
    ("limits", "kept"),
    [
        ((0, 90) * u.deg, [0, 1, 2]),
        ((30 * u.deg, np.radians(60) * u.rad), [1]),
        ([1800, 5401] * u.arcmin, [1, 2, 3]),
        ((-np.inf, np.inf) * u.deg, [0, 1, 2, 3]),
    ],
)
@pytest.mark.parametrize("name", ["ZENITH_ANGLE", "zenith_angle"])
def test_cuts_keep_their_lower_limit(name, limits, kept):
    counts = read(small.ft1(ZENITH_ANGLE=(ZENITH, "deg")), cuts={name: limits})
    expected = read(small.gadf(small.RA[kept], small.DEC[kept], small.ENERGY[kept]))
    np.testing.assert_array_equal(counts, expected)
    assert f"{4 - len(kept)} by cuts" in counts.attrs["history"]


@pytest.mark.parametrize(
    ("cut", "kept"),
    [
        ({"EVENT_CLASS": 128}, [0, 1]),
        ({"EVENT_CLASS": 128 + 2}, [0, 1, 2]),
        ({"EVENT_CLASS": 1 << 31}, [3]),
        ({"GOOD": True}, [0, 3]),
        ({"GOOD": False, "EVENT_CLASS": 2}, [1, 2]),
    ],
)
def test_cuts_by_bits(cut, kept):
    classes = np.array([128, 128 + 2, 2, 1 << 31], ">u4")
    bits = np.unpackbits(classes.view("u1").reshape(4, 4), axis=1).astype(bool)
    hdus = small.gadf(GOOD=np.array([True, False, False, True]))
    hdus[1] = fits.BinTableHDU.from_columns(
        [*hdus[1].columns, fits.Column("EVENT_CLASS", "32X", array=bits)], name="EVENTS"
    )
    expected = read(small.gadf(small.RA[kept], small.DEC[kept], small.ENERGY[kept]))
    np.testing.assert_array_equal(read(hdus, cuts=cut), expected)
    for wrong, text in [(True, "holds 32 bits, but .* is True"), (1 << 32, "number below 42949")]:
        with pytest.raises(InvalidOptionError, match=text):
            read(hdus, cuts={"EVENT_CLASS": wrong})
    with pytest.raises(FileFormatError, match=r"for flags, give cuts={\"EVENT_CLASS\": 128}"):
        read(hdus, cuts={"EVENT_CLASS": (128, 256)})


def test_several_cuts_and_plain_numbers():
    hdus = small.gadf(HADRONNESS=np.array([0.1, 0.2, np.nan, 0.4]), MULTIP=np.array([2, 3, 4, 5]))
    counts = read(hdus, cuts={"HADRONNESS": (0.1, 0.4), "MULTIP": [3, 9], "ENERGY": (1, 3) * u.TeV})
    assert counts.sum() == 1
    text = "cuts 0.1 <= HADRONNESS < 0.4, 3 <= MULTIP < 9, 1 <= ENERGY < 3 TeV: 1 of 4 events"
    assert text in counts.attrs["history"]


def test_cuts_by_energies_without_a_unit():
    hdus = small.ft1()
    hdus[1].columns["ENERGY"].unit = None  # MeV, as the Fermi-LAT has it
    assert read(hdus, cuts={"ENERGY": (2, 9) * u.TeV}).sum() == 2


@pytest.mark.quick
@pytest.mark.parametrize(
    ("cuts", "error", "message"),
    [
        ({"ZENITH_ANGEL": (0, 9) * u.deg}, FileFormatError, "did you mean 'ZENITH_ANGLE'"),
        ({"XYZ": (0, 9)}, FileFormatError, "has no column 'XYZ' for cuts: it has ENERGY, RA"),
        ({"ZENITH_ANGLE": (0, 9)}, InvalidOptionError, r"is in deg, but .* without a unit"),
        ({"ZENITH_ANGLE": (0, 9) * u.s}, InvalidOptionError, r"is in deg, but .* is in s"),
        ({"PSF": (0, 9) * u.s}, InvalidOptionError, r"no unit, but .* is in s; .* \(0, 9\)"),
        ({"PSF": (9, 0)}, InvalidOptionError, r"cuts\['PSF'\] must be two ascending limits"),
        ({"PSF": (np.nan, 0)}, InvalidOptionError, "must be two ascending limits"),
        ({"PSF": 3}, InvalidOptionError, "must be two ascending limits"),
        ({"PSF": (1, 2, 3) * u.m}, InvalidOptionError, "must be two ascending limits"),
        ({"PSF": (1 * u.m, 2)}, InvalidOptionError, "must be two ascending limits"),
        ({"PSF": (1 * u.m, 2 * u.s)}, InvalidOptionError, "must be two ascending limits"),
        ({"PSF": ("a", "b")}, InvalidOptionError, "must be two ascending limits"),
        ({3: (1, 2)}, InvalidOptionError, "key 3, expected the name of a column"),
        ([("PSF", 1, 2)], InvalidOptionError, "cuts must be a dict of ranges .* found list"),
        ({"GOOD": (0, 2)}, FileFormatError, "column GOOD holds logical values"),
        ({"NAME": (0, 2)}, FileFormatError, "column NAME holds type"),
        ({"BITS": (0, 2)}, FileFormatError, r"column BITS holds .* shape \(3,\)"),
    ],
)
def test_wrong_cuts(cuts, error, message):
    hdus = small.ft1(
        PSF=np.arange(4.0), GOOD=np.ones(4, bool), NAME=np.array(["a", "b", "c", "d"]),
        BITS=np.ones((4, 3), bool),
    )  # fmt: skip
    with pytest.raises(error, match=message):
        read(hdus, cuts=cuts)
