"""Gamma-ray flux profiles from map cubes, as labelled xarray Datasets."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from .accessor import DataArrayProfile, DatasetProfile
from .schema.history import installed_version

__version__ = installed_version()

if TYPE_CHECKING:
    from . import exceptions, tutorial
    from . import plot as plot
    from .binned.binning import bin_maps
    from .binned.image_binning import bin_image
    from .binned.nearest_bins import isel, nearest
    from .binned.selection import cutout, exclude
    from .bins.skybins import SkyBins
    from .estimation.estimating import estimate
    from .estimation.estimator import ProfileEstimator
    from .estimation.shapes.shape_fits import fit_shape
    from .estimation.spectra.spectrum_fits import fit_spectrum
    from .estimation.templates.left_over import bin_profile
    from .estimation.templates.template_fits import fit_templates
    from .estimation.unfolding.unfolding import unfold
    from .io.events.opening import open_events
    from .io.maps.gammapy_datasets import from_gammapy
    from .io.maps.opening import open_maps
    from .io.maps.single_map import open_map
    from .io.maps.writing import write_maps
    from .io.netcdf import open_netcdf, write_netcdf
    from .io.profiles.astropy_tables import to_table
    from .io.profiles.dataframes import to_dataframe
    from .io.profiles.ecsv import write_ecsv
    from .io.profiles.fits_tables import write_profile
    from .io.profiles.opening import open_profile
    from .io.spectra.opening import open_spectrum
    from .io.zarr_folders import write_zarr
    from .maps.coarsening import coarsen
    from .maps.in_memory import from_arrays
    from .maps.indexing.selecting import select
    from .maps.positions import assign_sky_coords, skycoord, solid_angle
    from .maps.smoothing import smooth
    from .prediction.predicting import predict
    from .profile.calibration import expected_limits, interval_coverage
    from .profile.comparing.arithmetic import divide, subtract
    from .profile.comparing.correlating import correlation
    from .profile.comparing.normalizing import normalize
    from .profile.limits import recompute_ul, upper_limits, with_threshold
    from .profile.profile_merging import merge_profiles
    from .profile.radial.growth import curve_of_growth
    from .profile.radial.radii import containment, fwhm, half_light
    from .profile.reference_model import with_reference_model
    from .profile.regrouping.energy_rebinning import rebin_energy
    from .profile.regrouping.rebinning import fold, rebin
    from .profile.sed import quantity, to_sed_type
    from .profile.significance.goodness import goodness_of_fit
    from .profile.significance.most_significant import global_significance
    from .profile.significance.p_values import p_value
    from .profile.toys import simulate
    from .schema.axes import axis_edges
    from .schema.checks import check_binned, check_maps, check_profile
    from .schema.units import to_units
    from .spectrum.models import power_law
    from .spectrum.sharing import psf_profile, share_kept
    from .spectrum.table_models import table_model

__all__ = [
    "DataArrayProfile",
    "DatasetProfile",
    "ProfileEstimator",
    "SkyBins",
    "assign_sky_coords",
    "axis_edges",
    "bin_image",
    "bin_maps",
    "bin_profile",
    "check_binned",
    "check_maps",
    "check_profile",
    "coarsen",
    "containment",
    "correlation",
    "curve_of_growth",
    "cutout",
    "divide",
    "estimate",
    "exceptions",
    "exclude",
    "expected_limits",
    "fit_shape",
    "fit_spectrum",
    "fit_templates",
    "fold",
    "from_arrays",
    "from_gammapy",
    "fwhm",
    "global_significance",
    "goodness_of_fit",
    "half_light",
    "interval_coverage",
    "isel",
    "merge_profiles",
    "nearest",
    "normalize",
    "open_events",
    "open_map",
    "open_maps",
    "open_netcdf",
    "open_profile",
    "open_spectrum",
    "p_value",
    "power_law",
    "predict",
    "psf_profile",
    "quantity",
    "rebin",
    "rebin_energy",
    "recompute_ul",
    "select",
    "share_kept",
    "simulate",
    "skycoord",
    "smooth",
    "solid_angle",
    "subtract",
    "table_model",
    "to_dataframe",
    "to_sed_type",
    "to_table",
    "to_units",
    "tutorial",
    "unfold",
    "upper_limits",
    "with_reference_model",
    "with_threshold",
    "write_ecsv",
    "write_maps",
    "write_netcdf",
    "write_profile",
    "write_zarr",
]

# where each name is; modules are imported when a name of theirs is first asked for
_NAMES = {
    "binned.binning": ("bin_maps",),
    "binned.image_binning": ("bin_image",),
    "binned.nearest_bins": ("isel", "nearest"),
    "binned.selection": (
        "cutout",
        "exclude",
    ),
    "bins.skybins": ("SkyBins",),
    "estimation.estimating": ("estimate",),
    "estimation.estimator": ("ProfileEstimator",),
    "estimation.templates.left_over": ("bin_profile",),
    "estimation.shapes.shape_fits": ("fit_shape",),
    "estimation.spectra.spectrum_fits": ("fit_spectrum",),
    "estimation.templates.template_fits": ("fit_templates",),
    "estimation.unfolding.unfolding": ("unfold",),
    "io.events.opening": ("open_events",),
    "io.maps.gammapy_datasets": ("from_gammapy",),
    "io.maps.opening": ("open_maps",),
    "io.maps.single_map": ("open_map",),
    "io.netcdf": (
        "open_netcdf",
        "write_netcdf",
    ),
    "io.profiles.opening": ("open_profile",),
    "io.spectra.opening": ("open_spectrum",),
    "maps.coarsening": ("coarsen",),
    "maps.in_memory": ("from_arrays",),
    "maps.smoothing": ("smooth",),
    "prediction.predicting": ("predict",),
    "profile.calibration": (
        "expected_limits",
        "interval_coverage",
    ),
    "profile.comparing.arithmetic": ("divide", "subtract"),
    "profile.comparing.normalizing": ("normalize",),
    "profile.comparing.correlating": ("correlation",),
    "profile.limits": (
        "recompute_ul",
        "upper_limits",
        "with_threshold",
    ),
    "profile.profile_merging": ("merge_profiles",),
    "profile.radial.growth": ("curve_of_growth",),
    "profile.radial.radii": (
        "containment",
        "fwhm",
        "half_light",
    ),
    "profile.regrouping.energy_rebinning": ("rebin_energy",),
    "profile.regrouping.rebinning": (
        "fold",
        "rebin",
    ),
    "profile.reference_model": ("with_reference_model",),
    "profile.sed": (
        "quantity",
        "to_sed_type",
    ),
    "profile.significance.goodness": ("goodness_of_fit",),
    "profile.significance.most_significant": ("global_significance",),
    "profile.significance.p_values": ("p_value",),
    "profile.toys": ("simulate",),
    "schema.checks": (
        "check_binned",
        "check_maps",
        "check_profile",
    ),
    "schema.units": ("to_units",),
    "spectrum.models": ("power_law",),
    "spectrum.sharing": (
        "psf_profile",
        "share_kept",
    ),
    "spectrum.table_models": ("table_model",),
    "schema.axes": ("axis_edges",),
    "io.maps.writing": ("write_maps",),
    "io.zarr_folders": ("write_zarr",),
    "io.profiles.fits_tables": ("write_profile",),
    "io.profiles.ecsv": ("write_ecsv",),
    "io.profiles.astropy_tables": ("to_table",),
    "io.profiles.dataframes": ("to_dataframe",),
    "maps.indexing.selecting": ("select",),
    "maps.positions": (
        "assign_sky_coords",
        "skycoord",
        "solid_angle",
    ),
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
    return sorted([*__all__, "plot"])  # which star imports leave out, as it loads matplotlib
