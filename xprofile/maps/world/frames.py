"""Sky frames of world coordinate systems, with those that astropy does not look for."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
from astropy.coordinates import (
    FK4,
    BarycentricMeanEcliptic,
    BaseCoordinateFrame,
    FK4NoETerms,
    Supergalactic,
)
from astropy.time import Time
from astropy.wcs import WCS
from astropy.wcs.utils import custom_wcs_to_frame_mappings, wcs_to_celestial_frame

from ...exceptions import InvalidDataError
from .axis_types import axis_name

__all__ = ["besselian_epoch", "celestial_frame", "frames_in_astropy"]

_KNOWN = ("RA", "GLON", "ELON", "SLON")  # types of longitudes whose frames can be transformed
_FK4 = {"FK4": FK4, "FK4-NO-E": FK4NoETerms}


def celestial_frame(wcs: WCS) -> BaseCoordinateFrame:
    """Return the sky frame of a celestial WCS, without data.

    ======================== ===================================================
    CTYPE                    Frame
    ======================== ===================================================
    RA, DEC                  ICRS, FK5 or FK4 with its equinox, from RADESYS and
                             EQUINOX; FK4 also with its epoch
    GLON, GLAT               Galactic
    ELON, ELAT               Mean ecliptic and equinox of EQUINOX, J2000 by
                             default, centred on the barycentre
    SLON, SLAT               Supergalactic
    ======================== ===================================================

    Raises
    ------
    InvalidDataError
        If the WCS has another frame, such as a helioprojective one.
    """
    found = _other_frame(wcs)
    if found is not None:
        return found
    w = wcs.wcs
    try:
        if _longitude(wcs) not in _KNOWN:
            raise ValueError
        return wcs_to_celestial_frame(wcs)
    except ValueError:
        system = f", RADESYS {w.radesys!r}" if w.radesys else ""
        raise InvalidDataError(
            f"the WCS has the axes {list(w.ctype)}{system}, whose sky frame is not known; expected "
            "RA and DEC in ICRS, FK5 or FK4 (RADESYS), GLON and GLAT, ELON and ELAT, or SLON and "
            "SLAT: correct the header, or reproject the maps to one of these frames"
        ) from None


def besselian_epoch(wcs: WCS) -> float | None:
    """Return the Besselian year of the observation; None for frames other than FK4."""
    w = wcs.wcs
    if w.radesys not in _FK4:
        return None
    if np.isfinite(w.bepoch):
        return float(w.bepoch)
    days = next((d for d in (w.mjdavg, w.mjdobs) if np.isfinite(d) and d), None)
    return None if days is None else float(Time(days, format="mjd").byear)


@contextmanager
def frames_in_astropy() -> Iterator[None]:
    """Let functions of astropy know all frames of `celestial_frame` inside the ``with`` block."""
    with custom_wcs_to_frame_mappings([_other_frame]):
        yield


def _other_frame(wcs: WCS) -> BaseCoordinateFrame | None:
    """Return a frame that astropy does not find, or finds without its epoch."""
    name, equinox = _longitude(wcs), wcs.wcs.equinox
    if name == "SLON":
        return Supergalactic()
    if name == "ELON":
        besselian = wcs.wcs.radesys in _FK4
        year = equinox if np.isfinite(equinox) else 1950.0 if besselian else 2000.0
        return BarycentricMeanEcliptic(equinox=Time(year, format="byear" if besselian else "jyear"))
    epoch = besselian_epoch(wcs) if name == "RA" else None
    if epoch is None:
        return None
    times = {"obstime": epoch} | ({"equinox": equinox} if np.isfinite(equinox) else {})
    kind = _FK4[wcs.wcs.radesys]
    return kind(**{key: Time(year, format="byear") for key, year in times.items()})


def _longitude(wcs: WCS) -> str:
    """Return the name of the longitude, such as RA or GLON."""
    if wcs.wcs.lng < 0:
        return ""
    return axis_name(str(wcs.wcs.ctype[wcs.wcs.lng]))
