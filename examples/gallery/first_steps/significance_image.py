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
# The significance is the signed square root of the test statistic.
# ``plot_sky_bins`` shows it on the sky, with the colours of -8 to 8.
fig = plt.figure(figsize=(7, 3.2), layout="constrained")
ax = profile.profile.plot_sky_bins(
    "sqrt_ts",
    cmap="RdBu_r",
    vmin=-8,
    vmax=8,
    edgecolor="none",
    antialiased=False,
)
for source in xprofile.tutorial.SOURCES:
    ax.text(
        source.lon,
        source.lat + 0.6,
        source.name,
        transform=ax.get_transform("galactic"),
        ha="center",
        fontsize=8,
    )

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
