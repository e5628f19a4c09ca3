"""Check of the structure of FITS files: the sizes in headers must agree with the file's length.

A damaged header can declare any size. The check comes before astropy reserves memory for it.

Format: FITS standard 4.0, sections 3 and 4, https://fits.gsfc.nasa.gov/fits_standard.html
"""

from __future__ import annotations

import math
import re
from typing import BinaryIO

__all__ = ["check_structure"]

_BLOCK, _CARD = 2880, 80  # bytes

# Blocks of one header, 72 000 cards. Real headers have a few hundred cards, and long histories some
# thousands. With ten times more, 58 MB of a damaged file would be searched for the end of a header
# before the error; with ten times fewer, headers with long histories would be refused.
_MOST_BLOCKS = 2000
_MOST = {"NAXIS": 999, "TFIELDS": 999}  # limits of the FITS standard
_BITPIX = (8, 16, 32, 64, -32, -64)
_INTEGER = re.compile(rb"(BITPIX|NAXIS\d*|PCOUNT|GCOUNT|TFIELDS) *= +([+-]?\d+) *(?:/|$)")
_KEYWORD = re.compile(rb"(BITPIX|NAXIS\d*|PCOUNT|GCOUNT|TFIELDS) *=")


def check_structure(stream: BinaryIO, size: int) -> None:
    """Read all headers of a file and compare the declared sizes with the length of the file.

    Parameters
    ----------
    stream : file object
        Open for reading bytes, with ``seek``.
    size : int
        Length of the file in bytes.

    Raises
    ------
    EOFError
        If the file does not end where its last HDU ends, or ends within a header.
    ValueError
        If a header declares a size that the FITS standard excludes.
    """
    position, number = 0, 0
    while position < size:
        cards, position = _read_header(stream, position, number)
        position += -(-_data_size(cards, number) // _BLOCK) * _BLOCK
        if position > size:
            raise EOFError(
                f"HDU {number} ends at byte {position} by its header, the file at {size}"
            )
        number += 1
    if not number:
        raise EOFError("the file is empty")


def _read_header(stream: BinaryIO, position: int, number: int) -> tuple[dict[str, int], int]:
    """Return the integers that give the size of an HDU, and the position where its data start."""
    cards: dict[str, int] = {}
    stream.seek(position)
    for _ in range(_MOST_BLOCKS):
        block = stream.read(_BLOCK)
        if len(block) < _BLOCK:
            raise EOFError(f"the header of HDU {number} has no end")
        position += _BLOCK
        for start in range(0, _BLOCK, _CARD):
            card = block[start : start + _CARD]
            if card.rstrip() == b"END":
                return cards, position
            if _KEYWORD.match(card):
                found = _INTEGER.match(card.rstrip())
                if not found:
                    text = card.decode("latin1").rstrip()
                    raise ValueError(f"HDU {number} has {text!r}, expected an integer")
                cards.setdefault(found[1].decode(), int(found[2]))
    raise EOFError(f"the header of HDU {number} does not end within {_MOST_BLOCKS} blocks")


def _data_size(cards: dict[str, int], number: int) -> int:
    """Return the number of bytes that a header declares for its data."""
    naxis = cards.get("NAXIS", 0)
    for name, most in _MOST.items():
        if not 0 <= cards.get(name, 0) <= most:
            raise ValueError(f"HDU {number} has {name} {cards[name]}, expected 0 to {most}")
    axes = [cards.get(f"NAXIS{i}", -1) for i in range(1, naxis + 1)]
    pcount, gcount = cards.get("PCOUNT", 0), cards.get("GCOUNT", 1)
    bits = cards.get("BITPIX", 0)
    if bits not in _BITPIX or min([*axes, pcount, gcount]) < 0:
        raise ValueError(
            f"HDU {number} has BITPIX {bits}, axes {axes}, PCOUNT {pcount} and GCOUNT {gcount}; "
            f"expected BITPIX in {_BITPIX} and no negative number"
        )
    return abs(bits) // 8 * gcount * (pcount + (math.prod(axes) if axes else 0))
