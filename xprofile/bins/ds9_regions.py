"""Astropy regions to and from lines of DS9 region files."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Sequence
from typing import Any

import astropy.units as u
import numpy as np
from astropy.coordinates import Angle
from astropy.utils.exceptions import AstropyUserWarning
from regions import (
    CircleAnnulusSkyRegion,
    CircleSkyRegion,
    CompoundSkyRegion,
    EllipseAnnulusSkyRegion,
    EllipseSkyRegion,
    PolygonSkyRegion,
    RectangleAnnulusSkyRegion,
    RectangleSkyRegion,
    Regions,
    SkyRegion,
)

from ..exceptions import InvalidBinsError
from ..maps.sphere import lonlat_deg
from .centers import region_center, region_in_icrs
from .ds9_lines import (
    DIGITS,
    ds9_frame,
    format_angles,
    format_lengths,
    format_lonlat,
    format_positions,
    shape_lines,
)

__all__ = ["parse_region_texts", "region_texts"]


def region_texts(regions: Sequence[SkyRegion]) -> list[str]:
    """Write each region as one line of DS9, or as its repr where DS9 lacks its kind.

    In a frame or equinox that DS9 lacks, positions and angles are written in ICRS.
    """
    known = [_in_known_frame(region) for region in regions]
    simple = _simple_texts(known)
    return [simple.get(i) or _serialized(region) for i, region in enumerate(known)]


def _in_known_frame(region: SkyRegion) -> SkyRegion:
    """Return a region whose frame DS9 has: itself, or the same region in ICRS."""
    if isinstance(region, CompoundSkyRegion):
        parts = (_in_known_frame(region.region1), _in_known_frame(region.region2))
        return CompoundSkyRegion(*parts, region.operator, region.meta, region.visual)
    points = region.vertices if isinstance(region, PolygonSkyRegion) else region_center(region)
    if ds9_frame(points.frame) is not None:
        return region
    known = type(region) in _SIMPLE or isinstance(region, PolygonSkyRegion)
    return region_in_icrs(region) if known else region


# name of a shape in DS9, its lengths in the order of DS9, their scale, and whether it has an angle
_SIMPLE: dict[type, tuple[str, tuple[str, ...], float, bool]] = {
    CircleSkyRegion: ("circle", ("radius",), 1, False),
    CircleAnnulusSkyRegion: ("annulus", ("inner_radius", "outer_radius"), 1, False),
    EllipseSkyRegion: ("ellipse", ("width", "height"), 0.5, True),
    RectangleSkyRegion: ("box", ("width", "height"), 1, True),
    EllipseAnnulusSkyRegion: (
        "ellipse", ("inner_width", "inner_height", "outer_width", "outer_height"), 0.5, True,
    ),
    RectangleAnnulusSkyRegion: (
        "box", ("inner_width", "inner_height", "outer_width", "outer_height"), 1, True,
    ),
}  # fmt: skip


def _simple_texts(regions: Sequence[SkyRegion]) -> dict[int, str]:
    """Write simple regions without text or colour as `regions` does but faster, by their number."""
    groups: dict[tuple[type, str], list[int]] = {}
    texts: dict[int, str] = {}
    for i, region in enumerate(regions):
        if region.meta or region.visual:
            continue
        if type(region) is PolygonSkyRegion:
            corners, frame = region.vertices, ds9_frame(region.vertices.frame)
            if frame is not None:
                texts[i] = shape_lines(frame, "polygon", [",".join(format_positions(corners))])[0]
        elif type(region) in _SIMPLE:
            frame = ds9_frame(region.center.frame)
            if frame is not None:
                groups.setdefault((type(region), frame), []).append(i)
    for (kind, frame), numbers in groups.items():
        lines = _alike_texts([regions[i] for i in numbers], frame, *_SIMPLE[kind])
        texts.update(zip(numbers, lines, strict=True))
    return texts


def _alike_texts(
    regions: Sequence[Any], frame: str, shape: str, names: Sequence[str], scale: float, turned: bool
) -> list[str]:
    """Write regions of one kind and frame."""
    lon, lat = np.array([lonlat_deg(region.center) for region in regions]).T
    columns = [
        format_lengths(scale * getattr(region, name).to_value(u.deg) for region in regions)
        for name in names
    ]
    turns = [[_angle_text(region.angle) for region in regions]] if turned else []
    return shape_lines(frame, shape, format_lonlat(lon, lat), *columns, *turns)


def _angle_text(angle: u.Quantity) -> str:
    write = format_angles if isinstance(angle, Angle) else format_lengths
    return write([angle.to_value(u.deg)])[0]


def _serialized(region: SkyRegion) -> str:
    """Write a region with the package `regions`, in one line."""
    if ds9_frame(region_center(region).frame) is None:
        return _one_line_repr(region)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", AstropyUserWarning)  # of a frame that DS9 lacks
            text = Regions([region]).serialize(format="ds9", precision=DIGITS)
    except (NotImplementedError, ValueError, KeyError, AttributeError, AstropyUserWarning):
        return _one_line_repr(region)
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return ";".join(lines) if lines else _one_line_repr(region)


def _one_line_repr(region: SkyRegion) -> str:
    return " ".join(repr(region).split())


def parse_region_texts(texts: Iterable[str]) -> list[list[SkyRegion]]:
    """Read the texts of bins: each has one region, or several if bins were merged.

    Raises
    ------
    InvalidBinsError
        If a text does not hold sky regions in DS9's format.
    """
    return [_parsed(str(text)) for text in texts]


def _parsed(text: str) -> list[SkyRegion]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", AstropyUserWarning)  # of a line that is skipped
            regions = list(Regions.parse(text, format="ds9"))
    except (ValueError, TypeError, KeyError, AstropyUserWarning):
        regions = []
    if not regions or not all(isinstance(region, SkyRegion) for region in regions):
        raise InvalidBinsError(
            f"the text of a bin is not a sky region in DS9's format: {text[:80]!r}; give the bins "
            "themselves as bins="
        )
    return regions
