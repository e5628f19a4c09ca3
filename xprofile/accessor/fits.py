"""Methods of binned data that fit models to it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any, Literal

import xarray as xr

from .base import DatasetProfile
from .delegation import calls

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import ArrayLike

    from ..estimation.energy_groups import EnergyEdges
    from ..spectrum.models import SpectralModel

__all__ = ["FitsAccessor"]


class FitsAccessor(DatasetProfile):
    """Fits of templates, shapes and spectra to binned data."""

    @calls("estimation.shapes.shape_fits.fit_shape")
    def fit_shape(
        self,
        model: Any,
        *,
        spectral_model: SpectralModel | None = None,
        per: Literal["profile", "energy"] | None = None,
        energy_edges: EnergyEdges = None,
        extension: str | None = None,
        n_sigma: float | None = None,
        n_sigma_ul: float | None = None,
        selection_optional: Collection[str] | str | None = "all",
        strict_energies: bool = False,
        cl: float | None = None,
        cl_ul: float | None = None,
        progress: bool = False,
    ) -> xr.Dataset:
        """Fit a brightness that depends on the distance."""
        from ..estimation.shapes.shape_fits import fit_shape

        return fit_shape(
            self._obj, model, spectral_model=spectral_model, per=per, energy_edges=energy_edges,
            extension=extension, n_sigma=n_sigma, n_sigma_ul=n_sigma_ul,
            selection_optional=selection_optional, strict_energies=strict_energies, cl=cl,
            cl_ul=cl_ul, progress=progress,
        )  # fmt: skip

    @calls("estimation.spectra.spectrum_fits.fit_spectrum")
    def fit_spectrum(
        self,
        spectral_model: SpectralModel,
        *,
        free: Collection[str] | str = ("alpha",),
        energy_edges: EnergyEdges = None,
        n_sigma: float | None = None,
        selection_optional: Collection[str] | str | None = "all",
        background: str | float = "fixed",
        strict_energies: bool = False,
        n_toys: int = 0,
        rng: int | np.random.Generator | None = None,
        cl: float | None = None,
        progress: bool = False,
    ) -> xr.Dataset:
        """Fit a spectrum in each bin."""
        from ..estimation.spectra.spectrum_fits import fit_spectrum

        return fit_spectrum(
            self._obj, spectral_model, free=free, energy_edges=energy_edges, n_sigma=n_sigma,
            selection_optional=selection_optional, background=background,
            strict_energies=strict_energies, n_toys=n_toys, rng=rng, cl=cl, progress=progress,
        )  # fmt: skip

    @calls("estimation.templates.template_fits.fit_templates")
    def fit_templates(
        self,
        templates: Mapping[str, Any],
        *,
        per: Literal["profile", "energy", "bin"] = "profile",
        spectral_model: SpectralModel | None = None,
        free_bins: bool | xr.DataArray | ArrayLike = False,
        energy_edges: EnergyEdges = None,
        n_sigma: float | None = None,
        n_sigma_ul: float | None = None,
        selection_optional: Collection[str] | str | None = None,
        norm_min: float | None = None,
        background: str | float = "fixed",
        background_correlated: bool = False,
        exposure_systematic: float = 0,
        sum_over_energy_groups: bool = False,
        strict_energies: bool = False,
        n_toys: int = 0,
        rng: int | np.random.Generator | None = None,
        cl: float | None = None,
        cl_ul: float | None = None,
        progress: bool = False,
    ) -> xr.Dataset:
        """Fit the norms of several templates at once."""
        from ..estimation.templates.template_fits import fit_templates

        return fit_templates(
            self._obj, templates, per=per, spectral_model=spectral_model, free_bins=free_bins,
            energy_edges=energy_edges, n_sigma=n_sigma, n_sigma_ul=n_sigma_ul,
            selection_optional=selection_optional, norm_min=norm_min, background=background,
            background_correlated=background_correlated, exposure_systematic=exposure_systematic,
            sum_over_energy_groups=sum_over_energy_groups, strict_energies=strict_energies,
            n_toys=n_toys, rng=rng, cl=cl, cl_ul=cl_ul, progress=progress,
        )  # fmt: skip
