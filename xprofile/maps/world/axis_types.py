"""Types of the sky axes, CTYPE: those that people misspell are mended."""

from __future__ import annotations

import re
import warnings
from collections.abc import Mapping

from astropy.io.fits import Header
from astropy.wcs import PRJ_CODES

from ...exceptions import DataWarning
from ...schema.warning_place import user_stacklevel

__all__ = ["axis_name", "axis_types", "mended_axis_types"]

_SIP = "-SIP"  # end of the type of an axis with polynomials of the SIP convention

# codes that astropy reads besides those of the FITS standard: with distortions, or older ones
_CODES = {*PRJ_CODES, "TPV", "TNX", "ZPX", "DSS", "NCP", "GLS"}

# name, dashes or blanks, code of the projection, and name of a distortion
_PARTS = re.compile(r"(RA|DEC|[A-Z]LON|[A-Z]LAT|[A-Z]{2}L[NT])[\s-]+([A-Z]{3})(-[A-Z]{3})?")


def axis_types(header: Header) -> dict[str, str]:
    """Return the types of the axes by keyword, such as ``{"CTYPE1": "RA---TAN"}``."""
    keys = [key for key in header if key.startswith("CTYPE")]
    return {key: str(header[key]) for key in keys if key[5:].isdigit()}


def axis_name(text: str) -> str:
    """Return the name in the type of an axis, such as RA."""
    return re.split(r"[\s-]", text.strip().upper())[0]


def mended_axis_types(types: Mapping[str, str], *, has_sip: bool, label: str) -> dict[str, str]:
    """Return the types of axes, by keyword, that have to be spelled in another way.

    In FITS, names have 4 characters with their dashes, and another dash precedes the projection.
    Letters are capitals. The end ``-SIP`` says that polynomials of SIP are given.

    Parameters
    ----------
    types : mapping of str to str
        Types by keyword.
    has_sip : bool
        Whether polynomials of SIP are given.
    label : str
        Name of the header in messages.

    Warns
    -----
    DataWarning
        If a type is misspelled, or polynomials of SIP are given without the end ``-SIP``.
    """
    found = {key: text.rstrip() for key, text in types.items()}
    right = {key: _spell(text, has_sip) for key, text in found.items()}
    changed = {key: text for key, text in right.items() if text != found[key]}
    readings = [
        f"{key} {types[key]!r} as {text!r}"
        for key, text in changed.items()
        if text + _SIP != found[key]  # without polynomials, the end changes no position
    ]
    if readings:
        warnings.warn(
            f"{label} has unusual types of axes: xprofile reads {', '.join(readings)}; correct the "
            "header if it means others",
            DataWarning,
            stacklevel=user_stacklevel(),
        )
    return changed


def _spell(found: str, has_sip: bool) -> str:
    """Spell a type as FITS does; types that are not of the sky stay as they are."""
    parts = _PARTS.fullmatch(found.strip().upper())
    if parts is None or parts[2] not in _CODES:
        return found
    end = parts[3] or ""
    if has_sip and parts[2] != "TPV":
        end = end or _SIP
    elif end == _SIP:
        end = ""
    return f"{parts[1]:-<4}-{parts[2]}{end}"
