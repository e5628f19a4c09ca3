"""The simulated sky gives its fluxes back."""

import astropy.units as u
import numpy as np
import pytest
from astropy.coordinates import SkyCoord
from cases.few_cases import one_in

from xprofile import SkyBins, bin_image, bin_maps, estimate, power_law
from xprofile.tutorial import INDEX, simulate_maps, source_flux

ENDS = SkyCoord([9, 351] * u.deg, [0, 0] * u.deg, frame="galactic")
BINS = {
    "line": SkyBins.along_line(*ENDS, height=3 * u.deg, nbin=30),
    "annuli": SkyBins.annuli(
        SkyCoord(0, 0, unit="deg", frame="galactic"), radius_max=3 * u.deg, nbin=10
    ),
}


def fluxes(maps, bins):
    profile = estimate(bin_maps(maps, bins), spectral_model=power_law(INDEX)).isel(energy=0)
    return profile.norm * profile.ref_flux, profile.norm_err * profile.ref_flux


@pytest.mark.heavy
@pytest.mark.parametrize("bins", BINS.values(), ids=list(BINS))
def test_expected_counts_give_the_flux(bins):
    """Without noise, up to what exposure and sources vary together inside a bin."""
    flux, error = fluxes(simulate_maps(None), bins)
    truth = bin_image(source_flux(), bins)
    np.testing.assert_allclose(flux, truth, rtol=0.01, atol=0.003 * error.max().item())


@pytest.mark.parametrize("first", one_in(4, range(0, 200, 50)))
def test_pulls_of_50_skies(first):
    """Mean 0 and width 1, within their own errors, in units of the error that is expected."""
    expected = simulate_maps(None)
    truth = {name: bin_image(source_flux(), bins).to_numpy() for name, bins in BINS.items()}
    error = {name: fluxes(expected, bins)[1].to_numpy() for name, bins in BINS.items()}
    skies = (simulate_maps(np.random.default_rng(seed)) for seed in range(first, first + 50))
    found = [
        {name: fluxes(sky, bins)[0].to_numpy() for name, bins in BINS.items()} for sky in skies
    ]
    for name in BINS:
        pulls = (np.array([sky[name] for sky in found]) - truth[name]) / error[name]
        size = np.sqrt(pulls.size)
        assert abs(pulls.mean()) < 3 / size, name
        assert abs(pulls.std() - 1) < 3 / (np.sqrt(2) * size), name
