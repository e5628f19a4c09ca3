"""Maps averaged over the pixels of another grid."""

import numpy as np
import pytest
from cases.maps import make_wcs

from xprofile.maps.pixelgrid import PixelGrid, pixel_numbers
from xprofile.maps.regridding.averaging import average_to


def grid(step=0.1, shape=(20, 30), projection="CAR", center=(0.0, 0.0), frame="galactic"):
    wcs = make_wcs(projection, center, step, shape, frame)
    return PixelGrid(wcs, pixel_numbers(shape[1]), pixel_numbers(shape[0]))


@pytest.mark.parametrize("factor", [3, 12])
def test_finer_pixels_are_averaged(factor):
    """The mean over whole blocks of pixels, but for neighbours at their edges."""
    fine = grid(0.1 / factor, (8 * factor, 12 * factor))
    values = np.random.default_rng(1).uniform(size=(2, *fine.shape))
    means, covered = average_to(values, fine, grid(0.1, (8, 12)))
    blocks = values.reshape(2, 8, factor, 12, factor).mean(axis=(2, 4))
    assert means[:, 1:-1, 1:-1].std() > 0.5 * blocks.std()
    inside = np.s_[:, 1:-1, 1:-1]
    np.testing.assert_allclose(means[inside], blocks[inside], rtol=0, atol=1 / factor)
    assert (covered[1:-1, 1:-1] == 1).all()


@pytest.mark.parametrize("factor", [3, 4, 12, 24])
def test_a_slope_stays_where_it_is(factor):
    fine = grid(0.1 / factor, (10 * factor, 10 * factor))
    ramp = np.arange(10.0 * factor)
    values = np.stack([np.tile(ramp, (ramp.size, 1)), np.tile(ramp[:, None], (1, ramp.size))])
    means, _ = average_to(values, fine, grid(0.1, (10, 10)))
    expected = np.arange(10) * factor + (factor - 1) / 2
    np.testing.assert_allclose(means[0, 5, 1:-1], expected[1:-1], rtol=1e-6)
    np.testing.assert_allclose(means[1, 1:-1, 5], expected[1:-1], rtol=1e-6)


@pytest.mark.parametrize("step", [0.3, 0.03, 0.008])
def test_an_even_map_stays_even_and_its_edge_is_shared(step):
    """Turned by 60 deg on the sky; no pixel within the edge is missing a part."""
    size = round(1.2 / step)
    source = grid(step, (size, size), "TAN", (266.405, -28.936), "icrs")
    means, covered = average_to(np.full((1, size, size), 3.0), source, grid())
    np.testing.assert_allclose(means[0], 3 * covered, rtol=1e-9, atol=1e-12)
    center = np.hypot(*np.meshgrid(np.arange(30) - 14.5, np.arange(20) - 9.5))
    assert (covered[center < 5] > 1 - 1e-9).all()
    assert (covered[center > 9] == 0).all()
    np.testing.assert_allclose(covered.sum() * 0.01, (size * step) ** 2, rtol=0.06)


@pytest.mark.parametrize("step", [0.25, 0.13, 0.03, 0.011])
def test_a_point_keeps_its_integral_wherever_it_is(step):
    size = round(1 / step)
    for place in (0, 3):
        values = np.zeros((1, size, size))
        values[0, size // 2 + place % 2, size // 2 - place // 2] = 1.0
        means, _ = average_to(values, grid(step, (size, size)), grid(shape=(14, 14)))
        np.testing.assert_allclose(means.sum() * 0.01, step**2, rtol=0.15)


@pytest.mark.parametrize("step", [0.1, 0.04])
def test_nan_counts_as_0_and_as_not_covered(step):
    size = round(1 / step)
    values = np.ones((2, size, size))
    values[0, size // 2, size // 2] = np.nan
    means, covered = average_to(values, grid(step, (size, size)), grid(0.1, (10, 10)))
    np.testing.assert_allclose(means, [covered, covered], rtol=1e-12)
    assert 0 < (covered < 0.99).sum() <= 4


@pytest.mark.parametrize("projection", ["CAR", pytest.param("AIT", marks=pytest.mark.slow)])
def test_the_whole_sky_has_no_edges(projection):
    """A map goes on across its seam and poles, and pixels end where the sky of the target does."""
    fine = grid(2.0, (91 if projection == "CAR" else 90, 180), projection)
    lon, lat = (np.radians(v) for v in fine.lonlat(fine.x, fine.y[:, None]))
    values = np.where(fine.on_sky, 2 + np.cos(lat) * np.cos(lon - 3), np.nan)
    coarser = (grid(s, (round(180 / s), round(360 / s)), "AIT", frame="icrs") for s in (18.0, 5.0))
    for coarse in (grid(18.0, (10, 20)), *coarser):
        means, covered = average_to(values[None], fine, coarse)
        on_sky = coarse.on_sky
        np.testing.assert_allclose(covered[on_sky], 1, rtol=1e-2)
        assert means[0][on_sky].min() > 0.99
        lon, lat = (np.radians(v) for v in coarse.lonlat(coarse.x, coarse.y[:, None]))
        if coarse.frame.name == "galactic":
            half = np.radians(9)  # mean over the solid angle of a pixel
            cosine = (half + np.cos(2 * lat) * np.sin(2 * half) / 2) / 2 / np.sin(half)
            expected = 2 + cosine / np.cos(lat) * np.cos(lon - 3) * np.sin(half) / half
            np.testing.assert_allclose(means[0][on_sky], expected[on_sky], atol=0.03)
