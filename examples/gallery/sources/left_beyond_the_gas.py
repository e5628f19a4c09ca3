"""
What is left beyond the gas
===========================

Is there emission that the maps of the gas do not explain, and where?

:doc:`/guide/templates` says what else to keep in mind.
"""

import astropy.units as u
import matplotlib.pyplot as plt
import numpy as np
from astropy.coordinates import SkyCoord

import xprofile
from xprofile import SkyBins, power_law

# %%
# Two templates are known: a layer of gas, and isotropic emission. A cloud of dark gas
# shines as well, 2 deg below the plane, which no map shows.
maps = xprofile.tutorial.open_maps("galactic-center-sim")
lon, lat = maps.lon, maps.lat
gas = (2e22 * np.exp(-np.abs(lat) / 1.2) + 3e21 + 0 * lon).assign_attrs(units="cm-2")
dark = 1.2e22 * np.exp(-(((lat + 2) / 0.4) ** 2) / 2 - ((lon + 3) / 4) ** 2 / 2)
dark = dark.assign_attrs(units="cm-2")

emissivity = power_law(2.7, 7e-27 * u.Unit("s-1 sr-1 TeV-1"), reference=10 * u.GeV)
isotropic = power_law(2.4, 1e-7 * u.Unit("cm-2 s-1 sr-1 TeV-1"), reference=100 * u.GeV)
templates = {
    "gas": maps.profile.predict(gas, spectral_model=emissivity),
    "isotropic": maps.profile.predict(None, spectral_model=isotropic),
}
dark_counts = maps.profile.predict(dark, spectral_model=emissivity)
expected = sum(templates.values()) + dark_counts
maps["counts"] = expected.dims, np.random.default_rng(3).poisson(expected.fillna(0))
maps["background"] = 0 * expected.fillna(0)

# %%
# The templates alone do not fit, as the p-value says. The residuals show where, and the
# norms are wrong: the fit takes some of the dark gas for isotropic emission.
north, south = SkyCoord([0, 0] * u.deg, [4, -4] * u.deg, frame="galactic")
bins = SkyBins.along_line(north, south, height=18 * u.deg, nbin=32)
fit = maps.profile.fit_templates(bins, templates)
print(
    "simulated norms 1 1, fitted",
    *fit.norm.values.round(2),
    f"p-value {fit.p_value:.0e}",
)
ax = fit.profile.plot(x="lat")

# %%
# ``free_bins`` gives a norm to each bin near the cloud, beside those of the templates,
# which the other bins determine.
binned = maps.profile.bin(bins)
free = (binned.lat > -3.5) & (binned.lat < -0.5)
fit = maps.profile.fit_templates(
    bins,
    templates,
    free_bins=free,
    spectral_model=power_law(2.7),
    selection_optional=["ul"],
)
print(
    "simulated norms 1 1, fitted",
    *fit.norm.values.round(2),
    f"p-value {fit.p_value:.2f}",
)

# %%
# The norms of the bins are a profile: what is left beyond the gas. The line is the
# brightness of the dark gas that was put in, the average of each bin.
left = fit.profile.bin_profile().profile.to_sed_type("flux", per_solid_angle=True)
column = dark.profile.bin(bins, how="mean")
photons = (emissivity.amplitude * emissivity.x_0 / 1.7 * (1 - 200**-1.7)).to_value(
    "s-1 sr-1"
)

fig, ax = plt.subplots()
ax.plot(column.lat, column * photons, color="C1", label="simulated")
left.profile.plot(ax=ax, x="lat", label="left beyond the templates")

# %%
# Is it related to the dark gas? Two profiles in the same bins can be correlated. The
# p-value is the share of random orders of the bins that are correlated as much.
found = left.profile.correlation(column, rng=1)
print(f"correlation {found.correlation.item():.2f}, p-value {found.p_value.item():.3f}")
