"""Search for the pixels of bins in whole maps, in blocks, and in other processes."""

import pickle

import astropy.units as u
import cloudpickle
import numpy as np
import pytest
from astropy.coordinates import SkyCoord
from astropy.wcs import WCS
from cases.bins import CENTER, line, rings
from cases.datasets import same
from cases.maps import make_maps, make_wcs, uneven_maps
from cases.skies import rotated
from regions import CircleSkyRegion

from xprofile import SkyBins, bin_maps
from xprofile.binned.members.finding import find_members, prepare_search
from xprofile.binned.members.membership import chunk_slices
from xprofile.binned.members.search import _solid_angles
from xprofile.maps.pixelgrid import PixelGrid
from xprofile.maps.wcs import pixel_grid


@pytest.mark.heavy
@pytest.mark.parametrize("bins", [rings(radius=5, nbin=4), line()], ids=["rings", "line"])
@pytest.mark.parametrize(
    "selection",
    [
        {"lon": slice(None, None, -1)},
        {"lat": slice(None, None, 2)},
        {"lon": slice(None, None, 3), "lat": slice(50, 10, -1)},
    ],
)
def test_blocks_of_reversed_and_thinned_maps(bins, selection):
    maps = uneven_maps().isel(selection)
    same(bin_maps(maps.chunk(lat=9, lon=11), bins), bin_maps(maps, bins))
    search = prepare_search(bins, pixel_grid(maps))
    np.testing.assert_allclose(search.outside, search.members().outside, rtol=1e-12, atol=0)


def test_solid_angles_are_those_of_the_pixels_in_any_order():
    grid = pixel_grid(make_maps(make_wcs(step=1), nenergy=1, ntrue=1))
    for inside in ([0, 4, 1, 1], [0, 3, 5, 2, 4, 1]):
        row, column = np.divmod(inside, 2)
        found = _solid_angles(grid, grid.x[:2], grid.y[:3], np.array(inside))
        np.testing.assert_array_equal(found, grid.solid_angle(grid.x[column], grid.y[row]))


def test_regions_in_the_plane_of_the_map_are_found_by_block():
    maps = uneven_maps()
    other = CENTER.directional_offset_by(90 * u.deg, 2 * u.deg)
    circles = [CircleSkyRegion(center, 0.8 * u.deg) for center in (CENTER, other)]
    bins = SkyBins.from_regions(circles, planar=True)
    whole = bin_maps(maps, bins)
    same(bin_maps(maps.chunk(lat=25, lon=30), bins), whole)
    counts = (maps.counts * maps["mask"]).to_numpy().reshape(maps.sizes["energy"], -1)
    members = find_members(bins, pixel_grid(maps))
    for number in range(2):
        expected = counts[:, members.pixel[members.bin == number]].sum(axis=1)
        np.testing.assert_array_equal(whole.counts.transpose(..., "energy")[number], expected)


def test_the_blocks_have_the_pixels_of_the_whole_map():
    maps, bins = uneven_maps(), SkyBins.annuli(CENTER, radius_max=2 * u.deg, nbin=3)
    search, chunks = prepare_search(bins, pixel_grid(maps)), ((25, 25, 10), (30, 50))
    found, expected = np.full((60, 80), -1), np.full((60, 80), -1)
    for (i, j), find in search.blocks(chunks):
        members, numbers = find()
        block = found[25 * i :, 30 * j :][: chunks[0][i], : chunks[1][j]]
        block[np.divmod(members.pixel, chunks[1][j])] = numbers[members.bin]
    whole = search.members()
    expected.flat[whole.pixel] = whole.bin
    np.testing.assert_array_equal(found, expected)


@pytest.mark.heavy
@pytest.mark.filterwarnings("ignore:1 of 2 bins")  # one column of centres on the edge of both bins
@pytest.mark.parametrize("shape", [(8, 16), (1, 127), (1, 128), (129, 1), (128, 256)])
def test_maps_of_any_number_of_pixels(shape):
    """Some are at the limits of integers of 8 and 16 bits."""
    maps = make_maps(make_wcs(shape=shape), shape, nenergy=1, ntrue=1)
    bins = SkyBins.grid(CENTER, width=40 * u.deg, height=40 * u.deg, nbin=(2, 1))
    expected = bin_maps(maps, bins)
    assert expected["counts"].sum() == (maps["counts"] * maps["mask"]).sum()
    same(bin_maps(maps.chunk(lat=1 if 1 in shape else 16, lon=128), bins), expected)


def centred_wcs(projection, crval=(0.0, 0.0), step=0.1):
    """Make a WCS for 41 x 201 pixels with one in the middle, so that pixels may be on edges."""
    wcs = WCS(naxis=2)
    wcs.wcs.ctype = [f"GLON-{projection}", f"GLAT-{projection}"]
    wcs.wcs.crval, wcs.wcs.crpix, wcs.wcs.cdelt = crval, (101, 21), (-step, step)
    return wcs


EDGE_CASES = {
    "CAR": centred_wcs("CAR"),
    "TAN": centred_wcs("TAN"),
    "AIT": centred_wcs("AIT"),
    "CAR off 0": centred_wcs("CAR", (83.63308333333333, 0), 1 / 60),
    "TAN off 0": centred_wcs("TAN", (83.63308333333333, 22.01447), 1 / 60),
    "AIT off 0": centred_wcs("AIT", (83.63308333333333, 0), 1 / 60),
    "CAR by a matrix": rotated(centred_wcs("CAR", (83.63308333333333, 0), 1 / 60), 0),
    "ZEA turned": rotated(centred_wcs("ZEA", (83.63308333333333, 22.01447), 1 / 60), 33),
}


@pytest.mark.parametrize("name", EDGE_CASES)
def test_pixels_on_edges_are_in_the_same_bin_for_any_chunks(name):
    """Also in other processes, which get the WCS as a header."""
    wcs = EDGE_CASES[name]
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
                y, x = (chunk_slices(sizes)[k] for sizes, k in zip(chunks, (i, j), strict=True))
                found[y, x].flat[members.pixel] = numbers[members.bin]
            np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("projection", ["TAN", "ZEA", "CAR"])
@pytest.mark.parametrize("pole", [-90, 90])
@pytest.mark.parametrize("center", [(0, 0), (141, 64), (33, -18), (266, 29), (83.6, 22)])
def test_poles_are_in_one_box_of_a_grid(projection, pole, center):
    center = SkyCoord(*center, unit="deg", frame="galactic")
    end = center.directional_offset_by((90 - pole) * u.deg, 90 * u.deg)
    wcs = centred_wcs(projection, (end.l.deg, 0 if projection == "CAR" else end.b.deg))
    if projection == "CAR":
        wcs.wcs.crpix = (101, 21 - end.b.deg / 0.1)
    grid = PixelGrid(wcs, np.arange(90.0, 111), np.arange(10.0, 31))
    bins = SkyBins.grid(center, width=360 * u.deg, height=180 * u.deg, nbin=(3, 2))
    on_sky = np.isfinite(grid.lonlat(grid.x, grid.y[:, None])[1]) & np.ones(grid.shape, bool)
    assert np.unique(find_members(bins, grid).pixel).size == np.count_nonzero(on_sky)
