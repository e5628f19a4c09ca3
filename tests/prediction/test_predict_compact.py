"""Counts of compact sources in HEALPix templates on larger pixels."""

import astropy.units as u
import numpy as np
import pytest
import xarray as xr
from cases.cell_maps import EDGES, EXPOSURE_UNIT, make_cell_maps
from cases.maps import make_wcs

from xprofile import from_arrays, power_law, predict

SPECTRUM = power_law(2, 1e-11 * u.Unit("cm-2 s-1 TeV-1"))


def flat_maps(kind):
    values = {"energy_edges": EDGES, "exposure": 1e12 * EXPOSURE_UNIT, "background": 0}
    if kind == "cells":
        return from_arrays(np.ones((2, 768)), frame="icrs", **values)
    wcs = make_wcs(step=6.0, shape=(30, 60))
    return from_arrays(np.ones((2, 30, 60)), wcs=wcs, **values)


def template():
    """Single bright cells of 0.9 deg, two of them next to a pole."""
    image = make_cell_maps(6).counts.isel(energy=0, drop=True).astype(float) * 0
    image[[4095, 20000, 35000]] = 1.0
    return image.assign_attrs(units="sr-1")


@pytest.mark.heavy
@pytest.mark.parametrize("kind", ["cells", "pixels"])
def test_all_photons_are_counted_in_any_chunks(kind):
    maps = flat_maps(kind)
    found = predict(maps, template(), spectral_model=SPECTRUM)
    area = 3 * 4 * np.pi / (12 * 4**6)
    expected = 10 * area * np.array([1 / 1 - 1 / 2, 1 / 2 - 1 / 5])
    dims = list(found.dims[1:])
    np.testing.assert_allclose(found.sum(dims), expected, rtol=1e-5)
    chunks = {dim: maps.sizes[dim] // 3 for dim in dims}
    lazy = predict(maps.chunk(chunks), template(), spectral_model=SPECTRUM)
    assert lazy.chunks is not None
    xr.testing.assert_allclose(lazy, found, rtol=1e-12)
