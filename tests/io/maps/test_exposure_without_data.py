"""Maps of memory with cells without data, as from `open_map` of a file of healpy."""

import numpy as np
import pytest
import xarray as xr
from cases.cell_maps import EDGES, EXPOSURE_UNIT, make_cell_maps
from cases.maps import make_wcs

from xprofile import from_arrays, open_maps
from xprofile.exceptions import DataWarning

TARGETS = {
    "cells": make_cell_maps(4),
    "pixels": from_arrays(
        np.ones((2, 30, 40)), wcs=make_wcs(center=(30, 0), step=1.0, shape=(30, 40)),
        energy_edges=EDGES, exposure=1e10 * EXPOSURE_UNIT, background=0,
    ),
}  # fmt: skip


@pytest.mark.parametrize("target", TARGETS)
def test_nan_cells_are_as_cells_that_are_not_there(target):
    """On other pixels, they leave no NaN in their neighbours, and the mask leaves them out."""
    maps = TARGETS[target]
    exposure = make_cell_maps(3).exposure
    known = np.random.default_rng(3).random(exposure.sizes["cell"]) < 0.7
    found = []
    for part in (exposure.where(known), exposure.isel(cell=known)):
        with pytest.warns(DataWarning, match="exposure does not cover"):
            found.append(open_maps(counts=maps.counts, background=0, exposure=part))
    assert not found[0].mask.all()
    assert found[0].mask.any()
    xr.testing.assert_equal(found[0].mask, found[1].mask)
    np.testing.assert_array_equal(found[0].exposure, found[1].exposure)
