"""Pixel centres on the edges of regions of a list: each in one of two neighbours."""

import astropy.units as u
import numpy as np
import pytest
from astropy.coordinates import SkyCoord
from cases.region_oracle import any_maps
from regions import CircleAnnulusSkyRegion, CircleSkyRegion, RectangleSkyRegion

from xprofile import SkyBins, bin_image, skycoord
from xprofile.binned.members.finding import find_members
from xprofile.maps.wcs import pixel_grid

STEP = 1e-3  # of pixels in deg: so small that the sphere is flat to 1e-6 of a pixel
FLIPS = [(1, 1), (-1, 1), (1, -1)]
CENTERS = [("CAR", (0, 0)), ("TAN", (83.63, 60)), ("ZEA", (359.999, -22)), ("STG", (12, 85))]


def small_map(projection="CAR", center=(0, 0), flip=(1, 1), turn=0):
    maps = any_maps(
        projection, center, STEP, frame="galactic", flip=flip, turn=turn, shape=(31, 31)
    )
    return maps, SkyCoord(*center, unit="deg", frame="galactic")


def planes(regions, maps):
    """Whether each region holds each pixel, (nregion, ny, nx)."""
    members = find_members(SkyBins.from_regions(regions), pixel_grid(maps))
    found = np.zeros((len(regions), 31 * 31), bool)
    found[members.bin, members.pixel] = True
    return found.reshape(-1, 31, 31)


def offsets(maps, center):
    """Pixels to the East and to the North of the centre, (ny, nx) each."""
    local = skycoord(maps).transform_to(center.skyoffset_frame())
    east, north = local.lon.wrap_at("180d").deg, local.lat.deg
    return np.round(east / STEP).astype(int), np.round(north / STEP).astype(int)


def rectangle(center, angle, width=4, height=6):
    return RectangleSkyRegion(center, width * STEP * u.deg, height * STEP * u.deg, angle * u.deg)


@pytest.mark.parametrize("flip", FLIPS)
@pytest.mark.parametrize(("projection", "place"), CENTERS)
@pytest.mark.parametrize("turns", [0, 1, 2, 3, 4, -1])
def test_the_lower_sides_of_a_rectangle_are_in_and_the_upper_ones_out(
    projection, place, flip, turns
):
    """At angle 0 the sides in the West and South are in; others are this rectangle, turned."""
    maps, center = small_map(projection, place, flip)
    east, north = offsets(maps, center)
    for _ in range(turns % 4):
        east, north = -north, east
    expected = (east >= -2) & (east < 2) & (north >= -3) & (north < 3)
    found = planes([rectangle(center, 90 * turns)], maps)[0]
    np.testing.assert_array_equal(found, expected)
    assert found.sum() == 24


@pytest.mark.parametrize(("projection", "place"), CENTERS)
@pytest.mark.parametrize("angle", [0, 90, 180, 270, 360, -90])
@pytest.mark.parametrize("frame", ["galactic", "icrs"])
def test_neighbours_share_and_miss_no_pixel(projection, place, angle, frame):
    maps, center = small_map(projection, place)
    width, height = (4, 6) if angle % 180 == 0 else (6, 4)
    columns, rows = np.meshgrid([-4, 0, 4], [-6, 0, 6])
    places, above = (
        SkyCoord(columns * STEP * u.deg, rows * STEP * u.deg + up, frame=center.skyoffset_frame())
        .transform_to(frame)
        .ravel()
        for up in (0 * u.deg, 1 * u.arcsec)
    )
    turns = angle + places.position_angle(above).deg
    cells = [rectangle(*cell, width, height) for cell in zip(places, turns, strict=True)]
    found = planes(cells, maps)
    np.testing.assert_array_equal(found.sum(axis=(1, 2)), 24)
    np.testing.assert_array_equal(np.unique(found.sum(axis=0)), [0, 1])
    block = found.any(axis=0)
    assert np.count_nonzero(block.any(axis=0)) * np.count_nonzero(block.any(axis=1)) == 9 * 24
    one, other = cells[4:6]
    np.testing.assert_array_equal(
        planes([one | other, one & other, one ^ other, one], maps).sum(axis=(1, 2)), [48, 0, 48, 24]
    )


@pytest.mark.parametrize("turn", [0, 90, 37])
@pytest.mark.parametrize(("projection", "place"), CENTERS)
def test_annuli_with_a_common_edge_share_and_miss_no_pixel(projection, place, turn):
    """Edges at 0, 5, 10, 13 pixels go through 1, 12, 12 and 12 pixels."""
    maps, center = small_map(projection, place, turn=turn)
    y, x = np.mgrid[-15:16, -15:16]
    square = x**2 + y**2
    for here in (center, center.icrs, center.fk5):
        edges = np.array([0, 5, 10, 13]) * STEP * u.deg
        annuli = [CircleAnnulusSkyRegion(here, *edges[i : i + 2]) for i in (1, 2)]
        found = planes([CircleSkyRegion(here, edges[1]), *annuli], maps)
        for plane, low, high in zip(found, [0, 5, 10], [5, 10, 13], strict=True):
            np.testing.assert_array_equal(plane, (low**2 <= square) & (square < high**2))


def test_a_circle_of_1963_pixels_on_a_sheared_map():
    """As in the plane of the map it would have 2284."""
    maps = any_maps("TAN", (83.63, 22.01), 0.02, shear=0.6, shape=(120, 120))
    center = SkyCoord(83.635, 22.015, unit="deg")
    expected = np.count_nonzero(skycoord(maps).separation(center) < 0.5 * u.deg)
    counts = bin_image(maps.counts[0] * 0 + 1, [CircleSkyRegion(center, 0.5 * u.deg)])
    assert counts == expected
    np.testing.assert_allclose(counts, np.pi * 25**2, rtol=5e-3)


@pytest.mark.parametrize("angle", [0, 40, 90])
def test_a_box_at_60_deg_on_a_plate_carree_has_all_its_pixels(angle):
    maps = any_maps("CAR", (0, 0), 0.1, frame="galactic", shape=(1400, 200))
    maps = maps.isel(lat=slice(1250, 1350))
    center = SkyCoord(0.013, 60.013, unit="deg", frame="galactic")
    local = skycoord(maps).transform_to(center.skyoffset_frame(rotation=angle * u.deg))
    lon, lat = abs(local.lon.wrap_at("180d").deg), abs(local.lat.deg)
    box = RectangleSkyRegion(center, 5 * u.deg, 3 * u.deg, angle * u.deg)
    counts = bin_image(maps.counts[0] * 0 + 1, [box])
    assert counts == np.count_nonzero((lon < 2.5) & (lat < 1.5))
    np.testing.assert_allclose(counts, 15 / (0.1**2 * np.cos(np.radians(60))), rtol=5e-3)
