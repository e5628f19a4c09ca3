"""
Width of a Gaussian against the PSF
===================================

Is a source wider than the PSF, and how wide is it?

:doc:`/guide/shapes` has other shapes, and radii without a model.
"""

import astropy.units as u
from astropy.coordinates import SkyCoord
from astropy.modeling.models import Gaussian1D

import xprofile
from xprofile import SkyBins, power_law

# %%
# The nebula of the simulated sky is a Gaussian of 0.2 deg, and the PSF one of 0.1 deg.
# The mean of the model is fixed at 0, the centre of the rings.
maps = xprofile.tutorial.open_maps("galactic-center-sim")
gauss = Gaussian1D(mean=0, stddev=0.3, fixed={"mean": True})
spectrum = power_law(2.3)


def rings_round(name):
    """Bin the maps in rings round a source of the simulated sky."""
    (source,) = (one for one in xprofile.tutorial.SOURCES if one.name == name)
    center = SkyCoord(source.lon, source.lat, unit="deg", frame="galactic")
    bins = SkyBins.annuli(center, radius_max=1.2 * u.deg, nbin=12)
    return maps.profile.bin(bins, psf=True), source.sigma


# %%
# `xprofile.fit_shape` fits the brightness without the PSF to the counts in the rings.
# The figure has the fit as it is seen through the PSF, and a point source of the same
# flux.
binned, sigma = rings_round("nebula")
fit = binned.profile.fit_shape(gauss, spectral_model=spectrum)
width = fit.sel(parameter="stddev")
print(f"width {width.value:.3f} -{width.errn:.3f} +{width.errp:.3f} deg")
print(f"simulated {sigma} deg")

profile = binned.profile.estimate(
    spectral_model=spectrum, selection_optional=["errn-errp"]
)
fluxes = profile.profile.to_sed_type("flux")
bright = fluxes.profile.to_sed_type("flux", per_solid_angle=True)
ax = bright.profile.plot(model=fit, label="nebula")
total = fit.total.item() * profile.ref_flux.item()
binned.profile.plot_psf(
    ax=ax, total=total, per_solid_angle=True, spectral_model=spectrum
)

# %%
# The test statistic of the extension compares the fit with a point. It is the square of
# a significance: the nebula is extended. The pulsar is a point, and gets an upper limit
# of its width.
for name in ("nebula", "knot", "pulsar"):
    binned, sigma = rings_round(name)
    fit = binned.profile.fit_shape(gauss, spectral_model=spectrum)
    width = fit.sel(parameter="stddev")
    print(
        f"{name:7} simulated {sigma:.2f}, fit {width.value:.3f} +- {width.err:.3f}, "
        f"limit {width.ul:.3f} deg, TS of the extension {fit.ts_extension:.0f}"
    )
