"""Small maps with all variables, and what it is to be on the same pixels."""

import numpy as np
from conftest import make_maps, make_wcs

from xprofile.schema import COORDS, MAPS, data_array
from xprofile.wcs import encode_wcs, skycoord

SHAPE = (6, 9)
PROJECTIONS = [("CAR", (0.0, 0.0)), ("CAR", (30.0, 40.0)), ("TAN", (83.6, 22.0)), ("AIT", (0, 0))]


def small_maps(projection="CAR", center=(0.0, 0.0), *, positions=None, on_off=False, seed=1):
    """Maps with all variables, in which no value comes twice."""
    wcs = make_wcs(projection, center, shape=SHAPE)
    maps = make_maps(wcs, SHAPE, nenergy=3, ntrue=4)
    rng = np.random.default_rng(seed)
    for name, variable in maps.data_vars.items():
        if name == "mask":
            maps[name] = variable.copy(data=rng.random(variable.shape) < 0.7)
        elif name != "counts":
            maps[name] = variable * rng.uniform(0.5, 2, variable.shape)
            maps[name].attrs = MAPS[name].attrs
    if on_off:
        shape = maps["counts"].shape
        maps["counts_off"] = data_array("counts_off", rng.poisson(4, shape), MAPS)
        maps["acceptance"] = data_array("acceptance", rng.uniform(1, 2, shape), MAPS)
        maps["acceptance_off"] = data_array("acceptance_off", rng.uniform(5, 6, shape), MAPS)
        maps = maps.drop_vars("background")
    maps = maps.assign_coords(rad=data_array("rad", [0, 0.1, 0.25, 0.5], COORDS))
    for name, size in (("edisp", 3), ("psf", 4)):
        dims = MAPS[name].dims
        values = rng.uniform(0, 1, (4, size))
        if positions:
            dims = (f"lat_{name}", f"lon_{name}", *dims)
            values = rng.uniform(0, 1, (*positions, 4, size))
            grid = make_wcs(projection, center, step=0.3, shape=positions)
            maps = maps.assign_coords({f"wcs_{name}": encode_wcs(grid)})
        maps[name] = (dims, values, MAPS[name].attrs)
    return maps.assign_attrs(history="made\nchanged", creator="xprofile 0")


def check_same_sky(found, expected):
    there, here = skycoord(found), skycoord(expected)
    known = np.isfinite(here.data.lon.deg)
    np.testing.assert_array_equal(known, np.isfinite(there.data.lon.deg))
    assert there.frame.is_equivalent_frame(here.frame)
    assert np.max(there[known].separation(here[known]).deg, initial=0) < 1e-9
