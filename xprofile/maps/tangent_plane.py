"""The plane that touches the sphere, on which a gnomonic (TAN) projection shows the sky."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from astropy.wcs import WCS
from astropy.wcs.utils import proj_plane_pixel_scales
from numpy.typing import NDArray

from .sphere import dot, unit_vectors

__all__ = ["TangentPlane", "find_tangent_plane"]

Float = NDArray[np.float64]

# Degrees from the reference point, in pixels of that size, at which WCS and plane are compared. A
# technical choice: a true TAN is linear everywhere, and ten times as far gives the same planes.
_COMPARED_AT = 20.0

# Largest difference (in radii of the sphere) between WCS and plane that counts as rounding, which
# was below 2e-14 on 300 random grids. Ten times larger is 2e-7 arcsec, still far below a pixel. Ten
# times smaller, rounding would hide the plane of some grids, which would then be slower.
_PLANE_ROUNDING = 1e-13

# Largest cosine between the axes of the plane that counts as a right angle; rounding gives 1e-15.
# Relative errors of solid angles are as large as the cosine: 1e-12 if this is ten times larger. A
# hundred times smaller, rounding would send grids with right angles to the slower equation.
_RIGHT_ANGLE = 1e-13


@dataclass(frozen=True, eq=False)
class TangentPlane:
    """Directions of pixel positions, which are linear on the plane that touches the sphere.

    The position (x, y) is at ``column_step * x + row_step * y + origin`` on the plane, and the
    direction to this point is its direction on the sky.

    Parameters
    ----------
    column_step, row_step : numpy.ndarray
        Vectors (3,) from one pixel to the next along x and along y, in radii of the sphere.
    origin : numpy.ndarray
        Vector (3,) from the centre of the sphere to the centre of pixel (0, 0).
    """

    column_step: Float
    row_step: Float
    origin: Float

    def vectors(self, x: Float, y: Float) -> Float:
        """Unit vectors (3, ...) of pixel positions, which broadcast."""
        ones = (1,) * len(np.broadcast_shapes(np.shape(x), np.shape(y)))
        column_step, row_step, origin = (
            vector.reshape(3, *ones) for vector in (self.column_step, self.row_step, self.origin)
        )
        found = column_step * x + row_step * y + origin
        return np.asarray(found / np.sqrt(dot(found, found)))

    @cached_property
    def rectangular_axes(self) -> tuple[Float, Float] | None:
        """Sizes (2,) of a pixel along x and y, and coordinates (2,) of pixel (0, 0) on the plane.

        The coordinates start at the point where plane and sphere touch. None if the pixel axes
        are not at right angles on the plane.
        """
        sizes = np.linalg.norm([self.column_step, self.row_step], axis=1)
        if abs(self.column_step @ self.row_step) > _RIGHT_ANGLE * sizes[0] * sizes[1]:
            return None
        origin = np.array([self.column_step @ self.origin, self.row_step @ self.origin])
        return sizes, origin / sizes


def find_tangent_plane(wcs: WCS) -> TangentPlane | None:
    """Find the tangent plane of a gnomonic projection; None for other projections.

    None also where the WCS differs from the plane, as with distortions.
    """
    if wcs.sip is not None or any(not ctype.endswith("-TAN") for ctype in wcs.wcs.ctype):
        return None
    middle = wcs.wcs.crpix - 1
    reach = _COMPARED_AT / np.asarray(proj_plane_pixel_scales(wcs))
    x, y = (m + r * np.array([-1, 0, 1]) for m, r in zip(middle, reach, strict=True))
    world = wcs.wcs_pix2world(*np.broadcast_arrays(x, y[:, None]), 0)
    sky = unit_vectors(world[wcs.wcs.lng], world[wcs.wcs.lat])
    points = sky / np.einsum("i,ijk->jk", sky[:, 1, 1], sky)
    column_step = (points[:, 1, 2] - points[:, 1, 0]) / (x[2] - x[0])
    row_step = (points[:, 2, 1] - points[:, 0, 1]) / (y[2] - y[0])
    origin = sky[:, 1, 1] - column_step * middle[0] - row_step * middle[1]
    linear = (
        column_step[:, None, None] * x
        + row_step[:, None, None] * y[:, None]
        + origin[:, None, None]
    )
    if not np.abs(linear - points).max() < _PLANE_ROUNDING:
        return None
    return TangentPlane(column_step, row_step, origin)
