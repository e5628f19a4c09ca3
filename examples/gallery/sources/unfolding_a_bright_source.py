"""
Unfolding a bright source
=========================

What is left of a bright source, and of the light beside it, without the PSF?

:doc:`/guide/flux_profiles` says when this is needed, and what it costs.
"""

import astropy.units as u
import matplotlib.pyplot as plt
import numpy as np
from astropy.coordinates import SkyCoord

import xprofile
from xprofile import SkyBins, power_law

# %%
# The PSF of this sky is a Gaussian of 0.1 deg. The source called knot is narrower, and
# it shines into both boxes beside its own. With ``psf=True``, the binned data also say
# how the boxes share their photons: each keeps somewhat more than half of them.
maps = xprofile.tutorial.open_maps("galactic-center-sim")
start, end = SkyCoord([-1.05, -3.65] * u.deg, [0, 0] * u.deg, frame="galactic")
bins = SkyBins.along_line(start, end, height=2 * u.deg, nbin=13, origin=1.3 * u.deg)
binned = maps.profile.bin(bins, psf=True)
kept = binned.profile.share_kept(spectral_model=power_law(2.3))
print(
    f"share of the photons that stay in their box: {kept.min():.2f} to {kept.max():.2f}"
)

# %%
# The plain profile is the flux that is seen in each box. ``unfold`` fits all boxes
# together, each with its photons in all of them. Its flux is that of the light that
# comes from each box. The line is the simulated one, without the PSF.
settings = {"spectral_model": power_law(2.3), "energy_edges": [10, 2000] * u.GeV}
plain = binned.profile.estimate(**settings)
unfolded = binned.profile.unfold(**settings)
truth = xprofile.tutorial.source_flux(psf=False).profile.bin(bins)

fig, ax = plt.subplots()
ax.stairs(truth, bins.edges.value, baseline=None, color="C1", label="simulated")
plain.profile.plot("flux", ax=ax, label="plain", color="gray", offset=-0.15)
unfolded.profile.plot("flux", ax=ax, label="unfolded", color="black", offset=0.15)

# %%
# Errors of neighbours are anticorrelated, because the data know their sum better than
# their difference. So the covariance belongs to all that combines bins, such as a
# :math:`\chi^2`.
ax = unfolded.profile.plot_correlation(energy=0)

fluxes = unfolded.profile.to_sed_type("flux").isel(energy=0)
difference = (fluxes.flux - truth).values
chi2 = difference @ np.linalg.solve(fluxes.covariance.values, difference)
print(f"unfolded: chi2 {chi2:.0f} for {difference.size} bins")
fluxes = plain.profile.to_sed_type("flux").isel(energy=0)
chi2 = (((fluxes.flux - truth) / fluxes.flux_err) ** 2).sum()
print(f"plain:    chi2 {chi2:.0f}")
