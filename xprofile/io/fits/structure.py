"""Structure of FITS files: sizes that headers declare, checked before memory is taken for them.

Format: FITS standard 4.0, sections 3 and 4, https://fits.gsfc.nasa.gov/fits_standard.html
"""

from __future__ import annotations

import math
import re
from typing import BinaryIO

__all__ = ["check_structure"]

_BLOCK, _CARD = 2880, 80

_MOST_BLOCKS = 2000  # of one header, 72 000 cards

_MOST = {"NAXIS": 999, "TFIELDS": 999}

_BITS = (8, 16, 32, 64, -32, -64)

_INTEGER = re.compile(rb"(BITPIX|NAXIS\d*|PCOUNT|GCOUNT|TFIELDS) *= +([+-]?\d+) *(?:/|$)")

_NAMED = re.compile(rb"(BITPIX|NAXIS\d*|PCOUNT|GCOUNT|TFIELDS) *=")


def check_structure(stream: BinaryIO, size: int) -> None:
    """Walk over the headers of a file.

    Parameters
    ----------
    stream : file object
        Of bytes, that can seek.
    size : int
        Length of the file.

    Raises
    ------
    EOFError
        If the file ends, or goes on, elsewhere than its last HDU, or in a header.
    ValueError
        If a header declares what no HDU has.
    """
    place, number = 0, 0
    while place < size:
        cards, place = _header(stream, place, number)
        place += -(-_data_size(cards, number) // _BLOCK) * _BLOCK
        if place > size:
            raise EOFError(f"HDU {number} ends at byte {place} by its header, the file at {size}")
        number += 1
    if not number:
        raise EOFError("the file is empty")


def _header(stream: BinaryIO, place: int, number: int) -> tuple[dict[str, int], int]:
    """Integers that size an HDU, and where its header ends."""
    cards: dict[str, int] = {}
    stream.seek(place)
    for _ in range(_MOST_BLOCKS):
        block = stream.read(_BLOCK)
        if len(block) < _BLOCK:
            raise EOFError(f"the header of HDU {number} has no end")
        place += _BLOCK
        for start in range(0, _BLOCK, _CARD):
            card = block[start : start + _CARD]
            if card.rstrip() == b"END":
                return cards, place
            if _NAMED.match(card):
                found = _INTEGER.match(card.rstrip())
                if not found:
                    raise ValueError(f"HDU {number} has {card.decode('latin1').rstrip()!r}")
                cards.setdefault(found[1].decode(), int(found[2]))
    raise EOFError(f"the header of HDU {number} does not end within {_MOST_BLOCKS} blocks")


def _data_size(cards: dict[str, int], number: int) -> int:
    """Bytes of data that a header declares."""
    naxis = cards.get("NAXIS", 0)
    for name, most in _MOST.items():
        if not 0 <= cards.get(name, 0) <= most:
            raise ValueError(f"HDU {number} has {name} {cards[name]}, expected 0 to {most}")
    axes = [cards.get(f"NAXIS{i}", -1) for i in range(1, naxis + 1)]
    pcount, gcount = cards.get("PCOUNT", 0), cards.get("GCOUNT", 1)
    bits = cards.get("BITPIX", 0)
    if bits not in _BITS or min([*axes, pcount, gcount]) < 0:
        raise ValueError(
            f"HDU {number} has BITPIX {bits}, axes {axes}, PCOUNT {pcount} and GCOUNT {gcount}; "
            f"expected BITPIX in {_BITS} and no negative number"
        )
    return abs(bits) // 8 * gcount * (pcount + (math.prod(axes) if axes else 0))
