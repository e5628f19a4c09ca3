"""Cards of a WCS with unusual values, which astropy would skip."""

import warnings

import numpy as np
import pytest
from astropy.wcs import WCS
from cases.world_headers import SIP, TPV, header

from xprofile.exceptions import DataWarning, InvalidDataError
from xprofile.maps.world.celestial import celestial_wcs
from xprofile.maps.world.frames import celestial_frame


def corner(cards):
    return celestial_wcs(cards, "COUNTS").all_pix2world(0, 0, 0)


@pytest.mark.parametrize(
    ("right", "changes"),
    [
        ({}, {"CRVAL1": "83.6"}),
        ({}, {"CRVAL1": " 83.6 ", "CRPIX2": "3.05e1", "CD1_1": "-.1"}),
        ({"projection": "TAN-SIP", **SIP}, {"A_ORDER": "3", "B_ORDER": "2", "A_2_0": "2.2e-3"}),
        ({"EQUINOX": 2000.0}, {"EQUINOX": "J2000"}),
        ({"RADESYS": "FK5", "EQUINOX": 1975.0}, {"RADESYS": " fk5", "EQUINOX": "1975.0"}),
        ({"RADESYS": "ICRS"}, {"RADESYS": "icrs"}),
    ],
)
def test_texts_are_read_with_a_warning(right, changes):
    cards = header(**right)
    expected, frame = corner(cards), celestial_frame(celestial_wcs(cards))
    cards.update(changes)
    key = next(iter(changes))
    with pytest.warns(DataWarning, match=f"COUNTS has cards .* reads .*{key} "):
        found = corner(cards)
    with pytest.warns(DataWarning):
        assert celestial_frame(celestial_wcs(cards)).is_equivalent_frame(frame)
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        ({"CRVAL1": "about 83"}, "CRVAL1 = 'about 83'"),
        ({"CRPIX2": ""}, "CRPIX2 = ''"),
        ({"CRVAL2": None}, "CRVAL2 = ''"),
        ({"CD1_1": -0.1, "CD1_2": 0.1, "CD2_1": 0.1, "CD2_2": -0.1}, "is singular"),
        ({"RADESYS": "FK5", "EQUINOX": 0.0}, "EQUINOX 0, expected a year"),
        ({"EQUINOX": 0.0}, "EQUINOX 0, expected a year"),
    ],
)
def test_values_that_mean_nothing_are_errors(changes, found):
    cards = header()
    cards.update(changes)
    with pytest.raises(InvalidDataError, match=f"COUNTS.*{found}"):
        celestial_wcs(cards, "COUNTS")


def test_empty_cards_that_are_not_needed_stay_unused():
    cards = header(EQUINOX="", LONPOLE=None)
    with warnings.catch_warnings():
        warnings.simplefilter("error", DataWarning)
        np.testing.assert_array_equal(corner(cards), corner(header()))


def test_tpv_without_terms_is_tan():
    np.testing.assert_array_equal(corner(header("TPV")), corner(header("TAN")))


@pytest.mark.parametrize(
    "widths",
    [
        {"CDELT1": -0.1, "CDELT2": 0.2},
        {"CDELT1": -0.1, "CDELT2": 0.2, "CROTA2": 0.0},
        {"CDELT1": -6.0, "CDELT2": 12.0, "CUNIT1": "arcmin", "CUNIT2": "arcmin"},
    ],
)
@pytest.mark.parametrize("kind", [lambda cards: cards, WCS], ids=["header", "WCS"])
def test_terms_of_tpv_are_of_degrees_with_cdelt_too(widths, kind):
    right = header("TPV", **TPV, CD1_1=-0.1, CD1_2=0.0, CD2_1=0.0, CD2_2=0.2)
    cards = header("TPV", **TPV, **widths)
    for key in ("CD1_1", "CD1_2", "CD2_1", "CD2_2"):
        del cards[key]
    if "CUNIT1" in widths:
        cards.update(CRVAL1=83.6 * 60, CRVAL2=22.0 * 60)
    with pytest.warns(DataWarning, match="COUNTS is TPV and has its pixel widths in CDELT"):
        found = corner(kind(cards))
    np.testing.assert_allclose(found, corner(right), rtol=0, atol=1e-9)
