"""Fresh processes: imports alone, and a whole script."""

import subprocess
import tempfile
from pathlib import Path

from timing import Case
from tutorial_cases import real_cube

SCRIPT = """
import sys
import astropy.units as u
from astropy.coordinates import SkyCoord
import xprofile
from xprofile import SkyBins, power_law

maps = xprofile.open_maps(sys.argv[1])
start, end = SkyCoord([9, 351] * u.deg, [0, 0] * u.deg, frame="galactic")
bins = SkyBins.along_line(start, end, height=3 * u.deg, nbin=49)
profile = maps.profile.estimate(
    bins,
    spectral_model=power_law(2.3),
    energy_edges=[10, 2000] * u.GeV,
    selection_optional=["ul"],
)
profile.profile.to_fits(sys.argv[2], "dnde", overwrite=True)
"""
PACKAGES = "import xarray, astropy.coordinates, astropy.wcs, astropy.io.fits"


def cases(gammapy, interpreter):
    """Cases that an interpreter with xprofile runs."""

    def python(code, *arguments):
        subprocess.run([interpreter, "-c", code, *arguments], check=True)

    def script(path):
        with tempfile.TemporaryDirectory() as folder:
            python(SCRIPT, str(path), str(Path(folder) / "profile.fits"))

    packages = "xarray, astropy's coordinates, wcs, fits"
    for code in ("import xprofile", "from xprofile import *"):
        run, against = (lambda code=code: python(code)), (lambda: python(PACKAGES))
        target = "1.05" if code == "import xprofile" else ""
        yield Case(code, run, packages, against, target, in_process=False)
    path = real_cube()
    if path is None:
        return
    for version in ("1.3", "2.1"):
        seconds = gammapy.get(version, {}).get("script")
        yield Case(
            "script: read, bin, fit, write",
            lambda: script(path),
            f"Gammapy {version}, script",
            seconds,
            "1/8" if version == "1.3" else "",
            in_process=False,
        )
