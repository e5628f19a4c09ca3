"""Edges of regions along the profile."""

from __future__ import annotations

import numpy as np
from astropy.coordinates import SkyCoord, angular_separation
from numpy.typing import NDArray

from ...maps.sphere import lonlat_deg, unit_vectors
from .leaves import CIRCLE, ELLIPSE, POLYGON, RECTANGLE, Leaves

__all__ = ["region_edges"]

Float = NDArray[np.float64]
Int = NDArray[np.intp]

# Degrees within which centres are the same: above the rounding of separations of positions in
# different frames (1e-12) and far below any pixel. If it were smaller than rounding, annuli would
# not be bounded by their radii; ten times larger would change nothing.
_CONCENTRIC = 1e-9


def region_edges(leaves: Leaves, plain: Int, centers: SkyCoord) -> tuple[Float, Float]:
    """Lower and upper edge of each region along the profile in degrees.

    Concentric circles and annuli are bounded by their radii. The distance of other regions is the
    separation from the first region's centre, as in Gammapy, and their edges are where the great
    circle from that centre enters and leaves the region. Regions of unknown extent reach half-way
    to their neighbours.

    Parameters
    ----------
    leaves : Leaves
        Regions and parts of regions, in the frame of the centres.
    plain : numpy.ndarray of int
        Number of the region that each of them is; -1 for parts.
    centers : SkyCoord
        Centres of the regions, (nbin,).
    """
    lon, lat = lonlat_deg(centers)
    away, height = np.radians(lon - lon[0]), np.radians(lat)
    distance = np.degrees(angular_separation(0, height[0], away, height))
    if np.all(distance < _CONCENTRIC) and np.all((leaves.kind == CIRCLE) & (plain >= 0)):
        return np.degrees(np.nan_to_num(leaves.inner[:, 0])), np.degrees(leaves.outer[:, 0])
    vectors = unit_vectors(lon, lat).T
    first = np.broadcast_to(vectors[0], (len(plain), 3)).copy()
    owner = np.flatnonzero(plain >= 0)
    if centers.size > 1:
        first[plain == 0] = vectors[1]
    apart = distance[plain[owner]] > _CONCENTRIC
    first[owner[~apart & ((plain[owner] > 0) | (centers.size == 1))]] = [0, 0, 1]  # North
    half = np.full(centers.size, np.nan)
    half[plain[owner]] = np.degrees(_half_extents(leaves, first))[owner]
    unknown = np.isnan(half)
    if unknown.any():
        half[unknown] = _half_steps(distance)[unknown]
    return distance - half, distance + half


def _half_extents(leaves: Leaves, direction: Float) -> Float:
    """Distances in rad from the centres to the boundaries, toward directions (n, 3), or NaN."""
    _, b, c = np.einsum("nij,nj->in", leaves.basis, direction)
    turn = np.arctan2(c, b)
    cos, sin = np.abs(np.cos(turn)), np.abs(np.sin(turn))
    along, across = leaves.outer.T
    half = np.full(turn.size, np.nan)
    half[leaves.kind == CIRCLE] = along[leaves.kind == CIRCLE]
    ellipse, box = leaves.kind == ELLIPSE, leaves.kind == RECTANGLE
    half[ellipse] = 1 / np.hypot(cos / along, sin / across)[ellipse]
    half[box] = _to_side(along[box], across[box], cos[box], sin[box])
    for number in np.flatnonzero(leaves.kind == POLYGON).tolist():
        polygons, row = leaves.polygons, leaves.polygon[number]
        sides = slice(polygons.first[row], polygons.first[row] + polygons.count[row])
        corners = polygons.corners[sides, 0] @ leaves.basis[number]
        half[number] = _to_corner(corners, direction[number])
    return half


def _to_corner(corners: Float, direction: Float) -> float:
    """Largest distance in rad of corners (n, 3) from their mean, along a direction (3,)."""
    mean = corners.sum(axis=0)
    mean /= np.linalg.norm(mean)
    away, toward = (v - (v @ mean)[..., None] * mean for v in (corners, direction))
    distance = np.arctan2(np.linalg.norm(away, axis=1), corners @ mean)
    lengths = np.linalg.norm(away, axis=1) * np.linalg.norm(toward)
    cosine = (away @ toward) / np.maximum(lengths, np.finfo(float).tiny)
    return float(np.abs(distance * cosine).max())


def _to_side(along: Float, across: Float, cos: Float, sin: Float) -> Float:
    """Distance in rad to a meridian or a parallel of the axes along the width and the height.

    `cos` and `sin` are those of the angle from the width, not negative.
    """
    lon, lat = np.minimum(along, np.pi), np.sin(np.minimum(across, np.pi / 2))
    to_meridian = np.where(lon < np.pi, np.arctan2(np.sin(lon), cos * np.cos(lon)), np.pi)
    reached = lat < sin
    to_parallel = np.where(reached, np.arcsin(lat / np.where(reached, sin, 1)), np.pi)
    return np.minimum(to_meridian, to_parallel)


def _half_steps(distance: Float) -> Float:
    """Half the distance to the neighbours, for regions whose extent is not known."""
    if distance.size < 2:
        return np.zeros_like(distance)
    return np.abs(np.gradient(distance)) / 2
