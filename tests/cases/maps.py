"""Small maps: flat, uneven, on-off, and with all variables; and a check for the same pixels."""

import numpy as np
import xarray as xr
from astropy.wcs import WCS

from xprofile.maps.positions import skycoord
from xprofile.maps.wcs import grid_coords, position_coords
from xprofile.schema.axes import axis_coords
from xprofile.schema.names import ENERGY, ENERGY_TRUE
from xprofile.schema.variables import COORDS, MAPS, data_array


def make_wcs(projection="CAR", center=(0.0, 0.0), step=0.1, shape=(60, 80), frame="galactic"):
    """Make a WCS with `center` in the middle of (ny, nx) pixels of `step` degrees."""
    names = {"galactic": ("GLON", "GLAT"), "icrs": ("RA--", "DEC-")}[frame]
    wcs = WCS(naxis=2)
    wcs.wcs.ctype = [f"{name}-{projection}" for name in names]
    if frame == "icrs":
        wcs.wcs.radesys = "ICRS"
    wcs.wcs.crval = center
    wcs.wcs.crpix = [(shape[1] + 1) / 2, (shape[0] + 1) / 2]
    wcs.wcs.cdelt = [-step, step]
    return wcs


def make_maps(wcs=None, shape=(60, 80), nenergy=4, ntrue=6, seed=1):
    """Make maps with background 1 and Poisson counts in every pixel, flat exposure, no edisp."""
    wcs = make_wcs(shape=shape) if wcs is None else wcs
    rng = np.random.default_rng(seed)
    coords = grid_coords(wcs, shape)
    for name, size in ((ENERGY, nenergy), (ENERGY_TRUE, ntrue)):
        edges = np.geomspace(0.01, 1, size + 1)
        coords |= axis_coords(name, np.sqrt(edges[1:] * edges[:-1]), edges[:-1], edges[1:])
    values = {
        "counts": rng.poisson(1.0, (nenergy, *shape)),
        "background": np.ones((nenergy, *shape)),
        "exposure": np.full((ntrue, *shape), 1e12),
        "mask": np.ones((nenergy, *shape), bool),
    }
    variables = {name: data_array(name, array, MAPS) for name, array in values.items()}
    return xr.Dataset(variables, coords)


def uneven_maps(wcs=None, shape=(60, 80), *, seed=7, used=0.7):
    """Make maps whose background, exposure and mask change from pixel to pixel, with edisp.

    The mask is True in a share `used` of the pixels.
    """
    maps = make_maps(wcs, shape)
    rng = np.random.default_rng(seed)
    maps["background"] = maps["background"] * rng.uniform(0.1, 2, maps["background"].shape)
    slope = np.exp(np.linspace(-1, 2, shape[1]) + np.linspace(0, 1, shape[0])[:, None])
    maps["exposure"] = (maps["exposure"] * slope).assign_attrs(maps["exposure"].attrs)
    maps["mask"] = maps["mask"] & (rng.uniform(size=maps["mask"].shape) < used)
    edisp = rng.dirichlet(np.ones(4), 6)
    return maps.assign(edisp=data_array("edisp", edisp, MAPS))


def make_onoff(alpha=0.2, seed=2, off=5.0):
    """Make on-off maps with `off` off counts in a pixel and the ratio `alpha` of acceptances."""
    maps = make_maps().drop_vars("background")
    rng = np.random.default_rng(seed)
    like = maps["counts"]
    return maps.assign(
        counts_off=like.copy(data=rng.poisson(off, like.shape)),
        acceptance=like.astype(float) * 0 + 1,
        acceptance_off=like.astype(float) * 0 + 1 / alpha,
    )


SHAPE = (6, 9)
PROJECTIONS = [("CAR", (0.0, 0.0)), ("CAR", (30.0, 40.0)), ("TAN", (83.6, 22.0)), ("AIT", (0, 0))]


def small_maps(projection="CAR", center=(0.0, 0.0), *, positions=None, on_off=False, seed=1):
    """Make maps of 6 x 9 pixels with all variables, whose values all differ."""
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
            maps = maps.assign_coords(position_coords(grid, positions, name))
        maps[name] = (dims, values / size, MAPS[name].attrs)  # an edisp adds up to 1 at most
    return maps.assign_attrs(history="made\nchanged", creator="xprofile 0")


def check_same_sky(found, expected):
    """Assert that two Datasets have the same pixels, to 1e-9 deg."""
    there, here = skycoord(found), skycoord(expected)
    known = np.isfinite(here.data.lon.deg)
    np.testing.assert_array_equal(known, np.isfinite(there.data.lon.deg))
    assert there.frame.is_equivalent_frame(here.frame)
    assert np.max(there[known].separation(here[known]).deg, initial=0) < 1e-9
