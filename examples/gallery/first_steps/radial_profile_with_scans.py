"""
Radial profile, with scans of the likelihood
============================================

How does the brightness fall round a source, and which other fluxes fit nearly as well?
"""

import astropy.units as u
import matplotlib.pyplot as plt
import numpy as np
from astropy.coordinates import SkyCoord

import xprofile
from xprofile import SkyBins, power_law

# %%
# Rings of 0.1 deg lie round the source at the centre of the simulated sky.
maps = xprofile.tutorial.open_maps("galactic-center-sim")
center = SkyCoord(0, -0.05, unit="deg", frame="galactic")
bins = SkyBins.annuli(center, radius_max=1 * u.deg, nbin=10)
profile = maps.profile.estimate(
    bins,
    spectral_model=power_law(index=2.3),
    energy_edges=[10, 2000] * u.GeV,
    selection_optional=["errn-errp", "ul", "scan"],
    cl_ul=0.95,
    ul_method="bounded",
    norm_values=np.linspace(-0.5, 4.5, 501),
)

# %%
# Outer rings are larger, so the flux of a ring says little about the brightness. The
# surface brightness does: it is the flux divided by the solid angle of the ring. The
# line is the true one.
bright = profile.profile.to_sed_type("flux", per_solid_angle=True)
truth = xprofile.tutorial.source_flux().profile.bin(bins) / bins.solid_angle.value

fig, ax = plt.subplots()
ax.stairs(truth, bins.edges.value, baseline=None, color="C1", label="simulated")
bright.profile.plot(ax=ax, yscale="symlog")

# %%
# A scan shows how much worse each other flux fits, as the rise of -2 log L above its
# minimum. A rise by 1 is an error of 1 sigma, and a rise by 9 one of 3 sigma.
ax = profile.profile.plot_stat_scan("flux")

# %%
# The same for the second ring: the interval from the errors of the fit, and the norms
# at which the scan has risen by less than 1.
ring = profile.isel(projected_distance=1, energy=0)
low, high = ring.norm - ring.norm_errn, ring.norm + ring.norm_errp
inside = ring.norm_scan[ring.stat_scan - ring.stat < 1]
print(f"norms from the fit:  {low:.2f} to {high:.2f}")
print(f"norms from the scan: {inside.min():.2f} to {inside.max():.2f}")
