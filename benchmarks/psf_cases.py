"""How bins share photons, and unfolding, beside passes of numpy and scipy over the same arrays.

The cube is that of the small cases. A pass of the likelihood is its value, slope, second
derivatives and their inverse at norm 1, on the arrays that `unfold` fits.
"""

import astropy.units as u
import numpy as np
from astropy.coordinates import SkyCoord
from scipy.signal import fftconvolve
from timing import Case
from tutorial_cases import annuli, maps

from xprofile import SkyBins, power_law, unfold
from xprofile.spectrum.mixing import mixed_signal

MODEL = power_law(2.3)
KERNEL = 81  # pixels along each side: 4 deg, where the PSF of the cube ends
CENTER = SkyCoord(0, 0, unit="deg", frame="galactic")


def boxes():
    """51 boxes of 3 deg in height, from l = 10 to 350 deg."""
    ends = SkyCoord([10, 350] * u.deg, [0, 0] * u.deg, frame="galactic")
    return SkyBins.along_line(*ends, height=3 * u.deg, nbin=51)


def rings():
    """Five annuli up to 2 deg."""
    return SkyBins.annuli(CENTER, edges=[0, 0.25, 0.5, 1, 1.5, 2] * u.deg)


def mosaic(quick):
    """500 boxes that fill the cube."""
    nbin = (5, 4) if quick else (25, 20)
    return SkyBins.grid(CENTER, width=20 * u.deg, height=10 * u.deg, nbin=nbin)


def convolve(cube):
    """Spread the whole map at each energy, with a kernel of the size of the PSF."""
    kernel = np.ones((KERNEL, KERNEL)) / KERNEL**2
    return [fftconvolve(plane, kernel, mode="same") for plane in cube["exposure"].to_numpy()]


def arrays(binned):
    """Counts (toy, row), background (row,), and signal (row, column) of all norms."""
    (dim,) = binned["solid_angle"].dims
    source = f"{dim}_true"
    signal = mixed_signal(binned, MODEL).transpose("energy", dim, source).to_numpy()
    counts = binned["counts"].transpose(..., "energy", dim).to_numpy()
    background = binned["background"].transpose("energy", dim).to_numpy()
    rows = signal.reshape(-1, signal.shape[-1])
    return counts.reshape(-1, len(rows)), background.ravel(), rows


def evaluate(n, b, a):
    """Value, slope and inverse of the second derivatives of Cash's statistic at norm 1."""
    mu = np.maximum(a.sum(axis=1) + b, 1e-25)
    stat = 2 * (mu - n * np.log(mu)).sum(axis=1)
    slope = 2 * (1 - n / mu) @ a
    found = [np.linalg.pinv(2 * a.T @ ((row / mu**2)[:, None] * a)) for row in n]
    return stat, slope, found


def fit(name, binned, wanted=None):
    """Unfold beside one pass of the likelihood."""
    values = arrays(binned)
    return Case(
        name,
        lambda: unfold(binned, spectral_model=MODEL, selection_optional=wanted),
        "one pass of the likelihood",
        lambda: evaluate(*values),
    )


def cases(gammapy, *, quick):
    """Cases of mixing and of unfolding, and five annuli beside Gammapy's fit of five templates."""
    cube = maps()
    for name, make in (("mixing of 51 boxes", boxes), ("mixing of 10 annuli", annuli)):
        yield Case(
            name,
            lambda make=make: cube.profile.bin(make(), psf=True),
            "one convolution of each energy",
            lambda: convolve(cube),
        )
    line = cube.profile.bin(boxes(), psf=True)
    yield fit("unfold 51 bins", line)
    yield fit("unfold 51 bins, all", line, "all")
    several = cube.profile.bin(mosaic(quick), psf=True)
    yield fit(f"unfold {several.sizes['region']} bins", several)
    ntoy, ten = 20 if quick else 1000, cube.profile.bin(annuli(), psf=True)
    toys = ten.profile.simulate(norm=1.0, n_toys=ntoy, rng=0, spectral_model=MODEL)
    yield fit(f"unfold {ntoy} toys of 10 bins", toys)
    yield Case(
        "bin and unfold 5 annuli",
        lambda: cube.profile.bin(rings(), psf=True).profile.unfold(
            spectral_model=MODEL, energy_edges=[10, 500] * u.GeV
        ),
        "Gammapy 2.1, five templates",
        gammapy.get("2.1", {}).get("five templates"),
        "1/200",
    )
