"""
Profile along the Galactic plane, with limits
=============================================

How bright is the sky along the Galactic plane, and where is nothing seen?
"""

import astropy.units as u
from astropy.coordinates import SkyCoord

import xprofile
from xprofile import SkyBins, power_law

# %%
# The sky in this example is simulated when it is opened. Boxes of 0.2 x 3 degrees lie
# side by side along the plane.
maps = xprofile.tutorial.open_maps("galactic-center-sim")
start, end = SkyCoord([5, -5] * u.deg, [0, 0] * u.deg, frame="galactic")
bins = SkyBins.along_line(start, end, height=3 * u.deg, nbin=51)

image = maps.counts.sum("energy", keep_attrs=True).profile.smooth(0.1 * u.deg)
ax = image.profile.plot_sky(stretch="sqrt")
bins.plot(ax, linewidth=0.5)

# %%
# The flux is that of photons between 10 GeV and 2 TeV from the area of a box, above the
# known background. A flux below 2 sigma is drawn as an upper limit at 95 % confidence
# level.
profile = maps.profile.estimate(
    bins,
    spectral_model=power_law(index=2.3),
    energy_edges=[10, 2000] * u.GeV,
    selection_optional=["ul"],
    cl_ul=0.95,
    ul_method="bounded",
)
ax = profile.profile.plot("flux", x="lon")

# %%
# The simulated sources tell the true flux of each box, as it is seen through the PSF.
# The fluxes should scatter around it by their errors, and 95 % of the limits should be
# above it.
truth = xprofile.tutorial.source_flux().profile.bin(bins)
fluxes = profile.profile.to_sed_type("flux").isel(energy=0)
pulls = (fluxes.flux - truth) / fluxes.flux_err
above = (fluxes.flux_ul > truth)[fluxes.is_ul]

print(f"deviations from the truth: {pulls.mean():.2f} +- {pulls.std():.2f} errors")
print(f"{above.sum():.0f} of {above.size} limits are above the truth")
