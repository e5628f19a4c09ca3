"""
A shell along a curved path
===========================

Is a shell equally bright all along its rim?
"""

import astropy.units as u
import matplotlib.pyplot as plt
import numpy as np
from astropy.coordinates import SkyCoord

import xprofile
from xprofile import SkyBins, power_law

# %%
# This shell is a ring of 1 deg radius and 0.15 deg width (one sigma). Its north-east is
# three times as bright as its south-west. `xprofile.predict` gives its counts through
# the exposure, the PSF and the energy dispersion of the maps. ``normalize`` makes the
# flux below that of the whole shell.
maps = xprofile.tutorial.open_maps("galactic-center-sim")
center = SkyCoord(2.5, -2.5, unit="deg", frame="galactic")
pixels = maps.profile.skycoord
away = pixels.separation(center).deg
angle = center.position_angle(pixels) - 45 * u.deg
shell = maps.counts[0].copy(
    data=np.exp(-(((away - 1) / 0.15) ** 2) / 2) * (2 + np.cos(angle))
)

model = power_law(2.3, 6e-9 * u.Unit("cm-2 s-1 TeV-1"), reference=0.1 * u.TeV)
expected = maps.background + maps.profile.predict(
    shell, spectral_model=model, normalize=True
)
maps["counts"] = expected.dims, np.random.default_rng(1).poisson(expected.fillna(0))

# %%
# The bins follow the rim once around. They are 1 deg high, which contains the shell as
# it is seen through the PSF, a Gaussian of 0.1 deg.
path = center.directional_offset_by(np.linspace(0, 360, 100) * u.deg, 1 * u.deg)
bins = SkyBins.along_path(path, height=1 * u.deg, nbin=16)

near = maps.profile.cutout(center, 4 * u.deg)
image = near.counts.sum("energy", keep_attrs=True).profile.smooth(0.1 * u.deg)
ax = image.profile.plot_sky()
bins.plot(ax, numbers=True)

# %%
# The line is what was put in: the image of the shell, smoothed with the PSF and summed
# over the bins.
binned = maps.profile.bin(bins)
profile = binned.profile.estimate(
    spectral_model=model, selection_optional=["errn-errp", "ul"]
)
seen = shell.profile.smooth(0.1 * u.deg) / shell.sum() * profile.ref_flux.item()
truth = seen.profile.bin(bins)

fig, ax = plt.subplots()
ax.stairs(truth, bins.edges.value, baseline=None, color="C1", label="simulated")
profile.profile.plot("flux", ax=ax)

# %%
# Could the shell be equally bright everywhere? The test fits one norm to all bins.
test = binned.profile.goodness_of_fit(spectral_model=model)
constant = test.sel(hypothesis="constant").squeeze("energy")
print(f"TS {constant.ts:.0f} for {constant.dof:d} degrees of freedom")
print(f"p-value {constant.p_value:.1g}")
