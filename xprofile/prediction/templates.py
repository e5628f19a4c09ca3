"""The map of the sky from which photons come: its pixels, values and energies."""

from __future__ import annotations

from dataclasses import dataclass, replace

import astropy.units as u
import numpy as np
import xarray as xr
from astropy.coordinates import SkyCoord
from numpy.typing import NDArray

from ..exceptions import InvalidDataError
from ..maps.grid import AnyGrid, as_planes, sky_grid
from ..maps.healpix.grid import HealpixGrid
from ..maps.pixelgrid import PixelGrid, pixel_numbers
from ..maps.wcs import pixels_in_order
from ..maps.world.distortions import move_pixels
from ..schema.axes import ascending_values
from ..schema.names import ENERGY, ENERGY_TRUE, ENERGY_UNIT, LAT, LON, high, low
from ..schema.number_checks import check_ascending, check_real_numbers
from ..schema.stages import is_healpix, is_map_image, sky_dims
from ..schema.written_units.parsing import as_unit, conversion_factor
from .nearby import cells_near

__all__ = ["PREDICTED", "Template", "read_template"]

Float = NDArray[np.float64]

# Values of a map up to which it is taken as a whole; a technical size, 32 MB.
_SMALL = 4_000_000

# Places along each side of the other grid that are looked at to cut the map; a technical size.
_COMPARED = 33

PREDICTED = "predicted counts"  # long_name of the results of predict, which tells them apart

# Pixels round those that are needed, for the interpolation between pixels, which takes one, and for
# the mean over neighbours. Ten times larger or smaller, down to 2, changes the time alone.
_BESIDE = 8


@dataclass(frozen=True, eq=False)
class Template:
    """A map of the sky.

    Parameters
    ----------
    name : str
        Name for messages and the history.
    grid : PixelGrid or HealpixGrid
        All its pixels, with numbers from 0 on.
    values : xarray.Variable
        Values (energy, lat, lon), with one energy for an image, and one row of cells of HEALPix.
        They may still be on disk.
    unit : str or None
        Unit of the values.
    energies : numpy.ndarray
        Ascending energies in TeV of the values, (nenergy,); empty for an image.
    ends : tuple of float
        Energies in TeV between which values are known, to the outer edges of its bins.
    """

    name: str
    grid: AnyGrid
    values: xr.Variable
    unit: str | None
    energies: Float
    ends: tuple[float, float]

    def near(self, target: AnyGrid, beyond: float = 0.0) -> Template:
        """Cut out the part near the pixels of another grid, if the map is large.

        All columns or rows are kept where the sky goes on at the other side of the map, and of a
        plane for cells. Cells are kept up to an angle `beyond` in rad round the pixels.
        """
        grid = self.grid
        if self.values.size <= _SMALL:
            return self
        if isinstance(grid, HealpixGrid):
            chosen = cells_near(grid, target, beyond)
            if chosen is None or not chosen.size:
                return self
            part = HealpixGrid(grid.level, grid.indexing_scheme, grid.frame, grid.numbers(chosen))
            return replace(self, grid=part, values=self.values.isel({LON: chosen}))
        if isinstance(target, HealpixGrid):
            return self
        x, y = (
            numbers[np.linspace(0, n - 1, min(n, _COMPARED)).astype(int)]
            for numbers, n in ((target.x, target.x.size), (target.y, target.y.size))
        )
        lon, lat = np.broadcast_arrays(*target.lonlat(x, y[:, None]))
        sky = SkyCoord(lon.ravel(), lat.ravel(), unit="deg", frame=target.frame)
        places = np.reshape(grid.pixel(sky), (2, *lon.shape))
        if not np.isfinite(places).all():
            return self
        sizes = grid.x.size, grid.y.size
        parts = [_part(numbers, size) for numbers, size in zip(places, sizes, strict=True)]
        wcs = move_pixels(grid.wcs, np.array([part.start for part in parts], dtype=float))
        columns, rows = (pixel_numbers(part.stop - part.start) for part in parts)
        cut = PixelGrid(wcs, columns, rows)
        values = self.values.isel({LON: parts[0], LAT: parts[1]})
        return replace(self, grid=cut, values=values) if cut.on_sky.all() else self


def _part(places: Float, size: int) -> slice:
    """Pixels along one axis round some places (ny, nx), with those between and beside them."""
    steps = [np.abs(np.diff(places, axis=axis)).max(initial=0.0) for axis in (0, 1)]
    if max(steps) > size / 4:  # the map goes round the sky between them
        return slice(0, size)
    start = int(np.floor(places.min() - sum(steps))) - _BESIDE
    stop = int(np.ceil(places.max() + sum(steps))) + _BESIDE + 1
    return slice(start, stop) if start >= 0 and stop <= size else slice(0, size)


def read_template(template: xr.DataArray) -> Template:
    """Read the pixels, energies and unit of a map of the sky.

    Raises
    ------
    InvalidDataError
        If it has no pixels on the sky, or its dims, energies or values are not those of an image or
        a cube.
    MissingVariableError
        If it has no pixel numbers.
    """
    _check_kind(template)
    dims = [dim for dim in (ENERGY, ENERGY_TRUE) if dim in template.dims]
    if any(template.sizes[dim] == 0 for dim in dims):
        raise InvalidDataError("the template has no energies: a selection has left none")
    others = [str(dim) for dim in template.dims if dim not in (*dims, *sky_dims(template))]
    if others or len(dims) > 1:
        raise InvalidDataError(
            f"the template has the dims {tuple(template.dims)}, expected (lat, lon), or (energy, "
            "lat, lon), or cell in place of both; select one value of the others, such as with isel"
        )
    check_real_numbers(template)
    ordered = template if is_healpix(template) else pixels_in_order(template, "the template")
    whole = sky_grid(ordered)
    if isinstance(whole, PixelGrid):
        wcs = move_pixels(whole.wcs, np.array([whole.x[0], whole.y[0]]))
        whole = PixelGrid(wcs, pixel_numbers(whole.x.size), pixel_numbers(whole.y.size))
    unit = template.attrs.get("units")
    name, unit = str(template.name or "template"), None if unit is None else str(unit)
    if not dims or template.sizes[dims[0]] == 1:
        image = ordered.squeeze(dims) if dims else ordered
        values = as_planes(image.variable)
        values = values.set_dims({ENERGY: 1, **values.sizes})  # type: ignore[no-untyped-call]
        return Template(name, whole, values, unit, np.empty(0), (0.0, np.inf))
    energies, order, ends = _energies(template, str(dims[0]))
    values = as_planes(ordered.variable)
    if np.any(np.diff(order) != 1):
        values = values.isel({dims[0]: order})
    return Template(name, whole, values, unit, energies, ends)


def _check_kind(template: xr.DataArray) -> None:
    """Raise unless a template is a map of the sky."""
    if not is_map_image(template):
        raise InvalidDataError(
            f"the template has the dims {tuple(template.dims)}, expected lat and lon, and the "
            "coordinates wcs, x and y, or cell, and the coordinates cell_ids and healpix: open it "
            "with xprofile.open_map, and keep the coordinates in selections"
        )
    if template.attrs.get("long_name") == PREDICTED:
        raise InvalidDataError(
            "the template is predicted counts of other maps, other pixels or other energies, "
            "expected a map of the sky: predict the counts of the sky map for these maps"
        )


def _energies(
    template: xr.DataArray, dim: str
) -> tuple[Float, NDArray[np.intp], tuple[float, float]]:
    """Energies of a cube in TeV, the indices that bring them into order, and the ends."""
    nodes, order = ascending_values(template, dim)
    check_ascending(dim, nodes, InvalidDataError, positive=True)
    try:
        unit = as_unit(template[dim].attrs.get("units", ENERGY_UNIT))
        scale = conversion_factor(unit, u.Unit(ENERGY_UNIT))
    except (ValueError, TypeError) as error:
        raise InvalidDataError(
            f"the energies of the template have no known unit: {error}; set attrs['units'] of its "
            f"coordinate {dim}"
        ) from error
    step = np.sqrt(nodes[[1, -1]] / nodes[[0, -2]])
    lower, upper = nodes[0] / step[0], nodes[-1] * step[1]
    edges = [template.coords.get(name) for name in (low(dim), high(dim))]
    if edges[0] is not None and edges[1] is not None:
        lower, upper = min(lower, float(edges[0].min())), max(upper, float(edges[1].max()))
    return nodes * scale, order, (lower * scale, upper * scale)
