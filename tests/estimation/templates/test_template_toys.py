"""Simulated gas: emissivities, limits and p-values of many skies are as they should be."""

import astropy.units as u
import numpy as np
import pytest
import xarray as xr
from astropy.coordinates import SkyCoord
from cases.psf_maps import spread_maps
from cases.templates import DIM, filled

from xprofile import SkyBins, bin_image, bin_maps, fit_templates, power_law, predict
from xprofile.schema.variables import STATUS_FLAGS

TRUTH = {"HI": 1.5, "CO": 0.6, "isotropic": 0.8}
N_SKIES = 300


def gas_maps(maps):
    """Make a broad and a clumpy map of gas on the pixels of maps."""
    image = maps.counts.isel(energy=0, drop=True).astype(float)
    lat, lon = np.meshgrid(np.linspace(-1, 1, 24), np.linspace(-1, 1, 30), indexing="ij")
    clumps = sum(
        np.exp(-((lat - y) ** 2 + (lon - x) ** 2) / 0.05)
        for y, x in ((0, 0), (0.4, -0.6), (-0.5, 0.5))
    )
    return {"HI": image.copy(data=np.exp(-(lat**2) / 0.4)), "CO": image.copy(data=clumps)}


@pytest.mark.slow
@pytest.mark.parametrize("per", ["profile", "energy"])
def test_emissivities_of_300_skies(per):
    """Pulls have mean 0 and width 1, and the covariance is that of the skies."""
    maps = spread_maps().drop_vars(["background"])
    gas = power_law(2.6, 1e-5 * u.Unit("cm-2 s-1 TeV-1"))
    isotropic = power_law(2.3, 1e-5 * u.Unit("cm-2 s-1 TeV-1"))
    sky = {name: predict(maps, m, spectral_model=gas) for name, m in gas_maps(maps).items()}
    sky["isotropic"] = predict(maps, None, spectral_model=isotropic)
    center = SkyCoord(0, 0, unit="deg", frame="galactic")
    bins = SkyBins.grid(center, width=2.4 * u.deg, height=2 * u.deg, nbin=(6, 5))
    binned = bin_maps(maps.assign(background=0 * maps.counts), bins)
    expected = sum(TRUTH[name] * template for name, template in sky.items())
    drawn = np.random.default_rng(1).poisson(expected.fillna(0), (N_SKIES, *expected.shape))
    counts = bin_image(xr.DataArray(drawn, expected.coords, ("toy", *expected.dims)), bins)
    toys = binned.assign(counts=counts)
    templates = {name: template.profile.bin(bins) for name, template in sky.items()}
    fit = fit_templates(toys, templates, per=per, selection_optional="ul")
    truth = xr.DataArray(list(TRUTH.values()), dims="template")
    pulls = ((fit.norm - truth) / fit.norm_err).transpose("toy", ...)
    assert np.all(abs(pulls.mean("toy")) < 3 / np.sqrt(N_SKIES))
    assert np.all(abs(pulls.std("toy", ddof=1) - 1) < 3 / np.sqrt(2 * N_SKIES))
    norms = fit.norm.transpose("toy", ..., "template").values.reshape(N_SKIES, -1, 3)
    matrices = fit.covariance.values.reshape(N_SKIES, -1, 3, 3).mean(axis=0)
    for i, matrix in enumerate(matrices):
        found = np.cov(norms[:, i].T)
        scale = np.sqrt(np.outer(np.diag(matrix), np.diag(matrix)))
        spread = np.sqrt((1 + (matrix / scale) ** 2) / N_SKIES)
        assert np.all(abs(found - matrix) / scale < 3.5 * spread)
    above = (fit.norm_ul > truth).mean("toy")
    assert np.all(abs(above - 0.977) < 3.5 * np.sqrt(0.977 * 0.023 / N_SKIES))
    assert not np.any(fit.status & STATUS_FLAGS["not_converged"])


@pytest.mark.slow
@pytest.mark.parametrize("scale", [0.01, 0.1, 1])
@pytest.mark.parametrize("kind", ["known", "uncertain", "off"])
def test_p_values_are_uniform(scale, kind):
    """For few and many counts, with templates that fit, p-values are those of a right model."""
    binned, templates = filled(30, scale=scale, background=8 * scale)
    expected = binned.background + templates["gas"] + 2 * templates["dust"]
    rng, size = np.random.default_rng(3), 1000
    shape = (size, *expected.transpose("energy", DIM).shape)
    signal = (expected - binned.background).transpose("energy", DIM).values
    background = binned.background.transpose("energy", DIM).values
    options = {}
    if kind == "uncertain":
        background = background * (1 + 0.1 * rng.standard_normal((size, 1, 1)))
        options = {"background": 0.1, "background_correlated": True}
    dims = ("toy", "energy", DIM)
    toys = binned.assign(counts=(dims, rng.poisson(signal + background, shape)))
    if kind == "off":
        one = xr.ones_like(binned.background)
        toys = toys.drop_vars("background").assign(
            counts_off=(dims, rng.poisson(3 * background, shape)),
            acceptance=one, acceptance_off=3 * one,
        )  # fmt: skip
    p_value = fit_templates(toys, templates, **options).p_value.values
    for level in (0.05, 0.32, 0.68, 0.95):
        # a gamma distribution stands for the true one, which has a few values for few counts
        assert abs(np.mean(p_value < level) - level) < 0.03 + 3 * np.sqrt(
            level * (1 - level) / size
        )
