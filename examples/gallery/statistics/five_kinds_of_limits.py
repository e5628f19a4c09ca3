"""
95 % limits, five ways
======================

How much do upper limits depend on the method?

:doc:`/statistics/likelihood` has the definitions.
"""

import astropy.units as u
import matplotlib.pyplot as plt
from astropy.coordinates import SkyCoord

import xprofile
from xprofile import SkyBins, power_law

# %%
# Boxes far from the plane have no signal, so their counts are above or below the
# background by chance. Energies are summed, so that the limits of Feldman and Cousins
# need no toys.
maps = xprofile.tutorial.open_maps("galactic-center-sim")
start, end = SkyCoord([9, -9] * u.deg, [-3.2, -3.2] * u.deg, frame="galactic")
bins = SkyBins.along_line(start, end, height=1.5 * u.deg, nbin=12)
binned = maps.profile.bin(bins)

limits = {}
for method in ("likelihood", "bounded", "cls", "feldman-cousins", "bayes"):
    profile = binned.profile.estimate(
        spectral_model=power_law(2.3),
        sum_over_energy_groups=True,
        cl_ul=0.95,
        ul_method=method,
    )
    limits[method] = profile.profile.to_sed_type("flux").flux_ul.squeeze("energy")

# %%
# Where counts are below the background, limits of the likelihood go down with them, and
# can become negative, with a warning. The others take fluxes to be 0 or more. CLs and
# Bayes are the highest there, as they do not exclude fluxes to which the data are not
# sensitive. Limits of Feldman and Cousins are ends of two-sided intervals, so they are
# the highest where there is an excess.
order = profile.sqrt_ts.squeeze("energy").argsort().values
significance = profile.sqrt_ts.squeeze("energy")[order]

fig, ax = plt.subplots()
for (method, limit), marker in zip(limits.items(), "os^Dv", strict=True):
    ax.plot(significance, 1e11 * limit[order], marker + ":", label=method)
ax.axhline(0, color="gray", linewidth=0.8)
ax.set(
    xlabel="Significance of the bin [sigma]",
    ylabel="95 % limit [$10^{-11}$ cm$^{-2}$ s$^{-1}$]",
)
ax.legend()

# %%
# The true flux is 0 in all bins, up to the tails of the sources near the plane. Limits
# at 95 % should be above it in at least 95 % of all cases.
truth = xprofile.tutorial.source_flux().profile.bin(bins)
for method, limit in limits.items():
    above = (limit > truth).sum()
    mean, lowest = 1e11 * limit.mean(), 1e11 * limit.min()
    print(
        f"{method:16} mean {mean:.1f}e-11, lowest {lowest:.1f}e-11, "
        f"{above:d} of {limit.size} above the truth"
    )
