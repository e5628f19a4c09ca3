"""Maps on other pixels: cut out, coarser, and with regions excluded."""

import astropy.units as u
import numpy as np
import pytest
import xarray as xr
from astropy.coordinates import SkyCoord
from cases.maps import make_maps, make_wcs
from regions import CircleSkyRegion

import xprofile  # noqa: F401
from xprofile.binned.binning import bin_maps
from xprofile.binned.selection import cutout, exclude
from xprofile.bins.skybins import SkyBins
from xprofile.exceptions import InvalidBinsError, InvalidDataError, InvalidOptionError
from xprofile.maps.coarsening import coarsen
from xprofile.maps.positions import skycoord, solid_angle
from xprofile.maps.wcs import pixel_grid
from xprofile.schema.checks import check_maps
from xprofile.schema.variables import MAPS


def galactic(lon, lat):
    return SkyCoord(lon, lat, unit="deg", frame="galactic")


def rotated(wcs, degrees):
    cos, sin = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    wcs.wcs.pc = [[cos, -sin], [sin, cos]]
    return wcs


WCS = {
    "CAR": make_wcs(),
    "high CAR": make_wcs(center=(20.0, 0.0), step=1.0),
    "oblique CAR": make_wcs(center=(30.0, 50.0)),
    "TAN": make_wcs("TAN", center=(266.4, -28.9), frame="icrs"),
    "rotated TAN": rotated(make_wcs("TAN", center=(12.0, 70.0)), 33),
    "rotated CAR": rotated(make_wcs(), 33),
}


def uneven_maps(wcs=None, shape=(60, 80)):
    """Make maps whose background, exposure and mask change from pixel to pixel."""
    maps = make_maps(wcs, shape)
    rng = np.random.default_rng(5)
    maps["background"] = maps["background"] * rng.uniform(0.1, 2, maps["background"].shape)
    slope = np.exp(np.linspace(-1, 2, shape[1]) + np.linspace(0, 1, shape[0])[:, None])
    maps["exposure"] = (maps["exposure"] * slope).assign_attrs(maps["exposure"].attrs)
    maps["mask"] = maps["mask"] & (rng.uniform(size=maps["mask"].shape) < 0.9)
    return maps


def all_sky(step=3.0, projection="CAR", center=(0.0, 0.0)):
    shape = (round(180 / step), round(360 / step))
    return make_maps(make_wcs(projection, center, step, shape), shape, nenergy=1, ntrue=1)


# coarsen


@pytest.mark.parametrize("name", WCS)
@pytest.mark.parametrize("factor", [2, 5])
def test_coarse_maps_lose_nothing(name, factor):
    maps = uneven_maps(WCS[name])
    coarse = coarsen(maps, factor)
    check_maps(coarse)
    assert coarse.sizes["lat"] == 60 // factor
    assert coarse.sizes["lon"] == 80 // factor
    assert coarse["counts"].dtype == maps["counts"].dtype
    sky = ["lat", "lon"]
    np.testing.assert_array_equal(coarse["counts"].sum(sky), maps["counts"].sum(sky))
    np.testing.assert_allclose(
        coarse["background"].sum(sky), maps["background"].sum(sky), rtol=1e-12, atol=0
    )
    fine = (maps["exposure"] * solid_angle(maps)).sum(sky)
    # quadrilaterals with great-circle sides: those of four joined ones bulge a little
    rtol = 1e-12 if name in ("CAR", "high CAR") else 1e-4
    np.testing.assert_allclose(
        (coarse["exposure"] * solid_angle(coarse)).sum(sky), fine, rtol=rtol, atol=0
    )


@pytest.mark.parametrize("name", WCS)
def test_coarse_pixels_are_as_large_as_those_joined(name):
    maps = make_maps(WCS[name])
    blocks = solid_angle(maps).to_numpy().reshape(12, 5, 16, 5).sum(axis=(1, 3))
    rtol = 1e-12 if name in ("CAR", "high CAR") else 1e-4
    np.testing.assert_allclose(solid_angle(coarsen(maps, 5)), blocks, rtol=rtol, atol=0)


@pytest.mark.parametrize("name", WCS)
def test_coarse_pixels_lie_in_the_middle_of_those_joined(name):
    maps = make_maps(WCS[name])
    middle = skycoord(maps)[1::3, 1::3]  # the central one of three by three
    found = skycoord(coarsen(maps.isel(lat=slice(0, 60), lon=slice(0, 78)), 3))
    assert found.separation(middle[:, :26]).max() < 1e-9 * u.deg


def test_coarse_exposure_is_the_mean_over_solid_angle():
    maps = uneven_maps(make_wcs(center=(20.0, 0.0), step=1.0))
    area = solid_angle(maps).to_numpy()[20:25, 30:35]
    values = maps["exposure"].to_numpy()[2, 20:25, 30:35]
    expected = np.average(values, weights=area)
    assert abs(expected / values.mean() - 1) > 1e-5
    np.testing.assert_allclose(coarsen(maps, 5)["exposure"][2, 4, 6], expected, rtol=1e-12, atol=0)


def test_coarse_pixels_are_used_if_all_joined_are():
    maps = make_maps()
    maps["mask"][1, 7, 9] = False
    mask = coarsen(maps, 4)["mask"]
    assert mask.dtype == bool
    np.testing.assert_array_equal(np.argwhere(~mask.to_numpy()), [[1, 1, 2]])


@pytest.mark.parametrize("joined", [2, 5])
def test_bins_along_coarse_pixels_have_the_same_data(joined):
    """The edges run along those of the coarse pixels, so both hold the same sky."""
    maps = uneven_maps().drop_vars("mask")
    bins = SkyBins.along_line(galactic(3, 0), galactic(-3, 0), height=4 * u.deg, nbin=6)
    fine, coarse = bin_maps(maps, bins), bin_maps(coarsen(maps, joined), bins)
    assert fine["counts"].sum() > 0
    np.testing.assert_array_equal(coarse["counts"], fine["counts"])
    for name in ("background", "solid_angle", "coverage", "exposure"):
        np.testing.assert_allclose(coarse[name], fine[name], rtol=1e-11, atol=0, err_msg=name)
    np.testing.assert_array_equal(coarse["region"], fine["region"])


def test_coarsening_a_part_of_the_map():
    maps = uneven_maps()
    part = coarsen(maps.isel(lat=slice(20, 40), lon=slice(30, 50)), 5)
    whole = coarsen(maps, 5).isel(lat=slice(4, 8), lon=slice(6, 10))
    for name in ("counts", "background", "exposure", "mask"):
        np.testing.assert_allclose(part[name], whole[name], rtol=1e-12, atol=0)
    assert skycoord(part).separation(skycoord(whole)).max() < 1e-9 * u.deg


def test_coarsening_twice_is_coarsening_by_the_product():
    maps = uneven_maps(WCS["rotated TAN"])
    twice, once = coarsen(coarsen(maps, 2), 5), coarsen(maps, 10)
    assert skycoord(twice).separation(skycoord(once)).max() < 1e-9 * u.deg
    for name in ("counts", "background", "mask"):
        np.testing.assert_allclose(twice[name], once[name], rtol=1e-12, atol=0)


def test_coarsening_by_one_changes_nothing_but_the_history():
    maps = uneven_maps()
    same = coarsen(maps, 1)
    assert same.attrs["history"] == "coarsen 1"
    xr.testing.assert_allclose(same, maps, rtol=1e-12, atol=0)


def test_transposed_maps_are_coarsened_alike():
    maps = uneven_maps()
    coarse = coarsen(maps.transpose("lon", "energy", "lat", "energy_true"), 4)
    for name in maps.data_vars:
        dims = maps[name].dims
        np.testing.assert_array_equal(coarse[name].transpose(*dims), coarsen(maps, 4)[name])


def test_coarse_all_sky_map_with_corners_off_the_sky():
    """What is off the sky has no weight, whatever stands there."""
    shape = (44, 84)
    maps = make_maps(make_wcs("AIT", step=4.0, shape=shape), shape, nenergy=1, ntrue=1)
    off = np.isnan(skycoord(maps).spherical.lon.deg)
    assert off.any()
    maps["exposure"] = maps["exposure"].copy(data=np.where(off, np.nan, maps["exposure"]))
    exposure = coarsen(maps, 2)["exposure"].to_numpy()[0]
    whole = off.reshape(22, 2, 42, 2).all(axis=(1, 3))
    np.testing.assert_array_equal(exposure[whole], 0)
    np.testing.assert_allclose(exposure[~whole], 1e12, rtol=1e-12, atol=0)


def test_what_has_no_pixels_is_kept():
    maps = make_maps().assign_attrs(telescope="here").assign(livetime=3.0)
    coarse = coarsen(maps, 2)
    assert coarse["livetime"] == 3
    assert coarse.attrs["telescope"] == "here"
    xr.testing.assert_identical(coarse["energy"].variable, maps["energy"].variable)


@pytest.mark.parametrize("factor", [0, -2, 1.5, 2.0, True, "2", None])
def test_factor_must_be_a_positive_integer(factor):
    with pytest.raises(InvalidOptionError, match="positive integer, found"):
        coarsen(make_maps(), factor)


@pytest.mark.parametrize("factor", [7, 60 * 80, 3])
def test_factor_must_divide_rows_and_columns(factor):
    with pytest.raises(InvalidOptionError, match=f"{factor} does not divide 60 rows and 80"):
        coarsen(make_maps(), factor)


@pytest.mark.parametrize(
    "selection",
    [{"lon": slice(None, None, -1)}, {"lat": slice(None, None, 2)}, {"lat": [0, 1, 3, 4]}],
)
def test_gaps_and_reversed_pixels_are_refused(selection):
    with pytest.raises(InvalidDataError, match="missing or reversed: coarsen before selecting"):
        coarsen(make_maps().isel(selection), 2)


# cutout


def in_box(data, center, width, height):
    """Whether each pixel's centre is in the box, by offsets in its own frame."""
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


@pytest.mark.parametrize("name", BOXES)
def test_cutout_holds_all_pixels_of_the_box(name):
    maps, center, width, height = BOXES[name]
    wanted = in_box(maps, center, width, height)
    found = cutout(maps, center, (width * u.deg, height * u.deg))
    assert wanted.sum() > 20
    assert in_box(found, center, width, height).sum() == wanted.sum()
    xr.testing.assert_identical(found, maps.isel(lat=found["y"].data, lon=found["x"].data))


@pytest.mark.parametrize("name", ["CAR", "high latitude", "TAN"])
def test_cutout_holds_little_else(name):
    """No row and no column without a pixel that the box at least touches."""
    maps, center, width, height = BOXES[name]
    found = cutout(maps, center, (width * u.deg, height * u.deg))
    margin = 2.1 * pixel_grid(maps).pixel_size
    near = in_box(found, center, width + margin, height + margin)
    assert near.any(axis=0).all()
    assert near.any(axis=1).all()


def test_cutout_keeps_pixel_numbers_and_their_sky():
    maps = make_maps()
    found = cutout(maps, galactic(1, -0.7), 1 * u.deg)
    assert found["x"][0] > 0
    xr.testing.assert_identical(found, maps.isel(lat=found["y"].data, lon=found["x"].data))
    sky = skycoord(maps)[found["y"].data[:, None], found["x"].data]
    assert skycoord(found).separation(sky).max() < 1e-12 * u.deg


def test_binning_a_cutout_is_binning_the_map():
    maps = uneven_maps()
    bins = SkyBins.annuli(galactic(0.51, 0.33), radius_max=1 * u.deg, nbin=3)
    cut = cutout(maps, galactic(0.51, 0.33), 2.2 * u.deg)
    xr.testing.assert_allclose(bin_maps(cut, bins), bin_maps(maps, bins), rtol=1e-12, atol=0)


def test_a_box_smaller_than_a_pixel_gives_its_pixel():
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
def test_boxes_off_the_map_are_refused(lon, lat, projection):
    """Also at the other end of the sky, where boxes reach round to both sides of the map."""
    maps = make_maps(make_wcs(projection))
    with pytest.raises(InvalidBinsError, match="is off the map"):
        cutout(maps, galactic(lon, lat), 5 * u.deg)


@pytest.mark.parametrize("width", [-1 * u.deg, 0 * u.deg, 1 * u.m, (1 * u.deg, np.nan * u.deg)])
def test_width_must_be_an_angle(width):
    with pytest.raises(InvalidBinsError):
        cutout(make_maps(), galactic(0, 0), width)


# exclude


def circles():
    return [
        CircleSkyRegion(galactic(1.01, 0.42), 0.5 * u.deg),
        CircleSkyRegion(galactic(-2, -1), 0.31 * u.deg),
        CircleSkyRegion(galactic(0.61, 0.42), 0.4 * u.deg),
    ]


def test_pixels_in_regions_are_masked_and_no_others():
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


def test_exclusion_twice_is_exclusion_once():
    maps = exclude(uneven_maps(), circles())
    xr.testing.assert_identical(exclude(maps, circles())["mask"], maps["mask"])


def test_exclusion_of_bins_takes_their_pixels():
    bins = SkyBins.annuli(galactic(0, 0), radius_min=1 * u.deg, radius_max=2 * u.deg, nbin=2)
    maps = make_maps()
    assert (bin_maps(exclude(maps, bins), bins)["coverage"] == 0).all()
    hole = SkyBins.annuli(galactic(0, 0), radius_max=1 * u.deg, nbin=1)
    xr.testing.assert_identical(
        bin_maps(exclude(maps, bins), hole)["counts"].variable,
        bin_maps(maps, hole)["counts"].variable,
    )


def test_integers_in_a_mask_are_taken_for_what_is_true():
    maps = make_maps()
    numbers = maps.assign(mask=maps["mask"] * 2)
    xr.testing.assert_identical(
        exclude(numbers, circles())["mask"].variable, exclude(maps, circles())["mask"].variable
    )


def test_transposed_maps_are_masked_alike():
    maps = uneven_maps()
    other = exclude(maps.transpose("lon", "lat", "energy_true", "energy"), circles())
    xr.testing.assert_identical(other["mask"], exclude(maps, circles())["mask"])


def test_regions_off_the_map_exclude_nothing():
    maps = uneven_maps()
    far = CircleSkyRegion(galactic(100, 0), 1 * u.deg)
    xr.testing.assert_equal(exclude(maps, far)["mask"], maps["mask"])


def test_what_is_no_region_is_refused():
    with pytest.raises(InvalidBinsError, match="expected a list of astropy sky regions"):
        exclude(make_maps(), [galactic(0, 0)])


# all of them


@pytest.mark.parametrize(
    ("change", "word"),
    [
        (lambda maps: coarsen(maps, 2), "coarsen 2"),
        (lambda maps: exclude(maps, circles()), "exclude <SkyBins: 3 sky regions"),
        (lambda maps: cutout(maps, galactic(0, 0), 1 * u.deg), None),
    ],
    ids=["coarsen", "exclude", "cutout"],
)
def test_inputs_are_left_alone_and_the_history_grows(change, word):
    maps = uneven_maps().assign_attrs(history="read")
    before = maps.copy(deep=True)
    lines = change(maps).attrs["history"].splitlines()
    xr.testing.assert_identical(maps, before)
    assert lines[0] == "read"
    assert len(lines) == (1 if word is None else 2)
    assert lines[-1].startswith(word or "read")


def test_accessor_is_the_functions():
    maps = uneven_maps()
    xr.testing.assert_identical(maps.profile.coarsen(4), coarsen(maps, 4))
    xr.testing.assert_identical(maps.profile.exclude(circles()), exclude(maps, circles()))
    box = (galactic(0, 0), 1 * u.deg)
    xr.testing.assert_identical(maps.profile.cutout(*box), cutout(maps, *box))
    xr.testing.assert_identical(maps.profile.solid_angle, solid_angle(maps))
    xr.testing.assert_identical(maps["counts"].profile.solid_angle, solid_angle(maps))
    assert (maps.profile.skycoord == maps["counts"].profile.skycoord).all()


@pytest.mark.parametrize(("frame", "names"), [("galactic", "lb"), ("icrs", ("ra", "dec"))])
def test_sky_coordinates_by_their_own_names(frame, names):
    maps = make_maps(make_wcs("TAN", center=(12.0, 70.0), frame=frame))
    named = maps.profile.assign_sky_coords()
    for name, expected in zip(names, (skycoord(maps).spherical.lon, skycoord(maps).spherical.lat),
                              strict=True):  # fmt: skip
        np.testing.assert_allclose(named[name], expected.deg, rtol=1e-12, atol=0)
        assert named[name].dims == ("lat", "lon")
        assert named[name].attrs == {"units": "deg", "frame": frame}
    bins = SkyBins.annuli(galactic(0, 90), radius_max=1 * u.deg, nbin=2)
    xr.testing.assert_identical(bin_maps(named, bins), bin_maps(maps, bins))
    xr.testing.assert_identical(coarsen(named, 2), coarsen(maps, 2))


def test_solid_angle_can_be_binned():
    maps = make_maps()
    bins = SkyBins.annuli(galactic(0, 0), radius_max=2 * u.deg, nbin=3)
    np.testing.assert_allclose(
        solid_angle(maps).profile.bin(bins), bin_maps(maps, bins)["solid_angle"], rtol=1e-12, atol=0
    )
