"""Pixels of plain sky regions, against separations and position angles of astropy."""

import astropy.units as u
import numpy as np
import pytest
from astropy.coordinates import SkyCoord
from cases.examples import examples
from cases.region_oracle import any_maps, holds
from hypothesis import strategies as st
from regions import (
    CircleAnnulusSkyRegion,
    CircleSkyRegion,
    EllipseAnnulusSkyRegion,
    EllipseSkyRegion,
    PointSkyRegion,
    PolygonSkyRegion,
    RectangleAnnulusSkyRegion,
    RectangleSkyRegion,
    TextSkyRegion,
)

from xprofile import SkyBins, bin_image, bin_maps, exclude, skycoord
from xprofile.binned.members.finding import find_members
from xprofile.exceptions import InvalidBinsError
from xprofile.maps.wcs import pixel_grid

SMALL = ("CAR", "TAN", "SIN", "ARC", "STG", "ZEA", "AIT", "MOL", "CEA", "MER", "SFL")
WHOLE = ("CAR", "AIT", "MOL", "CEA", "SFL")


def planes(regions, maps, **options):
    """Whether each region holds each pixel, (nregion, ny, nx)."""
    grid = pixel_grid(maps)
    members = find_members(SkyBins.from_regions(regions, **options), grid)
    pairs = np.stack([members.bin, members.pixel])
    assert np.unique(pairs, axis=1).shape == pairs.shape
    found = np.zeros((len(regions), grid.x.size * grid.y.size), bool)
    found[members.bin, members.pixel] = True
    return found.reshape(-1, *grid.shape)


def regions_at(center, size, seed):
    """One region of each kind, and compounds of them in several frames."""
    rng = np.random.default_rng(seed)
    width, height = size * rng.uniform(0.05, 2, 2) * u.deg
    inner, outer = np.sort(rng.uniform(0.05, 1, 2)) * size * u.deg
    f, g = rng.uniform(0.2, 0.9, 2)
    turns = iter(rng.uniform(-400, 400, 9) * u.deg)
    around = np.sort(rng.uniform(0, 360, rng.integers(3, 9))) * u.deg
    polygon = PolygonSkyRegion(
        center.directional_offset_by(around, rng.uniform(0.2, 1, around.size) * size * u.deg)
    )
    disc, box = (
        CircleSkyRegion(center, outer),
        RectangleSkyRegion(center, width, height, next(turns)),
    )
    hollow = (center, f * width, width, g * height, height)
    return [
        disc,
        CircleAnnulusSkyRegion(center, inner, outer),
        EllipseSkyRegion(center, width, height, next(turns)),
        box,
        EllipseAnnulusSkyRegion(*hollow, next(turns)),
        RectangleAnnulusSkyRegion(*hollow, next(turns)),
        polygon,
        box & disc,
        polygon | EllipseSkyRegion(center.galactic, width, height, next(turns)),
        (disc ^ polygon) & RectangleSkyRegion(center.icrs, height, width, next(turns)),
    ]


def check(maps, center, size, seed):
    regions, sky = regions_at(center, size, seed), skycoord(maps)
    on_sky = np.isfinite(sky.spherical.lon.deg)
    for region, found in zip(regions, planes(regions, maps), strict=True):
        expected = holds(region, sky) & on_sky
        differ = np.nonzero(found != expected)
        expected[differ] ^= at_edge(region, sky[differ], 1.5e-6 * pixel_grid(maps).pixel_size)
        np.testing.assert_array_equal(found, expected, err_msg=repr(region))


def at_edge(region, sky, distance):
    """Whether an edge is so close to positions that either side of it is right."""
    around = np.arange(0, 360, 15)[:, np.newaxis] * u.deg
    moved = holds(region, sky.directional_offset_by(around, distance * u.deg))
    return moved.any(axis=0) & ~moved.all(axis=0)


ANY_KIND = {
    "projection": st.sampled_from(SMALL),
    "center": st.sampled_from([(10, 0), (83.63, 22.01), (200, 60), (0, 90), (180, -75)]),
    "step": st.sampled_from([0.05, 0.3, 1.0]),
    "flip": st.tuples(st.sampled_from([1, -1]), st.sampled_from([1, -1])),
    "turn": st.sampled_from([0, 33, 120]),
    "shear": st.sampled_from([0, 0.4]),
    "frames": st.tuples(*[st.sampled_from(["icrs", "galactic", "fk5"])] * 2),
    "place": st.tuples(st.integers(0, 49), st.integers(0, 59)),
    "size": st.sampled_from([3.1, 10.3, 21.7]),
    "seed": st.integers(0, 2**31),
}


@examples(6, 100)(**ANY_KIND)
def test_pixels_on_maps_of_any_kind(
    projection, center, step, flip, turn, shear, frames, place, size, seed
):
    frame = frames[0].replace("fk5", "icrs")
    maps = any_maps(projection, center, step, frame=frame, turn=turn, shear=shear, flip=flip)
    sky = skycoord(maps)[place]
    if np.isfinite(sky.spherical.lon.deg):
        offset = sky.directional_offset_by(71 * u.deg, 0.237 * step * u.deg)
        check(maps, offset.transform_to(frames[1]), size * step, seed)


@examples(4, 12)(
    projection=st.sampled_from(WHOLE),
    lon=st.floats(170, 190),
    lat=st.floats(-89.9, 89.9),
    size=st.sampled_from([6.1, 20.3, 43.7]),
    seed=st.integers(0, 2**31),
)
def test_pixels_at_the_seam_and_the_poles_of_the_whole_sky(projection, lon, lat, size, seed):
    maps = any_maps(projection, (0, 0), 2, frame="galactic", shape=(90, 180))
    check(maps, SkyCoord(lon, lat, unit="deg", frame="galactic"), size, seed)


@pytest.mark.parametrize("planar", [False, True])
def test_a_mirrored_map_does_not_mirror_an_ellipse(planar):
    """The brightness lies on the ellipse's major axis; mirrored, it has 149 counts."""
    maps = any_maps("TAN", (83.63, 22.01), 0.02, flip=(-1, 1), shape=(200, 200))
    center = SkyCoord(83.63, 22.01, unit="deg")
    source = center.directional_offset_by(60 * u.deg, 0.6 * u.deg)
    image = maps.counts[0].copy(
        data=100 * np.exp(-((skycoord(maps).separation(source).deg / 0.1) ** 2) / 2)
    )
    ellipse = EllipseSkyRegion(center, 2 * u.deg, 0.6 * u.deg, 150 * u.deg)
    counts = bin_image(image, SkyBins.from_regions([ellipse], planar=planar))
    assert round(float(counts[0])) == 15378


@pytest.mark.parametrize("planar", [False, True])
@pytest.mark.parametrize("shear", [0.5, -0.8])
def test_circles_on_sheared_maps_are_round(shear, planar):
    maps = any_maps("TAN", (83.63, 22.01), 0.02, shear=shear, shape=(200, 240))
    center = SkyCoord(83.64, 22.02, unit="deg")
    found = planes([CircleSkyRegion(center, 0.5 * u.deg)], maps, planar=planar)[0]
    expected = skycoord(maps).separation(center) < 0.5 * u.deg
    assert np.count_nonzero(found != expected) <= (4 if planar else 0)


def test_a_circle_at_the_seam_of_the_sky_has_its_solid_angle():
    maps = any_maps("AIT", (0, 0), 1, frame="galactic", shape=(180, 360))
    region = CircleSkyRegion(SkyCoord(180, 0, unit="deg", frame="galactic"), 20 * u.deg)
    binned = bin_maps(maps, [region])
    np.testing.assert_allclose(binned.solid_angle, 0.379, rtol=0.02)  # pixels of 1 deg
    np.testing.assert_allclose(SkyBins.from_regions([region]).solid_angle.value, 0.379, 1e-3)


@pytest.mark.slow
@pytest.mark.parametrize("chunk", [7, 16, 50])
def test_chunks_change_nothing(chunk):
    pytest.importorskip("dask")
    maps = any_maps("TAN", (83.63, 22.01), 0.3, flip=(-1, 1))
    regions = regions_at(SkyCoord(84, 22.3, unit="deg"), 5, 3)
    with pytest.warns(UserWarning, match="overlap"):
        expected = bin_maps(maps, regions)
    with pytest.warns(UserWarning, match="overlap"):
        found = bin_maps(maps.chunk(lat=chunk, lon=chunk), regions)
    np.testing.assert_array_equal(found.counts, expected.counts)
    np.testing.assert_allclose(found.solid_angle, expected.solid_angle, rtol=1e-12)
    assert found.attrs["overlapping_pixels"] == expected.attrs["overlapping_pixels"]


def test_exclude_masks_the_same_pixels():
    maps = any_maps("TAN", (83.63, 22.01), 0.3, flip=(1, -1))
    region = regions_at(SkyCoord(84, 22.3, unit="deg"), 5, 4)[3]
    np.testing.assert_array_equal(~exclude(maps, [region]).mask[0], holds(region, skycoord(maps)))


@pytest.mark.parametrize("flip", [(1, 1), (-1, 1), (1, -1)])
def test_regions_of_bins_hold_the_pixels_of_the_bins(flip):
    maps = any_maps("CAR", (10, 0), 0.25, frame="galactic", flip=flip)
    center = SkyCoord(10.125, 0.125, unit="deg", frame="galactic")
    end = center.directional_offset_by(50 * u.deg, 4 * u.deg)
    ellipse = {"axis_ratio": 0.4, "position_angle": 20 * u.deg, "radius_max": 4 * u.deg}
    for bins in (
        SkyBins.along_line(center, end, height=2 * u.deg, nbin=8),
        SkyBins.annuli(center, radius_max=4 * u.deg, nbin=8),
        SkyBins.elliptical_annuli(center, **ellipse, nbin=5),
    ):
        expected = find_members(bins, pixel_grid(maps))
        found = find_members(SkyBins.from_regions(bins.to_regions()), pixel_grid(maps))
        np.testing.assert_array_equal(
            np.unique([found.bin, found.pixel], axis=1),
            np.unique([expected.bin, expected.pixel], axis=1),
        )


def test_whole_pixel_rectangles_share_and_miss_no_pixel():
    maps = any_maps("CAR", (0, 0), 0.1, frame="galactic", shape=(51, 61))
    lon = np.arange(-2.5, 3, 0.5) + 0.05
    centers = SkyCoord(lon, 0, unit="deg", frame="galactic")
    found = planes([RectangleSkyRegion(c, 0.5 * u.deg, 0.4 * u.deg) for c in centers], maps)
    np.testing.assert_array_equal(found.sum(axis=(1, 2)), 20)
    assert found.sum(axis=0).max() == 1


@pytest.mark.slow
def test_many_regions_are_those_one_by_one():
    maps = any_maps("SIN", (83.63, 22.01), 0.1, shape=(100, 120))
    sky = skycoord(maps)[::9, ::9].ravel()
    regions = [CircleSkyRegion(c, 0.31 * u.deg) for c in sky]
    regions += [CircleSkyRegion(sky[50], r * u.deg) for r in (0.5, 1.1, 2.2, 2.2, 3.3)]
    for region, found in zip(regions, planes(regions, maps), strict=True):
        np.testing.assert_array_equal(found, holds(region, skycoord(maps)))


def test_large_and_polar_polygons_hold_the_side_without_the_antipode():
    maps = any_maps("AIT", (0, 0), 2, frame="galactic", shape=(90, 180))
    pole = SkyCoord(0, 88, unit="deg", frame="galactic")
    around = pole.directional_offset_by(
        [0, 80, 150, 230, 300] * u.deg, [70, 50, 80, 60, 75] * u.deg
    )
    region, sky = PolygonSkyRegion(around), skycoord(maps)
    on_sky = np.isfinite(sky.spherical.lon.deg)
    np.testing.assert_array_equal(planes([region], maps)[0], holds(region, sky) & on_sky)


CENTER = SkyCoord(1, 2, unit="deg")


@pytest.mark.parametrize(
    "region", [PointSkyRegion(CENTER), TextSkyRegion(CENTER, "here")], ids=["point", "text"]
)
def test_regions_without_an_area_are_refused(region):
    for regions in ([region], [CircleSkyRegion(CENTER, 1 * u.deg) | region]):
        with pytest.raises(InvalidBinsError, match=r"has no area .*give circles"):
            SkyBins.from_regions(regions)


def test_compounds_of_all_that_is_outside_are_refused():
    disc = CircleSkyRegion(CENTER, 1 * u.deg)
    neither = type(disc | disc)(disc, disc, lambda one, other: ~(one | other))
    with pytest.raises(InvalidBinsError, match="outside its parts"):
        SkyBins.from_regions([neither])
