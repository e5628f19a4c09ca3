"""
Profiles normalised and divided
===============================

Do two energies have the same shape, and what is their ratio in each bin?
"""

import astropy.units as u
import matplotlib.pyplot as plt
from astropy.coordinates import SkyCoord

import xprofile
from xprofile import SkyBins, power_law

# %%
# The simulated sources have one spectrum everywhere, so both energy bands have the same
# shape. Their ratio is that of a power law of index 2.3.
maps = xprofile.tutorial.open_maps("galactic-center-sim")
center = SkyCoord(-2.35, 0, unit="deg", frame="galactic")
bins = SkyBins.annuli(center, radius_max=0.5 * u.deg, nbin=5)
bands = maps.profile.estimate(
    bins,
    spectral_model=power_law(2.3),
    energy_edges=[10, 20, 2000] * u.GeV,
    selection_optional=["errn-errp"],
)
fluxes = bands.profile.to_sed_type("flux")
low, high = fluxes.isel(energy=0), fluxes.isel(energy=1)

# %%
# Profiles per solid angle, relative to their peaks: the values are shares of the
# brightest ring. The line is the simulated source, as it is seen through the PSF.
bright = fluxes.profile.to_sed_type("flux", per_solid_angle=True)
shape = xprofile.tutorial.source_flux().profile.bin(bins) / bins.solid_angle.value

fig, ax = plt.subplots()
ax.stairs(
    shape / shape.max(),
    bins.edges.value,
    baseline=None,
    color="black",
    label="simulated",
)
bright.profile.normalize("peak").profile.plot(ax=ax)

# %%
# The ratio of both bands in each ring, with errors. Where nothing shines, neither is
# known, and the ratio means nothing: those rings are left out.
ratio = high.profile.divide(low).isel(projected_distance=slice(3))
expected = (20**-1.3 - 2000**-1.3) / (10**-1.3 - 20**-1.3)

fig, ax = plt.subplots()
ax.axhline(expected, color="C1", label="simulated")
ratio.profile.plot(ax=ax, label="measured")
ax.set_ylabel("Flux above 20 GeV / flux below")

# %%
# ``divide`` and ``subtract`` keep edges and attributes, and propagate the errors of
# both.
print(f"simulated ratio {expected:.2f}")
for value, error in zip(ratio.norm.values, ratio.norm_err.values, strict=True):
    print(f"measured {value:.2f} +- {error:.2f}")
