"""Celestial parts of headers: what is mended, and what is refused in which words."""

import numpy as np
import pytest
from astropy.coordinates import Supergalactic
from astropy.io import fits
from astropy.wcs import WCS, DistortionLookupTable
from cases.world_headers import DISTORTED, SIP, header, reference

from xprofile.exceptions import DataWarning, InvalidDataError, InvalidOptionError
from xprofile.maps.world.celestial import celestial_wcs, frame_wcs

pytestmark = pytest.mark.filterwarnings("ignore::astropy.wcs.FITSFixedWarning")
THIRD = {"NAXIS": 3, "NAXIS3": 5, "CTYPE3": "Energy", "CRVAL3": 1.0, "CDELT3": 1.0, "CRPIX3": 1.0}


@pytest.mark.parametrize("name", DISTORTED)
@pytest.mark.parametrize("third", [{}, THIRD, {"NAXIS": 3, "NAXIS3": 5}, {**THIRD, "WCSAXES": 3}])
def test_cubes_keep_distortions(name, third):
    cards = DISTORTED[name].copy()
    cards.update(third)
    x, y = np.array([0.0, 79.0, 3.0]), np.array([0.0, 1.0, 59.0])
    found = celestial_wcs(cards)
    assert found.naxis == 2
    assert found.array_shape == (60, 80)
    np.testing.assert_array_equal(
        found.all_pix2world(x, y, 0), reference(name).all_pix2world(x, y, 0)
    )


def test_a_misspelled_axis_is_mended():
    with pytest.warns(DataWarning, match="'DEC---ARC' as 'DEC--ARC'"):
        found = celestial_wcs(header("ARC", CTYPE2="DEC---ARC"))
    assert list(found.wcs.ctype) == ["RA---ARC", "DEC--ARC"]


def test_a_wcs_with_polynomials_and_no_end_is_mended():
    wcs = WCS(header("TAN", **SIP))
    with pytest.warns(DataWarning, match="as 'RA---TAN-SIP'"):
        found = celestial_wcs(wcs)
    assert list(found.wcs.ctype) == ["RA---TAN-SIP", "DEC--TAN-SIP"]
    assert list(wcs.wcs.ctype) == ["RA---TAN", "DEC--TAN"]


def test_misspelled_axes_of_a_wcs_are_quoted():
    wcs = WCS(naxis=2)
    wcs.wcs.ctype = ["RA---TAN", "DEC--FOO"]
    with pytest.raises(InvalidDataError, match="'RA---TAN', 'DEC--FOO'"):
        celestial_wcs(wcs)


def test_inputs_are_not_modified():
    cards = header("ARC", CTYPE2="DEC---ARC")
    before = cards.copy()
    with pytest.warns(DataWarning):
        celestial_wcs(cards)
    assert repr(cards) == repr(before)


@pytest.mark.parametrize(
    ("cards", "quoted"),
    [
        ({"CTYPE1": "RA---FOO", "CTYPE2": "DEC--FOO"}, "'RA---FOO', 'DEC--FOO'"),
        ({"CTYPE1": "RA---TAN", "CTYPE2": "DEC--ARC"}, "'RA---TAN', 'DEC--ARC'"),
        ({"CTYPE1": "RA---TAN", "CTYPE2": "GLAT-TAN"}, "'RA---TAN', 'GLAT-TAN'"),
        ({"CTYPE1": 360.0, "CTYPE2": "DEC--TAN"}, "'360.0', 'DEC--TAN'"),
        ({"CTYPE1": "DETX", "CTYPE2": "DETY"}, "'DETX', 'DETY'"),
        ({"CTYPE1": "RA---TAN", "CTYPE2": ""}, "'RA---TAN', ''"),
    ],
)
def test_unknown_types_are_quoted(cards, quoted):
    with pytest.raises(InvalidDataError, match=rf"COUNTS has no .*{quoted}.*expected"):
        celestial_wcs(header(**cards), "COUNTS")


@pytest.mark.parametrize(
    "cards",
    [
        header(CPDIS1="LOOKUP", CPDIS2="LOOKUP", records=[("DP1", "NAXES: 2")]),
        header(CPDIS1="TPD", CPDIS2="TPD", records=[("DP1", "NAXES: 2")]),
        header(CQDIS1="LOOKUP"),
        header(D2IMDIS1="LOOKUP"),
        header(D2IMARR=1),
    ],
)
def test_lookup_tables_are_refused(cards):
    with pytest.raises(InvalidDataError, match=r"COUNTS has distortions .* expected SIP"):
        celestial_wcs(cards, "COUNTS")


def test_wcs_with_lookup_tables_are_refused():
    wcs = WCS(header())
    wcs.cpdis1 = DistortionLookupTable(np.ones((3, 3), np.float32), (1, 1), (1, 1), (20, 20))
    with pytest.raises(InvalidDataError, match="lookup tables"):
        celestial_wcs(wcs)


@pytest.mark.parametrize("cards", [{"AP_ORDER": 2}, {"A_ORDER": 2}, {"A_ORDER": "x"}])
def test_broken_polynomials_are_refused(cards):
    wrong = header("TAN-SIP", **{k: v for k, v in SIP.items() if k[:2] not in ("B_", "BP")})
    wrong.update(cards)
    with pytest.raises(InvalidDataError, match="COUNTS has no valid WCS"):
        celestial_wcs(wrong, "COUNTS")


@pytest.mark.parametrize(
    ("name", "key", "value"), [("tnx of iraf", "PV2_7", 0.1), ("sip", "CRPIX1", True)]
)
def test_mixed_distortions_are_refused(name, key, value):
    cards = DISTORTED[name].copy()
    cards[key] = value
    with pytest.raises(InvalidDataError, match="COUNTS mixes distortions"):
        celestial_wcs(cards, "COUNTS")


@pytest.mark.parametrize("wcs", [None, "header", {"CTYPE1": "RA---TAN"}, fits.PrimaryHDU()])
def test_other_things_are_refused(wcs):
    with pytest.raises(InvalidOptionError, match="wcs must be an astropy WCS or a FITS header"):
        celestial_wcs(wcs)


def test_pixels_without_an_area_are_refused():
    cards = header("TAN", CD1_1=0.1, CD1_2=0.1, CD2_1=0.1, CD2_2=0.1)
    with pytest.raises(InvalidDataError, match=r"pixels have no area.* is singular; correct CDELT"):
        celestial_wcs(cards)


def test_zeros_between_other_axes_do_not_mix_them():
    """They are left out with the polynomials of the first two axes kept; other numbers are not."""
    cards = DISTORTED["sip"].copy()
    cards.update({**THIRD, "CD1_3": 0.0, "CD3_2": 0.0})
    x, y = np.array([0.0, 79.0]), np.array([1.0, 59.0])
    found = celestial_wcs(cards).all_pix2world(x, y, 0)
    np.testing.assert_array_equal(found, reference("sip").all_pix2world(x, y, 0))


def test_supergalactic_axes_have_no_equinox():
    wcs = frame_wcs(Supergalactic(), "TAN")
    assert list(wcs.wcs.ctype) == ["SLON-TAN", "SLAT-TAN"]
    assert np.isnan(wcs.wcs.equinox)
