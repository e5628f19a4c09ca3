"""Upper limits of 11 fine bins by each method, beside those of the likelihood."""

import numpy as np
import xarray as xr
from astropy import units as u
from astropy.coordinates import SkyCoord
from timing import Case

import xprofile

NBIN = 11
TARGETS = {"bounded": "", "cls": "<= 5", "bayes": "<= 20"}


def problems(size, seed=0):
    """Binned data of the simulated sky, repeated, with new counts in each bin."""
    maps = xprofile.tutorial.open_maps("galactic-center-sim")
    ends = SkyCoord([5, -5] * u.deg, [0, 0] * u.deg, frame="galactic")
    bins = xprofile.SkyBins.along_line(*ends, height=3 * u.deg, nbin=51)
    binned = maps.profile.bin(bins).isel(energy=slice(NBIN))
    rng = np.random.default_rng(seed)
    many = binned.isel(projected_distance=np.arange(size) % len(bins)).drop_vars("region")
    return many.assign(counts=xr.zeros_like(many.counts) + rng.poisson(many.counts))


def limits(binned, method):
    """Estimate all bins with upper limits."""
    return xprofile.estimate(
        binned,
        energy_edges=[binned.energy_min.values[0], binned.energy_max.values[-1]] * u.TeV,
        selection_optional=["ul"],
        cl_ul=0.95,
        ul_method=method,
    )


def cases(*, quick):
    size = 1000 if quick else 100_000
    binned = problems(size)
    for method, target in TARGETS.items():
        yield Case(
            f"{size} limits, {method}",
            lambda method=method: limits(binned, method),
            "limits of the likelihood",
            lambda: limits(binned, "likelihood"),
            target,
        )
