"""
HEALPix
=======

How does the brightness of the whole sky change with Galactic latitude?

:doc:`/guide/healpix` has maps of a part of the sky, and the PSF.
"""

import astropy.units as u
import matplotlib.pyplot as plt
import numpy as np
from astropy.coordinates import SkyCoord
from astropy_healpix import HEALPix

import xprofile
from xprofile import SkyBins, power_law

# %%
# Maps of the whole sky are often in HEALPix, cells of equal area. The brightness of
# this sky falls with latitude as exp(-\|b\| / 8 deg), from 1e-6 cm-2 s-1 sr-1 in the
# plane, on an even background.
grid = HEALPix(nside=64, order="nested", frame="galactic")
lon, lat = grid.healpix_to_lonlat(np.arange(grid.npix))
brightness = 1e-6 * np.exp(-np.abs(lat.deg) / 8)
area, exposure = grid.pixel_area.to_value("sr"), 1e11
expected = 5 + brightness * exposure * area
maps = xprofile.from_arrays(
    np.random.default_rng(1).poisson(expected)[None],
    nside=64,
    frame="galactic",
    energy_edges=[1, 10] * u.GeV,
    exposure=exposure * u.Unit("cm2 s"),
    background=5,
)

# %%
# Rings round the Galactic pole are zones of latitude. Bins, fits and figures are the
# same as those of maps on a plane.
pole = SkyCoord(0, 90, unit="deg", frame="galactic")
bins = SkyBins.annuli(pole, edges=np.arange(0, 181, 6) * u.deg)
ax = maps.counts.isel(energy=0).profile.plot_sky(stretch="sqrt")
bins.plot(ax, edgecolor="white", linewidth=0.5)

# %%
# The profile, per solid angle, and the brightness that was put in, averaged over each
# zone.
profile = maps.profile.estimate(bins, spectral_model=power_law(2.4))
bright = profile.profile.to_sed_type("flux", per_solid_angle=True)

truth = maps.counts[0].copy(data=brightness).profile.bin(bins, how="mean")

fig, ax = plt.subplots()
ax.stairs(truth, bins.edges.value, baseline=None, color="C1", label="simulated")
bright.profile.plot(ax=ax)
ax.set_xlabel("Distance from the north Galactic pole [deg]")

pulls = (bright.flux.squeeze("energy") - truth) / bright.flux_err.squeeze("energy")
print(f"chi2 {(pulls**2).sum():.0f} for {pulls.size} bins")
