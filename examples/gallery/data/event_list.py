"""
An event list
=============

How does a list of photons become a profile?

:doc:`/reference/formats` lists the tables that are read.
"""

from pathlib import Path
from tempfile import mkdtemp

import astropy.units as u
import matplotlib.pyplot as plt
import numpy as np
from astropy.coordinates import SkyCoord
from astropy.table import QTable

import xprofile
from xprofile import SkyBins, power_law

# %%
# This cell makes the list: a table with RA, DEC and ENERGY. 600 photons come from a
# Gaussian source of 0.2 deg, with energies from 1 to 20 TeV by a power law of index
# 2.5, and 8000 are background.
rng = np.random.default_rng(1)
center = SkyCoord(83.63, 22.01, unit="deg")
away = np.append(
    0.2 * np.sqrt(-2 * np.log(rng.random(600))), 2.2 * np.sqrt(rng.random(8000))
)
place = center.directional_offset_by(rng.uniform(0, 360, 8600) * u.deg, away * u.deg)
energy = (1 - rng.random(8600) * (1 - 20**-1.5)) ** (-1 / 1.5)
path = Path(mkdtemp()) / "events.fits"
events = QTable({"RA": place.ra, "DEC": place.dec, "ENERGY": energy * u.TeV})
events.meta = {"EXTNAME": "EVENTS", "RADESYS": "ICRS"}
events.write(path)

# %%
# ``open_events`` counts the photons in pixels and energies. ``like=`` takes those of
# another map, and ``cuts=`` selects by other columns.
counts = xprofile.open_events(
    path,
    center=center,
    width=3 * u.deg,
    binsz=0.02 * u.deg,
    proj="TAN",
    energy_edges=[1, 2, 5, 20] * u.TeV,
)
print(counts.history)

# %%
# A list does not know what is expected. The background here is even over a circle of
# 2.2 deg: so many photons for each sr, in the shares of the energy bins. The exposure
# is 1e14 cm2 s everywhere.
edges = np.array([1, 2, 5, 20])
shares = -np.diff(edges**-1.5) / (1 - 20**-1.5)
density = 8000 / (2 * np.pi * (1 - np.cos(np.radians(2.2))))
area = counts.profile.solid_angle
maps = xprofile.from_arrays(
    counts,
    wcs=counts.profile.wcs,
    energy_edges=edges * u.TeV,
    background=shares[:, None, None] * density * area.values,
    exposure=1e14 * u.Unit("cm2 s"),
)

# %%
# The flux of the photons in each ring. The line is what was put in: the expected
# photons of the source divided by the exposure.
bins = SkyBins.annuli(center, radius_max=1.4 * u.deg, nbin=14)
profile = maps.profile.estimate(
    bins,
    spectral_model=power_law(2.5),
    selection_optional=["ul"],
    ul_method="bounded",
    cl_ul=0.95,
)
within = 1 - np.exp(-((bins.edges.value / 0.2) ** 2) / 2)
truth = 600 / 1e14 * np.diff(within)

fig, ax = plt.subplots()
ax.stairs(truth, bins.edges.value, baseline=None, color="C1", label="simulated")
profile.profile.plot("flux", ax=ax)

inner = profile.isel(projected_distance=slice(7))
excess, error = inner.npred_excess.sum(), np.sqrt(inner.counts.sum())
print(f"{excess:.0f} +- {error:.0f} photons of the source, simulated 600")
