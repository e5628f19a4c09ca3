"""Methods of binned data."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any, Literal

import xarray as xr

from .base import DatasetProfile
from .delegation import calls

if TYPE_CHECKING:
    import astropy.units as u
    import numpy as np
    from matplotlib.axes import Axes
    from numpy.typing import ArrayLike

    from ..estimation.energy_groups import EnergyEdges
    from ..spectrum.models import SpectralModel

__all__ = ["BinnedAccessor"]


class BinnedAccessor(DatasetProfile):
    """Methods of binned data, at ``binned.profile``.

    Parameters
    ----------
    obj : xarray.Dataset
        Binned data.
    """

    _stage = "binned"

    @calls("estimation.estimating.estimate")
    def estimate(
        self,
        *,
        spectral_model: SpectralModel | None = None,
        energy_edges: EnergyEdges = None,
        n_sigma: float = 1,
        n_sigma_ul: float = 2,
        n_sigma_sensitivity: float = 5,
        selection_optional: Collection[str] | str | None = None,
        norm_values: ArrayLike | None = None,
        scan_n_sigma: float | None = None,
        scan_n_values: int = 11,
        norm_min: float | None = None,
        background: str | float = "fixed",
        sum_over_energy_groups: bool = False,
        sqrt_ts_threshold_ul: float = 2,
        min_coverage: float = 0,
        strict_energies: bool = False,
        progress: bool = False,
        parallel: bool = False,
    ) -> xr.Dataset:
        """Estimate a profile."""
        from ..estimation.estimating import estimate

        return estimate(
            self._obj, spectral_model=spectral_model, energy_edges=energy_edges, n_sigma=n_sigma,
            n_sigma_ul=n_sigma_ul, n_sigma_sensitivity=n_sigma_sensitivity,
            selection_optional=selection_optional, norm_values=norm_values,
            scan_n_sigma=scan_n_sigma, scan_n_values=scan_n_values, norm_min=norm_min,
            background=background, sum_over_energy_groups=sum_over_energy_groups,
            sqrt_ts_threshold_ul=sqrt_ts_threshold_ul, min_coverage=min_coverage,
            strict_energies=strict_energies, progress=progress, parallel=parallel,
        )  # fmt: skip

    @calls("estimation.unfolding.unfolding.unfold")
    def unfold(
        self,
        *,
        spectral_model: SpectralModel | None = None,
        energy_edges: EnergyEdges = None,
        n_sigma: float = 1,
        n_sigma_ul: float = 2,
        selection_optional: Collection[str] | str | None = None,
        norm_min: float | None = None,
        background: str | float = "fixed",
        background_correlated: bool = False,
        exposure_systematic: float = 0,
        smoothness: float = 0,
        sum_over_energy_groups: bool = False,
        sqrt_ts_threshold_ul: float = 2,
        min_coverage: float = 0,
        strict_energies: bool = False,
    ) -> xr.Dataset:
        """Estimate a profile without the smearing of the PSF."""
        from ..estimation.unfolding.unfolding import unfold

        return unfold(
            self._obj, spectral_model=spectral_model, energy_edges=energy_edges, n_sigma=n_sigma,
            n_sigma_ul=n_sigma_ul, selection_optional=selection_optional, norm_min=norm_min,
            background=background, background_correlated=background_correlated,
            exposure_systematic=exposure_systematic, smoothness=smoothness,
            sum_over_energy_groups=sum_over_energy_groups,
            sqrt_ts_threshold_ul=sqrt_ts_threshold_ul, min_coverage=min_coverage,
            strict_energies=strict_energies,
        )  # fmt: skip

    @calls("estimation.shapes.shape_fits.fit_shape")
    def fit_shape(
        self,
        model: Any,
        *,
        spectral_model: SpectralModel | None = None,
        per: Literal["profile", "energy"] | None = None,
        energy_edges: EnergyEdges = None,
        extension: str | None = None,
        n_sigma: float = 1,
        n_sigma_ul: float = 2,
        selection_optional: Collection[str] | str | None = "all",
        strict_energies: bool = False,
    ) -> xr.Dataset:
        """Fit a brightness that depends on the distance."""
        from ..estimation.shapes.shape_fits import fit_shape

        return fit_shape(
            self._obj, model, spectral_model=spectral_model, per=per, energy_edges=energy_edges,
            extension=extension, n_sigma=n_sigma, n_sigma_ul=n_sigma_ul,
            selection_optional=selection_optional, strict_energies=strict_energies,
        )  # fmt: skip

    @calls("estimation.spectra.spectrum_fits.fit_spectrum")
    def fit_spectrum(
        self,
        spectral_model: SpectralModel,
        *,
        free: Collection[str] | str = ("alpha",),
        energy_edges: EnergyEdges = None,
        n_sigma: float = 1,
        selection_optional: Collection[str] | str | None = "all",
        background: str | float = "fixed",
        strict_energies: bool = False,
        n_toys: int = 0,
        rng: int | np.random.Generator | None = None,
    ) -> xr.Dataset:
        """Fit a spectrum in each bin."""
        from ..estimation.spectra.spectrum_fits import fit_spectrum

        return fit_spectrum(
            self._obj, spectral_model, free=free, energy_edges=energy_edges, n_sigma=n_sigma,
            selection_optional=selection_optional, background=background,
            strict_energies=strict_energies, n_toys=n_toys, rng=rng,
        )  # fmt: skip

    @calls("estimation.templates.template_fits.fit_templates")
    def fit_templates(
        self,
        templates: Mapping[str, Any],
        *,
        per: Literal["profile", "energy", "bin"] = "profile",
        spectral_model: SpectralModel | None = None,
        free_bins: bool | xr.DataArray = False,
        energy_edges: EnergyEdges = None,
        n_sigma: float = 1,
        n_sigma_ul: float = 2,
        selection_optional: Collection[str] | str | None = None,
        norm_min: float | None = None,
        background: str | float = "fixed",
        background_correlated: bool = False,
        exposure_systematic: float = 0,
        sum_over_energy_groups: bool = False,
        strict_energies: bool = False,
        n_toys: int = 0,
        rng: int | np.random.Generator | None = None,
    ) -> xr.Dataset:
        """Fit the norms of several templates at once."""
        from ..estimation.templates.template_fits import fit_templates

        return fit_templates(
            self._obj, templates, per=per, spectral_model=spectral_model, free_bins=free_bins,
            energy_edges=energy_edges, n_sigma=n_sigma, n_sigma_ul=n_sigma_ul,
            selection_optional=selection_optional, norm_min=norm_min, background=background,
            background_correlated=background_correlated, exposure_systematic=exposure_systematic,
            sum_over_energy_groups=sum_over_energy_groups, strict_energies=strict_energies,
            n_toys=n_toys, rng=rng,
        )  # fmt: skip

    @calls("profile.rebinning.rebin")
    def rebin(
        self,
        factor: int | None = None,
        *,
        edges: u.Quantity | ArrayLike | None = None,
        min_counts: float | None = None,
        min_excess_sigma: float | None = None,
        min_ts: float | None = None,
        spectral_model: SpectralModel | None = None,
        energy_edges: EnergyEdges = None,
        norm_min: float | None = None,
        background: str | float | None = None,
        sum_over_energy_groups: bool | None = None,
        min_coverage: float | None = None,
        strict_energies: bool | None = None,
    ) -> xr.Dataset:
        """Merge neighbouring bins."""
        from ..profile.rebinning import rebin

        return rebin(
            self._obj,
            factor,
            edges=edges,
            min_counts=min_counts,
            min_excess_sigma=min_excess_sigma,
            min_ts=min_ts,
            spectral_model=spectral_model,
            energy_edges=energy_edges,
            norm_min=norm_min,
            background=background,
            sum_over_energy_groups=sum_over_energy_groups,
            min_coverage=min_coverage,
            strict_energies=strict_energies,
        )

    @calls("profile.rebinning.fold")
    def fold(self) -> xr.Dataset:
        """Fold bins round 0."""
        from ..profile.rebinning import fold

        return fold(self._obj)

    @calls("spectrum.sharing.share_kept")
    def share_kept(self, *, spectral_model: SpectralModel | None = None) -> xr.DataArray:
        """Share of the photons that stays in each bin."""
        from ..spectrum.sharing import share_kept

        return share_kept(self._obj, spectral_model=spectral_model)

    @calls("spectrum.sharing.psf_profile")
    def psf_profile(self, *, per_solid_angle: bool = False) -> xr.DataArray:
        """Profile of a point source at the origin."""
        from ..spectrum.sharing import psf_profile

        return psf_profile(self._obj, per_solid_angle=per_solid_angle)

    @calls("plot.mixing.psf.plot_psf")
    def plot_psf(
        self,
        *,
        ax: Axes | None = None,
        spectral_model: SpectralModel | None = None,
        total: float = 1.0,
        per_solid_angle: bool = False,
        x: str | None = None,
        x_unit: str | u.Unit | None = None,
        add_legend: bool | None = None,
        **kwargs: Any,
    ) -> Axes:
        """Plot the PSF through the bins."""
        from ..plot import plot_psf

        return plot_psf(
            self._obj, ax=ax, spectral_model=spectral_model, total=total,
            per_solid_angle=per_solid_angle, x=x, x_unit=x_unit, add_legend=add_legend, **kwargs,
        )  # fmt: skip

    @calls("profile.toys.simulate")
    def simulate(
        self,
        *,
        norm: float | xr.DataArray = 0.0,
        n_toys: int = 1000,
        rng: int | np.random.Generator | None = None,
        spectral_model: SpectralModel | None = None,
        background: str | float = "fixed",
    ) -> xr.Dataset:
        """Draw toys."""
        from ..profile.toys import simulate

        return simulate(
            self._obj,
            norm=norm,
            n_toys=n_toys,
            rng=rng,
            spectral_model=spectral_model,
            background=background,
        )
