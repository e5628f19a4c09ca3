"""Bins selected by numbers, slices and lists, and what is binned with them."""

import warnings
from dataclasses import replace
from functools import cache

import astropy.units as u
import numpy as np
import pytest
import xarray as xr
from cases.bin_places import FLAT, PLACES, codes
from cases.bin_shapes import every_shape, rectangles, shapes, square
from cases.bins import galactic
from cases.maps import make_maps, make_wcs, uneven_maps
from cases.rebinning import without_parts
from regions import CircleSkyRegion

from xprofile import SkyBins, bin_maps
from xprofile.bins.selecting import selected_numbers
from xprofile.bins.shapes.shape import Selected
from xprofile.exceptions import InvalidBinsError

INDICES = {
    "run": (slice(2, 5), [2, 3, 4]),
    "every second": (slice(None, None, 2), [0, 2, 4]),
    "backwards": (slice(None, None, -1), [5, 4, 3, 2, 1, 0]),
    "past the end": (slice(4, 100), [4, 5]),
    "from the end": (slice(-2, None), [4, 5]),
    "number": (3, [3]),
    "last": (-1, [5]),
    "numpy integer": (np.int32(-6), [0]),
    "list": ([4, 0, -1], [4, 0, 5]),
    "tuple": ((1, 2), [1, 2]),
    "array": (np.array([1, 5], dtype=np.uint8), [1, 5]),
    "bools": ([True, False, False, True, False, False], [0, 3]),
    "array of bools": (np.arange(6) > 3, [4, 5]),
    "DataArray": (xr.DataArray([2, 1], dims="x"), [2, 1]),
    "all": (slice(None), [0, 1, 2, 3, 4, 5]),
}


@pytest.mark.parametrize("name", INDICES)
def test_numbers_of_an_index(name):
    index, expected = INDICES[name]
    found = selected_numbers(index, 6)
    np.testing.assert_array_equal(found, expected)
    assert found.ndim == 1
    assert found.dtype == np.intp


BAD_INDICES = {
    "past the end": (6, IndexError, "6 bins, found the index 6"),
    "before the start": (-7, IndexError, "6 bins"),
    "a list past the end": ([0, 6], IndexError, "6 bins"),
    "too few bools": ([True, False], IndexError, "6 bins"),
    "nothing": (None, TypeError, "NoneType"),
    "a float": (1.0, TypeError, "float"),
    "a text": ("1", TypeError, "str"),
    "floats": ([0.0, 1.0], TypeError, "list"),
    "one bool": (True, TypeError, "a bool"),
    "numpy bool": (np.True_, TypeError, "a bool"),
    "two dimensions": ([[0, 1]], TypeError, "list"),
    "two indices": ((slice(2), 1), TypeError, "tuple"),
    "an ellipsis": (..., TypeError, "ellipsis"),
    "a slice of floats": (slice(0.0, 2.0), TypeError, "slice indices"),
    "no step": (slice(None, None, 0), ValueError, "zero"),
    "an empty run": (slice(3, 3), InvalidBinsError, "none of the 6 bins"),
    "an empty list": ([], InvalidBinsError, "none of the 6 bins"),
    "no bool": ([False] * 6, InvalidBinsError, "none of the 6 bins"),
    "twice": ([1, 2, 1], InvalidBinsError, "twice"),
    "twice by its negative number": ([5, -1], InvalidBinsError, "twice"),
}


@pytest.mark.quick
@pytest.mark.parametrize("name", BAD_INDICES)
def test_other_indices_are_refused(name):
    index, error, message = BAD_INDICES[name]
    bins = SkyBins.annuli(galactic(1, 2), radius_max=1 * u.deg, nbin=6)
    with pytest.raises(error, match=message):
        bins[index]


def lists():
    """Lists of regions in one frame."""
    found = {
        "rectangles": rectangles([2.5, 1.2, 0.1, -1.3, -2.4], 1.3, 2, 20),
        "overlapping": [CircleSkyRegion(galactic(lon, 0), 0.9 * u.deg) for lon in (2, 1, 0, -1)],
        "polygons": [square(2, 0), square(0.5, 0.3), square(-1, 0), square(-2, 1)],
    }
    circles = found["overlapping"]
    found["compounds"] = [circles[0] | circles[2], circles[1] & circles[2], circles[3], circles[2]]
    return found


@cache
def all_bins(where):
    """Bins of all shapes and kinds round a place of a sky, the lists on any map."""
    sphere = shapes(SKIES[where])
    planar = {f"planar {name}": replace(bins, planar=True) for name, bins in sphere.items()}
    listed = {name: SkyBins.from_regions(regions) for name, regions in lists().items()}
    return sphere | planar | listed


SKIES = {"car": PLACES["car"], "tan": FLAT, "ait": PLACES["ait at the seam"]}
every_sky = pytest.mark.parametrize("place", SKIES.values(), ids=SKIES)
ALL = tuple(all_bins("tan"))


def indices(count):
    some = [slice(1, count - 1), slice(None, None, 2), [-1], slice(None, None, -1), [1, 0]]
    return [index for index in some if np.arange(count)[index].size]


@pytest.mark.heavy
@every_sky
@pytest.mark.parametrize("name", shapes(FLAT))
def test_pixels_stay_in_their_bins(place, name):
    bins = shapes(place)[name]
    whole = codes(bins, place.maps)
    assert whole.max() == len(bins) - 1
    for index in indices(len(bins)):
        part = bins[index]
        numbers = np.arange(len(bins))[index]
        expected = np.full_like(whole, -1)
        for new, old in enumerate(numbers):
            expected[whole == old] = new
        np.testing.assert_array_equal(codes(part, place.maps), expected)


ON_EDGES = {
    "boxes": SkyBins.along_line(galactic(3, 0), galactic(-3, 0), height=2 * u.deg, nbin=12),
    "tilted boxes": SkyBins.along_line(galactic(2, 2), galactic(-2, -2), height=2 * u.deg, nbin=8),
    "grid": SkyBins.grid(galactic(0, 0), width=6 * u.deg, height=4 * u.deg, nbin=(6, 4)),
    "annuli": SkyBins.annuli(galactic(0, 0), radius_max=2 * u.deg, nbin=8),
    "sectors": SkyBins.sectors(galactic(0, 0), radius_max=2 * u.deg, nbin=8),
    "path": SkyBins.along_path(galactic([3, 0, -3], [0, 0, 0]), height=2 * u.deg, nbin=12),
}


@pytest.mark.heavy
@pytest.mark.parametrize("projection", ["CAR", "TAN"])
@pytest.mark.parametrize("name", ON_EDGES)
def test_pixels_on_edges_stay_in_their_bins(name, projection):
    """Rounding decides for many pixels, and has to decide the same for parts of the bins."""
    bins = ON_EDGES[name]
    maps = make_maps(make_wcs(projection, shape=(61, 81)), (61, 81), nenergy=1, ntrue=1)
    whole = codes(bins, maps)
    for number, one in enumerate(bins):
        np.testing.assert_array_equal(codes(one, maps) == 0, whole == number)
    for start, stop in ((1, 6), (3, 8), (2, 4)):
        run = codes(bins[start:stop], maps)
        inside = (start <= whole) & (whole < stop)
        np.testing.assert_array_equal(run, np.where(inside, whole - start, -1))
    every_third = codes(bins[::3], maps)
    np.testing.assert_array_equal(every_third, np.where(whole % 3 == 0, whole // 3, -1))


def test_selected_boxes_along_meridians_need_no_vectors():
    frame, (lon, lat) = galactic(0, 0).frame.replicate_without_data(), np.mgrid[-4:4:0.1, -2:2:0.1]
    shape = ON_EDGES["boxes"].shape
    whole = shape.straight_coder(frame, 1e-3)(lon, lat)
    part = ON_EDGES["boxes"][::3].shape.straight_coder(frame, 1e-3)(lon, lat)
    np.testing.assert_array_equal(part, np.where(whole % 3 == 0, whole // 3, -1))
    assert ON_EDGES["tilted boxes"][::3].shape.straight_coder(frame, 1e-3) is None


SUMS = ["background", "exposure", "solid_angle", "coverage"]


# bins on the sphere on two maps, others on one
BINNED = [(name, "car") for name in ALL] + [(name, "tan") for name in shapes(FLAT)]


@pytest.mark.heavy
@pytest.mark.parametrize(("name", "where"), BINNED)
def test_selecting_and_binning_is_binning_and_selecting(name, where):
    """Counts and coordinates are identical; rounding of sums depends on the order of pixels."""
    place, bins = SKIES[where], all_bins(where)[name]
    maps = uneven_maps(make_wcs() if name in lists() else place.wcs, place.shape)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "bins overlap")
        binned = bin_maps(maps, bins)
        assert (binned["counts"].sum("energy") > 0).all()
        for index in indices(len(bins)):
            found, expected = bin_maps(maps, bins[index]), binned.isel({bins.dim: index})
            found, expected = without_parts(found), without_parts(expected)
            found.attrs = expected.attrs = {}  # histories differ
            xr.testing.assert_identical(found.drop_vars(SUMS), expected.drop_vars(SUMS))
            for variable in SUMS:
                xr.testing.assert_allclose(found[variable], expected[variable], rtol=3e-15, atol=0)


@pytest.mark.heavy
@pytest.mark.parametrize("name", ALL)
def test_selected_bins_keep_what_they_are(name):
    bins = all_bins("tan")[name]
    regions, texts = bins.to_regions(), bins.region_texts()
    for index in indices(len(bins)):
        part, numbers = bins[index], np.arange(len(bins))[index]
        assert type(part) is SkyBins
        assert len(part) == len(numbers)
        assert (part.dim, part.planar) == (bins.dim, bins.planar)
        np.testing.assert_array_equal(part.lower, bins.lower[index])
        np.testing.assert_array_equal(part.upper, bins.upper[index])
        np.testing.assert_array_equal(part.distance, bins.distance[index])
        np.testing.assert_allclose(part.solid_angle, bins.solid_angle[index], rtol=1e-12)
        assert part.region_texts() == [texts[number] for number in numbers]
        assert part.to_regions() == [regions[number] for number in numbers]
        assert part.center.separation(bins.center[index]).max() < 1e-11 * u.deg
        if hasattr(bins.shape, "outlines"):
            outlines = [bins.shape.outlines()[number] for number in numbers]
            assert part.shape.rings_per_bin == bins.shape.rings_per_bin
            for one, other in zip(part.shape.outlines(), outlines, strict=True):
                assert one.separation(other).max() < 1e-11 * u.deg


@pytest.mark.parametrize("name", ALL)
def test_bins_are_a_sequence_of_single_bins(name):
    bins = all_bins("tan")[name]
    assert list(bins) == [bins[i] for i in range(len(bins))]
    assert list(reversed(bins)) == list(bins)[::-1]
    assert all(len(one) == 1 for one in bins)
    assert bins[1] in bins
    assert [one.region_texts()[0] for one in bins] == bins.region_texts()


@pytest.mark.parametrize("name", ALL)
def test_selections_of_selections(name):
    bins = all_bins("tan")[name]
    assert bins[:] is bins
    assert bins[1:][:1] == bins[1]
    assert bins[::-1][::-1] == bins
    assert bins[::2][:1] == bins[0]
    assert bins[::-1][-1] == bins[0]
    assert bins[[0, 1]] == bins[:2]
    assert len({bins, bins[1:], bins[:1], bins[::-1]}) == 4


@every_shape
def test_neighbouring_bins_stay_an_ordinary_shape(name):
    bins = shapes(FLAT)[name]
    first, last = (bins[2:6], bins[6:]) if name == "grid" else (bins[:-1], bins[1:])
    for part in (first, last, bins[::-1][1:2]):
        assert isinstance(part.shape, Selected) == ("sectors" in name)
    assert type(bins[::-1].shape) is Selected


def test_a_cut_row_says_so():
    bins = SkyBins.along_line(galactic(3, 0), galactic(-3, 0), height=2 * u.deg, nbin=6)
    assert repr(bins[2:4]) == (
        "<SkyBins: 2 boxes along a line, projected distance 2 to 4 deg, height 2 deg>"
    )
    assert repr(bins[::5]) == (
        "<SkyBins: 2 boxes along a line, projected distance 0 to 6 deg, height 2 deg>"
    )
    np.testing.assert_array_equal(bins[2:4].edges, bins.edges[2:5])


def test_cut_annuli_equal_annuli_with_these_edges():
    bins = SkyBins.annuli(galactic(1, 2), radius_max=2 * u.deg, nbin=8)
    assert bins[2:5] == SkyBins.annuli(galactic(1, 2), edges=bins.edges[2:6])


def test_regions_of_several_frames_keep_their_places():
    centers = [galactic(3, 0), galactic(1, 0).icrs, galactic(359, 0).fk5]
    bins = SkyBins.from_regions([CircleSkyRegion(c, 0.5 * u.deg) for c in centers])
    assert bins[1:].center.separation(bins.center[1:]).max() < 1e-9 * u.deg
    np.testing.assert_array_equal(bins[1:].lower, bins.lower[1:])


def test_bins_are_drawn_in_part():
    import matplotlib.pyplot as plt

    bins = shapes(FLAT)["sectors"]
    ax = plt.figure().add_subplot(projection=FLAT.wcs)
    ax.imshow(np.zeros(FLAT.shape), origin="lower")
    whole = bins.plot(ax).get_paths()
    for part, number in zip(bins[::2].plot(ax).get_paths(), (0, 2, 4), strict=True):
        np.testing.assert_array_equal(part.vertices, whole[number].vertices)
