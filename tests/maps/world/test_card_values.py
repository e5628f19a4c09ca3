"""Cards of a WCS with unusual values, which astropy would skip."""

import warnings

import numpy as np
import pytest
from cases.world_headers import SIP, header

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
