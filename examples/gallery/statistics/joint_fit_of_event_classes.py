"""
Joint fit of event classes
==========================

How do several data sets of the same sky give one profile?
"""

import astropy.units as u
import matplotlib.pyplot as plt
import numpy as np
from astropy.coordinates import SkyCoord

import xprofile
from xprofile import SkyBins, power_law

# %%
# The Fermi-LAT, for example, sorts its photons by the quality of their directions. Here
# are two classes with equal exposures, and Gaussian PSFs of 0.06 and 0.14 deg.
# `xprofile.predict` simulates both from the sources of the tutorial.
maps = xprofile.tutorial.open_maps("galactic-center-sim")
sources = xprofile.tutorial.source_flux(psf=False)
spectrum = power_law(2.3, 3.46e-9 * u.Unit("cm-2 s-1 TeV-1"), reference=0.1 * u.TeV)
rng = np.random.default_rng(1)


def observe(width):
    """Simulate half of the exposure, with a PSF of another width in deg."""
    psf = np.exp(-((maps.rad / width) ** 2) / 2) / (2 * np.pi * np.radians(width) ** 2)
    data = maps.assign(
        exposure=(maps.exposure / 2).assign_attrs(maps.exposure.attrs),
        background=maps.background / 2,
        psf=maps.psf.copy(data=np.broadcast_to(psf, maps.psf.shape)),
    )
    expected = data.background + data.profile.predict(
        sources, spectral_model=spectrum, normalize=True
    )
    return data.assign(counts=(expected.dims, rng.poisson(expected.fillna(0))))


# %%
# Each class is binned by itself. A dict of binned data is fitted jointly: one flux for
# each box, by the sum of the statistics, each class with its own exposure, background
# and PSF.
start, end = SkyCoord([-1.35, -3.35] * u.deg, [0, 0] * u.deg, frame="galactic")
bins = SkyBins.along_line(start, end, height=2 * u.deg, nbin=9, origin=1 * u.deg)
binned = {
    name: observe(width).profile.bin(bins, psf=True)
    for name, width in {"narrow PSF": 0.06, "wide PSF": 0.14}.items()
}
fits = {
    name: data.profile.unfold(spectral_model=spectrum) for name, data in binned.items()
}
fits["both"] = xprofile.unfold(binned, spectral_model=spectrum)

# %%
# The line is the flux of the sources themselves, without a PSF.
truth = (sources / sources.sum()).profile.bin(bins) * fits["both"].ref_flux.item()

fig, ax = plt.subplots()
ax.stairs(truth, bins.edges.value, baseline=None, color="black", label="simulated")
for offset, (name, fit) in zip((-0.2, 0, 0.2), fits.items(), strict=True):
    fit.profile.plot("flux", ax=ax, label=name, offset=offset)

# %%
# The class with the narrow PSF knows more about the boxes, although both have as many
# photons. The joint fit knows most.
for name, fit in fits.items():
    fluxes = fit.profile.to_sed_type("flux")
    print(f"{name:10} mean error {1e11 * fluxes.flux_err.mean():.1f}e-11 cm-2 s-1")
