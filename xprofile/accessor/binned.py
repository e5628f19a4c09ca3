"""Methods of binned data."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, Any, Literal

import xarray as xr

from .delegation import calls
from .fits import FitsAccessor

if TYPE_CHECKING:
    import astropy.units as u
    import numpy as np
    from matplotlib.axes import Axes
    from numpy.typing import ArrayLike

    from ..estimation.confidence import Prior
    from ..estimation.energy_groups import EnergyEdges
    from ..spectrum.models import SpectralModel

__all__ = ["BinnedAccessor"]


class BinnedAccessor(FitsAccessor):
    """Methods of binned data, at ``binned.profile``.

    Parameters
    ----------
    obj : xarray.Dataset
        Binned data.

    See Also
    --------
    xprofile.bin_maps : Make binned data.
    xprofile.accessor.profile.ProfileAccessor : Methods of what `estimate` and `unfold` return.

    Examples
    --------
    >>> import astropy.units as u
    >>> from astropy.coordinates import SkyCoord
    >>> import xprofile
    >>> center = SkyCoord(0, 0, unit="deg", frame="galactic")
    >>> maps = xprofile.tutorial.open_maps("galactic-center-sim")
    >>> rings = xprofile.SkyBins.annuli(center, radius_max=2 * u.deg, nbin=4)
    >>> maps.profile.bin(rings).profile
    Binned data
    ...
    """

    _stage = "binned"

    @calls("estimation.estimating.estimate")
    def estimate(
        self,
        *,
        spectral_model: SpectralModel | None = None,
        energy_edges: EnergyEdges = None,
        n_sigma: float | None = None,
        n_sigma_ul: float | None = None,
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
        cl: float | None = None,
        cl_ul: float | None = None,
        ul_method: str = "likelihood",
        interval_method: str | None = None,
        prior: Prior | None = None,
        toys: int | str | None = None,
        fc_lengthen: bool = True,
        rng: int | np.random.Generator | None = None,
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
            strict_energies=strict_energies, cl=cl, cl_ul=cl_ul,
            ul_method=ul_method, interval_method=interval_method, prior=prior, toys=toys,
            fc_lengthen=fc_lengthen, rng=rng, progress=progress, parallel=parallel,
        )  # fmt: skip

    @calls("profile.significance.goodness.goodness_of_fit")
    def goodness_of_fit(
        self,
        *,
        spectral_model: SpectralModel | None = None,
        energy_edges: EnergyEdges = None,
        background: str | float = "fixed",
        sum_over_energy_groups: bool = False,
        strict_energies: bool = False,
        n_toys: int | None = None,
        rng: int | np.random.Generator | None = None,
        progress: bool = False,
    ) -> xr.Dataset:
        """Test whether all bins have no signal, or the same norm."""
        from ..profile.significance.goodness import goodness_of_fit

        return goodness_of_fit(
            self._obj, spectral_model=spectral_model, energy_edges=energy_edges,
            background=background, sum_over_energy_groups=sum_over_energy_groups,
            strict_energies=strict_energies, n_toys=n_toys, rng=rng, progress=progress,
        )  # fmt: skip

    @calls("estimation.unfolding.unfolding.unfold")
    def unfold(
        self,
        *,
        spectral_model: SpectralModel | None = None,
        energy_edges: EnergyEdges = None,
        n_sigma: float | None = None,
        n_sigma_ul: float | None = None,
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
        cl: float | None = None,
        cl_ul: float | None = None,
        ul_method: Literal["likelihood", "bounded", "cls"] = "likelihood",
        interval_method: Literal["likelihood", "bounded"] | None = None,
        progress: bool = False,
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
            strict_energies=strict_energies, cl=cl,
            cl_ul=cl_ul, ul_method=ul_method, interval_method=interval_method,
            progress=progress,
        )  # fmt: skip

    @calls("profile.regrouping.rebinning.rebin")
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
        from ..profile.regrouping.rebinning import rebin

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

    @calls("profile.regrouping.energy_rebinning.rebin_energy")
    def rebin_energy(
        self,
        factor: int | None = None,
        *,
        edges: u.Quantity | ArrayLike | None = None,
        min_counts: float | None = None,
        min_excess_sigma: float | None = None,
        min_ts: float | None = None,
        spectral_model: SpectralModel | None = None,
        norm_min: float | None = None,
        background: str | float | None = None,
        min_coverage: float | None = None,
    ) -> xr.Dataset:
        """Merge neighbouring energy bins."""
        from ..profile.regrouping.energy_rebinning import rebin_energy

        return rebin_energy(
            self._obj, factor, edges=edges, min_counts=min_counts,
            min_excess_sigma=min_excess_sigma, min_ts=min_ts, spectral_model=spectral_model,
            norm_min=norm_min, background=background, min_coverage=min_coverage,
        )  # fmt: skip

    @calls("profile.regrouping.rebinning.fold")
    def fold(self) -> xr.Dataset:
        """Fold bins round 0."""
        from ..profile.regrouping.rebinning import fold

        return fold(self._obj)

    @calls("spectrum.sharing.share_kept")
    def share_kept(self, *, spectral_model: SpectralModel | None = None) -> xr.DataArray:
        """Share of the photons that stays in each bin."""
        from ..spectrum.sharing import share_kept

        return share_kept(self._obj, spectral_model=spectral_model)

    @calls("spectrum.sharing.psf_profile")
    def psf_profile(self, *, per_solid_angle: bool | str | u.UnitBase = False) -> xr.DataArray:
        """Profile of a point source at the origin."""
        from ..spectrum.sharing import psf_profile

        return psf_profile(self._obj, per_solid_angle=per_solid_angle)

    @calls("plot.mixing.psf.plot_psf")
    def plot_psf(
        self,
        *,
        ax: Axes | None = None,
        energy: int | u.Quantity | None = None,
        spectral_model: SpectralModel | None = None,
        total: float = 1.0,
        per_solid_angle: bool | str | u.UnitBase = False,
        x: str | None = None,
        x_unit: str | u.Unit | None = None,
        add_legend: bool | None = None,
        **kwargs: Any,
    ) -> Axes:
        """Plot the PSF through the bins."""
        from ..plot import plot_psf

        return plot_psf(
            self._obj, ax=ax, energy=energy, spectral_model=spectral_model, total=total,
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
