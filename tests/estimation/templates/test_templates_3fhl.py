"""Diffuse emission of the Galactic centre, as Gammapy's fit of the pixels finds it."""

import astropy.units as u
import numpy as np
import pytest
from astropy.coordinates import SkyCoord

from xprofile import SkyBins, open_map, power_law
from xprofile.exceptions import DataWarning


def test_diffuse_emission_in_boxes(gammapy_data, real_maps):
    """Gammapy 2.1 finds 1.1636 +- 0.0135, -1.08e-10 and a correlation of -0.810 in the pixels."""
    path = gammapy_data / "fermi-3fhl-gc" / "gll_iem_v06_gc.fits.gz"
    iem = open_map(path, unit="cm-2 s-1 sr-1 MeV-1")
    isotropic = power_law(2.4, 1e-8 * u.Unit("cm-2 s-1 TeV-1"))
    center = SkyCoord(0, 0, unit="deg", frame="galactic")
    boxes = SkyBins.grid(center, width=14 * u.deg, height=7 * u.deg, nbin=(14, 7))
    maps = real_maps.drop_vars("psf", errors="ignore")
    maps = maps.assign(background=0 * maps.background)
    with pytest.warns(DataWarning, match="its brightness is 0 beyond its edge"):
        fit = maps.profile.fit_templates(boxes, {"iem": iem, "isotropic": (None, isotropic)})
    np.testing.assert_allclose(fit.norm, [1.1551, -0.0119], rtol=0.01)
    np.testing.assert_allclose(fit.norm_err, [0.0138, 0.0045], rtol=0.03)
    np.testing.assert_allclose(fit.correlation[0, 1], -0.824, atol=0.003)
