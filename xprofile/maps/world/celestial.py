"""The celestial part of a WCS, or of the WCS in a header."""

from __future__ import annotations

import re
import warnings
from typing import Any

import numpy as np
from astropy.coordinates import BaseCoordinateFrame
from astropy.io.fits import Header
from astropy.wcs import WCS, FITSFixedWarning, WcsError
from astropy.wcs.utils import celestial_frame_to_wcs

from ...exceptions import DataWarning, InvalidDataError, InvalidOptionError
from ...schema.warning_place import user_stacklevel
from .axis_types import axis_types, mended_axis_types
from .card_values import mended_values
from .cards import cards_of_wcs, has_distortions, header_of_cards, wcs_of_header
from .distortions import pixel_to_world
from .frames import celestial_frame

__all__ = ["celestial_wcs", "frame_wcs"]

# keywords of distortions that are tables of pixels, or that astropy does not apply
_TABLES = re.compile(r"(CPDIS\d|D2IMDIS\d|D2IMARR|D2IMEXT|AXISCORR)$")

# keywords of distortions that astropy knows in two dimensions alone
_DISTORTED = re.compile(r"([AB]_ORDER|CQDIS\d|PV1_\d+|WAT\d_\d+)$")

_PV = re.compile(r"PV[12]_\d+$")  # terms of TPV

# cards of axes beyond the first two, and of the first two with those beyond
_OTHER_AXES = re.compile(
    r"(NAXIS|CTYPE|CRPIX|CDELT|CRVAL|CUNIT|CROTA)[3-9]$|(PC|CD|PV|PS|WAT)[3-9]_\d+$"
)
_MIXED_AXES = re.compile(r"(PC|CD)[12]_[3-9]$")

# errors of astropy and wcslib in headers that are wrong
_WCS_ERRORS = (
    WcsError, ValueError, KeyError, IndexError, TypeError, AttributeError, MemoryError,
    RuntimeError, AssertionError,
)  # fmt: skip

# Types of axes in FITS of frames that astropy does not write
_AXES = {"supergalactic": ("SLON", "SLAT"), "barycentricmeanecliptic": ("ELON", "ELAT")}

# Degrees between positions that are the same, 4e-6 arcsec. Cards have 13 digits, which changes
# positions by 1e-11; ten times larger, nothing changes.
_SAME_POSITION = 1e-9

# Area of a pixel, as a share of its squared diagonal, that rounding alone can give. Pixels of maps
# are 1e6 times as long as wide at most, so ten times larger or smaller, nothing changes.
_ROUNDING = 1e-12


def celestial_wcs(wcs: Any, label: str = "wcs") -> WCS:
    """Return the celestial part of a WCS, or of the WCS in a FITS header, with its distortions.

    Parameters
    ----------
    wcs : astropy.wcs.WCS or astropy.io.fits.Header
        It may have more than two axes.
    label : str
        Name of the WCS or header in messages.

    Raises
    ------
    InvalidDataError
        If the WCS is invalid, has no celestial axes, a frame that is not known, or distortions
        that cannot be kept.
    InvalidOptionError
        If `wcs` is neither a WCS nor a header.

    Warns
    -----
    DataWarning
        If the header spells the type of an axis in an unusual way, or a TPV has its pixel widths in
        CDELT.
    """
    if isinstance(wcs, Header):
        found = _read_header(wcs, label)
    elif isinstance(wcs, WCS):
        found = _mend_wcs(wcs, label)
    else:
        raise InvalidOptionError(
            f"{label} must be an astropy WCS or a FITS header, found {type(wcs).__name__}"
        )
    try:
        celestial_frame(found)
    except InvalidDataError as error:
        raise InvalidDataError(f"{label}: {error}") from None
    if isinstance(wcs, WCS) or any(_DISTORTED.match(key) for key in wcs):
        _check_distortions(found, label)
    return found


def _check_distortions(wcs: WCS, label: str) -> None:
    """Raise if distortions are not those of the cards that go with maps."""
    cards = cards_of_wcs(wcs)
    if not has_distortions(cards):
        return
    again = wcs_of_header(header_of_cards(cards))
    around = np.array([-50.0, 0.0, 50.0])
    pixels = np.meshgrid(*(around + center for center in wcs.wcs.crpix))
    found, kept = (np.stack(pixel_to_world(one, *pixels)) for one in (wcs, again))
    if not np.allclose(found, kept, rtol=0, atol=_SAME_POSITION, equal_nan=True):
        raise InvalidDataError(
            f"{label} mixes distortions of several kinds: found the cards {', '.join(cards)}, "
            "expected those of SIP, TPV or TPD alone; remove the others, or resample the image"
        )


def _read_header(header: Header, label: str) -> WCS:
    """Return the celestial WCS of a header, whose misspelled types of axes are mended."""
    tables = [key for key in header if _TABLES.match(key)]
    tables += [k for k in header if re.match(r"CQDIS\d$", k) and str(header[k]) == "LOOKUP"]
    if tables:
        raise InvalidDataError(_no_tables(label, f"{tables[0]} = {header[tables[0]]!r}"))
    has_sip = "A_ORDER" in header and "B_ORDER" in header
    mended = mended_axis_types(axis_types(header), has_sip=has_sip, label=label)
    mended |= mended_values(header, label)
    if not any(_PV.match(key) for key in header):  # without terms, TPV is TAN
        named = axis_types(header) | mended
        mended |= {key: t.replace("-TPV", "-TAN") for key, t in named.items() if "-TPV" in str(t)}
    if mended:
        header = header.copy()
        header.update(mended)
    if any(_DISTORTED.match(key) for key in header):
        header = _plane(header)
    types = list(axis_types(header).values())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FITSFixedWarning)  # about dates, which are not used
        try:
            found = WCS(header)
        except _WCS_ERRORS as error:
            raise InvalidDataError(_no_valid_wcs(label, types, error)) from error
    return _celestial_part(found, label, types)


def _plane(header: Header) -> Header:
    """Return a header of the first two axes; cards that mix them with others stay."""
    header = header.copy()
    for key in [key for key in header if _OTHER_AXES.match(key)]:
        del header[key]
    for key in [key for key in header if _MIXED_AXES.match(key) and not header[key]]:
        del header[key]
    header.update({key: 2 for key in ("NAXIS", "WCSAXES") if key in header})
    return header


def _mend_wcs(wcs: WCS, label: str) -> WCS:
    """Return the celestial part of a WCS, whose misspelled types of axes are mended."""
    types = [str(text) for text in wcs.wcs.ctype]
    named = {f"CTYPE{number}": text for number, text in enumerate(types, 1)}
    mended = mended_axis_types(named, has_sip=wcs.sip is not None, label=label)
    try:
        wcs = wcs.deepcopy()
    except _WCS_ERRORS as error:
        raise InvalidDataError(_no_valid_wcs(label, types, error)) from error
    if mended:
        wcs.wcs.ctype = list((named | mended).values())
    return _celestial_part(wcs, label, types)


def _celestial_part(wcs: WCS, label: str, types: list[str]) -> WCS:
    if any((wcs.cpdis1, wcs.cpdis2, wcs.det2im1, wcs.det2im2)):
        raise InvalidDataError(_no_tables(label, "lookup tables"))
    try:
        found = wcs.celestial if wcs.has_celestial else None
    except _WCS_ERRORS as error:
        raise InvalidDataError(_no_valid_wcs(label, types, error)) from error
    if found is None:
        raise InvalidDataError(
            f"{label} has no celestial axes: CTYPE is {types}; expected pixels on the sky, with "
            "types such as 'RA---TAN' and 'DEC--TAN'"
        )
    if not _can_be_inverted(found):
        raise InvalidDataError(
            f"{label} has no valid WCS: its pixels have no area, because the matrix "
            f"{found.pixel_scale_matrix.tolist()} is singular; correct CDELT, CD or PC"
        )
    if np.any(found.wcs.get_cdelt() != 1) and _is_tpv(found):
        _move_widths(found, label)
    return found


def _is_tpv(wcs: WCS) -> bool:
    """Whether a WCS has terms of TPV; wcslib names its axes TAN, unless it writes a header."""
    if not any(re.search("-(TAN|TPV)$", text) for text in wcs.wcs.ctype):
        return False
    return any("-TPV" in text for text in axis_types(header_of_cards(cards_of_wcs(wcs))).values())


def _move_widths(wcs: WCS, label: str) -> None:
    """Move pixel widths to the matrix of a TPV, whose terms are of degrees after both."""
    warnings.warn(
        f"{label} is TPV and has its pixel widths in CDELT, where astropy takes the PV terms as "
        "those of pixels: xprofile takes them as those of degrees, as TPV defines; write the "
        "widths into CD if other tools read the file",
        DataWarning,
        stacklevel=user_stacklevel(),
    )
    matrix = wcs.pixel_scale_matrix
    wcs.wcs.cdelt = [1.0, 1.0]
    wcs.wcs.pc = matrix


def _can_be_inverted(wcs: WCS) -> bool:
    """Whether pixels have an area, and their two sides different directions."""
    matrix = wcs.pixel_scale_matrix
    return bool(abs(np.linalg.det(matrix)) > _ROUNDING * np.linalg.norm(matrix) ** 2)


def _no_valid_wcs(label: str, types: list[str], error: Exception) -> str:
    reason = " ".join(str(error).split())  # messages of wcslib have several lines
    return (
        f"{label} has no valid WCS: CTYPE is {types}, expected types such as 'RA---TAN' and "
        f"'DEC--TAN'; correct the header ({reason})"
    )


def _no_tables(label: str, found: str) -> str:
    return (
        f"{label} has distortions in lookup tables, which cannot be kept: found {found}, expected "
        "SIP, TPV or TPD (CQDIS); resample the image without distortions (drizzle, swarp, or "
        "reproject.reproject_exact), or remove these cards if the distortions are negligible"
    )


def frame_wcs(frame: BaseCoordinateFrame, code: str) -> WCS:
    """Return a celestial WCS of a frame and a projection by its three letters, without a scale.

    Raises
    ------
    InvalidOptionError
        If the frame cannot be written to FITS.
    """
    if frame.name in _AXES:
        wcs = WCS(naxis=2)
        wcs.wcs.ctype = [f"{axis}-{code}" for axis in _AXES[frame.name]]
        if "equinox" in frame.frame_attributes:
            wcs.wcs.equinox = frame.equinox.jyear
        return wcs
    try:
        return celestial_frame_to_wcs(frame, projection=code)
    except ValueError as error:
        raise InvalidOptionError(
            f"frame={frame.name!r} cannot be written to FITS; expected one like 'icrs', "
            "'galactic', 'fk5' or 'fk4'"
        ) from error
