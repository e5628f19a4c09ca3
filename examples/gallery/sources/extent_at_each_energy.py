"""
Extent at each energy
=====================

Does a nebula shrink with energy?

:doc:`/guide/nebula` says what else to keep in mind.
"""

import astropy.units as u
import matplotlib.pyplot as plt
import numpy as np
from astropy.coordinates import SkyCoord
from astropy.modeling.models import Gaussian1D

import xprofile
from xprofile import SkyBins, power_law

# %%
# Electrons of high energy cool before they come far, so nebulae often do. This one is a
# Gaussian whose width falls with energy as a power law with the exponent -0.3. A map of
# a brightness at several energies has the spectrum in itself.
maps = xprofile.tutorial.open_maps("galactic-center-sim")
center = SkyCoord(1, 1.5, unit="deg", frame="galactic")
away = maps.counts[0].copy(data=maps.profile.skycoord.separation(center).deg)
energy = maps.energy_true / 0.01
sigma = 0.35 * energy**-0.3
area = 2 * np.pi * np.radians(sigma) ** 2
nebula = 4e-7 * energy**-2.3 / area * np.exp(-((away / sigma) ** 2) / 2)
nebula = nebula.drop_vars(["energy", "energy_min", "energy_max"])
nebula.attrs["units"] = "cm-2 s-1 sr-1 TeV-1"

expected = maps.background + maps.profile.predict(nebula)
maps["counts"] = expected.dims, np.random.default_rng(2).poisson(expected.fillna(0))

# %%
# The shape is fitted to each energy bin by itself, with the PSF of its energies.
rings = SkyBins.annuli(center, radius_max=1.2 * u.deg, nbin=12)
binned = maps.profile.bin(rings, psf=True)
gauss = Gaussian1D(mean=0, stddev=0.3, fixed={"mean": True})
edges = [10, 15, 20, 30, 50, 100, 500] * u.GeV
fit = binned.profile.fit_shape(gauss, spectral_model=power_law(2.3), energy_edges=edges)
width = fit.sel(parameter="stddev")

fig, ax = plt.subplots()
ax.errorbar(
    width.energy * 1e3, width.value, [width.errn, width.errp], fmt="o", label="fit"
)
ax.plot(sigma.energy_true * 1e3, sigma, "--", label="simulated")
ax.set(
    xlabel="Energy [GeV]",
    ylabel="Width [deg]",
    xscale="log",
    xlim=(10, 500),
    ylim=(0, 0.4),
)
ax.set_xticks([10, 20, 50, 100, 200, 500], [10, 20, 50, 100, 200, 500])
ax.legend()

# %%
# Energy bins are independent, so a power law can be fitted to their widths.
logs = np.log(width.energy / 0.03), np.log(width.value)
(exponent, _), cov = np.polyfit(*logs, 1, w=width.value / width.err, cov="unscaled")
print(f"exponent {exponent:.2f} +- {np.sqrt(cov[0, 0]):.2f}, simulated -0.3")
