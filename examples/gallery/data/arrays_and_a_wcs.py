"""
Arrays and a WCS
================

How do numpy arrays of any instrument become a profile?
"""

import astropy.units as u
import matplotlib.pyplot as plt
import numpy as np
from astropy.coordinates import SkyCoord
from astropy.wcs import WCS

import xprofile
from xprofile import SkyBins, power_law

# %%
# The WCS says where the pixels are. Here they are 0.02 deg wide, in a tangential
# projection round the Crab nebula. The last axis of the arrays is the first one of the
# WCS.
crab = SkyCoord(83.63, 22.01, unit="deg")
wcs = WCS(naxis=2)
wcs.wcs.ctype = ["RA---TAN", "DEC--TAN"]
wcs.wcs.crval = [crab.ra.deg, crab.dec.deg]
wcs.wcs.crpix = [100.5, 100.5]
wcs.wcs.cdelt = [-0.02, 0.02]

# %%
# The arrays: background counts of two energy bins, an exposure that falls to the edge
# of the field of view, and the counts of a Gaussian source. Its width is 0.15 deg, and
# its flux that of a power law of index 2.5 with 1e-11 cm-2 s-1 above 1 TeV.
y, x = np.indices((200, 200))
away = crab.separation(SkyCoord.from_pixel(x, y, wcs)).deg
view = np.exp(-((away / 1.5) ** 2) / 2)
background = np.array([[[0.5]], [[0.1]]]) * view
source = np.exp(-((away / 0.15) ** 2) / 2)
source *= 1e-11 / source.sum()
signal = np.array([[[1 - 5**-1.5]], [[5**-1.5 - 50**-1.5]]]) * source * 5e13 * view
counts = np.random.default_rng(3).poisson(background + signal)

# %%
# Energies and the exposure have units. Instruments with a PSF or an energy dispersion
# give them by ``psf`` and ``edisp``.
maps = xprofile.from_arrays(
    counts,
    wcs=wcs,
    energy_edges=[1, 5, 50] * u.TeV,
    background=background,
    exposure=5e13 * view * u.Unit("cm2 s"),
)
maps

# %%
# A radial profile, as a surface brightness, with the one that was put in.
bins = SkyBins.annuli(crab, radius_max=1 * u.deg, nbin=10)
profile = maps.profile.estimate(
    bins,
    spectral_model=power_law(2.5),
    selection_optional=["ul"],
    ul_method="bounded",
    cl_ul=0.95,
)
bright = profile.profile.to_sed_type("flux", per_solid_angle=True)
image = maps.exposure[0].copy(data=source)
truth = image.profile.bin(bins) * (1 - 50**-1.5) / bins.solid_angle.value

fig, ax = plt.subplots()
ax.stairs(truth, bins.edges.value, baseline=None, color="C1", label="simulated")
bright.profile.plot(ax=ax)

# %%
# The flux within 0.5 deg, of photons between 1 and 50 TeV.
fluxes = profile.profile.to_sed_type("flux").isel(projected_distance=slice(5))
total, error = fluxes.flux.sum(), (fluxes.flux_err**2).sum() ** 0.5
print(f"({1e11 * total:.2f} +- {1e11 * error:.2f})e-11 cm-2 s-1, simulated 1.00e-11")
