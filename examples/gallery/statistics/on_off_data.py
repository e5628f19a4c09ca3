"""
On-off data
===========

What if the background is not known, but measured by counts elsewhere?

:doc:`/statistics/likelihood` has the formula.
"""

import astropy.units as u
import matplotlib.pyplot as plt
import numpy as np
from astropy.coordinates import SkyCoord

import xprofile
from xprofile import SkyBins, power_law

# %%
# Cherenkov telescopes often measure the background: off counts come from regions
# without a source. The ratio of the acceptances, alpha, scales them to the background
# of the on counts. Here it is 0.2, as off counts come from five times as much sky.
known = xprofile.tutorial.open_maps("galactic-center-sim")
rng = np.random.default_rng(1)
maps = known.drop_vars("background")
maps["counts_off"] = known.counts.dims, rng.poisson(known.background / 0.2)
maps["acceptance"] = known.counts.dims, np.ones(known.counts.shape)
maps["acceptance_off"] = 5 * maps["acceptance"]

# %%
# The fit uses the statistic W, in which the background of each bin and energy is a
# parameter. All else is as before.
start, end = SkyCoord([8, -8] * u.deg, [0, 0] * u.deg, frame="galactic")
bins = SkyBins.along_line(start, end, height=2 * u.deg, nbin=32)
settings = {"spectral_model": power_law(2.3), "energy_edges": [10, 2000] * u.GeV}
on_off = maps.profile.estimate(bins, **settings).profile.to_sed_type("flux")
cash = known.profile.estimate(bins, **settings).profile.to_sed_type("flux")
truth = xprofile.tutorial.source_flux().profile.bin(bins)

fig, ax = plt.subplots()
ax.stairs(truth, bins.edges.value, baseline=None, color="black", label="simulated")
cash.profile.plot(ax=ax, label="known background", offset=-0.15)
on_off.profile.plot(ax=ax, label="off counts", offset=0.15)

# %%
# Off counts have errors, too, so the errors of the fluxes are a little larger. They
# still describe the deviations from the truth: chi2 is about the number of bins.
for name, profile in (("known background", cash), ("off counts", on_off)):
    pulls = (profile.flux[:, 0] - truth) / profile.flux_err[:, 0]
    error = profile.flux_err.mean()
    print(f"{name:17} mean error {error:.2e} cm-2 s-1, chi2 {(pulls**2).sum():.0f}")
