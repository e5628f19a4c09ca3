"""What the accessors of all stages share: the choice of the stage, and errors that lead to it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from difflib import get_close_matches
from importlib import import_module
from typing import TYPE_CHECKING, Any, ClassVar, Self

import xarray as xr

from ..exceptions import WrongStageError
from ..schema.names import HEALPIX, WCS_NAME
from ..schema.stages import (
    FIT_STAGES,
    STAGES,
    find_array_stage,
    find_stage,
    is_healpix,
    missing_names,
    sky_dims,
)
from .delegation import calls
from .shared_methods import Selections

if TYPE_CHECKING:
    import astropy.units as u

    from ..io.paths import StrPath

__all__ = ["DataArrayProfile", "DatasetProfile", "StageAccessor"]

# module and class of each stage
_CLASSES = {
    "maps": ("maps", "MapsAccessor"),
    "binned": ("binned", "BinnedAccessor"),
    "profile": ("profile", "ProfileAccessor"),
    "templates": ("templates", "TemplatesAccessor"),
    "shape": ("tables", "ShapeAccessor"),
    "spectra": ("tables", "SpectraAccessor"),
    "image": ("image", "ImageAccessor"),
    "quantity": ("quantity", "QuantityAccessor"),
}

# the step that leads from one stage (first) to a method of another (second)
_STEPS = {
    ("maps", "binned"): "bin the maps first: maps.profile.bin(bins).profile.{name}(...)",
    (
        "maps",
        "profile",
    ): "estimate a profile first: maps.profile.estimate(bins).profile.{name}(...)",
    ("maps", "image"): "select one map first, such as maps.counts.profile.{name}(...)",
    ("binned", "maps"): "call it on the maps that were binned",
    (
        "binned",
        "profile",
    ): "estimate a profile first: binned.profile.estimate().profile.{name}(...)",
    ("profile", "maps"): "call it on the maps that the profile was made from",
    ("profile", "binned"): "call it on the binned data that the profile was estimated from",
}
_STARTS = {
    "maps": "open maps with xprofile.open_maps, or make them with xprofile.from_arrays",
    "binned": "make binned data from maps: maps.profile.bin(bins)",
    "profile": "make a profile: maps.profile.estimate(bins), or open one with "
    "xprofile.open_profile",
    "templates": "fit templates to binned data: xprofile.fit_templates(binned, templates)",
    "shape": "fit a shape to binned data: xprofile.fit_shape(binned, model)",
    "spectra": "fit spectra to binned data: xprofile.fit_spectrum(binned, power_law())",
    "fit": "fit a model to binned data with fit_templates, fit_shape or fit_spectrum",
    "quantity": "select a variable along bins, such as profile['ts']",
    "image": "select one map of a maps Dataset, such as maps.counts, or open one with "
    "xprofile.open_map",
}
_TITLES = {**STAGES, "fit": "a fit", "image": "a map image", "quantity": "a variable"}


class StageAccessor(ABC):
    """Base of the accessors: holds the object, and knows the methods of the other stages."""

    _stage: ClassVar[str | None] = None
    _no_stage: ClassVar[str]

    def __init__(self, obj: Any) -> None:
        self._obj = obj

    def __dir__(self) -> list[str]:
        return [name for name in dir(type(self._current())) if not name.startswith("_")]

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(f"{type(self).__name__} has no attribute {name!r}")
        current = self._current()  # the object may have changed since this accessor was made
        if type(current) is not type(self):
            return getattr(current, name)
        raise WrongStageError(self._advice(name))

    @abstractmethod
    def _current(self) -> StageAccessor:
        """Return the accessor of the stage that the object is at now."""

    @abstractmethod
    def _lacks(self, stage: str) -> str:
        """Say what the object lacks for a stage."""

    def _advice(self, name: str) -> str:
        """Say which stage a method belongs to, and which step leads there."""
        here = f"this {type(self._obj).__name__} is {_TITLES.get(str(self._stage), self._no_stage)}"
        owners = [stage for stage in _CLASSES if name in _own_methods(stage)]
        if not owners:
            names = {n for stage in _CLASSES for n in dir(_stage_class(stage)) if n[0] != "_"}
            close = get_close_matches(name, sorted(names), 1)
            hint = f"did you mean {close[0]!r}?" if close else f"it has {', '.join(dir(self))}"
            return f".profile has no method {name!r}: {hint} ({here})"
        lacks = "".join(self._lacks(stage) for stage in owners[:1])
        if set(FIT_STAGES) <= set(owners):  # all fits alike
            owners = [*(stage for stage in owners if stage not in FIT_STAGES), "fit"]
        titles = " or ".join(_TITLES[stage] for stage in owners)
        steps = [_STEPS.get((str(self._stage), stage), _STARTS[stage]) for stage in owners]
        return f"{name} is a method of {titles}; {here}{lacks}; {'; or '.join(steps)}".format(
            name=name
        )


def _stage_class(stage: str) -> type[StageAccessor]:
    module, name = _CLASSES[stage]
    found: type[StageAccessor] = getattr(import_module(f".{module}", __package__), name)
    return found


def _own_methods(stage: str) -> set[str]:
    """Names in the class of a stage that not all Datasets have."""
    return {name for name in dir(_stage_class(stage)) if name not in dir(DatasetProfile)}


class DatasetProfile(StageAccessor, Selections[xr.Dataset]):
    """Accessor ``.profile`` of a Dataset, with the methods of its stage.

    The page :doc:`/reference/accessors` lists the methods of maps, binned data, profiles and fits.
    The methods here are those of all Datasets.

    Parameters
    ----------
    obj : xarray.Dataset
        Any Dataset.

    See Also
    --------
    DataArrayProfile : Accessor of a DataArray.

    Examples
    --------
    >>> import xprofile
    >>> maps = xprofile.tutorial.open_maps("galactic-center-sim")
    >>> [name for name in dir(maps.profile) if name.startswith("c")]
    ['coarsen', 'cutout']
    """

    _obj: xr.Dataset
    _no_stage = "neither maps, binned data nor a profile"

    def __new__(cls, obj: xr.Dataset | None = None) -> Self:
        """Choose the class of the stage; without a Dataset, as when unpickling, keep the class."""
        stage = find_stage(obj) if cls is DatasetProfile and obj is not None else None
        return object.__new__(_stage_class(stage) if stage else cls)  # type: ignore[return-value]

    def __repr__(self) -> str:
        from ..profile.summary import describe_dataset

        return describe_dataset(self._obj)

    def _current(self) -> DatasetProfile:
        return DatasetProfile(self._obj)

    def _lacks(self, stage: str) -> str:
        if stage not in STAGES:
            return ""
        missing = missing_names(self._obj, stage)  # type: ignore[arg-type]
        return f" and lacks {', '.join(missing)}" if missing else ""

    @calls("schema.units.to_units")
    def to_units(
        self, units: Mapping[str, str | u.Unit] | None = None, **by_name: str | u.Unit
    ) -> xr.Dataset:
        """Change units by name."""
        from ..schema.units import to_units

        return to_units(self._obj, units, **by_name)

    @calls("io.netcdf.write_netcdf")
    def to_netcdf(self, path: StrPath, *, overwrite: bool = False, **kwargs: Any) -> None:
        """Write netCDF by the CF conventions."""
        from ..io.netcdf import write_netcdf

        write_netcdf(self._obj, path, overwrite=overwrite, **kwargs)

    @calls("io.zarr_folders.write_zarr")
    def to_zarr(self, path: StrPath, *, overwrite: bool = False) -> None:
        """Write a Zarr folder."""
        from ..io.zarr_folders import write_zarr

        write_zarr(self._obj, path, overwrite=overwrite)


class DataArrayProfile(StageAccessor, Selections[xr.DataArray]):
    """Accessor ``.profile`` of a DataArray: a map image has the methods of one map.

    Parameters
    ----------
    obj : xarray.DataArray
        Any DataArray; one with the dims ``lat`` and ``lon`` and the coordinate ``wcs``, or with the
        dim ``cell`` and the coordinate ``healpix``, is a map image. A variable along bins, such as
        ``profile["ts"]``, is a quantity that plots itself.

    See Also
    --------
    DatasetProfile : Accessor of a Dataset.

    Examples
    --------
    >>> import xprofile
    >>> maps = xprofile.tutorial.open_maps("galactic-center-sim")
    >>> dir(maps.counts.profile)[:3]
    ['bin', 'cutout', 'isel']
    """

    _obj: xr.DataArray
    _no_stage = "not a map image"

    def __new__(cls, obj: xr.DataArray | None = None) -> Self:
        """Choose the class of a map image; without an array, as when unpickling, keep the class."""
        stage = find_array_stage(obj) if cls is DataArrayProfile and obj is not None else None
        return object.__new__(_stage_class(stage) if stage else cls)  # type: ignore[return-value]

    def __repr__(self) -> str:
        from ..profile.summary import describe_array

        return describe_array(self._obj)

    def _current(self) -> DataArrayProfile:
        return DataArrayProfile(self._obj)

    def _lacks(self, stage: str) -> str:
        if stage != "image":
            return ""
        missing = [dim for dim in sky_dims(self._obj) if dim not in self._obj.dims]
        grid = HEALPIX if is_healpix(self._obj) else WCS_NAME
        missing += [grid] if grid not in self._obj.coords else []
        return f" and lacks {', '.join(missing)}"
