"""Lower bounds of the distance of directions from the edges of bins.

A cell that is farther from all edges than it reaches is wholly in one bin or in none. So a search
by cells of growing depth looks at few of them.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
from astropy.coordinates import BaseCoordinateFrame
from numpy.typing import NDArray

from ...maps.sphere import components
from .axes import AT_END, edge_tolerance
from .boxes import Boxes
from .rings import Annuli, Sectors
from .shape import Selected, SphereMembers

__all__ = ["clearance_finder", "ellipse_clearance", "lune_clearance", "to_meridian"]

Float = NDArray[np.float64]

# Radians taken off each bound: above the rounding of angles (1e-15, or 1e-8 next to a pole of the
# local axes). If it were smaller, cells on edges could count as wholly in a bin; ten times larger
# is still far below a cell.
_ROUNDING = 3e-8


def clearance_finder(
    shape: SphereMembers, frame: BaseCoordinateFrame, pixel_size: float
) -> Callable[[Float], Float] | None:
    """Make the function that gives lower bounds in rad of distances to the nearest edge.

    Parameters
    ----------
    shape : SphereMembers
        The bins.
    frame : BaseCoordinateFrame
        Frame of the unit vectors (3, n) that the function takes.
    pixel_size : float
        Side of a pixel in degrees.

    Returns
    -------
    callable or None
        None for shapes that do not tell where their edges are, such as paths.
    """
    while isinstance(shape, Selected):
        shape = shape.whole
    if isinstance(shape, Annuli):
        edges = np.radians(shape.edges)
        find = partial(_of_rings, shape.axes.basis(frame), edges, shape.axis_ratio)
        widest = float(np.ptp(shape.edges))
    elif isinstance(shape, Sectors):
        radii = np.radians([shape.radius_min, shape.radius_max])
        find = partial(_of_sectors, shape.axes.basis(frame), radii, np.radians(shape.edges))
        widest = max(float(np.ptp(shape.edges)), shape.radius_max)
    elif isinstance(shape, Boxes):
        edges, across = np.radians(shape.edges), np.radians(shape.across)
        find = partial(_of_boxes, shape.axes.basis(frame), edges, across)
        widest = float(max(np.ptp(shape.edges), np.ptp(shape.across)))
    else:
        return None
    # edges are lower by the tolerance for pixels on them
    slack = np.radians(float(edge_tolerance(widest, pixel_size))) + _ROUNDING
    return lambda vectors: find(vectors) - slack


def to_meridian(turn: Float, lat: Float) -> Float:
    """Distance in rad to a meridian, from latitudes and differences of longitude in rad."""
    side = np.arcsin(np.minimum(np.abs(np.sin(turn)) * np.cos(lat), 1))
    return np.where(np.abs(turn) < np.pi / 2, side, np.pi / 2 - np.abs(lat))


def lune_clearance(lon: Float, lat: Float, edges: Float) -> tuple[Float, NDArray[np.bool_]]:
    """Distance in rad to the nearest of some meridians, and whether positions are between them.

    Parameters
    ----------
    lon, lat : numpy.ndarray
        Longitudes and latitudes in rad, (n,).
    edges : numpy.ndarray
        Ascending longitudes of the meridians in rad, over at most a full turn, (m,).
    """
    along = (lon - edges[0]) % (2 * np.pi)
    edges = edges - edges[0]
    after = np.searchsorted(edges, along, "right")
    turned = np.append(edges, 2 * np.pi)
    gap = np.minimum(along - edges[after - 1], turned[after] - along)
    return to_meridian(gap, lat), after < edges.size


def ellipse_clearance(distance: Float, scaled: Float, edges: Float, ratio: float | Float) -> Float:
    """Lower bounds in rad of distances to the nearest of some concentric ellipses.

    The scaled distance of a direction, r sqrt(cos^2 phi + sin^2 phi / ratio^2), changes along the
    sky at most by 1 / ratio or, if larger, by 1, times r / sin r.

    Parameters
    ----------
    distance, scaled : numpy.ndarray
        Distance r from the centre, and scaled distance, in rad, (n,).
    edges : numpy.ndarray
        Scaled distances of the ellipses, ascending, (m,) or (m, n).
    ratio : float or numpy.ndarray
        Second half axis over the first one.
    """
    if edges.ndim == 1:
        after = np.searchsorted(edges, scaled)
        ends = np.concatenate([[-np.inf], edges, [np.inf]])
        gap = np.minimum(scaled - ends[after], ends[after + 1] - scaled)
    else:
        gap = np.min(np.abs(scaled - edges), axis=0)
    slope = np.minimum(ratio, 1.0)
    farthest = np.minimum(distance + gap * slope, np.pi)
    return np.asarray(gap * slope * np.sinc(farthest / np.pi))


def _of_rings(basis: Float, edges: Float, ratio: float, vectors: Float) -> Float:
    a, b, c = components(basis, vectors)
    across = np.hypot(b, c)
    distance = np.arctan2(across, a)
    inner = edges[(edges > 0) & (edges < np.pi - np.radians(AT_END))] if ratio == 1 else edges
    if not inner.size:
        return np.full(distance.shape, np.inf)
    if ratio == 1:
        after = np.searchsorted(inner, distance)
        ends = np.concatenate([[-np.inf], inner, [np.inf]])
        return np.asarray(np.minimum(distance - ends[after], ends[after + 1] - distance))
    scale = np.hypot(b, c / ratio)
    scaled = distance * np.divide(scale, across, out=np.ones_like(across), where=across > 0)
    # ellipses are within their major half axis
    bound = ellipse_clearance(distance, scaled, edges, ratio)
    return np.asarray(np.maximum(bound, distance - edges[-1]))


def _of_sectors(basis: Float, radii: Float, edges: Float, vectors: Float) -> Float:
    a, north, west = components(basis, vectors)
    distance = np.arctan2(np.hypot(north, west), a)
    to_side, _ = lune_clearance(np.arctan2(-west, north), np.pi / 2 - distance, edges)
    to_ring = np.minimum(np.abs(distance - radii[0]), np.abs(distance - radii[1]))
    if radii[0] == 0:
        to_ring = np.abs(distance - radii[1])
    inside = (distance >= radii[0]) & (distance < radii[1])
    return np.asarray(np.where(inside, np.minimum(to_ring, to_side), to_ring))


def _of_boxes(basis: Float, edges: Float, across: Float, vectors: Float) -> Float:
    a, b, c = components(basis, vectors)
    lat = np.arctan2(c, np.hypot(a, b))
    to_side, between = lune_clearance(np.arctan2(b, a), lat, edges)
    after = np.searchsorted(across, lat)
    ends = np.concatenate([[-np.inf], across, [np.inf]])
    to_row = np.minimum(lat - ends[after], ends[after + 1] - lat)
    in_rows = (lat >= across[0]) & (lat < across[-1])
    both = np.minimum(to_side, to_row)
    outside = np.maximum(np.where(between, 0, to_side), np.where(in_rows, 0, to_row))
    return np.where(between & in_rows, both, outside)
