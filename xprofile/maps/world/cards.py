"""FITS cards of a celestial WCS, and the WCS of cards."""

from __future__ import annotations

import re
import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np
from astropy.io.fits import Header
from astropy.wcs import WCS, FITSFixedWarning

from .frames import besselian_epoch

__all__ = [
    "cards_of_wcs",
    "has_distortions",
    "header_of_cards",
    "is_wcs_card",
    "usual_cards",
    "wcs_of_header",
]

# cards that fix the positions of pixels; others, such as dates, would make equal grids differ
_POSITIONS = re.compile(
    r"(WCSAXES|CRPIX\d|CDELT\d|CUNIT\d|CTYPE\d|CRVAL\d|PC\d_\d|CD\d_\d|PV\d_\d+"
    r"|LONPOLE|LATPOLE|RADESYS|EQUINOX|BEPOCH"
    r"|[AB]P?_ORDER|[AB]P?_\d+_\d+|CQDIS\d|DQ\d)$"
)
_SIP_COEFFICIENT = re.compile(r"[AB]P?_\d+_\d+")
_DISTORTED = re.compile(r"(A_ORDER|CQDIS\d)$")
_RECORDS = re.compile(r"DQ\d$")  # cards of one keyword, with a name and a number in each
_BETWEEN = "; "  # between several cards of one keyword

# Significant digits of coefficients of SIP: as many as a card of 20 characters holds, so that a WCS
# that is written to FITS and read again has the same cards. Errors are 1e-13 of a distortion.
_DIGITS = 13
_EPOCH_DECIMALS = 6  # of years: half a minute, in which FK4 turns by 1e-9 arcsec


def is_wcs_card(key: str) -> bool:
    """Whether a card fixes the positions of pixels."""
    return _POSITIONS.match(key) is not None


def cards_of_wcs(wcs: WCS) -> dict[str, Any]:
    """Return the cards that fix the positions of pixels, distortions included.

    Several cards of one keyword, as TPD has them, are joined to one text.
    """
    header = wcs.celestial.to_header(relax=True)
    cards: dict[str, Any] = {}
    for card in header.cards:
        key = card.rawkeyword
        if not is_wcs_card(key) or key == "BEPOCH":
            continue
        value = " ".join(card.rawvalue.split()) if _RECORDS.match(key) else card.value
        if _SIP_COEFFICIENT.match(key):
            value = float(f"{value:.{_DIGITS - 1}e}")
        cards[key] = f"{cards[key]}{_BETWEEN}{value}" if key in cards else value
    epoch = besselian_epoch(wcs)
    return cards if epoch is None else cards | {"BEPOCH": round(epoch, _EPOCH_DECIMALS)}


def usual_cards(cards: Mapping[str, Any]) -> dict[str, Any]:
    """Return cards of the same grid in the usual spelling, so that headers can be compared.

    Pixel widths are in CDELT and not in a diagonal matrix, longitudes are from 0 to 360 deg, and
    FK5 of J2000 is ICRS.
    """
    found = dict(cards)
    if not {"PC1_2", "PC2_1"} & set(found):
        for i in (1, 2):
            found[f"CDELT{i}"] = found.get(f"CDELT{i}", 1.0) * found.pop(f"PC{i}_{i}", 1.0)
    for i in (1, 2):
        if re.match(r"RA|.LON|..LN", str(found.get(f"CTYPE{i}", ""))):
            found[f"CRVAL{i}"] = found.get(f"CRVAL{i}", 0.0) % 360.0
    if found.get("RADESYS") == "FK5" and found.get("EQUINOX", 2000.0) == 2000.0:
        found["RADESYS"] = "ICRS"
        found.pop("EQUINOX", None)
    return found


def has_distortions(cards: Mapping[Any, Any]) -> bool:
    """Whether the cards from `cards_of_wcs` have distortions."""
    types = "".join(str(cards.get(f"CTYPE{number}", "")) for number in (1, 2))
    return any(_DISTORTED.match(key) for key in cards) or "-TPV" in types


def header_of_cards(cards: Mapping[Any, Any]) -> Header:
    """Return the header of the cards from `cards_of_wcs`."""
    header = Header()
    for key, value in cards.items():
        plain = value.item() if isinstance(value, np.generic) else value
        texts = plain.split(_BETWEEN) if _RECORDS.match(key) else [plain]
        for text in texts:
            header.append((key, text), end=True)
    return header


def wcs_of_header(header: Header) -> WCS:
    """Return the WCS of a header with two axes, without remarks on dates and old spellings."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FITSFixedWarning)
        return WCS(header)
