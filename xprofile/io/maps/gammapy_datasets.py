"""Datasets of Gammapy in memory, taken over as maps without a file."""

from __future__ import annotations

import warnings
from typing import Any

import astropy.units as u
import xarray as xr
from astropy.io import fits

from ...exceptions import (
    DataWarning,
    FileFormatError,
    InvalidDataError,
    InvalidOptionError,
    MissingVariableError,
)
from ...maps.value_warnings import warn_of_odd_values
from ...schema.checks import check_maps_layout
from ...schema.history import extend_history
from ...schema.names import ENERGY_UNIT
from ...schema.options import suggests_options
from ...schema.units import energy_unit_name
from ...schema.variables import MAPS, ON_OFF
from ...schema.warning_place import user_stacklevel
from ...schema.written_units.parsing import as_unit, conversion_factor
from ..fits.files import FitsFile
from .assembly import continued_psf, maps_from_parts
from .gammapy_files import read_mapdataset
from .images.sources import OpenedSource
from .parts import RESPONSES, MapParts, Usable, read_any_response

__all__ = ["from_gammapy"]

_WITHOUT = {
    "edisp": (
        "set dataset.edisp to None to do without it: true and reconstructed energy are then taken "
        "to be the same"
    ),
    "psf": "set dataset.psf to None to do without it",
}


@suggests_options
def from_gammapy(
    dataset: Any, *, include_models: bool = False, energy_unit: str = ENERGY_UNIT
) -> xr.Dataset:
    """Make maps from a MapDataset or MapDatasetOnOff of Gammapy, without a file.

    Parameters
    ----------
    dataset : gammapy.datasets.MapDataset or MapDatasetOnOff
        Dataset with counts, exposure, and a background or off counts and acceptances. Without a
        background, the maps can be binned, but not fitted.
    include_models : bool
        Add the predicted counts of the attached models to the background, or take them as the
        background if there is none. A profile then shows the excess over these models.
    energy_unit : str
        Unit of both energy axes.

    Returns
    -------
    xarray.Dataset
        Maps with these variables, as far as the dataset has them. Arrays whose unit and type fit
        already are shared with the dataset.

        - ``counts`` (energy, lat, lon): counts.
        - ``background`` (energy, lat, lon): background counts that Gammapy predicts, with the
          background model if one is attached.
        - ``exposure`` (energy_true, lat, lon) in cm2 s.
        - ``mask`` (energy, lat, lon): True where data are used, by mask_safe and mask_fit.
        - ``edisp`` (energy_true, energy) or (lat_edisp, lon_edisp, energy_true, energy): fraction
          of the events of a true-energy bin in each energy bin.
        - ``psf`` (energy_true, rad) or (lat_psf, lon_psf, energy_true, rad) in sr-1: point spread
          function; of a RecoPSFMap with the dim ``energy`` instead.
        - ``counts_off``, ``acceptance``, ``acceptance_off`` (energy, lat, lon): off counts and
          relative acceptances, instead of a background.
        - Coordinates as from `open_maps`. Of HEALPix, the dim ``cell`` in place of ``lat`` and
          ``lon``.

    Raises
    ------
    InvalidDataError
        If `dataset` is of another type, or its maps cannot be used here, such as those of a region.
    MissingVariableError
        If the dataset has no counts or exposure, or off counts without acceptances.
    InvalidOptionError
        If `include_models` is True for on-off data, which have no background to add to.

    Warns
    -----
    DataWarning
        If maps have unusual values, as for `open_maps`, or if a PSF is left out, because it cannot
        be used, such as a PSFKernel. Also if the dataset has models, but no background, and
        `include_models` is False.

    See Also
    --------
    xprofile.open_maps : Read the file of a dataset.
    xprofile.from_arrays : Make maps of arrays.

    Examples
    --------
    >>> import xprofile
    >>> from gammapy.datasets import MapDataset  # doctest: +SKIP
    >>> maps = xprofile.from_gammapy(MapDataset.read("maps.fits.gz"))  # doctest: +SKIP
    """
    unit = energy_unit_name(energy_unit)
    images = _find_images(dataset, include_models)
    hdus = fits.HDUList([fits.PrimaryHDU()])
    for name, image in images.items():
        hdus.extend(h for h in image.to_hdulist(hdu=name) if not isinstance(h, fits.PrimaryHDU))
    try:
        parts = read_mapdataset(FitsFile(hdus, "dataset"), RESPONSES)
        parts.without = _WITHOUT
        _add_responses(parts, dataset)
        maps = maps_from_parts(parts, unit)
    except FileFormatError as error:
        raise InvalidDataError(f"the dataset cannot be made maps: {error}") from error
    check_maps_layout(maps)
    warn_of_odd_values(maps)
    maps = extend_history(maps, maps, f"from_gammapy {getattr(dataset, 'name', '')}".strip())
    assumed = continued_psf(parts, maps)
    return extend_history(maps, maps, f"from_gammapy assumed: {assumed[0]}") if assumed else maps


def _find_images(dataset: Any, include_models: bool) -> dict[str, Any]:
    """Return the maps of a dataset by the names of their HDUs."""
    lost = [name for name in ("counts", "exposure", "mask_safe") if not hasattr(dataset, name)]
    if lost:
        raise InvalidDataError(
            f"found a {type(dataset).__name__} without {', '.join(lost)}, expected a MapDataset or "
            "MapDatasetOnOff of Gammapy; give several datasets one at a time"
        )
    on_off = hasattr(dataset, "counts_off")
    if on_off and include_models:
        raise InvalidOptionError(
            "include_models adds to the background, and on-off data have none: leave it out"
        )
    needed = ("counts", "exposure", *(ON_OFF if on_off else ()))
    images = {name: getattr(dataset, name, None) for name in (*needed, "mask_safe", "mask_fit")}
    if not on_off:
        images["background"] = _predict_background(dataset, include_models)
    empty = [name for name in needed if images[name] is None]
    if empty:
        raise MissingVariableError(
            f"the dataset has no {', '.join(empty)}, which maps need: set it in Gammapy first"
        )
    _check_exposure(images["exposure"])
    return {name: image for name, image in images.items() if image is not None}


def _check_exposure(exposure: Any) -> None:
    """Raise if the exposure has another unit, which only Gammapy can change."""
    try:
        conversion_factor(as_unit(exposure.unit), u.Unit(MAPS["exposure"].unit))
    except u.UnitConversionError as error:
        raise InvalidDataError(
            f"the exposure of the dataset has the unit {str(exposure.unit)!r}, expected one like "
            f"{MAPS['exposure'].unit!r}; set dataset.exposure.quantity with its unit in Gammapy"
        ) from error


def _predict_background(dataset: Any, include_models: bool) -> Any:
    background = dataset.npred_background()
    if not include_models:
        if background is None and dataset.models:
            warnings.warn(
                "the dataset has no background, but models, which are left out; give "
                "include_models=True to take the counts that they predict as the background",
                DataWarning,
                stacklevel=user_stacklevel(),
            )
        return background
    signal = dataset.npred_signal()
    return signal if background is None else background + signal


def _add_responses(parts: MapParts, dataset: Any) -> None:
    """Add the responses of a dataset: maps of them, or an EDispKernel."""
    for name in RESPONSES:
        response = getattr(dataset, name, None)
        if response is None:
            continue
        with Usable(name, parts):
            if not hasattr(response, "to_hdulist"):
                raise InvalidDataError(
                    f"the dataset has a {type(response).__name__} as {name}, expected a map such "
                    f"as {'PSFMap' if name == 'psf' else 'EDispKernelMap'}"
                )
            file = FitsFile(response.to_hdulist(), "dataset")
            parts.responses[name] = read_any_response(OpenedSource(file), name)
