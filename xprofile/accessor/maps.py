"""Methods of maps."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any, Literal

import xarray as xr

from .base import DatasetProfile
from .delegation import calls
from .shared_methods import SkyPixels

if TYPE_CHECKING:
    import astropy.units as u
    import numpy as np
    from astropy.coordinates import SkyCoord
    from numpy.typing import ArrayLike

    from ..bins.skybins import AnyBins
    from ..estimation.confidence import Prior
    from ..estimation.energy_groups import EnergyEdges
    from ..io.paths import StrPath
    from ..spectrum.models import SpectralModel

__all__ = ["MapsAccessor"]

_BINS = "bins : SkyBins or list of regions.SkyRegion\n    Bins on the sky, as for `bin`.\n"
_START = """>>> import astropy.units as u
>>> from astropy.coordinates import SkyCoord
>>> import xprofile
>>> maps = xprofile.tutorial.open_maps("galactic-center-sim")
>>> center = SkyCoord(0, 0, unit="deg", frame="galactic")
>>> maps = maps.profile.cutout(center, 3 * u.deg)  # or all of the maps
>>> rings = xprofile.SkyBins.annuli(center, edges=[0, 0.5, 1] * u.deg)
"""
_ESTIMATE = (
    _START
    + """>>> profile = maps.profile.estimate(rings, selection_optional=["ul"])
>>> dict(profile.norm_ul.sizes)
{'projected_distance': 2, 'energy': 1}
"""
)
_FIT_TEMPLATES = (
    _START
    + """>>> gas = maps.background.sum("energy")  # any map of the sky, of any scale
>>> model = xprofile.power_law(2.6)
>>> fit = maps.profile.fit_templates(rings, {"gas": gas}, spectral_model=model)
>>> fit.npred.dims
('template', 'energy', 'projected_distance')
"""
)


class MapsAccessor(DatasetProfile, SkyPixels[xr.Dataset]):
    """Methods of maps, at ``maps.profile``.

    Parameters
    ----------
    obj : xarray.Dataset
        Maps.

    See Also
    --------
    xprofile.open_maps : Open maps.
    xprofile.from_arrays : Make maps of arrays.
    xprofile.accessor.binned.BinnedAccessor : Methods of what `bin` returns.
    xprofile.accessor.profile.ProfileAccessor : Methods of what `estimate` returns.

    Examples
    --------
    >>> import xprofile
    >>> maps = xprofile.tutorial.open_maps("galactic-center-sim")
    >>> maps.profile
    Maps
    ...
    """

    _stage = "maps"

    @calls("binned.selection.cutout")
    def cutout(
        self,
        center: SkyCoord,
        width: u.Quantity | tuple[u.Quantity, u.Quantity] | None = None,
        *,
        radius: u.Quantity | None = None,
    ) -> xr.Dataset:
        """Cut maps out round a position."""
        from ..binned.selection import cutout

        return cutout(self._obj, center, width, radius=radius)

    @calls("maps.coarsening.coarsen")
    def coarsen(self, factor: int) -> xr.Dataset:
        """Join pixels to larger ones."""
        from ..maps.coarsening import coarsen

        return coarsen(self._obj, factor)

    @calls("binned.selection.exclude")
    def exclude(self, regions: AnyBins | xr.DataArray) -> xr.Dataset:
        """Mask regions or pixels."""
        from ..binned.selection import exclude

        return exclude(self._obj, regions)

    @calls("maps.positions.assign_sky_coords")
    def assign_sky_coords(self) -> xr.Dataset:
        """Add the sky position of every pixel."""
        from ..maps.positions import assign_sky_coords

        return assign_sky_coords(self._obj)

    @calls("binned.binning.bin_maps")
    def bin(
        self,
        bins: AnyBins,
        *,
        response: Literal["pixels", "center"] = "pixels",
        overlap: Literal["center", "subpixel"] = "center",
        subpixels: int | None = None,
        psf: bool = False,
        margin: u.Quantity | None = None,
        progress: bool = False,
    ) -> xr.Dataset:
        """Sum maps over bins."""
        from ..binned.binning import bin_maps

        return bin_maps(
            self._obj, bins, response=response, overlap=overlap, subpixels=subpixels, psf=psf,
            margin=margin, progress=progress,
        )  # fmt: skip

    @calls("estimation.estimating.estimate", entry=_BINS, examples=_ESTIMATE)
    def estimate(
        self,
        bins: AnyBins,
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
            self.bin(bins, progress=progress),
            spectral_model=spectral_model, energy_edges=energy_edges,
            n_sigma=n_sigma, n_sigma_ul=n_sigma_ul, n_sigma_sensitivity=n_sigma_sensitivity,
            selection_optional=selection_optional, norm_values=norm_values,
            scan_n_sigma=scan_n_sigma, scan_n_values=scan_n_values, norm_min=norm_min,
            background=background, sum_over_energy_groups=sum_over_energy_groups,
            sqrt_ts_threshold_ul=sqrt_ts_threshold_ul, min_coverage=min_coverage,
            strict_energies=strict_energies, cl=cl, cl_ul=cl_ul,
            ul_method=ul_method, interval_method=interval_method, prior=prior, toys=toys,
            fc_lengthen=fc_lengthen, rng=rng, progress=progress, parallel=parallel,
        )  # fmt: skip

    @calls("estimation.templates.template_fits.fit_templates", entry=_BINS, examples=_FIT_TEMPLATES)
    def fit_templates(
        self,
        bins: AnyBins,
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
        from ..estimation.templates.sky_templates import bin_templates
        from ..estimation.templates.template_fits import fit_templates

        return fit_templates(
            self.bin(bins), bin_templates(self._obj, bins, templates, spectral_model), per=per,
            spectral_model=spectral_model, free_bins=free_bins, energy_edges=energy_edges,
            n_sigma=n_sigma, n_sigma_ul=n_sigma_ul, selection_optional=selection_optional,
            norm_min=norm_min, background=background, background_correlated=background_correlated,
            exposure_systematic=exposure_systematic, strict_energies=strict_energies, cl=cl,
            sum_over_energy_groups=sum_over_energy_groups, n_toys=n_toys, rng=rng, cl_ul=cl_ul,
            progress=progress,
        )  # fmt: skip

    @calls("prediction.predicting.predict")
    def predict(
        self,
        template: xr.DataArray | None,
        *,
        spectral_model: SpectralModel | None = None,
        normalize: bool = False,
        psf: bool | None = None,
    ) -> xr.DataArray:
        """Predict the counts of a map of the sky and a spectrum."""
        from ..prediction.predicting import predict

        return predict(
            self._obj, template, spectral_model=spectral_model, normalize=normalize, psf=psf
        )

    @calls("io.maps.writing.write_maps")
    def to_fits(self, path: StrPath, *, overwrite: bool = False) -> None:
        """Write maps to FITS."""
        from ..io.maps.writing import write_maps

        write_maps(self._obj, path, overwrite=overwrite)
