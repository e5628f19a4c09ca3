"""
A cluster of galaxies in X-rays
===============================

How does a cluster's surface brightness follow from counts and an exposure map?
"""

import astropy.units as u
import matplotlib.pyplot as plt
import numpy as np
from astropy.coordinates import SkyCoord
from astropy.modeling.models import Moffat1D
from astropy.wcs import WCS
from regions import CircleSkyRegion

import xprofile
from xprofile import SkyBins, power_law

# %%
# This cell makes the images, with pixels of 4 arcsec and in one band, 0.5 to 2 keV. The
# exposure map is in seconds and falls by vignetting. The cluster is a beta model: its
# surface brightness is :math:`S_0 (1 + (r / r_c)^2)^{-3 \beta + 1/2}`. A point source
# shines on it.
center = SkyCoord(194.9, 27.95, unit="deg")
wcs = WCS(naxis=2)
wcs.wcs.ctype = ["RA---TAN", "DEC--TAN"]
wcs.wcs.crval = [center.ra.deg, center.dec.deg]
wcs.wcs.crpix = [200.5, 200.5]
wcs.wcs.cdelt = [-4 / 3600, 4 / 3600]
y, x = np.indices((400, 400))
pixels = SkyCoord.from_pixel(x, y, wcs)
away = pixels.separation(center).arcmin

bright, core, beta = 1e-5, 1.5, 0.65  # cm-2 s-1 arcmin-2, arcmin
cluster = bright * (1 + (away / core) ** 2) ** (0.5 - 3 * beta)
exposure = 5e4 * (1 - 0.3 * (away / 15) ** 2)
area, pixel = (
    600,
    (4 / 60) ** 2,
)  # effective area in cm2, solid angle of a pixel in arcmin2
background = 3e-7 * exposure * area * pixel
star = center.directional_offset_by(60 * u.deg, 4 * u.arcmin)
point = (
    300
    * np.exp(-((pixels.separation(star).arcsec / 6) ** 2) / 2)
    / (2 * np.pi * 1.5**2)
)
expected = cluster * exposure * area * pixel + point + background
counts = np.random.default_rng(1).poisson(expected)

# %%
# Images of one band need its energies, and an exposure in s needs the effective area.
# With files, `xprofile.open_maps` takes the same options. Other sources are left out
# with `xprofile.exclude`.
maps = xprofile.from_arrays(
    counts,
    wcs=wcs,
    energy_edges=[0.5, 2] * u.keV,
    energy_unit="keV",
    exposure=exposure * u.s,
    effective_area=area * u.cm**2,
    background=background[None],
)
maps = maps.profile.exclude([CircleSkyRegion(star, 25 * u.arcsec)])
bins = SkyBins.annuli(center, edges=np.geomspace(0.4, 12, 13) * u.arcmin)
ax = maps.counts.where(maps.mask)[0].profile.plot_sky(stretch="sqrt")
bins.plot(ax, edgecolor="white", linewidth=0.7)

# %%
# The flux of photons per solid angle. Rings that are masked in part need no correction.
model = power_law(2.0, reference=1 * u.keV)
binned = maps.profile.bin(bins)
profile = binned.profile.estimate(
    spectral_model=model, selection_optional=["errn-errp"]
)
fluxes = profile.profile.to_sed_type("flux", per_solid_angle=True)
fluxes = fluxes.profile.to_units(flux="cm-2 s-1 arcmin-2")
radius = np.geomspace(0.4, 12, 101)

fig, ax = plt.subplots()
simulated = bright * (1 + (radius / core) ** 2) ** (0.5 - 3 * beta)
ax.plot(radius, simulated, color="C1", label="simulated")
fluxes.profile.plot(ax=ax, x_unit="arcmin", yscale="log", label="measured")
ax.set_xscale("log")

# %%
# A beta model is a Moffat function with the core radius ``gamma`` and the slope
# ``alpha`` = 3 beta
# - 1/2.
beta_model = Moffat1D(x_0=0, gamma=0.03, alpha=1.5, fixed={"x_0": True})
fit = binned.profile.fit_shape(beta_model, spectral_model=model)
gamma, alpha = fit.sel(parameter="gamma"), fit.sel(parameter="alpha")
found, error = 60 * gamma.value, 60 * gamma.err
print(f"core radius {found:.2f} +- {error:.2f} arcmin, simulated {core}")
found, error = (alpha.value + 0.5) / 3, alpha.err / 3
print(f"beta {found:.3f} +- {error:.3f}, simulated {beta}")
