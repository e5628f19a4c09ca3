"""Means over pixels of another grid, where one of them is in HEALPix, or both."""

import numpy as np
import pytest
from astropy.coordinates import ICRS, Galactic, SkyCoord
from cases.maps import make_wcs

from xprofile.maps.healpix.grid import HealpixGrid
from xprofile.maps.pixelgrid import PixelGrid, pixel_numbers
from xprofile.maps.regridding.any_averaging import average_to_any


def cells(level, ids=None, *, scheme="nested", frame=None):
    ids = np.arange(12 * 4**level) if ids is None else ids
    return HealpixGrid(level, scheme, Galactic() if frame is None else frame, ids)


def pixels(step=1.0, shape=(20, 30), center=(30, 20)):
    wcs = make_wcs("TAN", center, step, shape)
    return PixelGrid(wcs, pixel_numbers(shape[1]), pixel_numbers(shape[0]))


def smooth(grid):
    """A brightness that changes slowly over the sky, in planes (2, ny, nx)."""
    size = grid.shape[0] * grid.shape[1]
    x, y, z = grid.pixel_vectors(np.arange(size))
    return np.stack([1 + 0.3 * x + 0.2 * y * z, 2 - z**2]).reshape(2, *grid.shape)


def test_cells_of_a_deeper_level_are_averaged():
    rng = np.random.default_rng(1)
    values = rng.uniform(0, 1, (2, 1, 768))
    means, covered = average_to_any(values, cells(3), cells(1))
    np.testing.assert_allclose(means[:, 0], values[:, 0].reshape(2, 48, 16).mean(axis=2))
    np.testing.assert_array_equal(covered, np.ones((1, 48)))


@pytest.mark.parametrize("scheme", ["nested", "ring"])
def test_cells_in_any_order_and_scheme_are_copied(scheme):
    target = cells(2, np.array([5, 0, 77]), scheme=scheme)
    source = cells(2, np.random.default_rng(2).permutation(192)[:150])
    values = source.nested[None, None].astype(float)
    means, covered = average_to_any(values, source, target)
    known = np.isin(target.nested, source.nested)
    np.testing.assert_array_equal(means[0, 0], np.where(known, target.nested, 0))
    np.testing.assert_array_equal(covered[0], known)


def test_unknown_parts_of_cells_are_not_covered():
    values = np.ones((1, 1, 768))
    values[0, 0, 3] = np.nan
    means, covered = average_to_any(values, cells(3), cells(2))
    assert covered[0, 0] == means[0, 0, 0] == 0.75
    assert covered[0, 1:].min() == 1


SOURCES = {
    "coarser cells": cells(5), "cells of another order": cells(7, scheme="ring"),
    "much finer cells": cells(8), "pixels": pixels(0.5, (120, 140)),
}  # fmt: skip


@pytest.mark.heavy
@pytest.mark.parametrize("name", SOURCES)
@pytest.mark.parametrize("kind", ["cells", "pixels"])
def test_a_slow_change_is_interpolated_to_its_values(kind, name):
    source, target = SOURCES[name], pixels()
    if kind == "cells":
        lon, lat = cells(6).pixel_positions(np.arange(12 * 4**6))
        target = cells(6, np.flatnonzero((np.abs(lon - 30) < 10) & (np.abs(lat - 20) < 10)))
    means, covered = average_to_any(smooth(source), source, target)
    np.testing.assert_allclose(covered, 1)
    np.testing.assert_allclose(means, smooth(target), rtol=3e-3)


@pytest.mark.slow
def test_cells_of_another_frame_are_turned():
    source, target = cells(6, frame=ICRS()), cells(5, np.arange(40))
    lon, lat = source.pixel_positions(np.arange(source.shape[1]))
    there = SkyCoord(lon, lat, unit="deg", frame="icrs").galactic
    means, _ = average_to_any(np.sin(there.b.rad)[None, None], source, target)
    _, lat = target.pixel_positions(np.arange(40))
    np.testing.assert_allclose(means[0, 0], np.sin(np.radians(lat)), atol=3e-3)
