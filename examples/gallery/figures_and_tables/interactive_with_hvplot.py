"""
An interactive figure with hvPlot
=================================

How does a profile answer to the mouse?
"""

import astropy.units as u
import hvplot.pandas  # adds .hvplot
from astropy.coordinates import SkyCoord

import xprofile
from xprofile import SkyBins, power_law

# %%
# A profile, as a figure on paper.
maps = xprofile.tutorial.open_maps("galactic-center-sim")
start, end = SkyCoord([8, -8] * u.deg, [0, 0] * u.deg, frame="galactic")
bins = SkyBins.along_line(start, end, height=2 * u.deg, nbin=32, origin=8 * u.deg)
profile = maps.profile.estimate(bins, spectral_model=power_law(2.3))
ax = profile.profile.plot("flux")

# %%
# hvPlot draws the tables of pandas in a browser. The last column is the flux that was
# simulated.
frame = profile.profile.to_dataframe("flux")
frame["simulated"] = xprofile.tutorial.source_flux().profile.bin(bins).values

# %%
# Move the mouse over a point to read its numbers; drag and scroll to look closer.
distance = {"x": "projected_distance", "xlim": (-8.3, 8.3)}
truth = frame.hvplot.step(
    y="simulated", where="mid", color="darkorange", label="simulated", **distance
)
errors = frame.hvplot.errorbars(y="flux", yerr1="flux_err", **distance)
points = frame.hvplot.scatter(
    y="flux",
    hover_cols=["lon", "flux_err", "sqrt_ts", "counts"],
    label="measured",
    xlabel="Projected distance [deg]",
    ylabel="Flux [cm-2 s-1]",
    **distance,
)
figure = (truth * errors * points).opts(legend_position="top_left")
figure

# %%
# ``hvplot.save`` writes a page that needs no network::
#
#     from bokeh.resources import INLINE
#
#     hvplot.save(figure, "profile.html", resources=INLINE)
