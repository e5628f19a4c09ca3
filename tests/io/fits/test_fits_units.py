"""Units that FITS files name."""

import astropy.units as u
import numpy as np
import pytest

from xprofile.exceptions import DataWarning, FileFormatError
from xprofile.io.fits.units import parse_unit, unit_by_integral, unit_factor, unit_to_keep


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


@pytest.mark.parametrize("text", ["nonsense", "cm2 x s", "tera", "cm^", "mag(ct/s)"])
def test_unknown_unit_is_named_with_its_place(text):
    with pytest.raises(FileFormatError, match=r"EXPOSURE has the unit .*not one that astropy") as e:
        parse_unit(text, "EXPOSURE")
    assert repr(text) in str(e.value)


def test_unit_with_two_slashes_is_read_without_a_warning():
    assert parse_unit("erg/s/cm2", "HDU") == u.erg / u.s / u.cm**2


def test_factor_does_not_mind_photons():
    assert unit_factor("photons/cm^2/s/MeV", "cm-2 s-1 TeV-1", "HDU") == pytest.approx(1e6)
    assert unit_factor("CM**2 S / PH", "cm2 s", "HDU") == 1
    with pytest.raises(FileFormatError, match=r"HDU has the unit 'Counts', .*unit="):
        unit_factor("Counts", "cm2 s", "HDU")


def test_unknown_unit_is_kept_with_a_warning():
    assert unit_to_keep("JY/BEAM", "HDU") == "Jy beam-1"
    assert unit_to_keep("10^20 cm-2", "HDU") == "1e+20 / cm2"
    with pytest.warns(DataWarning, match=r"HDU has the unit 'acres', which is not known .*unit="):
        assert unit_to_keep("acres", "HDU") == "acres"


def test_a_psf_of_zeros_has_no_unit_by_its_integral():
    edges = np.array([0.0, 1.0, 2.0])
    ring = -2 * np.pi * np.diff(np.cos(np.radians(edges)))
    assert unit_by_integral(0.5 / ring, edges) == "sr-1"
    assert unit_by_integral(0.5 / ring * np.radians(1) ** 2, edges) == "deg-2"
    assert unit_by_integral(np.zeros((3, 2)), edges) is None
