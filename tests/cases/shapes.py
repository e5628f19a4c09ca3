"""Binned data of a known brightness, round a centre and along a line."""

import numpy as np
import xarray as xr

from xprofile import power_law
from xprofile.schema.names import DISTANCE, ENERGY
from xprofile.schema.variables import BINNED, data_array
from xprofile.spectrum.response import signal_variable

INDEX = 2.0


def with_counts(binned, brightness, *, background=5.0, seed=None):
    """Give binned data a flat background and the counts of a brightness per sr, at bin centres.

    Without a seed, the counts are the expected ones.
    """
    signal = signal_variable(binned, power_law(INDEX)).transpose(DISTANCE, ENERGY).to_numpy()
    distance, share = binned.part_distance.values, binned.part_share.values
    mean = (share * brightness(distance)).sum(axis=1) * binned.solid_angle.values
    expected = signal * mean[:, None] + background
    counts = expected if seed is None else np.random.default_rng(seed).poisson(expected)
    made = {"counts": counts.T, "background": np.full(counts.T.shape, background)}
    return binned.assign({k: data_array(k, v, BINNED) for k, v in made.items()})


def spread_counts(binned, light, brightness, *, excess, seed, number):
    """Draw toys of the counts of a brightness that the PSF spreads, for a total excess."""
    signal = light.counts(brightness)
    signal = signal * excess / signal.sum()
    known = binned.background.transpose(DISTANCE, ENERGY).to_numpy()
    rng = np.random.default_rng(seed)
    toys = rng.poisson(signal + known, (number, *signal.shape)).astype(float)
    return binned.assign(counts=xr.Variable(("toy", DISTANCE, ENERGY), toys))
