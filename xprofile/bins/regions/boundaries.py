"""Closed rings of directions along the boundaries of regions."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .leaves import OTHER, POLYGON, RECTANGLE, Leaves

__all__ = ["boundary_rings"]

Float = NDArray[np.float64]

# Directions round a circle, along one side of a rectangle, and radians between those along the side
# of a polygon. With ten times fewer, circles and long sides would look like polygons.
_ROUND, _SIDE, _STEP = 257, 65, np.radians(1.5)


def boundary_rings(leaves: Leaves, number: int) -> list[Float]:
    """Unit vectors (3, n) of a closed ring round a region, and of one round its hole, backwards.

    Empty for spherical regions.
    """
    kind = leaves.kind[number]
    if kind == OTHER:
        return []
    if kind == POLYGON:
        return [_polygon(leaves, number)]
    make = _rectangle if kind == RECTANGLE else _ellipse
    outer, inner = leaves.outer[number], leaves.inner[number]
    rings = [make(outer)] + ([make(inner)[:, ::-1]] if np.isfinite(inner).all() else [])
    return [leaves.basis[number].T @ ring for ring in rings]


def _ellipse(half: Float) -> Float:
    """Local directions round an ellipse, (3, n)."""
    phase = np.linspace(0, 2 * np.pi, _ROUND)
    distance = 1 / np.hypot(np.cos(phase) / half[0], np.sin(phase) / half[1])
    distance = np.minimum(distance, np.pi)
    sin = np.sin(distance)
    return np.stack([np.cos(distance), sin * np.cos(phase), sin * np.sin(phase)])


def _rectangle(half: Float) -> Float:
    """Local directions along two meridians and two parallels, (3, n)."""
    along, across = np.minimum(half, [np.pi, np.pi / 2])
    t, one = np.linspace(-1, 1, _SIDE), np.ones(_SIDE)
    lon = along * np.concatenate([t, one, -t, -one])
    lat = across * np.concatenate([-one, t, one, -t])
    return np.stack([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)])


def _polygon(leaves: Leaves, number: int) -> Float:
    """Directions along the great circles between the corners of a polygon, (3, n)."""
    polygons, row = leaves.polygons, leaves.polygon[number]
    first = polygons.first[row]
    points = []
    for start, stop in polygons.corners[first : first + polygons.count[row]]:
        angle = np.arctan2(np.linalg.norm(np.cross(start, stop)), start @ stop)
        t = np.linspace(0, 1, int(np.ceil(angle / _STEP)) + 1)[:-1] if angle > 0 else np.zeros(1)
        weights = np.sin([(1 - t) * angle, t * angle]) if angle > 0 else np.ones((2, 1))
        points.append(start[:, None] * weights[0] + stop[:, None] * weights[1])
    ring = np.concatenate(points, axis=1)
    ring = np.concatenate([ring, ring[:, :1]], axis=1) / np.linalg.norm(
        np.concatenate([ring, ring[:, :1]], axis=1), axis=0
    )
    return np.asarray(polygons.basis[row].T @ ring)
