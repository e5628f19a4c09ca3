"""Templates of maps: sky maps become predicted counts in bins."""

from __future__ import annotations

from collections.abc import Mapping
from functools import reduce
from typing import Any

import astropy.units as u
import numpy as np
import xarray as xr

from ...binned.image_binning import bin_image
from ...bins.skybins import AnyBins
from ...exceptions import InvalidDataError, InvalidOptionError
from ...maps.grid import sky_grid
from ...maps.healpix.grid import HealpixGrid
from ...maps.pixelgrid import PixelGrid
from ...prediction.predicting import predict
from ...schema.names import (
    CELL,
    ENERGY,
    ENERGY_TRUE,
    HEALPIX,
    LAT,
    LON,
    SOLID_ANGLE_UNIT,
    WCS_NAME,
)
from ...schema.number_checks import is_used
from ...schema.stages import is_map_image, sky_dims
from ...schema.variables import SED_TYPES
from ...schema.written_units.parsing import as_unit, without_events
from ...spectrum.models import SpectralModel

__all__ = ["bin_templates"]

# Relative difference up to which energies are the same, and in pixels up to which positions are.
# Files in single precision are right to 1e-7. At ten times more or less the same maps are found.
_SAME = 1e-5


def bin_templates(
    maps: xr.Dataset,
    bins: AnyBins,
    templates: Mapping[str, Any],
    spectral_model: SpectralModel | None,
) -> dict[str, xr.DataArray]:
    """Predict the counts of templates, and sum them over bins.

    Parameters
    ----------
    maps : xarray.Dataset
        Maps, for their pixels, energies, responses and mask.
    bins : SkyBins or list of regions.SkyRegion
        Bins on the sky.
    templates : dict
        Name of each template to a sky map, None for an isotropic brightness, a pair of one of them
        and a spectral model, predicted counts on the pixels of the maps, or predicted counts in the
        bins, which stay as they are.
    spectral_model : astropy.modeling.Model or callable, optional
        Spectrum of sky maps that are not in a pair and have none.

    Returns
    -------
    dict
        Name of each template to its predicted counts, (energy, DIM).
    """
    if not isinstance(templates, Mapping) or not templates:
        raise InvalidOptionError(
            "templates must be a dict of names and sky maps, such as {'HI': gas_map}, found "
            f"{type(templates).__name__}"
        )
    return {name: _binned(maps, bins, given, spectral_model) for name, given in templates.items()}


def _binned(
    maps: xr.Dataset, bins: AnyBins, given: Any, usual: SpectralModel | None
) -> xr.DataArray:
    if isinstance(given, xr.DataArray) and not {LAT, LON, CELL} & set(given.dims):
        return given
    return bin_image(_counts(maps, given, usual), bins)


def _counts(maps: xr.Dataset, given: Any, usual: SpectralModel | None) -> xr.DataArray:
    """Predicted counts on the pixels of maps, NaN where these are not used."""
    if isinstance(given, list | tuple):
        if len(given) != 2:
            raise InvalidOptionError(
                f"a template must be a sky map, or a pair of a sky map and a spectral model, found "
                f"{len(given)} values"
            )
        sky, model = given
        return predict(maps, sky, spectral_model=model)
    if given is not None and not isinstance(given, xr.DataArray):
        raise InvalidDataError(
            f"a template is a {type(given).__name__}, expected a sky map such as of "
            "xprofile.open_map, None for an isotropic brightness, a pair of one of them and a "
            "spectral model, or predicted counts"
        )
    if given is not None and _is_predicted(maps, given):
        masks = [maps[name] for name in ("mask", "acceptance_off") if name in maps]
        return reduce(lambda counts, mask: counts.where(is_used(mask)), masks, given)
    return predict(maps, given, spectral_model=None if _has_spectrum(given) else usual)


def _has_spectrum(sky: xr.DataArray | None) -> bool:
    """Whether a sky map is a brightness at several energies."""
    if sky is None or max(sky.sizes.get(dim, 1) for dim in (ENERGY, ENERGY_TRUE)) < 2:
        return False
    try:
        unit = without_events(as_unit(str(sky.attrs.get("units", ""))))
    except (ValueError, TypeError):  # predict explains it
        return False
    brightness = u.Unit(SED_TYPES["dnde"].unit) / u.Unit(SOLID_ANGLE_UNIT)
    return bool(u.Unit(unit).is_equivalent(brightness))


def _is_predicted(maps: xr.Dataset, given: xr.DataArray) -> bool:
    """Whether an array is counts on the pixels and energies of maps."""
    if given.attrs.get("units", "") or set(given.dims) != {ENERGY, *sky_dims(maps)}:
        return False
    if not is_map_image(given) or given.sizes != {d: maps.sizes[d] for d in given.dims}:
        return False
    if not _has_pixels_of(maps, given):
        return False
    energies = (
        data[ENERGY].to_numpy() if ENERGY in data.coords else None for data in (maps, given)
    )
    a, b = energies
    return b is not None and a is not None and np.allclose(a, b, rtol=_SAME, atol=0)


def _has_pixels_of(maps: xr.Dataset, given: xr.DataArray) -> bool:
    """Whether an array has the same pixels as maps in the same order."""
    name = HEALPIX if CELL in maps.dims else WCS_NAME
    if given[name].item() != maps[name].item():
        return False
    here, there = sky_grid(maps), sky_grid(given)
    if isinstance(here, HealpixGrid) and isinstance(there, HealpixGrid):
        cells = np.arange(maps.sizes[CELL])
        return bool(np.array_equal(here.numbers(cells), there.numbers(cells)))
    assert isinstance(here, PixelGrid)
    assert isinstance(there, PixelGrid)
    pairs = ((here.x, there.x), (here.y, there.y))
    return all(np.allclose(a, b, rtol=0, atol=_SAME) for a, b in pairs)
