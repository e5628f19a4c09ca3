"""Random changes of the bytes of files."""

import numpy as np

BLOCK, CARD = 2880, 80
NUMBERS = [b"0", b"-1", b"1", b"2", b"3", b"8", b"1E300", b"-1E-300", b"2147483648", b"NaN", b"T"]
TEXTS = [b"''", b"'GLON-TAN'", b"'keV'", b"'cm2 s'", b"'no unit'", b"'ENERGIES'", b"'\xff\xfe'"]


def pick(rng, choices):
    return list(choices)[rng.integers(len(choices))]


def is_header(data, block):
    """Whether a block of a file is part of a header."""
    part = data[block * BLOCK : (block + 1) * BLOCK]
    return bool(part) and all(32 <= byte < 127 for byte in part[:CARD])


def change_card(rng, data):
    """Change the value of a keyword, remove the keyword, or repeat it."""
    blocks = [b for b in range(len(data) // BLOCK) if is_header(data, b)]
    if not blocks:
        return
    start = int(rng.choice(blocks)) * BLOCK + CARD * int(rng.integers(BLOCK // CARD))
    card = bytes(data[start : start + CARD])
    kind = rng.integers(4)
    if kind == 0:
        new = b" " * CARD
    elif kind == 1:
        other = int(rng.choice(blocks)) * BLOCK + CARD * int(rng.integers(BLOCK // CARD))
        new = bytes(data[other : other + CARD])
    else:
        value = (
            NUMBERS[rng.integers(len(NUMBERS))] if kind == 2 else TEXTS[rng.integers(len(TEXTS))]
        )
        new = (card[:10] + value.rjust(20)).ljust(CARD)[:CARD]
    data[start : start + CARD] = new


def change_bytes(rng, data):
    for _ in range(rng.integers(1, 9)):
        data[rng.integers(len(data))] = rng.integers(256)


def change_values(rng, data):
    """Write odd numbers into tables and images."""
    odd = [np.nan, np.inf, -np.inf, -1.0, 0.0, 1e300, 0.5]
    blocks = [b for b in range(len(data) // BLOCK) if not is_header(data, b)]
    if blocks:
        kind = rng.choice([">f4", ">f8", ">i4", ">i2"])
        with np.errstate(over="ignore", invalid="ignore"):
            value = np.array(odd[rng.integers(len(odd))]).astype(kind).tobytes()
        start = int(rng.choice(blocks)) * BLOCK + 8 * int(rng.integers(BLOCK // 8))
        data[start : start + len(value)] = value


def change_length(rng, data):
    """Cut the end, or cut out, repeat or swap blocks."""
    at, size = int(rng.integers(len(data))), int(rng.integers(1, 3 * BLOCK))
    kind = rng.integers(4)
    if kind == 0:
        del data[at:]
    elif kind == 1:
        at = at // BLOCK * BLOCK
        del data[at : at + BLOCK]
    elif kind == 2:
        at = at // BLOCK * BLOCK
        data[at:at] = data[at : at + BLOCK]
    else:
        data[at:at] = bytes(rng.integers(0, 256, size, dtype=np.uint8))


CHANGES = [change_card, change_card, change_card, change_bytes, change_values, change_length]


def changed(rng, content):
    data = bytearray(content)
    for _ in range(rng.integers(1, 4)):
        if data:
            CHANGES[rng.integers(len(CHANGES))](rng, data)
    return bytes(data)
