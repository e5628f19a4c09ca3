"""Regions as lines of DS9, written and read."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Sequence

import astropy.units as u
from astropy.coordinates import Angle
from astropy.utils.exceptions import AstropyUserWarning
from regions import (
    CircleAnnulusSkyRegion,
    CircleSkyRegion,
    EllipseAnnulusSkyRegion,
    EllipseSkyRegion,
    RectangleAnnulusSkyRegion,
    RectangleSkyRegion,
    Regions,
    SkyRegion,
)

from ..exceptions import InvalidBinsError
from . import ds9
from .centers import region_center

__all__ = ["region_texts", "regions_of_texts"]


def region_texts(regions: Sequence[SkyRegion]) -> list[str]:
    """Write each region as one line of DS9, or as its repr where DS9 has no such thing."""
    return [_plain_text(region) or _text(region) for region in regions]


# name of a shape in DS9, its lengths in the order of DS9, their scale, and whether it has an angle
_DS9_SHAPES: dict[type, tuple[str, tuple[str, ...], float, bool]] = {
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


def _plain_text(region: SkyRegion) -> str:
    """Line of DS9 of a simple region without words or colours, as `regions` writes it, else ""."""
    if type(region) not in _DS9_SHAPES or region.meta or region.visual:
        return ""
    frame = ds9.ds9_frame(region.center.frame)
    if frame is None:
        return ""
    shape, names, scale, turned = _DS9_SHAPES[type(region)]
    sizes = ds9.lengths(scale * getattr(region, name).to_value(u.deg) for name in names)
    turn = []
    if turned:
        write = ds9.angles if isinstance(region.angle, Angle) else ds9.lengths
        turn = write([region.angle.to_value(u.deg)])
    numbers = [*ds9.places(region.center), *sizes, *turn]
    return f"{frame};{shape}({','.join(numbers)})"


def regions_of_texts(texts: Iterable[str]) -> list[list[SkyRegion]]:
    """Read the texts of bins: of one region each, or of several if bins were merged.

    Raises
    ------
    InvalidBinsError
        If a text is not of sky regions in DS9's format.
    """
    return [_regions_of(str(text)) for text in texts]


def _regions_of(text: str) -> list[SkyRegion]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", AstropyUserWarning)  # a line that is skipped
            regions = list(Regions.parse(text, format="ds9"))
    except (ValueError, TypeError, KeyError, AstropyUserWarning):
        regions = []
    if not regions or not all(isinstance(region, SkyRegion) for region in regions):
        raise InvalidBinsError(
            f"the text of a bin is no sky region in DS9's format: {text[:80]!r}; give the bins "
            "themselves as bins="
        )
    return regions


def _text(region: SkyRegion) -> str:
    frame = region_center(region).frame.replicate_without_data()
    if not frame.is_equivalent_frame(type(frame)()):
        return _repr(region)  # DS9 knows no other equinox
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", AstropyUserWarning)  # a frame that DS9 has not
            text = Regions([region]).serialize(format="ds9", precision=10)
    except (NotImplementedError, ValueError, KeyError, AttributeError, AstropyUserWarning):
        return _repr(region)
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return ";".join(lines) if lines else _repr(region)


def _repr(region: SkyRegion) -> str:
    return " ".join(repr(region).split())
