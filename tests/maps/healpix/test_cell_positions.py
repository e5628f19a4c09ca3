"""Positions and solid angles of cells, and selections by them."""

import astropy.units as u
import numpy as np
import pytest
import xarray as xr
from astropy.coordinates import SkyCoord
from cases.cell_maps import cell_centers, make_cell_maps

from xprofile import (
    assign_sky_coords,
    check_maps,
    open_netcdf,
    select,
    skycoord,
    solid_angle,
)
from xprofile.exceptions import (
    InvalidDataError,
    InvalidOptionError,
    MissingVariableError,
    NotFoundError,
    WrongStageError,
)
from xprofile.maps.healpix.coords import restore_cell_attrs

schemes = pytest.mark.parametrize("scheme", ["nested", "ring"])


@schemes
@pytest.mark.parametrize("chunk", [None, 30])
def test_positions_and_solid_angles(scheme, chunk):
    maps = make_cell_maps(2, scheme, [100, 3, 55], chunk=chunk)
    lon, lat = cell_centers(maps)
    sky = skycoord(maps)
    np.testing.assert_allclose(sky.l.deg, lon, rtol=0, atol=1e-9)
    np.testing.assert_allclose(sky.b.deg, lat, rtol=0, atol=1e-9)
    area = solid_angle(maps)
    assert (area.chunks is None) == (chunk is None)
    assert area.dims == ("cell",)
    np.testing.assert_allclose(area, 4 * np.pi / 192, rtol=1e-12)
    named = assign_sky_coords(maps)
    assert named.b.dims == ("cell",)
    assert named.b.attrs["frame"] == "galactic"
    np.testing.assert_allclose(named.b, lat, rtol=0, atol=1e-9)
    xr.testing.assert_identical((maps.counts / area).cell_ids.variable, maps.cell_ids.variable)


@schemes
def test_a_position_has_the_cell_that_holds_it(scheme):
    maps = make_cell_maps(3, scheme, frame="icrs")
    lon, lat = cell_centers(maps)
    places = SkyCoord(lon[[5, 700]], lat[[5, 700]], unit="deg").galactic
    found = select(maps, position=places)
    np.testing.assert_array_equal(found.cell_ids, maps.cell_ids[[5, 700]])
    assert found.counts.dims == ("energy", "position")
    one = select(maps.counts, position=places[0])
    assert one.dims == ("energy",)
    assert one.cell_ids == maps.cell_ids[5]


def test_positions_off_the_map():
    maps = make_cell_maps(3, cells=[700, 10, 11], frame="icrs")
    lon, lat = cell_centers(maps)
    near = SkyCoord(lon[1], lat[1], unit="deg").directional_offset_by(200 * u.deg, 9 * u.deg)
    with pytest.raises(NotFoundError, match="is off the map"):
        select(maps, position=near)
    with pytest.raises(NotFoundError, match="no cell within 8 deg"):
        select(maps, position=near, tolerance=8 * u.deg)
    assert select(maps, position=near, tolerance=9.1 * u.deg).cell_ids == 10


@schemes
@pytest.mark.parametrize(
    ("lon", "lat"),
    [
        (slice(350, 10 * u.deg), slice(-5 * u.deg, 7.5)),
        (slice(None), slice(45, None)),
        (slice(20, 90), slice(None, 0)),
        (slice(10, 350), slice(None)),
    ],
)
def test_ranges_of_positions(scheme, lon, lat):
    maps = make_cell_maps(4, scheme)
    found = maps.profile.sel(lon=lon, lat=lat)
    sky = skycoord(maps)
    ends = [0 if e is None else u.Quantity(e, u.deg).value for e in (lon.start, lon.stop)]
    middle = np.mean(np.rad2deg(np.unwrap(np.deg2rad(ends))))
    half = 180 if lon.stop is None else np.ptp(np.rad2deg(np.unwrap(np.deg2rad(ends)))) / 2
    low, high = (
        out if e is None else u.Quantity(e, u.deg).value
        for e, out in ((lat.start, -90), (lat.stop, 90))
    )
    inside = np.abs((sky.l.deg - middle + 180) % 360 - 180) <= half + 1e-9
    inside &= (sky.b.deg >= low) & (sky.b.deg <= high)
    np.testing.assert_array_equal(found.cell_ids, maps.cell_ids[inside])


@pytest.mark.parametrize("value", [3, slice("a", 3), slice(0, 10, 2), slice(1 * u.s, None)])
def test_cells_have_no_rows(value):
    with pytest.raises(InvalidOptionError, match="slice of angles"):
        make_cell_maps(1).profile.sel(lat=value)


def with_attrs(maps, name, **attrs):
    return maps.assign_coords({name: maps[name].assign_attrs(attrs)})


@pytest.mark.quick
@pytest.mark.parametrize(
    ("change", "error", "text"),
    [
        (lambda m: m.drop_vars("cell_ids"), MissingVariableError, "cell_ids"),
        (lambda m: m.drop_vars("healpix"), MissingVariableError, "healpix"),
        (lambda m: m.isel(cell=[]), InvalidDataError, "no pixels"),
        (lambda m: m.isel(cell=[1, 1]), InvalidDataError, "repeat"),
        (lambda m: m.assign_coords(cell_ids=m.cell_ids + 1), InvalidDataError, "check the level"),
        (lambda m: with_attrs(m, "cell_ids", level=3), InvalidDataError, "'level' of cell_ids"),
        (lambda m: with_attrs(m, "healpix", level=99), InvalidDataError, "whole number from 0 to"),
        (lambda m: with_attrs(m, "healpix", level="1"), InvalidDataError, "'level' .* is '1'"),
        (
            lambda m: with_attrs(m, "healpix", indexing_scheme="spiral"),
            InvalidDataError,
            "'indexing_scheme' of healpix is 'spiral', expected one of",
        ),
    ],
)
def test_grids_that_are_damaged(change, error, text):
    with pytest.raises(error, match=text):
        change(make_cell_maps(1)).profile.skycoord  # noqa: B018


def test_arrays_without_a_grid_are_no_map_images():
    with pytest.raises(WrongStageError, match="lacks healpix"):
        make_cell_maps(1).counts.drop_vars("healpix").profile.smooth(1 * u.deg)


def test_there_is_no_wcs():
    maps = make_cell_maps(1)
    for data in (maps, maps.counts):
        with pytest.raises(MissingVariableError, match="HEALPix have no WCS"):
            data.profile.wcs  # noqa: B018


def test_a_single_cell_is_no_map():
    with pytest.raises(InvalidDataError, match=r"expected \('energy', 'cell'\)"):
        check_maps(make_cell_maps(1).isel(cell=3))


def test_summaries_of_lazy_maps():
    maps = make_cell_maps(1, chunk=10)
    assert "cell        : 48" in repr(maps.profile)
    assert "Map image: counts" in repr(maps.counts.profile)


@pytest.mark.parametrize(
    "change",
    [
        lambda m: m.set_xindex("cell_ids"),
        lambda m: m.assign_coords(cell_ids=("cell", m.cell_ids.to_numpy())),
    ],
)
def test_numbers_without_attributes_get_them_back_for_files(change, tmp_path):
    """As of maps that xdggs has decoded: it keeps the attributes in an index."""
    maps = make_cell_maps(1, "ring")
    decoded = change(maps)
    decoded.cell_ids.attrs.clear()
    assert not decoded.cell_ids.attrs
    np.testing.assert_array_equal(skycoord(decoded).b.deg, skycoord(maps).b.deg)
    xr.testing.assert_identical(restore_cell_attrs(decoded), maps)
    decoded.profile.to_netcdf(tmp_path / "maps.nc")
    assert open_netcdf(tmp_path / "maps.nc").cell_ids.attrs == maps.cell_ids.attrs
