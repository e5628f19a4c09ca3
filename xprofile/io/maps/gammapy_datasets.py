"""Datasets of Gammapy in memory, taken over as maps without a file."""

from __future__ import annotations

from typing import Any

import xarray as xr
from astropy.io import fits

from ...exceptions import (
    FileFormatError,
    InvalidDataError,
    InvalidOptionError,
    MissingVariableError,
)
from ...maps.value_warnings import warn_of_odd_values
from ...schema.checks import check_maps
from ...schema.history import extend_history
from ...schema.names import ENERGY_UNIT
from ...schema.options import suggests_options
from ...schema.units import energy_unit_name
from ...schema.variables import ON_OFF
from ..fits.files import FitsFile
from .assembly import maps_from_parts
from .gammapy_files import read_mapdataset
from .parts import RESPONSES

__all__ = ["from_gammapy"]


@suggests_options
def from_gammapy(
    dataset: Any, *, include_models: bool = False, energy_unit: str = ENERGY_UNIT
) -> xr.Dataset:
    """Make maps from a MapDataset or MapDatasetOnOff of Gammapy, without a file.

    Parameters
    ----------
    dataset : gammapy.datasets.MapDataset or MapDatasetOnOff
        Dataset with counts, exposure, and a background or off counts and acceptances.
    include_models : bool
        Add the predicted counts of the attached models to the background. A profile then shows the
        excess over these models.
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
          function.
        - ``counts_off``, ``acceptance``, ``acceptance_off`` (energy, lat, lon): off counts and
          relative acceptances, instead of a background.
        - Coordinates as from `open_maps`.

    Raises
    ------
    InvalidDataError
        If `dataset` is of another type, or its maps cannot be used here, such as HEALPix.
    MissingVariableError
        If the dataset has no counts, exposure or background.
    InvalidOptionError
        If `include_models` is True for on-off data, which have no background to add to.

    Warns
    -----
    DataWarning
        If maps have unusual values, as for `open_maps`.

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
    hdus = fits.HDUList([fits.PrimaryHDU()])
    for name, part in _find_parts(dataset, include_models).items():
        named = {} if name in RESPONSES else {"hdu": name}
        hdus.extend(h for h in part.to_hdulist(**named) if not isinstance(h, fits.PrimaryHDU))
    try:
        maps = maps_from_parts(read_mapdataset(FitsFile(hdus, "dataset"), ()), unit)
    except FileFormatError as error:
        raise InvalidDataError(f"the dataset cannot be made maps: {error}") from error
    check_maps(maps)
    warn_of_odd_values(maps)
    return extend_history(maps, maps, f"from_gammapy {getattr(dataset, 'name', '')}".strip())


def _find_parts(dataset: Any, include_models: bool) -> dict[str, Any]:
    """Return the maps and responses of a dataset by the names of their HDUs."""
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
    optional = ("mask_safe", "mask_fit", *RESPONSES)
    needed = ("counts", "exposure", *(ON_OFF if on_off else ()))
    parts = {name: getattr(dataset, name, None) for name in (*needed, *optional)}
    if not on_off:
        needed = (*needed, "background")
        parts["background"] = _predict_background(dataset, include_models)
    empty = [name for name in needed if parts[name] is None]
    if empty:
        raise MissingVariableError(
            f"the dataset has no {', '.join(empty)}, which maps need: set it in Gammapy first"
        )
    return {name: part for name, part in parts.items() if part is not None}


def _predict_background(dataset: Any, include_models: bool) -> Any:
    background = dataset.npred_background()
    if background is None or not include_models:
        return background
    return background + dataset.npred_signal()
