"""What headers of event lists say about the sky frame, and units that tools leave out."""

from __future__ import annotations

import re
import warnings
from collections.abc import Sequence
from typing import Any

from astropy.coordinates import FK4, FK5, ICRS, BaseCoordinateFrame, FK4NoETerms
from astropy.io.fits import Header
from astropy.time import Time

from ...exceptions import DataWarning, FileFormatError
from ...schema.warning_place import user_stacklevel

__all__ = ["default_energy_unit", "equatorial_frame"]

# Equinox of FK4, in FITS the default before 1984 (FITS WCS paper II, section 3.1), and of FK5
_BESSEL, _FIRST_FK5, _JULIAN = 1950.0, 1984.0, 2000.0

# names of frames in capitals, as files have them
_FRAMES = {
    "ICRS": "ICRS", "FK5": "FK5", "J2000": "FK5", "FK4": "FK4", "B1950": "FK4",
    "FK4-NO-E": "FK4-NO-E",
}  # fmt: skip
_EQUINOX = re.compile(r"[JB]?(\d+(\.\d*)?)")

# Units by tool: FT1 files of the Fermi-LAT are in MeV, GADF is in TeV
_FERMI, _GADF = "MeV", "TeV"
_FERMI_TELESCOPES = ("GLAST", "FERMI")
_FERMI_COLUMNS = {"ZENITH_ANGLE", "EARTH_AZIMUTH_ANGLE", "CONVERSION_TYPE", "CALIB_VERSION"}
_GADF_CLASSES = ("GADF", "GAMMA-ASTRO-DATA-FORMATS")
_GADF_TELESCOPES = ("CTA", "HESS", "MAGIC", "VERITAS", "FACT", "HAWC", "LHAASO", "SWGO", "LST")
_GADF_COLUMNS = {"EVENT_ID", "TIME"}  # with RA, DEC and ENERGY, the columns that GADF demands


def equatorial_frame(
    headers: Sequence[Header], where: str
) -> tuple[BaseCoordinateFrame, list[str]]:
    """Return the frame of right ascension and declination, and notes about what was assumed.

    Without RADESYS or RADECSYS, the EQUINOX decides as in FITS; without both it is ICRS.

    Raises
    ------
    FileFormatError
        If the frame is another one.
    """
    text = str(_card(headers, "RADESYS", "RADECSYS") or "").strip().upper()
    equinox = _equinox(_card(headers, "EQUINOX"), where)
    name = _FRAMES.get(text)
    if text and name is None:
        if equinox is None:
            raise FileFormatError(
                f"{where} has RADESYS {text!r}, expected one of {', '.join(_FRAMES)}; correct this "
                "card, or remove it if positions are ICRS"
            )
        warnings.warn(
            f"{where} has RADESYS {text!r}, which is not one of {', '.join(_FRAMES)}; its EQUINOX "
            f"{equinox:g} is used alone: correct RADESYS if this is wrong",
            DataWarning,
            stacklevel=user_stacklevel(),
        )
    if name is None and equinox is None:
        return ICRS(), ["positions taken as ICRS"]
    if name is None:
        name = "FK4" if equinox < _FIRST_FK5 else "FK5"  # type: ignore[operator]
    if name == "ICRS":
        return ICRS(), []
    if name == "FK5":
        return FK5(equinox=Time(equinox or _JULIAN, format="jyear")), []
    kind = FK4 if name == "FK4" else FK4NoETerms
    return kind(equinox=Time(equinox or _BESSEL, format="byear")), []


def _equinox(value: Any, where: str) -> float | None:
    text = str("" if value is None else value).strip().upper()
    if not text:
        return None
    found = _EQUINOX.fullmatch(text)
    if not found:
        raise FileFormatError(
            f"{where} has EQUINOX {value!r}, expected a year such as 2000.0; correct this card"
        )
    return float(found[1])


def default_energy_unit(
    headers: Sequence[Header], names: Sequence[str], energy: int, where: str
) -> tuple[str, list[str]]:
    """Return the unit of energies where a column names none, and a note about it.

    Raises
    ------
    FileFormatError
        If the header does not tell which tool wrote the file.
    """
    unit = _tool_unit(headers, {name.strip().upper() for name in names})
    if unit is None:
        raise FileFormatError(
            f"{where} has no unit for column {names[energy]}, and its header names no tool with a "
            f"known unit; expected TUNIT{energy + 1}, such as 'TeV': give energy_unit='TeV', or "
            "write it to the file"
        )
    return unit, [f"energies taken as {unit}"]


def _tool_unit(headers: Sequence[Header], names: set[str]) -> str | None:
    said = str(_card(headers, "EUNIT") or "").strip()
    if said:
        return said
    telescope = re.sub(r"\W", "", str(_card(headers, "TELESCOP") or "")).upper()
    hdu_class = str(_card(headers, "HDUCLASS") or "").strip().upper()
    if telescope.startswith(_FERMI_TELESCOPES):
        return _FERMI
    if hdu_class in _GADF_CLASSES or telescope.startswith(_GADF_TELESCOPES):
        return _GADF
    if names & _FERMI_COLUMNS:
        return _FERMI
    return _GADF if names >= _GADF_COLUMNS else None


def _card(headers: Sequence[Header], *keys: str) -> Any:
    """Return the first of some cards that a header has, in the first header with one of them."""
    for header in headers:
        for key in keys:
            value = header.get(key)
            if value is not None and not isinstance(value, bool) and str(value).strip():
                return value
    return None
