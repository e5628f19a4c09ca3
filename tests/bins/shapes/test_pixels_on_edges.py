"""Pixel centres on the edges of bins: in the bin above, for every shape, grid and frame."""

import pickle
from functools import partial

import astropy.units as u
import numpy as np
import pytest
from astropy.coordinates import SkyCoord
from cases.bin_places import codes
from cases.maps import make_maps, make_wcs

from xprofile import SkyBins
from xprofile.binned.members.finding import find_members, prepare_search
from xprofile.maps.wcs import pixel_grid

# on a tangent plane, pixels so small that it is the sphere to within 1e-6 of a pixel
STEPS = {
    "CAR": [0.7, 1 / 3, 0.3, 0.25, 0.2, 0.1, 0.05, 1 / 30, 0.02],
    "TAN": [5e-4, 2e-4, 1 / 3600],
}
SEEDS = [
    pytest.param(range(0, 100, 18), id="some"),
    pytest.param(range(1, 100, 2), id="many", marks=pytest.mark.slow),
]
FEWER = [
    pytest.param(range(0, 100, 50), id="some"),
    pytest.param(range(1, 100, 6), id="more", marks=pytest.mark.slow),
]


class Grid:
    """A random grid with a rational step, and its centre in its frame or another one."""

    def __init__(self, projection, seed, *, odd=False):
        rng = np.random.default_rng([seed, len(projection), ord(projection[0])])
        self.step = float(rng.choice(STEPS[projection]))
        ny, nx = rng.integers(6, 20, 2) * 2 + (1 if odd else rng.integers(0, 2, 2))
        lat = 0.0 if projection == "CAR" else float(rng.choice([0, 22.01, -28.94, 60, 85]))
        lon, frame = (
            float(rng.choice([0, 180, 359.9, 83.63, 266.4])),
            rng.choice(["icrs", "galactic"]),
        )
        self.wcs = make_wcs(projection, (lon, lat), self.step, (ny, nx), str(frame))
        self.maps = make_maps(self.wcs, (ny, nx), nenergy=1, ntrue=1)
        middle = self.wcs.pixel_to_world((nx - 1) / 2, (ny - 1) / 2)
        along = self.wcs.pixel_to_world((nx - 1) / 2 - 5, (ny - 1) / 2)
        self.center = (
            middle if seed % 2 else getattr(middle, "icrs" if frame != "icrs" else "galactic")
        )
        self.angle = self.center.position_angle(along.transform_to(self.center.frame))
        self.cell = rng.integers(1, 5, 2)  # pixels along and across a bin
        self.nbin = ((nx - 2) // self.cell[0], (ny - 2) // self.cell[1])

    def ends(self):
        """Ends of a row of whole bins."""
        half = self.nbin[0] * self.cell[0] * self.step / 2 * u.deg
        return (
            self.center.directional_offset_by(self.angle + turn * u.deg, half) for turn in (180, 0)
        )

    def make(self, name):
        width, height = self.cell * self.step * u.deg
        if name == "grid":
            extent = {"width": self.nbin[0] * width, "height": self.nbin[1] * height}
            return SkyBins.grid(self.center, **extent, nbin=self.nbin, position_angle=self.angle)
        start, end = self.ends()
        if name == "line":
            return SkyBins.along_line(start, end, height=height, nbin=self.nbin[0])
        return SkyBins.along_path(
            SkyCoord([start, self.center, end]), height=height, nbin=self.nbin[0]
        )


@pytest.mark.heavy
@pytest.mark.parametrize("name", ["grid", "line", "path"])
@pytest.mark.parametrize("projection", STEPS)
@pytest.mark.parametrize("seeds", SEEDS)
def test_bins_of_whole_pixels_hold_that_many(seeds, projection, name):
    for seed in seeds:
        grid = Grid(projection, seed)
        bins = grid.make(name)
        found = find_members(bins, pixel_grid(grid.maps))
        np.testing.assert_array_equal(np.bincount(found.bin, minlength=len(bins)), grid.cell.prod())


@pytest.mark.heavy
@pytest.mark.parametrize("name", ["grid", "line", "path"])
@pytest.mark.parametrize("projection", STEPS)
@pytest.mark.parametrize("seeds", FEWER)
def test_parts_blocks_and_processes_hold_the_same_pixels(seeds, projection, name):
    for seed in seeds:
        grid = Grid(projection, seed)
        bins, whole = grid.make(name), codes(grid.make(name), grid.maps)
        for part in (slice(1, None), slice(0, 2), slice(None, None, -2)):
            numbers = np.arange(len(bins))[part]
            expected = np.full(whole.shape, -1)
            for new, old in enumerate(numbers.tolist()):
                expected[whole == old] = new
            np.testing.assert_array_equal(codes(bins[part], grid.maps), expected)
        pixels = pickle.loads(pickle.dumps(pixel_grid(grid.maps)))
        search, found = prepare_search(bins, pixels), np.full(whole.shape, -1)
        sizes = [(5,) * (n // 5) + ((n % 5,) if n % 5 else ()) for n in whole.shape]
        for (i, j), find in search.blocks(sizes):
            members, numbers = find()
            row, column = np.divmod(members.pixel, sizes[1][j])
            found[5 * i + row, 5 * j + column] = numbers[members.bin]
        np.testing.assert_array_equal(found, whole)


def rings(center, radius, angle):
    """Shapes round a centre with edges on pixels."""
    make = partial(SkyBins.elliptical_annuli, center, radius_max=radius, nbin=5)
    return {
        "annuli": SkyBins.annuli(center, radius_max=radius, nbin=5),
        "ellipses": make(axis_ratio=0.5, position_angle=angle),
    }


@pytest.mark.heavy
@pytest.mark.parametrize("name", ["annuli", "ellipses"])
@pytest.mark.parametrize("projection", STEPS)
@pytest.mark.parametrize("seeds", SEEDS)
def test_pixels_at_one_distance_fare_alike(seeds, projection, name):
    for seed in seeds:
        grid = Grid(projection, seed, odd=True)
        radius = 5 * grid.cell[0] * grid.step / 2 * u.deg
        code = codes(rings(grid.center, radius, grid.angle)[name], grid.maps)
        np.testing.assert_array_equal(code, code[::-1])
        np.testing.assert_array_equal(code, code[:, ::-1])
        middle, side = np.array(code.shape) // 2, min(code.shape) // 2
        square = code[
            middle[0] - side : middle[0] + side + 1, middle[1] - side : middle[1] + side + 1
        ]
        axes = np.array([square[side], square[:, side]])
        if name == "annuli":
            np.testing.assert_array_equal(*axes)
        assert len(np.unique(code)) > 3


@pytest.mark.heavy
@pytest.mark.parametrize("first", [0, 90, -90, 360, 720, -270])
@pytest.mark.parametrize("projection", STEPS)
@pytest.mark.parametrize("seeds", FEWER)
def test_pixels_on_the_borders_of_sectors_are_in_the_next(seeds, projection, first):
    """The right side of each quarter is in, the left one out, and the centre is at angle 0."""
    for seed in seeds:
        grid = Grid(projection, seed, odd=True)
        side = (min(pixel_grid(grid.maps).shape) - 1) // 2
        start = first + grid.angle.to_value("deg") - 90
        edges = (start + np.arange(5) * 90) * u.deg
        bins = SkyBins.sectors(
            grid.center, radius_max=(side - 0.5) * grid.step * u.deg, edges=edges
        )
        code = codes(bins, grid.maps)
        count = np.bincount(code[code >= 0], minlength=4)
        assert np.ptp(count) == 1  # the centre
        assert count.sum() == (code >= 0).sum()
        assert code[tuple(n // 2 for n in code.shape)] >= 0


@pytest.mark.heavy
@pytest.mark.parametrize("center", [0.5, 180.5, 359.5])
def test_a_full_turn_has_one_seam(center):
    """Pixels at 0, 1, ... 359 deg, on a grid and on an oblique one; edges at all of them."""
    position = SkyCoord(center, 0, unit="deg", frame="galactic")
    bins = SkyBins.grid(position, width=360 * u.deg, height=20 * u.deg, nbin=(72, 4))
    for lon in (0, 0.5, 180):
        wcs = make_wcs("CAR", (lon, 0), 1.0, (61, 360))
        count = np.bincount(
            find_members(bins, pixel_grid(make_maps(wcs, (61, 360), nenergy=1, ntrue=1))).bin
        )
        np.testing.assert_array_equal(count, 25)
    wcs = make_wcs("CAR", (0, 0), 1.0, (61, 360))
    maps = make_maps(wcs, (61, 360), nenergy=1, ntrue=1)
    line = SkyBins.along_line(
        position.icrs,
        position.directional_offset_by(90 * u.deg, 50 * u.deg).icrs,
        height=20 * u.deg,
        edges=np.linspace(-180, 180, 73) * u.deg,
    )
    straight, turned = codes(bins[:], maps), codes(line, maps)
    np.testing.assert_array_equal(turned, np.where(straight >= 0, straight // 4, -1))
    np.testing.assert_array_equal(codes(line[:5], maps), np.where(turned < 5, turned, -1))
    np.testing.assert_array_equal(codes(line[5:], maps), np.where(turned >= 5, turned - 5, -1))


def test_poles_and_antipodes_are_in_bins_that_end_there():
    wcs = make_wcs("CAR", (0, 0), 1.0, (181, 360))
    maps = make_maps(wcs, (181, 360), nenergy=1, ntrue=1)
    center = SkyCoord(0, 0, unit="deg", frame="galactic")
    for frame in ("galactic", "icrs"):
        here = center.transform_to(frame)
        angle = here.position_angle(
            SkyCoord(1, 0, unit="deg", frame="galactic").transform_to(frame)
        )
        bins = SkyBins.grid(
            here, width=360 * u.deg, height=180 * u.deg, nbin=(6, 180), position_angle=angle
        )
        code = codes(bins, maps)
        np.testing.assert_array_equal(code[1:-1] % 180, np.arange(1, 180)[:, None].repeat(360, 1))
        np.testing.assert_array_equal(code[[0, -1]] % 180, np.array([[0], [179]]).repeat(360, 1))
        np.testing.assert_array_equal(np.bincount(code[1:-1].ravel() // 180), 60 * 179)
        rings = codes(SkyBins.annuli(here, radius_max=180 * u.deg, nbin=18), maps)
        assert np.all(rings >= 0)
        np.testing.assert_array_equal(np.bincount(rings[90]), [20] * 18)


def test_the_lower_side_of_a_box_is_in_and_the_upper_one_out():
    """By local latitude, which grows to the North for lines to the East."""
    maps = make_maps(make_wcs("CAR", (0, 0), 0.1, (9, 21)), (9, 21), nenergy=1, ntrue=1)
    start, end = SkyCoord([0.8, -0.8], 0, unit="deg", frame="galactic")
    for ends, rows in (((end, start), [2, 3, 4, 5]), ((start, end), [3, 4, 5, 6])):
        for make in (
            SkyBins.along_line,
            lambda *ends, **given: SkyBins.along_path(SkyCoord(ends), **given),
        ):
            code = codes(make(*ends, height=0.4 * u.deg, nbin=4), maps)
            np.testing.assert_array_equal(np.flatnonzero((code >= 0).any(axis=1)), rows)
            np.testing.assert_array_equal(np.bincount(code[code >= 0]), 16)
