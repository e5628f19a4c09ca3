"""Units read from text as people write it, and conversions that do not mind ``ph`` or ``ct``."""

from __future__ import annotations

import re
import warnings
from functools import lru_cache
from typing import Any

import astropy.units as u
import numpy as np

from .spellings import ALWAYS, MEANINGS, NO_UNIT, WHOLE_TEXTS

__all__ = ["as_unit", "conversion_factor", "is_number", "named_unit", "without_events"]

_EVENTS = (u.ct, u.ph)  # kinds of events, which are numbers without a unit in spectra and maps
_CELLS = (u.pix, u.bin)  # maps count events per pixel and bin anyway

# numbers, which may contain an e, or words
_NUMBER_OR_WORD = re.compile(r"\d+\.?\d*(?:[eE][+-]?\d+)?|[^\W\d_]+")
_PER = re.compile(r"\s+per\s+", re.IGNORECASE)
_INVERSE = re.compile(r"\(([^()]*)\)\s*(?:\*\*|\^)?\s*\(?-1\)?")  # of a whole text: (cm2 s)-1
_DECORATION = re.compile(r"[{}$\"']")  # of LaTeX, or quotes within the quotes of FITS
_PLAIN_NUMBERS = frozenset(("dimensionless", "unitless", "number", "numbers"))


def named_unit(text: Any) -> str | None:
    """Return the text of a unit, or None for texts that mean no unit, such as ``'None'``."""
    found = "" if text is None else str(text).strip()
    return None if found.lower() in NO_UNIT else found


def as_unit(unit: Any) -> u.UnitBase:
    """Return the unit that a text means.

    Parameters
    ----------
    unit : str or astropy.units.Unit
        A unit in any spelling: ``counts``, ``Photons``, ``JY/BEAM``, ``MEV``, ``cm^2 s``,
        ``1/(cm2 s sr MeV)``. A text such as ``'None'`` stands for plain numbers.

    Returns
    -------
    astropy.units.UnitBase
        The unit. Events are counts, ``ct``; photons are ``ph``.

    Raises
    ------
    ValueError
        If the text has a word that is not the name of a unit, the unit is logarithmic, or it has a
        factor that is not positive.
    TypeError
        If `unit` is neither a text nor a unit.
    """
    if isinstance(unit, bool):  # astropy takes True for the number 1
        raise TypeError(f"expected a text or a unit, found {unit!r}")
    found = _parse(unit) if isinstance(unit, str) else u.Unit(unit)
    if not isinstance(found, u.UnitBase):
        raise ValueError(f"{unit!r} is logarithmic, expected a unit of linear values")
    if isinstance(found.scale, complex) or not 0 < found.scale < np.inf:  # of a Quantity
        raise ValueError(f"{unit!r} has a factor that is not positive and finite")
    return found


@lru_cache(maxsize=256)  # a technical size: a session meets a few dozen spellings
def _parse(written: str) -> Any:
    plain = _DECORATION.sub("", written).replace("\N{MIDDLE DOT}", " ").strip()
    text = plain.removeprefix("[").removesuffix("]").strip()
    if named_unit(text) is None or text.lower() in _PLAIN_NUMBERS:
        return u.dimensionless_unscaled
    text = _PER.sub("/", WHOLE_TEXTS.get(text.replace(" ", ""), text))
    inverse = _INVERSE.fullmatch(text)
    text = f"1/({inverse[1]})" if inverse else text
    capitals = text.isupper()
    text = _NUMBER_OR_WORD.sub(lambda word: _meaning(word.group(), capitals=capitals), text)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", u.UnitsWarning)  # several slashes, old names
        return u.Unit(_one_slash(text))


def _one_slash(text: str) -> str:
    """Put all that stands behind slashes into one pair of brackets: 1/cm2/s means 1/(cm2 s)."""
    first, *others = (part.strip() for part in text.split("/"))
    if not others or "(" in text or any(" " in part for part in others):
        return text
    return f"{first or 1}/({' '.join(others)})"


def _meaning(word: str, *, capitals: bool) -> str:
    """Return astropy's name for a word of a text, or the word itself if it has no other meaning.

    In a text of capitals only, their case says nothing: S are seconds then and not siemens.
    """
    lower = word.lower()
    if not (capitals or lower in ALWAYS or lower.removesuffix("s") in ALWAYS) and _is_known(word):
        return word
    return MEANINGS.get(lower) or MEANINGS.get(_singular(lower)) or word


def _singular(word: str) -> str:
    """Word without the s of its plural; words as short as 'ms' have none."""
    return word[:-1] if len(word) > 3 and word.endswith("s") else word


@lru_cache(maxsize=256)
def _is_known(word: str) -> bool:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", u.UnitsWarning)
            u.Unit(word)
    except ValueError:
        return False
    return True


def without_events(unit: Any) -> Any:
    """Return a unit without factors of counts and photons; a unit without them stays itself."""
    if not isinstance(unit, u.UnitBase) or not set(unit.bases) & set(_EVENTS):
        return unit
    kept = [pair for pair in zip(unit.bases, unit.powers, strict=True) if pair[0] not in _EVENTS]
    return u.CompositeUnit(unit.scale, [base for base, _ in kept], [power for _, power in kept])


def is_number(unit: u.UnitBase) -> bool:
    """Whether a unit stands for plain numbers, or for numbers of events, also in each pixel."""
    return unit.is_equivalent("") or set(unit.bases) <= {*_EVENTS, *_CELLS}


def conversion_factor(old: u.UnitBase, new: u.UnitBase) -> float:
    """Return the factor from one unit to another, where counts and photons are plain numbers.

    Raises
    ------
    astropy.units.UnitConversionError
        If the units are of different kinds.
    """
    if old.is_equivalent(new):
        return float(old.to(new))
    return float(without_events(old).to(without_events(new)))
