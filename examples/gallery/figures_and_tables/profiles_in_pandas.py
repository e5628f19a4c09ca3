"""
Profiles in pandas
==================

How are bins selected, grouped and compared as a table?

:doc:`/guide/pandas` begins with a file, and has units.
"""

import astropy.units as u
import matplotlib.pyplot as plt
import numpy as np
from astropy.coordinates import SkyCoord

import xprofile
from xprofile import SkyBins, power_law

# %%
# One row for each bin and energy, with the edges, the position, and all results.
maps = xprofile.tutorial.open_maps("galactic-center-sim")
start, end = SkyCoord([8, -8] * u.deg, [0, 0] * u.deg, frame="galactic")
bins = SkyBins.along_line(start, end, height=2 * u.deg, nbin=16)
profile = maps.profile.estimate(
    bins,
    spectral_model=power_law(2.3),
    energy_edges=[10, 30, 2000] * u.GeV,
    selection_optional=["ul"],
)
frame = profile.profile.to_dataframe("flux")
frame[["lon", "energy_min", "flux", "flux_err", "flux_ul", "sqrt_ts", "counts"]].head()

# %%
# The most significant bins of each band:
best = frame.sort_values("sqrt_ts", ascending=False).groupby("energy_min").head(3)
best[["energy_min", "lon", "flux", "flux_err", "sqrt_ts"]].round(
    {"lon": 2, "sqrt_ts": 1}
)

# %%
# The flux of all bins in each band. Bins are independent, so their errors add in
# quadrature. The simulated flux is that of all sources in the bins, shared by a power
# law of index 2.3.
frame["variance"] = frame["flux_err"] ** 2
total = frame.groupby("energy_min")[["flux", "variance"]].sum()
total["flux_err"] = total.pop("variance") ** 0.5

low = (10**-1.3 - 30**-1.3) / (10**-1.3 - 2000**-1.3)
truth = xprofile.tutorial.source_flux().profile.bin(bins)
total["simulated"] = float(truth.sum()) * np.array([low, 1 - low])
total

# %%
# A pivot has one column for each band. The hardness is the flux of the high band over
# that of the low one; that of the simulated sources is the same everywhere.
table = frame[frame["sqrt_ts"] > 3].pivot(
    index="lon", columns="energy_min", values="flux"
)
table.columns = ["low", "high"]
table["hardness"] = table["high"] / table["low"]
print(f"simulated hardness {1 / low - 1:.2f}")
table.dropna().round({"hardness": 2})

# %%
# pandas draws its tables, too.
fig, ax = plt.subplots()
frame["distance"] = frame["projected_distance"] - 8
frame[["flux", "flux_err"]] *= 1e9
for (e_min, e_max), band in frame.groupby(["energy_min", "energy_max"]):
    name = f"{1e3 * e_min:.0f} to {1e3 * e_max:.0f} GeV"
    band.plot(
        "distance", "flux", yerr="flux_err", drawstyle="steps-mid", label=name, ax=ax
    )
ax.set(
    xlabel="Distance from the centre [deg]",
    ylabel="Flux [$10^{-9}$ cm$^{-2}$ s$^{-1}$]",
)
