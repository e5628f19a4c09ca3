"""Gamma-ray flux profiles from map cubes, as labelled xarray Datasets."""

from importlib import import_module
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

__version__ = version("xprofile")

from .accessor import DataArrayProfile, DatasetProfile

if TYPE_CHECKING:
    from . import exceptions, tutorial
    from .binning import bin_image, bin_maps
    from .bins import SkyBins
    from .calibration import expected_limits, interval_coverage, p_value
    from .estimator import ProfileEstimator, estimate
    from .inmemory import from_arrays, from_gammapy
    from .io.maps import open_maps
    from .io.netcdf import open_netcdf
    from .io.profiles import open_profile
    from .io.template import open_map
    from .mapgrid import coarsen, cutout, exclude
    from .reference import with_reference_model
    from .regroup import fold, rebin
    from .scans import recompute_ul
    from .schema import check_binned, check_maps, check_profile
    from .sed import to_sed_type
    from .smoothing import smooth
    from .spectrum import power_law
    from .stacking import merge_profiles
    from .toys import simulate
    from .units import select, to_units

__all__ = [
    "DataArrayProfile",
    "DatasetProfile",
    "ProfileEstimator",
    "SkyBins",
    "bin_image",
    "bin_maps",
    "check_binned",
    "check_maps",
    "check_profile",
    "coarsen",
    "cutout",
    "estimate",
    "exceptions",
    "exclude",
    "expected_limits",
    "fold",
    "from_arrays",
    "from_gammapy",
    "interval_coverage",
    "merge_profiles",
    "open_map",
    "open_maps",
    "open_netcdf",
    "open_profile",
    "p_value",
    "power_law",
    "rebin",
    "recompute_ul",
    "select",
    "simulate",
    "smooth",
    "to_sed_type",
    "to_units",
    "tutorial",
    "with_reference_model",
]

# where each name is; modules are imported when a name of theirs is first asked for
_NAMES = {
    "binning": ("bin_image", "bin_maps"),
    "bins": ("SkyBins",),
    "calibration": ("expected_limits", "interval_coverage", "p_value"),
    "estimator": ("ProfileEstimator", "estimate"),
    "inmemory": ("from_arrays", "from_gammapy"),
    "io.maps": ("open_maps",),
    "io.netcdf": ("open_netcdf",),
    "io.profiles": ("open_profile",),
    "io.template": ("open_map",),
    "mapgrid": ("coarsen", "cutout", "exclude"),
    "reference": ("with_reference_model",),
    "regroup": ("fold", "rebin"),
    "scans": ("recompute_ul",),
    "schema": ("check_binned", "check_maps", "check_profile"),
    "sed": ("to_sed_type",),
    "smoothing": ("smooth",),
    "spectrum": ("power_law",),
    "stacking": ("merge_profiles",),
    "toys": ("simulate",),
    "units": ("select", "to_units"),
}
_PLACES = {name: module for module, names in _NAMES.items() for name in names}


def __getattr__(name: str) -> Any:
    if name in _PLACES:
        value = getattr(import_module(f".{_PLACES[name]}", __name__), name)
        globals()[name] = value
        return value
    if not name.startswith("_"):
        try:
            return import_module(f".{name}", __name__)
        except ModuleNotFoundError as error:
            if error.name != f"{__name__}.{name}":
                raise
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
