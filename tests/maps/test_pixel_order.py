"""Maps in memory whose pixels, energies or axes are in another order."""

from io import BytesIO

import astropy.units as u
import numpy as np
import pytest
from cases import mapdataset_files as small

from xprofile import from_arrays, open_maps
from xprofile.exceptions import InvalidDataError, MissingVariableError
from xprofile.maps.wcs import decode_wcs

ORDERS = {
    "axes": lambda array: array.transpose("lon", "lat", ...),
    "rows": lambda array: array.isel(lat=slice(None, None, -1)),
    "columns": lambda array: array.isel(lon=[3, 1, 2, 0, 7, 6, 5, 4]),
    "both": lambda array: array.isel(lon=slice(None, None, -1), lat=slice(None, None, -1)),
}
ENERGIES = {"energies": lambda array: array.isel({array.dims[0]: slice(None, None, -1)})}


@pytest.fixture(scope="module")
def maps():
    return open_maps(BytesIO(small.PLAIN.content))


def arrays(maps, change, *names):
    """Arguments of `from_arrays`, some of them changed."""
    found = {name: maps[name] for name in ("counts", "background", "mask", "exposure")}
    return found | {name: change(maps[name]) for name in names}


def again(maps, given):
    return from_arrays(
        **given, wcs=decode_wcs(maps), energy_edges=small.EDGES * u.TeV,
        energy_true=small.NODES_TRUE * u.TeV, exposure_unit="cm2 s",
    )  # fmt: skip


@pytest.mark.parametrize("order", ORDERS | ENERGIES)
@pytest.mark.parametrize("name", ["counts", "background", "mask", "exposure"])
def test_arrays_in_another_order(maps, name, order):
    found = again(maps, arrays(maps, (ORDERS | ENERGIES)[order], name))
    for variable in ("counts", "background", "mask", "exposure"):
        np.testing.assert_array_equal(found[variable], maps[variable])
        assert found[variable].dims == maps[variable].dims


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("name", ["counts", "background", "mask", "exposure"])
def test_parts_in_memory_in_another_order(maps, name, order):
    found = open_maps(BytesIO(small.PLAIN.content), **{name: ORDERS[order](maps[name])})
    np.testing.assert_array_equal(found[name], maps[name])
    np.testing.assert_array_equal(found["x"], maps["x"])


def test_part_of_a_map_with_the_wcs_of_the_whole(maps):
    part = arrays(maps.isel(lon=slice(2, None)), ORDERS["rows"], "counts")
    with pytest.raises(InvalidDataError, match="begins at the pixel x = 2, y = 0 of its WCS"):
        again(maps, part)


def test_pixels_that_are_missing_or_have_no_numbers(maps):
    with pytest.raises(InvalidDataError, match="pixels of counts have gaps: y is"):
        again(maps, arrays(maps, lambda a: a.isel(lat=[0, 2, 3]), "counts"))
    with pytest.raises(MissingVariableError, match=r"no pixel coordinate \['x'\]"):
        open_maps(BytesIO(small.PLAIN.content), background=maps["background"].drop_vars("x"))
