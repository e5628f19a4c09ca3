"""
A LaTeX table
=============

How does a profile become a table of a paper?
"""

import sys

import astropy.units as u
import matplotlib.pyplot as plt
from astropy.coordinates import SkyCoord

import xprofile
from xprofile import SkyBins, power_law

# %%
# A short profile round the centre, in two energy bands.
maps = xprofile.tutorial.open_maps("galactic-center-sim")
center = SkyCoord(0, -0.05, unit="deg", frame="galactic")
bins = SkyBins.annuli(center, radius_max=0.8 * u.deg, nbin=4)
profile = maps.profile.to_units(energy="GeV").profile.estimate(
    bins,
    spectral_model=power_law(2.3),
    energy_edges=[10, 50, 2000] * u.GeV,
    selection_optional=["errn-errp", "ul"],
    cl_ul=0.95,
    ul_method="bounded",
)

# %%
# With ``latex=True`` the cells are texts: values with errors, limits with "<", and the
# power of ten in the unit. astropy writes it in the form of a journal, here of AASTeX;
# a path in place of ``sys.stdout`` makes a file.
table = profile.profile.to_table("flux", latex=True)
table.write(sys.stdout, format="ascii.aastex")

# %%
# The same for other journals, with some of the columns.
some = table[table.colnames[:2] + table.colnames[-2:]]
some.write(sys.stdout, format="ascii.latex")

# %%
# The same numbers as a figure, with the simulated flux of each ring in both bands:
# shares of a power law of index 2.3.
truth = xprofile.tutorial.source_flux().profile.bin(bins)
low = (10**-1.3 - 50**-1.3) / (10**-1.3 - 2000**-1.3)

fig, ax = plt.subplots()
for share, color in ((low, "C0"), (1 - low, "C1")):
    ax.stairs(
        share * truth, bins.edges.value, baseline=None, color=color, linestyle=":"
    )
profile.profile.plot("flux", ax=ax)
