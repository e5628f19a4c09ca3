"""
A cube larger than memory
=========================

How is a survey binned that does not fit into memory?

:doc:`/guide/scale` says how time and memory grow, and how clusters are used.
"""

import astropy.units as u
import dask.array as da
import matplotlib.pyplot as plt
import numpy as np
from astropy.coordinates import SkyCoord
from astropy.wcs import WCS

import xprofile
from xprofile import SkyBins, power_law

# %%
# A cube of the whole sky with pixels of 0.02 deg: 18000 x 9000 pixels and 4 energies.
# Dask knows how to make its chunks, but has made none of them.
# ``xprofile.open_maps(..., chunks=...)`` and `xarray.open_zarr` open files like this.
wcs = WCS(naxis=2)
wcs.wcs.ctype = ["GLON-CAR", "GLAT-CAR"]
wcs.wcs.crpix = [9000.5, 4500.5]
wcs.wcs.cdelt = [-0.02, 0.02]
lat = 0.02 * (np.arange(9000) + 0.5) - 90
expected = 0.1 + 0.1 * np.exp(-np.abs(lat) / 0.4)  # in each pixel
column = da.from_array(expected[:, None], chunks=(500, 1))
expected = da.broadcast_to(column, (4, 9000, 18000), chunks=(4, 500, 500))
maps = xprofile.from_arrays(
    da.random.default_rng(1).poisson(expected),
    wcs=wcs,
    energy_edges=[1, 2, 4, 8, 16] * u.TeV,
    background=da.full_like(expected, 0.1),
    exposure=da.full_like(expected, 1e13),
    exposure_unit="cm2 s",
)
print(f"{maps.nbytes / 1e9:.0f} GB in {expected.npartitions} chunks")

# %%
# Boxes across the plane. ``bin`` makes the chunks in which there are bins, sums each of
# them, and drops it: 2 of them here. The binned data are small, and all that follows is
# done with them.
start, end = SkyCoord([5, 5] * u.deg, [2, -2] * u.deg, frame="galactic")
bins = SkyBins.along_line(start, end, height=8 * u.deg, nbin=20)
binned = maps.profile.bin(bins)
print(f"{binned.nbytes / 1e3:.0f} kB")

# %%
# All four energy bins have the same signal, which is a power law of index 1. The
# simulated flux of a box is the signal of its pixels in all energy bins, divided by the
# exposure.
profile = binned.profile.estimate(spectral_model=power_law(1.0))
rows = 0.1 * np.exp(-np.abs(lat) / 0.4)
inside, _ = np.histogram(-lat, np.linspace(-2, 2, 21), weights=rows)
truth = 4 * inside * 8 / 0.02 / 1e13

fig, ax = plt.subplots()
ax.stairs(truth, bins.edges.value, baseline=None, color="C1", label="simulated")
profile.profile.plot("flux", ax=ax)
