"""Astropy regions to and from lines of DS9 region files."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Sequence

import astropy.units as u
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
from .centers import region_center, region_in_icrs
from .ds9_lines import (
    DIGITS,
    ds9_frame,
    format_angles,
    format_lengths,
    format_positions,
    shape_lines,
)

__all__ = ["parse_region_texts", "region_texts"]


def region_texts(regions: Sequence[SkyRegion]) -> list[str]:
    """Write each region as one line of DS9, or as its repr where DS9 lacks its kind.

    In a frame or equinox that DS9 lacks, positions and angles are written in ICRS.
    """
    known = [_in_known_frame(region) for region in regions]
    return [_simple_text(region) or _serialized(region) for region in known]


def _in_known_frame(region: SkyRegion) -> SkyRegion:
    """Return a region whose frame DS9 has: itself, or the same region in ICRS."""
    if isinstance(region, CompoundSkyRegion):
        parts = (_in_known_frame(region.region1), _in_known_frame(region.region2))
        return CompoundSkyRegion(*parts, region.operator, region.meta, region.visual)
    points = region.vertices if isinstance(region, PolygonSkyRegion) else region_center(region)
    if ds9_frame(points.frame.replicate_without_data()) is not None:
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


def _simple_text(region: SkyRegion) -> str:
    """Write a simple region without text or colour as `regions` does but faster; "" for others."""
    if type(region) not in _SIMPLE or region.meta or region.visual:
        return ""
    frame = ds9_frame(region.center.frame)
    if frame is None:
        return ""
    shape, names, scale, turned = _SIMPLE[type(region)]
    sizes = format_lengths(scale * getattr(region, name).to_value(u.deg) for name in names)
    turn = []
    if turned:
        write = format_angles if isinstance(region.angle, Angle) else format_lengths
        turn = write([region.angle.to_value(u.deg)])
    numbers = [*format_positions(region.center), *sizes, *turn]
    return shape_lines(frame, shape, *([number] for number in numbers))[0]


def _serialized(region: SkyRegion) -> str:
    """Write a region with the package `regions`, in one line."""
    if ds9_frame(region_center(region).frame.replicate_without_data()) is None:
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
