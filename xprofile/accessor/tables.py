"""Methods of results that are written to tables: profiles and fits."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

from .base import DatasetProfile
from .delegation import calls

if TYPE_CHECKING:
    import astropy.units as u
    import pandas as pd
    from astropy.table import Table
    from matplotlib.axes import Axes

    from ..io.paths import StrPath

__all__ = ["BinsAccessor", "ShapeAccessor", "SpectraAccessor", "TableAccessor"]


class TableAccessor(DatasetProfile):
    """Methods of results in tables.

    Parameters
    ----------
    obj : xarray.Dataset
        Profile or fit.

    See Also
    --------
    xprofile.accessor.profile.ProfileAccessor : Further methods of profiles.
    xprofile.accessor.templates.TemplatesAccessor : Further methods of fits of templates.
    xprofile.accessor.tables.ShapeAccessor : Methods of a fit of a shape.
    xprofile.accessor.tables.SpectraAccessor : Further methods of fits of spectra.
    """

    @calls("io.profiles.astropy_tables.to_table")
    def to_table(
        self,
        sed_type: str | None = None,
        *,
        tidy: bool = False,
        formatted: bool = False,
        long_names: bool = False,
        latex: bool = False,
    ) -> Table:
        """Make an astropy table."""
        from ..io.profiles.astropy_tables import to_table

        return to_table(
            self._obj, sed_type, tidy=tidy, formatted=formatted, long_names=long_names, latex=latex
        )

    @calls("io.profiles.dataframes.to_dataframe")
    def to_dataframe(self, sed_type: str | None = None) -> pd.DataFrame:
        """Make a tidy pandas table."""
        from ..io.profiles.dataframes import to_dataframe

        return to_dataframe(self._obj, sed_type)

    @calls("io.profiles.fits_tables.write_profile")
    def to_fits(
        self, path: StrPath, sed_type: str | None = None, *, overwrite: bool = False
    ) -> None:
        """Write FITS that Gammapy reads."""
        from ..io.profiles.fits_tables import write_profile

        write_profile(self._obj, path, sed_type, overwrite=overwrite)

    @calls("io.profiles.ecsv.write_ecsv")
    def to_ecsv(
        self, path: StrPath, sed_type: str | None = None, *, overwrite: bool = False
    ) -> None:
        """Write a table of text."""
        from ..io.profiles.ecsv import write_ecsv

        write_ecsv(self._obj, path, sed_type, overwrite=overwrite)


class BinsAccessor(TableAccessor):
    """Methods of results that are quantities of bins.

    Parameters
    ----------
    obj : xarray.Dataset
        Profile, or fit of spectra.
    """

    @calls("plot.profile.plot_profile")
    def plot(
        self,
        quantity: str | None = None,
        *,
        ax: Axes | None = None,
        sed_type: str | None = None,
        sqrt_ts_threshold_ul: float | None = None,
        x: str | None = None,
        x_unit: str | u.Unit | None = None,
        energy_power: float = 0.0,
        style: Literal["points", "steps"] | None = None,
        yscale: str | None = None,
        twin: str | None = None,
        model: Any = None,
        model_kw: Mapping[str, Any] | None = None,
        offset: float | None = None,
        cmap: Any = None,
        add_legend: bool | None = None,
        negative_limits: bool = False,
        ul_kw: Mapping[str, Any] | None = None,
        **kwargs: Any,
    ) -> Axes:
        """Plot a quantity over the bins."""
        from ..plot import plot_profile

        return plot_profile(
            self._obj, quantity, ax=ax, sed_type=sed_type,
            sqrt_ts_threshold_ul=sqrt_ts_threshold_ul, x=x, x_unit=x_unit,
            energy_power=energy_power, style=style, yscale=yscale, twin=twin, model=model,
            model_kw=model_kw, offset=offset, cmap=cmap, add_legend=add_legend,
            negative_limits=negative_limits, ul_kw=ul_kw, **kwargs,
        )  # fmt: skip


class ShapeAccessor(TableAccessor):
    """Methods of a fit of a shape, at ``fit.profile``.

    Parameters
    ----------
    obj : xarray.Dataset
        From `xprofile.fit_shape`.

    See Also
    --------
    xprofile.fit_shape : Fit a shape.
    xprofile.to_table : What `to_table` calls.

    Examples
    --------
    >>> import astropy.units as u
    >>> from astropy.coordinates import SkyCoord
    >>> import xprofile
    >>> center = SkyCoord(0, 0, unit="deg", frame="galactic")
    >>> maps = xprofile.tutorial.open_maps("galactic-center-sim")
    >>> rings = xprofile.SkyBins.annuli(center, radius_max=2 * u.deg, nbin=4)
    >>> from astropy.modeling.models import Gaussian1D
    >>> model = Gaussian1D(mean=0, stddev=0.3, fixed={"mean": True, "stddev": True})
    >>> fit = maps.profile.bin(rings).profile.fit_shape(model)
    >>> fit.profile.to_dataframe().shape[0]
    3
    """

    _stage = "shape"


class SpectraAccessor(BinsAccessor):
    """Methods of a fit of spectra, at ``fit.profile``.

    Parameters
    ----------
    obj : xarray.Dataset
        From `xprofile.fit_spectrum`.

    See Also
    --------
    xprofile.fit_spectrum : Fit spectra.
    xprofile.plot.plot_profile : What `plot` calls.

    Examples
    --------
    >>> import astropy.units as u
    >>> from astropy.coordinates import SkyCoord
    >>> import xprofile
    >>> center = SkyCoord(0, 0, unit="deg", frame="galactic")
    >>> maps = xprofile.tutorial.open_maps("galactic-center-sim")
    >>> rings = xprofile.SkyBins.annuli(center, radius_max=2 * u.deg, nbin=4)
    >>> binned = maps.profile.bin(rings[:2])
    >>> fit = binned.profile.fit_spectrum(xprofile.power_law(2.3), free=["alpha"])
    >>> fit.profile.to_dataframe().shape[0]
    2
    """

    _stage = "spectra"
