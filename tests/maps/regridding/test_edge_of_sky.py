"""Interpolation of maps of the whole sky at their seam and poles, in many projections."""

import astropy.units as u
import numpy as np
import pytest
from astropy.coordinates import SkyCoord
from astropy.io import fits
from astropy.wcs import WCS
from cases.maps import make_wcs

from xprofile import open_maps
from xprofile.maps.pixelgrid import PixelGrid, pixel_numbers
from xprofile.maps.regridding.interpolation import covered_pixels, interpolate_to

STEP = 2.0
PROJECTIONS = ["CAR", "CEA", "AIT", "MOL", "SFL", "PAR", "HPX"]


def whole_sky(projection, center, lat=0.0):
    size = {"CAR": (90, 180), "CEA": (58, 180), "HPX": (190, 190)}.get(projection, (92, 182))
    wcs = make_wcs(projection, (center, lat), STEP, size)
    if projection == "HPX":
        wcs.wcs.set_pv([(2, 1, 4), (2, 2, 3)])
    return PixelGrid(wcs, pixel_numbers(size[1]), pixel_numbers(size[0]))


def sky(grid):
    lon, lat = np.broadcast_arrays(*grid.lonlat(grid.x, grid.y[:, None]))
    return SkyCoord(lon, lat, unit="deg", frame=grid.frame)


def smooth(position):
    """A smooth function of the sky, whose linear interpolation on 2 deg errs by 2e-4."""
    x, y, z = position.galactic.cartesian.xyz.value
    return np.stack([3 + x, 3 + 0.5 * y - z, 3 + x * y])


@pytest.mark.heavy
@pytest.mark.parametrize(("center", "beyond"), [(0, np.nan), (180, 0.0), (77, 1e30)])
@pytest.mark.parametrize("projection", PROJECTIONS)
def test_seam_and_poles(projection, center, beyond):
    source = whole_sky(projection, center)
    values = np.where(source.on_sky, smooth(sky(source)), beyond)
    for place, error in [((center + 180, 0), 1e-3), ((center + 180, 60), 2e-3), ((0, 89.5), 8e-3),
                         ((200, -89.5), 8e-3), ((center + 90, 10), 3e-4)]:  # fmt: skip
        wcs = make_wcs("TAN", place, 0.5, (40, 40))
        target = PixelGrid(wcs, pixel_numbers(40), pixel_numbers(40))
        found = interpolate_to(values, source, target)
        np.testing.assert_allclose(found, smooth(sky(target)), rtol=error, atol=0)


@pytest.mark.parametrize("center", [(0, 20), (83, 22)])
def test_oblique_plate_carree_goes_round(center):
    source = whole_sky("CAR", *center)
    values = smooth(sky(source))
    target = whole_sky("CAR", center[0] + 41)
    found = interpolate_to(values, source, target)
    np.testing.assert_allclose(found, smooth(sky(target)), rtol=5e-4, atol=0)


@pytest.mark.heavy
@pytest.mark.parametrize("projection", PROJECTIONS)
def test_flat_stays_flat_and_whole(projection):
    source = whole_sky(projection, 0)
    values = np.where(source.on_sky, 7.0, 0.0)[None]
    target = whole_sky("CAR", 10)
    found = interpolate_to(values, source, target)
    np.testing.assert_allclose(found, 7, rtol=1e-12, atol=0)
    assert covered_pixels(source, target).all()


@pytest.mark.slow
def test_part_of_the_sky_at_its_edge():
    """A part of an all-sky plane that is cut through the seam has an edge there."""
    whole = whole_sky("AIT", 0)
    part = PixelGrid(whole.wcs, whole.x[:20], whole.y[40:52])
    values = np.where(part.on_sky, 2.0, np.nan)[None]
    # pixel numbers of interpolation start at 0
    wcs = part.wcs.deepcopy()
    wcs.wcs.crpix -= [part.x[0], part.y[0]]
    source = PixelGrid(wcs, pixel_numbers(part.x.size), pixel_numbers(part.y.size))
    target = whole_sky("CAR", 180)
    found = interpolate_to(values, source, target)[0]
    covered = np.isfinite(found)
    np.testing.assert_allclose(found[covered], 2, rtol=1e-12, atol=0)
    apart = sky(target)[:, :, None, None].separation(sky(source)).deg
    nearest = np.nanmin(apart, axis=(-1, -2))
    assert covered[nearest < 0.3 * STEP].all()
    assert not covered[nearest > 1.5 * STEP].any()


def test_exposure_of_a_file(tmp_path):
    """Fermi tools write all-sky exposures in AIT with 0 beyond the ellipse."""
    source = whole_sky("AIT", 0)
    header = source.wcs.to_header()
    energies = np.array([1e3, 1e4, 1e5])
    values = np.where(source.on_sky, smooth(sky(source))[0], 0) * 1e11
    cube = np.broadcast_to(values, (3, *values.shape)).astype("f4")
    table = fits.BinTableHDU.from_columns([fits.Column("ENERGY", "D", "MeV", array=energies)])
    table.name = "ENERGIES"
    fits.HDUList([fits.PrimaryHDU(cube, header), table]).writeto(tmp_path / "exposure.fits")
    wcs = make_wcs("CAR", (180, 0), 0.5, (20, 40))
    edges = np.geomspace(1e3, 1e5, 4)
    counts = fits.PrimaryHDU(np.ones((3, 20, 40), "i4"), WCS(wcs.to_header()).to_header())
    bounds = fits.BinTableHDU.from_columns([
        fits.Column("E_MIN", "D", "keV", array=edges[:-1] * 1e3),
        fits.Column("E_MAX", "D", "keV", array=edges[1:] * 1e3),
    ], name="EBOUNDS")  # fmt: skip
    fits.HDUList([counts, bounds]).writeto(tmp_path / "counts.fits")
    maps = open_maps(
        counts=tmp_path / "counts.fits", exposure=tmp_path / "exposure.fits", background=0
    )
    expected = smooth(maps.profile.skycoord)[0] * 1e11
    np.testing.assert_allclose(maps.exposure[0], expected, rtol=2e-3, atol=0)
    assert maps.exposure.units == u.Unit("cm2 s").to_string()


@pytest.mark.parametrize("beyond", [0.0, np.nan, 1e30])
@pytest.mark.parametrize(("projection", "step"), [("SFL", 4.0), ("PAR", 2.0), ("HPX", 4.0)])
def test_pixels_on_the_seam_count_on_neither_side(projection, step, beyond):
    """Tools fill one of two pixels on the seam, by the range of their longitudes, or both."""
    size = {"SFL": (47, 92), "PAR": (92, 182), "HPX": (95, 95)}[projection]
    wcs = make_wcs(projection, (180, 0), step, size)
    source = PixelGrid(wcs, pixel_numbers(size[1]), pixel_numbers(size[0]))
    place = sky(source)
    x, y = wcs.world_to_pixel(place)  # of longitudes from 0 to 360 deg
    filled = source.on_sky & (np.hypot(x - source.x, y - source.y[:, None]) < 0.01)
    assert (source.on_sky & ~filled).any()
    values = np.where(filled, smooth(place), beyond)
    for lon, lat in ((0, 0), (0, 60), (0, -43), (1, 45)):
        wcs = make_wcs("TAN", (lon, lat), 0.5, (20, 20))
        target = PixelGrid(wcs, pixel_numbers(20), pixel_numbers(20))
        found = interpolate_to(values, source, target)
        np.testing.assert_allclose(found, smooth(sky(target)), rtol=4e-3 * (step / 2), atol=0)


@pytest.mark.heavy
@pytest.mark.parametrize("step", [0.5, 1.0, 2.0])
def test_poles_of_an_equal_area_cylinder(step):
    """The last row is far from the pole, in pixels; its other half is beyond the pole."""
    shape = (2 * int(np.degrees(1) / step) + 2, round(360 / step))
    wcs = make_wcs("CEA", (180, 0), step, shape)
    source = PixelGrid(wcs, pixel_numbers(shape[1]), pixel_numbers(shape[0]))
    values = np.where(source.on_sky, smooth(sky(source)), np.nan)
    for lat in (90, -90):
        wcs = make_wcs("TAN", (77, lat), 0.3, (40, 40))
        target = PixelGrid(wcs, pixel_numbers(40), pixel_numbers(40))
        found = interpolate_to(values, source, target)
        np.testing.assert_allclose(found, smooth(sky(target)), rtol=2e-2, atol=0)
