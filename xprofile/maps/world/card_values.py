"""Cards of a WCS with unusual values, which wcslib would skip: those that are clear are mended."""

from __future__ import annotations

import math
import re
import warnings
from collections.abc import Mapping
from numbers import Real
from typing import Any

from astropy.io.fits import Header

from ...exceptions import DataWarning, InvalidDataError
from ...schema.arguments.types import value_text
from ...schema.warning_place import user_stacklevel

__all__ = ["check_cards", "mended_values"]

# cards that hold a number, and those among them without which positions are wrong
_NUMBERS = re.compile(
    r"((CRPIX|CRVAL|CDELT|CROTA)[12]|(PC|CD)[12]_[12]|PV[12]_\d+|LONPOLE|LATPOLE|EQUINOX|EPOCH"
    r"|[AB]P?_ORDER|[AB]P?_\d+_\d+)$"
)
_NEEDED = re.compile(r"(CRPIX|CRVAL|CDELT)[12]$")
_TEXTS = re.compile(r"(CTYPE\d|CUNIT\d|RADESYS|DQ\d|CQDIS\d)$")
_EPOCHS = ("EQUINOX", "EPOCH")  # their years may have a letter, such as J2000
_FRAMES, _SYSTEM = ("ICRS", "FK5", "FK4", "FK4-NO-E"), ("RADESYS", "RADECSYS")


def check_cards(cards: Mapping[str, Any], label: str) -> None:
    """Raise unless the cards of a coordinate with a WCS name two axes, and have usable values.

    astropy takes default values for cards whose values it cannot use, which would move a map.

    Raises
    ------
    InvalidDataError
        If they do not.
    """
    remedy = "take the coordinate from the maps as they were opened, or open them again"
    lost = [key for key in ("CTYPE1", "CTYPE2") if key not in cards]
    if lost:
        raise InvalidDataError(
            f"the coordinate {label!r} has no FITS cards {', '.join(lost)} in its attributes, "
            f"expected those of a WCS on the sky; {remedy}"
        )
    for key, value in cards.items():
        if _TEXTS.match(key):
            fine, kind = isinstance(value, str), "text"
        else:
            number = isinstance(value, Real) and not isinstance(value, bool)
            fine, kind = number and math.isfinite(value), "a finite number"
        if not fine:
            raise InvalidDataError(
                f"the coordinate {label!r} has the FITS card {key} = {value_text(value)}, "
                f"expected {kind}; {remedy}"
            )


def mended_values(header: Header, label: str) -> dict[str, Any]:
    """Return the cards of a WCS whose values have to be written in another way.

    Numbers may be written as text, and names of frames in small letters. wcslib takes 0 for numbers
    that are text, which would move a map to another place.

    Parameters
    ----------
    header : astropy.io.fits.Header
        Header of an image.
    label : str
        Name of the header in messages.

    Raises
    ------
    InvalidDataError
        If a card that is needed has no number.

    Warns
    -----
    DataWarning
        If a card is mended.
    """
    changed: dict[str, Any] = {}
    for key in header:
        if _NUMBERS.match(key) and not isinstance(header[key], int | float):
            number = _number(header, key, label)
            changed |= {} if number is None else {key: number}
        elif key in _SYSTEM and str(header[key]).strip() not in _FRAMES:
            name = str(header[key]).strip().upper()
            changed |= {key: name} if name in _FRAMES else {}
    if changed:
        readings = ", ".join(f"{key} {header[key]!r} as {v!r}" for key, v in changed.items())
        warnings.warn(
            f"{label} has cards of its WCS with unusual values: xprofile reads {readings}; correct "
            "the header if it means others",
            DataWarning,
            stacklevel=user_stacklevel(),
        )
    return changed


def _number(header: Header, key: str, label: str) -> float | None:
    """Return the number in a text; None if the card is empty and is not needed."""
    value = header[key]
    text = value.strip() if isinstance(value, str) else ""
    if not text and not _NEEDED.match(key):
        return None
    try:
        number = float(text.lstrip("JBjb") if key in _EPOCHS else text)
    except ValueError:
        raise InvalidDataError(
            f"{label} has no valid WCS: found {key} = {text!r}, expected a number; correct the card"
        ) from None
    return int(number) if key.endswith("_ORDER") else number
