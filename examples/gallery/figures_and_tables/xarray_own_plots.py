"""
xarray's own plots
==================

What can xarray draw of a profile without further help?
"""

import astropy.units as u
import matplotlib.pyplot as plt
from astropy.coordinates import SkyCoord

import xprofile
from xprofile import SkyBins, power_law

# %%
# A profile is an xarray Dataset, and each of its results is a DataArray with
# coordinates and a unit. So `xarray.DataArray.plot` labels its axes. This profile has
# the energy bins of the data.
maps = xprofile.tutorial.open_maps("galactic-center-sim")
start, end = SkyCoord([8, -8] * u.deg, [0, 0] * u.deg, frame="galactic")
bins = SkyBins.along_line(start, end, height=2 * u.deg, nbin=32, origin=8 * u.deg)
profile = maps.profile.estimate(
    bins, spectral_model=power_law(2.3), energy_edges=[10, 20, 50, 100, 2000] * u.GeV
)
fluxes = profile.profile.to_sed_type("flux").profile.to_units(energy="GeV")
fluxes

# %%
# Two dimensions become an image: the significance of each bin at each energy.
fluxes.sqrt_ts.plot(
    x="projected_distance", yscale="log", center=0, vmax=10, cmap="RdBu_r"
)

# %%
# One dimension becomes lines or steps; ``hue`` makes one of each energy.
low = fluxes.isel(energy=slice(2))
low.assign_coords(energy=low.energy.round(1)).flux.plot.step(
    x="projected_distance", hue="energy", where="mid"
)

# %%
# Facets, with selections, sums and averages as of any Dataset. Here ``npred_excess``
# are the photons of the fitted signal, and ``npred_background`` those of the
# background.
photons = fluxes[["npred_excess", "npred_background"]].to_dataarray(
    "kind", name="photons"
)
bands = zip(photons.energy_min.values, photons.energy_max.values, strict=True)
photons = photons.assign_coords(
    energy=[f"{low:.0f} - {high:.0f} GeV" for low, high in bands]
)
photons.plot.step(
    x="projected_distance",
    col="energy",
    col_wrap=2,
    hue="kind",
    where="mid",
    sharey=False,
)

# %%
# Errors are another variable, which matplotlib takes. The line is the simulated flux.
total = maps.profile.estimate(bins, spectral_model=power_law(2.3)).profile.to_sed_type(
    "flux"
)
truth = xprofile.tutorial.source_flux().profile.bin(bins)
fig, ax = plt.subplots()
truth.plot.step(where="mid", ax=ax, color="C1", label="simulated")
one = total.squeeze("energy")
ax.errorbar(one.projected_distance, one.flux, one.flux_err, fmt="o", label="measured")
ax.legend()
