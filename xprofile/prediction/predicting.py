"""Counts that a map of the sky and a spectrum predict: a background, or a template of a fit."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from ..binned.mixing.maps_psf import MapsPsf
from ..exceptions import InvalidDataError, InvalidOptionError
from ..maps.grid import AnyGrid, sky_grid
from ..maps.pixelgrid import PixelGrid
from ..maps.regridding.any_grids import covered_pixels_of
from ..schema.checks import check_maps
from ..schema.history import history_attrs
from ..schema.names import EDISP, ENERGY, ENERGY_TRUE, PSF
from ..schema.number_checks import check_bool, is_used
from ..schema.options import suggests_options
from ..schema.stages import sky_dims
from ..spectrum.models import SpectralModel
from ..spectrum.response import exposure_in_unit
from .blocks import lazy_counts
from .cells import CellRecipe
from .coverage import warn_of_coverage, warn_of_energies
from .emission import Sky, all_sources
from .fluxes import Brightness, brightness_of
from .recipes import Recipe
from .spectra import EnergyAxes, Spectrum, split_cube
from .templates import PREDICTED, Template, read_template

__all__ = ["predict"]

Float = NDArray[np.float64]


@suggests_options
def predict(
    maps: xr.Dataset,
    template: xr.DataArray | None,
    *,
    spectral_model: SpectralModel | None = None,
    normalize: bool = False,
    psf: bool | None = None,
) -> xr.DataArray:
    """Predict the counts of a map of the sky and a spectrum.

    The brightness of the template is put on the pixels of the maps: copied where the pixels are the
    same, otherwise interpolated linearly, and averaged over the solid angle of the pixels of the
    maps. If the template or the maps are in HEALPix, and the pixels of the template are the smaller
    ones, they count by the solid angle in common, which keeps integrals. It is folded with the
    exposure of each pixel, spread by the PSF, and folded with the energy dispersion.

    The result can be ``maps.assign(background=...)``, be added to others, or be binned.

    Parameters
    ----------
    maps : xarray.Dataset
        On a plane or in HEALPix, with ``counts`` (energy, lat, lon) or (energy, cell), which give
        the pixels and energies, ``exposure`` and, optionally, ``mask``, ``edisp`` and ``psf``.
        Without ``edisp``, spectrum times exposure is integrated over the energy bins of the counts,
        with the exposure log-log between its nodes. ``maps.drop_vars("edisp")`` leaves a stored one
        out.
    template : xarray.DataArray or None
        Map of the sky (lat, lon) or (energy, lat, lon), as from `open_map`, on any pixels in any
        frame, or in HEALPix, with ``cell`` in place of both. ``attrs["units"]`` tells what it is:

        - A brightness, such as cm-2 s-1 sr-1 MeV-1, with energies: the spectrum of each pixel. It
          is log-log between the energies. A `spectral_model` without unit is a factor.
        - Anything else, such as a column density or a map without unit, is multiplied with
          `spectral_model`: a differential flux for each sr and each unit of the template. If the
          product of both units is a brightness, it is used as that: sr-1 for an image of a source
          whose integral is 1, with the spectrum of the source; or cm-2, with an emissivity in
          s-1 sr-1 TeV-1.

        None is an isotropic brightness, `spectral_model` for each sr.
    spectral_model : astropy.modeling.Model or callable, optional
        Spectrum, a function from energy to differential flux.
    normalize : bool
        Divide an image by its integral over the sky, so that `spectral_model` is the spectrum of
        all of it. The unit of the image does not matter then.
    psf : bool, optional
        Whether to spread the photons by the PSF of the maps. By default, if they have one.

    Returns
    -------
    xarray.DataArray
        ``counts`` (energy, lat, lon) or (energy, cell), predicted counts on the pixels of the
        maps; NaN where the mask of the maps is False, or their off counts have no acceptance, so
        that ``.profile.bin(bins)`` sums over the used pixels, as `bin_maps` does. A dask array in
        chunks where the exposure is one.

    Raises
    ------
    InvalidOptionError
        If `template` is not a map, a spectral model is missing, or its unit does not fit.
    InvalidDataError
        If the template has no pixel near the maps, has other dims or an unknown
        unit, or is predicted counts already; or if energies of the maps have gaps.
    TooLargeError
        If the PSF carries photons from more than 5e7 pixels.
    MissingVariableError
        If the maps have no counts, exposure or PSF that is asked for.

    Warns
    -----
    DataWarning
        If the template does not cover all used pixels: its brightness is 0 beyond its edge, and
        where it is NaN. If its energies do not reach as far as those of the maps: its spectrum is
        continued log-log.

    See Also
    --------
    xprofile.open_map : Read a template from a file.
    xprofile.open_spectrum : Read an isotropic spectrum from a file.
    xprofile.bin_image : Sum the counts over bins.
    xprofile.fit_templates : Fit the norms of several templates.

    Notes
    -----
    Photons come from beyond the edges of the maps, too, as far as the PSF reaches and the template
    is known; the exposure there is that of the nearest pixel. Gammapy leaves them out. As for
    `bin_maps`, the photons of a pixel start at its centre, with the PSF of the nearest position,
    and energies without a PSF have that of the nearest energy below. The energy dispersion is that
    of the nearest position to the pixel that counts the photons. Gammapy takes a template at the
    centres of true energy bins times their widths; here it is integrated over the bins, which is
    0.8 % more for an index of 2.6 and eight bins a decade.

    Examples
    --------
    >>> import astropy.units as u
    >>> from astropy.coordinates import SkyCoord
    >>> import xprofile
    >>> maps = xprofile.tutorial.open_maps("galactic-center-sim")
    >>> center = SkyCoord(0, 0, unit="deg", frame="galactic")
    >>> maps = maps.profile.cutout(center, 2 * u.deg)  # or all of the maps
    >>> isotropic = xprofile.power_law(2.4, 1e-8 * u.Unit("cm-2 s-1 TeV-1"))
    >>> predicted = xprofile.predict(maps, None, spectral_model=isotropic)
    >>> predicted.dims
    ('energy', 'lat', 'lon')
    >>> maps = maps.assign(background=maps.background + predicted)
    """
    check_maps(maps)
    for name, value in (("normalize", normalize), ("psf", psf)):
        if value is not None or name == "normalize":
            check_bool(name, value)
    grid, axes = sky_grid(maps), EnergyAxes.from_maps(maps)
    given = None if template is None else read_template(template)
    if given is None and normalize:
        raise InvalidOptionError("an isotropic brightness has no integral: leave normalize= out")
    spread = MapsPsf.from_maps(maps) if psf or (psf is None and PSF in maps) else None
    everywhere = grid
    if spread is not None and isinstance(grid, PixelGrid):
        everywhere = all_sources(grid, spread.spread)
    unit, cube = ("", False) if given is None else (given.unit, bool(given.energies.size))
    found = brightness_of(
        "sr-1" if normalize else unit, spectral_model, cube=cube, energy=axes.ends()[0]
    )
    if given is None:
        sky, spectrum = Sky(np.full((1, 1, 1), found.factor), None), None
    else:
        with_psf = spread is not None and spread.dim == ENERGY_TRUE
        fine = axes if with_psf or axes.disperses else axes.with_nodes(given.energies)
        beyond = 0.0 if spread is None else float(spread.spread.reach.max())
        sky, spectrum = _sky(given, everywhere, fine, found, normalize=normalize, beyond=beyond)
    spectrum = spectrum or Spectrum.from_model(axes, found.model)
    recipe: Recipe | CellRecipe
    if isinstance(grid, PixelGrid) and isinstance(everywhere, PixelGrid):
        recipe = Recipe.from_maps(maps, grid, everywhere, sky, spectrum, spread)
        counts, covered = _counts(recipe, _exposure(maps))
    else:
        assert not isinstance(grid, PixelGrid)
        recipe = CellRecipe.from_maps(maps, grid, sky, spectrum, spread)
        counts, covered = recipe.predict(_exposure(maps))
    if given is not None:
        warn_of_coverage(given, maps, grid, _covered(sky, grid) if covered is None else covered)
    return _result(maps, counts, _step(given, found, spread, maps))


def _sky(
    template: Template,
    target: AnyGrid,
    axes: EnergyAxes,
    found: Brightness,
    *,
    normalize: bool,
    beyond: float,
) -> tuple[Sky, Spectrum | None]:
    """Read the values of a template near some pixels; no spectrum if it is the model alone."""
    factor = found.factor / _integral(template) if normalize else found.factor
    near = template if normalize else template.near(target, beyond)
    values = np.asarray(near.values.to_numpy(), dtype=float)
    if not near.energies.size:
        return Sky(values * factor, near.grid), None
    warn_of_energies(template, axes)
    finite = np.isfinite(values).all(axis=0)
    cube = np.where(finite, values * factor, 0.0)
    planes, spectrum = split_cube(axes, near.energies, cube, found.model)
    return Sky(np.where(finite, planes, np.nan), near.grid), spectrum


def _integral(template: Template) -> float:
    """Integral of an image over the sky, in its unit times sr."""
    if template.energies.size:
        raise InvalidOptionError(
            f"normalize is for images, but {template.name} has {template.energies.size} energies: "
            "sum it over them, or leave normalize= out"
        )
    grid = template.grid
    area: Float | float
    if isinstance(grid, PixelGrid):
        area = np.where(grid.on_sky, grid.solid_angle(grid.x, grid.y[:, None]), 0.0)
    else:
        area = grid.cell_solid_angle
    values = np.asarray(template.values.to_numpy(), dtype=float)[0]
    total = float(np.where(np.isfinite(values), values * area, 0.0).sum())
    if not total > 0:
        raise InvalidDataError(
            f"the integral of the template is {total:.4g}, expected a positive one for normalize"
        )
    return total


def _counts(recipe: Recipe, exposure: xr.Variable) -> tuple[Any, Float | None]:
    """Predict counts (energy, lat, lon), and the share of each pixel that is known, if not lazy."""
    grid = recipe.grid
    if exposure.chunks:
        return lazy_counts(recipe, exposure), None
    y, x = recipe.needed(recipe.sources(grid.subgrid(grid.x, grid.y)))
    everywhere = slice(0, grid.y.size), slice(0, grid.x.size)
    return recipe.counts(*everywhere, exposure.to_numpy()[:, y, x])


def _covered(sky: Sky, grid: AnyGrid) -> Float:
    """Whether the brightness is known in each pixel, (ny, nx)."""
    if sky.grid is None:
        return np.ones(grid.shape)
    return covered_pixels_of(sky.grid, grid).astype(float)


def _exposure(maps: xr.Dataset) -> xr.Variable:
    """Exposure in cm2 s (energy_true, ...), whose chunks hold all energies."""
    exposure = exposure_in_unit(maps, "exposure").transpose(ENERGY_TRUE, *sky_dims(maps))
    return exposure.chunk({ENERGY_TRUE: -1}) if exposure.chunks else exposure


def _step(
    template: Template | None, found: Brightness, psf: MapsPsf | None, maps: xr.Dataset
) -> str:
    """Line of the history."""
    unit = f" in {template.unit}" if template is not None and template.unit else ""
    parts = ["an isotropic brightness" if template is None else f"{template.name}{unit}"]
    parts += [found.name] if found.name else []
    responses = [] if psf is None else [f"psf{psf.note.replace(', psf', ',')}"]
    responses += ["edisp"] if EDISP in maps else []
    return f"predict {' x '.join(parts)}{''.join(f', {one}' for one in responses)}"


def _result(maps: xr.Dataset, counts: Any, step: str) -> xr.DataArray:
    """Predicted counts with the coordinates of the maps, NaN where pixels are not used."""
    dims = ENERGY, *sky_dims(maps)
    variable = xr.Variable(dims, counts)
    for name in ("mask", "acceptance_off"):  # without an off acceptance no background is known
        if name in maps:
            used = is_used(maps.variables[name].transpose(*dims))
            variable = variable.where(used)  # type: ignore[no-untyped-call]
    coords = {
        name: coord.variable.copy(deep=True)
        for name, coord in maps.coords.items()
        if set(coord.dims) <= set(dims) and not str(name).startswith("wcs_")
    }
    attrs = {"long_name": PREDICTED, **_history(maps, step)}
    return xr.DataArray(xr.Variable(dims, variable.data, attrs), coords, name="counts")


def _history(maps: xr.Dataset, step: str) -> dict[str, Any]:
    found = history_attrs({}, maps, step)
    return {name: found[name] for name in ("history", "creator")}
