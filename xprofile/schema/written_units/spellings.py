"""How people write units: the table of spellings that astropy does not know or misunderstands."""

from __future__ import annotations

from typing import Final

__all__ = ["ALWAYS", "MEANINGS", "NO_UNIT", "WHOLE_TEXTS"]

# astropy's name of each unit, and what people write for it, in lower case and in the singular
_SPELLINGS: Final = {
    "ct": "ct cts cnt count evt event",
    "ph": "ph phot photon",
    "ct s-1": "cps",
    "eV": "ev electronvolt",
    "keV": "kev",
    "MeV": "mev",
    "GeV": "gev",
    "TeV": "tev",
    "PeV": "pev",
    "erg": "erg",
    "J": "j joule",
    "W": "w watt",
    "s": "s sec second",
    "ms": "ms",
    "ks": "ks ksec",
    "min": "min minute",
    "h": "h hr hrs hour",
    "d": "d day",
    "yr": "yr yrs year",
    "mm": "mm",
    "cm": "cm centimeter centimetre",
    "m": "m meter metre",
    "km": "km kilometer kilometre",
    "pc": "pc parsec",
    "kpc": "kpc",
    "Mpc": "mpc",
    "deg": "deg degree",
    "arcmin": "arcmin arcminute",
    "arcsec": "arcsec arcsecond",
    "rad": "rad radian",
    "sr": "sr str ster steradian",
    "K": "k kelvin",
    "Jy": "jy jansky",
    "beam": "beam bm",
    "pix": "pix pixel",
    "bin": "bin",
    "Hz": "hz hertz",
    "kHz": "khz",
    "MHz": "mhz",
    "GHz": "ghz",
    "adu": "adu",
}

MEANINGS: Final = {text: name for name, texts in _SPELLINGS.items() for text in texts.split()}

# Spellings that never have another meaning in maps: astropy takes Ph for a petahour, PH for a
# petahenry, EV for an exavolt and S for siemens.
ALWAYS: Final = frozenset(
    text for text, name in MEANINGS.items() if name in ("ct", "ph") or text in ("ev", "s")
)

# capitals that have two readings as single words, but one as a whole
WHOLE_TEXTS: Final = {"MJY/SR": "MJy/sr", "MJY/STER": "MJy/sr", "MJY/BEAM": "mJy/beam"}

# texts, in lower case, with which a tool says that it names no unit
NO_UNIT: Final = frozenset(
    ("", "none", "null", "nil", "nan", "na", "n/a", "unknown", "undefined", "unspecified", "-", "?")
)
