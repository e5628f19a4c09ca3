"""
Sectors of a nebula
===================

Does a nebula shine to all sides alike?
"""

import astropy.units as u
import matplotlib.pyplot as plt
import numpy as np
from astropy.coordinates import SkyCoord

import xprofile
from xprofile import SkyBins, power_law

# %%
# The tutorial's sky has a round nebula. A jet of about 0.8 deg is added to it. Its
# position angle is 60 deg, from north (up) to east (left). Its image has no unit, so
# ``normalize`` gives all of it the flux of the spectral model.
maps = xprofile.tutorial.open_maps("galactic-center-sim")
center = SkyCoord(-4.6, 0.2, unit="deg", frame="galactic")
pixels = maps.profile.skycoord
away, angle = pixels.separation(center).deg, center.position_angle(pixels) - 60 * u.deg
along, across = away * np.cos(angle), away * np.sin(angle)
jet = (along > 0.3) * np.exp(-along / 0.3 - (across / 0.15) ** 2)
jet = maps.counts[0].copy(data=jet)

model = power_law(2.3, 4e-10 * u.Unit("cm-2 s-1 TeV-1"), reference=0.1 * u.TeV)
expected = maps.profile.predict(jet, spectral_model=model, normalize=True)
maps["counts"] += np.random.default_rng(1).poisson(expected.fillna(0))

# %%
# The sectors lie between two radii. They leave out the core of the nebula, where all
# sectors would meet.
bins = SkyBins.sectors(center, radius_min=0.35 * u.deg, radius_max=1.2 * u.deg, nbin=12)
image = maps.profile.cutout(center, 3.5 * u.deg).counts.sum("energy", keep_attrs=True)
ax = image.profile.smooth(0.1 * u.deg).profile.plot_sky()
bins.plot(ax, numbers=True)

# %%
# The line is the flux that was put in, of the nebula and the jet as they are seen
# through the PSF, a Gaussian of 0.1 deg.
profile = maps.profile.estimate(
    bins,
    spectral_model=model,
    selection_optional=["errn-errp", "ul"],
    ul_method="bounded",
    cl_ul=0.95,
)
jet_flux = jet.profile.smooth(0.1 * u.deg) / jet.sum() * profile.ref_flux.item()
truth = (xprofile.tutorial.source_flux() + jet_flux).profile.bin(bins)

fig, ax = plt.subplots()
ax.stairs(truth, bins.edges.value, baseline=None, color="C1", label="simulated")
profile.profile.plot("flux", ax=ax)
