"""Methods of one variable along bins or energies."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

from .base import DataArrayProfile
from .delegation import calls

if TYPE_CHECKING:
    import astropy.units as u
    from matplotlib.axes import Axes

__all__ = ["QuantityAccessor"]


class QuantityAccessor(DataArrayProfile):
    """Methods of one variable of binned data or a profile, such as ``profile["ts"].profile``.

    Parameters
    ----------
    obj : xarray.DataArray
        Variable along bins.

    See Also
    --------
    xprofile.plot.plot_array : Plot one variable.

    Examples
    --------
    >>> import astropy.units as u
    >>> import matplotlib.pyplot as plt
    >>> from astropy.coordinates import SkyCoord
    >>> import xprofile
    >>> maps = xprofile.tutorial.open_maps("galactic-center-sim")
    >>> center = SkyCoord(0, 0, unit="deg", frame="galactic")
    >>> binned = maps.profile.bin(xprofile.SkyBins.annuli(center, radius_max=2 * u.deg, nbin=4))
    >>> ax = binned.counts.isel(energy=0).profile.plot()
    """

    _stage = "quantity"
    _no_stage = "a variable along bins"

    @calls("plot.array.plot_array")
    def plot(
        self,
        *,
        ax: Axes | None = None,
        x: str | None = None,
        x_unit: str | u.Unit | None = None,
        energy_power: float = 0.0,
        style: Literal["points", "steps"] | None = None,
        yscale: str | None = None,
        model: Any = None,
        model_kw: Mapping[str, Any] | None = None,
        offset: float | None = None,
        cmap: Any = None,
        add_legend: bool | None = None,
        **kwargs: Any,
    ) -> Axes:
        """Plot the variable over the bins."""
        from ..plot import plot_array

        return plot_array(
            self._obj, ax=ax, x=x, x_unit=x_unit, energy_power=energy_power, style=style,
            yscale=yscale, model=model, model_kw=model_kw, offset=offset, cmap=cmap,
            add_legend=add_legend, **kwargs,
        )  # fmt: skip
