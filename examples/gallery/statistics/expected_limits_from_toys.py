"""
Toys and expected limits
========================

Are the limits as low as expected without a signal?
"""

import astropy.units as u
import matplotlib.pyplot as plt
from astropy.coordinates import SkyCoord

import xprofile
from xprofile import SkyBins, power_law

# %%
# A strip along the plane, where some sources shine. 500 toys of it have no signal, but
# the counts of the background alone.
maps = xprofile.tutorial.open_maps("galactic-center-sim")
start, end = SkyCoord([8.5, 1] * u.deg, [0, 0] * u.deg, frame="galactic")
bins = SkyBins.along_line(start, end, height=3 * u.deg, nbin=15)
binned = maps.profile.bin(bins)
model = power_law(2.3)
toys = binned.profile.simulate(n_toys=500, rng=1, spectral_model=model)

# %%
# Toys are fitted like the data, with the same settings. Their median limits are the
# expected ones, and 68 % and 95 % of the limits without a signal lie in the bands.
settings = {
    "spectral_model": model,
    "energy_edges": [10, 2000] * u.GeV,
    "selection_optional": ["ul"],
    "cl_ul": 0.95,
    "ul_method": "cls",
}
profile = binned.profile.estimate(**settings).profile.to_sed_type("flux")
null = toys.profile.estimate(**settings).profile.to_sed_type("flux")
limits = null.profile.expected_limits().squeeze("energy")

fig, ax = plt.subplots()
for band, color in ((2, "gold"), (1, "limegreen")):
    low, high = limits.sel(band=-band), limits.sel(band=band)
    name = f"expected, {68 if band == 1 else 95} %"
    ax.stairs(high, bins.edges.value, baseline=low, fill=True, color=color, label=name)
ax.stairs(
    limits.sel(band=0), bins.edges.value, baseline=None, color="black", label="median"
)
profile.profile.plot("flux", ax=ax, sqrt_ts_threshold_ul=float("inf"))
ax.set_ylim(0)

# %%
# Limits above the bands say that there is a signal: the simulated sources of these bins
# are bright. A limit at 95 % is above the true flux in 95 % of all cases.
truth = xprofile.tutorial.source_flux().profile.bin(bins)
measured = profile.flux_ul.squeeze("energy")
outside = measured > limits.sel(band=2)
print("bins with limits above the band:", *outside.values.nonzero()[0])
print("their simulated fluxes:", *(f"{flux:.1e}" for flux in truth.values[outside]))
print(
    f"{(measured > truth).sum():d} of {truth.size} limits are above the simulated flux"
)
