"""Counts of templates beside those of the installed Gammapy.

Not among the fast tests: ``nox -s gammapy`` runs it in environments with Gammapy 1.3 and 2.1.
"""

import astropy.units as u
import gammapy.modeling.models as gm
import numpy as np
import pytest
from astropy.coordinates import SkyCoord
from cases.maps import make_wcs
from cases.psf_maps import spread_maps
from cases.sky_maps import source
from gammapy.datasets import MapDataset
from gammapy.maps import Map, WcsGeom

from xprofile import SkyBins, bin_image, open_maps, power_law, predict

CENTER = SkyCoord(0, 0, unit="deg", frame="galactic")
AMPLITUDE = 1e-11 * u.Unit("cm-2 s-1 TeV-1")
# of the coarser one, Gammapy interpolates the logarithm, which must not matter
SOURCES = {
    "narrow": (0.05, (160, 200), 0.3),
    "finer": (0.03, (250, 300), 0.5),
    "coarser": (0.15, (60, 70), 1.0),
}
BINS = SkyBins.annuli(CENTER, edges=[0, 0.25, 0.5, 0.75, 1.0] * u.deg)
BOXES = SkyBins.grid(CENTER, width=2 * u.deg, height=1.5 * u.deg, nbin=(4, 3))
# Wide beside their pixels, for Gammapy interpolates the logarithm of a template: that gives less in
# steep places.
SOURCES = {"finer": (0.02, (400, 450), 0.5), "coarser": (0.15, (60, 70), 1.2)}


def as_template(image):
    """Gammapy's model of an image, in sr-1."""
    header = image.profile.wcs.to_header()
    shape = image.shape
    geom = WcsGeom.create(
        npix=shape[::-1], binsz=header["CDELT2"], skydir=CENTER, frame="galactic", proj="CAR"
    )
    return gm.TemplateSpatialModel(
        Map.from_geom(geom, data=image.values, unit="sr-1"), normalize=False, filename="x.fits"
    )


def check(maps, dataset, name, energies=slice(None)):
    """Compare the counts of a Gauss function in each bin and energy."""
    pixels = maps.profile.wcs.wcs.cdelt[1], tuple(maps.sizes[dim] for dim in ("lat", "lon")), 0.5
    step, shape, sigma = SOURCES.get(name, pixels)
    image = source(make_wcs(step=step, shape=shape), shape, sigma=sigma)
    spectrum = gm.PowerLawSpectralModel(index=2.3, amplitude=AMPLITUDE, reference="1 TeV")
    dataset.models = [gm.SkyModel(spectrum, as_template(image), name="source")]
    found = predict(maps, image, spectral_model=power_law(2.3, AMPLITUDE))
    expected = found.copy(data=dataset.npred().data).where(found.notnull())
    for bins in (BINS, BOXES):
        ours, theirs = (bin_image(counts, bins)[energies] for counts in (found, expected))
        assert (theirs > 0).all()
        np.testing.assert_allclose(ours, theirs, rtol=5e-3)


@pytest.mark.parametrize("name", [*SOURCES, "own pixels"])
def test_a_source_on_made_maps(tmp_path, name):
    maps = spread_maps(make_wcs(shape=(60, 80)), shape=(60, 80), used=1.1, sigma=0.15)
    maps["background"] = maps["background"] * 0
    # Gammapy takes the exposure at the pixel that counts the photon, not where it comes from
    maps["exposure"] = maps["exposure"].copy(data=np.full(maps["exposure"].shape, 1e12))
    maps.profile.to_fits(tmp_path / "maps.fits")
    dataset = MapDataset.read(tmp_path / "maps.fits")
    dataset.background = None
    check(maps, dataset, name)


@pytest.mark.parametrize("name", [*SOURCES, "own pixels"])
def test_a_source_on_the_3fhl_cube(gammapy_data, name):
    path = gammapy_data / "fermi-3fhl-gc" / "fermi-3fhl-gc.fits.gz"
    dataset = MapDataset.read(path)
    dataset.background = None
    # its PSF ends below the last energy, and Gammapy drops what is above
    check(open_maps(path), dataset, name, slice(0, 10))
