"""The bin of each position by direct calculation, and which positions rounding decides."""

import astropy.units as u
import numpy as np
from astropy.coordinates import SkyOffsetFrame

TIE = 5e-6  # degrees from an edge: 1e-6 of the largest pixels here, which count as on it


def digitised(values, edges):
    """Half-open bins, and which values are so near an edge that rounding decides."""
    above = values[..., None] >= np.asarray(edges)
    code = np.where(above[..., -1], -1, above.sum(axis=-1) - 1)
    return code, np.abs(values[..., None] - edges).min(axis=-1) < TIE


def offsets(sky, origin, angle):
    """Degrees along a direction at an origin, and to its left, as seen with East to the left."""
    local = sky.transform_to(SkyOffsetFrame(origin=origin, rotation=(angle - 90) * u.deg))
    return local.lon.wrap_at(180 * u.deg).deg, local.lat.deg


def ring_codes(sky, center, edges):
    return digitised(center.separation(sky).deg, edges)


def ellipse_codes(sky, center, edges, ratio, angle):
    phi = center.position_angle(sky.transform_to(center.frame)).rad - np.radians(angle)
    stretch = np.sqrt(np.cos(phi) ** 2 + np.sin(phi) ** 2 / ratio**2)
    return digitised(center.separation(sky).deg * stretch, edges)


def sector_codes(sky, center, edges, radius_min, radius_max):
    angle = center.position_angle(sky.transform_to(center.frame)).deg
    turns = [digitised(angle + 360 * turn, edges) for turn in range(-3, 4)]
    code = np.max([turn[0] for turn in turns], axis=0)
    tie = np.any([turn[1] for turn in turns], axis=0)
    ring, tie_ring = digitised(center.separation(sky).deg, [radius_min, radius_max])
    return np.where(ring == 0, code, -1), tie | tie_ring


def box_codes(sky, origin, angle, edges, across):
    lon, lat = offsets(sky, origin, angle)
    (column, tie_column), (row, tie_row) = digitised(lon, edges), digitised(lat, across)
    inside = (column >= 0) & (row >= 0)
    return np.where(inside, column * (len(across) - 1) + row, -1), tie_column | tie_row


def line_codes(sky, start, end, edges, height):
    angle = start.position_angle(end.transform_to(start.frame)).deg
    return box_codes(sky, start, angle, edges, [-height / 2, height / 2])


def bends(points, closed):
    """Position angles with which a path leaves and reaches its vertices, and their difference."""
    forth = points[:-1].position_angle(points[1:]).deg
    back = points[1:].position_angle(points[:-1]).deg + 180
    leave = np.append(forth, forth[0] if closed else back[-1])
    arrive = np.append(back[-1] if closed else forth[0], back)
    return leave, arrive, (leave - arrive + 180) % 360 - 180


def path_areas(points, edges, height, closed=False):
    """Solid angles of bins along a path, summed over strips along it; of a closed path, all points.

    Joints and lines across are the ends of each strip's pieces, one in every segment.
    """
    turn = -np.radians(bends(points, closed)[2])
    steps = points[:-1].separation(points[1:]).rad
    stops, edges = np.append(0, np.cumsum(steps)), np.radians(edges)
    x, weight = np.polynomial.legendre.leggauss(8)
    borders = np.linspace(-1, 1, 2001) * np.radians(height) / 2
    middle, half = (borders[1:] + borders[:-1]) / 2, np.diff(borders) / 2
    y = middle[:, None] + half[:, None] * x
    areas = np.zeros(len(edges) - 1)
    for i, step in enumerate(steps):
        first, last = (np.arcsin(np.tan(y) * np.tan(t / 2)) for t in turn[i : i + 2])
        last = step - last
        for bin_, (low, high) in enumerate(
            zip(edges[:-1] - stops[i], edges[1:] - stops[i], strict=True)
        ):
            if high > 1e-12 and low < step - 1e-12:
                start = first if low < 1e-12 else np.clip(low, first, last)
                stop = last if high > step - 1e-12 else np.clip(high, first, last)
                areas[bin_] += np.sum(half[:, None] * weight * np.cos(y) * (stop - start))
    return areas


def path_codes(sky, points, edges, height, closed=False):
    """Test every segment for every pixel; also count the segments that each pixel is in."""
    if closed:
        points = points[np.append(np.arange(points.size), 0)]
    leave, arrive, turn = bends(points, closed)
    steps = points[:-1].separation(points[1:]).deg
    ahead = [offsets(sky, p, a + t / 2)[0] for p, a, t in zip(points, arrive, turn, strict=True)]
    distance, tie = np.full(sky.shape, np.nan), np.zeros(sky.shape, bool)
    count = np.zeros(sky.shape, int)
    for i, step in enumerate(steps):
        along, across = offsets(sky, points[i], leave[i])
        local = np.abs(along - step / 2) < 120  # the far side of the sky is ahead of all joints
        inside = local & (ahead[i] >= 0) & (ahead[i + 1] < 0)
        inside &= (-height / 2 <= across) & (across < height / 2)
        margins = (ahead[i], ahead[i + 1], np.abs(across) - height / 2)
        tie |= np.min(np.abs(margins), axis=0) < TIE
        # beyond the ends of a segment, on the outer sides of joints, its ends count
        along = np.clip(along, 2 * TIE, step - 2 * TIE)
        distance = np.where(inside, steps[:i].sum() + along, distance)
        count += inside
    code, tie_edge = digitised(distance, edges)
    return np.where(count > 0, code, -1), tie | tie_edge, count


def assert_same_codes(actual, expected, tie):
    assert np.mean(tie) < 0.1
    np.testing.assert_array_equal(actual[~tie], expected[~tie])


def trimmed(angles):
    """Angles within half a turn."""
    return (angles + 180) % 360 - 180
