"""Laws that hold for every shape: frames, turns, selections of pixels, solid angles, regions."""

import astropy.units as u
import numpy as np
import pytest
from cases.bin_places import (
    FLAT,
    PLACES,
    ROOMY,
    codes,
    some_places,
    some_roomy_places,
)
from cases.bin_shapes import every_shape, shapes, turnable
from cases.bins import galactic
from cases.maps import make_maps, make_wcs

from xprofile.binned.members.finding import find_members
from xprofile.bins.skybins import SkyBins
from xprofile.maps.wcs import pixel_grid


@pytest.mark.slow
@some_places
def test_frames_do_not_matter(place):
    end = place.center.directional_offset_by(70 * u.deg, place.reach * u.deg)
    line = [
        SkyBins.along_line(start, stop, height=1.234 * u.deg, nbin=4)
        for start, stop in (
            (place.center, end),
            (place.center.fk5, end.icrs),
            (place.center.transform_to("barycentrictrueecliptic"), end.supergalactic),
        )
    ]
    rings = [
        SkyBins.annuli(center, radius_max=place.reach * u.deg, nbin=4)
        for center in (place.center.galactic, place.center.icrs, place.center.supergalactic)
    ]
    for first, *others in (line, rings):
        expected = codes(first, place.maps)
        for other in others:
            np.testing.assert_array_equal(codes(other, place.maps), expected)


@pytest.mark.parametrize("turns", [-1, 1, 3])
def test_whole_turns_do_not_matter(turns):
    bins = SkyBins.annuli(galactic(0.3, 0.2), radius_max=2 * u.deg, nbin=4)
    turned = SkyBins.annuli(galactic(0.3 + 360 * turns, 0.2), radius_max=2 * u.deg, nbin=4)
    maps, moved = make_maps(), make_maps(make_wcs(center=(360 * turns, 0)))
    expected = codes(bins, maps)
    assert (expected >= 0).sum() > 1000
    np.testing.assert_array_equal(codes(turned, maps), expected)
    np.testing.assert_array_equal(codes(bins, moved), expected)


SELECTIONS = [
    {"lon": slice(None, None, -1)},
    {"lon": slice(20, 50), "lat": slice(3, 41)},
    {"lon": slice(None, None, 3), "lat": slice(None, None, -2)},
    {"lon": [33]},
    {"lat": [12]},
]


@pytest.mark.heavy
@some_places
def test_selections_keep_their_annuli(place):
    bins = SkyBins.annuli(place.center, radius_max=place.reach * u.deg, nbin=5)
    pixels = place.maps["counts"].isel(energy=0).copy(data=codes(bins, place.maps))
    for selection in SELECTIONS:
        part = place.maps.isel(selection).transpose("lon", ...)
        np.testing.assert_array_equal(codes(bins, part), pixels.isel(selection))


@some_places
def test_membership_has_the_pixels_solid_angles(place):
    bins = SkyBins.annuli(place.center, radius_max=place.reach * u.deg, nbin=3)
    grid = pixel_grid(place.maps)
    members = find_members(bins, grid)
    area = grid.solid_angle(grid.x, grid.y[:, None]).flat[members.pixel]
    np.testing.assert_allclose(members.solid_angle, area, rtol=1e-12)
    total = members.sum(members.solid_angle)
    brute = [area[members.bin == i].sum() for i in range(3)]
    np.testing.assert_allclose(total, brute, rtol=1e-12)


@pytest.mark.parametrize("name", ["car oblique", "tan", "sin", "zea over the pole", "car at b=60"])
def test_bins_are_as_large_on_and_off_the_map(name):
    """Solid angle does not depend on where the map ends, and is near the true area."""
    place = PLACES[name]
    edges = place.reach * np.array([0, 0.5, 1.0])
    bins = SkyBins.annuli(place.center, edges=edges * u.deg)
    maps = place.maps
    parts = [maps, maps.isel(lon=slice(0, 30)), maps.isel(lat=[3]), maps.isel(lon=[33])]
    totals = []
    for part in parts:
        members = find_members(bins, pixel_grid(part))
        totals.append(members.sum(members.solid_angle) + members.outside)
    for total in totals:
        np.testing.assert_allclose(total, totals[0], rtol=1e-9)
    true = 2 * np.pi * -np.diff(np.cos(np.radians(edges)))
    np.testing.assert_allclose(totals[0], true, rtol=0.05)


@some_places
def test_planar_lines_and_annuli_are_their_regions(place):
    end = place.center.directional_offset_by(25 * u.deg, place.reach * u.deg)
    line = {"start": place.center, "end": end, "height": 0.8 * u.deg, "nbin": 3}
    rings = {"center": place.center, "radius_max": place.reach * u.deg, "nbin": 3}
    grid = pixel_grid(place.maps)
    for make, arguments in ((SkyBins.along_line, line), (SkyBins.annuli, rings)):
        planar = make(**arguments, planar=True)
        listed = SkyBins.from_regions(make(**arguments).to_regions(), planar=True)
        np.testing.assert_array_equal(planar.lower, make(**arguments).lower)
        ours, theirs = find_members(planar, grid), find_members(listed, grid)
        np.testing.assert_array_equal(ours.bin, theirs.bin)
        np.testing.assert_array_equal(ours.pixel, theirs.pixel)


@pytest.mark.heavy
@some_roomy_places
def test_frames_of_paths_and_lines_do_not_matter(place):
    for make in turnable(place).values():
        first, *others = (codes(make(frame), place.maps) for frame in ("icrs", "galactic", "fk5"))
        assert (first >= 0).sum() > 20
        for other in others:
            assert np.mean(other != first) < 1e-3  # but for pixels on an edge


@pytest.mark.heavy
@every_shape
@pytest.mark.parametrize("place", [FLAT, ROOMY["ait at the seam"]], ids=["tan", "ait"])
def test_selections_keep_their_bins(place, name):
    bins = shapes(place)[name]
    pixels = place.maps["counts"].isel(energy=0).copy(data=codes(bins, place.maps))
    for selection in SELECTIONS:
        part = place.maps.isel(selection).transpose("lon", ...)
        np.testing.assert_array_equal(codes(bins, part), pixels.isel(selection))


@every_shape
def test_solid_angles_do_not_depend_on_the_map(name):
    bins = shapes(FLAT)[name]
    members = find_members(bins, pixel_grid(FLAT.maps))
    total = members.sum(members.solid_angle) + members.outside
    for selection in SELECTIONS[1::2]:
        part = find_members(bins, pixel_grid(FLAT.maps.isel(selection)))
        assert part.pixel.size < members.pixel.size
        np.testing.assert_allclose(part.sum(part.solid_angle) + part.outside, total, rtol=1e-9)


@every_shape
def test_regions_hold_nearly_the_same_pixels_on_a_small_map(name):
    bins = shapes(FLAT)[name]
    found = codes(SkyBins.from_regions(bins.to_regions(), planar=True), FLAT.maps)
    expected = codes(bins, FLAT.maps)
    changed, inside = found != expected, (found >= 0) & (expected >= 0)
    assert inside.sum() > 150
    assert changed.sum() < 0.01 * inside.sum() + 5


@every_shape
def test_planar_bins_are_their_regions(name):
    bins, grid = shapes(FLAT)[name], pixel_grid(FLAT.maps)
    planar = type(bins)(bins.shape, bins.lower, bins.upper, bins.description, bins.dim, planar=True)
    listed = SkyBins.from_regions(bins.to_regions(), planar=True)
    one, other = find_members(planar, grid), find_members(listed, grid)
    np.testing.assert_array_equal(one.bin, other.bin)
    np.testing.assert_array_equal(one.pixel, other.pixel)
