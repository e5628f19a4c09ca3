"""Binned data from which toys are drawn."""

import astropy.units as u
import numpy as np
from astropy.coordinates import SkyCoord

from cases.maps import make_maps
from xprofile import SkyBins, bin_maps, power_law
from xprofile.spectrum.response import predicted_signal

ENDS = SkyCoord([3, -3] * u.deg, [0, 0] * u.deg, frame="galactic")
BINS = SkyBins.along_line(*ENDS, height=2 * u.deg, nbin=4)
NSIGMA = 4.5  # of what is compared, for dozens of numbers


def make_onoff(alpha=0.2):
    maps = make_maps().drop_vars("background")
    like = maps["counts"]
    off = np.random.default_rng(2).poisson(5, like.shape)
    ones = like.astype(float) * 0 + 1
    maps = maps.assign(counts_off=like.copy(data=off), acceptance=ones)
    return bin_maps(maps.assign(acceptance_off=ones / alpha), BINS)


def make_one(signal, background):
    """One bin, one energy, with so many counts of a signal of norm 1 and of the background."""
    one = bin_maps(make_maps(nenergy=1, ntrue=1), BINS).isel(projected_distance=[0])
    one["background"] = one["background"] * 0 + background
    one["exposure"] = one["exposure"] * (signal / predicted_signal(one, power_law()).item())
    return one
