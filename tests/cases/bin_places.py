"""Maps of many projections, each with a place on it round which bins are laid."""

from dataclasses import dataclass
from functools import cached_property

import astropy.units as u
import numpy as np
import pytest
from astropy.coordinates import SkyCoord
from astropy.wcs import WCS

from cases.bins import galactic
from cases.maps import make_maps, make_wcs
from cases.skies import rotated
from xprofile.binned.members.finding import find_members
from xprofile.maps.wcs import pixel_grid


def shifted(wcs, dx, dy):
    """Move the reference point away from the middle of the map."""
    wcs.wcs.crpix = np.add(wcs.wcs.crpix, [dx, dy])
    return wcs


@dataclass
class Place:
    """A map, a position on it, and the reach of bins in degrees."""

    wcs: WCS
    center: SkyCoord
    reach: float = 2.3
    shape: tuple[int, int] = (60, 80)

    @cached_property
    def maps(self):
        return make_maps(self.wcs, self.shape, nenergy=1, ntrue=1)

    @cached_property
    def sky(self):
        """Positions of all pixels by astropy alone."""
        line, column = np.indices(self.shape)
        return self.wcs.pixel_to_world(column, line)

    def at(self, angle, radius):
        """A position at an angle in degrees and a distance in units of the reach."""
        angle, radius = np.broadcast_arrays(angle, radius)
        return self.center.directional_offset_by(angle * u.deg, radius * self.reach * u.deg)

    def path(self, angle, turns, steps):
        """A path from the middle on: its first direction, turns at bends, steps in the reach."""
        points, angle = [self.center], self.center.position_angle(self.at(angle, 0.01)).deg
        for turn, step in zip([0, *turns], steps, strict=True):
            ahead = points[-1].directional_offset_by(
                (angle + turn) * u.deg, step * self.reach * u.deg
            )
            angle = ahead.position_angle(points[-1]).deg + 180
            points.append(ahead)
        return SkyCoord(points)

    def circle(self, count, radius):
        """Vertices on a circle, from North over West."""
        return self.at(-360 * np.arange(count) / count, np.full(count, radius))


def local(wcs):
    """A place near the middle, given in a frame that is not the map's."""
    center = wcs.pixel_to_world(33.3, 22.2)
    return Place(wcs, center.galactic if center.name == "icrs" else center.icrs)


# for lines and annuli
PLACES = {
    "car": local(make_wcs()),
    "car across 0": local(make_wcs(center=(359, 0))),
    "car at b=60": local(shifted(make_wcs(center=(30, 0)), 0, -600)),
    "car at b=-86": local(shifted(make_wcs(center=(30, 0)), 0, 860)),
    "car oblique": local(make_wcs(center=(30, 60))),
    "car rotated": local(rotated(make_wcs(frame="icrs"), 33)),
    "tan": local(make_wcs("TAN", (83.6, 22), frame="icrs")),
    "tan 40 deg away": local(shifted(make_wcs("TAN", (83.6, 22)), 480, -340)),
    "tan rotated": local(rotated(make_wcs("TAN", (266.4, -28.9), frame="icrs"), -71)),
    "sin": local(make_wcs("SIN", (200, -30))),
    "zea": local(make_wcs("ZEA", (200, -70), frame="icrs")),
    "zea over the pole": Place(make_wcs("ZEA", (0, 90)), galactic(77, 89)),
    "car over the pole": Place(
        shifted(make_wcs(step=0.5, shape=(20, 720)), 0, -170), galactic(0, 88), 3.3, (20, 720)
    ),
    "car half over the pole": Place(
        shifted(make_wcs(step=0.5, shape=(20, 720)), 0, 169), galactic(0.25, -89.5), 1.1, (20, 720)
    ),
    "car all-sky at the seam": Place(make_wcs(step=4.5), galactic(180.3, 10.2), 40),
    "car all-sky at the pole": Place(make_wcs(step=4.5), galactic(20, 87), 40),
    "car centred on 200": Place(make_wcs(center=(200, 0), step=4.5), galactic(19, -12), 40),
    "ait at the seam": Place(make_wcs("AIT", step=4.5), galactic(180.3, 10.2), 40),
    "ait at the pole": Place(make_wcs("AIT", step=4.5), galactic(170, -88), 40),
    "ait oblique": Place(make_wcs("AIT", (120, 40), 4.5, frame="icrs"), galactic(300, -30), 70),
    "ait in the middle": Place(make_wcs("AIT", step=4.5), galactic(3, 2), 130),
    "sin at the limb": Place(make_wcs("SIN", (10, 50), step=2), galactic(100, 0), 60),
}
every_place = pytest.mark.parametrize("place", PLACES.values(), ids=PLACES)

# one of each sort, for what does not depend on the projection's details
_SOME = (
    *("car", "car at b=60", "car oblique", "tan rotated", "zea over the pole"),
    *("car over the pole", "ait at the seam", "sin at the limb"),
)
some_places = pytest.mark.parametrize("place", [PLACES[name] for name in _SOME], ids=_SOME)

# for shapes that need more room round the place
ROOMY = {
    "car": Place(make_wcs(), galactic(0.21, -0.34).icrs),
    "car across 0 in icrs": Place(make_wcs(frame="icrs"), SkyCoord(0.1, 0.2, unit="deg")),
    "car at b=60": Place(shifted(make_wcs(center=(30, 0)), 0, -600), galactic(30.2, 60.1)),
    "car oblique": Place(make_wcs(center=(30, 60)), galactic(30.4, 60.3).icrs),
    "car over the pole": PLACES["car over the pole"],
    "tan": Place(make_wcs("TAN", (83.6, 22), frame="icrs"), SkyCoord(83.7, 22.1, unit="deg")),
    "tan rotated": Place(
        rotated(make_wcs("TAN", (266.4, -28.9), frame="icrs"), -71), galactic(0.1, 0.1)
    ),
    "zea over the pole": PLACES["zea over the pole"],
    "zea at the pole in icrs": Place(
        make_wcs("ZEA", (0, -90), frame="icrs"), SkyCoord(0, -90, unit="deg")
    ),
    "ait at the seam": PLACES["ait at the seam"],
    "ait in icrs": Place(make_wcs("AIT", (120, 40), 4.5, frame="icrs"), galactic(300, -30), 60),
}
every_roomy_place = pytest.mark.parametrize("place", ROOMY.values(), ids=ROOMY)
SOME_ROOMY = ("car across 0 in icrs", "tan rotated", "zea over the pole", "ait at the seam")
some_roomy_places = pytest.mark.parametrize(
    "place", [ROOMY[name] for name in SOME_ROOMY], ids=SOME_ROOMY
)
FLAT = ROOMY["tan"]


def codes(bins, maps):
    """Bin of every pixel, -1 for none."""
    grid = pixel_grid(maps)
    members = find_members(bins, grid)
    assert np.unique(members.pixel).size == members.pixel.size
    result = np.full(grid.shape, -1)
    result.flat[members.pixel] = members.bin
    return result
