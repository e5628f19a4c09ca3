"""Maps summed over bins, against loops over pixels and laws that the sums obey."""

import warnings

import astropy.units as u
import numpy as np
import pytest
import xarray as xr
from cases.bins import CENTER, galactic, line, rings
from cases.maps import make_maps, make_wcs, uneven_maps
from cases.pixel_loops import bin_by_loops, pixel_areas
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from regions import CircleSkyRegion, PixCoord, PixelRegion

from xprofile import SkyBins, bin_image, bin_maps, check_binned, skycoord
from xprofile.exceptions import (
    DataWarning,
    InvalidBinsError,
    InvalidDataError,
    MissingVariableError,
)


@pytest.mark.parametrize(
    "bins", [rings(), line(), line().to_regions()], ids=["rings", "line", "list"]
)
@pytest.mark.parametrize(
    "wcs",
    [make_wcs(), make_wcs("TAN", frame="icrs", center=(266.4, -28.9)), make_wcs("AIT")],
    ids=["CAR", "TAN", "AIT"],
)
def test_binned_data_equal_loops_over_pixels(wcs, bins):
    maps = uneven_maps(wcs)
    binned = bin_maps(maps, bins)
    check_binned(binned)
    expected = bin_by_loops(maps, bins if isinstance(bins, SkyBins) else SkyBins.from_regions(bins))
    assert binned["exposure"].dims == ("energy_true", "projected_distance", "energy")
    for name in ("counts", "background", "coverage", "solid_angle", "exposure"):
        np.testing.assert_allclose(binned[name], expected[name], rtol=1e-12, err_msg=name)
    np.testing.assert_array_equal(binned["counts"], expected["counts"])
    assert binned["counts"].dtype == np.int64
    xr.testing.assert_identical(binned["edisp"].variable, maps["edisp"].variable)


def test_history_has_one_more_line():
    maps = make_maps().assign_attrs(history="read", telescope="here")
    binned = bin_maps(maps, rings())
    assert binned.attrs["history"].splitlines() == ["read", f"bin {rings()!r}"]
    assert binned.attrs["telescope"] == "here"


@pytest.mark.parametrize("make", [bin_maps, lambda maps, bins: bin_image(maps["counts"], bins)])
def test_inputs_are_not_modified(make):
    maps = uneven_maps()
    maps["background"][0, 30, 40] = -1e-15
    maps["exposure"] = maps["exposure"].where(maps["mask"].any("energy"))
    before = maps.copy(deep=True)
    bins = line().to_regions()
    make(maps, bins)
    xr.testing.assert_identical(maps, before)
    assert bins == line().to_regions()


@pytest.mark.parametrize("make", [line, rings])
def test_a_list_of_regions_is_binned_as_bins_from_regions(make):
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
    with pytest.warns(DataWarning, match="7 of 17 bins are off the map"):
        binned = bin_maps(maps, SkyBins.annuli(center, radius_max=far, nbin=17))
    assert binned["n_pixels"].sum() == 60 * 80
    np.testing.assert_array_equal(
        binned["counts"].sum("projected_distance"), maps["counts"].sum(["lat", "lon"])
    )
    on_map = (binned["coverage"] * binned["solid_angle"]).sum("projected_distance")
    np.testing.assert_allclose(on_map, pixel_areas(maps).sum(), rtol=1e-12)
    np.testing.assert_allclose(
        binned["solid_angle"].sum(), 2 * np.pi * (1 - np.cos(far.rad)), rtol=2e-3
    )


def test_values_of_fine_bins_add_up_to_those_of_coarse_bins():
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
    """Move the reference point from a pixel corner to a pixel centre."""
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


def slice_parameters(size):
    return st.tuples(
        st.integers(0, size - 1), st.integers(1, size), st.sampled_from([1, -1, 2, -3])
    )


def make_slice(parameters):
    """Make a slice with a positive step, and tell whether the pixels are then reversed."""
    start, length, step = parameters
    return slice(start, start + length, abs(step)), step < 0


@settings(max_examples=8, deadline=None, derandomize=True)
@given(
    name=st.sampled_from(sorted(SKIES)),
    lon=slice_parameters(80),
    lat=slice_parameters(60),
    center=st.tuples(st.floats(0, 79), st.floats(12, 48)),
    transposed=st.booleans(),
)
@example("car oblique", (40, 1, 1), (0, 60, 1), (42.2, 27.9), False)
@example("car all-sky", (10, 31, 1), (0, 60, 1), (72.2, 27.9), False)
def test_a_cut_map_gives_the_same_as_a_masked_map(name, lon, lat, center, transposed):
    wcs = SKIES[name]
    maps = uneven_maps(wcs).isel(energy=[0], energy_true=[0]).drop_vars("edisp")
    columns, reverse_columns = make_slice(lon)
    rows, reverse_rows = make_slice(lat)
    kept = np.zeros((60, 80), bool)
    kept[rows, columns] = True
    cut = maps.isel(lat=rows, lon=columns)
    cut = cut.isel(lon=slice(None, None, -1 if reverse_columns else 1))
    cut = cut.isel(lat=slice(None, None, -1 if reverse_rows else 1))
    cut = cut.transpose("lon", "energy", "lat", ...) if transposed else cut
    reach = 20 * wcs.wcs.cdelt[1]
    center = wcs.pixel_to_world(*center)
    assume(np.isfinite(center.spherical.lat))
    bins = rings(reach, center=center)
    masked = maps.assign(mask=maps["mask"] & xr.DataArray(kept, dims=["lat", "lon"]))
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", ".* off the map", DataWarning)
        try:
            expected, binned = bin_maps(masked, bins), bin_maps(cut, bins)
        except InvalidBinsError:
            assume(False)  # all are off the map
    np.testing.assert_array_equal(binned["counts"], expected["counts"])
    for variable in ("background", "exposure", "coverage", "solid_angle"):
        np.testing.assert_allclose(
            binned[variable], expected[variable], rtol=1e-9, atol=1e-15, err_msg=variable
        )


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


def test_overlapping_regions_warn_once():
    """The middle one of three circles shares pixels with both others."""
    circles = [CircleSkyRegion(galactic(lon, 0), 0.5 * u.deg) for lon in (-0.73, 0.02, 0.77)]
    maps = make_maps()
    with pytest.warns(UserWarning, match="bins overlap: .* results are not independent") as found:
        overlapping = bin_maps(maps, circles)
    assert len(found) == 1
    assert found[0].filename == __file__
    alone = [bin_maps(maps, circle)["counts"].to_numpy() for circle in circles]
    np.testing.assert_array_equal(overlapping["counts"], np.hstack(alone))


SIDE_BY_SIDE = [
    line(),
    rings(),
    SkyBins.sectors(CENTER, radius_max=2 * u.deg, nbin=6),
    SkyBins.grid(CENTER, width=4 * u.deg, height=3 * u.deg, nbin=(3, 2)),
]


def test_bins_side_by_side_do_not_warn():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for bins in SIDE_BY_SIDE:
            bin_maps(make_maps(), bins)


@pytest.mark.parametrize("lost", ["counts", "exposure", "energy_min", "x", "wcs"])
def test_missing_variables_are_named(lost):
    with pytest.raises(MissingVariableError, match=lost):
        bin_maps(make_maps().drop_vars(lost), rings())


def test_maps_without_background_are_binned_alike():
    maps = make_maps()
    binned = bin_maps(maps.drop_vars("background"), rings())
    expected = bin_maps(maps, rings()).drop_vars("background")
    xr.testing.assert_identical(binned, expected)


def test_exposure_in_another_unit_raises():
    maps = make_maps()
    maps["exposure"].attrs["units"] = "m2 s"
    with pytest.raises(InvalidDataError, match="m2 s"):
        bin_maps(maps, rings())


@pytest.mark.parametrize("bins", [[], 3, None, "circle", [CircleSkyRegion]])
def test_objects_that_are_not_bins_raise(bins):
    with pytest.raises(InvalidBinsError, match="sky regions"):
        bin_maps(make_maps(), bins)


def test_pixel_regions_raise():
    region = rings().to_regions()[0].to_pixel(make_wcs())
    assert isinstance(region, PixelRegion)
    assert region.contains(PixCoord(39, 29))
    with pytest.raises(InvalidBinsError, match="to_sky"):
        bin_maps(make_maps(), [region])


@pytest.mark.heavy
@pytest.mark.parametrize(
    "bins", [rings(), line(), line().to_regions()], ids=["rings", "line", "list"]
)
def test_maps_and_binned_data_are_unchanged_by_netcdf(tmp_path, bins):
    maps = uneven_maps(make_wcs("TAN", (266.4, -28.9), frame="icrs"))
    maps = maps.isel(lon=slice(70, 3, -1)).assign_attrs(history="made", telescope="none")
    for name, data in (("maps", maps), ("binned", bin_maps(maps, bins))):
        data.to_netcdf(tmp_path / f"{name}.nc")
        with xr.open_dataset(tmp_path / f"{name}.nc") as back:
            xr.testing.assert_identical(back.load(), data)
    with xr.open_dataset(tmp_path / "maps.nc") as back:
        xr.testing.assert_identical(bin_maps(back, bins), bin_maps(maps, bins))
