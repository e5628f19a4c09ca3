"""Figures of maps, bins and profiles; every function returns what it drew, or the axes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import astropy.units as u
import numpy as np
import xarray as xr
from astropy.coordinates import SkyCoord
from astropy.wcs import WCS
from numpy.typing import NDArray
from regions import SkyRegion

from .binning import AnyBins
from .bins import as_bins
from .exceptions import (
    InvalidBinsError,
    InvalidDataError,
    InvalidOptionError,
    MissingVariableError,
)
from .rows import Annuli, Line
from .schema import (
    DISTANCE,
    DISTANCE_UNIT,
    ENERGY,
    ENERGY_UNIT,
    LAT,
    LON,
    NORM_SCAN,
    SED_TYPE,
    SED_TYPES,
    check_profile,
    high,
    low,
)
from .sed import quantity_name, to_sed_type, upper_limits
from .wcs import PixelGrid, pixel_grid, unit_vectors

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.collections import PolyCollection
    from matplotlib.colors import Normalize
    from matplotlib.image import AxesImage
    from matplotlib.path import Path

__all__ = ["plot_bins", "plot_profile", "plot_sky", "plot_stat_scan"]

Float = NDArray[np.float64]
Bool = NDArray[np.bool_]

_EDGE_COLOR = "tab:orange"  # stands out on dark images and on white paper
_SCAN_CMAP = "Blues_r"
_POINT_COLOR = "tab:orange"
_ARROW = 2.4  # length of an upper limit's arrow, in marker sizes
_STRETCHES = {
    "linear": "LinearStretch",
    "sqrt": "SqrtStretch",
    "log": "LogStretch",
    "asinh": "AsinhStretch",
}

# what stands on the axes instead of the long name
_SYMBOLS = {
    "dnde": r"$\mathrm{d}N/\mathrm{d}E$",
    "e2dnde": r"$E^2\,\mathrm{d}N/\mathrm{d}E$",
    "ts": r"$\mathrm{TS}$",
    "sqrt_ts": r"$\sqrt{\mathrm{TS}}$",
}
# what stands there once several quantities are drawn over each other
_COMMON = {
    "counts": "Counts",
    "npred": "Counts",
    "npred_excess": "Counts",
    "npred_background": "Counts",
    "stat": "Fit statistic",
    "stat_null": "Fit statistic",
}
# sums over used pixels: 0 where there is none, which is not a measurement
_SUMS = ("counts", "npred", "npred_excess", "npred_background")

_FRAMES = {
    "galactic": ("Galactic longitude [deg]", "Galactic latitude [deg]"),
    "supergalactic": ("Supergalactic longitude [deg]", "Supergalactic latitude [deg]"),
    "icrs": ("Right ascension", "Declination"),
    "fk5": ("Right ascension (J2000)", "Declination (J2000)"),
    "fk4": ("Right ascension (B1950)", "Declination (B1950)"),
}


def plot_bins(bins: AnyBins, ax: Axes | None = None, **kwargs: Any) -> PolyCollection:
    """Draw the outlines of bins on sky axes.

    Parameters
    ----------
    bins : SkyBins or list of regions.SkyRegion
        Bins by true angles are drawn by their true outlines; regions in the plane of the map as
        that plane has them.
    ax : astropy.visualization.wcsaxes.WCSAxes, optional
        The current axes by default. Their limits stay as they are if they show anything.
    **kwargs
        Passed to `matplotlib.collections.PolyCollection`; ``color`` is the colour of the edges.

    Returns
    -------
    matplotlib.collections.PolyCollection
        One path for each bin, in pixels of the axes' WCS; it is interrupted where the bin crosses
        the seam of the projection or leaves the sky.

    Raises
    ------
    InvalidOptionError
        If the axes have no WCS.
    InvalidBinsError
        If `bins` are no bins, or a region has no outline.
    """
    from matplotlib.cbook import normalize_kwargs
    from matplotlib.collections import PolyCollection
    from matplotlib.pyplot import gca, get_fignums

    shown: Any = gca() if ax is None and get_fignums() else ax
    bins, grid = as_bins(bins), _shown_pixels(shown)
    if bins.planar or isinstance(bins.shape, tuple):
        paths = [_region_path(region, grid) for region in bins.to_regions()]
    else:
        paths = _outline_paths(bins.shape, grid)
    style = normalize_kwargs(kwargs, PolyCollection)
    color = style.pop("color", _EDGE_COLOR)
    drawn = PolyCollection([], **{"facecolor": "none", "edgecolor": color, **style})
    codes: Any = [path.codes for path in paths]
    drawn.set_verts_and_codes([np.asarray(path.vertices) for path in paths], codes)
    return _add(shown, drawn)


def _shown_pixels(ax: Any) -> PixelGrid:
    """Return the WCS of sky axes, with the columns and rows that are in view."""
    wcs = getattr(ax, "wcs", None)
    if not isinstance(wcs, WCS) or not wcs.has_celestial:
        raise InvalidOptionError(
            "bins are drawn on axes that know the sky; draw a map first with "
            "image.profile.plot_sky(), or make them with plt.subplot(projection=wcs)"
        )
    wcs = wcs.celestial
    known = ax.has_data() or not ax.get_autoscalex_on()
    x = ax.get_xlim() if known else 2 * (float(wcs.wcs.crpix[wcs.wcs.lng]) - 1,)
    return PixelGrid(wcs, np.array(x), np.array(ax.get_ylim()))


def _outline_paths(shape: Line | Annuli, grid: PixelGrid) -> list[Path]:
    """Make the path of each bin, of one closed ring, or of two for annuli."""
    outlines = shape.outlines()
    frame = outlines[0].frame.replicate_without_data()
    lon, lat = (
        np.stack([getattr(points.spherical, name).deg for points in outlines])
        for name in ("lon", "lat")
    )
    sky = SkyCoord(lon, lat, unit="deg", frame=frame)
    pixels = np.stack(grid.pixel(sky), axis=-1)
    jumps = _jumps(pixels, np.stack(grid.pixel(_halfway(sky)), axis=-1))
    size = pixels.shape[1] // (2 if isinstance(shape, Annuli) else 1)
    starts = range(0, pixels.shape[1], size)
    return [
        _compound([_ring(points[i : i + size], jump[i : i + size - 1]) for i in starts])
        for points, jump in zip(pixels, jumps, strict=True)
    ]


def _halfway(sky: SkyCoord) -> SkyCoord:
    """Sky positions half-way between neighbours along the last axis."""
    vectors = unit_vectors(np.asarray(sky.spherical.lon.deg), np.asarray(sky.spherical.lat.deg))
    x, y, z = vectors[..., 1:] + vectors[..., :-1]
    lon, lat = np.arctan2(y, x), np.arctan2(z, np.hypot(x, y))
    return SkyCoord(lon, lat, unit="rad", frame=sky.frame.replicate_without_data())


def _jumps(pixels: Float, halfway: Float) -> Bool:
    """Whether the map is torn between neighbours: then half-way on the sky is not so in pixels."""
    step = np.linalg.norm(np.diff(pixels, axis=-2), axis=-1)
    off = np.linalg.norm(halfway - (pixels[..., 1:, :] + pixels[..., :-1, :]) / 2, axis=-1)
    return np.asarray(~(off <= 0.25 * step + 1e-6))


def _ring(points: Float, jumps: Bool) -> tuple[Float, NDArray[np.uint8]]:
    """Vertices and codes of a closed ring, its last point being the first; empty for a point."""
    from matplotlib.path import Path

    if np.ptp(points, axis=0).max() < 1e-6:
        return np.empty((0, 2)), np.empty(0, np.uint8)
    codes = np.full(len(points), Path.LINETO, np.uint8)
    if not jumps.any():
        codes[0], codes[-1] = Path.MOVETO, Path.CLOSEPOLY
        return points, codes
    first = int(np.argmax(jumps)) + 1  # start after a jump, so that each piece is in one part
    points, before = np.roll(points[:-1], -first, axis=0), np.roll(jumps, 1 - first)
    codes = np.where(before, Path.MOVETO, Path.LINETO).astype(np.uint8)
    seen = np.isfinite(points).all(axis=1)
    return points[seen], codes[seen]


def _compound(rings: list[tuple[Float, NDArray[np.uint8]]]) -> Path:
    from matplotlib.path import Path

    vertices, codes = (np.concatenate(part) for part in zip(*rings, strict=True))
    return Path(vertices, codes) if len(vertices) else Path(vertices)


def _region_path(region: SkyRegion, grid: PixelGrid) -> Path:
    """Make the path of a region in the plane of the map, on the side of the seam that is shown."""
    from matplotlib.patches import Patch
    from matplotlib.path import Path

    artist = region.to_pixel(grid.wcs).as_artist()
    if not isinstance(artist, Patch):
        raise InvalidBinsError(f"{type(region).__name__} has no outline that could be drawn")
    path = artist.get_patch_transform().transform_path(artist.get_path())
    vertices = np.array(path.vertices)
    if grid.separable:
        turns = np.round((vertices[:, 0].mean() - grid.x.mean()) / grid.full_turn)
        vertices[:, 0] -= turns * grid.full_turn
    return Path(vertices, path.codes)


def _add(ax: Axes, drawn: PolyCollection) -> PolyCollection:
    """Put bins on axes, whose limits follow only if nothing else is there."""
    empty = not ax.has_data()
    ax.add_collection(drawn, autolim=empty)
    if empty:
        ax.autoscale_view()
    return drawn


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
    _label_sky(ax, grid.frame.name)
    if add_colorbar:
        ticks = _ticks(norm) if stretch in ("log", "asinh") else None
        _colorbar_beside(ax, shown, _label(image.attrs, str(image.name or "")), ticks)
    return ax


def _sky_image(image: xr.DataArray) -> tuple[xr.DataArray, PixelGrid]:
    """Order an image by pixel numbers, dims (lat, lon)."""
    extra = [str(dim) for dim in image.dims if dim not in (LAT, LON)]
    if extra or image.ndim < 2:
        remedy = f'sum or select first: .sum("{extra[0]}")' if extra else "select with slices"
        raise InvalidDataError(f"a map has dims lat and lon, found {image.dims}; {remedy}")
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


def _label_sky(ax: Any, frame: str) -> None:
    """Name the sky axes; equatorial ones keep their hours and minutes."""
    titles = _FRAMES.get(frame, (f"Longitude ({frame}) [deg]", f"Latitude ({frame}) [deg]"))
    for coord in ax.coords:
        title = titles[coord.coord_type == "latitude"]
        coord.set_axislabel(title)
        if title.endswith("[deg]"):
            coord.set_format_unit("deg", decimal=True, show_decimal_unit=False)


def _colorbar_beside(ax: Axes, shown: AxesImage, label: str, ticks: list[float] | None) -> None:
    """Draw a colour bar as high as the image, and leave the image's axes the current ones."""
    from matplotlib.axes import Axes as PlainAxes
    from mpl_toolkits.axes_grid1 import make_axes_locatable  # type: ignore[import-untyped]

    beside = make_axes_locatable(ax).append_axes("right", "3%", pad=0.1, axes_class=PlainAxes)
    style: dict[str, Any] = {"ticks": ticks, "format": "{x:g}"} if ticks else {}
    _figure(ax).colorbar(shown, cax=beside, label=label, **style)
    _figure(ax).sca(ax)


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


def _figure(ax: Axes) -> Any:
    return ax.figure


def plot_profile(
    profile: xr.Dataset,
    quantity: str | None = None,
    *,
    ax: Axes | None = None,
    sed_type: str | None = None,
    sqrt_ts_threshold_ul: float | None = None,
    x_unit: str | u.Unit | None = None,
    add_legend: bool | None = None,
    **kwargs: Any,
) -> Axes:
    """Plot a quantity over the distance along the profile, a series for each energy bin.

    A sed quantity is drawn as points with errors, horizontally from edge to edge of the bin, and
    arrows at the upper limits; counts as points with errors of sqrt(N); anything else as steps,
    so that several calls draw over each other. Bins with NaN are left out.

    Parameters
    ----------
    profile : xarray.Dataset
        From `estimate`.
    quantity : str, optional
        A sed type, or the name of a variable such as ``npred`` or ``sqrt_ts``; the profile's own
        sed type by default.
    ax : matplotlib.axes.Axes, optional
        The current axes by default.
    sed_type : {"dnde", "flux", "eflux", "e2dnde", "norm", "likelihood"}, optional
        The same as naming it as `quantity`. The profile's own is plotted as it is stored, so a
        surface brightness stays one.
    sqrt_ts_threshold_ul : float, optional
        Significance below which the upper limit is drawn; the profile's own by default.
    x_unit : str or Unit, optional
        Unit of the distance, degrees by default.
    add_legend : bool, optional
        By default if there is more than one series on the axes, or a ``label``.
    **kwargs
        Passed to `matplotlib.axes.Axes.errorbar`, or for steps to `matplotlib.axes.Axes.plot`.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    MissingVariableError
        If the profile has no such quantity.
    InvalidDataError
        If the quantity has dims other than projected_distance and energy, or is not a number.
    InvalidOptionError
        If there is no such sed type, or `x_unit` is no angle.
    """
    if quantity is not None and sed_type is not None:
        raise InvalidOptionError("give a quantity or a sed_type, not both: they say the same")
    wanted = quantity if sed_type is None else quantity_name(sed_type)
    source, name = _resolve(profile, wanted, sqrt_ts_threshold_ul)
    bands = _bands(source, name)
    ax = _plain_axes(ax)
    label = kwargs.pop("label", None)
    draw = {"counts": _draw_counts, **dict.fromkeys(SED_TYPES, _draw_sed)}.get(name, _draw_steps)
    for text, band in bands:
        own = label or (_text(source[name].attrs, name) if name not in SED_TYPES else None)
        own = ", ".join(part for part in (own, text) if part)
        draw(ax, band, name, x_unit, {**kwargs, **({"label": own} if own else {})})
    _name_axes(ax, source, name, x_unit)
    shown = ax.get_legend_handles_labels()[1]
    if shown and (add_legend or (add_legend is None and (len(shown) > 1 or label))):
        ax.legend()
    return ax


def _resolve(
    profile: xr.Dataset, wanted: str | None, threshold: float | None
) -> tuple[xr.Dataset, str]:
    """Return the Dataset that holds what is to be plotted, and the variable's name."""
    if wanted is None or wanted in (*SED_TYPES, "likelihood"):
        check_profile(profile)
        own = quantity_name(str(profile.attrs[SED_TYPE]))
        name = own if wanted is None else quantity_name(wanted)
        source = profile if name == own else to_sed_type(profile, name)
        return source.assign(is_ul=upper_limits(source, threshold)), name
    kind = wanted.partition("_")[0]
    source = to_sed_type(profile, kind) if kind in SED_TYPES and wanted not in profile else profile
    if wanted not in source:
        raise MissingVariableError(
            f"the profile has no {wanted!r}; there are the sed types {list(SED_TYPES)} and the "
            f"variables {list(map(str, source.data_vars))}"
        )
    return source, wanted


def _bands(source: xr.Dataset, name: str) -> list[tuple[str, xr.Dataset]]:
    """Split into energy bins, each with its range in words; one has no words."""
    _check_plottable(source, name)
    if ENERGY not in source[name].dims:
        return [("", source)]
    bands = [source.isel({ENERGY: i}) for i in range(source.sizes[ENERGY])]
    if len(bands) == 1:
        return [("", bands[0])]
    return [(_energy_range(band), band) for band in bands]


def _check_plottable(source: xr.Dataset, name: str) -> None:
    extra = [str(dim) for dim in source[name].dims if dim not in (DISTANCE, ENERGY)]
    if extra or DISTANCE not in source[name].dims:
        remedy = f"select one first: .isel({extra[0]}=0)" if extra else "it is no profile"
        raise InvalidDataError(
            f"{name} has dims {source[name].dims}, expected {DISTANCE} and perhaps {ENERGY}; "
            f"{remedy}"
        )
    if source[name].dtype.kind not in "biuf":
        raise InvalidDataError(f"{name} holds {source[name].dtype}, which is not a number")


def _energy_range(band: xr.Dataset) -> str:
    """Write the range of one energy bin in the unit that suits it."""
    unit = str(band[ENERGY].attrs.get("units", ENERGY_UNIT))
    limits = np.array([float(band[low(ENERGY)]), float(band[high(ENERGY)])])
    middle = float(np.sqrt(limits.prod())) * u.Unit(unit).to("MeV")
    suited = "MeV" if middle < 1e3 else "GeV" if middle < 1e6 else "TeV"
    numbers = (
        np.format_float_positional(value, 3, unique=False, fractional=False, trim="-")
        for value in limits * u.Unit(unit).to(suited)
    )
    return f"{' - '.join(numbers)} {suited}"


def _plain_axes(ax: Axes | None) -> Axes:
    """Return the current axes; new ones if those show the sky."""
    if ax is not None:
        return ax
    import matplotlib.pyplot as plt

    current = plt.gca()
    return plt.figure().add_subplot() if hasattr(current, "wcs") else current


def _distances(band: xr.Dataset, x_unit: str | u.Unit | None) -> tuple[Float, Float, Float]:
    """Lower edges, centres and upper edges of the bins in the unit of the plot."""
    missing = [name for name in (low(DISTANCE), high(DISTANCE)) if name not in band.coords]
    if missing:
        raise MissingVariableError(f"the profile has no bin edges: coordinates {missing} missing")
    scale = _distance_unit(band).to(_shown_unit(band, x_unit))
    names = (low(DISTANCE), DISTANCE, high(DISTANCE))
    first, middle, last = (band[name].to_numpy().astype(float) * scale for name in names)
    return first, middle, last


def _distance_unit(data: xr.Dataset) -> u.Unit:
    return u.Unit(data[DISTANCE].attrs.get("units", DISTANCE_UNIT))


def _shown_unit(data: xr.Dataset, x_unit: str | u.Unit | None) -> u.Unit:
    own = _distance_unit(data)
    try:
        unit = own if x_unit is None else u.Unit(x_unit)
        own.to(unit)
    except (ValueError, TypeError):
        raise InvalidOptionError(
            f"x_unit must be an angle such as 'arcmin', found {x_unit!r}"
        ) from None
    return unit


def _draw_sed(
    ax: Axes, band: xr.Dataset, name: str, x_unit: str | u.Unit | None, style: dict[str, Any]
) -> None:
    """Draw points with errors, and arrows where a bin is an upper limit."""
    lower, x, upper = _distances(band, x_unit)
    xerr = np.stack([x - lower, upper - x])
    value = band[name].to_numpy().astype(float)
    limit = np.zeros(value.shape, bool)
    if f"{name}_ul" in band:
        limit = band["is_ul"].to_numpy() & np.isfinite(band[f"{name}_ul"].to_numpy())
    point = np.where(limit, np.nan, value)
    drawn = ax.errorbar(x, point, _errors(band, name), xerr, **_point_style(style))
    if not limit.any():
        return
    size = float(drawn[0].get_markersize())
    arrow = {
        "color": drawn[0].get_color(),
        "alpha": drawn[0].get_alpha(),
        "zorder": drawn[0].get_zorder(),
        "linestyle": "none",
        "marker": _down_arrow(),
        "markersize": 2 * _ARROW * size,  # a path's unit is half of it
    }
    at = band[f"{name}_ul"].to_numpy()[limit]
    bars = {key: style[key] for key in ("elinewidth", "ecolor") if key in style}
    ax.errorbar(x[limit], at, xerr=xerr[:, limit], **arrow, **bars)
    _make_room(ax, _ARROW * size)


def _make_room(ax: Axes, length: float) -> None:
    """Widen the vertical margin for the lowest arrow, of a length in points."""
    height = ax.get_window_extent().height * 72 / _figure(ax).dpi
    share = min(1.2 * length / height, 0.3)
    ax.set_ymargin(max(ax.get_ymargin(), share / (1 - 2 * share)))


def _errors(band: xr.Dataset, name: str) -> Float | None:
    """Errors down and up, (2, n): the asymmetric ones if there are, an unbounded one being 0."""
    one = [band[f"{name}_err"]] * 2 if f"{name}_err" in band else None
    both = [band.get(f"{name}_errn"), band.get(f"{name}_errp")]
    found = [side for side in both if side is not None]
    sides = found if len(found) == 2 else one
    if sides is None:
        return None
    errors = np.stack([side.to_numpy() for side in sides]).astype(float)
    return np.where(np.isfinite(errors), errors, 0.0)


def _point_style(style: dict[str, Any]) -> dict[str, Any]:
    """Fill in a small marker without a line, unless the caller says otherwise."""
    from matplotlib import rcParams
    from matplotlib.cbook import normalize_kwargs
    from matplotlib.lines import Line2D

    given = normalize_kwargs(style, Line2D)
    if str(given.get("fmt", "")).lower() == "none":
        given = {key: given[key] for key in given if key != "fmt"} | {"marker": ""}
    marker = {} if "fmt" in given else {"marker": "o", "linestyle": "none"}
    return {**marker, "markersize": 0.7 * rcParams["lines.markersize"], **given}


def _down_arrow() -> Path:
    """Arrow from the origin down to -1: as a marker it has a length in points on any scale."""
    from matplotlib.path import Path

    shaft = [(0.0, 0.0), (0.0, -0.7)]
    head = [(-0.2, -0.62), (0.2, -0.62), (0.0, -1.0), (-0.2, -0.62)]
    line, close = [Path.MOVETO, Path.LINETO], [Path.LINETO, Path.CLOSEPOLY]
    return Path(np.array(shaft + head), np.array(line + line + close, Path.code_type))


def _draw_counts(
    ax: Axes, band: xr.Dataset, name: str, x_unit: str | u.Unit | None, style: dict[str, Any]
) -> None:
    value = _values(band, name)
    ax.errorbar(_distances(band, x_unit)[1], value, np.sqrt(value), **_point_style(style))


def _draw_steps(
    ax: Axes, band: xr.Dataset, name: str, x_unit: str | u.Unit | None, style: dict[str, Any]
) -> None:
    """Draw a level over each bin, joined to the next one where the two touch."""
    lower, _, upper = _distances(band, x_unit)
    value = _values(band, name)
    apart = ~np.isclose(upper[:-1], lower[1:], rtol=0, atol=1e-6 * np.ptp([lower, upper]))
    gap = np.append(np.where(apart, np.nan, upper[:-1]), np.nan)
    x, y = np.stack([lower, upper, gap]), np.stack([value] * 3)
    ax.plot(x.T.ravel(), y.T.ravel(), **style)


def _values(band: xr.Dataset, name: str) -> Float:
    """Values as numbers, NaN for sums over bins of which no pixel was used."""
    value = band[name].astype(float)
    if name in _SUMS and "coverage" in band:
        value = value.where(band["coverage"] > 0)
    return np.asarray(value.to_numpy(), dtype=float)


def _name_axes(ax: Axes, source: xr.Dataset, name: str, x_unit: str | u.Unit | None = None) -> None:
    """Label the axes; over another quantity, with what the two have in common."""
    unit = _shown_unit(source, x_unit).to_string()
    ax.set_xlabel(_label({**source[DISTANCE].attrs, "units": unit}, DISTANCE))
    label, before = _label(source[name].attrs, name), ax.get_ylabel()
    ax.set_ylabel(_COMMON.get(name, label) if before and before != label else label)


def _label(attrs: dict[Any, Any], name: str) -> str:
    """Name and unit, for an axis."""
    unit = _unit_text(str(attrs.get("units", "")))
    return f"{_text(attrs, name)} [{unit}]" if unit else _text(attrs, name)


def _text(attrs: dict[Any, Any], name: str) -> str:
    text = str(attrs.get("long_name", name.replace("_", " ")))
    return _SYMBOLS.get(name, text[:1].upper() + text[1:])


def _unit_text(units: str) -> str:
    """Typeset a unit with exponents, its factors in the order in which they were written."""
    try:
        factors = [_factor(u.Unit(factor)) for factor in units.split()]
    except (ValueError, TypeError):
        try:
            factors = [_factor(u.Unit(units))]
        except (ValueError, TypeError):
            return units
    if not any("^" in factor for factor in factors):
        return " ".join(factors)
    return r"$\mathrm{" + r"\,".join(factors) + "}$"


def _factor(unit: u.UnitBase) -> str:
    if isinstance(unit, u.NamedUnit):
        return str(unit.name)  # "deg" reads better between brackets than a lone degree sign
    text: str = unit.to_string("latex_inline")
    return text.removeprefix(r"$\mathrm{").removesuffix("}$")


def plot_stat_scan(
    profile: xr.Dataset,
    *,
    ax: Axes | None = None,
    sed_type: str | None = None,
    cmap: Any = None,
    vmin: float = 0.0,
    vmax: float = 9.0,
    x_unit: str | u.Unit | None = None,
    add_points: bool = True,
    add_colorbar: bool = True,
    **kwargs: Any,
) -> Axes:
    """Plot how far the fit statistic rises above its minimum, over distance and flux.

    Each value of the scan fills the range up to half-way to its neighbours; nothing is
    interpolated, so the finer the scan, the finer the picture.

    Parameters
    ----------
    profile : xarray.Dataset
        From `estimate` with ``selection_optional=["scan"]``, of one energy bin.
    ax : matplotlib.axes.Axes, optional
        The current axes by default.
    sed_type : {"dnde", "flux", "eflux", "e2dnde", "norm", "likelihood"}, optional
        The profile's own by default.
    cmap : str or matplotlib.colors.Colormap, optional
        By default dark at the best fit, and white where the data exclude a value.
    vmin, vmax : float
        Range of the colours, by default up to 3 standard deviations.
    x_unit : str or Unit, optional
        Unit of the distance, degrees by default.
    add_points : bool
        Draw the points of `plot_profile` on it.
    add_colorbar : bool
        Draw a colour bar.
    **kwargs
        Passed to `matplotlib.axes.Axes.pcolormesh`; ``norm`` takes the place of `vmin`, `vmax`.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    MissingVariableError
        If the profile has no scan.
    InvalidOptionError
        If the profile has several energy bins, the scan has one value only, there is no such
        sed type, or `x_unit` is no angle.
    InvalidDataError
        If the profile has other dims.
    """
    one = _single_scan(profile)
    wanted = quantity_name(sed_type or str(one.attrs[SED_TYPE]))
    x, y, rise = _scan_mesh(one, wanted, x_unit)
    ax = _plain_axes(ax)
    scale = {} if "norm" in kwargs else {"vmin": vmin, "vmax": vmax}
    style = {"cmap": cmap or _SCAN_CMAP, "rasterized": True, **scale, **kwargs}
    mesh = ax.pcolormesh(x, y, rise, **style)
    if add_colorbar:
        text = "Fit statistic difference"
        _figure(ax).colorbar(mesh, ax=ax, label=text, extend="max")
    if add_points:
        plot_profile(one, wanted, ax=ax, x_unit=x_unit, color=_POINT_COLOR, add_legend=False)
    source, name = _resolve(one, wanted, None)
    _name_axes(ax, source, name, x_unit)
    return ax


def _single_scan(profile: xr.Dataset) -> xr.Dataset:
    """Return the profile with the scan in ascending order and without an energy dim."""
    missing = [name for name in ("stat_scan", "stat", NORM_SCAN) if name not in profile]
    if missing:
        raise MissingVariableError(
            f'the profile has no {missing}; estimate it with selection_optional=["scan"]'
        )
    check_profile(profile)
    if profile.sizes.get(ENERGY, 1) > 1:
        raise InvalidOptionError(
            f"the profile has {profile.sizes[ENERGY]} energy bins, and the statistic is shown for "
            "one; select it with .isel(energy=0)"
        )
    one = profile.squeeze(ENERGY) if ENERGY in profile.dims else profile
    _check_plottable(one, "stat")
    if one.sizes.get(NORM_SCAN, 1) < 2:
        raise InvalidOptionError("the scan has one value; give norm_values= two or more")
    return one.sortby(NORM_SCAN)


def _scan_mesh(
    one: xr.Dataset, name: str, x_unit: str | u.Unit | None
) -> tuple[Float, Float, Float]:
    """Corners and values of the mesh: per bin a column, and between bins an empty one."""
    lower, _, upper = _distances(one, x_unit)
    rise = (one["stat_scan"] - one["stat"]).transpose(NORM_SCAN, DISTANCE).to_numpy()
    norms = one[NORM_SCAN].to_numpy()
    middle = (norms[1:] + norms[:-1]) / 2
    edges = np.concatenate([[2 * norms[0] - middle[0]], middle, [2 * norms[-1] - middle[-1]]])
    at_one = _at_unit_norm(one, name)
    rise = np.where(np.isfinite(at_one), rise, np.nan)
    y = np.repeat(edges[:, None] * np.nan_to_num(at_one, posinf=0.0), 2, axis=1)
    x = np.broadcast_to(np.stack([lower, upper], axis=1).ravel(), y.shape)
    columns = np.full((norms.size, 2 * lower.size - 1), np.nan)
    columns[:, ::2] = rise
    return np.asarray(x), y, columns


def _at_unit_norm(one: xr.Dataset, name: str) -> Float:
    """Value of a quantity at norm 1 in each bin, a surface brightness if the profile's is one."""
    bright = name in one and "sr-1" in str(one[name].attrs.get("units", "")).split()
    ones = one.assign(norm=xr.ones_like(one["stat"]))
    unit = to_sed_type(
        ones.assign_attrs({SED_TYPE: "likelihood"}), name, per_solid_angle=bright and name != "norm"
    )
    return np.asarray((unit[name] * xr.ones_like(one["stat"])).to_numpy(), dtype=float)
