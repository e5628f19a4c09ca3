"""Maps of every projection with random parity, rotation and shear, and places on them."""

from functools import partial

import astropy.units as u
import numpy as np
from astropy.coordinates import SkyCoord
from astropy.io.fits import Header
from astropy.wcs import WCS

from cases.maps import make_maps
from cases.sky_oracle import Oracle
from cases.world_headers import SIP, TPV

CYLINDRICAL = ("CAR", "CEA", "MER", "AIT", "MOL", "SFL", "HPX")
PROJECTIONS = (*CYLINDRICAL, "TAN", "SIN", "ARC", "STG", "ZEA", "ZPN", "TPV", "TAN-SIP")
WHOLE_SKY = ("CAR", "CEA", "AIT", "MOL", "SFL", "HPX", "ARC", "ZEA")
AXES = {"icrs": ("RA---", "DEC--"), "galactic": ("GLON-", "GLAT-")}
CRVAL = {
    "equator": (10.0, 0.0),
    "seam": (0.0, 0.0),
    "b = 60": (200.0, 60.0),
    "pole": (0.0, 90.0),
    "off the map": (83.63, -22.01),
}
TERMS = {
    "TAN-SIP": {k: v for k, v in SIP.items() if not k.startswith(("AP_", "BP_"))},
    "TPV": TPV,
    "ZPN": {"PV2_0": 0.0, "PV2_1": 1.0, "PV2_3": 0.2},
}
SHAPE = (36, 40)


def make_wcs(projection, crval, step, rng, *, shape=SHAPE, frame="galactic", plain=False):
    """Make a WCS, with random parity, rotation, shear and LONPOLE unless plain."""
    header = {"WCSAXES": 2, "RADESYS": "ICRS"} | TERMS.get(projection, {})
    for i, axis in enumerate(AXES[frame]):
        header[f"CTYPE{i + 1}"] = axis + projection
        header[f"CRVAL{i + 1}"] = crval[i]
        header[f"CRPIX{i + 1}"] = (shape[1 - i] + 1) / 2
    matrix, flip = np.eye(2), (1, 1)
    if not plain:
        turn, shear = np.radians(rng.choice([0, 0, 33.0, 120.0])), rng.choice([0, 0, 0.4, -0.3])
        flip = rng.choice([1, -1], 2)
        matrix = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
        matrix = matrix @ [[1, shear], [0, 1]]
        if projection not in CYLINDRICAL:
            header["LONPOLE"] = rng.choice([180.0, 0.0, 77.0])
        elif crval[1] == 0:
            header["LONPOLE"] = rng.choice([0.0, 180.0, 0.0, 35.0])
    cd = np.diag([-step, step]) @ matrix @ np.diag(flip)
    header |= {f"CD{i + 1}_{j + 1}": cd[i, j] for i in range(2) for j in range(2)}
    return WCS(Header(header))


def moved(wcs, lonlat, shape):
    """The WCS with a position in the middle of the map, far from the reference point."""
    place = wcs.wcs_world2pix(*lonlat, 1)
    middle = (shape[1] + 1) / 2, (shape[0] + 1) / 2
    wcs.wcs.crpix = wcs.wcs.crpix - np.array(place) + middle
    return wcs


class Sky:
    """Maps, the oracle of their pixels, and a place and a reach of bins."""

    def __init__(self, projection, place, seed, *, whole=False):
        self.rng = np.random.default_rng([seed, PROJECTIONS.index(projection), *map(ord, place)])
        rng = self.rng
        self.frame = str(rng.choice(["icrs", "galactic"]))
        shape = (45, 90) if whole else SHAPE
        step = (
            4.0 if whole else float(rng.choice([0.02, 0.25, 1.0 if projection != "TPV" else 0.1]))
        )
        crval = (float(rng.choice([0, 266.4])), 0.0) if whole else CRVAL[place]
        options = {"shape": shape, "frame": self.frame, "plain": whole}
        if place == "b = 60" and not whole and projection not in TERMS and rng.integers(2):
            self.wcs = moved(
                make_wcs(projection, (crval[0], 0), step, rng, **options), crval, shape
            )
        else:
            self.wcs = make_wcs(projection, crval, step, rng, **options)
        self.oracle = Oracle(self.wcs, shape)
        self.maps = make_maps(self.wcs, shape, nenergy=1, ntrue=1)
        center = self._center(place, step, crval, whole=whole)
        self.center = center.transform_to(str(rng.choice([self.frame, "icrs", "galactic", "fk5"])))
        # half of the bins have edges on whole pixels
        self.on_pixels = bool(rng.integers(2)) and not whole
        self.reach = step * float(rng.choice([3, 8, 16] if self.on_pixels else [3.13, 8.37, 16.71]))
        self.reach = min(self.reach, 45.0)

    def _center(self, place, step, crval, *, whole):
        rng, frame = self.rng, self.frame
        make = partial(SkyCoord, unit="deg", frame=frame)
        if place == "pole":
            pole = float(rng.choice([90, -90])) if whole else 90.0
            away = rng.choice([0.0, 0.37 * step, 2.2 * step])
            return make(float(rng.uniform(0, 360)), pole - np.sign(pole) * away)
        if whole:
            lat = {"equator": 0.3, "seam": 11.0, "b = 60": 60.0, "off the map": -50.0}[place]
            seam = crval[0] + 180 + rng.normal()
            return make(seam if place == "seam" else float(rng.uniform(0, 360)), lat)
        center = make(*crval)
        if place == "off the map":  # near its side: some bins are on it, or none
            angle = float(rng.uniform(0, 360)) * u.deg
            return center.directional_offset_by(angle, rng.uniform(15, 30) * step * u.deg)
        if rng.integers(2):
            return center
        return center.directional_offset_by(
            float(rng.uniform(0, 360)) * u.deg, rng.uniform(0, 9) * step * u.deg
        )

    def angle(self):
        if self.on_pixels:
            return float(self.rng.choice([0, 90, 180, 270]))
        return float(self.rng.uniform(-400, 400))
