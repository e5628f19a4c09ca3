"""Which positions a sky region holds, by separations and position angles of astropy."""

import astropy.units as u
import numpy as np
from astropy.wcs import WCS
from regions import CompoundSkyRegion, PolygonSkyRegion

from cases.maps import make_maps

AXES = {"icrs": ("RA---", "DEC--"), "galactic": ("GLON-", "GLAT-")}


def any_maps(
    projection, center, step, *, frame="icrs", turn=0, shear=0, flip=(1, 1), shape=(50, 60)
):
    """Maps of any projection, parity, rotation and shear."""
    wcs = WCS(naxis=2)
    wcs.wcs.ctype = [axis + projection for axis in AXES[frame]]
    if frame == "icrs":
        wcs.wcs.radesys = "ICRS"
    wcs.wcs.crval, wcs.wcs.crpix = center, ((shape[1] + 1) / 2, (shape[0] + 1) / 2)
    cos, sin = np.cos(np.radians(turn)), np.sin(np.radians(turn))
    matrix = np.array([[cos, -sin], [sin, cos]]) @ [[1, shear], [0, 1]]
    wcs.wcs.cd = np.diag([-1, 1]) @ matrix @ np.diag(np.multiply(flip, step))
    return make_maps(wcs, shape, nenergy=1, ntrue=1)


def holds(region, sky):
    """Whether a region holds sky positions, by brute force."""
    if isinstance(region, CompoundSkyRegion):
        return region.operator(holds(region.region1, sky), holds(region.region2, sky))
    if isinstance(region, PolygonSkyRegion):
        return in_polygon(region, sky)
    name = type(region).__name__
    size = {n: getattr(region, n).to_value("deg") for n in region._params if n != "center"}
    sky = sky.transform_to(region.center.frame)
    distance = region.center.separation(sky).deg
    if "Circle" in name:
        return (distance < size.get("radius", size.get("outer_radius"))) & (
            distance >= size.get("inner_radius", 0)
        )
    if "Ellipse" in name:
        turn = region.center.position_angle(sky).rad - np.radians(270 + size["angle"])
        along, across = distance * np.cos(turn), distance * np.sin(turn)

        def inside(width, height):
            return np.hypot(along / width, across / height) < 1 / 2
    else:
        local = sky.transform_to(region.center.skyoffset_frame(rotation=region.angle))
        lon, lat = np.abs(local.lon.wrap_at(180 * u.deg).deg), np.abs(local.lat.deg)

        def inside(width, height):
            return (lon < width / 2) & (lat < height / 2)

    if "Annulus" not in name:
        return inside(size["width"], size["height"])
    outer = inside(size["outer_width"], size["outer_height"])
    return outer & ~inside(size["inner_width"], size["inner_height"])


def in_polygon(region, sky):
    """Whether straight lines of the tangent plane at the middle of a polygon go round positions."""
    points = sky.transform_to(region.vertices.frame).cartesian.xyz.value
    corners = region.vertices.cartesian.xyz.value
    middle = corners.mean(axis=1) / np.linalg.norm(corners.mean(axis=1))
    assert np.all(middle @ corners > 0)
    side = np.cross(middle, [0.3, 0.5, 0.81])
    axes = np.stack([side, np.cross(middle, side)])
    with np.errstate(all="ignore"):
        toward = np.tensordot(middle, points, 1)
        x, y = np.tensordot(axes, points, 1) / toward
        (x1, y1) = axes @ corners / (middle @ corners)
        inside = np.zeros(x.shape, bool)
        for a, b, c, d in zip(x1, y1, np.roll(x1, -1), np.roll(y1, -1), strict=True):
            inside ^= ((b > y) != (d > y)) & (x < (c - a) * (y - b) / (d - b) + a)
        return inside & (toward > 0)
