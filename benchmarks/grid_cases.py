"""Ten thousand boxes on a large cube, beside one numpy pass over its values."""

import astropy.units as u
import numpy as np
import xarray as xr
from astropy.coordinates import SkyCoord
from astropy.wcs import WCS
from timing import Case

from xprofile import SkyBins, bin_maps
from xprofile.maps.wcs import grid_coords
from xprofile.schema.axes import axis_coords
from xprofile.schema.names import ENERGY, ENERGY_TRUE
from xprofile.schema.variables import MAPS, data_array

NAMES = ("counts", "background", "exposure", "mask")
TARGETS = {"CAR": "5", "TAN": "8"}


def maps(projection, shape, energies):
    """Maps of 0.02 deg a pixel round the Galactic centre."""
    wcs = WCS(naxis=2)
    wcs.wcs.ctype = [f"GLON-{projection}", f"GLAT-{projection}"]
    wcs.wcs.crval = [0, 0]
    wcs.wcs.crpix = [(shape[1] + 1) / 2, (shape[0] + 1) / 2]
    wcs.wcs.cdelt = [-0.02, 0.02]
    coords = grid_coords(wcs, shape)
    edges = np.geomspace(0.01, 1, energies + 1)
    for name in (ENERGY, ENERGY_TRUE):
        coords |= axis_coords(name, np.sqrt(edges[1:] * edges[:-1]), edges[:-1], edges[1:])
    values = np.random.default_rng(0).uniform(0.5, 1.5, (energies, *shape)).astype(np.float32)
    cubes = {"counts": np.rint(values), "background": values, "exposure": 1e10 * values}
    cubes["mask"] = np.ones(values.shape, bool)
    return xr.Dataset({k: data_array(k, v, MAPS) for k, v in cubes.items()}, coords)


def boxes(shape, nbin):
    """A grid of boxes that fills the map."""
    center = SkyCoord(0, 0, unit="deg", frame="galactic")
    height, width = (0.02 * size * u.deg for size in shape)
    return SkyBins.grid(center, width=width, height=height, nbin=(nbin, nbin))


def cases(*, quick):
    """Cases on a separable grid and on another one."""
    shape, energies, nbin = ((100, 200), 4, 10) if quick else ((1000, 2000), 20, 100)
    grid = boxes(shape, nbin)
    for projection, target in TARGETS.items():
        cube = maps(projection, shape, energies)
        yield Case(
            f"{nbin**2} boxes, {shape[1]}x{shape[0]}x{energies} {projection}",
            lambda cube=cube: bin_maps(cube, grid),
            "one numpy pass of sum()",
            lambda cube=cube: [cube[name].to_numpy().sum() for name in NAMES],
            target,
        )
