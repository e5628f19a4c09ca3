"""HEALPix grids in the headers of FITS tables: resolution, order of the cells, and sky frame."""

from __future__ import annotations

from collections.abc import Callable
from numbers import Real
from typing import Any, Literal, TypeAlias

import numpy as np
from astropy.coordinates import (
    FK4,
    FK5,
    ICRS,
    BarycentricMeanEcliptic,
    BaseCoordinateFrame,
    Galactic,
)
from astropy.io import fits
from astropy.time import Time

from ....exceptions import FileFormatError

__all__ = ["read_frame", "read_level", "read_scheme"]

_SCHEMES: dict[str, Literal["nested", "ring"]] = {
    "RING": "ring",
    "NESTED": "nested",
    "NEST": "nested",
}

# What COORDSYS may be: one letter for healpy, three for Gammapy and the Fermi tools, or words
_FRAMES: dict[str, Callable[[], BaseCoordinateFrame]] = {
    **dict.fromkeys(("G", "GAL", "GALACTIC"), Galactic),
    **dict.fromkeys(("C", "CEL", "CELESTIAL", "EQU", "EQUATORIAL", "Q", "ICRS"), ICRS),
    "FK5": FK5,
    **dict.fromkeys(("E", "ECL", "ECLIPTIC"), BarycentricMeanEcliptic),
}
_FRAME_CARDS = ("COORDSYS", "COORDTYPE")  # the latter of GALPROP
_CELESTIAL = ("C", "CEL", "CELESTIAL", "EQU", "EQUATORIAL", "Q")

_DEEPEST = 29  # level whose cells 64-bit integers can number, as HEALPix defines it
_GIVE_FRAME = "give frame=, such as frame='icrs' or frame='galactic'"

Header: TypeAlias = fits.Header


def read_level(header: Header, label: str) -> int:
    """Return the level of the grid, the logarithm of NSIDE to the base 2.

    Raises
    ------
    FileFormatError
        If the header has neither NSIDE nor ORDER, or NSIDE is not a power of two.
    """
    nside, order = (_whole(header, name, label) for name in ("NSIDE", "ORDER"))
    if nside is None and order is None:
        raise FileFormatError(
            f"{label} has neither NSIDE nor ORDER, expected the resolution of its HEALPix grid; "
            "correct the header"
        )
    if nside is None:
        nside = 2**order if order is not None and 0 <= order <= _DEEPEST else 0
    if nside < 1 or nside > 2**_DEEPEST:
        raise FileFormatError(
            f"{label} has NSIDE {header.get('NSIDE')} and ORDER {order}, expected an NSIDE from 1 "
            f"to {2**_DEEPEST}; correct the header"
        )
    if nside & (nside - 1):
        raise FileFormatError(
            f"{label} has NSIDE {nside}, which is not a power of two; maps here have levels, as "
            "NSIDE 32, 64 or 128: make it anew at such an NSIDE, for example with healpy.ud_grade"
        )
    level = nside.bit_length() - 1
    if order is not None and order >= 0 and order != level:
        raise FileFormatError(
            f"{label} has NSIDE {nside} and ORDER {order}, expected ORDER {level} for this NSIDE; "
            "correct the wrong one of both"
        )
    return level


def _whole(header: Header, name: str, label: str) -> int | None:
    value = header.get(name)
    if value is None:
        return None
    number = isinstance(value, Real) and not isinstance(value, bool | np.bool_)
    if not number or value % 1:
        raise FileFormatError(f"{label} has {name} {value!r}, expected a whole number; correct it")
    return int(value)


def read_scheme(header: Header, label: str) -> Literal["nested", "ring"]:
    """Return the order in which cells are numbered.

    Raises
    ------
    FileFormatError
        If the header does not tell it, or it is of another kind.
    """
    text = _text(header, "ORDERING")
    if text in _SCHEMES:
        return _SCHEMES[text]
    if text in ("NUNIQ", "UNIQ"):
        raise FileFormatError(
            f"{label} has cells of several sizes (ORDERING {text}), expected one NSIDE; make a map "
            "of one NSIDE from it, for example with mhealpy or ligo-skymap-flatten"
        )
    raise FileFormatError(
        f"{label} has the ORDERING {header.get('ORDERING')!r}, expected RING or NESTED, the order "
        "of its cells; correct the header"
    )


def read_frame(
    header: Header, given: BaseCoordinateFrame | None, label: str
) -> BaseCoordinateFrame:
    """Return the sky frame of the cells, or the one that the caller gives if the file names none.

    Raises
    ------
    FileFormatError
        If neither is there.
    """
    known = (_text(header, name) for name in _FRAME_CARDS)
    text = next((one for one in known if one), "")
    if text in _FRAMES:
        return _with_equinox(header) if text in _CELESTIAL else _FRAMES[text]()
    if given is not None:
        return given
    found = f"the COORDSYS {text!r}, which is not known" if text else "no COORDSYS"
    raise FileFormatError(
        f"{label} has {found}, so the sky frame of its cells is not known, expected C, G or E; "
        f"{_GIVE_FRAME}: the Fermi tools write exposures in 'icrs' without saying so"
    )


def _with_equinox(header: Header) -> BaseCoordinateFrame:
    """Return the equatorial frame of RADESYS and EQUINOX; ICRS without them."""
    system = _text(header, "RADESYS") or _text(header, "RADECSYS")
    equinox = header.get("EQUINOX", 2000.0)
    year = float(equinox) if isinstance(equinox, Real) and equinox else 2000.0
    if system == "FK4" or (not system and year < 1984):  # as in FITS, for WCS
        return FK4(equinox=Time(year, format="byear"))
    if system == "FK5" or (not system and year != 2000):
        return FK5(equinox=Time(year, format="jyear"))
    return ICRS()


def _text(header: Header, name: str) -> str:
    value: Any = header.get(name, "")
    return value.strip().upper() if isinstance(value, str) else ""
