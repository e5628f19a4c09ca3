"""Distortions: positions of pixels with SIP polynomials, and a WCS for other pixels.

Distortions that follow the matrix of the WCS, such as TPV and TPD, are in the functions of wcslib.
SIP polynomials precede the matrix, and astropy keeps them beside the functions of wcslib.
"""

from __future__ import annotations

import numpy as np
from astropy.wcs import WCS, Sip
from numpy.typing import NDArray

from .cards import cards_of_wcs, has_distortions

__all__ = [
    "join_pixels",
    "move_pixels",
    "pixel_to_world",
    "same_polynomials",
    "sip_polynomials",
    "world_to_pixel",
]

Float = NDArray[np.float64]

# Half the distance, in pixels, between the points of a numerical derivative. It has an effect on
# the number of steps towards an inverse alone: ten times larger, they would be as many.
_DERIVATIVE_STEP = 1e-2

# Largest distance in pixels between a position and that of its inverse, and the number of steps
# towards it. Each step squares the distance, so about 4 are needed. Ten times larger, nothing
# changes; at 1e-3, positions would be off by the size that `PixelGrid.canonical` takes as equal.
_INVERSE_ROUNDING = 1e-7
_MAX_STEPS = 20

_SAME_TERMS = 1e-9  # relative difference of coefficients that are written and read again


def pixel_to_world(wcs: WCS, x: Float, y: Float) -> tuple[Float, Float]:
    """World coordinates in degrees of 0-based pixel positions, in the order of the WCS.

    `x` and `y` have the same shape. NaN off the sky.
    """
    if wcs.sip is not None:
        x, y = _undistorted(wcs, x, y)
    first, second = wcs.wcs_pix2world(x, y, 0)
    return np.asarray(first), np.asarray(second)


def world_to_pixel(wcs: WCS, first: Float, second: Float) -> tuple[Float, Float]:
    """0-based pixel positions of world coordinates in degrees, NaN where the map has none."""
    x, y = (np.asarray(p) for p in wcs.wcs_world2pix(first, second, 0))
    return (x, y) if wcs.sip is None else _distorted(wcs, x, y)


def _undistorted(wcs: WCS, x: Float, y: Float) -> tuple[Float, Float]:
    """Pixel positions on the plane without distortions."""
    points = np.stack([np.ravel(x), np.ravel(y)], axis=-1).astype(float)
    found = np.asarray(wcs.pix2foc(points, 0))
    return found[:, 0].reshape(np.shape(x)), found[:, 1].reshape(np.shape(y))


def _distorted(wcs: WCS, x: Float, y: Float) -> tuple[Float, Float]:
    """Pixel positions whose undistorted ones are (x, y), by Newton's method; NaN without any."""
    shape, wanted = np.shape(x), np.stack([np.ravel(x), np.ravel(y)])
    found = wanted.copy()
    active = np.flatnonzero(np.isfinite(wanted).all(axis=0))
    for _ in range(_MAX_STEPS):
        off = wanted[:, active] - np.stack(_undistorted(wcs, *found[:, active]))
        far = ~(np.abs(off).max(axis=0) <= _INVERSE_ROUNDING / 10)
        active, off = active[far], off[:, far]
        if not active.size:
            break
        found[:, active] += _newton_step(wcs, found[:, active], off)
    off = np.abs(wanted - np.stack(_undistorted(wcs, *found)))
    found[:, ~(off.max(axis=0) <= _INVERSE_ROUNDING)] = np.nan
    return found[0].reshape(shape), found[1].reshape(shape)


def _newton_step(wcs: WCS, at: Float, off: Float) -> Float:
    """Step (2, n) from positions (2, n) to those whose undistorted ones are `off` (2, n) away."""
    (x, y), step = at, _DERIVATIVE_STEP
    along_x, along_y = (
        (np.stack(_undistorted(wcs, x + dx, y + dy)) - _undistorted(wcs, x - dx, y - dy))
        / (2 * step)
        for dx, dy in ((step, 0.0), (0.0, step))
    )
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        area = along_x[0] * along_y[1] - along_x[1] * along_y[0]
        return np.stack([
            (along_y[1] * off[0] - along_y[0] * off[1]) / area,
            (along_x[0] * off[1] - along_x[1] * off[0]) / area,
        ])  # fmt: skip


def move_pixels(wcs: WCS, first: Float) -> WCS:
    """Return the WCS of pixels that are counted from another one.

    Parameters
    ----------
    wcs : astropy.wcs.WCS
        Celestial WCS, which stays unchanged.
    first : numpy.ndarray
        0-based numbers (x, y) of the pixel that becomes (0, 0).
    """
    moved = wcs.deepcopy()
    moved.wcs.crpix = wcs.wcs.crpix - first
    _set_polynomials(moved)
    return moved


def join_pixels(wcs: WCS, first: Float, factor: int) -> WCS:
    """Return the WCS of pixels that are joined to larger ones, with all distortions.

    Parameters
    ----------
    wcs : astropy.wcs.WCS
        Celestial WCS, which stays unchanged.
    first : numpy.ndarray
        0-based numbers (x, y) of the first of the joined pixels.
    factor : int
        Number of pixels along each side of the larger one.
    """
    joined = wcs.deepcopy()
    joined.wcs.crpix = (wcs.wcs.crpix - first - 0.5) / factor + 0.5
    if has_distortions(cards_of_wcs(wcs)):  # TPD and others act on the output of the matrix
        joined.wcs.pc = wcs.wcs.get_pc() * factor
    else:
        joined.wcs.cdelt = wcs.wcs.get_cdelt() * factor
    _set_polynomials(joined, factor)
    return joined


def sip_polynomials(wcs: WCS) -> tuple[Float | None, ...]:
    """Coefficients A, B, AP and BP of SIP, (order + 1, order + 1); None for those not given."""
    sip = wcs.sip
    found = (sip.a, sip.b, sip.ap, sip.bp)
    return tuple(None if part is None else np.array(part) for part in found)


def same_polynomials(one: WCS, other: WCS) -> bool:
    """Whether both have the same SIP polynomials from pixels to the sky, or both have none."""
    if one.sip is None or other.sip is None:
        return one.sip is other.sip
    pairs = ((one.sip.a, other.sip.a), (one.sip.b, other.sip.b))
    size = max(len(terms) for pair in pairs for terms in pair)
    padded = ((np.pad(terms, (0, size - len(terms))) for terms in pair) for pair in pairs)
    return all(np.allclose(a, b, _SAME_TERMS, 0) for a, b in padded)


def _set_polynomials(wcs: WCS, factor: int = 1) -> None:
    """Give a WCS its own SIP polynomials, round its reference pixel and for larger pixels."""
    if wcs.sip is None:
        return
    scaled = []
    for part in sip_polynomials(wcs):
        power = None if part is None else np.add.outer(*[np.arange(len(part))] * 2) - 1.0
        scaled.append(None if part is None or power is None else part * float(factor) ** power)
    wcs.sip = Sip(*scaled, wcs.wcs.crpix)
