"""What several test modules share: data, small maps, and the tutorial's bins."""

import os
from importlib.util import find_spec
from pathlib import Path

import astropy.units as u
import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest
import xarray as xr
from astropy.coordinates import SkyCoord
from astropy.wcs import WCS

from xprofile import SkyBins, open_maps, tutorial
from xprofile.schema import ENERGY, ENERGY_TRUE, MAPS, axis_coords, data_array
from xprofile.wcs import grid_coords

mpl.use("Agg")

# for environments of their own, see noxfile.py
_NEEDS = {
    "gammapy_exchange.py": "gammapy",
    "gammapy_maps.py": "gammapy",
    "cf_conventions.py": "compliance_checker",
}
collect_ignore = [name for name, package in _NEEDS.items() if find_spec(package) is None]


@pytest.fixture(autouse=True)
def _closed_figures():
    """Leave no current axes to the next test, of whichever module it is."""
    yield
    plt.close("all")


@pytest.fixture(scope="session")
def gammapy_data():
    """Folder that GAMMAPY_DATA names."""
    folder = os.environ.get("GAMMAPY_DATA")
    if not folder:
        pytest.skip("GAMMAPY_DATA is not set, so there are no real data to test with")
    path = Path(folder)
    if not (path / "fermi-3fhl-gc" / "fermi-3fhl-gc.fits.gz").is_file():
        pytest.fail(
            f"GAMMAPY_DATA is {folder!r}, which holds no fermi-3fhl-gc/fermi-3fhl-gc.fits.gz"
        )
    return path


@pytest.fixture(scope="session")
def reference(gammapy_data):
    """Folder with results of Gammapy, beside the data."""
    path = gammapy_data.parent / "reference"
    if not path.is_dir():
        pytest.skip("no folder of reference results beside GAMMAPY_DATA")
    return path


@pytest.fixture(scope="session")
def real_maps(gammapy_data):
    """The Fermi-LAT 3FHL cube of the Galactic centre."""
    return open_maps(gammapy_data / "fermi-3fhl-gc" / "fermi-3fhl-gc.fits.gz")


@pytest.fixture(scope="session")
def sim_maps():
    """The embedded sky."""
    return tutorial.open_maps("galactic-center-sim")


@pytest.fixture(scope="session")
def line51():
    """The 51 boxes of the tutorial."""
    start, end = SkyCoord([10, 350] * u.deg, [0, 0] * u.deg, frame="galactic")
    return SkyBins.along_line(start, end, height=3 * u.deg, nbin=51)


def make_wcs(projection="CAR", center=(0.0, 0.0), step=0.1, shape=(60, 80), frame="galactic"):
    """Make a WCS with `center` in the middle of (ny, nx) pixels of `step` degrees."""
    names = {"galactic": ("GLON", "GLAT"), "icrs": ("RA--", "DEC-")}[frame]
    wcs = WCS(naxis=2)
    wcs.wcs.ctype = [f"{name}-{projection}" for name in names]
    if frame == "icrs":
        wcs.wcs.radesys = "ICRS"
    wcs.wcs.crval = center
    wcs.wcs.crpix = [(shape[1] + 1) / 2, (shape[0] + 1) / 2]
    wcs.wcs.cdelt = [-step, step]
    return wcs


def make_maps(wcs=None, shape=(60, 80), nenergy=4, ntrue=6, seed=1):
    """Make maps with background 1 and Poisson counts in every pixel, flat exposure, no edisp."""
    wcs = make_wcs(shape=shape) if wcs is None else wcs
    rng = np.random.default_rng(seed)
    coords = grid_coords(wcs, shape)
    for name, size in ((ENERGY, nenergy), (ENERGY_TRUE, ntrue)):
        edges = np.geomspace(0.01, 1, size + 1)
        coords |= axis_coords(name, np.sqrt(edges[1:] * edges[:-1]), edges[:-1], edges[1:])
    values = {
        "counts": rng.poisson(1.0, (nenergy, *shape)),
        "background": np.ones((nenergy, *shape)),
        "exposure": np.full((ntrue, *shape), 1e12),
        "mask": np.ones((nenergy, *shape), bool),
    }
    variables = {name: data_array(name, array, MAPS) for name, array in values.items()}
    return xr.Dataset(variables, coords)
