"""Maps made from arrays and a WCS, or the cells of a HEALPix grid."""

from __future__ import annotations

from typing import Any

import astropy.units as u
import numpy as np
import xarray as xr
from astropy.coordinates import BaseCoordinateFrame
from astropy.io.fits import Header
from astropy.wcs import WCS
from numpy.typing import NDArray

from ..exceptions import InvalidDataError, InvalidOptionError
from ..schema.checks import check_maps_layout
from ..schema.history import extend_history
from ..schema.names import ENERGY, ENERGY_TRUE, ENERGY_UNIT, RAD
from ..schema.number_checks import check_ascending, energies_from_quantity
from ..schema.options import suggests_options
from ..schema.units import energy_unit_name
from ..schema.variables import COORDS, MAPS, ON_OFF, data_array
from .arrays import array_in_unit, check_shape, exposure_array, map_variable
from .axes import Axis, add_axis, bins_axis, nodes_axis
from .given.pixels import given_pixels
from .healpix.coords import IndexingScheme
from .value_warnings import warn_of_odd_values, warn_of_other_energies

__all__ = ["from_arrays"]

Float = NDArray[np.float64]


@suggests_options
def from_arrays(
    counts: Any,
    *,
    wcs: WCS | Header | None = None,
    energy_edges: u.Quantity,
    exposure: Any,
    background: Any = None,
    mask: Any = None,
    edisp: Any = None,
    psf: Any = None,
    rad: u.Quantity | None = None,
    energy_true_edges: u.Quantity | None = None,
    energy_true: u.Quantity | None = None,
    counts_off: Any = None,
    acceptance: Any = None,
    acceptance_off: Any = None,
    alpha: Any = None,
    exposure_unit: str | u.UnitBase | None = None,
    effective_area: u.Quantity | None = None,
    energy_unit: str = ENERGY_UNIT,
    cell_ids: Any = None,
    level: int | None = None,
    nside: int | None = None,
    indexing_scheme: IndexingScheme | None = None,
    frame: str | BaseCoordinateFrame | None = None,
) -> xr.Dataset:
    """Make maps from arrays.

    Parameters
    ----------
    counts : array_like
        Counts (energy, lat, lon), numpy or dask; an image (lat, lon) if there is one energy bin.
        DataArrays with these dims may have them in any order, and maps may have their pixels and
        energies in any order. In HEALPix, one axis ``cell`` stands for lat and lon in all arrays.
    wcs : astropy.wcs.WCS or astropy.io.fits.Header, optional
        Position of the pixels on the sky; HEALPix needs `frame` instead. If it has more than two
        axes, the celestial ones are used. The last axis of the arrays is the first axis of the WCS.
    energy_edges : Quantity
        Edges of the counts' energy bins, (nenergy + 1,).
    exposure : Quantity or array_like
        Exposure (energy_true, lat, lon), an image (lat, lon), one value for each energy, or one
        value. An array without a unit needs `exposure_unit`, or is in s with `effective_area`.
    background : array_like, optional
        Predicted background counts (energy, lat, lon), one value for all pixels at each energy, or
        one value for all, such as 0. Without it, maps can be binned, but not fitted.
    mask : array_like, optional
        True where pixels are used, (energy, lat, lon), (lat, lon) or (energy,). Of other numbers,
        all but 0 and NaN are True.
    edisp : array_like, optional
        Fraction of each true-energy bin in each energy bin, (energy_true, energy).
    psf : array_like, optional
        Point spread function (energy_true, rad), or (rad,) for all energies; in sr-1 if it has no
        unit. It is over reconstructed energy, (energy, rad), if it has as many rows as there are
        energy bins, and the number of true energies is another, or if it is a DataArray with these
        dims.
    rad : Quantity, optional
        Angles at which the psf is given.
    energy_true_edges : Quantity, optional
        Edges of the true-energy bins, (ntrue + 1,). The default is `energy_edges`.
    energy_true : Quantity, optional
        Nodes of the exposure, (ntrue,), in place of `energy_true_edges`. The edges are then
        half-way between the nodes in log energy.
    counts_off, acceptance, acceptance_off : array_like, optional
        On-off data, with the shapes that `background` may have; acceptances may also be images.
    alpha : array_like, optional
        Ratio of the acceptances of the on and the off counts, in place of both: ``acceptance`` is
        `alpha`, and ``acceptance_off`` is 1.
    exposure_unit : str or Unit, optional
        Unit of an `exposure` without one, such as a dask array.
    effective_area : Quantity, optional
        Area by which an exposure in s is multiplied: one value, or one for each true energy.
    energy_unit : str
        Unit of both energy axes of the result.
    cell_ids : array_like of int, optional
        Numbers of the HEALPix cells, (cell,), in any order, for a part of the sky. The default is
        all cells in order, 0, 1, ....
    level, nside : int, optional
        Level of the HEALPix grid, or its NSIDE, 2**level. All cells need none.
    indexing_scheme : {"nested", "ring"}, optional
        Order in which HEALPix cells are numbered, "nested" by default.
    frame : str or BaseCoordinateFrame, optional
        Frame of a HEALPix grid, such as "galactic" or "icrs". Counts that are a map in HEALPix tell
        this and the grid by themselves.

    Returns
    -------
    xarray.Dataset
        Maps, as `open_maps` returns them. They share no memory with the arrays.

        - ``counts`` (energy, lat, lon).
        - ``background`` (energy, lat, lon), or for on-off data ``counts_off``, ``acceptance`` and
          ``acceptance_off`` (energy, lat, lon).
        - ``exposure`` (energy_true, lat, lon) in cm2 s.
        - ``mask`` (energy, lat, lon), ``edisp`` (energy_true, energy) and ``psf``
          (energy_true, rad) or (energy, rad) in sr-1, if they are given.
        - Coordinates ``energy``, ``energy_min``, ``energy_max`` (energy), and the same for
          ``energy_true``, in `energy_unit`; ``rad`` in deg.
        - Coordinates ``x`` (lon) and ``y`` (lat), the pixel numbers, and ``wcs``; ``lon`` (lon) and
          ``lat`` (lat) in deg if the WCS is a plate carree along them. In HEALPix, ``cell_ids``
          (cell) and ``healpix``, and the dim ``cell`` in place of lat and lon.

    Raises
    ------
    InvalidEnergyError
        If energies have no unit of energy, are too few, are not positive, or do not ascend.
    InvalidDataError
        If an array has a wrong shape or unit, the WCS has no celestial axes, or HEALPix cells
        repeat or do not exist.
    InvalidOptionError
        If an array or a unit is missing, or two arguments exclude each other.

    Warns
    -----
    DataWarning
        If values in memory are odd, such as negative counts: see `open_maps`.

    See Also
    --------
    xprofile.open_maps : Read maps from FITS files.
    xprofile.from_gammapy : Make maps from a dataset of Gammapy.
    xprofile.bin_maps : Sum maps over bins.

    Examples
    --------
    >>> import astropy.units as u
    >>> import numpy as np
    >>> from astropy.wcs import WCS
    >>> import xprofile
    >>> wcs = WCS(naxis=2)
    >>> wcs.wcs.ctype = ["GLON-CAR", "GLAT-CAR"]
    >>> wcs.wcs.cdelt = [-0.1, 0.1]
    >>> counts = np.ones((3, 20, 40), int)
    >>> maps = xprofile.from_arrays(
    ...     counts,
    ...     wcs=wcs,
    ...     energy_edges=[10, 30, 100, 300] * u.GeV,
    ...     background=0.8,
    ...     exposure=1e11 * u.Unit("cm2 s"),
    ... )
    >>> dict(maps.counts.sizes)
    {'energy': 3, 'lat': 20, 'lon': 40}
    """
    acceptance, acceptance_off = _acceptances(alpha, acceptance, acceptance_off)
    predicted = {"counts": counts, "background": background, "mask": mask}
    on_off = {"counts_off": counts_off, "acceptance": acceptance, "acceptance_off": acceptance_off}
    given = {name: v for name, v in (predicted | on_off).items() if v is not None}
    _check_given(given, exposure)
    pixels = given_pixels(
        counts, wcs, cell_ids=cell_ids, level=level, nside=nside, indexing_scheme=indexing_scheme,
        frame=frame,
    )  # fmt: skip
    arrays = {name: array_in_unit(name, pixels.in_order(name, v)) for name, v in given.items()}
    unit = energy_unit_name(energy_unit)
    axis = _bins_axis(ENERGY, "energy_edges", energy_edges, unit)
    axis_true = _true_axis(axis, energy_true_edges, energy_true, unit)
    shape = pixels.image_shape(arrays["counts"])
    maps = xr.Dataset(coords=pixels.coords(shape))
    maps = add_axis(add_axis(maps, axis, ENERGY), axis_true, ENERGY_TRUE)
    for name, values in arrays.items():
        plane = map_variable(name, pixels.rows(name, values, axis.size), (axis.size, *shape))
        maps[name] = pixels.variable(plane)
    exposure = pixels.rows("exposure", pixels.in_order("exposure", exposure), axis_true.size)
    exposure = exposure_array(exposure, exposure_unit, effective_area, axis_true.size)
    plane = map_variable("exposure", exposure, (axis_true.size, *shape))
    maps["exposure"] = pixels.variable(plane)
    maps = _add_responses(maps, edisp, psf, rad)
    check_maps_layout(maps)
    warn_of_other_energies(maps)
    if not any(variable.chunks for variable in maps.variables.values()):
        warn_of_odd_values(maps)
    note = _note({"exposure_unit": exposure_unit, "effective_area": effective_area})
    return extend_history(maps, maps, note)


def _acceptances(alpha: Any, on: Any, off: Any) -> tuple[Any, Any]:
    """Acceptances of on and off counts; `alpha` stands for both."""
    if alpha is None:
        return on, off
    if on is not None or off is not None:
        raise InvalidOptionError(
            "alpha stands for acceptance and acceptance_off, which are given too; leave one out"
        )
    return alpha, 1.0


def _note(options: dict[str, Any]) -> str:
    """Line of the history that names the options that were given."""
    given = [f"{n}={' '.join(str(v).split())}" for n, v in options.items() if v is not None]
    return " ".join(["from_arrays", *given])


def _check_given(arrays: dict[str, Any], exposure: Any) -> None:
    """Raise if arrays that maps need are missing."""
    if "counts" not in arrays or exposure is None:
        raise InvalidOptionError("counts or exposure is None: maps need both")
    off = [name for name in ON_OFF if name in arrays]
    needed = ", ".join(ON_OFF)
    if off and len(off) < len(ON_OFF):
        raise InvalidOptionError(
            f"on-off data need {needed}; found {off}; alpha= stands for both acceptances"
        )


def _bins_axis(dim: str, name: str, values: Any, unit: str) -> Axis:
    edges = energies_from_quantity(name, values, unit)
    return bins_axis(dim, edges[:-1], edges[1:], unit, name)


def _true_axis(axis: Axis, edges: Any, nodes: Any, unit: str) -> Axis:
    """Axis of true energies, by default with the bins of `axis`."""
    if edges is not None and nodes is not None:
        raise InvalidOptionError("give energy_true_edges or energy_true, not both")
    if edges is not None:
        return _bins_axis(ENERGY_TRUE, "energy_true_edges", edges, unit)
    if nodes is not None:
        centres = energies_from_quantity("energy_true", nodes, unit, least=1)
        return nodes_axis(ENERGY_TRUE, centres, unit, "energy_true")
    return Axis(ENERGY_TRUE, axis.centres, axis.edges, axis.unit)


def _add_responses(maps: xr.Dataset, edisp: Any, psf: Any, rad: Any) -> xr.Dataset:
    """Add the energy dispersion and the point spread function, if they are given."""
    ntrue = maps.sizes[ENERGY_TRUE]
    for name, response in {"edisp": edisp, "psf": psf}.items():
        if np.ndim(response) > 2:
            raise InvalidDataError(
                f"{name} has the shape {np.shape(response)}, expected two axes, {MAPS[name].dims}; "
                f"open_maps(counts=..., {name}=...) takes DataArrays on a grid of positions"
            )
    if edisp is not None:
        values = array_in_unit("edisp", edisp)
        check_shape("edisp", values, (ntrue, maps.sizes[ENERGY]))
        maps = maps.assign(edisp=data_array("edisp", values, MAPS))
    if psf is None and rad is None:
        return maps
    if psf is None or rad is None:
        raise InvalidOptionError("psf and rad need each other: rad gives the angles of the psf")
    angles = _angles(rad)
    values = array_in_unit("psf", psf, MAPS["psf"].unit)
    if values.shape == angles.shape:
        values = np.tile(values, (ntrue, 1))
    entry = MAPS["psf"]
    reconstructed = (maps.sizes[ENERGY], angles.size)
    named = set(getattr(psf, "dims", ())) == set(entry.other_dims)
    if values.shape == reconstructed and (named or ntrue != maps.sizes[ENERGY]):
        dims = entry.other_dims
    else:
        check_shape("psf", values, (ntrue, angles.size))
        dims = entry.dims
    maps = maps.assign_coords({RAD: data_array(RAD, angles, COORDS)})
    return maps.assign(psf=xr.Variable(dims, values, entry.attrs))


def _angles(rad: Any) -> Float:
    """Ascending angles in degrees."""
    hint = "give ascending angles with a unit, such as [0, 0.1, 0.2] * u.deg"
    if not isinstance(rad, u.Quantity):
        raise InvalidOptionError(f"rad has no unit of angle: found {rad!r}; {hint}")
    angles = np.atleast_1d(array_in_unit(RAD, rad, COORDS[RAD].unit)).astype(float)
    if angles.ndim != 1:
        raise InvalidDataError(f"rad must be a list of angles, found {rad!r}; {hint}")
    check_ascending(RAD, angles, InvalidDataError, found=rad, hint=hint)
    return angles
