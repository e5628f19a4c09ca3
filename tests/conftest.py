"""What several test modules share: data, small maps, and the tutorial's bins."""

import os

# The small matrices of tests take up to twice the time if each of several workers shares them out
# to threads. This is read when numpy is first imported.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

import astropy.units as u
import matplotlib as mpl
import matplotlib.pyplot as plt
import pytest
from astropy.coordinates import SkyCoord
from astropy.utils import iers
from cases.few_cases import left_to_other_suites
from cases.skies import tutorial_sky
from hypothesis import settings
from packaging.version import Version

from xprofile import SkyBins, open_maps

# busy machines and first imports take longer than the usual deadline of 200 ms
settings.register_profile("any machine", settings(), deadline=None)
settings.load_profile("any machine")

mpl.use("Agg")

# the rotation of the Earth as installed, for frames such as AltAz: tests need no network
iers.conf.auto_download = False

# for environments of their own, see noxfile.py
_NEEDS = {
    "exchange/gammapy_exchange.py": "gammapy",
    "exchange/gammapy_healpix.py": "gammapy",
    "exchange/gammapy_maps.py": "gammapy",
    "exchange/gammapy_observations.py": "gammapy",
    "exchange/gammapy_predict.py": "gammapy",
    "exchange/gammapy_sensitivity.py": "gammapy",
    "exchange/cf_conventions.py": "compliance_checker",
    "exchange/healpy_files.py": "healpy",
    "exchange/xdggs_healpix.py": "xdggs",
}
collect_ignore = [name for name, package in _NEEDS.items() if find_spec(package) is None]
if find_spec("zarr") is None or Version(version("zarr")) < Version("3"):
    collect_ignore.append("io/test_zarr_stores.py")


def pytest_addoption(parser):
    """Let the fast suite have more or fewer cases."""
    help_text = "cases of each parametrised test that are not slow (default 3, 0: all)"
    parser.addoption("--cases", type=int, default=3, help=help_text)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config, items):
    """Leave to the slow and the thorough suite what would take the others beyond their minutes."""
    number = config.getoption("cases")
    slow, thorough = left_to_other_suites(items, number) if number else ((), ())
    for item in slow:
        item.add_marker(pytest.mark.slow)
    for item in thorough:
        item.add_marker(pytest.mark.thorough)


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
    return tutorial_sky()


@pytest.fixture(scope="session")
def line51():
    """The 51 boxes of the tutorial."""
    start, end = SkyCoord([10, 350] * u.deg, [0, 0] * u.deg, frame="galactic")
    return SkyBins.along_line(start, end, height=3 * u.deg, nbin=51)
