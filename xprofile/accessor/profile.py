"""Methods of a profile."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

import xarray as xr

from .delegation import calls
from .tables import BinsAccessor

if TYPE_CHECKING:
    import astropy.units as u
    import numpy as np
    from matplotlib.axes import Axes

    from ..bins.skybins import AnyBins
    from ..spectrum.models import SpectralModel

__all__ = ["ProfileAccessor"]


class ProfileAccessor(BinsAccessor):
    """Methods of a profile, at ``profile.profile``.

    Parameters
    ----------
    obj : xarray.Dataset
        Profile.

    See Also
    --------
    xprofile.estimate : Make a profile.
    xprofile.open_profile : Open one from a file.

    Examples
    --------
    >>> import astropy.units as u
    >>> from astropy.coordinates import SkyCoord
    >>> import xprofile
    >>> center = SkyCoord(0, 0, unit="deg", frame="galactic")
    >>> maps = xprofile.tutorial.open_maps("galactic-center-sim")
    >>> rings = xprofile.SkyBins.annuli(center, radius_max=2 * u.deg, nbin=4)
    >>> maps.profile.estimate(rings).profile
    Flux profile, likelihood
    ...
    """

    _stage = "profile"

    @calls("profile.sed.to_sed_type")
    def to_sed_type(
        self, sed_type: str, *, per_solid_angle: bool | str | u.UnitBase = False
    ) -> xr.Dataset:
        """Convert to another sed type."""
        from ..profile.sed import to_sed_type

        return to_sed_type(self._obj, sed_type, per_solid_angle=per_solid_angle)

    @calls("profile.reference_model.with_reference_model")
    def with_reference_model(self, spectral_model: SpectralModel) -> xr.Dataset:
        """Refer to another model."""
        from ..profile.reference_model import with_reference_model

        return with_reference_model(self._obj, spectral_model)

    @calls("profile.sed.quantity")
    def quantity(self, name: str) -> u.Quantity:
        """Return a quantity of any sed type with its unit."""
        from ..profile.sed import quantity

        return quantity(self._obj, name)

    @calls("profile.limits.upper_limits")
    def upper_limits(self, threshold: float | None = None) -> xr.DataArray:
        """Tell which bins are limits."""
        from ..profile.limits import upper_limits

        return upper_limits(self._obj, threshold)

    @calls("profile.limits.with_threshold")
    def with_threshold(self, sqrt_ts_threshold_ul: float) -> xr.Dataset:
        """Change the significance below which limits are quoted."""
        from ..profile.limits import with_threshold

        return with_threshold(self._obj, sqrt_ts_threshold_ul)

    @calls("profile.limits.recompute_ul")
    def recompute_ul(
        self, n_sigma_ul: float | None = None, *, cl_ul: float | None = None
    ) -> xr.Dataset:
        """Compute limits of another significance from a scan."""
        from ..profile.limits import recompute_ul

        return recompute_ul(self._obj, n_sigma_ul, cl_ul=cl_ul)

    @calls("profile.calibration.expected_limits")
    def expected_limits(self, quantity: str | None = None) -> xr.DataArray:
        """Return the limits that toys lead to expect."""
        from ..profile.calibration import expected_limits

        return expected_limits(self._obj, quantity)

    @calls("profile.significance.p_values.p_value")
    def p_value(
        self,
        toys: xr.Dataset,
        *,
        quantity: str = "ts",
        correction: Literal["none", "max", "holm"] = "none",
    ) -> xr.DataArray:
        """Calibrate a test statistic by toys."""
        from ..profile.significance.p_values import p_value

        return p_value(self._obj, toys, quantity=quantity, correction=correction)

    @calls("profile.significance.most_significant.global_significance")
    def global_significance(self, toys: xr.Dataset, *, quantity: str = "sqrt_ts") -> xr.Dataset:
        """Return the significance of the most significant bin among all."""
        from ..profile.significance.most_significant import global_significance

        return global_significance(self._obj, toys, quantity=quantity)

    @calls("profile.calibration.interval_coverage")
    def interval_coverage(self, norm: float | xr.DataArray) -> xr.Dataset:
        """Return the share of toys whose intervals hold the truth."""
        from ..profile.calibration import interval_coverage

        return interval_coverage(self._obj, norm)

    @calls("profile.radial.radii.containment")
    def containment(self, fraction: float = 0.68) -> xr.Dataset:
        """Radius that contains a share of the flux."""
        from ..profile.radial.radii import containment

        return containment(self._obj, fraction)

    @calls("profile.radial.radii.half_light")
    def half_light(self) -> xr.Dataset:
        """Radius that contains half of the flux."""
        from ..profile.radial.radii import half_light

        return half_light(self._obj)

    @calls("profile.radial.radii.fwhm")
    def fwhm(self) -> xr.Dataset:
        """Full width at half maximum of the brightness."""
        from ..profile.radial.radii import fwhm

        return fwhm(self._obj)

    @calls("profile.radial.growth.curve_of_growth")
    def curve_of_growth(self) -> xr.Dataset:
        """Flux within each radius."""
        from ..profile.radial.growth import curve_of_growth

        return curve_of_growth(self._obj)

    @calls("profile.comparing.normalizing.normalize")
    def normalize(self, to: str | int | u.Quantity = "peak") -> xr.Dataset:
        """Divide by the peak, the sum or a bin."""
        from ..profile.comparing.normalizing import normalize

        return normalize(self._obj, to)

    @calls("profile.comparing.arithmetic.divide")
    def divide(self, other: xr.Dataset | xr.DataArray) -> xr.Dataset:
        """Divide by another profile."""
        from ..profile.comparing.arithmetic import divide

        return divide(self._obj, other)

    @calls("profile.comparing.arithmetic.subtract")
    def subtract(self, other: xr.Dataset | xr.DataArray) -> xr.Dataset:
        """Subtract another profile."""
        from ..profile.comparing.arithmetic import subtract

        return subtract(self._obj, other)

    @calls("profile.comparing.correlating.correlation")
    def correlation(
        self,
        profile_b: xr.Dataset | xr.DataArray,
        *,
        quantity: str | None = None,
        method: Literal["pearson", "spearman"] = "pearson",
        n_toys: int = 1000,
        rng: int | np.random.Generator | None = None,
    ) -> xr.Dataset:
        """Correlate two profiles over their bins."""
        from ..profile.comparing.correlating import correlation

        return correlation(
            self._obj, profile_b, quantity=quantity, method=method, n_toys=n_toys, rng=rng
        )

    @calls("plot.scan.plot_stat_scan")
    def plot_stat_scan(
        self,
        quantity: str | None = None,
        *,
        ax: Axes | None = None,
        sed_type: str | None = None,
        cmap: Any = None,
        vmin: float = 0.0,
        vmax: float = 9.0,
        x: str | None = None,
        x_unit: str | u.Unit | None = None,
        add_points: bool = True,
        add_colorbar: bool = True,
        **kwargs: Any,
    ) -> Axes:
        """Plot the statistic over flux and distance."""
        from ..plot import plot_stat_scan

        return plot_stat_scan(
            self._obj, quantity, ax=ax, sed_type=sed_type, cmap=cmap, vmin=vmin, vmax=vmax,
            x=x, x_unit=x_unit, add_points=add_points, add_colorbar=add_colorbar, **kwargs,
        )  # fmt: skip

    @calls("plot.mixing.correlation.plot_correlation")
    def plot_correlation(
        self,
        *,
        ax: Axes | None = None,
        energy: int | u.Quantity | None = None,
        x: str | None = None,
        x_unit: str | u.Unit | None = None,
        cmap: Any = None,
        vmin: float = -1.0,
        vmax: float = 1.0,
        add_colorbar: bool = True,
        **kwargs: Any,
    ) -> Axes:
        """Plot the correlation of the norms of all bins."""
        from ..plot import plot_correlation

        return plot_correlation(
            self._obj, ax=ax, energy=energy, x=x, x_unit=x_unit, cmap=cmap, vmin=vmin, vmax=vmax,
            add_colorbar=add_colorbar, **kwargs,
        )  # fmt: skip

    @calls("plot.sky_bins.plot_sky_bins")
    def plot_sky_bins(
        self,
        quantity: str | None = None,
        *,
        ax: Axes | None = None,
        sed_type: str | None = None,
        cmap: Any = None,
        vmin: float | None = None,
        vmax: float | None = None,
        add_colorbar: bool = True,
        **kwargs: Any,
    ) -> Axes:
        """Show a quantity on the sky."""
        from ..plot import plot_sky_bins

        return plot_sky_bins(
            self._obj, quantity, ax=ax, sed_type=sed_type, cmap=cmap, vmin=vmin, vmax=vmax,
            add_colorbar=add_colorbar, **kwargs,
        )  # fmt: skip

    @calls("plot.summary.figure.plot_summary")
    def plot_summary(
        self,
        image: xr.DataArray | None = None,
        *,
        figure: Any = None,
        bins: AnyBins | None = None,
        sed_type: str | None = None,
        x: str | None = None,
        x_unit: str | u.Unit | None = None,
        image_kw: Mapping[str, Any] | None = None,
        bins_kw: Mapping[str, Any] | None = None,
        **kwargs: Any,
    ) -> dict[str, Axes]:
        """Plot sky, flux, counts and significance."""
        from ..plot import plot_summary

        return plot_summary(
            self._obj,
            image,
            figure=figure,
            bins=bins,
            sed_type=sed_type,
            x=x,
            x_unit=x_unit,
            image_kw=image_kw,
            bins_kw=bins_kw,
            **kwargs,
        )
