"""
Spectral index along a nebula
=============================

Does the spectrum of a nebula soften away from the pulsar?

:doc:`/guide/nebula` says what the PSF does to the index.
"""

import astropy.units as u
import matplotlib.pyplot as plt
import numpy as np
from astropy.coordinates import SkyCoord

import xprofile
from xprofile import SkyBins, power_law

# %%
# A nebula of 4 deg length and 0.2 deg width (one sigma) begins at a pulsar. Its index
# rises from 1.9 at the pulsar to 2.9 at the far end. The brightness is that at 30 GeV
# times a power law of the index in each pixel.
maps = xprofile.tutorial.open_maps("galactic-center-sim")
along, across = 2 - maps.lon, maps.lat - 2.5
index = 1.9 + 0.25 * along.clip(0, 4)
shape = np.exp(-((across / 0.2) ** 2) / 2) * ((along > 0) & (along < 4))
nebula = 2.5e-5 * shape * (maps.energy_true / 0.03) ** -index
nebula = nebula.transpose("energy_true", "lat", "lon").assign_attrs(
    units="cm-2 s-1 sr-1 TeV-1"
)

expected = maps.background + maps.profile.predict(nebula)
maps["counts"] = expected.dims, np.random.default_rng(1).poisson(expected.fillna(0))

# %%
# `xprofile.fit_spectrum` fits amplitude and index in each bin, from the counts at all
# energies of the data.
start, end = SkyCoord([2, -2] * u.deg, [2.5, 2.5] * u.deg, frame="galactic")
bins = SkyBins.along_line(start, end, height=1 * u.deg, nbin=8, origin=0 * u.deg)
fit = maps.profile.bin(bins).profile.fit_spectrum(
    power_law(reference=30 * u.GeV), free=["alpha"]
)

fig, ax = plt.subplots()
ax.plot([0, 4], [1.9, 2.9], color="C1", label="simulated")
fit.profile.plot("alpha", ax=ax, label="fit")
ax.set_ylabel("Spectral index")

# %%
# How far are the fitted indices from a single one?
print(f"best single index {fit.alpha_mean:.2f} +- {fit.alpha_mean_err:.2f}")
print(f"chi2 {fit.alpha_chi2:.0f} for {fit.alpha_dof:.0f} degrees of freedom")
print(f"p-value {fit.alpha_p_value:.1g}")
