"""Sky frames of world coordinate systems, with those that astropy does not look for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np
from astropy.coordinates import (
    FK4,
    FK5,
    ICRS,
    BarycentricMeanEcliptic,
    BarycentricTrueEcliptic,
    BaseCoordinateFrame,
    FK4NoETerms,
    Galactic,
    Supergalactic,
    frame_transform_graph,
)
from astropy.time import Time
from astropy.wcs import WCS
from astropy.wcs.utils import WCS_FRAME_MAPPINGS, wcs_to_celestial_frame

from ...exceptions import InvalidDataError, InvalidOptionError
from .axis_types import axis_name

__all__ = [
    "besselian_epoch",
    "celestial_frame",
    "frame_attrs",
    "frame_from_attrs",
    "frame_from_option",
    "frames_in_astropy",
    "is_known_to_astropy",
]

_KNOWN = ("RA", "GLON", "ELON", "SLON")  # types of longitudes whose frames can be transformed
_FK4 = {"FK4": FK4, "FK4-NO-E": FK4NoETerms}

# Frames of maps. Those of a WCS are among them; others need a time, a place or an origin.
_OF_MAPS = (
    ICRS, FK5, FK4, FK4NoETerms, Galactic, Supergalactic, BarycentricMeanEcliptic,
    BarycentricTrueEcliptic,
)  # fmt: skip

_EPOCH_DECIMALS = 6  # of years: half a minute, in which no frame turns by 1e-6 arcsec

# Years of equinoxes, those of the oldest catalogues and some time to come. Headers with 0 mean that
# nobody has filled it in: positions would be off by 28 deg.
_FIRST_YEAR, _LAST_YEAR = 1800.0, 2200.0


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
    w = wcs.wcs
    try:
        if _longitude(wcs) not in _KNOWN:
            raise ValueError
        found = _other_frame(wcs)
        found = wcs_to_celestial_frame(wcs) if found is None else found
    except ValueError:
        system = f", RADESYS {w.radesys!r}" if w.radesys else ""
        raise InvalidDataError(
            f"the WCS has the axes {list(w.ctype)}{system}, whose sky frame is not known; expected "
            "RA and DEC in ICRS, FK5 or FK4 (RADESYS), GLON and GLAT, ELON and ELAT, or SLON and "
            "SLAT: correct the header, or reproject the maps to one of these frames"
        ) from None
    if "equinox" in found.frame_attributes and not _FIRST_YEAR < found.equinox.jyear < _LAST_YEAR:
        raise InvalidDataError(
            f"the WCS has the EQUINOX {w.equinox:g}, expected a year such as 2000; correct the "
            "header, or remove this card if positions are ICRS"
        )
    return found


def frame_attrs(frame: BaseCoordinateFrame) -> dict[str, str]:
    """Return the name of a frame, with its equinox and epoch where they are not the usual ones.

    They are the attributes of coordinates in this frame, such as ``lon`` and ``lat`` of bins.
    """
    usual, times = type(frame)(), {}
    for name in ("equinox", "obstime"):
        if name not in frame.frame_attributes or getattr(frame, name) == getattr(usual, name):
            continue
        time = getattr(frame, name)
        besselian = frame.name.startswith("fk4") or time.format.startswith("byear")
        year = time.byear if besselian else time.jyear
        times[name] = f"{'B' if besselian else 'J'}{round(float(year), _EPOCH_DECIMALS)}"
    return {"frame": str(frame.name), **times}


def frame_from_attrs(attrs: Mapping[Any, Any]) -> BaseCoordinateFrame:
    """Return the frame that `frame_attrs` describes."""
    times = {name: Time(attrs[name]) for name in ("equinox", "obstime") if name in attrs}
    kind: type[BaseCoordinateFrame] = frame_transform_graph.lookup_name(attrs["frame"])
    return kind(**times)


def frame_from_option(frame: Any) -> BaseCoordinateFrame:
    """Return the frame, without data, that a user gives as ``frame=``.

    Parameters
    ----------
    frame : str or BaseCoordinateFrame
        Name of a frame of astropy, such as "galactic", or a frame, such as ``FK5()``.

    Raises
    ------
    InvalidOptionError
        If it is something else, or a frame that maps do not have, such as AltAz.
    """
    kind = frame_transform_graph.lookup_name(frame.lower()) if isinstance(frame, str) else frame
    found = kind() if isinstance(kind, type) and issubclass(kind, BaseCoordinateFrame) else kind
    if type(found) not in _OF_MAPS:
        raise InvalidOptionError(
            f"frame is {frame!r}, expected one of {', '.join(kind.name for kind in _OF_MAPS)}, or "
            "such a frame of astropy"
        )
    return found.replicate_without_data()


def besselian_epoch(wcs: WCS) -> float | None:
    """Return the Besselian year of the observation; None for frames other than FK4."""
    w = wcs.wcs
    if w.radesys not in _FK4:
        return None
    if np.isfinite(w.bepoch):
        return float(w.bepoch)
    days = next((d for d in (w.mjdavg, w.mjdobs) if np.isfinite(d) and d), None)
    return None if days is None else float(Time(days, format="mjd").byear)


def is_known_to_astropy(wcs: WCS) -> bool:
    """Whether astropy finds the frame of a celestial WCS by itself."""
    return _other_frame(wcs) is None


@contextmanager
def frames_in_astropy() -> Iterator[None]:
    """Let functions of astropy know all frames of `celestial_frame` inside the ``with`` block.

    astropy asks its own function first, which takes ecliptic axes for equatorial ones. The function
    of this module has to come before it.
    """
    mappings = [_other_frame]
    WCS_FRAME_MAPPINGS.insert(0, mappings)
    try:
        yield
    finally:  # by identity, as other threads have the same function in other lists
        del WCS_FRAME_MAPPINGS[next(i for i, m in enumerate(WCS_FRAME_MAPPINGS) if m is mappings)]


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
