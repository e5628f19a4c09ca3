"""Bins with masked pixels give unbiased norms, with larger errors."""

import astropy.units as u
import numpy as np
import pytest
import xarray as xr
from astropy.coordinates import SkyCoord
from cases.maps import make_maps

from xprofile import SkyBins, bin_maps, estimate
from xprofile.spectrum.models import power_law
from xprofile.spectrum.response import predicted_signal

pytestmark = pytest.mark.slow

NTOY = 1500
SHARES = (1.0, 0.75, 0.5, 0.25)  # of the columns, in the bins from left to right


def cut_maps(kind):
    """Make maps with masks that use `SHARES` of four bins, equal or different at each energy."""
    maps = make_maps(nenergy=4, ntrue=4)
    step = np.arange(80)
    if kind == "gradient":
        slope = np.exp(0.3 * (step % 20) + 0.02 * np.arange(60)[:, None])
        maps["exposure"] = (maps["exposure"] * slope).assign_attrs(maps["exposure"].attrs)
    used = step % 20 < 20 * np.repeat(SHARES, 20)
    mask = np.broadcast_to(used, (4, 60, 80)).copy()
    if kind == "energies":
        for i in range(4):  # other columns of each bin, with another exposure
            mask[i] = np.roll(used.reshape(4, 20), 6 * i, axis=1).ravel()
    maps["mask"] = maps["mask"] & mask
    return maps


def true_signal(maps, norm):
    """Expected signal of constant brightness in used pixels, summed pixel by pixel, (energy, bin).

    The brightness is that with which a bin of full coverage has `norm`.
    """
    flat = maps["exposure"].to_numpy().reshape(4, -1)
    axes = {name: c for name, c in maps.coords.items() if set(c.dims) < {"energy", "energy_true"}}
    axes = {name: c.variable for name, c in axes.items() if c.dims}
    pixels = xr.Dataset({"exposure": (("energy_true", "pixel"), flat)}, axes)
    signal = predicted_signal(pixels, power_law()).transpose("energy", "pixel").to_numpy()
    cube = norm * signal.reshape(4, 60, 80) / (60 * 20)
    return np.where(maps["mask"], cube, 0).reshape(4, 60, 4, 20).sum(axis=(1, 3))


def toys(maps, norm, seed):
    """Norms and errors of toys, (toy, bin)."""
    bins = SkyBins.along_line(
        SkyCoord(4, 0, unit="deg", frame="galactic"),
        SkyCoord(-4, 0, unit="deg", frame="galactic"),
        height=6.02 * u.deg,
        nbin=4,
    )
    binned = bin_maps(maps, bins)
    np.testing.assert_allclose(binned["coverage"][0], SHARES, rtol=1e-9, atol=0)
    mean = true_signal(maps, norm) + binned["background"].to_numpy()
    rng = np.random.default_rng(seed)
    counts = rng.poisson(mean, (NTOY, 4, 4)).transpose(1, 0, 2).reshape(4, -1)
    many = binned.isel(projected_distance=np.tile(np.arange(4), NTOY))
    many["counts"] = many["counts"].copy(data=counts)
    profile = estimate(many).isel(energy=0)
    return [profile[name].to_numpy().reshape(NTOY, 4) for name in ("norm", "norm_err")]


@pytest.mark.parametrize("kind", ["alike", "energies", "gradient"])
@pytest.mark.parametrize("norm", [0.0, 20.0])
def test_norms_are_unbiased_and_errors_follow_the_coverage(kind, norm):
    maps = cut_maps(kind)
    scale = 0.01 if kind == "gradient" else 1.0
    norms, errors = toys(maps, norm * scale, seed=3)
    scatter = norms.std(axis=0)
    # the mean of n toys scatters by sigma / sqrt(n), their standard deviation by
    # sigma / sqrt(2 n); four sigma, as there are 24 of each
    bias = (norms.mean(axis=0) - norm * scale) / (scatter / np.sqrt(NTOY))
    assert np.abs(bias).max() < 4, bias
    spread = 4 / np.sqrt(2 * NTOY)
    np.testing.assert_allclose(scatter / errors.mean(axis=0), 1, rtol=spread, atol=0)
    if kind != "gradient":
        ratio = scatter / scatter[0] * np.sqrt(SHARES)
        np.testing.assert_allclose(ratio, 1, rtol=np.sqrt(2) * spread, atol=0)
    else:  # only the columns of low exposure are used
        assert np.all(scatter[1:] > 1.5 * scatter[0] / np.sqrt(SHARES[1:]))


@pytest.mark.parametrize("kind", ["energies", "gradient"])
def test_a_wrong_exposure_would_be_noticed(kind):
    """With the signal of full bins the toys would be biased, so the tests above can fail."""
    maps = cut_maps(kind)
    full = maps.assign(mask=xr.ones_like(maps["mask"]))
    signal, expected = true_signal(maps, 1.0).sum(axis=0), true_signal(full, 1.0).sum(axis=0)
    assert np.all(signal[1:] < 0.8 * expected[1:])
    np.testing.assert_allclose(signal[0], expected[0], rtol=1e-12, atol=0)
