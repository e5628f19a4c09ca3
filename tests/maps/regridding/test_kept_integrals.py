"""Integrals of compact sources on the pixels of other grids."""

import numpy as np
import pytest
from astropy.coordinates import ICRS, Galactic, SkyCoord
from cases.maps import make_wcs

from xprofile.maps.healpix.grid import HealpixGrid
from xprofile.maps.pixelgrid import PixelGrid, pixel_numbers
from xprofile.maps.regridding.any_averaging import average_to_any

POLE = SkyCoord(123, 89.8, unit="deg", frame="galactic")


def cells(level, frame, scheme="nested"):
    return HealpixGrid(level, scheme, frame, np.arange(12 * 4**level))


def plane(projection, step, shape, center=(0, 0), frame="galactic"):
    wcs = make_wcs(projection, center, step, shape, frame=frame)
    return PixelGrid(wcs, pixel_numbers(shape[1]), pixel_numbers(shape[0]))


TARGETS = {
    "cells": lambda: cells(3, ICRS(), "ring"),
    "plate carree": lambda: plane("CAR", 6.0, (30, 60)),
    "tangent plane": lambda: plane("TAN", 3.0, (9, 9), (120, 87)),
}
SOURCES = {
    "cells": lambda: cells(6, Galactic()),
    "tangent plane": lambda: plane("TAN", 0.5, (31, 31), (POLE.l.deg, POLE.b.deg)),
}


def solid_angles(grid):
    return grid.pixel_solid_angles(np.arange(grid.shape[0] * grid.shape[1])).reshape(grid.shape)


@pytest.mark.heavy
@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("width", [2.0, 1.0])
def test_a_compact_source_keeps_its_integral(source, target, width):
    """At a pole of the plane, where pixels are narrow, and in cells of another frame."""
    source, target = SOURCES[source](), TARGETS[target]()
    size = source.shape[0] * source.shape[1]
    cosine = POLE.galactic.cartesian.xyz.value @ source.pixel_vectors(np.arange(size))
    values = np.exp((cosine - 1) / np.radians(width) ** 2).reshape(1, *source.shape)
    means, _ = average_to_any(values, source, target)
    expected = (values * solid_angles(source)).sum()
    np.testing.assert_allclose((means * solid_angles(target)).sum(), expected, rtol=1e-3)


@pytest.mark.heavy
@pytest.mark.parametrize("target", [cells(3, ICRS()), plane("CAR", 6.0, (30, 60))])
def test_single_cells_keep_their_integral_and_an_even_sky_stays(target):
    source = cells(6, Galactic())
    values = np.zeros((2, 1, source.shape[1]))
    values[0, 0, ::5003], values[1] = 1, 1
    means, covered = average_to_any(values, source, target)
    expected = 10 * source.cell_solid_angle
    np.testing.assert_allclose((means[0] * solid_angles(target)).sum(), expected, rtol=1e-6)
    np.testing.assert_allclose(means[1], 1, rtol=1e-7)
    np.testing.assert_allclose(covered, 1, rtol=1e-7)
