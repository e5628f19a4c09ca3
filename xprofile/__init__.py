"""Gamma-ray flux profiles from map cubes, as labelled xarray Datasets."""

from importlib.metadata import version

__version__ = version("xprofile")

from . import exceptions, tutorial
from .accessor import DataArrayProfile, DatasetProfile
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
