"""Pairs of bin and pixel: their sums, their places in a plane, and the ways to find them."""

import pickle

import astropy.units as u
import cloudpickle
import numpy as np
import pytest
from astropy.coordinates import SkyCoord
from astropy.wcs import WCS
from cases.bins import CENTER, galactic, line, rings
from cases.datasets import same
from cases.maps import make_maps, make_wcs, uneven_maps
from cases.skies import SKIES, rotated

from xprofile import SkyBins, bin_maps
from xprofile.binned.members.finding import find_members, prepare_search
from xprofile.binned.members.membership import Membership, slices
from xprofile.binned.sums.pixel_values import Place
from xprofile.maps.pixelgrid import PixelGrid
from xprofile.maps.sphere import quadrilateral, unit_vectors
from xprofile.maps.wcs import pixel_grid

SIZE = 500


def random_members(run, even):
    """Pairs in runs, whose solid angles seldom change, or from one to the next."""
    rng = np.random.default_rng(run)
    bins = np.repeat(rng.integers(0, 7, SIZE // run + 1), run)[:SIZE]
    area = rng.random(SIZE)
    if even:
        area = np.repeat(area[: SIZE // 50], 50)
    return Membership(bins, np.arange(SIZE), area, np.zeros(8))


@pytest.mark.parametrize("even", [True, False])
@pytest.mark.parametrize("run", [1, 3, 40, SIZE])
@pytest.mark.parametrize("block", [16, 1 << 16])
def test_sums_and_integrals_are_those_of_each_pair(run, even, block, monkeypatch):
    monkeypatch.setattr("xprofile.binned.members.membership._BLOCK_SIZE", block)
    members = random_members(run, even)
    values = np.random.default_rng(1).random((2, 3, SIZE)).astype(np.float32)
    for found, weights in (
        (members.sum(values), np.ones(SIZE)),
        (members.integral(values), members.solid_angle),
    ):
        expected = np.zeros((2, 3, 8))
        for pair, bin_ in enumerate(members.bin):
            expected[..., bin_] += values[..., pair].astype(float) * weights[pair]
        np.testing.assert_allclose(found, expected, rtol=1e-12, atol=0)


def test_sums_over_no_pairs_are_0():
    none = Membership(np.empty(0, int), np.empty(0, int), np.empty(0), np.zeros(3))
    np.testing.assert_array_equal(none.sum(np.empty((2, 0))), np.zeros((2, 3)))
    np.testing.assert_array_equal(none.integral(np.empty((2, 0))), np.zeros((2, 3)))


def test_compact_memberships_count_their_bins_from_0():
    bins, pixel = np.array([0, 0, 2, 5, 5]), np.arange(5)
    whole = Membership(bins, pixel, np.ones(5), np.zeros(6))
    part, numbers = whole.compact()
    np.testing.assert_array_equal(numbers, [0, 2, 5])
    np.testing.assert_array_equal(part.bin, [0, 0, 1, 2, 2])


PLANE = np.arange(35.0).reshape(5, 7)
PLACES = {
    "whole plane": np.arange(35),
    "whole rows": np.arange(7, 28),
    "rectangle": (7 * np.arange(1, 4)[:, None] + [2, 3, 4]).ravel(),
    "rectangle but for one": np.delete((7 * np.arange(1, 4)[:, None] + [2, 3, 4]).ravel(), 4),
    "as many as a rectangle": np.array([9, 10, 11, 16, 16, 18, 23, 24, 25]),
    "sheared": np.array([9, 10, 17, 18, 25, 26]),
    "rows left out": np.array([2, 3, 16, 17, 23, 24, 30, 31]),
    "backwards": np.arange(35)[::-1],
    "one": np.array([12]),
    "none": np.empty(0, int),
}


@pytest.mark.parametrize("name", PLACES)
def test_values_of_a_plane_are_those_of_its_pixels(name):
    pixel = PLACES[name]
    found = Place(pixel.astype(np.int32), 7).of(PLANE)
    np.testing.assert_array_equal(found, PLANE.ravel()[pixel])
    assert np.shares_memory(found, PLANE) == name.startswith(("whole", "one"))


@pytest.mark.parametrize("name", [name for name in SKIES if name.startswith("tan")])
@pytest.mark.parametrize("step", [1, 40])
def test_solid_angles_of_a_gnomonic_projection_are_those_of_quadrilaterals(name, step):
    """The closed form against the equation for any corners, on pixels and on large squares."""
    wcs = SKIES[name].deepcopy()
    wcs.wcs.cdelt *= step
    grid = PixelGrid(wcs, np.arange(0.0, 60, 7), np.arange(0.0, 50, 7))
    assert grid._flat is not None
    x, y = np.meshgrid(grid.x, grid.y)
    corners = ((-0.5, -0.5), (0.5, -0.5), (0.5, 0.5), (-0.5, 0.5))
    expected = quadrilateral(*(grid.vectors(x + dx, y + dy) for dx, dy in corners))
    np.testing.assert_allclose(grid.solid_angle(x, y), expected, rtol=1e-8 if step == 1 else 1e-11)


@pytest.mark.parametrize("ends", [(9, 351), (351, 9), (200, 120)])
@pytest.mark.parametrize("lat", [0, 40])
def test_boxes_along_meridians_are_found_with_and_without_vectors(ends, lat):
    start, end = galactic(list(ends), [0, 0])
    shape = SkyBins.along_line(start, end, height=30 * u.deg, nbin=13).shape
    frame = start.frame.replicate_without_data()
    lon, sky = np.arange(0.01, 360, 0.7), np.linspace(-16, 16, 31)[:, None] + lat * 0.3
    found = shape.straight_coder(frame)(lon, sky)
    assert set(np.unique(found)) >= set(range(-1, 13))
    np.testing.assert_array_equal(found, shape.coder(frame)(unit_vectors(lon, sky)))


def test_boxes_along_no_meridian_need_vectors():
    start, end = galactic([9, 351], [0, 0.01])
    shape = SkyBins.along_line(start, end, height=3 * u.deg, nbin=5).shape
    assert shape.straight_coder(start.frame.replicate_without_data()) is None
    equator = SkyCoord([9, 351], 0, unit="deg", frame="icrs")
    shape = SkyBins.along_line(*equator, height=3 * u.deg, nbin=5).shape
    assert shape.straight_coder(start.frame.replicate_without_data()) is None
    assert shape.straight_coder(equator.frame.replicate_without_data()) is not None


@pytest.mark.parametrize("bins", [rings(radius=5, nbin=4), line()], ids=["rings", "line"])
@pytest.mark.parametrize(
    "selection",
    [
        {"lon": slice(None, None, -1)},
        {"lat": slice(None, None, 2)},
        {"lon": slice(None, None, 3), "lat": slice(50, 10, -1)},
    ],
)
def test_blocks_of_maps_that_are_turned_or_thinned_out(bins, selection):
    maps = uneven_maps().isel(selection)
    same(bin_maps(maps.chunk(lat=9, lon=11), bins), bin_maps(maps, bins))
    search = prepare_search(bins, pixel_grid(maps))
    np.testing.assert_allclose(search.outside, search.members().outside, rtol=1e-12, atol=0)


def test_a_search_has_the_pixels_of_each_block():
    maps, bins = uneven_maps(), SkyBins.annuli(CENTER, radius_max=2 * u.deg, nbin=3)
    search, chunks = prepare_search(bins, pixel_grid(maps)), ((25, 25, 10), (30, 50))
    plane, expected = np.full((60, 80), -1), np.full((60, 80), -1)
    for (i, j), find in search.blocks(chunks):
        members, numbers = find()
        block = plane[25 * i :, 30 * j :][: chunks[0][i], : chunks[1][j]]
        block[np.divmod(members.pixel, chunks[1][j])] = numbers[members.bin]
    whole = search.members()
    expected.flat[whole.pixel] = whole.bin
    np.testing.assert_array_equal(plane, expected)


@pytest.mark.parametrize("shape", [(8, 16), (1, 127), (1, 128), (129, 1), (128, 256)])
def test_maps_of_any_number_of_pixels(shape):
    """Numbers of 8 and 16 bits end at some of them."""
    maps = make_maps(make_wcs(shape=shape), shape, nenergy=1, ntrue=1)
    bins = SkyBins.grid(CENTER, width=40 * u.deg, height=40 * u.deg, nbin=(2, 1))
    expected = bin_maps(maps, bins)
    assert expected["counts"].sum() == (maps["counts"] * maps["mask"]).sum()
    same(bin_maps(maps.chunk(lat=1, lon=128), bins), expected)


def centred(projection, crval=(0.0, 0.0), step=0.1):
    """A plane of 41 x 201 pixels with one in the middle, so that edges may be where pixels are."""
    wcs = WCS(naxis=2)
    wcs.wcs.ctype = [f"GLON-{projection}", f"GLAT-{projection}"]
    wcs.wcs.crval, wcs.wcs.crpix, wcs.wcs.cdelt = crval, (101, 21), (-step, step)
    return wcs


PLANES = {
    "CAR": centred("CAR"),
    "TAN": centred("TAN"),
    "AIT": centred("AIT"),
    "CAR off 0": centred("CAR", (83.63308333333333, 0), 1 / 60),
    "TAN off 0": centred("TAN", (83.63308333333333, 22.01447), 1 / 60),
    "AIT off 0": centred("AIT", (83.63308333333333, 0), 1 / 60),
    "CAR by a matrix": rotated(centred("CAR", (83.63308333333333, 0), 1 / 60), 0),
    "ZEA turned": rotated(centred("ZEA", (83.63308333333333, 22.01447), 1 / 60), 33),
}


@pytest.mark.parametrize("name", PLANES)
def test_pixels_on_edges_do_not_change_bins_with_the_chunks(name):
    """Not in other processes either, where a WCS comes by its header."""
    wcs = PLANES[name]
    grid = PixelGrid(wcs, np.arange(201.0), np.arange(41.0))
    step = wcs.wcs.cdelt[1]
    center = SkyCoord(*wcs.wcs.crval, unit="deg", frame="galactic")
    size = {"width": 200 * step * u.deg, "height": 20 * step * u.deg}
    for angle in (90, 77):
        bins = SkyBins.grid(center, **size, nbin=(20, 4), position_angle=angle * u.deg)
        search = prepare_search(bins, grid)
        whole = search.members()
        expected = np.full(grid.shape, -1)
        expected.flat[whole.pixel] = whole.bin
        for chunks in (((41,), (70, 0, 70, 61)), ((20, 21), (1, 200))):
            found = np.full(grid.shape, -1)
            for (i, j), find in search.blocks(chunks):
                members, numbers = pickle.loads(cloudpickle.dumps(find))()
                y, x = (slices(sizes)[k] for sizes, k in zip(chunks, (i, j), strict=True))
                found[y, x].flat[members.pixel] = numbers[members.bin]
            np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("projection", ["TAN", "ZEA", "CAR"])
@pytest.mark.parametrize("pole", [-90, 90])
@pytest.mark.parametrize("center", [(0, 0), (141, 64), (33, -18), (266, 29), (83.6, 22)])
def test_poles_of_a_grid_are_in_a_box(projection, pole, center):
    center = SkyCoord(*center, unit="deg", frame="galactic")
    end = center.directional_offset_by((90 - pole) * u.deg, 90 * u.deg)
    wcs = centred(projection, (end.l.deg, 0 if projection == "CAR" else end.b.deg))
    if projection == "CAR":
        wcs.wcs.crpix = (101, 21 - end.b.deg / 0.1)
    grid = PixelGrid(wcs, np.arange(90.0, 111), np.arange(10.0, 31))
    bins = SkyBins.grid(center, width=360 * u.deg, height=180 * u.deg, nbin=(3, 2))
    there = np.isfinite(grid.lonlat(grid.x, grid.y[:, None])[1]) & np.ones(grid.shape, bool)
    assert np.unique(find_members(bins, grid).pixel).size == np.count_nonzero(there)
