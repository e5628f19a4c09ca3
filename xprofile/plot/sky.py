"""Images of maps on sky axes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr
from astropy.wcs import WCS
from numpy.typing import NDArray

from ..exceptions import InvalidDataError, InvalidOptionError
from ..maps.pixelgrid import PixelGrid
from ..maps.wcs import pixel_grid
from ..schema.names import LAT, LON
from .labels import axis_text, sky_names

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.colors import Normalize
    from matplotlib.image import AxesImage

__all__ = ["label_sky", "plot_sky"]

Float = NDArray[np.float64]

_STRETCHES = {
    "linear": "LinearStretch",
    "sqrt": "SqrtStretch",
    "log": "LogStretch",
    "asinh": "AsinhStretch",
}

_IN_HOURS = ("icrs", "fk5", "fk4")  # frames of which the axes keep their hours and minutes


def plot_sky(
    image: xr.DataArray,
    *,
    ax: Axes | None = None,
    stretch: str = "linear",
    cmap: Any = None,
    vmin: float | None = None,
    vmax: float | None = None,
    add_colorbar: bool = True,
    **kwargs: Any,
) -> Axes:
    """Show a map on sky axes.

    Parameters
    ----------
    image : xarray.DataArray
        Dims lat and lon in any order; it may be sliced or reversed.
    ax : astropy.visualization.wcsaxes.WCSAxes, optional
        With the WCS of the image. By default new ones, in a new figure if the current one is in
        use.
    stretch : {"linear", "sqrt", "log", "asinh"}
        How values between `vmin` and `vmax` spread over the colours.
    cmap : str or matplotlib.colors.Colormap, optional
        ``rcParams["image.cmap"]`` by default.
    vmin, vmax : float, optional
        Values of the first and last colour; the smallest and largest value by default.
    add_colorbar : bool
        Draw a colour bar.
    **kwargs
        Passed to `matplotlib.axes.Axes.imshow`; with ``norm``, `stretch` has no effect.

    Returns
    -------
    astropy.visualization.wcsaxes.WCSAxes
        In pixels of the image's own WCS, whatever part of it is shown.

    Raises
    ------
    InvalidDataError
        If the image has other dims than lat and lon, or its pixels are not evenly spaced.
    MissingVariableError
        If the image has no ``wcs``, ``x`` or ``y`` coordinate.
    InvalidOptionError
        If there is no such stretch, or `ax` shows another WCS.
    """
    ordered, grid = _sky_image(image)
    values = ordered.to_numpy().astype(float)
    norm = kwargs.pop("norm", None) or _stretched(values, stretch, vmin, vmax)
    ax = _sky_axes(ax, grid.wcs)
    extent = (*_outer_edges(grid.x, "x"), *_outer_edges(grid.y, "y"))
    shown = ax.imshow(values, extent=extent, norm=norm, cmap=cmap, **{"origin": "lower", **kwargs})
    label_sky(ax, grid.frame.name)
    if add_colorbar:
        ticks = _ticks(norm) if stretch in ("log", "asinh") else None
        _colorbar_beside(ax, shown, axis_text(image.attrs, str(image.name or "")), ticks)
    return ax


def _sky_image(image: xr.DataArray) -> tuple[xr.DataArray, PixelGrid]:
    """Order an image by pixel numbers, dims (lat, lon)."""
    extra = [str(dim) for dim in image.dims if dim not in (LAT, LON)]
    if extra or image.ndim < 2:
        remedy = f'sum or select first: .sum("{extra[0]}")' if extra else "select with slices"
        raise InvalidDataError(f"a map has dims lat and lon, found {tuple(image.dims)}; {remedy}")
    pixel_grid(image)
    ordered = image.transpose(LAT, LON).sortby(["x", "y"])
    return ordered, pixel_grid(ordered)


def _outer_edges(pixel: Float, name: str) -> tuple[float, float]:
    """Return the two ends of evenly spaced pixels."""
    steps = np.diff(pixel)
    step = steps[0] if steps.size else 1.0
    if not np.allclose(steps, step):
        raise InvalidDataError(
            f"the pixel numbers {name} are not evenly spaced, so they make no image; select a "
            "range with a slice, or set values to NaN with .where instead of dropping them"
        )
    return float(pixel[0] - step / 2), float(pixel[-1] + step / 2)


def _stretched(values: Float, stretch: str, vmin: float | None, vmax: float | None) -> Normalize:
    from astropy import visualization

    if stretch not in _STRETCHES:
        raise InvalidOptionError(f"no stretch {stretch!r}; there are {list(_STRETCHES)}")
    finite = values[np.isfinite(values)]
    bottom = float(finite.min(initial=np.inf)) if vmin is None else vmin
    top = float(finite.max(initial=-np.inf)) if vmax is None else vmax
    bottom = bottom if np.isfinite(bottom) else 0.0
    top = top if top > bottom else bottom + 1
    made = getattr(visualization, _STRETCHES[stretch])()
    norm: Normalize = visualization.ImageNormalize(vmin=bottom, vmax=top, stretch=made, clip=False)
    return norm


def _sky_axes(ax: Any, wcs: WCS) -> Any:
    """Return axes with a WCS: new ones, or those given if they have the same."""
    if ax is None:
        import matplotlib.pyplot as plt

        figure = plt.figure() if plt.gcf().axes else plt.gcf()
        return figure.add_subplot(projection=wcs)
    own = getattr(ax, "wcs", None)
    if not isinstance(own, WCS) or not own.has_celestial:
        raise InvalidOptionError(
            "a map needs axes that know the sky; make them with "
            "plt.subplot(projection=image.profile.wcs), or leave ax out"
        )
    if not own.celestial.wcs.compare(wcs.wcs, tolerance=1e-9):
        raise InvalidOptionError(
            "ax shows the sky in another WCS than the image's; make it with "
            "plt.subplot(projection=image.profile.wcs)"
        )
    return ax


def label_sky(ax: Any, frame: str) -> None:
    """Name the sky axes; equatorial ones keep their hours and minutes."""
    names = sky_names(frame)
    for coord in ax.coords:
        name = names[coord.coord_type == "latitude"]
        coord.set_axislabel(name if frame in _IN_HOURS else f"{name} [deg]")
        if frame not in _IN_HOURS:
            coord.set_format_unit("deg", decimal=True, show_decimal_unit=False)


def _colorbar_beside(ax: Axes, shown: AxesImage, label: str, ticks: list[float] | None) -> None:
    """Draw a colour bar as high as the image, which belongs to its axes in any layout."""
    figure: Any = ax.figure
    beside = ax.inset_axes((1.02, 0, 0.03, 1))
    style: dict[str, Any] = {"ticks": ticks, "format": "{x:g}"} if ticks else {}
    figure.colorbar(shown, cax=beside, label=label, **style)


def _ticks(norm: Normalize) -> list[float]:
    """Values 1, 2, 5, 10 ... that the colours keep apart, from the largest downwards."""
    bottom, top = float(norm.vmin or 0), float(norm.vmax or 0)
    decade = float(np.floor(np.log10(top))) if top > 0 else 0.0
    kept: list[float] = []
    for exponent in np.arange(decade, decade - 6, -1):
        for value in (5 * 10.0**exponent, 2 * 10.0**exponent, 10.0**exponent):
            apart = not kept or norm(kept[-1]) - norm(value) > 0.08
            if bottom <= value <= top and apart:
                kept.append(float(value))
    return kept
