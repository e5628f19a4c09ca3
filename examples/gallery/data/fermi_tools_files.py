"""
Files of the Fermi tools
========================

Which files of a Fermi-LAT analysis make a profile?

:doc:`/reference/formats` lists all files that are read.
"""

from pathlib import Path
from tempfile import mkdtemp

import astropy.units as u
import matplotlib.pyplot as plt
from astropy.coordinates import SkyCoord
from astropy.io import fits
from astropy.table import QTable

import xprofile
from xprofile import SkyBins, power_law

# %%
# This cell writes the sky of the tutorial in the way of the Fermi tools; with real data
# you have these files. Cubes of counts have energies in keV, those of exposures and the
# PSF are in MeV.
sky = xprofile.tutorial.open_maps("galactic-center-sim")
folder = Path(mkdtemp())
header = sky.profile.wcs.to_header()


def write_cube(name, variable, table):
    """Write an image cube, with a table of its energies."""
    hdus = [fits.PrimaryHDU(variable.values, header), table]
    fits.HDUList(hdus).writeto(folder / name)


edges = (xprofile.axis_edges(sky, "energy") * u.TeV).to("keV")
ebounds = fits.BinTableHDU(
    QTable({"E_MIN": edges[:-1], "E_MAX": edges[1:]}), name="EBOUNDS"
)
nodes = (sky.energy_true.values * u.TeV).to("MeV")
energies = fits.BinTableHDU(QTable({"Energy": nodes}), name="ENERGIES")
write_cube("gtbin.fits", sky.counts, ebounds)
write_cube("gtmodel.fits", sky.background, ebounds)
write_cube("gtexpcube2.fits", sky.exposure, energies)

psf = fits.BinTableHDU(QTable({"Energy": nodes, "Psf": sky.psf.values}), name="PSF")
theta = fits.BinTableHDU(QTable({"Theta": sky.rad.values}), name="THETA")
fits.HDUList([fits.PrimaryHDU(), psf, theta]).writeto(folder / "gtpsf.fits")

# %%
# One file for each part:
#
# - counts from ``gtbin`` (a ccube),
# - the background from ``gtmodel``: counts of all that the profile should not have,
# - the exposure from ``gtexpcube2``,
# - the PSF from ``gtpsf``, and, not here, the energy dispersion from ``gtdrm``.
maps = xprofile.open_maps(
    counts=folder / "gtbin.fits",
    background=folder / "gtmodel.fits",
    exposure=folder / "gtexpcube2.fits",
    psf=folder / "gtpsf.fits",
)
print(maps.sizes)

# %%
# The border of the field has photons from beyond it, so it is left out. Files of the
# Fermi tools have no mask.
center = SkyCoord(0, 0, unit="deg", frame="galactic")
maps = maps.profile.cutout(center, (18, 8) * u.deg)

start, end = SkyCoord([8, -8] * u.deg, [0, 0] * u.deg, frame="galactic")
bins = SkyBins.along_line(start, end, height=2 * u.deg, nbin=32)
settings = {
    "spectral_model": power_law(2.3),
    "selection_optional": ["ul"],
    "cl_ul": 0.95,
    "ul_method": "bounded",
}
profile = maps.profile.estimate(bins, **settings)
truth = xprofile.tutorial.source_flux().profile.bin(bins)

fig, ax = plt.subplots()
ax.stairs(truth, bins.edges.value, baseline=None, color="C1", label="simulated")
profile.profile.plot("flux", ax=ax)

# %%
# Without the energy dispersion the fluxes change by little, compared with their errors.
same = sky.profile.estimate(bins, **settings)
change = (profile.norm - same.norm) / same.norm_err
print(f"change of {abs(change).mean():.3f} errors, {abs(change).max():.2f} at most")
