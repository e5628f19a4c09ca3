"""Pixels on the sky: where they are, how large, and that selections keep both."""

import astropy.units as u
import numpy as np
import pytest
import xarray as xr
from astropy.coordinates import SkyCoord
from astropy.io.fits import Header
from astropy.wcs import WCS
from cases.maps import make_maps, make_wcs
from cases.skies import SKIES, rotated
from hypothesis import given, settings
from hypothesis import strategies as st

from xprofile.exceptions import InvalidDataError, MissingVariableError
from xprofile.maps.pixelgrid import PixelGrid
from xprofile.maps.positions import sky_frame, skycoord
from xprofile.maps.sphere import unit_vectors
from xprofile.maps.wcs import decode_wcs, grid_coords, pixel_grid

SHAPE = (60, 80)


SEPARABLE = (
    *("car", "car across 0", "car from 370", "car at b=60", "car at the pole"),
    *("car mirrored", "car all-sky"),
)

every_sky = pytest.mark.parametrize("name", SKIES)


def maps_of(name, shape=SHAPE):
    return make_maps(SKIES[name], shape, nenergy=1, ntrue=1)


def astropy_sky(data, wcs):
    """Sky positions of the pixels that the coordinates x and y name, by astropy alone."""
    return wcs.pixel_to_world(*np.meshgrid(data.x.to_numpy(), data.y.to_numpy()))


def assert_same_sky(actual, expected):
    known = np.isfinite(expected.spherical.lat.deg)
    np.testing.assert_array_equal(np.isfinite(actual.spherical.lat.deg), known)
    assert known.any()
    assert actual[known].separation(expected[known]).max() < 1e-9 * u.deg


@every_sky
def test_skycoord_is_astropys(name):
    maps = maps_of(name)
    assert skycoord(maps).shape == SHAPE
    assert skycoord(maps).frame.is_equivalent_frame(sky_frame(maps))
    assert_same_sky(skycoord(maps), astropy_sky(maps, SKIES[name]))


def test_skycoord_with_latitude_as_first_axis():
    wcs = WCS(naxis=2)
    wcs.wcs.ctype = ["GLAT-CAR", "GLON-CAR"]
    wcs.wcs.crval = [0, 20]
    wcs.wcs.crpix = [40.5, 30.5]
    wcs.wcs.cdelt = [0.1, -0.1]
    maps = make_maps(wcs)
    assert_same_sky(skycoord(maps), astropy_sky(maps, wcs))


def test_skycoord_beyond_half_a_turn_from_the_reference_point():
    wcs = make_wcs(step=1, shape=(60, 360))
    wcs.wcs.crpix[0] = 1
    maps = make_maps(wcs, (60, 360), nenergy=1, ntrue=1)
    expected = SkyCoord(-np.arange(360.0) * u.deg, 0.5 * u.deg, frame="galactic")
    assert np.all(skycoord(maps)[30].separation(expected) < 1e-9 * u.deg)


SELECTIONS = [
    {"lon": slice(10, 50, 3), "lat": slice(5, None)},
    {"lon": slice(None, None, -1), "lat": slice(40, 3, -2)},
    {"lon": [40], "lat": slice(None)},
    {"lon": [70, 3, 22], "lat": [33, 30]},
]


@every_sky
def test_skycoord_follows_selections(name):
    for selection in SELECTIONS:
        part = maps_of(name).isel(selection).transpose("lon", ...)
        expected = astropy_sky(part, SKIES[name])
        assert_same_sky(skycoord(part), expected)
        assert_same_sky(skycoord(part.counts), expected)


@every_sky
def test_wcs_survives_its_encoding(name):
    decoded = decode_wcs(maps_of(name))
    x, y = np.meshgrid([0, 12.5, 40, 79], [0, 30, 33.3, 59])
    assert_same_sky(decoded.pixel_to_world(x, y), SKIES[name].pixel_to_world(x, y))


def test_cd_matrix_is_as_good_as_pc():
    wcs = rotated(make_wcs("TAN", (40, 10)), 25)
    header = wcs.to_header()
    cards = {key: header[key] for key in header if not key.startswith(("PC", "CDELT"))}
    scale = np.diag(wcs.wcs.cdelt) @ wcs.wcs.pc
    cards |= {f"CD{i + 1}_{j + 1}": scale[i, j] for i in (0, 1) for j in (0, 1)}
    assert_same_sky(skycoord(make_maps(WCS(Header(cards)))), astropy_sky(make_maps(wcs), wcs))


def test_wcs_value_tells_grids_apart():
    wcs, dated, moved = make_wcs(), make_wcs(), make_wcs()
    dated.wcs.dateobs = "2008-08-04"
    moved.wcs.crpix[0] += 1
    values = [grid_coords(w, SHAPE)["wcs"].item() for w in (wcs, dated, moved)]
    assert values[0] == values[1] != values[2]


def test_maps_on_different_grids_do_not_merge():
    counts = make_maps(make_wcs("TAN", (10, 10))).counts
    other = make_maps(make_wcs("TAN", (10, 11))).background
    with pytest.raises(xr.MergeError, match="wcs"):
        xr.merge([counts, other], compat="no_conflicts", join="exact")


@every_sky
def test_only_separable_maps_have_lon_and_lat(name):
    maps = maps_of(name)
    assert pixel_grid(maps).separable == (name in SEPARABLE)
    assert {"lon", "lat"} & set(maps.coords) == ({"lon", "lat"} if name in SEPARABLE else set())


@pytest.mark.parametrize("column", [0, 40, 80])
@pytest.mark.parametrize("width", [1, 2, 3])
def test_a_few_columns_of_an_oblique_map_are_not_separable(column, width):
    maps = make_maps(make_wcs(center=(30, 60), shape=(61, 81)), (61, 81), nenergy=1, ntrue=1)
    part = maps.isel(lon=slice(max(column + 1 - width, 0), max(column + 1, width)))
    assert part.sizes["lon"] == width
    assert not pixel_grid(part).separable


@pytest.mark.parametrize("name", SEPARABLE)
def test_coordinates_are_the_sky(name):
    maps = maps_of(name)
    sky = SkyCoord(*np.meshgrid(maps.lon, maps.lat), unit="deg", frame=sky_frame(maps))
    assert_same_sky(sky, astropy_sky(maps, SKIES[name]))
    assert len(set(np.sign(maps.lon.diff("lon").to_numpy()))) == 1
    assert maps.lon.attrs["units"] == maps.lat.attrs["units"] == "deg"
    assert maps.lon.attrs["frame"] == "galactic"


@pytest.mark.parametrize(
    ("center", "ends"),
    [(0, (3.95, -3.95)), (359.95, (3.9, -4.0)), (370, (13.95, 6.05)), (180, (183.95, 176.05))],
)
def test_longitudes_are_unwrapped(center, ends):
    lon = grid_coords(make_wcs(center=(center, 0)), SHAPE)["lon"].to_numpy()
    np.testing.assert_allclose([lon[0], lon[-1]], ends, rtol=0, atol=1e-9)


@every_sky
@pytest.mark.parametrize("frame", ["galactic", "icrs"])
def test_pixel_is_the_inverse_of_skycoord(name, frame):
    maps = maps_of(name)
    grid = pixel_grid(maps)
    x, y = (p.astype(float) for p in np.meshgrid(grid.x, grid.y))
    single = grid.canonical(x, y)
    found = grid.pixel(skycoord(maps)[single].transform_to(frame))
    np.testing.assert_allclose(found, [x[single], y[single]], rtol=0, atol=1e-6)


@pytest.mark.parametrize("offset", [-250.0, -100.0, 100.0, 250.0])
def test_pixel_is_the_turn_nearest_to_the_grid(offset):
    wcs = make_wcs(center=(30, 0), step=1, shape=(10, 41))
    grid = pixel_grid(make_maps(wcs, (10, 41), nenergy=1, ntrue=1))
    x, _ = grid.pixel(SkyCoord(30 + offset, 0, unit="deg", frame="galactic"))
    nearest = (offset + 180) % 360 - 180
    np.testing.assert_allclose(x, 20 - nearest, rtol=0, atol=1e-6)


def test_pixel_behind_the_projection_is_nan():
    grid = pixel_grid(maps_of("sin all-sky"))
    x, y = grid.pixel(SkyCoord([20, 200], [30, -30], unit="deg", frame="galactic"))
    assert np.isnan([x[0], y[0]]).all()
    np.testing.assert_allclose([x[1], y[1]], [39.5, 29.5], rtol=0, atol=1e-9)


def triangle(a, b, c):
    """Solid angle by the law of L'Huilier."""
    sides = [p.separation(q).rad for p, q in ((a, b), (b, c), (c, a))]
    half = sum(sides) / 2
    product = np.tan(half / 2) * np.prod([np.tan((half - side) / 2) for side in sides], axis=0)
    return 4 * np.arctan(np.sqrt(np.maximum(product, 0)))


@pytest.mark.parametrize("name", sorted(set(SKIES) - set(SEPARABLE)))
def test_solid_angle_is_that_of_the_corners(name):
    grid = pixel_grid(maps_of(name))
    x, y = np.meshgrid([3.0, 25.0, 40.0, 55.0], [2.0, 20.0, 30.0, 41.0])
    corners = [
        SKIES[name].pixel_to_world(x + dx, y + dy)
        for dx, dy in ((-0.5, -0.5), (0.5, -0.5), (0.5, 0.5), (-0.5, 0.5))
    ]
    whole = np.all([np.isfinite(c.spherical.lat.deg) for c in corners], axis=0)
    corners = [c[whole] for c in corners]
    expected = triangle(*corners[:3]) + triangle(corners[0], *corners[2:])
    assert whole.sum() >= 4
    np.testing.assert_allclose(grid.solid_angle(x, y)[whole], expected, rtol=1e-6)


@pytest.mark.parametrize("name", SEPARABLE)
def test_solid_angle_between_meridians_and_parallels(name):
    grid = pixel_grid(maps_of(name))
    step_lon, step_lat = np.abs(SKIES[name].wcs.cdelt)
    lat = skycoord(maps_of(name))[:, 0].spherical.lat.deg
    on_sky = np.isfinite(lat)
    upper = np.sin(np.radians(np.minimum(lat + step_lat / 2, 90)))
    lower = np.sin(np.radians(np.maximum(lat - step_lat / 2, -90)))
    expected = np.radians(step_lon) * (upper - lower)
    area = grid.solid_angle(grid.x, grid.y[:, None])
    assert area.shape == SHAPE
    np.testing.assert_allclose(
        area[on_sky], np.broadcast_to(expected[on_sky, None], area[on_sky].shape), rtol=1e-9
    )
    np.testing.assert_allclose(area[~on_sky], 0, atol=1e-15)


def test_solid_angle_by_counting_samples():
    grid = pixel_grid(maps_of("tan mirrored"))
    rng = np.random.default_rng(5)
    z = rng.uniform(np.sin(np.radians(21)), np.sin(np.radians(23)), 40_000)
    lon = rng.uniform(82.6, 84.6, z.size)
    area = np.radians(2) * (np.sin(np.radians(23)) - np.sin(np.radians(21)))
    sky = SkyCoord(lon, np.degrees(np.arcsin(z)), unit="deg", frame="galactic")
    x, y = grid.pixel(sky)
    inside = (np.abs(x - 39.5) < 4) & (np.abs(y - 29.5) < 3)
    boxes = grid.solid_angle(np.arange(36.0, 44.0), np.arange(27.0, 33.0)[:, None]).sum()
    expected = inside.mean() * area
    error = expected / np.sqrt(inside.sum())
    assert abs(boxes - expected) < 4 * error


@pytest.mark.parametrize(
    ("projection", "center", "rtol"),
    [
        ("CAR", (0, 0), 1e-12),
        ("CAR", (77, 0), 1e-12),
        ("CAR", (77, 35), 1e-5),
        ("AIT", (0, 0), 5e-3),
        ("AIT", (77, 35), 5e-3),
        ("MOL", (77, 0), 5e-3),
    ],
)
def test_the_whole_sky_is_4_pi(projection, center, rtol):
    shape = (180, 360)
    wcs = make_wcs(projection, center, step=1, shape=shape)
    grid = pixel_grid(make_maps(wcs, shape, nenergy=1, ntrue=1))
    x, y = np.meshgrid(grid.x, grid.y)
    area = np.where(grid.canonical(x, y), grid.solid_angle(x, y), 0)
    np.testing.assert_allclose(area.sum(), 4 * np.pi, rtol=rtol)


@pytest.mark.parametrize("nx", [60, 61])
@pytest.mark.parametrize("center", [(0, 0), (77, 35)])
def test_own_has_every_longitude_once(nx, center):
    wcs = make_wcs(center=center, step=1, shape=(61, nx))
    grid = pixel_grid(make_maps(wcs, (61, nx), nenergy=1, ntrue=1))
    x = np.arange(-400.0, 460.0)
    assert grid.canonical(x, np.full(x.size, 30.0)).sum() == 360


def test_own_refuses_what_is_off_the_sky():
    grid = pixel_grid(maps_of("ait"))
    own = grid.canonical(grid.x, grid.y[:, None])
    expected = np.isfinite(skycoord(maps_of("ait")).spherical.lat.deg)
    assert not expected.all()
    np.testing.assert_array_equal(own, expected)


@pytest.mark.parametrize("lost", ["wcs", "x", "y"])
def test_lost_coordinates_are_named(lost):
    with pytest.raises(MissingVariableError, match=lost):
        pixel_grid(make_maps().drop_vars(lost))


def test_repeated_pixels_are_refused():
    maps = make_maps()
    with pytest.raises(InvalidDataError, match="repeat"):
        pixel_grid(maps.isel(lon=[3, 4, 3]))


def test_pixel_numbers_between_pixels_are_refused():
    coarse = make_maps()[["counts"]].coarsen(lon=2, lat=2).sum()
    with pytest.raises(InvalidDataError, match="pixel"):
        pixel_grid(coarse)


def test_sky_survives_netcdf(tmp_path):
    maps = make_maps(rotated(make_wcs("TAN", (83.6, 22), frame="icrs"), 40)).isel(
        lon=slice(70, 3, -1), lat=slice(4, 50)
    )
    maps.to_netcdf(tmp_path / "maps.nc")
    with xr.open_dataset(tmp_path / "maps.nc") as back:
        xr.testing.assert_identical(back.load(), maps)
        assert_same_sky(skycoord(back), skycoord(maps))


@settings(max_examples=25, deadline=None, derandomize=True)
@given(
    projection=st.sampled_from(["CAR", "TAN", "AIT", "ZEA", "SIN", "MOL", "STG", "ARC"]),
    lon=st.floats(0, 360),
    lat=st.floats(-90, 90),
    turn=st.floats(0, 360),
    step=st.floats(0.02, 0.5),
    frame=st.sampled_from(["galactic", "icrs"]),
)
def test_any_sky_is_astropys(projection, lon, lat, turn, step, frame):
    wcs = rotated(make_wcs(projection, (lon, lat), step, (13, 17), frame), turn)
    maps = make_maps(wcs, (13, 17), nenergy=1, ntrue=1)
    assert_same_sky(skycoord(maps), astropy_sky(maps, wcs))
    grid = pixel_grid(maps)
    np.testing.assert_allclose(
        grid.solid_angle(np.array(8.0), np.array(6.0)), np.radians(step) ** 2, rtol=2e-2
    )


@pytest.mark.parametrize("name", [name for name in SKIES if name.startswith("tan")])
def test_vectors_of_a_gnomonic_projection_are_those_of_the_wcs(name):
    wcs = SKIES[name]
    grid = PixelGrid(wcs, np.arange(-300.0, 400, 7), np.arange(-200.0, 300, 7))
    assert grid._tangent is not None
    x, y = np.meshgrid(grid.x, grid.y)
    expected = unit_vectors(*wcs.wcs_pix2world(x, y, 0))
    np.testing.assert_allclose(grid.vectors(grid.x, grid.y[:, None]), expected, rtol=0, atol=5e-15)


def test_a_gnomonic_projection_with_terms_of_its_own_is_left_to_the_wcs():
    wcs = make_wcs("TAN", (83.6, 22))
    wcs.wcs.ctype = ["GLON-AZP", "GLAT-AZP"]
    wcs.wcs.set_pv([(2, 1, 0.5)])
    grid = PixelGrid(wcs, np.arange(4.0), np.arange(3.0))
    assert grid._tangent is None
    expected = unit_vectors(*wcs.wcs_pix2world(*np.meshgrid(grid.x, grid.y), 0))
    np.testing.assert_array_equal(grid.vectors(*np.meshgrid(grid.x, grid.y)), expected)


@pytest.mark.parametrize("name", SKIES)
def test_solid_angles_of_a_block_are_those_of_its_pixels(name):
    grid = PixelGrid(SKIES[name], np.arange(20.0, 50), np.arange(10.0, 45))
    for share in (0.9, 0.1):
        inside = np.flatnonzero(np.random.default_rng(0).random(35 * 30) < share)
        row, column = np.divmod(inside, 30)
        found = grid.solid_angles(grid.x, grid.y, inside)
        expected = grid.solid_angle(grid.x[column], grid.y[row])
        np.testing.assert_allclose(found, expected, rtol=1e-12, atol=0)
