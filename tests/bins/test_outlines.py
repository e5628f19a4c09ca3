"""Outlines of bins: on the sky, and in a flat map."""

import astropy.units as u
import numpy as np
import pytest
from astropy.coordinates import SkyCoord, SkyOffsetFrame
from cases.bin_places import (
    FLAT,
    codes,
    some_places,
)
from cases.bin_shapes import every_shape, shapes
from cases.maps import make_maps
from matplotlib.path import Path
from regions import PointSkyRegion

from xprofile.bins.outlines import region_paths
from xprofile.bins.skybins import SkyBins
from xprofile.exceptions import InvalidBinsError
from xprofile.maps.wcs import pixel_grid


@some_places
def test_outlines_of_annuli_and_lines_are_the_edges(place):
    bins = SkyBins.annuli(place.center, edges=place.reach * np.array([0.2, 0.6, 1]) * u.deg)
    for outline, low, high in zip(bins.shape.outlines(), bins.lower, bins.upper, strict=True):
        distance = place.center.separation(outline).deg
        np.testing.assert_allclose(distance[distance > (low + high) / 2], high, rtol=1e-9)
        np.testing.assert_allclose(distance[distance < (low + high) / 2], low, rtol=1e-9)
    end = place.center.directional_offset_by(25 * u.deg, place.reach * u.deg)
    boxes = SkyBins.along_line(place.center, end, height=0.5 * place.reach * u.deg, nbin=2)
    rotation = place.center.position_angle(end) - 90 * u.deg
    frame = SkyOffsetFrame(origin=place.center, rotation=rotation)
    for outline, low, high in zip(boxes.shape.outlines(), boxes.lower, boxes.upper, strict=True):
        offset = outline.transform_to(frame)
        lon, lat = offset.lon.wrap_at(180 * u.deg).deg, offset.lat.deg
        side = np.isclose(np.abs(lat), 0.25 * place.reach, rtol=1e-9, atol=0)
        assert np.all(side | np.isclose(lon, low, atol=1e-9) | np.isclose(lon, high, atol=1e-9))
        np.testing.assert_allclose([lon.min(), lon.max()], [low, high], atol=1e-9)
        np.testing.assert_allclose([lat.min(), lat.max()], place.reach * np.array([-0.25, 0.25]))


@every_shape
def test_outlines_are_the_edges(name):
    """A pixel is in a bin if it is inside the bin's closed outline, in a flat map."""
    bins = shapes(FLAT)[name]
    expected = codes(bins, FLAT.maps)
    x, y = np.meshgrid(np.arange(80), np.arange(60))
    for i, outline in enumerate(bins.shape.outlines()):
        rings = 2 if "ellipses" in name or name == "annuli" else 1
        for ring in np.split(np.arange(outline.size), rings):
            assert outline[ring[0]].separation(outline[ring[-1]]) < 1e-9 * u.deg
        path = Path(np.stack(FLAT.wcs.world_to_pixel(outline), axis=-1))
        inside = path.contains_points(np.stack([x.ravel(), y.ravel()], axis=-1)).reshape(60, 80)
        assert np.sum(inside != (expected == i)) < 5 + 0.01 * inside.sum()


def test_points_have_no_outline():
    point = PointSkyRegion(SkyCoord(0, 0, unit="deg", frame="galactic"))
    grid = pixel_grid(make_maps())
    with pytest.raises(InvalidBinsError, match="PointSkyRegion has no outline to draw"):
        region_paths([point], grid, planar=True)
