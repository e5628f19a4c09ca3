"""Units that FITS files name."""

import astropy.units as u
import pytest

from xprofile.exceptions import FileFormatError
from xprofile.io.fits.units import parse_unit


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("cm2 s", u.cm**2 * u.s),
        ("keV", u.keV),
        ("1 / (TeV s cm2)", 1 / (u.TeV * u.s * u.cm**2)),
        ("cm**-2 s**-1", u.cm**-2 / u.s),
        ("", u.dimensionless_unscaled),
        (None, u.dimensionless_unscaled),
    ],
)
def test_units(text, expected):
    assert parse_unit(text, "HDU") == expected


@pytest.mark.parametrize("text", ["nonsense", "cm2 x s", "TEV", "cm^"])
def test_unknown_unit_is_named_with_its_place(text):
    with pytest.raises(FileFormatError, match=r"EXPOSURE has the unit .*not one that astropy") as e:
        parse_unit(text, "EXPOSURE")
    assert repr(text) in str(e.value)


def test_unit_with_two_slashes_is_read_without_a_warning():
    assert parse_unit("erg/s/cm2", "HDU") == u.erg / u.s / u.cm**2
