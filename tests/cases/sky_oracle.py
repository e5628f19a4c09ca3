"""Which pixels bins and regions hold, by separations and position angles of astropy alone.

A verdict is two arrays: whether each bin holds each position, and where that is left open. Pixel
centres on an edge, to within a tenth of the tolerance, follow the rule for edges; those further
away, but within ten times the tolerance, are left open, as rounding may move them.
"""

from functools import reduce
from itertools import pairwise

import astropy.units as u
import numpy as np
from astropy.coordinates import SkyCoord
from astropy.wcs.utils import proj_plane_pixel_area
from regions import CompoundSkyRegion, PolygonSkyRegion

LOWER, UPPER, OPEN = True, False, None  # edges that belong to the bin, do not, or may


def wrapped(angle, middle=0.0):
    """Angles in degrees within half a turn of a middle."""
    return (angle - middle + 180) % 360 - 180 + middle


class Oracle:
    """Positions of all pixels of a WCS, and verdicts about them."""

    def __init__(self, wcs, shape):
        line, column = np.indices(shape)
        self.sky = wcs.pixel_to_world(column, line)
        self.known = np.isfinite(self.sky.spherical.lon.deg)
        self._last = None, None
        self.pixel = float(np.sqrt(proj_plane_pixel_area(wcs)))

    def beyond(self, distance, rule, width):
        """Verdict for positions whose distance in degrees beyond an edge is positive."""
        tolerance = max(1e-9 * width, 1e-6 * self.pixel)
        on_edge = np.abs(distance) <= tolerance / 10
        inside = distance > 0
        if rule is not OPEN:
            inside = np.where(on_edge, rule, inside)
        near = np.abs(distance) <= 10 * tolerance
        return inside & self.known, near & ~(on_edge & (rule is not OPEN))

    def between(self, value, low, high, *, width=None, rules=(LOWER, UPPER)):
        width = high - low if width is None else width
        return both(
            self.beyond(value - low, rules[0], width), self.beyond(high - value, rules[1], width)
        )

    def around(self, center):
        """Separation and position angle in degrees from a centre, in its frame."""
        if self._last[0] is not center:
            sky = self.sky.transform_to(center.frame)
            self._last = center, (center.separation(sky).deg, center.position_angle(sky).deg)
        return self._last[1]

    def local(self, center, rotation):
        """Longitude and latitude in degrees of axes at a centre."""
        found = self.sky.transform_to(center.skyoffset_frame(rotation=rotation))
        return wrapped(found.lon.deg), found.lat.deg

    def rings(self, center, edges, ratio=1.0, angle=0.0):
        distance, turn = self.around(center)
        turn = np.radians(turn - angle)
        value = distance * np.hypot(np.cos(turn), np.sin(turn) / ratio)
        return stacked(
            self.beyond(high - value, UPPER, high - low)
            if low == 0
            else self.between(value, low, high)
            for low, high in pairwise(edges)
        )

    def sectors(self, center, edges, radius_min, radius_max):
        distance, angle = self.around(center)
        ring = self.between(distance, radius_min, radius_max)
        if radius_min == 0:
            ring = self.beyond(radius_max - distance, UPPER, radius_max)
        scale, found = np.sin(np.radians(distance)), []
        for low, high in pairwise(edges):
            value = wrapped(angle, (low + high) / 2)
            inside, unsure = both(
                ring, self.between(value * scale, low * scale, high * scale, width=0)
            )
            found.append((inside, unsure | (distance < 1e-5 * self.pixel)))
        return stacked(found)

    def boxes(self, center, angle, along, across):
        """Verdicts of boxes along a direction; edges in degrees of local longitude and latitude."""
        lon, lat = self.local(center, (angle - 90) * u.deg)
        lon = wrapped(lon, (along[0] + along[-1]) / 2)
        return stacked(
            both(self.between(lon, *along[i : i + 2]), self.between(lat, *across[j : j + 2]))
            for i in range(len(along) - 1)
            for j in range(len(across) - 1)
        )

    def path(self, points, edges, height, *, closed=False):
        """Verdicts of bins along a path: perpendicular edges, and mitres at the joints."""
        if closed:
            points = points[np.append(np.arange(points.size), 0)]
        leave = points[:-1].position_angle(points[1:]).deg
        arrive = points[1:].position_angle(points[:-1]).deg + 180
        before = np.append(arrive[-1] if closed else leave[0], arrive)
        after = np.append(leave, leave[0] if closed else arrive[-1])
        middle = before + wrapped(after - before) / 2
        steps = points[:-1].separation(points[1:]).deg
        stops = np.append(0, np.cumsum(steps))
        ahead = [self._ahead(p, a) for p, a in zip(points, middle, strict=True)]
        local = [self.local(p, (a - 90) * u.deg) for p, a in zip(points, leave, strict=False)]
        shape, found, at_joint = self.sky.shape, [], max(1e-9, 1e-6 * self.pixel)
        for low, high in pairwise(edges):
            parts = []
            for i, step in enumerate(steps):
                lon, lat = local[i]
                leg = both(
                    self.beyond(ahead[i], OPEN, step),
                    self.beyond(-ahead[i + 1], OPEN, step),
                    self.between(lat, -height / 2, height / 2),
                    (np.abs(lon - step / 2) < 90, np.zeros(shape, bool)),
                )
                # an edge at a vertex is the joint itself
                for edge, stop, sign in ((low, i, 1), (high, i + 1, -1)):
                    if abs(edge - stops[stop]) < at_joint or (edge - stops[stop]) * sign < 0:
                        continue
                    beyond = sign * (np.clip(lon, 0, step) + stops[i] - edge)
                    rule = LOWER if sign > 0 else UPPER
                    leg = both(leg, self.beyond(beyond, rule, high - low))
                if low < stops[i + 1] - at_joint and high > stops[i] + at_joint:
                    parts.append(leg)
            found.append(reduce(either, parts))
        return stacked(found)

    def _ahead(self, point, angle):
        """Degrees ahead of the great circle through a point across a direction."""
        distance, turn = (np.radians(v) for v in self.around(point))
        return np.degrees(np.arcsin(np.sin(distance) * np.cos(turn - np.radians(angle))))

    def region(self, region):
        """Verdict about a region of astropy."""
        if isinstance(region, CompoundSkyRegion):
            (one, unsure), (two, too) = (self.region(r) for r in (region.region1, region.region2))
            return region.operator(one, two), unsure | too
        if isinstance(region, PolygonSkyRegion):
            return self.polygon(region.vertices)
        name = type(region).__name__
        size = {n: getattr(region, n).to_value("deg") for n in region._params if n != "center"}
        if "Circle" in name:
            radii = size.get("inner_radius", 0), size.get("outer_radius", size.get("radius"))
            return first(self.rings(region.center, radii))
        sides = [(size["width"], size["height"])] if "width" in size else []
        sides = sides or [(size[f"{k}_width"], size[f"{k}_height"]) for k in ("outer", "inner")]
        make = self._ellipse if "Ellipse" in name else self._rectangle
        found = [make(region.center, *pair, size["angle"]) for pair in sides]
        if len(found) == 1:
            return found[0]
        return found[0][0] & ~found[1][0], found[0][1] | found[1][1]

    def _ellipse(self, center, width, height, angle):
        return first(self.rings(center, (0, width / 2), height / width, angle + 270))

    def _rectangle(self, center, width, height, angle):
        """Verdict about a rectangle, whose edges are left open."""
        lon, lat = self.local(center, angle * u.deg)
        rules = {"rules": (OPEN, OPEN)}
        return both(
            self.between(lon, -width / 2, width / 2, **rules),
            self.between(lat, -height / 2, height / 2, **rules),
        )

    def polygon(self, corners):
        """Verdict by how often the corners go round each position, by position angles."""
        sky = self.sky.transform_to(corners.frame)
        middle = SkyCoord(corners.cartesian.mean(), frame=corners.frame.replicate_without_data())
        toward = sky[..., None].position_angle(corners).deg
        turns = wrapped(np.diff(toward, axis=-1, append=toward[..., :1])).sum(axis=-1) / 360
        near = np.zeros(sky.shape, bool)
        for start, end in zip(
            corners, corners[np.arange(1, corners.size + 1) % corners.size], strict=True
        ):
            off = self._ahead(start, start.position_angle(end).deg + 90)
            near |= np.abs(off) < 1e-5 * self.pixel
        with np.errstate(invalid="ignore"):
            inside = (np.round(turns) % 2 == 1) & (middle.separation(sky).deg < 90)
        return inside & self.known, near


def both(*verdicts):
    """Positions for which all verdicts hold; open ones where no other verdict refuses them."""
    inside = np.all([v[0] for v in verdicts], axis=0)
    refused = np.any([~v[0] & ~v[1] for v in verdicts], axis=0)
    return inside, np.any([v[1] for v in verdicts], axis=0) & ~refused


def either(one, two):
    sure = (one[0] & ~one[1]) | (two[0] & ~two[1])
    return one[0] | two[0], (one[1] | two[1]) & ~sure


def first(verdict):
    return verdict[0][0], verdict[1][0]


def stacked(verdicts):
    inside, unsure = zip(*verdicts, strict=True)
    return np.array(inside), np.array(unsure)
