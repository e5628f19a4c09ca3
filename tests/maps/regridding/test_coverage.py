"""Coverage by blocks, compared with that pixel by pixel."""

import numpy as np
import pytest
from astropy.wcs import WCS

from xprofile.maps.pixelgrid import PixelGrid, pixel_numbers
from xprofile.maps.regridding import coverage
from xprofile.maps.regridding.interpolation import covered_pixels, interpolate_to


def make_grid(projection, size, step, center=(0, 0)):
    wcs = WCS(naxis=2)
    wcs.wcs.ctype = [f"GLON-{projection}", f"GLAT-{projection}"]
    wcs.wcs.crval, wcs.wcs.cdelt = center, [-step, step]
    wcs.wcs.crpix = [(size + 1) / 2] * 2
    return PixelGrid(wcs, pixel_numbers(size), pixel_numbers(size))


@pytest.mark.parametrize("source", ["CAR", "TAN", "AIT", "HPX"])
@pytest.mark.parametrize(("size", "center"), [(60, (0, 0)), (150, (3, 2)), (60, (178, 0))])
def test_blocks_cover_the_same_pixels(monkeypatch, source, size, center):
    monkeypatch.setattr(coverage, "_BLOCK", 32)
    monkeypatch.setattr(coverage, "_STEP", 8)
    grids = make_grid(source, size, 0.1), make_grid("TAN", 100, 0.1, center)
    np.testing.assert_array_equal(coverage.coverage(*grids), covered_pixels(*grids))


def test_blocks_inside_are_not_examined_pixel_by_pixel(monkeypatch):
    monkeypatch.delattr(coverage, "covered_pixels")
    assert coverage.coverage(make_grid("TAN", 120, 0.1), make_grid("CAR", 600, 0.01)).all()


def test_parts_are_interpolated_like_the_whole(monkeypatch):
    source, target = make_grid("CAR", 60, 0.1), make_grid("TAN", 50, 0.1, (1, 0))
    values = np.random.default_rng(0).normal(size=(2, 60, 60))
    whole = interpolate_to(values, source, target)
    monkeypatch.setattr("xprofile.maps.regridding.interpolation._TOGETHER", 350)
    np.testing.assert_array_equal(interpolate_to(values, source, target), whole)
