"""Types of sky axes that people misspell, and those that stay."""

import pytest

from xprofile.exceptions import DataWarning
from xprofile.maps.world.axis_types import axis_name, mended_axis_types

MISSPELLED = {
    "DEC---ARC": "DEC--ARC",
    "RA--TAN": "RA---TAN",
    "RA-TAN": "RA---TAN",
    "RA TAN": "RA---TAN",
    "GLON--CAR": "GLON-CAR",
    "GLON - CAR": "GLON-CAR",
    " GLON-CAR": "GLON-CAR",
    "glat-car": "GLAT-CAR",
    "ra---tpv": "RA---TPV",
    "ELON--SIN": "ELON-SIN",
    "RA--TAN-SIP": "RA---TAN-SIP",
}


@pytest.mark.parametrize("found", MISSPELLED)
def test_misspelled_types_are_mended_with_a_warning(found):
    right = MISSPELLED[found]
    has_sip = right.endswith("-SIP")
    with pytest.warns(DataWarning, match=f"COUNTS.*CTYPE2 {found!r} as {right!r}"):
        mended = mended_axis_types({"CTYPE2": found}, has_sip=has_sip, label="COUNTS")
    assert mended == {"CTYPE2": right}


@pytest.mark.parametrize(
    "text",
    ["RA---TAN", "DEC--TAN", "GLON-CAR", "GLAT-CAR ", "ELON-ZPN", "RA---TPV", "RA---TAN-TPD",
     "RA---FOO", "FOO--TAN", "Energy", "log_Energy", "", "RA", "DETX", "RA---TANGENT"],
)  # fmt: skip
def test_right_and_unknown_types_stay(text):
    assert mended_axis_types({"CTYPE1": text}, has_sip=False, label="COUNTS") == {}


def test_polynomials_without_their_end_are_used_with_a_warning():
    with pytest.warns(DataWarning, match="'RA---TAN' as 'RA---TAN-SIP'"):
        found = mended_axis_types({"CTYPE1": "RA---TAN"}, has_sip=True, label="COUNTS")
    assert found == {"CTYPE1": "RA---TAN-SIP"}


def test_the_end_without_polynomials_goes_silently():
    types = {"CTYPE1": "RA---TAN-SIP", "CTYPE2": "DEC--TAN-SIP"}
    found = mended_axis_types(types, has_sip=False, label="COUNTS")
    assert found == {"CTYPE1": "RA---TAN", "CTYPE2": "DEC--TAN"}


@pytest.mark.parametrize(
    ("text", "name"), [("RA---TAN", "RA"), (" glon-car", "GLON"), ("", ""), ("DEC", "DEC")]
)
def test_axis_name(text, name):
    assert axis_name(text) == name
