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
# The sky in this example is simulated when it is opened. Boxes of 3 degrees lie side by side
# along the plane.
maps = xprofile.tutorial.open_maps("galactic-center-sim")
start = SkyCoord(5, 0, unit="deg", frame="galactic")
end = SkyCoord(-5, 0, unit="deg", frame="galactic")
bins = SkyBins.along_line(start, end, height=3 * u.deg, nbin=51)

# %%
# A flux that is not significant is drawn as an upper limit at 95 % confidence level.
profile = maps.profile.bin(bins).profile.estimate(
    spectral_model=power_law(index=2.3),
    energy_edges=[10, 2000] * u.GeV,
    selection_optional=["ul"],
    cl_ul=0.95,
    ul_method="bounded",
)
profile.profile.plot(sed_type="flux")
