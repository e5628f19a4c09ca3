"""What explains a profile, beside passes of numpy and scipy over the same arrays.

The cube is that of the small cases. Templates are a cube of brightness on its pixels, a map, and
isotropic emission. A pass of the likelihood of templates or shapes is its value, slope, second
derivatives and their inverse; one of spectra is its value at 30 indices.
"""

import astropy.units as u
import fit_cases
import numpy as np
from astropy.coordinates import SkyCoord
from astropy.modeling.models import Const1D, Gaussian1D
from psf_cases import MODEL, arrays, convolve, evaluate
from timing import Case
from tutorial_cases import annuli, maps

from xprofile import SkyBins, fit_shape, fit_spectrum, fit_templates, power_law
from xprofile.spectrum.response import signal_variable

CENTER = SkyCoord(0, 0, unit="deg", frame="galactic")
INDICES = np.linspace(1, 4, 30)


def boxes():
    """98 boxes of 1 deg."""
    return SkyBins.grid(CENTER, width=14 * u.deg, height=7 * u.deg, nbin=(14, 7))


def brightness(cube):
    """A cube of brightness on the pixels of another: a plane that becomes thinner with energy."""
    energy = cube["energy_true"] / 0.01
    plane = np.exp(-np.abs(cube["lat"]) / (1 + energy**-0.3)) * (1 + np.cos(cube["lon"] / 3) / 5)
    found = (1e-4 * energy**-2.5 * plane).transpose("energy_true", "lat", "lon")
    return found.assign_attrs(units="cm-2 s-1 sr-1 TeV-1")


def templates(cube):
    """Predicted counts of three templates on the pixels of a cube."""
    flux = u.Unit("cm-2 s-1 sr-1 TeV-1")
    column = (0 * cube["lon"] + np.exp(-np.abs(cube["lat"]) / 2)).transpose("lat", "lon")
    return {
        "cube": cube.profile.predict(brightness(cube)),
        "map": cube.profile.predict(column, spectral_model=power_law(2.7, 1e-9 * flux)),
        "isotropic": cube.profile.predict(None, spectral_model=power_law(2.4, 1e-8 * flux)),
    }


def template_arrays(binned, found):
    """Counts (1, row), background (row,), and templates (row, template)."""
    order = ("energy", "region")
    columns = [counts.transpose(*order).to_numpy().ravel() for counts in found.values()]
    counts, background = (
        binned[n].transpose(*order).to_numpy().ravel() for n in ("counts", "background")
    )
    return counts[None], background, np.stack(columns, axis=1)


def at_indices(binned):
    """Evaluate the likelihood of all bins and toys at each index."""
    order = (..., "region", "energy")
    known = [binned[n].transpose(*order).to_numpy() for n in ("counts", "background")]
    n, b = (np.broadcast_to(one, known[0].shape).reshape(-1, one.shape[-1]) for one in known)
    for index in INDICES:
        one = signal_variable(binned, power_law(index)).transpose("region", "energy").to_numpy()
        s = np.broadcast_to(one, known[0].shape).reshape(n.shape)
        yield fit_cases.evaluate(n, s, b)


def cases(*, quick):
    """A prediction, fits of templates and of a shape, and spectra in ten thousand bins."""
    cube = maps()
    gas = brightness(cube)
    yield Case(
        "predict a cube",
        lambda: cube.profile.predict(gas),
        "one convolution of each energy",
        lambda: convolve(cube),
    )
    binned = cube.profile.bin(boxes())
    found = {name: one.profile.bin(boxes()) for name, one in templates(cube).items()}
    alone = binned.assign(background=0 * binned["background"])
    values = template_arrays(alone, found)
    yield Case(
        "fit 3 templates, 98 boxes",
        lambda: fit_templates(alone, found),
        "one pass of the likelihood",
        lambda: evaluate(*values),
    )
    rings = cube.profile.bin(annuli(), psf=True)
    passed = arrays(rings)
    shape = Gaussian1D(mean=0, stddev=0.3, fixed={"mean": True}) + Const1D(0)
    yield Case(
        "fit a shape, 10 annuli",
        lambda: fit_shape(rings, shape, spectral_model=MODEL),
        "one pass of the likelihood",
        lambda: evaluate(*passed),
    )
    ntoy = 5 if quick else 102
    toys = binned.profile.simulate(norm=1.0, n_toys=ntoy, rng=0, spectral_model=MODEL)
    yield Case(
        f"fit spectra, {ntoy * 98} bins",
        lambda: fit_spectrum(toys, power_law(reference=50 * u.GeV), free=["alpha"]),
        "likelihood at 30 indices",
        lambda: list(at_indices(toys)),
    )
