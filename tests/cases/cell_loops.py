"""Cells of HEALPix in bins, by a look at every cell of the sky."""

import numpy as np
from astropy.coordinates import ICRS, Galactic

from xprofile.bins.shapes.shape import SphereMembers
from xprofile.maps.healpix.grid import HealpixGrid

PARTS = ("whole", "reversed", "mixed", "run", "cap")


def whole_sky(level, scheme, frame):
    return HealpixGrid.from_cells(level, scheme, frame, np.arange(12 * 4**level))


def any_cells(rng, levels):
    """A grid of the whole sky, and one with some of its cells, in any order."""
    scheme, frame = str(rng.choice(["nested", "ring"])), Galactic() if rng.integers(2) else ICRS()
    whole = whole_sky(int(rng.choice(levels)), scheme, frame)
    ids, part = np.arange(whole.shape[1]), rng.choice(PARTS)
    if part == "reversed":
        ids = ids[::-1]
    elif part == "mixed":
        ids = rng.permutation(ids)[: -(-ids.size // int(rng.choice([1, 3, 50])))]
    elif part == "run":
        ids = ids[rng.integers(ids.size - 1) :][: -(-ids.size // 5)]
    elif part == "cap":
        ids = np.flatnonzero(whole.pixel_vectors(ids)[rng.integers(3)] > 0.7)
    return whole, HealpixGrid.from_cells(whole.level, scheme, frame, ids)


def in_bins(bins, grid, vectors):
    """Whether bins hold directions, by the rule of the pixels of a grid, (nbin, n)."""
    shape, found = bins.shape, np.zeros((len(bins), vectors.shape[1]), bool)
    if isinstance(shape, SphereMembers):
        code = shape.coder(grid.frame, grid.pixel_size)(vectors)
        inside = np.flatnonzero(code >= 0)
        found[code[inside], inside] = True
    else:
        found[shape.finder(grid.frame, grid.pixel_size)(vectors[:, None])] = True
    return found


def every_cell(bins, grid):
    """Whether bins hold the centre of each cell, (nbin, ncell)."""
    return in_bins(bins, grid, grid.pixel_vectors(np.arange(grid.shape[1])))
