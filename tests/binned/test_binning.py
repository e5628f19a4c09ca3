"""Maps to bins: sums, means and shares, against loops over pixels."""

import astropy.units as u
import numpy as np
import pytest
import xarray as xr
from astropy.coordinates import SkyCoord
from cases.bins import CENTER, galactic, line, rings
from cases.maps import make_maps, make_wcs, uneven_maps
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from regions import CircleSkyRegion, PixCoord, PixelRegion

from xprofile.binned.binning import bin_image, bin_maps
from xprofile.binned.members.finding import find_members
from xprofile.bins.skybins import SkyBins
from xprofile.exceptions import (
    InvalidBinsError,
    InvalidDataError,
    InvalidOptionError,
    MissingVariableError,
)
from xprofile.maps.positions import skycoord
from xprofile.maps.wcs import pixel_grid
from xprofile.schema.checks import check_binned
from xprofile.schema.variables import MAPS, data_array


def pixels_of(bins, maps):
    """Whether each bin holds each pixel, (nbin, ny, nx)."""
    members = find_members(bins, pixel_grid(maps))
    planes = np.zeros((len(bins), maps.sizes["lat"], maps.sizes["lon"]), bool)
    planes.reshape(len(bins), -1)[members.bin, members.pixel] = True
    return planes


def pixel_areas(maps):
    grid = pixel_grid(maps)
    return np.broadcast_to(grid.solid_angle(grid.x, grid.y[:, None]), grid.shape)


def by_loops(maps, bins):
    """Binned values, pixel by pixel; `bins` must lie on the map."""
    planes, area = pixels_of(bins, maps), pixel_areas(maps)
    nenergy, ntrue = maps.sizes["energy"], maps.sizes["energy_true"]
    result = {name: np.zeros((nenergy, len(bins))) for name in ("counts", "background", "coverage")}
    result["exposure"] = np.zeros((ntrue, len(bins), nenergy))
    result["solid_angle"] = np.array([area[plane].sum() for plane in planes])
    values = {name: maps[name].to_numpy() for name in ("counts", "background", "exposure", "mask")}
    for i, plane in enumerate(planes):
        for k in range(nenergy):
            used = plane & values["mask"][k]
            result["counts"][k, i] = values["counts"][k][used].sum()
            result["background"][k, i] = values["background"][k][used].sum()
            result["coverage"][k, i] = area[used].sum() / area[plane].sum()
            weighted = values["exposure"][:, used] * area[used]
            result["exposure"][:, i, k] = weighted.sum(axis=1) / area[plane].sum()
    return result


@pytest.mark.parametrize(
    "bins", [rings(), line(), line().to_regions()], ids=["rings", "line", "list"]
)
@pytest.mark.parametrize(
    "wcs",
    [make_wcs(), make_wcs("TAN", frame="icrs", center=(266.4, -28.9)), make_wcs("AIT")],
    ids=["CAR", "TAN", "AIT"],
)
def test_binned_is_what_loops_give(wcs, bins):
    maps = uneven_maps(wcs)
    binned = bin_maps(maps, bins)
    check_binned(binned)
    expected = by_loops(maps, bins if isinstance(bins, SkyBins) else SkyBins.from_regions(bins))
    assert binned["exposure"].dims == ("energy_true", "projected_distance", "energy")
    for name in ("counts", "background", "coverage", "solid_angle", "exposure"):
        np.testing.assert_allclose(binned[name], expected[name], rtol=1e-12, err_msg=name)
    np.testing.assert_array_equal(binned["counts"], expected["counts"])
    assert binned["counts"].dtype == np.int64
    xr.testing.assert_identical(binned["edisp"].variable, maps["edisp"].variable)


def test_coordinates_and_units():
    bins = line()
    maps = make_maps(make_wcs("TAN", frame="icrs", center=(266.4, -28.9)))
    binned = bin_maps(maps, bins)
    np.testing.assert_array_equal(binned["projected_distance"], bins.distance)
    np.testing.assert_array_equal(binned["projected_distance_min"], bins.lower)
    np.testing.assert_array_equal(binned["projected_distance_max"], bins.upper)
    sky = SkyCoord(binned["lon"], binned["lat"], unit="deg", frame=binned["lon"].attrs["frame"])
    assert sky.frame.name == "icrs"
    assert sky.separation(bins.center).max() < 1e-9 * u.deg
    assert list(binned["region"].to_numpy()) == bins.region_texts()
    for name in ("energy", "energy_min", "energy_max", "energy_true", "energy_true_min"):
        xr.testing.assert_identical(binned[name].variable, maps[name].variable)
    units = {name: binned[name].attrs.get("units") for name in ("exposure", "solid_angle", "lon")}
    assert units == {"exposure": "cm2 s", "solid_angle": "sr", "lon": "deg"}
    assert not {"x", "y", "wcs"} & set(binned.variables)
    assert binned.attrs["history"] == f"bin {bins!r}"


def test_history_grows():
    maps = make_maps().assign_attrs(history="read", telescope="here")
    binned = bin_maps(maps, rings())
    assert binned.attrs["history"].splitlines() == ["read", f"bin {rings()!r}"]
    assert binned.attrs["telescope"] == "here"


@pytest.mark.parametrize("make", [bin_maps, lambda maps, bins: bin_image(maps["counts"], bins)])
def test_inputs_are_left_alone(make):
    maps = uneven_maps()
    maps["background"][0, 30, 40] = -1e-15
    maps["exposure"] = maps["exposure"].where(maps["mask"].any("energy"))
    before = maps.copy(deep=True)
    bins = line().to_regions()
    make(maps, bins)
    xr.testing.assert_identical(maps, before)
    assert bins == line().to_regions()


@pytest.mark.parametrize("make", [line, rings])
def test_a_bare_list_is_from_regions(make):
    maps = uneven_maps()
    regions = make().to_regions()
    expected = bin_maps(maps, SkyBins.from_regions(regions))
    xr.testing.assert_identical(bin_maps(maps, regions), expected)
    xr.testing.assert_identical(bin_maps(maps, tuple(regions)), expected)
    one = bin_maps(maps, regions[0])
    xr.testing.assert_identical(one, bin_maps(maps, regions[:1]))
    np.testing.assert_array_equal(one["counts"], expected["counts"][:, :1])


@pytest.mark.parametrize("wcs", [make_wcs(), make_wcs("ZEA", (40, 90), frame="icrs")])
def test_counts_are_conserved_over_a_partition(wcs):
    maps = make_maps(wcs)
    far = skycoord(maps)[0, 0].separation(skycoord(maps)[-1, -1])
    center = skycoord(maps)[25, 33]
    binned = bin_maps(maps, SkyBins.annuli(center, radius_max=far, nbin=17))
    np.testing.assert_array_equal(
        binned["counts"].sum("projected_distance"), maps["counts"].sum(["lat", "lon"])
    )
    on_map = (binned["coverage"] * binned["solid_angle"]).sum("projected_distance")
    np.testing.assert_allclose(on_map, pixel_areas(maps).sum(), rtol=1e-12)
    np.testing.assert_allclose(
        binned["solid_angle"].sum(), 2 * np.pi * (1 - np.cos(far.rad)), rtol=2e-3
    )


def test_merged_bins_add_up():
    maps = uneven_maps()
    fine, coarse = (bin_maps(maps, line(nbin=n)).drop_vars("region") for n in (6, 2))
    for name in ("counts", "background", "solid_angle"):
        merged = fine[name].coarsen(projected_distance=3).sum()
        np.testing.assert_allclose(merged, coarse[name], rtol=1e-12)
    for name in ("exposure", "coverage"):
        weighted = (fine[name] * fine["solid_angle"]).coarsen(projected_distance=3).sum()
        expected = (coarse[name] * coarse["solid_angle"]).transpose(*weighted.dims)
        np.testing.assert_allclose(weighted, expected, rtol=1e-12)


def on_a_pixel(wcs):
    """Put the reference point on a pixel's centre instead of a corner."""
    wcs.wcs.crpix = np.add(wcs.wcs.crpix, 0.5)
    return wcs


SKIES = {
    "car": make_wcs(),
    "car oblique": on_a_pixel(make_wcs(center=(30, 60))),
    "tan": make_wcs("TAN", (83.6, 22), frame="icrs"),
    "ait": make_wcs("AIT", (120, 40), step=4.5),
    "zea": make_wcs("ZEA", (0, 90)),
    "car all-sky": make_wcs(step=4.5),
}


def slices(size):
    return st.tuples(
        st.integers(0, size - 1), st.integers(1, size), st.sampled_from([1, -1, 2, -3])
    )


def selection(picked):
    start, length, step = picked
    chosen = slice(start, start + length, abs(step))
    return chosen, step < 0


@settings(max_examples=20, deadline=None, derandomize=True)
@given(
    name=st.sampled_from(sorted(SKIES)),
    lon=slices(80),
    lat=slices(60),
    center=st.tuples(st.floats(0, 79), st.floats(12, 48)),
    transposed=st.booleans(),
)
@example("car oblique", (40, 1, 1), (0, 60, 1), (42.2, 27.9), False)
@example("car all-sky", (10, 31, 1), (0, 60, 1), (72.2, 27.9), False)
def test_a_cut_map_is_a_masked_map(name, lon, lat, center, transposed):
    wcs = SKIES[name]
    maps = uneven_maps(wcs).isel(energy=[0], energy_true=[0]).drop_vars("edisp")
    columns, turn_columns = selection(lon)
    rows, turn_rows = selection(lat)
    kept = np.zeros((60, 80), bool)
    kept[rows, columns] = True
    cut = maps.isel(lat=rows, lon=columns)
    cut = cut.isel(lon=slice(None, None, -1 if turn_columns else 1))
    cut = cut.isel(lat=slice(None, None, -1 if turn_rows else 1))
    cut = cut.transpose("lon", "energy", "lat", ...) if transposed else cut
    reach = 20 * wcs.wcs.cdelt[1]
    center = wcs.pixel_to_world(*center)
    assume(np.isfinite(center.spherical.lat))
    bins = rings(reach, center=center)
    expected = bin_maps(
        maps.assign(mask=maps["mask"] & xr.DataArray(kept, dims=["lat", "lon"])), bins
    )
    binned = bin_maps(cut, bins)
    np.testing.assert_array_equal(binned["counts"], expected["counts"])
    for variable in ("background", "exposure", "coverage", "solid_angle"):
        np.testing.assert_allclose(
            binned[variable], expected[variable], rtol=1e-9, atol=1e-15, err_msg=variable
        )


def half_masked(maps):
    return maps.assign(mask=maps["mask"] & (maps["x"] < 40))


def half_off(maps):
    return maps.isel(lon=slice(0, 40))


@pytest.mark.parametrize("lose", [half_masked, half_off])
@pytest.mark.parametrize("planar", [False, True])
@pytest.mark.parametrize(
    "wcs",
    [make_wcs(), make_wcs("TAN", (83.6, 22)), make_wcs(center=(30, 60))],
    ids=["CAR", "TAN", "oblique CAR"],
)
def test_half_seen_bins_have_coverage_one_half(wcs, planar, lose):
    maps = make_maps(wcs)
    center = wcs.pixel_to_world(39.5, 29.5)
    bins = SkyBins.annuli(center, edges=[0, 1.04, 2.23] * u.deg, planar=planar)
    whole, half = bin_maps(maps, bins), bin_maps(lose(maps), bins)
    np.testing.assert_allclose(whole["coverage"], 1, rtol=1e-12)
    np.testing.assert_allclose(half["coverage"], 0.5, rtol=1e-9)
    np.testing.assert_allclose(half["exposure"], 0.5e12, rtol=1e-9)
    np.testing.assert_allclose(half["background"], whole["background"] / 2, rtol=1e-12)
    np.testing.assert_allclose(half["solid_angle"], whole["solid_angle"], rtol=1e-9)


@pytest.mark.parametrize(
    ("wcs", "center"),
    [
        (make_wcs(step=4.5), (180.3, 7)),
        (make_wcs(step=4.5), (12, 89)),
        (make_wcs("AIT", step=4.5), (180.3, 7)),
        (make_wcs("AIT", step=4.5), (180, -85)),
        (make_wcs("MOL", step=4.5), (179, 60)),
        (make_wcs("CAR", (77, 35), step=4.5), (257, -35)),
    ],
)
def test_nothing_is_off_an_all_sky_map(wcs, center):
    binned = bin_maps(make_maps(wcs), rings(50, center=galactic(*center)))
    np.testing.assert_allclose(binned["coverage"], 1, rtol=1e-12)
    true = 2 * np.pi * -np.diff(np.cos(np.radians(np.linspace(0, 50, 4))))
    np.testing.assert_allclose(binned["solid_angle"], true, rtol=0.1)


@pytest.mark.parametrize("planar", [False, True])
def test_bins_wholly_off_the_map(planar):
    bins = SkyBins.annuli(galactic(20, 10), edges=[0, 1, 2] * u.deg, planar=planar)
    maps = make_maps()
    binned = bin_maps(maps, bins)
    np.testing.assert_array_equal(binned["coverage"], 0)
    np.testing.assert_array_equal(binned["counts"], 0)
    np.testing.assert_array_equal(binned["background"], 0)
    np.testing.assert_array_equal(binned["exposure"], 0)
    np.testing.assert_allclose(
        binned["solid_angle"], np.pi * np.radians([1, 3**0.5]) ** 2, rtol=0.03
    )
    assert binned["exposure"].dims == ("energy_true", "projected_distance")


def test_bins_smaller_than_a_pixel_are_empty_or_one_pixel():
    maps = make_maps()
    empty, one = (
        bin_maps(maps, SkyBins.annuli(galactic(lon, lat), edges=[0, 0.01] * u.deg))
        for lon, lat in ((0, 0), (0.05, 0.05))
    )
    assert empty["solid_angle"].item() == 0
    np.testing.assert_array_equal(empty["coverage"], 0)
    np.testing.assert_array_equal(empty["exposure"], 0)
    np.testing.assert_array_equal(one["coverage"], 1)
    np.testing.assert_array_equal(one["counts"][:, 0], maps["counts"][:, 30, 39])


@pytest.mark.parametrize("radius", [0.7, 2.2])
def test_solid_angle_is_near_the_true_area(radius):
    for wcs in (make_wcs(), make_wcs("TAN", (83.6, 22)), make_wcs(center=(30, 60))):
        center = wcs.pixel_to_world(39.7, 29.2)
        binned = bin_maps(make_maps(wcs), SkyBins.annuli(center, edges=[0, radius] * u.deg))
        true = 2 * np.pi * (1 - np.cos(np.radians(radius)))
        np.testing.assert_allclose(binned["solid_angle"], true, rtol=0.1 / radius)


def masked(maps, *keep):
    """Mask each energy by a condition on x, or wholly where it is False."""
    x = maps["x"].to_numpy()
    planes = [np.broadcast_to(condition(x) if condition else False, (60, 80)) for condition in keep]
    return maps.assign(mask=data_array("mask", np.stack(planes), MAPS))


def left(x):
    return x < 40


def most(x):
    return x < 44


def far_left(x):
    return x != 1


def everything(x):
    return x >= 0


@pytest.mark.parametrize(
    ("keep", "differ"),
    [
        ((left, left, left, left), False),
        ((left, None, left, None), False),
        ((None, None, None, None), False),
        ((None, None, None, left), False),
        ((everything, far_left, everything, far_left), False),
        ((left, most, left, most), True),
        ((left, None, most, None), True),
        ((None, everything, most, left), True),
    ],
)
def test_exposure_has_energies_only_where_masks_differ(keep, differ):
    maps = masked(uneven_maps(), *keep)
    binned = bin_maps(maps, rings())
    expected = by_loops(maps, rings())
    exposure = binned["exposure"]
    assert exposure.dims == ("energy_true", "projected_distance", "energy")[: 3 if differ else 2]
    used = [k for k, condition in enumerate(keep) if condition]
    for k in used:
        mean = exposure.isel(energy=k) if differ else exposure
        np.testing.assert_allclose(mean, expected["exposure"][..., k], rtol=1e-12)
    assert used or not exposure.any()
    for name in ("counts", "background", "coverage"):
        np.testing.assert_allclose(binned[name], expected[name], rtol=1e-12, err_msg=name)


@pytest.mark.parametrize("differ", [False, True])
def test_a_wholly_masked_energy(differ):
    maps = masked(make_maps(), left, None, most if differ else left, left)
    binned = bin_maps(maps, rings())
    for name in ("counts", "background", "coverage"):
        assert not binned[name][1].any()
        assert binned[name][[0, 2, 3]].all()
    if differ:
        assert not binned["exposure"].isel(energy=1).any()


def test_a_wholly_masked_bin():
    maps = make_maps()
    bins = line()
    hole = pixels_of(bins, maps)[2]
    binned = bin_maps(
        maps.assign(mask=maps["mask"] & ~xr.DataArray(hole, dims=["lat", "lon"])), bins
    )
    whole = bin_maps(maps, bins)
    for name in ("counts", "background", "coverage", "exposure"):
        assert not binned[name].isel(projected_distance=2).any()
        others = [0, 1, 3, 4]
        xr.testing.assert_equal(
            binned[name].isel(projected_distance=others),
            whole[name].isel(projected_distance=others),
        )
    xr.testing.assert_equal(binned["solid_angle"], whole["solid_angle"])


def test_no_mask_is_a_mask_that_uses_all():
    maps = make_maps()
    xr.testing.assert_identical(bin_maps(maps.drop_vars("mask"), rings()), bin_maps(maps, rings()))


def test_mask_of_numbers_is_read_as_bool():
    maps = uneven_maps()
    numbers = maps.assign(mask=maps["mask"].astype(int))
    xr.testing.assert_identical(bin_maps(numbers, rings()), bin_maps(maps, rings()))


def test_overlapping_regions_each_count_fully():
    maps = uneven_maps()
    regions = [CircleSkyRegion(CENTER, r * u.deg) for r in (1.01, 1.01, 2.03)]
    with pytest.warns(UserWarning, match="bins overlap"):
        binned = bin_maps(maps, regions)
    single = [bin_maps(maps, [region]) for region in regions]
    for name in ("counts", "background", "solid_angle", "coverage"):
        expected = xr.concat([s[name] for s in single], "projected_distance")
        np.testing.assert_array_equal(binned[name], expected)
    assert (binned["counts"][:, 0] == binned["counts"][:, 1]).all()
    assert (binned["counts"][:, 2] > binned["counts"][:, 1]).all()


def spoilt(name, value, *, masked_out=False, at=(0, 30, 40)):
    maps = make_maps()
    maps[name] = maps[name].astype(float).assign_attrs(maps[name].attrs)
    maps[name][at] = value
    if masked_out:
        maps["mask"][:, at[1], at[2]] = False
    return maps


@pytest.mark.parametrize("name", ["counts", "background", "exposure"])
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, -1.0])
def test_bad_values_in_used_pixels_are_refused(name, value):
    with pytest.raises(InvalidDataError, match=name):
        bin_maps(spoilt(name, value), rings())


@pytest.mark.parametrize("name", ["counts", "background", "exposure"])
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, -1.0])
def test_bad_values_in_masked_pixels_do_no_harm(name, value):
    clean = make_maps()
    clean["mask"][:, 30, 40] = False
    binned = bin_maps(spoilt(name, value, masked_out=True), rings())
    xr.testing.assert_equal(binned, bin_maps(clean, rings()))
    assert (binned["coverage"][:, 0] < 1).all()


@pytest.mark.parametrize("name", ["counts", "background", "exposure"])
def test_bad_values_outside_the_bins_do_no_harm(name):
    maps = spoilt(name, np.nan, at=(0, 2, 2))
    xr.testing.assert_equal(bin_maps(maps, rings()), bin_maps(make_maps(), rings()))


@pytest.mark.parametrize("name", ["counts", "background"])
def test_bad_values_at_masked_energies_do_no_harm(name):
    maps = spoilt(name, np.nan)
    maps["mask"][0, 30, 40] = False
    assert np.isfinite(bin_maps(maps, rings())[name]).all()


@pytest.mark.parametrize("scale", [1.0, 1e-6, 0.0])
def test_backgrounds_negative_by_rounding_are_zero(scale):
    maps = make_maps()
    maps["background"] = maps["background"] * scale
    clean = maps.copy(deep=True)
    maps["background"][0, 30, 40] = -8e-18
    clean["background"][0, 30, 40] = 0
    xr.testing.assert_equal(bin_maps(maps, rings()), bin_maps(clean, rings()))


@pytest.mark.parametrize("value", [-1e-3, -0.5])
def test_negative_backgrounds_are_refused(value):
    with pytest.raises(InvalidDataError, match=r"background.*1 used pixels"):
        bin_maps(spoilt("background", value), rings())


@pytest.mark.parametrize(
    "lost", ["counts", "background", "exposure", "energy_min", "energy_true", "x", "wcs"]
)
def test_what_is_missing_is_named(lost):
    with pytest.raises(MissingVariableError, match=lost):
        bin_maps(make_maps().drop_vars(lost), rings())


def test_exposure_in_another_unit_is_refused():
    maps = make_maps()
    maps["exposure"].attrs["units"] = "m2 s"
    with pytest.raises(InvalidDataError, match="m2 s"):
        bin_maps(maps, rings())


@pytest.mark.parametrize("bins", [[], 3, None, "circle", [CircleSkyRegion]])
def test_what_are_no_bins_is_refused(bins):
    with pytest.raises(InvalidBinsError, match="sky regions"):
        bin_maps(make_maps(), bins)


def test_pixel_regions_are_refused():
    region = rings().to_regions()[0].to_pixel(make_wcs())
    assert isinstance(region, PixelRegion)
    assert region.contains(PixCoord(39, 29))
    with pytest.raises(InvalidBinsError, match="to_sky"):
        bin_maps(make_maps(), [region])


@pytest.mark.parametrize(
    "bins", [rings(), line(), line().to_regions()], ids=["rings", "line", "list"]
)
def test_maps_and_binned_survive_netcdf(tmp_path, bins):
    maps = uneven_maps(make_wcs("TAN", (266.4, -28.9), frame="icrs"))
    maps = maps.isel(lon=slice(70, 3, -1)).assign_attrs(history="made", telescope="none")
    for name, data in (("maps", maps), ("binned", bin_maps(maps, bins))):
        data.to_netcdf(tmp_path / f"{name}.nc")
        with xr.open_dataset(tmp_path / f"{name}.nc") as back:
            xr.testing.assert_identical(back.load(), data)
    with xr.open_dataset(tmp_path / "maps.nc") as back:
        xr.testing.assert_identical(bin_maps(back, bins), bin_maps(maps, bins))


@pytest.mark.parametrize("bins", [rings(), line().to_regions()], ids=["rings", "list"])
def test_sums_of_an_image_are_those_of_maps(bins):
    """The array function, the function of one map and the function of maps agree."""
    maps = uneven_maps()
    image = maps["background"].where(maps["mask"])
    summed = bin_image(image, bins)
    binned = bin_maps(maps, bins)
    np.testing.assert_allclose(summed, binned["background"], rtol=1e-12)
    for name in ("energy_min", "projected_distance_min", "lon", "lat", "region"):
        xr.testing.assert_identical(summed[name].variable, binned[name].variable)
    members = find_members(
        (bins if isinstance(bins, SkyBins) else SkyBins.from_regions(bins)), pixel_grid(maps)
    )
    flat = np.where(maps["mask"], maps["background"], 0).reshape(4, -1)
    np.testing.assert_array_equal(members.sum(flat[:, members.pixel]), summed)


def test_means_of_an_image_are_weighted_with_solid_angle():
    wcs = make_wcs("TAN", (83.6, 22), step=0.7)
    image = uneven_maps(wcs)["exposure"].isel(energy_true=2)
    image = image.where(image["x"] != 41)
    bins = rings(15, center=wcs.pixel_to_world(40, 30))
    means = bin_image(image, bins, how="mean")
    area = pixel_areas(image)
    known = np.isfinite(image.to_numpy())
    for plane, mean in zip(pixels_of(bins, image), means, strict=True):
        used = plane & known
        assert 0 < used.sum() < plane.sum()
        expected = np.average(image.to_numpy()[used], weights=area[used])
        np.testing.assert_allclose(mean, expected, rtol=1e-12)
    assert means.dims == ("projected_distance",)
    assert means.attrs == image.attrs
    assert means.name == "exposure"


def test_a_constant_image_has_its_value_as_mean_however_much_is_seen():
    image = make_maps()["exposure"].isel(lon=slice(0, 43))
    means = bin_image(image.where(image["y"] != 30), rings(), how="mean")
    np.testing.assert_allclose(means, 1e12, rtol=1e-12)


def test_the_mean_of_no_pixel_is_nan_and_the_sum_zero():
    image = make_maps()["background"].isel(energy=0)
    away = rings(center=galactic(90, 0))
    assert np.isnan(bin_image(image, away, how="mean")).all()
    np.testing.assert_array_equal(bin_image(image, away), 0)


def test_dims_of_an_image_are_kept():
    image = make_maps()["counts"].expand_dims(toy=3).transpose("lat", "energy", "lon", "toy")
    summed = bin_image(image, line())
    assert summed.dims == ("energy", "toy", "projected_distance")
    np.testing.assert_array_equal(summed.isel(toy=1), bin_maps(make_maps(), line())["counts"])


@pytest.mark.parametrize("how", ["median", "", None])
def test_unknown_reductions_are_refused(how):
    with pytest.raises(InvalidOptionError, match="how"):
        bin_image(make_maps()["counts"], rings(), how=how)
