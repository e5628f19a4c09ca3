"""
A two-panel figure for a paper
==============================

How do the sky and a profile share a figure of two columns?

:doc:`/guide/figures` shows all kinds of figures.
"""

import astropy.units as u
import matplotlib.pyplot as plt
from astropy.coordinates import SkyCoord

import xprofile
from xprofile import SkyBins, power_law

# %%
# The source called shell of the simulated sky in rings, in two energy bands.
maps = xprofile.tutorial.open_maps("galactic-center-sim")
center = SkyCoord(6.6, -0.2, unit="deg", frame="galactic")
bins = SkyBins.annuli(center, radius_max=1.6 * u.deg, nbin=8)
profile = maps.profile.estimate(
    bins,
    spectral_model=power_law(2.3),
    energy_edges=[10, 30, 2000] * u.GeV,
    selection_optional=["errn-errp", "ul"],
    cl_ul=0.95,
    ul_method="bounded",
)
bright = profile.profile.to_sed_type("flux", per_solid_angle=True)
image = maps.profile.cutout(center, 4 * u.deg).counts.sum("energy", keep_attrs=True)

# %%
# Every figure method takes ``ax=``, so the layout is that of matplotlib. 7.1 inches are
# the width of two columns. The dotted line is the simulated brightness in the lower
# band.
share = (10**-1.3 - 30**-1.3) / (10**-1.3 - 2000**-1.3)
truth = (
    share * xprofile.tutorial.source_flux().profile.bin(bins) / bins.solid_angle.value
)

style = {"font.size": 8, "axes.prop_cycle": plt.cycler(color=["#0072b2", "#d55e00"])}
with plt.rc_context(style):
    fig = plt.figure(figsize=(7.1, 3.2), layout="constrained")
    left = fig.add_subplot(1, 2, 1, projection=image.profile.wcs)
    right = fig.add_subplot(1, 2, 2)
    image.profile.smooth(0.1 * u.deg).profile.plot_sky(ax=left, cmap="magma")
    bins.plot(left, edgecolor="white", linewidth=0.6)
    right.stairs(truth, bins.edges.value, baseline=None, color="C0", linestyle=":")
    bright.profile.plot(ax=right, markersize=3)
    for ax, letter in ((left, "a"), (right, "b")):
        ax.set_title(letter, loc="left", fontweight="bold")

# %%
# ``fig.savefig("shell.pdf")`` keeps the text of the figure as text, and its size in
# inches.
