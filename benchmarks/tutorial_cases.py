"""The line and annuli of Gammapy's tutorial, and a joint fit: from maps in memory to a profile."""

import os
from pathlib import Path

import astropy.units as u
import numpy as np
import xarray as xr
from astropy.coordinates import SkyCoord
from regions import RectangleSkyRegion
from timing import Case

import xprofile
from xprofile import SkyBins, power_law

NBOX = 49
DATASETS = 5
ONE_BAND, TWO_BANDS = [10, 2000] * u.GeV, [10, 100, 2000] * u.GeV


def real_cube():
    """Path of the real cube, or None if GAMMAPY_DATA does not name its folder."""
    path = Path(os.environ.get("GAMMAPY_DATA", "")) / "fermi-3fhl-gc" / "fermi-3fhl-gc.fits.gz"
    return path if "GAMMAPY_DATA" in os.environ and path.exists() else None


def maps():
    """The real cube in memory, or else the simulated one."""
    path = real_cube()
    if path is None:
        return xprofile.tutorial.open_maps("galactic-center-sim").load()
    return xprofile.open_maps(path).load()


def line():
    """49 boxes of 3 deg in height along b = 0, from l = 9 to 351 deg."""
    start, end = SkyCoord([9, 351] * u.deg, [0, 0] * u.deg, frame="galactic")
    return SkyBins.along_line(start, end, height=3 * u.deg, nbin=NBOX)


def bare_list():
    """The same boxes as a list of regions."""
    width = 18 / NBOX
    centers = SkyCoord(9 - width * (np.arange(NBOX) + 0.5), 0, unit="deg", frame="galactic")
    return [RectangleSkyRegion(center, width * u.deg, 3 * u.deg) for center in centers]


def annuli():
    """Ten annuli up to 1.5 deg."""
    center = SkyCoord(0, 0, unit="deg", frame="galactic")
    return SkyBins.annuli(center, radius_max=1.5 * u.deg, nbin=10)


def profile(cube, bins, energy_edges=ONE_BAND, **options):
    return cube.profile.estimate(
        bins, spectral_model=power_law(2.3), energy_edges=energy_edges, **options
    )


def cases(gammapy):
    """Cases, compared with seconds of Gammapy, by version and case, or with each other."""
    cube = maps()
    old, new = gammapy.get("1.3", {}), gammapy.get("2.1", {})
    scan = {"selection_optional": ["scan"], "norm_values": np.linspace(-1, 5, 11)}
    regions, row = bare_list(), line()

    def against(name, run, case, version, target, **options):
        seconds = (old if version == "1.3" else new).get(case)
        return Case(name, run, f"Gammapy {version}, {case}", seconds, target, **options)

    def fit(bins, wanted):
        return lambda: profile(cube, bins(), selection_optional=wanted)

    yield against("line, ul", fit(lambda: row, ["ul"]), "line ul", "1.3", "1/600")
    yield against("line, all", fit(lambda: row, "all"), "line all", "2.1", "1/2000")
    yield against("line made anew, ul", fit(line, ["ul"]), "line ul", "1.3", "1/600")
    yield against("line made anew, all", fit(line, "all"), "line all", "2.1", "1/2000")
    yield against("list of regions, ul", fit(lambda: regions, ["ul"]), "line ul", "1.3", "")
    yield against("list of regions, all", fit(lambda: regions, "all"), "line all", "2.1", "1/1000")
    yield against(
        "annuli with scan", lambda: profile(cube, annuli(), TWO_BANDS, **scan), "annuli scan",
        "2.1", "",
    )  # fmt: skip
    yield joint(cube, row)


def joint(cube, row):
    """A joint fit of five data sets, beside five single fits."""
    binned = [cube.profile.bin(row) for _ in range(DATASETS)]
    stacked = xr.concat(binned, "dataset", join="exact", data_vars="all", coords="minimal",
                        compat="override")  # fmt: skip
    options = {"spectral_model": power_law(2.3), "energy_edges": ONE_BAND}
    one = [lambda b=b: b.profile.estimate(selection_optional="all", **options) for b in binned]
    return Case(
        f"joint fit of {DATASETS} cubes, all",
        lambda: stacked.profile.estimate(selection_optional="all", **options),
        f"{DATASETS} single fits",
        lambda: [fit() for fit in one],
        "1",
    )
