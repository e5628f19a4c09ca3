"""Selections by position, cutouts and masks are the same in any frame; maps keep their frames."""

import astropy.units as u
import numpy as np
import pytest
import xarray as xr
from astropy.coordinates import FK4, FK5, GCRS, AltAz, BarycentricMeanEcliptic, SkyCoord
from astropy.io.fits import Header
from astropy.wcs import WCS
from regions import CircleSkyRegion, RectangleSkyRegion

import xprofile
from xprofile import SkyBins
from xprofile.exceptions import InvalidOptionError
from xprofile.maps.world.frames import frame_from_attrs

FRAMES = [
    FK5(equinox="J1875"),
    FK4(equinox="B1900", obstime="B1920"),
    BarycentricMeanEcliptic(equinox="J1950"),
    GCRS(obstime="J1990"),
]
PLACE = SkyCoord(1.21, 0.13, unit="deg", frame="galactic")


@pytest.fixture(scope="module")
def maps():
    return xprofile.tutorial.open_maps("galactic-center-sim").profile.cutout(PLACE, 3 * u.deg)


@pytest.mark.heavy
@pytest.mark.parametrize("frame", FRAMES, ids=lambda frame: frame.name)
@pytest.mark.parametrize("distance", [None, 8 * u.kpc])
def test_positions_select_the_same(maps, frame, distance):
    place = PLACE.icrs if distance is None else SkyCoord(PLACE, distance=distance).icrs
    place = place.transform_to(frame, merge_attributes=False)
    near, annuli = {"position": place}, SkyBins.annuli(PLACE, edges=[0, 0.4, 0.8] * u.deg)
    xr.testing.assert_identical(maps.profile.sel(**near), maps.profile.sel(position=place.icrs))
    binned = maps.profile.bin(annuli)
    assert binned.profile.sel(**near).projected_distance == pytest.approx(0.2)
    found = maps.profile.exclude([CircleSkyRegion(place, 0.5 * u.deg)]).mask
    expected = maps.profile.exclude([CircleSkyRegion(PLACE, 0.5 * u.deg)]).mask
    xr.testing.assert_identical(found, expected)
    assert maps.profile.cutout(place, 1 * u.deg).sizes["lat"] >= 20


@pytest.mark.heavy
@pytest.mark.parametrize("frame", FRAMES, ids=lambda frame: frame.name)
def test_planar_regions_are_the_same(maps, frame):
    place = PLACE.transform_to(frame, merge_attributes=False)
    turn = PLACE.icrs.position_angle(
        place.directional_offset_by(0 * u.deg, 1 * u.arcsec).transform_to("icrs")
    )
    given = RectangleSkyRegion(place, 1 * u.deg, 0.3 * u.deg, angle=20 * u.deg)
    same = RectangleSkyRegion(PLACE.icrs, 1 * u.deg, 0.3 * u.deg, angle=20 * u.deg + turn)
    for planar in (False, True):
        found, expected = (
            maps.profile.bin(SkyBins.from_regions([one], planar=planar)) for one in (given, same)
        )
        np.testing.assert_array_equal(found.counts, expected.counts)


def test_frames_without_a_place_are_errors(maps):
    place = SkyCoord(1, 2, unit="deg", frame=AltAz(obstime="J2000"))
    with pytest.raises(InvalidOptionError, match="position is in the frame 'altaz'"):
        maps.profile.sel(position=place)


@pytest.mark.heavy
@pytest.mark.parametrize(
    "cards",
    [
        {"RADESYS": "FK5", "EQUINOX": 1875.0},
        {"RADESYS": "FK4", "EQUINOX": 1900.0, "DATE-OBS": "1968-05-24", "MJD-OBS": 4e4},
    ],
    ids=["FK5", "FK4"],
)
def test_bins_keep_their_frame_in_files(maps, cards, tmp_path):
    header = Header({
        "CTYPE1": "RA---CAR", "CTYPE2": "DEC--CAR", "CRPIX1": 10, "CRPIX2": 10, "CRVAL1": 30.0,
        "CRVAL2": 0.0, "CDELT1": -0.1, "CDELT2": 0.1, "CUNIT1": "deg", "CUNIT2": "deg", **cards,
    })  # fmt: skip
    counts = np.ones((1, 20, 20))
    data = xprofile.from_arrays(
        counts, exposure=counts * 1e10 * u.Unit("cm2 s"), background=counts, wcs=WCS(header),
        energy_edges=[1, 10] * u.TeV, energy_true_edges=[1, 10] * u.TeV,
    )  # fmt: skip
    center = data.profile.skycoord[10, 10]
    binned = data.profile.bin(SkyBins.annuli(center, edges=[0, 0.4] * u.deg))
    profile = binned.profile.estimate()
    profile.profile.to_netcdf(tmp_path / "p.nc")
    profile.profile.to_fits(tmp_path / "p.fits")
    frame = center.frame.replicate_without_data()
    for one in (
        binned,
        xprofile.open_netcdf(tmp_path / "p.nc"),
        xprofile.open_profile(tmp_path / "p.fits"),
    ):
        assert frame_from_attrs(one.lon.attrs).is_equivalent_frame(frame)
        place = SkyCoord(one.lon[0], one.lat[0], unit="deg", frame=frame_from_attrs(one.lon.attrs))
        # to ICRS and back, the aberration in FK4 is right to 6e-9 deg in astropy
        assert place.separation(center).deg < 1e-8
