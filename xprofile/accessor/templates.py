"""Methods of a fit of templates."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import xarray as xr

from .delegation import calls
from .tables import TableAccessor

if TYPE_CHECKING:
    import astropy.units as u
    from matplotlib.axes import Axes

__all__ = ["TemplatesAccessor"]


class TemplatesAccessor(TableAccessor):
    """Methods of a fit of templates, at ``fit.profile``.

    Parameters
    ----------
    obj : xarray.Dataset
        From `xprofile.fit_templates`.

    See Also
    --------
    xprofile.fit_templates : Fit templates.
    xprofile.plot.plot_templates : What `plot` calls.

    Examples
    --------
    >>> import astropy.units as u
    >>> from astropy.coordinates import SkyCoord
    >>> import xprofile
    >>> center = SkyCoord(0, 0, unit="deg", frame="galactic")
    >>> maps = xprofile.tutorial.open_maps("galactic-center-sim")
    >>> rings = xprofile.SkyBins.annuli(center, radius_max=2 * u.deg, nbin=4)
    >>> fit = maps.profile.fit_templates(rings, {"background": maps.background})
    >>> [name for name in dir(fit.profile) if "p" in name]
    ['bin_profile', 'plot']
    """

    _stage = "templates"

    @calls("estimation.templates.left_over.bin_profile")
    def bin_profile(self, *, sqrt_ts_threshold_ul: float = 2) -> xr.Dataset:
        """Make a profile of the norms of bins."""
        from ..estimation.templates.left_over import bin_profile

        return bin_profile(self._obj, sqrt_ts_threshold_ul=sqrt_ts_threshold_ul)

    @calls("plot.models.templates.plot_templates")
    def plot(
        self,
        *,
        ax: Axes | None = None,
        energy: int | u.Quantity | None = None,
        residuals: bool = True,
        per_solid_angle: bool | str | u.UnitBase = False,
        x: str | None = None,
        x_unit: str | u.Unit | None = None,
        yscale: str | None = None,
        add_legend: bool = True,
        **kwargs: Any,
    ) -> Axes:
        """Plot counts, templates and residuals over the bins."""
        from ..plot import plot_templates

        return plot_templates(
            self._obj, ax=ax, energy=energy, residuals=residuals, per_solid_angle=per_solid_angle,
            x=x, x_unit=x_unit, yscale=yscale, add_legend=add_legend, **kwargs,
        )  # fmt: skip
