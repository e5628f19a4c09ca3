"""
A light curve of profiles
=========================

Does a source vary, while its surroundings do not?

:doc:`/guide/regrouping` says how to fit all months together.
"""

import astropy.units as u
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import xarray as xr
from astropy.coordinates import SkyCoord
from scipy.stats import chi2

import xprofile
from xprofile import SkyBins, power_law

# %%
# Eight months of the simulated sky, each with an eighth of the exposure. The source at
# the centre is three times as bright in the fifth and sixth month.
sky = xprofile.tutorial.open_maps("galactic-center-sim")
months = pd.date_range("2030-01-01", periods=8, freq="MS", name="time")
brightness = np.array([1, 1, 1, 1, 3, 3, 1, 1])
part = sky.assign(background=sky.background / 8, exposure=sky.exposure / 8)
part["exposure"].attrs = sky.exposure.attrs

model = power_law(2.3, 7.83e-10 * u.Unit("cm-2 s-1 TeV-1"), reference=0.1 * u.TeV)
center = SkyCoord(0, -0.05, unit="deg", frame="galactic")
source = sky.counts[0].copy(
    data=np.exp(-((sky.profile.skycoord.separation(center).deg / 0.05) ** 2) / 2)
)
signal = part.profile.predict(source, spectral_model=model, normalize=True)

# %%
# Each month gets a profile in the same rings, and xarray puts them side by side. The
# new dim ``time`` stays in conversions and selections.
bins = SkyBins.annuli(center, edges=[0, 0.3, 0.6, 0.9] * u.deg)
rng = np.random.default_rng(1)
profiles = []
for factor in brightness:
    expected = part.background + factor * signal
    data = part.assign(counts=(expected.dims, rng.poisson(expected.fillna(0))))
    profiles.append(data.profile.estimate(bins, spectral_model=model))
curve = xr.concat(profiles, months, combine_attrs="drop_conflicts", join="exact")
curve = curve.profile.to_sed_type("flux").squeeze("energy")

# %%
# The light curve of the first ring, which has nearly all of the source, and of the
# second one; the bars without errors are simulated.
image = source / source.sum() * 1.2e-9
truth = image.profile.smooth(0.1 * u.deg).profile.bin(bins)

fig, ax = plt.subplots()
for number, color in ((0, "C0"), (1, "C1")):
    ring = curve.isel(projected_distance=number)
    name = f"{bins.lower[number]:.1f} to {bins.upper[number]:.1f} deg"
    ax.errorbar(
        months, 1e9 * ring.flux, 1e9 * ring.flux_err, fmt="o", color=color, label=name
    )
    simulated = 1e9 * brightness * truth.values[number]
    ax.plot(months, simulated, "_", color=color, markersize=25)
ax.set(xlabel="Month", ylabel="Flux [$10^{-9}$ cm$^{-2}$ s$^{-1}$]")
ax.legend()
fig.autofmt_xdate()

# %%
# Is the flux constant? Months are independent, so chi2 tells.
mean = (curve.flux / curve.flux_err**2).sum("time") / (1 / curve.flux_err**2).sum(
    "time"
)
distance = (((curve.flux - mean) / curve.flux_err) ** 2).sum("time")
for number, value in enumerate(distance.values):
    p_value = chi2.sf(value, 7)
    print(f"ring {number}: chi2 {value:.0f} for 7 degrees of freedom, p {p_value:.1g}")
