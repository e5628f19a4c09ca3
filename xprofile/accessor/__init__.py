"""The ``.profile`` accessor of Datasets and DataArrays: each method is one call of a function.

The functions are imported when they are called, so that an import of xprofile costs little.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import TYPE_CHECKING, Any, Literal

import xarray as xr

if TYPE_CHECKING:
    import astropy.units as u
    import pandas as pd
    from astropy.coordinates import SkyCoord
    from astropy.table import QTable
    from astropy.wcs import WCS
    from matplotlib.axes import Axes

    from ..bins.skybins import AnyBins
    from ..io.atomic import StrPath
    from ..spectrum.models import SpectralModel

__all__ = ["DataArrayProfile", "DatasetProfile"]


@xr.register_dataset_accessor("profile")  # type: ignore[no-untyped-call]
class DatasetProfile:
    """Methods of maps, binned and profile Datasets."""

    def __init__(self, obj: xr.Dataset) -> None:
        self._obj = obj

    def __repr__(self) -> str:
        from ..profile.summary import summary

        return summary(self._obj)

    @property
    def wcs(self) -> WCS:
        """Celestial WCS of maps."""
        from ..maps.wcs import decode_wcs

        return decode_wcs(self._obj)

    @property
    def skycoord(self) -> SkyCoord:
        """Sky coordinates of maps' pixel centres, (lat, lon)."""
        from ..maps.positions import skycoord

        return skycoord(self._obj)

    @property
    def solid_angle(self) -> xr.DataArray:
        """Solid angle of maps' pixels in sr, (lat, lon)."""
        from ..maps.positions import solid_angle

        return solid_angle(self._obj)

    def cutout(
        self, center: SkyCoord, width: u.Quantity | tuple[u.Quantity, u.Quantity]
    ) -> xr.Dataset:
        """Cut maps out round a position; see `xprofile.binned.selection.cutout`."""
        from ..binned.selection import cutout

        return cutout(self._obj, center, width)

    def coarsen(self, factor: int) -> xr.Dataset:
        """Join pixels of maps to larger ones; see `xprofile.maps.coarsening.coarsen`."""
        from ..maps.coarsening import coarsen

        return coarsen(self._obj, factor)

    def exclude(self, regions: AnyBins) -> xr.Dataset:
        """Mask regions of maps; see `xprofile.binned.selection.exclude`."""
        from ..binned.selection import exclude

        return exclude(self._obj, regions)

    def assign_sky_coords(self) -> xr.Dataset:
        """Add the sky position of every pixel; see `xprofile.maps.positions.assign_sky_coords`."""
        from ..maps.positions import assign_sky_coords

        return assign_sky_coords(self._obj)

    def bin(self, bins: AnyBins) -> xr.Dataset:
        """Sum maps over bins; see `xprofile.bin_maps`."""
        from ..binned.binning import bin_maps

        return bin_maps(self._obj, bins)

    def rebin(self, factor: int | None = None, **criterion: Any) -> xr.Dataset:
        """Merge neighbouring bins of binned data; see `xprofile.rebin`."""
        from ..profile.regrouping import rebin

        return rebin(self._obj, factor, **criterion)

    def fold(self) -> xr.Dataset:
        """Fold bins round 0; see `xprofile.fold`."""
        from ..profile.regrouping import fold

        return fold(self._obj)

    def estimate(self, bins: AnyBins | None = None, **settings: Any) -> xr.Dataset:
        """Estimate a profile of binned data, or of maps in `bins`; see `xprofile.estimate`."""
        from ..estimation.estimator import estimate

        return estimate(self._obj if bins is None else self.bin(bins), **settings)

    def simulate(self, **settings: Any) -> xr.Dataset:
        """Draw toys of binned data; see `xprofile.simulate`."""
        from ..profile.toys import simulate

        return simulate(self._obj, **settings)

    def expected_limits(self, quantity: str | None = None) -> xr.DataArray:
        """Return the limits that toys lead to expect; see `xprofile.expected_limits`."""
        from ..profile.calibration import expected_limits

        return expected_limits(self._obj, quantity)

    def p_value(self, toys: xr.Dataset, *, quantity: str = "ts") -> xr.DataArray:
        """Calibrate a test statistic of a profile by toys; see `xprofile.p_value`."""
        from ..profile.calibration import p_value

        return p_value(self._obj, toys, quantity=quantity)

    def interval_coverage(self, norm: float | xr.DataArray) -> xr.Dataset:
        """Return how often toys hold the truth; see `xprofile.interval_coverage`."""
        from ..profile.calibration import interval_coverage

        return interval_coverage(self._obj, norm)

    def to_sed_type(self, sed_type: str, *, per_solid_angle: bool = False) -> xr.Dataset:
        """Convert a profile; see `xprofile.to_sed_type`."""
        from ..profile.sed import to_sed_type

        return to_sed_type(self._obj, sed_type, per_solid_angle=per_solid_angle)

    def with_reference_model(self, spectral_model: SpectralModel) -> xr.Dataset:
        """Refer a profile to another model; see `xprofile.with_reference_model`."""
        from ..profile.reference_model import with_reference_model

        return with_reference_model(self._obj, spectral_model)

    def to_units(
        self, units: Mapping[str, str | u.Unit] | None = None, **by_name: str | u.Unit
    ) -> xr.Dataset:
        """Change units by name; see `xprofile.to_units`."""
        from ..schema.units import to_units

        return to_units(self._obj, units, **by_name)

    def sel(self, indexers: Mapping[Hashable, Any] | None = None, **by_name: Any) -> xr.Dataset:
        """Select by coordinates with Quantities; see `xprofile.select`."""
        from ..schema.indexing import select

        return select(self._obj, indexers, **by_name)

    def quantity(self, name: str) -> u.Quantity:
        """Return a quantity of any sed type with its unit; see `xprofile.profile.sed.quantity`."""
        from ..profile.sed import quantity

        return quantity(self._obj, name)

    def upper_limits(self, threshold: float | None = None) -> xr.DataArray:
        """Return which bins are limits; see `xprofile.profile.sed.upper_limits`."""
        from ..profile.sed import upper_limits

        return upper_limits(self._obj, threshold)

    def with_threshold(self, sqrt_ts_threshold_ul: float) -> xr.Dataset:
        """Change the significance below which limits are quoted."""
        from ..profile.sed import with_threshold

        return with_threshold(self._obj, sqrt_ts_threshold_ul)

    def recompute_ul(self, n_sigma_ul: float = 2.0) -> xr.Dataset:
        """Limits of another significance from a scan; see `xprofile.recompute_ul`."""
        from ..profile.scans import recompute_ul

        return recompute_ul(self._obj, n_sigma_ul)

    def plot(self, quantity: str | None = None, *, ax: Axes | None = None, **kwargs: Any) -> Axes:
        """Plot a profile; see `xprofile.plot.plot_profile`."""
        from ..plot import plot_profile

        return plot_profile(self._obj, quantity, ax=ax, **kwargs)

    def plot_stat_scan(self, *, ax: Axes | None = None, **kwargs: Any) -> Axes:
        """Plot the statistic over flux and distance; see `xprofile.plot.plot_stat_scan`."""
        from ..plot import plot_stat_scan

        return plot_stat_scan(self._obj, ax=ax, **kwargs)

    def plot_summary(self, image: xr.DataArray | None = None, **kwargs: Any) -> dict[str, Axes]:
        """Plot sky, flux, counts and significance; see `xprofile.plot.plot_summary`."""
        from ..plot import plot_summary

        return plot_summary(self._obj, image, **kwargs)

    def to_table(self, sed_type: str | None = None, **options: bool) -> QTable:
        """Make an astropy table; see `xprofile.io.profiles.table.to_table`."""
        from ..io.profiles.table import to_table

        return to_table(self._obj, sed_type, **options)

    def to_dataframe(self, sed_type: str | None = None) -> pd.DataFrame:
        """Make a tidy pandas table; see `xprofile.io.profiles.table.to_dataframe`."""
        from ..io.profiles.table import to_dataframe

        return to_dataframe(self._obj, sed_type)

    def to_fits(
        self, path: StrPath, sed_type: str | None = None, *, overwrite: bool = False
    ) -> None:
        """Write maps or a profile for Gammapy; see `xprofile.io.fits_output.write_fits`."""
        from ..io.fits_output import write_fits

        write_fits(self._obj, path, sed_type, overwrite=overwrite)

    def to_ecsv(
        self, path: StrPath, sed_type: str | None = None, *, overwrite: bool = False
    ) -> None:
        """Write a profile as a table of text; see `xprofile.io.profiles.ecsv.write_ecsv`."""
        from ..io.profiles.ecsv import write_ecsv

        write_ecsv(self._obj, path, sed_type, overwrite=overwrite)

    def to_netcdf(self, path: StrPath, *, overwrite: bool = False, **kwargs: Any) -> None:
        """Write netCDF by the CF conventions; see `xprofile.io.netcdf.write_netcdf`."""
        from ..io.netcdf import write_netcdf

        write_netcdf(self._obj, path, overwrite=overwrite, **kwargs)


@xr.register_dataarray_accessor("profile")  # type: ignore[no-untyped-call]
class DataArrayProfile:
    """Methods of one map."""

    def __init__(self, obj: xr.DataArray) -> None:
        self._obj = obj

    @property
    def wcs(self) -> WCS:
        """Celestial WCS."""
        from ..maps.wcs import decode_wcs

        return decode_wcs(self._obj)

    @property
    def skycoord(self) -> SkyCoord:
        """Sky coordinates of the pixel centres, (lat, lon)."""
        from ..maps.positions import skycoord

        return skycoord(self._obj)

    @property
    def solid_angle(self) -> xr.DataArray:
        """Solid angle of the pixels in sr, (lat, lon)."""
        from ..maps.positions import solid_angle

        return solid_angle(self._obj)

    def cutout(
        self, center: SkyCoord, width: u.Quantity | tuple[u.Quantity, u.Quantity]
    ) -> xr.DataArray:
        """Cut the map out round a position; see `xprofile.binned.selection.cutout`."""
        from ..binned.selection import cutout

        return cutout(self._obj, center, width)

    def bin(self, bins: AnyBins, *, how: Literal["sum", "mean"] = "sum") -> xr.DataArray:
        """Sum or average over bins; see `xprofile.binned.binning.bin_image`."""
        from ..binned.binning import bin_image

        return bin_image(self._obj, bins, how=how)

    def smooth(
        self, width: u.Quantity, *, kernel: str = "gauss", mask: xr.DataArray | None = None
    ) -> xr.DataArray:
        """Smooth; see `xprofile.maps.smoothing.smooth`."""
        from ..maps.smoothing import smooth

        return smooth(self._obj, width, kernel=kernel, mask=mask)

    def plot_sky(self, *, ax: Axes | None = None, **kwargs: Any) -> Axes:
        """Show the map on sky axes; see `xprofile.plot.plot_sky`."""
        from ..plot import plot_sky

        return plot_sky(self._obj, ax=ax, **kwargs)
