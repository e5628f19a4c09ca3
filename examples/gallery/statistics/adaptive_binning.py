"""
Adaptive binning
================

How narrow can bins be if each should have a significant signal?
"""

import astropy.units as u
import matplotlib.pyplot as plt
from astropy.coordinates import SkyCoord

import xprofile
from xprofile import SkyBins, power_law

# %%
# Bins of 0.2 deg along the Galactic plane show the shapes of bright sources, but most
# of them have no significant signal. ``rebin`` merges neighbours from left to right,
# until each has a test statistic of 9 or more. The maps are not needed again.
maps = xprofile.tutorial.open_maps("galactic-center-sim")
start, end = SkyCoord([8, -8] * u.deg, [0, 0] * u.deg, frame="galactic")
bins = SkyBins.along_line(start, end, height=1 * u.deg, nbin=80)
model = power_law(2.3)
narrow = maps.profile.bin(bins)
merged = narrow.profile.rebin(min_ts=9, spectral_model=model)
before, after = (data.sizes["projected_distance"] for data in (narrow, merged))
print(f"{before} bins become {after}")

# %%
# Fluxes depend on the widths of bins, so the figure has the flux per solid angle. The
# line is the simulated one in the narrow bins.
settings = {"spectral_model": model, "selection_optional": ["ul"]}
settings |= {"cl_ul": 0.95, "ul_method": "bounded"}
truth = xprofile.tutorial.source_flux().profile.bin(bins) / bins.solid_angle.value

fig, axes = plt.subplots(
    2, sharex=True, sharey=True, figsize=(6.4, 6.4), layout="constrained"
)
for ax, binned in zip(axes, (narrow, merged), strict=True):
    profile = binned.profile.estimate(**settings).profile.to_sed_type(
        "flux", per_solid_angle=True
    )
    ax.stairs(truth, bins.edges.value, baseline=None, color="C1", label="simulated")
    profile.profile.plot(ax=ax)
    ax.label_outer()

# %%
# The sum of the fluxes stays the same. Errors of merged bins are valid, but their
# significances are not, because the data chose the bins; :doc:`/guide/regrouping` has
# other criteria.
for binned in (narrow, merged):
    fluxes = binned.profile.estimate(spectral_model=model).profile.to_sed_type("flux")
    total, error = fluxes.flux.sum(), (fluxes.flux_err**2).sum() ** 0.5
    print(f"flux of all bins ({1e9 * total:.2f} +- {1e9 * error:.2f})e-9 cm-2 s-1")
print(f"simulated {1e9 * (truth * bins.solid_angle.value).sum():.2f}e-9 cm-2 s-1")
