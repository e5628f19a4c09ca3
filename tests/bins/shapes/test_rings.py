"""Annuli, elliptical annuli and sectors hold the pixels that direct calculation gives."""

import astropy.units as u
import numpy as np
import pytest
from cases.bin_codes import (
    assert_same_codes,
    ellipse_codes,
    ring_codes,
    sector_codes,
    trimmed,
)
from cases.bin_places import (
    FLAT,
    ROOMY,
    codes,
    every_place,
    every_roomy_place,
    shifted,
    some_roomy_places,
)
from cases.bins import galactic
from cases.maps import make_maps, make_wcs

from xprofile.bins.skybins import SkyBins
from xprofile.maps.positions import skycoord


@every_place
def test_annuli_hold_the_right_pixels(place):
    edges = place.reach * np.array([0.11, 0.4, 0.73, 1])
    bins = SkyBins.annuli(place.center, edges=edges * u.deg)
    expected, tie = ring_codes(place.sky, place.center, edges)
    assert set(range(3)) <= set(expected.flat)
    assert_same_codes(codes(bins, place.maps), expected, tie)


@pytest.mark.parametrize("latitude", [-86, -88, 88, -89.5, 90])
@pytest.mark.parametrize("reach", [0.6, 1.1, 2.3, 3, 4])
def test_no_pixel_is_missed_round_a_pole(latitude, reach):
    """All longitudes of a plate carree, seen from a place on its middle meridian."""
    wcs = shifted(make_wcs(step=0.5, shape=(20, 720)), 0, -np.sign(latitude) * 170)
    maps = make_maps(wcs, (20, 720), nenergy=1, ntrue=1)
    center, edges = galactic(0, latitude), np.array([0, 0.41, 1]) * reach
    expected, tie = ring_codes(skycoord(maps), center, edges)
    found = codes(SkyBins.annuli(center, edges=edges * u.deg), maps)
    np.testing.assert_array_equal(found[~tie], expected[~tie])


@pytest.mark.parametrize("center", [(0, 0), (123.4, -56.7), (0, 90)])
@pytest.mark.parametrize(("projection", "step"), [("CAR", 3), ("AIT", 3)])
def test_annuli_to_180_deg_hold_the_whole_sky(center, projection, step):
    shape = (61, 121)
    maps = make_maps(make_wcs(projection, step=step, shape=shape), shape, nenergy=1, ntrue=1)
    maps = maps.isel(lon=slice(0, 120))
    sky = skycoord(maps)
    bins = SkyBins.annuli(galactic(*center), edges=[0, 60, 90, 180] * u.deg)
    on_sky = np.isfinite(sky.spherical.lat.deg)
    np.testing.assert_array_equal(codes(bins, maps) >= 0, on_sky)


@every_roomy_place
def test_ellipses_hold_the_right_pixels(place):
    ratio, angle = 0.37, -481
    edges = place.reach * np.array([0.13, 0.41, 0.72, 1])
    bins = SkyBins.elliptical_annuli(
        place.center, axis_ratio=ratio, position_angle=angle * u.deg, edges=edges * u.deg
    )
    expected, tie = ellipse_codes(place.sky, place.center, edges, ratio, angle)
    assert set(range(3)) <= set(expected.flat)
    assert_same_codes(codes(bins, place.maps), expected, tie)


def test_round_ellipses_are_annuli():
    radii = {"radius_min": 0.2 * u.deg, "radius_max": 2 * u.deg, "step": 0.31 * u.deg}
    bins = SkyBins.elliptical_annuli(FLAT.center, axis_ratio=1, position_angle=33 * u.deg, **radii)
    rings = SkyBins.annuli(FLAT.center, **radii)
    np.testing.assert_array_equal(codes(bins, FLAT.maps), codes(rings, FLAT.maps))
    np.testing.assert_array_equal(bins.lower, rings.lower)
    np.testing.assert_allclose(rings.upper, 0.2 + 0.31 * np.arange(1, 6), rtol=1e-12)


def test_ellipses_to_180_deg_end_where_they_should():
    place = ROOMY["ait at the seam"]
    edges = [0, 60, 120, 180]
    bins = SkyBins.elliptical_annuli(
        place.center, axis_ratio=0.5, position_angle=30 * u.deg, edges=edges * u.deg
    )
    expected, tie = ellipse_codes(place.sky, place.center, edges, 0.5, 30)
    assert np.sum((expected == -1) & np.isfinite(place.sky.spherical.lat.deg)) > 300
    assert_same_codes(codes(bins, place.maps), expected, tie)


SECTOR_EDGES = {
    "plain": [10, 50.5, 64, 200],
    "beyond 360": [300, 350, 399, 500],
    "far beyond 360": [725, 800, 1000],
    "negative": [-170, -20, 33, 181],
    "very negative": [-800, -700.7, -555],
    "whole circle": [-33.3, 100, 326.7],
}


@pytest.mark.parametrize(
    ("place", "name"),
    [(place, "beyond 360") for place in ROOMY.values()] + [(FLAT, name) for name in SECTOR_EDGES],
    ids=[*ROOMY, *SECTOR_EDGES],
)
def test_sectors_hold_the_right_pixels(place, name):
    edges, low, high = SECTOR_EDGES[name], 0.21 * place.reach, 0.9 * place.reach
    bins = SkyBins.sectors(
        place.center, radius_min=low * u.deg, radius_max=high * u.deg, edges=edges * u.deg
    )
    expected, tie = sector_codes(place.sky, place.center, edges, low, high)
    assert set(range(len(edges) - 1)) <= set(expected.flat)
    assert_same_codes(codes(bins, place.maps), expected, tie)
    np.testing.assert_array_equal(bins.lower, edges[:-1])
    np.testing.assert_array_equal(bins.upper, edges[1:])
    assert bins.dim == "position_angle"


@pytest.mark.parametrize("edges", [np.linspace(0, 360, 8), np.linspace(-90, 270, 5), [90, 450]])
@pytest.mark.parametrize("pixel", [(0, 0), (39, 30), (61, 12)])
@pytest.mark.parametrize("wcs", [make_wcs(), make_wcs("TAN", frame="icrs")], ids=["CAR", "TAN"])
def test_sectors_round_a_pixel_miss_none(wcs, pixel, edges):
    """Pixels that are straight North, East, South and West lie on edges, but in some sector."""
    maps, center = make_maps(wcs, nenergy=1, ntrue=1), wcs.pixel_to_world(*pixel)
    bins = SkyBins.sectors(center, radius_max=11 * u.deg, edges=edges * u.deg)
    assert np.all(codes(bins, maps) >= 0)


@some_roomy_places
def test_centres_of_sectors(place):
    bins = SkyBins.sectors(
        place.center, radius_min=1 * u.deg, radius_max=2 * u.deg, edges=[-50, 20, 400 / 3] * u.deg
    )
    np.testing.assert_allclose(place.center.separation(bins.center).deg, 1.5, rtol=1e-9)
    angles = place.center.position_angle(bins.center.transform_to(place.center.frame)).deg
    np.testing.assert_allclose(trimmed(angles), bins.distance, rtol=1e-8)


def test_regions_of_annuli_hold_the_same_pixels_near_the_equator():
    maps = make_maps(make_wcs("TAN"), nenergy=1, ntrue=1)
    rings = SkyBins.annuli(galactic(0, 0), edges=[0, 0.53, 1.17, 2.61] * u.deg)
    found, expected = codes(SkyBins.from_regions(rings.to_regions()), maps), codes(rings, maps)
    assert [type(r).__name__ for r in rings.to_regions()][:2] == [
        "CircleSkyRegion",
        "CircleAnnulusSkyRegion",
    ]
    assert (expected >= 0).sum() > 2000
    assert np.mean(found[expected >= 0] != expected[expected >= 0]) < 0.01


@pytest.mark.parametrize(("lat", "edges"), [(0, [0, 1.5]), (89, [0.2, 3]), (-90, [20, 110, 180])])
@pytest.mark.parametrize("spacing", [1e-3, 0.5])
def test_a_coarse_sample_fills_the_rings(lat, edges, spacing):
    rings = SkyBins.annuli(galactic(30, lat), edges=edges * u.deg).shape
    coarse, apart = rings.coarse_sample(spacing)
    assert apart == max(spacing, rings.pitch)
    fine = rings.sample()
    assert coarse.size < fine.size
    _, distance, _ = fine.match_to_catalog_sky(coarse)
    assert distance.max() <= apart * u.deg
    border = rings.axes.origin.separation(coarse) > edges[-1] * (1 - 1e-9) * u.deg
    assert np.count_nonzero(border) >= 257


def test_axes_are_those_of_the_frame_that_is_asked_for():
    axes = SkyBins.annuli(galactic(30, 20), edges=[0, 1] * u.deg).shape.axes
    for _ in range(2):
        for frame in (axes.origin.frame, axes.origin.icrs.frame, axes.origin.fk5.frame):
            origin = axes.origin.transform_to(frame).cartesian.xyz.value
            np.testing.assert_allclose(axes.basis(frame)[0], origin, rtol=0, atol=1e-15)
    with pytest.raises(ValueError, match="read-only"):
        axes.basis(frame)[0] = 0
