"""Bins far larger than a map of fine pixels: their part beyond it is known without its pixels."""

import astropy.units as u
import numpy as np
import pytest
from astropy.coordinates import SkyCoord
from astropy.wcs import WCS
from cases.datasets import same
from cases.maps import make_maps
from regions import CircleSkyRegion, EllipseSkyRegion, PolygonSkyRegion, RectangleSkyRegion

from xprofile import SkyBins, bin_maps
from xprofile.binned.members import planar_areas, search
from xprofile.binned.members.finding import find_members
from xprofile.bins.shapes import areas
from xprofile.maps.pixelgrid import PixelGrid

CENTER = SkyCoord(10, 20, unit="deg", frame="galactic")
BESIDE = SkyCoord(30, 20, unit="deg", frame="galactic")
MOST = 1 << 21  # positions examined; pixel by pixel they would be 1e7 to 1e10


def make_grid(step=0.001, projection="TAN", size=60):
    wcs = WCS(naxis=2)
    wcs.wcs.ctype = [f"GLON-{projection}", f"GLAT-{projection}"]
    wcs.wcs.cdelt, wcs.wcs.crval, wcs.wcs.crpix = (-step, step), (10, 20), [(size + 1) / 2] * 2
    if projection == "CAR":
        wcs.wcs.crval, wcs.wcs.crpix = (10, 0), ((size + 1) / 2, (size + 1) / 2 - 20 / step)
    return PixelGrid(wcs, np.arange(float(size)), np.arange(float(size)))


def star(number, radius):
    angle = np.linspace(0, 2 * np.pi, number, endpoint=False)
    distance = radius * (1 + 0.1 * np.sin(9 * angle)) * u.deg
    return PolygonSkyRegion(CENTER.directional_offset_by(angle * u.rad, distance))


CIRCLE = CircleSkyRegion(CENTER, 50 * u.deg)
T = np.linspace(0, 1, 10_000)
WAVE = SkyCoord(-20 + 60 * T, 20 + 10 * np.sin(6 * T), unit="deg", frame="galactic")
KNOWN = {
    "annuli": lambda: SkyBins.annuli(CENTER, edges=np.linspace(0, 60, 7) * u.deg),
    "many annuli": lambda: SkyBins.annuli(CENTER, radius_max=60 * u.deg, nbin=10_000),
    "annuli to the antipode": lambda: SkyBins.annuli(CENTER, radius_max=180 * u.deg, nbin=6),
    "annuli beside": lambda: SkyBins.annuli(BESIDE, edges=[18, 18.7, 18.9, 40] * u.deg),
    "ellipses": lambda: SkyBins.elliptical_annuli(
        CENTER, radius_max=60 * u.deg, nbin=3, axis_ratio=0.3, position_angle=20 * u.deg
    ),
    "sectors": lambda: SkyBins.sectors(CENTER, radius_max=180 * u.deg, nbin=12),
    "grid": lambda: SkyBins.grid(CENTER, width=360 * u.deg, height=180 * u.deg, nbin=(6, 6)),
    "path": lambda: SkyBins.along_path(WAVE, height=2 * u.deg, step=1 * u.deg),
    "polygon": lambda: SkyBins.from_regions([star(10_000, 40)]),
    "regions": lambda: SkyBins.from_regions(
        [CIRCLE, RectangleSkyRegion(CENTER, 100 * u.deg, 60 * u.deg)]
    ),
}
SAMPLED = {
    "compound": [CIRCLE & CircleSkyRegion(BESIDE, 50 * u.deg)],
    "frame": [CIRCLE ^ CircleSkyRegion(CENTER, 20 * u.deg)],
}
PLANAR = {
    "circle": CIRCLE,
    "ellipse": EllipseSkyRegion(CENTER, 90 * u.deg, 50 * u.deg, 20 * u.deg),
    "rectangle": RectangleSkyRegion(CENTER, 80 * u.deg, 50 * u.deg, 20 * u.deg),
    "polygon": star(100, 30),
    "compound": CIRCLE ^ CircleSkyRegion(CENTER, 20 * u.deg),
}


@pytest.fixture
def examined(monkeypatch):
    """Number of positions that a grid has placed or measured, in a list."""
    number = [0]

    def counted(name):
        inner = getattr(PixelGrid, name)

        def method(grid, x, y, *args):
            number[0] += np.broadcast(x, y).size
            return inner(grid, x, y, *args)

        monkeypatch.setattr(PixelGrid, name, method)

    for name in ("vectors", "solid_angle", "canonical"):
        counted(name)
    return number


def totals(bins, grid):
    found = find_members(bins, grid)
    return np.bincount(found.bin, found.solid_angle, minlength=len(bins)) + found.outside


@pytest.mark.parametrize("name", KNOWN)
def test_areas_of_bins_are_whole_and_cheap(name, examined):
    bins, grid = KNOWN[name](), make_grid()
    total = totals(bins, grid)
    assert examined[0] < MOST
    reaches = bins.upper > 0.05 if name == "many annuli" else slice(None)  # others are pixels
    np.testing.assert_allclose(total[reaches], bins.solid_angle.value[reaches], rtol=1e-9)


@pytest.mark.parametrize("name", SAMPLED)
def test_compounds_are_sampled(name, examined):
    total = totals(SkyBins.from_regions(SAMPLED[name]), make_grid())
    assert examined[0] < MOST
    disc, hole = (2 * np.pi * (1 - np.cos(np.radians(r))) for r in (50, 20))
    if name == "frame":
        np.testing.assert_allclose(total, disc - hole, rtol=2e-3)
    else:
        assert disc / 2 < total[0] < disc


@pytest.mark.parametrize("name", PLANAR)
def test_regions_in_the_plane_are_cheap(name, examined):
    total = totals(SkyBins.from_regions([PLANAR[name]], planar=True), make_grid())
    assert examined[0] < MOST
    assert 0 < total[0] < 2 * np.pi


@pytest.mark.heavy
@pytest.mark.parametrize("projection", ["TAN", "CAR"])
@pytest.mark.parametrize("planar", [False, True])
@pytest.mark.parametrize("name", PLANAR)
def test_areas_are_those_of_the_pixels(name, planar, projection, monkeypatch):
    """Where both can be had."""
    bins, grid = SkyBins.from_regions([PLANAR[name]], planar=planar), make_grid(0.2, projection)
    by_pixels = totals(bins, grid)
    monkeypatch.setattr(search, "_MAX_PIXELS_BEYOND", 0)
    monkeypatch.setattr(planar_areas, "_MAX_PIXELS", 0)
    np.testing.assert_allclose(totals(bins, grid), by_pixels, rtol=3e-3)


def test_bins_within_the_map_have_nothing_beyond_it():
    edges = [0, 0.005, 0.02, 10, 60] * u.deg
    found = find_members(SkyBins.annuli(CENTER, edges=edges), make_grid())
    assert (found.outside[:2] == 0).all()
    assert (found.outside[2:] > 0).all()


@pytest.mark.parametrize("frame", ["galactic", "icrs"])
def test_bins_between_pixel_centres_are_on_the_map_in_any_frame(frame):
    for center, share in ((CENTER, 0), (BESIDE, 1)):
        bins = SkyBins.annuli(center.transform_to(frame), edges=[0, 0.0005, 60] * u.deg)
        found = find_members(bins, make_grid())
        assert (found.bin == 1).all()
        np.testing.assert_allclose(found.outside[0], share * bins.solid_angle[0].value, rtol=1e-9)


def test_rings_round_the_map_are_beyond_it():
    found = find_members(SkyBins.annuli(CENTER, edges=[1, 2, 60] * u.deg), make_grid())
    assert found.bin.size == 0
    assert (found.outside > 0).all()


@pytest.mark.filterwarnings("ignore:.* of 6 bins")
def test_chunks_change_nothing():
    maps = make_maps(make_grid().wcs, (60, 60))
    bins = KNOWN["annuli"]()
    same(bin_maps(maps.chunk(lat=20, lon=30), bins), bin_maps(maps, bins))


def test_sides_of_polygons_are_compared_with_those_nearby(monkeypatch):
    compared = [0]

    def counted(*args):
        for one, other in close(*args):
            compared[0] += one.size
            yield one, other

    close = areas._close_sides
    monkeypatch.setattr(areas, "_close_sides", counted)
    assert np.isfinite(SkyBins.from_regions([star(10_000, 1)]).solid_angle).all()
    assert 10_000 < compared[0] < 1_000_000


@pytest.mark.parametrize("number", [4, 2000])
def test_crossing_sides_are_still_found(number):
    corners = star(number, 5).vertices
    order = np.arange(number)
    order[[1, 2]] = 2, 1
    assert np.isnan(SkyBins.from_regions([PolygonSkyRegion(corners[order])]).solid_angle).all()
