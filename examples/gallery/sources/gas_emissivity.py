"""
Emissivity of gas
=================

How many gamma rays does a hydrogen atom emit?

:doc:`/guide/templates` has several kinds of gas, and emissivities at each energy.
"""

import astropy.units as u
import numpy as np
from astropy.coordinates import SkyCoord

import xprofile
from xprofile import SkyBins, power_law

# %%
# Cosmic rays that hit gas make gamma rays. Their brightness is the column density of
# the gas times its emissivity: photons for each atom, second, steradian and energy. The
# map of the gas here is a thick layer of atoms; real ones come from
# `xprofile.open_map`, on any pixels. Isotropic emission has no map.
maps = xprofile.tutorial.open_maps("galactic-center-sim")
layer = np.exp(-np.abs(maps.lat) / 1.2) * (1 + 0.2 * np.cos(maps.lon / 3))
gas = (2e22 * layer + 3e21).assign_attrs(units="cm-2")

emissivity = power_law(2.7, 7e-27 * u.Unit("s-1 sr-1 TeV-1"), reference=10 * u.GeV)
isotropic = power_law(2.4, 1e-7 * u.Unit("cm-2 s-1 sr-1 TeV-1"), reference=100 * u.GeV)
templates = {
    "gas": maps.profile.predict(gas, spectral_model=emissivity),
    "isotropic": maps.profile.predict(None, spectral_model=isotropic),
}

# %%
# The simulated gas shines 1.2 times as brightly as assumed, and the isotropic emission
# as assumed. Templates explain all counts of this sky, so its background is 0.
expected = 1.2 * templates["gas"] + templates["isotropic"]
maps["counts"] = expected.dims, np.random.default_rng(1).poisson(expected.fillna(0))
maps["background"] = 0 * expected.fillna(0)

# %%
# A profile across the plane tells the layer from the isotropic emission. The norms of
# both are fitted at once, to all energies.
north, south = SkyCoord([0, 0] * u.deg, [4, -4] * u.deg, frame="galactic")
bins = SkyBins.along_line(north, south, height=18 * u.deg, nbin=32)
fit = maps.profile.fit_templates(bins, templates)
ax = fit.profile.plot(x="lat")

# %%
# The norm is the factor by which the emissivity differs from the assumed one. Its error
# contains what the isotropic emission leaves open. The p-value says that nothing else
# is needed.
norm, error = fit.norm.sel(template="gas"), fit.norm_err.sel(template="gas")
assumed = emissivity(100 * u.GeV)
print(f"norm {norm:.2f} +- {error:.2f}, simulated 1.2")
print(
    f"emissivity of an atom at 100 GeV: {norm * assumed.value:.2e} {assumed.unit:fits}"
)
print(f"p-value of the fit {fit.p_value:.2f}")
