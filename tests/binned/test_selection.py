"""Maps cut out round a position, and with regions excluded."""

import astropy.units as u
import numpy as np
import pytest
import xarray as xr
from astropy.coordinates import SkyCoord
from cases.bins import galactic
from cases.maps import make_maps, make_wcs, uneven_maps
from cases.skies import rotated
from regions import CircleSkyRegion

from xprofile import SkyBins, bin_maps, cutout, exclude, skycoord
from xprofile.exceptions import (
    DataWarning,
    InvalidBinsError,
    InvalidDataError,
    InvalidOptionError,
)
from xprofile.maps.wcs import pixel_grid
from xprofile.schema.variables import MAPS


def all_sky(step=3.0, projection="CAR", center=(0.0, 0.0)):
    shape = (round(180 / step), round(360 / step))
    return make_maps(make_wcs(projection, center, step, shape), shape, nenergy=1, ntrue=1)


# cutout


def in_box(data, center, width, height):
    """Whether each pixel centre is in a box, by offsets in the frame of its centre."""
    offset = skycoord(data).transform_to(center.skyoffset_frame())
    lon, lat = offset.lon.wrap_at("180d").deg, offset.lat.deg
    return (np.abs(lon) < width / 2) & (np.abs(lat) < height / 2)


BOXES = {
    "CAR": (make_maps(), galactic(1, -0.7), 2.0, 1.0),
    "over the edge": (make_maps(), galactic(4, 3), 3.0, 3.0),
    "rotated": (make_maps(rotated(make_wcs(), 33)), galactic(0.5, 0.3), 2.0, 1.0),
    "TAN": (make_maps(make_wcs("TAN", center=(12.0, 70.0))), galactic(10, 70), 2.0, 1.0),
    "other frame": (make_maps(), SkyCoord(266.4, -28.9, unit="deg"), 2.0, 1.0),
    "high latitude": (all_sky(), galactic(40, 65), 20.0, 20.0),
    "near the pole": (all_sky(), galactic(40, 86), 20.0, 20.0),
    "round the pole": (all_sky(1.0), galactic(0, 90), 10.0, 10.0),
    "across the seam": (all_sky(), galactic(179, 10), 20.0, 10.0),
    "AIT seam": (all_sky(3.0, "AIT"), galactic(179, 10), 20.0, 10.0),
}


@pytest.mark.parametrize("name", ["CAR", "TAN"])
def test_smallest_rectangle_round_a_circle(name):
    maps, center = make_maps(make_wcs(name)), galactic(1, -0.7)
    cut = cutout(maps, center, radius=0.93 * u.deg)
    near = center.separation(skycoord(maps)).deg < 0.93
    rows, columns = (np.flatnonzero(near.any(axis=axis)) for axis in (1, 0))
    # pixels of the rim whose centre is beyond it are there, too
    assert 0 <= rows[0] - np.flatnonzero(maps.y == cut.y[0])[0] <= 1
    assert 0 <= columns[0] - np.flatnonzero(maps.x == cut.x[0])[0] <= 1
    assert rows.size <= cut.sizes["lat"] <= rows.size + 2
    assert columns.size <= cut.sizes["lon"] <= columns.size + 2


@pytest.mark.parametrize("options", [{}, {"width": 1 * u.deg, "radius": 1 * u.deg}])
def test_either_a_box_or_a_circle(options):
    with pytest.raises(InvalidOptionError, match="give the width of a box"):
        cutout(make_maps(), galactic(0, 0), **options)


@pytest.mark.parametrize("name", BOXES)
def test_cutout_contains_all_pixels_of_the_box(name):
    maps, center, width, height = BOXES[name]
    wanted = in_box(maps, center, width, height)
    found = cutout(maps, center, (width * u.deg, height * u.deg))
    assert wanted.sum() > 20
    assert in_box(found, center, width, height).sum() == wanted.sum()
    xr.testing.assert_identical(found, maps.isel(lat=found["y"].data, lon=found["x"].data))


def test_both_sides_of_a_box_may_be_one_quantity():
    maps = make_maps()
    pair = cutout(maps, galactic(0, 0), (2 * u.deg, 1 * u.deg))
    assert pair.sizes["lon"] > pair.sizes["lat"]
    xr.testing.assert_identical(cutout(maps, galactic(0, 0), (2, 1) * u.deg), pair)


@pytest.mark.parametrize("name", ["CAR", "high latitude", "TAN"])
def test_each_row_and_column_of_a_cutout_touches_the_box(name):
    maps, center, width, height = BOXES[name]
    found = cutout(maps, center, (width * u.deg, height * u.deg))
    margin = 2.1 * pixel_grid(maps).pixel_size
    near = in_box(found, center, width + margin, height + margin)
    assert near.any(axis=0).all()
    assert near.any(axis=1).all()


def test_cutout_keeps_pixel_numbers_and_sky_positions():
    maps = make_maps()
    found = cutout(maps, galactic(1, -0.7), 1 * u.deg)
    assert found["x"][0] > 0
    xr.testing.assert_identical(found, maps.isel(lat=found["y"].data, lon=found["x"].data))
    sky = skycoord(maps)[found["y"].data[:, None], found["x"].data]
    assert skycoord(found).separation(sky).max() < 1e-12 * u.deg


def test_binning_a_cutout_gives_the_same_as_binning_the_map():
    maps = uneven_maps()
    bins = SkyBins.annuli(galactic(0.51, 0.33), radius_max=1 * u.deg, nbin=3)
    cut = cutout(maps, galactic(0.51, 0.33), 2.2 * u.deg)
    xr.testing.assert_allclose(bin_maps(cut, bins), bin_maps(maps, bins), rtol=1e-12, atol=0)


def test_a_box_smaller_than_a_pixel_gives_one_pixel():
    found = cutout(make_maps(), galactic(0.04, 0.06), 0.001 * u.deg)
    assert dict(found.sizes) == {"energy": 4, "energy_true": 6, "lat": 1, "lon": 1}
    assert (found["x"].item(), found["y"].item()) == (39, 30)


def test_cutout_of_one_map():
    maps = make_maps()
    cut = cutout(maps["counts"], galactic(1, -0.7), 1 * u.deg)
    xr.testing.assert_identical(cut, cutout(maps, galactic(1, -0.7), 1 * u.deg)["counts"])
    xr.testing.assert_identical(maps["counts"].profile.cutout(galactic(1, -0.7), 1 * u.deg), cut)


def test_cutout_of_reversed_maps():
    maps = make_maps()
    cut = cutout(maps.isel(lon=slice(None, None, -1)), galactic(1, -0.7), 1 * u.deg)
    xr.testing.assert_identical(
        cut.isel(lon=slice(None, None, -1)), cutout(maps, galactic(1, -0.7), 1 * u.deg)
    )


@pytest.mark.parametrize(
    ("lon", "lat"), [(20, 0), (0, 20), (180, 0), (179.9, 1), (0, 90), (90, -45)]
)
@pytest.mark.parametrize("projection", ["CAR", "TAN", "AIT"])
def test_boxes_beyond_the_map_raise(lon, lat, projection):
    """Also on the opposite side of the sky, where a box extends towards both sides of the map."""
    maps = make_maps(make_wcs(projection))
    with pytest.raises(InvalidBinsError, match="is off the map"):
        cutout(maps, galactic(lon, lat), 5 * u.deg)


@pytest.mark.parametrize("width", [-1 * u.deg, 0 * u.deg, 1 * u.m, (1 * u.deg, np.nan * u.deg)])
def test_width_must_be_a_positive_angle(width):
    with pytest.raises(InvalidBinsError):
        cutout(make_maps(), galactic(0, 0), width)


# exclude


def circles():
    return [
        CircleSkyRegion(galactic(1.01, 0.42), 0.5 * u.deg),
        CircleSkyRegion(galactic(-2, -1), 0.31 * u.deg),
        CircleSkyRegion(galactic(0.61, 0.42), 0.4 * u.deg),
    ]


def test_only_pixels_in_regions_are_masked():
    maps = make_maps(make_wcs("TAN", center=(0.0, 0.0)))
    masked = exclude(maps, circles())
    inside = np.zeros((60, 80), bool)
    for circle in circles():
        inside |= skycoord(maps).separation(circle.center) < circle.radius
    assert 50 < inside.sum() < 1000
    np.testing.assert_array_equal(masked["mask"], np.broadcast_to(~inside, (4, 60, 80)))
    assert masked["mask"].attrs == MAPS["mask"].attrs
    xr.testing.assert_equal(masked.drop_vars("mask"), maps.drop_vars("mask"))


def test_exclusion_adds_to_a_mask_that_depends_on_energy():
    maps = uneven_maps()
    clean = exclude(maps.drop_vars("mask"), circles())["mask"]
    mask = exclude(maps, circles())["mask"]
    assert mask.dims == ("energy", "lat", "lon")
    np.testing.assert_array_equal(mask, maps["mask"].to_numpy() & clean.to_numpy())


def test_excluding_twice_changes_nothing_more():
    maps = exclude(uneven_maps(), circles())
    xr.testing.assert_identical(exclude(maps, circles())["mask"], maps["mask"])


def test_pixels_of_excluded_bins_are_not_used():
    bins = SkyBins.annuli(galactic(0, 0), radius_min=1 * u.deg, radius_max=2 * u.deg, nbin=2)
    maps = make_maps()
    assert (bin_maps(exclude(maps, bins), bins)["coverage"] == 0).all()
    hole = SkyBins.annuli(galactic(0, 0), radius_max=1 * u.deg, nbin=1)
    xr.testing.assert_identical(
        bin_maps(exclude(maps, bins), hole)["counts"].variable,
        bin_maps(maps, hole)["counts"].variable,
    )


def test_integers_in_a_mask_are_converted_to_bool():
    maps = make_maps()
    numbers = maps.assign(mask=maps["mask"] * 2)
    xr.testing.assert_identical(
        exclude(numbers, circles())["mask"].variable, exclude(maps, circles())["mask"].variable
    )


def test_transposed_maps_get_the_same_mask():
    maps = uneven_maps()
    other = exclude(maps.transpose("lon", "lat", "energy_true", "energy"), circles())
    xr.testing.assert_identical(other["mask"], exclude(maps, circles())["mask"])


def test_regions_beyond_the_map_exclude_nothing():
    maps = uneven_maps()
    far = CircleSkyRegion(galactic(100, 0), 1 * u.deg)
    with pytest.warns(DataWarning, match="nothing is excluded"):
        found = exclude(maps, far)
    xr.testing.assert_equal(found["mask"], maps["mask"])


def test_objects_that_are_not_regions_raise():
    with pytest.raises(InvalidBinsError, match="expected a list of astropy sky regions"):
        exclude(make_maps(), [galactic(0, 0)])


# both


@pytest.mark.parametrize(
    ("change", "word"),
    [
        (lambda maps: exclude(maps, circles()), "exclude <SkyBins: 3 sky regions"),
        (lambda maps: cutout(maps, galactic(0, 0), 1 * u.deg), None),
    ],
    ids=["exclude", "cutout"],
)
def test_inputs_are_not_modified_and_the_history_is_kept(change, word):
    maps = uneven_maps().assign_attrs(history="read")
    before = maps.copy(deep=True)
    lines = change(maps).attrs["history"].splitlines()
    xr.testing.assert_identical(maps, before)
    assert lines[0] == "read"
    assert len(lines) == (1 if word is None else 2)
    assert lines[-1].startswith(word or "read")


def test_accessor_methods_equal_the_functions():
    maps = uneven_maps()
    xr.testing.assert_identical(maps.profile.exclude(circles()), exclude(maps, circles()))
    box = (galactic(0, 0), 1 * u.deg)
    xr.testing.assert_identical(maps.profile.cutout(*box), cutout(maps, *box))


@pytest.mark.parametrize("masked", [True, False])
def test_pixels_of_a_map_are_masked(masked):
    maps = make_maps()
    maps["exposure"][:, 2, 3] = 0
    maps["exposure"][0, 4, 5] = 0  # at one energy alone
    maps["mask"][1, 0] = False
    maps = maps if masked else maps.drop_vars("mask")
    found = exclude(maps, maps["exposure"] == 0)
    expected = maps["mask"].to_numpy().copy() if masked else np.ones(maps["counts"].shape, bool)
    expected[:, 2, 3] = False
    np.testing.assert_array_equal(found["mask"], expected)
    assert found["mask"].dims == ("energy", "lat", "lon")
    assert found.attrs["history"].endswith("exclude pixels of exposure")
    xr.testing.assert_equal(found.drop_vars("mask"), maps.drop_vars("mask", errors="ignore"))


def test_pixels_of_a_map_may_depend_on_energy():
    maps = make_maps().drop_vars("mask", errors="ignore")
    many = maps["counts"] > 3
    assert many.any()
    np.testing.assert_array_equal(exclude(maps, many)["mask"], ~many)
    image = many.isel(energy=0, drop=True).transpose("lon", "lat")
    np.testing.assert_array_equal(exclude(maps, image)["mask"][1], ~many[0])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda maps: maps["exposure"], "must have booleans .* found float"),
        (lambda maps: (maps["exposure"] == 0).isel(lat=0), "found bool with"),
        (lambda maps: (maps["exposure"] == 0).isel(lon=slice(1, None)), "its (lon|x) is"),
        (lambda maps: (maps["counts"] == 0).isel(energy=[0]), "its energy is"),
        (lambda maps: (maps["exposure"] == 0).assign_coords(y=maps["y"] + 1), "its y is"),
    ],
)
def test_maps_of_other_pixels_are_refused(change, message):
    maps = make_maps()
    with pytest.raises(InvalidDataError, match=message):
        exclude(maps, change(maps))
