"""
The most significant of many bins
=================================

Is the brightest of many bins a source, or chance?
"""

import astropy.units as u
import matplotlib.pyplot as plt
import numpy as np
from astropy.coordinates import SkyCoord

import xprofile
from xprofile import SkyBins, power_law

# %%
# A search of 144 boxes far from the plane. A faint source is put into one of them.
maps = xprofile.tutorial.open_maps("galactic-center-sim")
place = SkyCoord(4.75, 2.5, unit="deg", frame="galactic")
source = np.exp(-((maps.profile.skycoord.separation(place).deg / 0.1) ** 2) / 2)
source = maps.counts[0].copy(data=source)
model = power_law(2.3, 8e-11 * u.Unit("cm-2 s-1 TeV-1"), reference=0.1 * u.TeV)
expected = maps.profile.predict(source, spectral_model=model, normalize=True)
maps["counts"] += np.random.default_rng(1).poisson(expected.fillna(0))

center = SkyCoord(0, 2.75, unit="deg", frame="galactic")
bins = SkyBins.grid(center, width=18 * u.deg, height=2 * u.deg, nbin=(36, 4))
binned = maps.profile.bin(bins)
profile = binned.profile.estimate(spectral_model=model)

# %%
# Among many bins, high significances occur by chance. Toys without a signal say how
# high: the figure has the highest significance of each toy.
toys = binned.profile.simulate(n_toys=1000, rng=1, spectral_model=model)
null = toys.profile.estimate(spectral_model=model)
highest = null.sqrt_ts.max(["region", "energy"])
found = profile.profile.global_significance(null)

fig, ax = plt.subplots()
ax.hist(highest, 30, alpha=0.5, label="highest of each toy")
ax.axvline(found.sqrt_ts, color="C1", label="data")
ax.set(xlabel="Highest significance of all bins [sigma]", ylabel="Toys")
ax.legend()

# %%
# The local significance is that of this bin alone, and the global one that of the
# highest of all bins. Where no toy is as high, both are lower limits; 1000 toys reach
# 3.1 sigma.
print(f"position: l = {found.lon.item():.2f}, b = {found.lat.item():.2f} deg")
local, all_bins = found.significance_local, found.significance_global
print(f"local significance {local:.1f}, global {all_bins:.1f}")

# %%
# All bins by the same measure: the p-value of each, corrected for the number of bins.
# One bin is significant. It is the one with the source.
p_value = profile.profile.p_value(null, quantity="sqrt_ts", correction="max").squeeze(
    "energy"
)
best = p_value.argsort()[:3]
for number in best.values:
    bin_ = p_value[number]
    print(f"l = {bin_.lon:.2f}, b = {bin_.lat:.2f}: p-value {bin_:.3f}")
print(f"simulated source: l = {place.l.deg:.2f}, b = {place.b.deg:.2f}")
