"""Maps with distortions, against astropy alone: positions, solid angles, members and selections."""

import pickle
import warnings
from itertools import pairwise

import astropy.units as u
import numpy as np
import pytest
import xarray as xr
from astropy.coordinates import SkyCoord
from astropy.wcs import FITSFixedWarning
from cases.maps import make_maps
from cases.pixel_loops import pixel_planes
from cases.world_headers import (
    DISTORTED,
    SHAPE,
    SIP,
    header,
    reference,
    reference_lonlat,
    undistorted,
)

from xprofile import SkyBins, bin_maps, coarsen, cutout, from_arrays, skycoord, solid_angle
from xprofile.maps.wcs import decode_wcs, encode_wcs, pixel_grid
from xprofile.maps.world.celestial import celestial_wcs

pytestmark = pytest.mark.filterwarnings("ignore::astropy.wcs.FITSFixedWarning")
every = pytest.mark.parametrize("name", DISTORTED)
PIXELS = np.meshgrid(np.arange(SHAPE[1]), np.arange(SHAPE[0]))


def distorted_maps(name, **options):
    """Maps on the pixels of a header."""
    return make_maps(celestial_wcs(DISTORTED[name]), SHAPE, **{"nenergy": 2, "ntrue": 2, **options})


def brute_sky(name):
    """Sky positions of all pixels by astropy alone, in the frame that the header names."""
    frames = {"sip in ecliptic": "barycentricmeanecliptic", "tpv in galactic": "galactic"}
    lon, lat = reference_lonlat(name, *PIXELS)
    return SkyCoord(lon, lat, unit="deg", frame=frames.get(name, "icrs"))


def center_of(name):
    """Return a position in the middle of the map, on no edge between pixels."""
    return brute_sky(name)[30, 40].directional_offset_by(0.3 * u.rad, 0.0234 * u.deg)


@every
def test_distortions_matter(name):
    if name.startswith("sip"):
        away = reference(name).all_pix2world(0, 0, 0), reference(name).wcs_pix2world(0, 0, 0)
        first, second = (SkyCoord(*map(float, sky), unit="deg") for sky in away)
    else:
        first = brute_sky(name)[0, 0]
        lon, lat = undistorted(name).wcs_pix2world(0, 0, 0)
        second = SkyCoord(lon, lat, unit="deg", frame=first.frame.name)
    assert first.separation(second) > 0.04 * u.deg


@every
def test_skycoord_is_that_of_astropy(name):
    found, expected = skycoord(distorted_maps(name)), brute_sky(name)
    assert found.frame.name == expected.frame.name
    assert found.separation(expected).max() < 1e-9 * u.deg


@every
def test_selections_keep_positions(name):
    part = distorted_maps(name).isel(lon=slice(70, 3, -2), lat=slice(4, 50))
    expected = brute_sky(name)[4:50, 70:3:-2]
    assert skycoord(part).separation(expected).max() < 1e-9 * u.deg


@every
def test_pixel_is_the_inverse_of_skycoord(name):
    grid = pixel_grid(distorted_maps(name))
    np.testing.assert_allclose(grid.pixel(brute_sky(name)), PIXELS, rtol=0, atol=1e-6)
    assert grid.canonical(grid.x, grid.y[:, None]).all()


@every
def test_positions_far_away_have_no_pixels_or_right_ones(name):
    grid = pixel_grid(distorted_maps(name))
    rng = np.random.default_rng(3)
    lat = np.degrees(np.arcsin(rng.uniform(-1, 1, 500)))
    sky = SkyCoord(rng.uniform(0, 360, 500), lat, unit="deg", frame=grid.frame)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        x, y = grid.pixel(sky)
    known = np.isfinite(x)
    back = SkyCoord(*grid.lonlat(x[known], y[known]), unit="deg", frame=grid.frame)
    assert back.separation(sky[known]).max() < 1e-5 * u.deg


@every
def test_solid_angle_is_the_numerical_one(name):
    maps = distorted_maps(name)
    corners = []
    for dx, dy in ((-1, -1), (1, -1), (1, 1), (-1, 1)):
        lon, lat = np.radians(reference_lonlat(name, PIXELS[0] + dx / 2, PIXELS[1] + dy / 2))
        corners.append([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)])
    a, b, c, d = np.array(corners)
    flat = np.linalg.norm(np.cross(c - a, d - b, axis=0), axis=0) / 2
    np.testing.assert_allclose(solid_angle(maps), flat, rtol=2e-6, atol=0)


@every
@pytest.mark.parametrize("kind", ["annuli", "boxes"])
def test_members_are_those_of_brute_force(name, kind):
    sky, center = brute_sky(name), center_of(name)
    maps = distorted_maps(name)
    if kind == "annuli":
        edges = np.linspace(0, 3, 7)
        bins = SkyBins.annuli(center, edges=edges * u.deg)
        measure, across = sky.separation(center).deg, np.zeros(SHAPE)
    else:
        edges = np.linspace(-3, 3, 7)
        end = center.directional_offset_by(90 * u.deg, 3 * u.deg)
        start = center.directional_offset_by(270 * u.deg, 3 * u.deg)
        bins = SkyBins.along_line(start, end, height=2 * u.deg, nbin=6)
        offset = start.skyoffset_frame(rotation=start.position_angle(end) - 90 * u.deg)
        local = sky.transform_to(offset)
        measure, across = local.lon.wrap_at("180d").deg - 3, local.lat.deg
    planes = pixel_planes(bins, maps)
    inside = np.abs(across) < 1
    expected = [(a <= measure) & (measure < b) & inside for a, b in pairwise(edges)]
    np.testing.assert_array_equal(planes, expected)
    assert planes.any(axis=(1, 2)).all()


@every
def test_counts_of_regions_are_those_of_planes(name):
    maps, center = distorted_maps(name), center_of(name)
    bins = SkyBins.annuli(center, edges=[0.5, 1, 2] * u.deg)
    distance = brute_sky(name).separation(center).deg
    counts = maps.counts.to_numpy()
    expected = [
        [counts[k][(low <= distance) & (distance < high)].sum() for low, high in ((0.5, 1), (1, 2))]
        for k in (0, 1)
    ]
    binned = bin_maps(maps, bins)
    np.testing.assert_array_equal(binned.counts, expected)
    np.testing.assert_allclose(binned.coverage, 1)


@every
def test_larger_pixels_are_centred_on_the_joined_ones(name):
    coarse = coarsen(distorted_maps(name).isel(lon=slice(1, 79), lat=slice(3, 60)), 3)
    expected = brute_sky(name)[4:60:3, 2:79:3]
    assert skycoord(coarse).separation(expected).max() < 1e-9 * u.deg
    np.testing.assert_array_equal(coarsen(coarse, 1).wcs, coarse.wcs)


@every
def test_cutout_keeps_positions(name):
    maps = distorted_maps(name)
    part = cutout(maps, center_of(name), 2 * u.deg)
    assert 15 < part.sizes["lon"] < 30
    expected = brute_sky(name)[np.ix_(part.y.astype(int), part.x.astype(int))]
    assert skycoord(part).separation(expected).max() < 1e-9 * u.deg


@pytest.mark.heavy
@every
def test_cards_survive_encoding_and_netcdf(name, tmp_path):
    maps = distorted_maps(name)
    assert encode_wcs(decode_wcs(maps)).identical(maps.wcs.variable)
    maps.to_netcdf(tmp_path / "plain.nc")
    maps.profile.to_netcdf(tmp_path / "cf.nc")
    for path in ("plain.nc", "cf.nc"):
        with xr.open_dataset(tmp_path / path) as back:
            assert back.wcs.item() == maps.wcs.item()
            assert skycoord(back).separation(brute_sky(name)).max() < 1e-9 * u.deg
    cards = maps.wcs.attrs
    assert all(key in cards for key in SIP if name.startswith("sip"))
    assert all(key.replace("_", "").isalnum() for key in cards)


@every
def test_pickled_grids_are_the_same(name):
    grid = pixel_grid(distorted_maps(name))
    for copy in (pickle.loads(pickle.dumps(grid)), grid.subgrid(grid.x, grid.y)):
        np.testing.assert_array_equal(
            copy.vectors(grid.x, grid.y[:, None]), grid.vectors(grid.x, grid.y[:, None])
        )
        np.testing.assert_array_equal(copy.pixel(brute_sky(name)), grid.pixel(brute_sky(name)))


@pytest.mark.parametrize("change", [{"A_2_0": 2.3e-3}, {"B_0_2": 0.0}, {"A_3_0": 1e-6}])
def test_maps_with_other_distortions_do_not_merge(change):
    counts = distorted_maps("sip").counts
    other = make_maps(celestial_wcs(header("TAN-SIP", **SIP | change)), SHAPE, 2, 2).background
    with pytest.raises(xr.MergeError, match="wcs"):
        xr.merge([counts, other], compat="no_conflicts", join="exact")


@every
def test_from_arrays_takes_headers_and_wcs(name):
    for wcs in (DISTORTED[name], reference(name)):
        maps = from_arrays(
            np.ones((1, *SHAPE)),
            wcs=wcs,
            energy_edges=[1, 2] * u.TeV,
            exposure=1e9 * u.Unit("m2 s"),
            background=1.0,
        )
        assert skycoord(maps).separation(brute_sky(name)).max() < 1e-9 * u.deg


def test_no_warning_of_astropy_is_seen():
    with warnings.catch_warnings():
        warnings.simplefilter("error", FITSFixedWarning)
        decode_wcs(make_maps(celestial_wcs(DISTORTED["tpv of scamp"]), SHAPE))
