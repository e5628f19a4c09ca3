"""Figure of a map: an image on sky axes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr
from astropy.coordinates import BaseCoordinateFrame
from astropy.wcs import WCS
from numpy.typing import NDArray

from ..exceptions import InvalidDataError, InvalidOptionError
from ..maps.pixelgrid import PixelGrid
from ..maps.wcs import decode_wcs, pixel_grid
from ..maps.world.distortions import same_polynomials
from ..maps.world.frames import frame_attrs
from ..schema.names import LAT, LON
from ..schema.number_checks import check_real_numbers
from ..schema.options import suggests_options
from ..schema.stages import is_healpix, sky_dims
from .elements.colormaps import check_colormap
from .elements.labels import axis_label, sky_coordinate_names
from .elements.sky_layout import settle_sky_axes
from .healpix.views import (
    add_graticule,
    add_view_axes,
    cells_on_screen,
    is_ellipse,
    view_of_cells,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.colors import Normalize

__all__ = ["add_sky_axes", "draw_colorbar", "label_sky_axes", "plot_sky", "unused_figure"]

Float = NDArray[np.float64]

_STRETCHES = {
    "linear": "LinearStretch",
    "sqrt": "SqrtStretch",
    "log": "LogStretch",
    "asinh": "AsinhStretch",
}

# Differences of the WCS keywords of axes and image that are ignored, in degrees and pixels. They
# are far below a pixel of a figure; so would 1e-8 be. With 0, a WCS that was written to a file and
# read again could differ.
_SAME_WCS = 1e-9
_IN_HOURS = ("icrs", "fk5", "fk4")  # frames whose axes are in hours and minutes


@suggests_options
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
        Dims lat and lon in any order, or in HEALPix cell; it may be sliced or reversed.
    ax : astropy.visualization.wcsaxes.WCSAxes, optional
        Axes with the WCS of the image; for a map in HEALPix, axes with any WCS. By default new
        ones, in a new figure if the current one is in use. For HEALPix, they show the whole sky in
        Mollweide's projection, or a smaller part round its middle, East to the left.
    stretch : {"linear", "sqrt", "log", "asinh"}
        Relation between the colours and the values from `vmin` to `vmax`.
    cmap : str or matplotlib.colors.Colormap, optional
        ``rcParams["image.cmap"]`` by default.
    vmin, vmax : float, optional
        Values of the first and last colour; the smallest and largest value that is shown by
        default. Of HEALPix cells smaller than the pixels of the screen, only some are shown.
    add_colorbar : bool
        Draw a colour bar.
    **kwargs
        Passed to `matplotlib.axes.Axes.imshow`; with ``norm``, `stretch` has no effect.

    Returns
    -------
    astropy.visualization.wcsaxes.WCSAxes
        Axes in pixels of the WCS of the whole map, also if the image is a part of it; for HEALPix,
        in pixels of the screen.

    Raises
    ------
    InvalidDataError
        If the image has other dims than lat and lon or cell, or its pixels are not evenly spaced.
    MissingVariableError
        If the coordinates are missing that tell where pixels are, such as ``wcs``.
    InvalidOptionError
        If the stretch is unknown, or `ax` shows another WCS.

    See Also
    --------
    xprofile.plot.plot_bins : Draw bins on the image.
    xprofile.smooth : Smooth a map before it is shown.

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> import xprofile
    >>> maps = xprofile.tutorial.open_maps("galactic-center-sim")
    >>> ax = xprofile.plot.plot_sky(maps.counts.sum("energy"), stretch="sqrt")
    >>> ax.coords[0].get_axislabel()
    'Galactic longitude [deg]'
    """
    check_colormap(cmap)
    _check_stretch(stretch)
    if is_healpix(image):
        _check_dims(image)
        ax = add_sky_axes(unused_figure(), image) if ax is None else ax
        _check_sky_axes(ax)
        values, grid = cells_on_screen(image, ax)
    else:
        ordered, grid = _sky_image(image)
        values = ordered.to_numpy().astype(float)
        ax = add_sky_axes(unused_figure(), image) if ax is None else _same_axes(ax, grid.wcs)
    norm = kwargs.pop("norm", None) or _make_norm(values, stretch, vmin, vmax)
    extent = (*_outer_edges(grid.x, "x"), *_outer_edges(grid.y, "y"))
    shown = ax.imshow(values, extent=extent, norm=norm, cmap=cmap, **{"origin": "lower", **kwargs})
    label_sky_axes(ax, grid.frame)
    if is_healpix(image):
        add_graticule(ax)
    if add_colorbar:
        ticks = _colorbar_ticks(norm) if stretch in ("log", "asinh") else None
        draw_colorbar(ax, shown, axis_label(image.attrs, str(image.name or "")), ticks)
    settle_sky_axes(ax)
    return ax


def _sky_image(image: xr.DataArray) -> tuple[xr.DataArray, PixelGrid]:
    """Sort an image by pixel numbers, with the dims (lat, lon)."""
    _check_dims(image)
    pixel_grid(image)
    ordered = image.transpose(LAT, LON).sortby(["x", "y"])
    return ordered, pixel_grid(ordered)


def _check_dims(image: xr.DataArray) -> None:
    """Raise unless an image has the dims of its pixels alone, and real numbers."""
    sky = sky_dims(image)
    extra = [str(dim) for dim in image.dims if dim not in sky]
    if extra or image.ndim < len(sky):
        remedy = f'sum or select first: .sum("{extra[0]}")' if extra else "select with slices"
        dims = f"dims {' and '.join(sky)}" if len(sky) > 1 else f"the dim {sky[0]}"
        raise InvalidDataError(f"a map has {dims}, found {tuple(image.dims)}; {remedy}")
    check_real_numbers(image)


def add_sky_axes(figure: Any, image: xr.DataArray) -> Axes:
    """Add sky axes for a map to a figure."""
    if is_healpix(image):
        return add_view_axes(figure, view_of_cells(image))
    axes: Axes = figure.add_subplot(projection=decode_wcs(image).deepcopy())
    return axes


def unused_figure() -> Any:
    """Return the current figure, or a new one if it is in use."""
    import matplotlib.pyplot as plt

    return plt.figure() if plt.gcf().axes else plt.gcf()


def _outer_edges(pixel: Float, name: str) -> tuple[float, float]:
    """Outer edges of the first and last of evenly spaced pixels."""
    steps = np.diff(pixel)
    step = steps[0] if steps.size else 1.0
    if not np.allclose(steps, step):
        raise InvalidDataError(
            f"the pixel numbers {name} are not evenly spaced, so they cannot be shown as an image; "
            "select a range with a slice, or set values to NaN with .where instead of dropping "
            "them"
        )
    return float(pixel[0] - step / 2), float(pixel[-1] + step / 2)


def _check_stretch(stretch: str) -> None:
    if stretch not in _STRETCHES:
        raise InvalidOptionError(f"unknown stretch {stretch!r}; choose one of {list(_STRETCHES)}")


def _make_norm(values: Float, stretch: str, vmin: float | None, vmax: float | None) -> Normalize:
    """Map values to colours by a stretch."""
    from astropy import visualization

    finite = values[np.isfinite(values)]
    bottom = float(finite.min(initial=np.inf)) if vmin is None else vmin
    top = float(finite.max(initial=-np.inf)) if vmax is None else vmax
    bottom = bottom if np.isfinite(bottom) else 0.0
    top = top if top > bottom else bottom + 1
    made = getattr(visualization, _STRETCHES[stretch])()
    norm: Normalize = visualization.ImageNormalize(vmin=bottom, vmax=top, stretch=made, clip=False)
    return norm


def _same_axes(ax: Any, wcs: WCS) -> Any:
    """Return axes if they have the same WCS."""
    shown = _check_sky_axes(ax)
    if not shown.wcs.compare(wcs.wcs, tolerance=_SAME_WCS) or not same_polynomials(shown, wcs):
        raise InvalidOptionError(
            "ax has another WCS than the image; make it with "
            "plt.subplot(projection=image.profile.wcs)"
        )
    return ax


def _check_sky_axes(ax: Any) -> WCS:
    """Return the celestial WCS of axes.

    Raises
    ------
    InvalidOptionError
        If they have none.
    """
    shown = getattr(ax, "wcs", None)
    if not isinstance(shown, WCS) or not shown.has_celestial:
        raise InvalidOptionError(
            "a map needs sky axes with a WCS; make them with "
            "plt.subplot(projection=image.profile.wcs), or leave ax out"
        )
    return shown.celestial


def label_sky_axes(ax: Any, frame: BaseCoordinateFrame) -> None:
    """Label sky axes; equatorial ones keep their hours and minutes, others are in degrees."""
    names = sky_coordinate_names(frame_attrs(frame))
    for coord in ax.coords:
        name = names[coord.coord_type == "latitude"]
        coord.set_axislabel(name if frame.name in _IN_HOURS else f"{name} [deg]")
        if frame.name not in _IN_HOURS:
            coord.set_format_unit("deg", decimal=True, show_decimal_unit=False)


def draw_colorbar(ax: Axes, shown: Any, label: str, ticks: list[float] | None) -> None:
    """Draw a colour bar beside an image, as high as the image and part of its axes.

    Below an ellipse, which leaves more room there.
    """
    from .elements.power_labels import label_color_bar

    figure: Any = ax.figure
    below = is_ellipse(ax)
    inset = ax.inset_axes((0.2, -0.18, 0.6, 0.05) if below else (1.02, 0, 0.03, 1))
    style: dict[str, Any] = {"ticks": ticks, "format": "{x:g}"} if ticks else {}
    orientation = "horizontal" if below else "vertical"
    bar = figure.colorbar(shown, cax=inset, orientation=orientation, **style)
    label_color_bar(bar, label)


def _colorbar_ticks(norm: Normalize) -> list[float]:
    """Values 1, 2, 5, 10 ... that keep a distance on the colour bar, from the largest down."""
    bottom, top = float(norm.vmin or 0), float(norm.vmax or 0)
    decade = float(np.floor(np.log10(top))) if top > 0 else 0.0
    kept: list[float] = []
    for exponent in np.arange(decade, decade - 6, -1):
        for value in (5 * 10.0**exponent, 2 * 10.0**exponent, 10.0**exponent):
            apart = not kept or norm(kept[-1]) - norm(value) > 0.08
            if bottom <= value <= top and apart:
                kept.append(float(value))
    return kept
