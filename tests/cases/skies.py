"""WCS of many projections and orientations."""

import numpy as np

from cases.maps import make_wcs


def plate_carree(lon, lat, step=0.1):
    """Make a CAR on the equator with the map's middle at another latitude."""
    wcs = make_wcs(center=(lon, 0), step=step)
    wcs.wcs.crpix[1] -= lat / step
    return wcs


def rotated(wcs, degrees):
    cos, sin = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    wcs.wcs.pc = [[cos, -sin], [sin, cos]]
    return wcs


def mirrored(wcs):
    wcs.wcs.cdelt = [-wcs.wcs.cdelt[0], 2 * wcs.wcs.cdelt[1]]
    return wcs


def fk5(wcs, equinox):
    wcs.wcs.radesys, wcs.wcs.equinox = "FK5", equinox
    return wcs


SKIES = {
    "car": make_wcs(),
    "car across 0": make_wcs(center=(359.95, 0)),
    "car from 370": make_wcs(center=(370, 0)),
    "car at b=60": plate_carree(30, 60),
    "car at the pole": plate_carree(30, 88),
    "car mirrored": mirrored(make_wcs(center=(30, 0))),
    "car all-sky": make_wcs(step=4.5),
    "car oblique": make_wcs(center=(30, 60)),
    "car rotated": rotated(make_wcs(frame="icrs"), 33),
    "tan": make_wcs("TAN", (83.6, 22), frame="icrs"),
    "tan rotated": rotated(make_wcs("TAN", (266.4, -28.9), frame="icrs"), -71),
    "tan mirrored": mirrored(make_wcs("TAN", (83.6, 22))),
    "tan in fk5 of 1975": fk5(make_wcs("TAN", (83.6, 22), frame="icrs"), 1975),
    "sin all-sky": make_wcs("SIN", (200, -30), step=2),
    "zea over the pole": make_wcs("ZEA", (0, 90), frame="icrs"),
    "ait": make_wcs("AIT", (120, 0), step=4.5),
    "ait oblique": make_wcs("AIT", (120, 40), step=4.5, frame="icrs"),
    "mol": make_wcs("MOL", step=4.5),
}
