"""Binned data whose bins are merged: rings, boxes and sectors of three kinds of maps."""

import astropy.units as u
import numpy as np
import xarray as xr
from astropy.coordinates import SkyCoord

from cases.maps import make_maps, make_onoff, uneven_maps
from xprofile import SkyBins, bin_maps

INSIDE = SkyCoord(0.03, 0.02, unit="deg", frame="galactic")
AT_THE_CORNER = SkyCoord(3.6, 2.4, unit="deg", frame="galactic")
RADII = np.array([0, 0.2, 0.5, 0.9, 1.0, 1.3, 1.8, 2.0])
ALONG = np.array([-2.0, -1.3, -1.1, -0.5, 0.5, 1.1, 1.3, 2.0])  # symmetric


def annuli(edges=RADII, center=INSIDE):
    return SkyBins.annuli(center, edges=edges * u.deg)


def boxes(edges=ALONG, center=INSIDE):
    ends = (center.directional_offset_by(a * u.deg, 2 * u.deg) for a in (70, 250))
    return SkyBins.along_line(*ends, edges=edges * u.deg, height=1.5 * u.deg, origin=center)


def sectors(edges=10 * ALONG, center=INSIDE):
    return SkyBins.sectors(center, radius_max=2 * u.deg, edges=edges * u.deg)


def uneven_onoff():
    maps = make_onoff(off=0.05)
    rng = np.random.default_rng(4)
    like = maps.counts.astype(float)
    return maps.assign(
        acceptance=like.copy(data=rng.uniform(0.5, 2, like.shape)),
        acceptance_off=like.copy(data=rng.uniform(1, 9, like.shape)),
        mask=like.copy(data=rng.uniform(size=like.shape) < 0.7),
    )


MAPS = {"known": uneven_maps(), "on-off": uneven_onoff(), "same masks": make_maps()}
BINS = {"annuli": (annuli, RADII), "boxes": (boxes, ALONG), "sectors": (sectors, 10 * ALONG)}
FINE = {kind: bin_maps(maps, annuli()) for kind, maps in MAPS.items()}


def without_parts(binned):
    """Drop the distances within bins: merged bins have none."""
    return binned.drop_dims("part", errors="ignore")


def assert_same(found, expected, names=None):
    found, expected = without_parts(found), without_parts(expected)
    assert set(found.data_vars) == set(expected.data_vars)
    for name in names or expected.data_vars:
        parts = (xr.DataArray(data[name].variable) for data in (found, expected))
        ours, theirs = xr.broadcast(*parts)
        np.testing.assert_allclose(ours, theirs.transpose(*ours.dims), rtol=1e-12, err_msg=name)
