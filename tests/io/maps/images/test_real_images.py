"""Images that real X-ray and TeV tools wrote."""

import astropy.units as u
import numpy as np
import pytest
from astropy.coordinates import SkyCoord
from regions import Regions

from xprofile import SkyBins, open_maps
from xprofile.exceptions import DataWarning, FileFormatError


@pytest.fixture(scope="module")
def real(gammapy_data):
    return gammapy_data / "real"


def parts(folder, kind):
    return {
        name: folder / f"{kind}_{name}.fits.gz" for name in ("counts", "background", "exposure")
    }


def test_x_ray_images_of_a_cluster(real):
    """ROSAT images: the number of counts is that of pyproffit, bin by bin."""
    area = 240 * u.cm**2
    with pytest.warns(DataWarning, match=r"negative in 99 pixels.*exposure == 0\) masks"):
        maps = open_maps(**parts(real, "xray"), energy_edges=[0.5, 2] * u.keV, effective_area=area)
    assert maps["exposure"].max() == pytest.approx(240 * 3122.9597, rel=1e-6)
    maps = maps.profile.exclude(list(Regions.read(real / "xray_exclude.reg")))
    center = SkyCoord(55.68516349, -53.62244440, unit="deg", frame="fk5")
    bins = SkyBins.annuli(center, edges=np.arange(101) * 30 * u.arcsec, planar=True)
    assert maps.profile.bin(bins)["counts"].sum() == 10384
    binned = maps.profile.exclude(maps.exposure == 0).profile.bin(bins)
    assert binned["counts"].sum() == 9496
    profile = binned.profile.estimate()
    assert profile["success"].all()


def test_tev_images(real):
    given = parts(real, "tev_image") | {"mask": real / "tev_image_exclusion.fits.gz"}
    bands = {"energy_edges": [1, 10] * u.TeV}
    with pytest.raises(FileFormatError, match=r"no unit.*exposure_unit='cm2 s'"):
        open_maps(**given, **bands)
    maps = open_maps(**given, **bands, exposure_unit="cm2 s")
    assert dict(maps.sizes) == {"lon": 200, "lat": 200, "energy": 1, "energy_true": 1}
    assert maps["lon"][0] < maps["lon"][-1]  # longitudes ascend with the pixels
    assert (maps["exposure"] == 1e12).all()
    assert (maps["background"] == 1).all()
    assert 0 < maps["mask"].mean() < 1
