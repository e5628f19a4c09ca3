"""Unfolded norms beside a joint fit of template sources to the pixels by Gammapy 2.1."""

import numpy as np
from astropy import units as u
from cases.bins import galactic

from xprofile import SkyBins, bin_maps, estimate, power_law, unfold

# Five sources of the shapes of these annuli, on the 3FHL cube. The likelihood of pixels is not that
# of bins: it weights the pixels of a bin by their background.
EDGES = [0, 0.25, 0.5, 1, 1.5, 2] * u.deg
NORMS = np.array([6.416, -0.332, 0.501, -0.202, 0.737])
ERRORS = np.array([0.329, 0.280, 0.376, 0.378, 0.399])
PLAIN = np.array([4.496, 1.237, 0.914, -0.206, 0.454])
OPTIONS = {"spectral_model": power_law(2.3), "energy_edges": [10, 500] * u.GeV}


def test_annuli_at_the_centre_of_the_galaxy(real_maps):
    rings = SkyBins.annuli(galactic(0, 0), edges=EDGES)
    binned = bin_maps(real_maps, rings, psf=True)
    norm = unfold(binned, **OPTIONS)["norm"].to_numpy()[:, 0]
    assert abs(norm[0] - NORMS[0]) < 0.2
    assert (np.abs(norm - NORMS) < 0.8 * ERRORS).all()
    plain = estimate(binned, **OPTIONS)["norm"].to_numpy()[:, 0]
    np.testing.assert_allclose(plain, PLAIN, atol=6e-4)
