"""Ten thousand boxes on a large cube, beside one numpy pass over its values."""

import cubes
import numpy as np
from timing import Case

from xprofile import bin_maps

STEP = 0.02  # deg
TARGETS = {"CAR": "5", "TAN": "8"}


def maps(projection, shape):
    """Maps of random values, all of them used."""
    values = np.random.default_rng(0).uniform(0.5, 1.5, shape).astype(np.float32)
    mask = np.ones(shape, bool)
    arrays = np.rint(values), values, 1e10 * values, mask
    return cubes.make_maps(*arrays, step=STEP, projection=projection)


def cases(*, quick):
    """Cases on a separable grid and on another one."""
    shape, side = ((4, 100, 200), 10) if quick else ((20, 1000, 2000), 100)
    nenergy, ny, nx = shape
    for projection, target in TARGETS.items():
        cube = maps(projection, shape)
        bins = cubes.grid_of_boxes(cube, side, side, step=STEP)
        yield Case(
            f"{side**2} boxes, {nx}x{ny}x{nenergy} {projection}",
            lambda cube=cube, bins=bins: bin_maps(cube, bins),
            "one numpy pass of sum()",
            lambda cube=cube: [cube[name].to_numpy().sum() for name in cubes.VARIABLES],
            target,
        )
