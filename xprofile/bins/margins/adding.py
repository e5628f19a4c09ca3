"""Bins added round others, for the signal that the PSF carries in from outside."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...exceptions import InvalidOptionError
from ..constructors.arguments import positive_angle
from ..shapes.axes import widths_at_edges
from ..shapes.boxes import Boxes
from ..shapes.rings import Annuli
from ..skybins import SkyBins
from .surroundings import surrounded
from .widths import ROUNDING, margin_widths, numbered_on

__all__ = ["with_margin"]

Float = NDArray[np.float64]
Int = NDArray[np.intp]


def with_margin(bins: SkyBins, margin: Any, *, psf: bool) -> SkyBins:
    """Add bins round others, up to a distance; they come last.

    Parameters
    ----------
    bins : SkyBins
        Bins by angles on the sphere, or planar annuli or boxes.
    margin : Quantity
        Distance up to which bins are added.
    psf : bool
        Whether the PSF is used, for which the margin is.

    Raises
    ------
    InvalidOptionError
        If the PSF is not used, or the bins are planar and neither annuli nor boxes.
    InvalidBinsError
        If the margin is not a positive angle.
    """
    if not psf:
        raise InvalidOptionError("margin is for psf=True alone; add psf=True, or leave out margin")
    width = positive_angle(margin, "margin")
    if isinstance(bins.shape, Annuli):
        return _rings(bins, bins.shape, width)
    if isinstance(bins.shape, Boxes):
        return _boxes(bins, bins.shape, width)
    if bins.planar:
        raise InvalidOptionError(
            "margin of planar bins is for annuli and boxes alone, found "
            f"{bins!r}; leave out planar=True, or margin"
        )
    return surrounded(bins, width)


def _rings(bins: SkyBins, shape: Annuli, margin: float) -> SkyBins:
    """Add rings outside and, if there is a hole, inside.

    Of ellipses, the margin is that along the minor axis.
    """
    edges, reach = shape.edges, margin / min(shape.axis_ratio, 1)
    limit = 180 if shape.axis_ratio == 1 else np.inf
    outer = edges[-1] + np.cumsum(margin_widths(reach, float(edges[-1] - edges[-2])))
    outer = np.unique(np.minimum(outer, limit))
    outer = outer[outer > edges[-1]]
    inner = np.array([])
    if edges[0] > 0:
        widths = margin_widths(min(reach, float(edges[0])), float(edges[1] - edges[0]))
        inner = np.maximum((edges[0] - np.cumsum(widths))[::-1], 0)
    whole = np.concatenate([inner, edges, outer])
    tolerances = _kept(whole, shape.widths, edges, inner.size)
    number = edges.size - 1
    order = np.concatenate(
        [
            inner.size + np.arange(number + outer.size),
            np.arange(inner.size)[::-1],
        ]
    )
    rings = replace(shape, edges=whole, widths=tolerances)
    lower, upper = whole[:-1][order], whole[1:][order]
    return _joined(bins, rings.take(order), lower, upper)


def _boxes(bins: SkyBins, shape: Boxes, margin: float) -> SkyBins:
    """Continue rows at both ends, and add strips on both sides."""
    middle = (shape.edges[0] + shape.edges[-1]) / 2 if shape.middle is None else shape.middle
    widest = min(180 - abs(edge - middle) for edge in shape.edges[[0, -1]])
    closed = np.ptp(shape.edges) >= 360 * (1 - ROUNDING)
    along, before = shape.edges, 0
    if not closed:
        scale = np.cos(np.radians(min(np.abs(shape.across).max(), 89.0)))
        along, before = _continued(shape.edges, min(margin / scale, widest))
    thick = np.diff(shape.across).min()
    thick = max(thick, np.diff(shape.edges).min())
    room = 90 - np.abs(shape.across).max()
    across, below = _continued(shape.across, min(margin, room), float(thick))
    rows, columns = across.size - 1, along.size - 1
    column, row = np.divmod(np.arange(rows * columns), rows)
    inside_row = (row >= below) & (row < below + shape.across.size - 1)
    inside_column = (column >= before) & (column < before + shape.edges.size - 1)
    kind = np.where(inside_row & inside_column, 0, np.where(inside_row, 1, 2))
    order = np.argsort(kind, kind="stable")
    whole = replace(
        shape,
        edges=along,
        across=across,
        middle=middle,
        widths=_kept(along, shape.widths, shape.edges, before),
        heights=_kept(across, shape.heights, shape.across, below),
    )
    zero = shape.edges[0] - bins.lower[0]
    lower, upper = along[:-1][column[order]] - zero, along[1:][column[order]] - zero
    ends = kind[order] == 1
    if shape.across.size > 2:  # a grid, whose bins have no edges along their dimension
        lower, upper = np.full((2, order.size), np.nan)
        return _joined(bins, whole.take(order), lower, upper)
    return _joined(bins, whole.take(order), *numbered_on(lower, upper, len(bins) + ends.sum()))


def _continued(edges: Float, margin: float, first: float | None = None) -> tuple[Float, int]:
    """Add edges before and after others; return the number of bins that come before."""
    if margin <= ROUNDING * np.ptp(edges):
        return edges, 0
    low, high = (
        np.cumsum(margin_widths(margin, float(width) if first is None else first))
        for width in (edges[1] - edges[0], edges[-1] - edges[-2])
    )
    return np.concatenate([(edges[0] - low)[::-1], edges, edges[-1] + high]), low.size


def _kept(whole: Float, widths: Float | None, old: Float, before: int) -> Float:
    """Widths at edges, which set tolerances, with those of the old edges as they were."""
    found = widths_at_edges(whole)
    kept = widths_at_edges(old) if widths is None else widths
    found[before : before + kept.size] = kept
    return found


def _joined(bins: SkyBins, shape: Any, lower: Float, upper: Float) -> SkyBins:
    """Bins with those of a margin; the edges of the first ones stay as they are."""
    size = len(bins)
    lower, upper = lower.copy(), upper.copy()
    lower[:size], upper[:size] = bins.lower, bins.upper
    text = f"{bins.description}, the last {len(lower) - size} of a margin"
    return replace(bins, shape=shape, lower=lower, upper=upper, description=text)
