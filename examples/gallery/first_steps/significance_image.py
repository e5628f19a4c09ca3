"""
Significance on the sky
=======================

Where on the sky is a signal, and are the other places free of it?
"""

import astropy.units as u
import matplotlib.pyplot as plt
import numpy as np
from astropy.coordinates import SkyCoord
from scipy.stats import norm

import xprofile
from xprofile import SkyBins, power_law

# %%
# A grid of 45 x 20 boxes of 0.4 deg covers the field. Each box is fitted by itself,
# with the spectrum of all energies above 10 GeV.
maps = xprofile.tutorial.open_maps("galactic-center-sim")
center = SkyCoord(0, 0, unit="deg", frame="galactic")
bins = SkyBins.grid(center, width=18 * u.deg, height=8 * u.deg, nbin=(45, 20))
profile = maps.profile.estimate(bins, spectral_model=power_law(2.3))

# %%
# The significance is the signed square root of the test statistic. Boxes follow each
# other column by column, from the west, so the reshaped array is an image.
image = profile.sqrt_ts.values.reshape(45, 20).T

fig, ax = plt.subplots(figsize=(7, 3.2), layout="constrained")
shown = ax.imshow(
    image, origin="lower", extent=(-9, 9, -4, 4), cmap="RdBu_r", vmin=-8, vmax=8
)
for source in xprofile.tutorial.SOURCES:
    ax.annotate(source.name, (source.lon, source.lat + 0.6), ha="center", fontsize=8)
ax.set(
    xlabel="Galactic longitude [deg]", ylabel="Galactic latitude [deg]", xlim=(9, -9)
)
fig.colorbar(shown, label="Significance [sigma]", extend="max", shrink=0.7)

# %%
# No source is more than 1.5 deg from the plane. If the background is right,
# significances follow a normal distribution there. Boxes with few counts cannot have
# very negative ones.
away = profile.sqrt_ts.values[np.abs(profile.lat) > 1.5].ravel()
fig, ax = plt.subplots()
ax.hist(
    away, np.arange(-5, 5.1, 0.5), density=True, alpha=0.5, label=f"{away.size} boxes"
)
values = np.linspace(-5, 5, 201)
ax.plot(values, norm.pdf(values), label="normal distribution")
ax.set(xlabel="Significance [sigma]", ylabel="Density")
ax.legend()
print(f"mean {away.mean():.2f}, standard deviation {away.std():.2f}")
