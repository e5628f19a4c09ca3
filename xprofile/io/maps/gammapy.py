"""Maps made from a Dataset object of Gammapy."""

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
from ...maps.in_memory import OFF_VARIABLES
from ...maps.values import warn_of_values
from ...schema.checks import check_maps
from ...schema.history import extend_history
from ...schema.names import ENERGY_UNIT
from ...schema.units import energy_unit_name
from ..fits.files import FitsFile
from .assemble import assemble
from .mapdataset import read_mapdataset

__all__ = ["from_gammapy"]

_RESPONSES = ("edisp", "psf")


def from_gammapy(
    dataset: Any, *, include_models: bool = False, energy_unit: str = ENERGY_UNIT
) -> xr.Dataset:
    """Make maps of a MapDataset or MapDatasetOnOff of Gammapy, without a file.

    Parameters
    ----------
    dataset : gammapy.datasets.MapDataset or MapDatasetOnOff
        With counts, exposure, and a background or off counts and acceptances.
    include_models : bool
        Add the predicted counts of the models that are attached to the background, so that a
        profile shows what is left beyond them.
    energy_unit : str
        Unit of both energy axes.

    Returns
    -------
    xarray.Dataset
        As `open_maps` gives it of the file that the dataset writes, with one difference: the
        background is what Gammapy predicts, with the background model that may be attached. Values
        are the dataset's own arrays where neither unit nor type had to be changed.

    Raises
    ------
    InvalidDataError
        If `dataset` is of another kind, or its maps have no form here, such as HEALPix.
    MissingVariableError
        If it has no counts, exposure, or background.
    InvalidOptionError
        If `include_models` is True for on-off data, which have no background to add to.

    Examples
    --------
    >>> import xprofile
    >>> from gammapy.datasets import MapDataset  # doctest: +SKIP
    >>> maps = xprofile.from_gammapy(MapDataset.read("maps.fits.gz"))  # doctest: +SKIP
    """
    unit = energy_unit_name(energy_unit)
    hdus = fits.HDUList([fits.PrimaryHDU()])
    for name, part in _parts(dataset, include_models).items():
        named = {} if name in _RESPONSES else {"hdu": name}
        hdus.extend(h for h in part.to_hdulist(**named) if not isinstance(h, fits.PrimaryHDU))
    try:
        maps = assemble(read_mapdataset(FitsFile(hdus, "dataset"), ()), unit)
    except FileFormatError as error:
        raise InvalidDataError(f"the dataset cannot be made maps: {error}") from error
    check_maps(maps)
    warn_of_values(maps)
    return extend_history(maps, maps, f"from_gammapy {getattr(dataset, 'name', '')}".strip())


def _parts(dataset: Any, include_models: bool) -> dict[str, Any]:
    """Maps and responses of a dataset, those that there are, by the names of their HDUs."""
    lost = [name for name in ("counts", "exposure", "mask_safe") if not hasattr(dataset, name)]
    if lost:
        raise InvalidDataError(
            f"found a {type(dataset).__name__} without {', '.join(lost)}, expected a MapDataset or "
            "MapDatasetOnOff of Gammapy; of several datasets give one at a time"
        )
    on_off = hasattr(dataset, "counts_off")
    if on_off and include_models:
        raise InvalidOptionError(
            "include_models adds to the background, and on-off data have none: leave it out"
        )
    optional = ("mask_safe", "mask_fit", *_RESPONSES)
    needed = ("counts", "exposure", *(OFF_VARIABLES if on_off else ()))
    parts = {name: getattr(dataset, name, None) for name in (*needed, *optional)}
    if not on_off:
        needed = (*needed, "background")
        parts["background"] = _background(dataset, include_models)
    empty = [name for name in needed if parts[name] is None]
    if empty:
        raise MissingVariableError(
            f"the dataset has no {', '.join(empty)}, which maps need: set it in Gammapy first"
        )
    return {name: part for name, part in parts.items() if part is not None}


def _background(dataset: Any, include_models: bool) -> Any:
    background = dataset.npred_background()
    if background is None or not include_models:
        return background
    return background + dataset.npred_signal()
