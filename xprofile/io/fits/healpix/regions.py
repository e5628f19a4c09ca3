"""Cells of the regions in HPX_REG, for tables that do not list their cells.

Format: the keyword HPX_REG of the Fermi tools and Gammapy. The cells are in ascending order.
"""

from __future__ import annotations

import re
from typing import Literal

import numpy as np
from astropy.coordinates import ICRS
from numpy.typing import NDArray

from ....exceptions import FileFormatError
from ....maps.healpix.grid import HealpixGrid
from ....maps.sphere import unit_vectors

__all__ = ["cells_of_region"]

Float = NDArray[np.float64]
Int = NDArray[np.int64]
Scheme = Literal["nested", "ring"]

_REGION = re.compile(r"\s*([A-Za-z_]+)\s*\((.*)\)\s*$")

# Cells whose centres are compared with a circle at once: those within coarse cells of this level
# are left out together. Deeper, there are more coarse cells than fine ones in them; less deep, most
# cells of the sky are compared for a small circle.
_COARSE = 6


# How many times more cells than rows a region may have, before these are not even counted: a wrong
# NSIDE gives four times more at least. Ten times larger, a damaged header could fill the memory.
_MOST_TIMES, _FEW = 3.0, 1000

# Most cells of a region of sparse values, whose numbers take 4 GB. Ten times more fill the memory;
# with a tenth, half of a sky of NSIDE 4096 would be refused.
_MOST_CELLS = 500_000_000

_TOGETHER = 1 << 22  # cells that are compared with a circle at once; affects memory alone


def cells_of_region(text: str, level: int, scheme: Scheme, rows: int | None, label: str) -> Int:
    """Return the numbers of the cells in a region.

    ``DISK(lon, lat, radius)`` has the cells whose centres are within the circle;
    ``HPX_PIXEL(ordering, nside, number)`` has those within a larger cell.

    Raises
    ------
    FileFormatError
        If the region is of another kind.
    """
    match = _REGION.match(text)
    kind = match[1].upper() if match else ""
    numbers = [part.strip() for part in match[2].split(",")] if match else []
    try:
        if kind == "DISK":
            nested = _cells_of_disk(*(float(n) for n in numbers), level=level, rows=rows)
        elif kind == "HPX_PIXEL":
            nested = _cells_of_cell(numbers[0], int(numbers[1]), int(numbers[2]), level, rows)
        else:
            raise ValueError
    except (ValueError, TypeError, IndexError) as error:
        cells = "the cells" if rows is None else f"{rows} cells"
        raise FileFormatError(
            f"{label} does not list its cells, and has the HPX_REG {text!r}, "
            f"expected DISK(lon,lat,radius) or HPX_PIXEL(ordering,nside,number) for {cells} of "
            f"NSIDE {2**level}; write the map anew, whole or with the numbers of its cells"
        ) from error
    return np.sort(_grid(level, scheme, np.arange(1)).numbers_of(nested))


def _grid(level: int, scheme: Scheme, numbers: Int) -> HealpixGrid:
    return HealpixGrid(level, scheme, ICRS(), numbers)


def _cells_of_disk(lon: float, lat: float, radius: float, *, level: int, rows: int | None) -> Int:
    """Nested numbers of cells whose centres are within a circle; angles in deg."""
    share = (1 - np.cos(np.radians(min(max(radius, 0.0), 180.0)))) / 2
    _check_number(share * 12 * 4**level, rows)
    centre = unit_vectors(np.array([lon]), np.array([lat]))[:, 0]
    coarse = min(level, _COARSE)
    grid = _grid(coarse, "nested", np.arange(12 * 4**coarse))
    margin = 2 * grid.pixel_size  # more than from the centre of a cell to its farthest corner
    near = np.flatnonzero(_within(grid, grid.cell_ids, centre, radius + margin))
    step = 4 ** (level - coarse)
    together = max(_TOGETHER // step, 1)
    return np.concatenate(
        [_within_disk(near[i : i + together], step, level, centre, radius)
         for i in range(0, max(near.size, 1), together)]
    )  # fmt: skip


def _within_disk(coarse: Int, step: int, level: int, centre: Float, radius: float) -> Int:
    """The same for cells in some larger cells, each with `step` of them."""
    numbers = (coarse[:, None] * step + np.arange(step)).reshape(-1)
    inside = _within(_grid(level, "nested", numbers), np.arange(numbers.size), centre, radius)
    return np.asarray(numbers[inside])


def _within(grid: HealpixGrid, index: Int, centre: Float, radius: float) -> Int:
    vectors = grid.pixel_vectors(index)
    apart = np.linalg.norm(vectors - centre[:, None], axis=0)
    return np.asarray(apart <= 2 * np.sin(np.radians(min(max(radius, 0.0), 180.0)) / 2))


def _check_number(cells: float, rows: int | None) -> None:
    """Raise if a region has far more cells than rows."""
    if not cells <= (_MOST_CELLS if rows is None else _MOST_TIMES * rows + _FEW):
        raise ValueError


def _cells_of_cell(ordering: str, nside: int, number: int, level: int, rows: int | None) -> Int:
    """Nested numbers of cells within a larger cell."""
    coarse = nside.bit_length() - 1
    scheme: Scheme = "nested" if ordering.upper() == "NESTED" else "ring"
    if nside != 2**coarse or coarse > level or not 0 <= number < 12 * 4**coarse:
        raise ValueError
    _check_number(4 ** (level - coarse), rows)
    nested = int(_grid(coarse, scheme, np.arange(1)).nested_of(np.array([number]))[0])
    step = 4 ** (level - coarse)
    return np.asarray(nested * step + np.arange(step))
