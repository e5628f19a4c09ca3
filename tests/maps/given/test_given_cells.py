"""Maps made from arrays in HEALPix: which cells they are on, and what is refused."""

import astropy.units as u
import dask.array as da
import numpy as np
import pytest
import xarray as xr
from astropy.coordinates import FK5
from cases.cell_maps import EDGES, EXPOSURE_UNIT, make_cell_maps
from cases.maps import make_maps

from xprofile import check_maps, from_arrays
from xprofile.exceptions import DataWarning, InvalidDataError, InvalidOptionError

ALL = np.arange(2 * 192).reshape(2, 192)  # of level 2


def make(counts=ALL, **options):
    return from_arrays(
        counts, **{"energy_edges": EDGES, "exposure": 1e10 * EXPOSURE_UNIT, **options}
    )


@pytest.mark.parametrize("options", [{}, {"level": 2}, {"nside": 4}])
def test_all_cells_need_no_level(options):
    maps = make(frame="galactic", background=0.5, mask=[True, False], **options)
    check_maps(maps)
    assert dict(maps.counts.sizes) == {"energy": 2, "cell": 192}
    np.testing.assert_array_equal(maps.counts, ALL)
    np.testing.assert_array_equal(maps.cell_ids, np.arange(192))
    assert maps.cell_ids.attrs == {
        "grid_name": "healpix", "level": 2, "indexing_scheme": "nested"
    }  # fmt: skip
    assert maps.healpix.attrs == {**maps.cell_ids.attrs, "frame": "galactic"}
    assert maps.background.dims == maps["mask"].dims == ("energy", "cell")
    assert not maps["mask"][1].any()


def test_some_cells_in_any_order():
    cells = [30, 2, 190]
    exposure = [3, 4, 5] * u.Unit("m2 s")
    maps = make(
        ALL[:, cells], cell_ids=cells, level=2, frame=FK5(equinox="J1975"),
        indexing_scheme="ring", exposure=exposure,
    )  # fmt: skip
    np.testing.assert_array_equal(maps.cell_ids, cells)
    np.testing.assert_allclose(maps.exposure, [[3e4, 4e4, 5e4]] * 2, rtol=1e-12)
    assert maps.healpix.attrs["frame"] == "fk5"
    assert maps.healpix.attrs["equinox"] == "J1975.0"


def test_grids_conflict_by_level_scheme_and_frame():
    values = {
        int(make(frame=frame, indexing_scheme=scheme).healpix)
        for frame in ("galactic", "icrs")
        for scheme in ("nested", "ring")
    }
    assert len(values) == 4


def test_arrays_are_not_shared():
    counts, cells = ALL.astype(float), np.arange(192)
    maps = make(counts, cell_ids=cells, level=2, frame="icrs")
    counts[:], cells[:] = -1, 0
    np.testing.assert_array_equal(maps.counts, ALL)
    np.testing.assert_array_equal(maps.cell_ids, np.arange(192))


def test_one_axis_is_an_image():
    maps = make(ALL[0], energy_edges=EDGES[:2], frame="icrs", acceptance=ALL[0],
                counts_off=ALL[1], acceptance_off=1.0)  # fmt: skip
    assert maps.counts.shape == maps.acceptance.shape == (1, 192)


def test_times_with_effective_areas():
    times = np.arange(1, 193.0)
    maps = make(frame="icrs", exposure=times * u.s, effective_area=[2, 3] * u.cm**2)
    np.testing.assert_allclose(maps.exposure, np.outer([2, 3], times), rtol=1e-12)


def test_dask_stays_lazy_also_the_numbers_of_cells():
    counts = da.from_array(ALL, chunks=(1, 50))
    maps = make(counts, frame="icrs", exposure=counts, exposure_unit="cm2 s")
    assert maps.counts.chunks[1] == maps.cell_ids.chunks[0] == (50, 50, 50, 42)
    np.testing.assert_array_equal(maps.cell_ids, np.arange(192))
    np.testing.assert_array_equal(maps.counts, ALL)


def test_maps_tell_their_grid_and_may_be_in_another_order():
    maps = make_cell_maps(level=2, scheme="ring", cells=[5, 3, 100, 7])
    turned = maps.isel(cell=[2, 0, 3, 1], energy_true=[1, 0])
    again = from_arrays(
        maps.counts.transpose(), energy_edges=EDGES, exposure=turned.exposure,
        background=turned.background, mask=turned["mask"],
    )  # fmt: skip
    for name in ("counts", "exposure", "background", "mask", "cell_ids", "healpix"):
        xr.testing.assert_identical(again[name].variable, maps[name].variable)


def test_dataarrays_of_xdggs():
    attrs = {"grid_name": "healpix", "level": 3, "indexing_scheme": "ring"}
    coords = {"cell_ids": ("cells", [4, 5, 7], attrs)}
    maps = make(xr.DataArray(ALL[:, :3], coords, ("energy", "cells")), frame="icrs")
    np.testing.assert_array_equal(maps.cell_ids, [4, 5, 7])
    assert maps.cell_ids.attrs == attrs


def test_odd_values_are_warned_of_with_their_place():
    counts = ALL.astype(float)
    counts[1, 7] = -3
    with pytest.warns(DataWarning, match=r"negative in 1 pixels, for example -3 at \[1, 7\]"):
        make(counts, frame="icrs")


@pytest.mark.quick
@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({}, "give wcs for pixels of a plane, or level"),
        ({"level": 2}, "give frame='galactic'"),
        ({"level": 2, "nside": 4, "frame": "icrs"}, "give one of them"),
        ({"nside": 6, "frame": "icrs"}, "power of two"),
        ({"nside": 0, "frame": "icrs"}, "positive integer"),
        ({"level": 3, "frame": "icrs"}, "are 768 at level 3"),
        ({"level": 30, "frame": "icrs"}, "level must be 29 at most"),
        ({"level": 2.0, "frame": "icrs"}, "integer"),
        ({"counts": ALL[:, 1:], "frame": "icrs"}, "give cell_ids"),
        ({"cell_ids": np.arange(192), "frame": "icrs"}, "have no level"),
        ({"frame": "altaz"}, "expected one of icrs"),
        ({"frame": 3}, "expected one of icrs"),
        ({"frame": "icrs", "indexing_scheme": "zigzag"}, "indexing_scheme must be one of"),
        ({"frame": "icrs", "wcs": "any"}, "wcs and frame were given"),
    ],
)
def test_grids_that_are_not_known(options, text):
    with pytest.raises(InvalidOptionError, match=text):
        make(**options)


@pytest.mark.quick
@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"cell_ids": np.arange(1, 193), "level": 2}, "numbers from 0 to 191"),
        ({"cell_ids": np.zeros(192, int), "level": 2}, "repeat"),
        ({"cell_ids": np.arange(192.0), "level": 2}, "whole numbers"),
        ({"cell_ids": np.arange(5), "level": 2}, r"has the shape \(5,\), expected \(192,\)"),
        ({"exposure": np.ones((192, 2)) * EXPOSURE_UNIT}, "np.transpose"),
        ({"counts": ALL[:1]}, r"expected \(2, 192\) \(energy, cell\)"),
        ({"counts": ALL[None]}, "expected two axes"),
        ({"counts": ALL[0]}, "share of an image"),
        ({"background": ALL[0]}, "share of an image"),
        ({"exposure": np.ones((3, 192)) * EXPOSURE_UNIT}, r"\(energy_true, cell\)"),
        ({"counts": np.ones((12, 12)), "energy_edges": np.geomspace(1, 2, 13) * u.TeV,
          "exposure": np.ones(12) * EXPOSURE_UNIT}, "give both axes"),
    ],
)  # fmt: skip
def test_arrays_that_do_not_fit(options, text):
    with pytest.raises(InvalidDataError, match=text):
        make(**{"frame": "icrs", **options})


def test_maps_of_the_other_kind():
    plane, cells = make_maps(), make_cell_maps(level=2)
    with pytest.raises(InvalidDataError, match="counts are in HEALPix; open_maps"):
        make(cells.counts, exposure=plane.exposure)
    with pytest.raises(InvalidDataError, match="counts are on a plane; open_maps"):
        make(plane.counts[:2], wcs=plane.profile.wcs, exposure=cells.exposure)


@pytest.mark.quick
@pytest.mark.parametrize(
    ("change", "text"),
    [
        (lambda m: m.isel(cell=slice(1, None)), "cells that are not"),
        (lambda m: make_cell_maps(level=2, scheme="ring"), "another HEALPix grid"),
        (lambda m: make_cell_maps(level=2, frame="icrs"), "its frame is"),
    ],
)
def test_maps_on_other_cells(change, text):
    maps = make_cell_maps(level=2)
    with pytest.raises(InvalidDataError, match=text):
        make(maps.counts, exposure=change(maps).exposure)


def test_arrays_of_xarray_along_energy_or_in_the_order_of_the_cells():
    exposure = xr.DataArray([3e10, 4e10], dims="energy_true", attrs={"units": "cm2 s"})
    background = xr.DataArray(0.5 * ALL, dims=("energy", "cell"))
    maps = make(frame="galactic", exposure=exposure, background=background)
    np.testing.assert_array_equal(maps.exposure, np.transpose([[3e10, 4e10]] * 192))
    np.testing.assert_array_equal(maps.background, 0.5 * ALL)


def test_a_mask_of_one_row_is_that_of_all_energies():
    mask = np.arange(192) % 2 == 0
    maps = make(frame="galactic", mask=mask[None])
    np.testing.assert_array_equal(maps["mask"], [mask, mask])
