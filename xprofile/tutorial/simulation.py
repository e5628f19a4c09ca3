"""The simulated sky and the fluxes that it is made of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import xarray as xr
from astropy.coordinates import SkyCoord
from astropy.wcs import WCS
from numpy.typing import NDArray
from scipy.special import ndtr

from ..maps.positions import skycoord, solid_angle
from ..maps.wcs import grid_coords
from ..schema.arguments.generators import random_generator
from ..schema.axes import axis_coords
from ..schema.history import extend_history
from ..schema.names import ENERGY, ENERGY_TRUE, LAT, LON, RAD
from ..schema.number_checks import check_bool
from ..schema.options import suggests_options
from ..schema.variables import COORDS, MAPS, SED_TYPES, data_array
from ..spectrum.models import SpectralModel, integral, power_law

__all__ = ["INDEX", "SOURCES", "Source", "simulate_maps", "source_flux"]

Float = NDArray[np.float64]
INDEX = 2.3
"""Spectral index of all simulated sources."""

# The simulated sky has the pixels and the number of energies of the 3FHL cube of Gammapy, and about
# the PSF, energy resolution and exposure of the Fermi-LAT at these energies. Its energy edges are
# round, so that bands such as 10, 100, 2000 GeV begin and end at edges. With a PSF ten times wider
# the sources would merge; with an energy resolution ten times worse, most events would leave their
# energy bin; with a border ten times wider, all pixels would be masked.
_SHAPE = (200, 400)  # rows, columns
_STEP = 0.05  # deg
_BORDER = 20  # pixels, 1 deg
_PSF = 0.1  # deg, standard deviation
_EDISP = 0.07  # standard deviation of the natural logarithm of energy
_EDGES = np.array([10, 15, 20, 30, 50, 70, 100, 200, 300, 500, 1000, 2000]) / 1000  # TeV
_EDGES_TRUE = np.geomspace(0.006, 3.2, 31)  # TeV, at each end 6 standard deviations wider
_PLANE_INDEX = 2.6  # of the emission along the plane


@dataclass(frozen=True)
class Source:
    """A simulated source: a Gaussian on the sky.

    Parameters
    ----------
    name : str
        Name of the source.
    lon, lat : float
        Galactic position in degrees.
    sigma : float
        Standard deviation in degrees, before the PSF.
    flux : float
        Integral flux from 10 to 2000 GeV in cm-2 s-1.

    See Also
    --------
    xprofile.tutorial.source_flux : Flux of all sources on the pixels.

    Examples
    --------
    >>> from xprofile.tutorial import SOURCES
    >>> SOURCES[1]
    Source(name='shell', lon=6.6, lat=-0.2, sigma=0.35, flux=9e-10)
    """

    name: str
    lon: float
    lat: float
    sigma: float
    flux: float


SOURCES = (
    Source("centre", 0.0, -0.05, 0.05, 1.2e-9),
    Source("shell", 6.6, -0.2, 0.35, 9.0e-10),
    Source("cloud", 1.4, 0.1, 0.5, 5.0e-10),
    Source("pulsar", 3.9, 0.6, 0.0, 2.5e-10),
    Source("nebula", -4.6, 0.2, 0.2, 6.0e-10),
    Source("remnant", -7.7, -0.4, 0.15, 3.5e-10),
    Source("knot", -2.35, 0.0, 0.07, 1.5e-9),
)
"""Sources of the simulated sky. A profile should give back their fluxes.

The knot is narrower than the PSF, and than the bin of the first example that it lies in."""


@suggests_options
def simulate_maps(rng: int | np.random.Generator | None) -> xr.Dataset:
    """Simulate a field like the Galactic centre seen by the Fermi-LAT.

    The counts come from the sources of ``tutorial.SOURCES``, with power laws of index
    ``tutorial.INDEX``, and from emission along the plane, which is the background. The PSF is a
    Gaussian of 0.1 deg.

    Parameters
    ----------
    rng : int, numpy.random.Generator or None
        Seed or generator of the Poisson counts. None gives the expected counts (an Asimov data
        set).

    Returns
    -------
    xarray.Dataset
        Maps of 400 x 200 pixels of 0.05 deg, 11 energies and 30 true energies in TeV.

        - ``counts`` (energy, lat, lon): counts.
        - ``background`` (energy, lat, lon): expected background counts.
        - ``exposure`` (energy_true, lat, lon) in cm2 s, with a gradient.
        - ``mask`` (energy, lat, lon): False in a border of 1 deg.
        - ``edisp`` (energy_true, energy): fraction of the events of a true-energy bin in each
          energy bin.
        - ``psf`` (energy_true, rad) in sr-1: point spread function.

    Raises
    ------
    UnusableInputError
        If `rng` is not a seed, a generator or None.
    InvalidOptionError
        If a seed is negative.

    See Also
    --------
    xprofile.tutorial.open_maps : The simulated sky with always the same counts.
    xprofile.tutorial.source_flux : Flux of the simulated sources.

    Examples
    --------
    >>> import xprofile
    >>> maps = xprofile.tutorial.simulate_maps(1)
    >>> maps.counts.dims
    ('energy', 'lat', 'lon')
    """
    maps = xr.Dataset(coords=_coords())
    exposure, edisp = _exposure(maps), _edisp()
    background = _background_counts(maps, exposure, edisp)
    first, knot = (_flux_image(part).to_numpy() for part in (SOURCES[:-1], SOURCES[-1:]))
    signal = _counts_per_flux(power_law(INDEX), exposure, edisp)
    parts = [background + signal * first, signal * knot]
    if rng is not None:  # the knot last, so that it changes no counts elsewhere
        rng = random_generator(rng)
        parts = [rng.poisson(part).astype(np.int32) for part in parts]
    inside = np.zeros(_SHAPE, bool)
    inside[_BORDER:-_BORDER, _BORDER:-_BORDER] = True
    rad = np.linspace(0, 0.6, 61)
    psf = np.exp(-((rad / _PSF) ** 2) / 2) / (2 * np.pi * np.radians(_PSF) ** 2)
    values = {
        "counts": parts[0] + parts[1],
        "background": background.astype(np.float32),
        "exposure": exposure.astype(np.float32),
        "mask": np.broadcast_to(inside, background.shape).copy(),
        "edisp": edisp,
        "psf": np.tile(psf, (_EDGES_TRUE.size - 1, 1)),
    }
    maps = maps.assign({name: data_array(name, array, MAPS) for name, array in values.items()})
    maps = maps.assign_coords({RAD: data_array(RAD, rad, COORDS)})
    return extend_history(maps, maps, "simulate_maps")


def source_flux(*, psf: bool = True) -> xr.DataArray:
    """Return the flux of the simulated sources in each pixel, smoothed with the PSF or not.

    A profile of the simulated maps should give back its sums over bins, with the PSF for
    `xprofile.estimate`, and without it for `xprofile.unfold`.

    Parameters
    ----------
    psf : bool
        Smooth the sources. Without the PSF, they are at least half a pixel wide.

    Returns
    -------
    xarray.DataArray
        Integral flux from 10 to 2000 GeV in cm-2 s-1, (lat, lon).

    Raises
    ------
    InvalidOptionError
        If `psf` is not True or False.

    See Also
    --------
    xprofile.bin_image : Sum it over bins.
    xprofile.unfold : Estimate a profile without the smearing of the PSF.

    Examples
    --------
    >>> import xprofile
    >>> flux = xprofile.tutorial.source_flux()
    >>> print(f"{flux.sum():.2e} {flux.units}")
    5.30e-09 cm-2 s-1
    """
    check_bool("psf", psf)
    return _flux_image(SOURCES, psf=psf)


def _flux_image(sources: Sequence[Source], *, psf: bool = True) -> xr.DataArray:
    """Flux of some of the sources in each pixel."""
    coords = {name: coord for name, coord in _coords().items() if set(coord.dims) <= {LAT, LON}}
    image = xr.DataArray(np.zeros(_SHAPE), dims=(LAT, LON)).assign_coords(coords)
    pixels, area = skycoord(image), solid_angle(image).to_numpy()
    for source in sources:
        center = SkyCoord(source.lon, source.lat, unit="deg", frame="galactic")
        width = np.hypot(source.sigma, _PSF) if psf else max(source.sigma, _STEP / 2)
        weight = np.exp(-((pixels.separation(center).deg / width) ** 2) / 2) * area
        image += source.flux * weight / weight.sum()
    return image.rename("flux").assign_attrs(SED_TYPES["flux"].attrs)


def _coords() -> dict[str, xr.Variable]:
    wcs = WCS(naxis=2)
    wcs.wcs.ctype = ["GLON-CAR", "GLAT-CAR"]
    wcs.wcs.crval = [0, 0]
    wcs.wcs.crpix = [(_SHAPE[1] + 1) / 2, (_SHAPE[0] + 1) / 2]
    wcs.wcs.cdelt = [-_STEP, _STEP]
    axes = {ENERGY: _EDGES, ENERGY_TRUE: _EDGES_TRUE}
    coords = grid_coords(wcs, _SHAPE)
    for name, edges in axes.items():
        coords |= axis_coords(name, np.sqrt(edges[1:] * edges[:-1]), edges[:-1], edges[1:])
    return coords


def _exposure(maps: xr.Dataset) -> Float:
    """Exposure of seven years of a wide-field telescope: it varies by 2 per cent over the field."""
    energy = np.sqrt(_EDGES_TRUE[1:] * _EDGES_TRUE[:-1])
    level = 3.2e11 * (1 - 0.02 * np.log10(energy / 0.05) ** 2)
    gradient = 1 + 0.01 * maps[LAT].to_numpy()[:, None] / 5 - 0.006 * maps[LON].to_numpy() / 10
    return np.asarray(level[:, None, None] * gradient)


def _edisp() -> Float:
    """Energy dispersion that is Gaussian in log energy, (energy_true, energy)."""
    energy = np.log(np.sqrt(_EDGES_TRUE[1:] * _EDGES_TRUE[:-1]))
    cumulative = ndtr((np.log(_EDGES) - energy[:, None]) / _EDISP)
    return np.diff(cumulative, axis=1)


def _counts_per_flux(model: SpectralModel, exposure: Float, edisp: Float) -> Float:
    """Counts in bins of energy for a flux of 1 from 10 to 2000 GeV, (energy, lat, lon)."""
    share = integral(model, _EDGES_TRUE) / integral(model, _EDGES[[0, -1]])
    return np.asarray(np.einsum("t,tyx,tk->kyx", share, exposure, edisp, optimize=True))


def _background_counts(maps: xr.Dataset, exposure: Float, edisp: Float) -> Float:
    """Counts of the emission along the plane and of isotropic emission, (energy, lat, lon)."""
    lon, lat = maps[LON].to_numpy(), maps[LAT].to_numpy()[:, None]
    narrow = np.exp(-np.abs(lat) / 0.5) * (0.7 + 0.3 * np.exp(-((lon / 6) ** 2)))
    brightness = 2.4e-12 * narrow + 1.5e-13 + 3e-13 * np.exp(-np.abs(lat) / 2)  # cm-2 s-1 a pixel
    return np.asarray(_counts_per_flux(power_law(_PLANE_INDEX), exposure, edisp) * brightness)
