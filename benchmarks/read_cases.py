"""The real cube, read and checked, beside astropy, which reads the arrays in the same file."""

from astropy.io import fits
from timing import Case
from tutorial_cases import real_cube

import xprofile


def read_arrays(path):
    """Arrays of all HDUs."""
    with fits.open(path) as hdus:
        return [hdu.data for hdu in hdus]


def cases():
    """Cases of the real cube; none without it."""
    path = real_cube()
    if path is None:
        return
    for name, chunks in (("read 3FHL", None), ("read 3FHL, chunks={}", {})):
        yield Case(
            name,
            lambda chunks=chunks: xprofile.open_maps(path, chunks=chunks),
            "astropy, arrays of all HDUs",
            lambda: read_arrays(path),
            "0.3",
        )
