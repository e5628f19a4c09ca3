"""Event lists counted in pixels: those of other maps, and new ones."""

import astropy.units as u
import numpy as np
import pytest
import xarray as xr
from astropy.coordinates import SkyCoord
from astropy.io import fits
from astropy.wcs import WCS
from cases import event_files as small
from cases import mapdataset_files, part_files
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from xprofile import from_arrays, open_events, open_maps
from xprofile.exceptions import (
    DataWarning,
    InvalidEnergyError,
    InvalidOptionError,
    MissingVariableError,
    UnknownOptionError,
)
from xprofile.io.events import tables

CRAB = SkyCoord(83.63, 22.01, unit="deg")
EDGES = [1, 3, 10] * u.TeV
NEW = {"center": CRAB, "width": 4 * u.deg, "binsz": 0.1 * u.deg, "energy_edges": EDGES}


def events(**options):
    return small.stream(small.gadf(**options))


# the pixels of other maps


def sky_maps(ctype=("RA---TAN", "DEC--TAN"), crval=(83.63, 22.01), step=0.1):
    wcs = WCS(naxis=2)
    wcs.wcs.ctype, wcs.wcs.crval = ctype, crval
    wcs.wcs.cdelt, wcs.wcs.crpix = [-step, step], [15.5, 10.5]
    return from_arrays(
        np.ones((2, 20, 30), int), wcs=wcs, energy_edges=EDGES, exposure=1e13 * u.Unit("cm2 s"),
        background=0.5,
    )  # fmt: skip


def histogram(maps, ra, dec, energy):
    """Counts by numpy, with positions by astropy, without the upper edges."""
    position = SkyCoord(ra, dec, unit="deg")
    wcs = WCS(fits.Header(maps.wcs.attrs))
    x, y = (np.asarray(values) for values in wcs.world_to_pixel(position))
    ny, nx = maps.sizes["lat"], maps.sizes["lon"]
    edges = np.append(maps.energy_min, maps.energy_max[-1:])
    used = (energy < edges[-1]) & (x < nx - 0.5) & (y < ny - 0.5)
    bins = (edges, np.arange(ny + 1) - 0.5, np.arange(nx + 1) - 0.5)
    return np.histogramdd(np.stack([energy, y, x], 1)[used], bins)[0]


@pytest.mark.heavy
@pytest.mark.parametrize(
    ("ctype", "crval"),
    [
        (("RA---TAN", "DEC--TAN"), (83.63, 22.01)),
        (("RA---CAR", "DEC--CAR"), (83.63, 22.01)),
        (("RA---CAR", "DEC--CAR"), (0.1, 0.0)),
        (("GLON-CAR", "GLAT-CAR"), (184.5, 0.0)),
        (("GLON-AIT", "GLAT-AIT"), (184.5, -5.8)),
    ],
)
@settings(max_examples=8, deadline=None)
@given(data=st.data())
def test_counts_agree_with_a_histogram(ctype, crval, data):
    maps = sky_maps(ctype, crval)
    number = data.draw(st.integers(0, 30))
    offsets = arrays.arrays(float, number, elements=st.floats(-3, 3))
    center = maps.profile.skycoord.icrs[10, 15]
    ra = (center.ra.deg + data.draw(offsets)) % 360
    dec = center.dec.deg + data.draw(offsets)
    energy = data.draw(arrays.arrays(float, number, elements=st.floats(0.5, 12)))
    counts = open_events(events(ra=ra, dec=dec, energy=energy), like=maps)
    np.testing.assert_array_equal(counts, histogram(maps, ra, dec, energy))


def test_counts_go_into_maps_on_the_same_pixels():
    maps = sky_maps()
    counts = open_events(events(), like=maps)
    again = open_maps(counts=counts, background=maps.background, exposure=maps.exposure)
    xr.testing.assert_equal(again.counts, counts)
    xr.testing.assert_identical(counts.coords.to_dataset(), maps.counts.coords.to_dataset())
    xr.testing.assert_equal(maps.assign(counts=counts).counts, counts)
    assert again.counts.sum() == 4


def test_like_may_be_a_part_of_maps_in_any_order():
    maps = sky_maps()
    whole = open_events(events(), like=maps)
    part = maps.counts.isel(lon=slice(25, 10, -1), lat=slice(4, 18, 3)).transpose("lon", ...)
    counts = open_events(events(), like=part)
    expected = whole.isel(lon=slice(25, 10, -1), lat=slice(4, 18, 3))
    xr.testing.assert_equal(counts, expected)


def test_like_may_be_a_plane_with_other_energies():
    maps = sky_maps()
    plane = maps.exposure.isel(energy_true=0)
    counts = open_events(events(), like=plane, energy_edges=EDGES.to("GeV"))
    xr.testing.assert_allclose(counts, open_events(events(), like=maps), rtol=1e-12)
    with pytest.raises(InvalidOptionError, match="like has no energy bins; give energy_edges="):
        open_events(events(), like=maps.exposure)
    with pytest.raises(InvalidOptionError, match="energy_edges and like= both give energies"):
        open_events(events(), like=maps, energy_edges=EDGES)


@pytest.mark.parametrize("lazy", [True, False])
def test_like_needs_the_image_alone(tmp_path, lazy):
    hdus = part_files.gtbin()
    hdus[0].header["BUNIT"] = "nonsense"
    path = tmp_path / "ccube.fits"
    path.write_bytes(part_files.content(hdus))
    like = path if lazy else part_files.stream(hdus)
    energy = mapdataset_files.EDGES[:-1]
    at = SkyCoord([0.2, 0.3, 10] * u.deg, [0.1, -0.2, 0] * u.deg, frame="galactic").icrs
    counts = open_events(events(ra=at.ra.deg, dec=at.dec.deg, energy=energy), like=like)
    assert counts.shape == mapdataset_files.COUNTS.shape
    assert counts.sum(["lat", "lon"]).values.tolist() == [1, 1, 0]


def test_like_without_pixels():
    with pytest.raises(MissingVariableError, match="have no 'wcs' coordinate"):
        open_events(events(), like=xr.DataArray(np.ones((2, 3)), dims=("lat", "lon")))


# edges


def test_edges_belong_to_the_bin_above():
    maps = sky_maps(("RA---CAR", "DEC--CAR"), (0, 0), step=0.5)
    below = [np.nextafter(3, 0), np.nextafter(10, 0)]
    energy = np.array([1, 3, 10, *below, np.nextafter(1, 0)])
    counts = open_events(events(ra=energy * 0, dec=energy * 0, energy=energy), like=maps)
    assert counts.sum(["lat", "lon"]).values.tolist() == [2, 2]  # 10 and the last are outside
    ra = np.array([0, 0.5, 7.5, -7.5]) % 360  # edges of columns; the last ends the map
    counts = open_events(events(ra=ra, dec=ra * 0 + 0.25, energy=ra * 0 + 2), like=maps)
    assert counts.sum(["energy", "lat"]).values.nonzero()[0].tolist() == [0, 14, 15]


def test_edges_in_other_units_are_the_same_edges():
    """9000 MeV are 9 GeV, though 9 * 0.001 is above 9000 * 1e-6 TeV."""
    edges = np.arange(1, 40)
    for unit, factor in [("MeV", 1000), ("GeV", 1), ("keV", 1e6)]:
        source = events(
            ra=edges * 0 + 83.6, dec=edges * 0 + 22.0, energy=factor * edges.astype(float),
            unit=unit,
        )  # fmt: skip
        counts = open_events(source, **(NEW | {"energy_edges": edges * u.GeV}))
        assert (counts.sum(["lat", "lon"]) == 1).all()
        source.seek(0)
        again = open_events(source, like=counts)
        xr.testing.assert_equal(again, counts)


def test_all_sky_map_has_no_gap_at_its_seam():
    center = SkyCoord(0, 0, unit="deg")
    ra = np.array([180.0, np.nextafter(180, 0), np.nextafter(180, 360), 0, 360])
    options = {"center": center, "width": (360, 180) * u.deg, "binsz": 10 * u.deg}
    for frame in ("icrs", "fk5"):
        counts = open_events(
            events(ra=ra, dec=ra * 0 + 5, energy=ra * 0 + 2), frame=frame, energy_edges=EDGES,
            **options,
        )  # fmt: skip
        assert counts.sum() == ra.size


# new pixels


@pytest.mark.parametrize("proj", ["CAR", "TAN", "ait"])
@pytest.mark.parametrize(
    "frame", ["icrs", "galactic", "fk5", "fk4", "supergalactic", "barycentricmeanecliptic"]
)
def test_new_pixels_have_the_position_at_their_centre(proj, frame):
    counts = open_events(
        events(), center=CRAB, width=(4, 2) * u.deg, binsz=(12 * u.arcmin, 0.1 * u.deg), proj=proj,
        frame=frame, energy_edges=EDGES.to("GeV"),
    )  # fmt: skip
    assert dict(counts.sizes) == {"energy": 2, "lat": 20, "lon": 20}
    assert counts.energy.attrs["units"] == "TeV"
    assert [counts.wcs.attrs[key] for key in ("CDELT1", "CDELT2")] == [-0.2, 0.1]
    middle = counts.profile.skycoord[9:11, 9:11].transform_to(CRAB).cartesian.xyz.mean((1, 2))
    np.testing.assert_allclose(middle / np.linalg.norm(middle), CRAB.cartesian.xyz, atol=1e-7)
    np.testing.assert_array_equal(counts, open_events(events(), like=counts))
    assert counts.sum() == 4
    assert f"proj={proj} frame={frame}: 4 of 4" in counts.attrs["history"]


def test_pixels_cover_the_width_to_half_a_pixel():
    for width, number in [(1, 10), (1.04, 10), (1.06, 11), (0.01, 1)]:
        counts = open_events(events(), **(NEW | {"width": width * u.deg}))
        assert counts.sizes["lon"] == counts.sizes["lat"] == number


@pytest.mark.quick
@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, r"needs like=, .* missing center, width, binsz, energy_edges, found none"),
        ({"center": CRAB, "energy_edges": EDGES}, "missing width, binsz, found center, energy"),
        (NEW | {"like": sky_maps()}, "and so does center, width, binsz; give like, or"),
        ({"like": sky_maps(), "proj": "TAN"}, "and so does proj"),
        (NEW | {"center": (83.6, 22)}, "center must be one sky position"),
        (NEW | {"center": SkyCoord([1, 2], [3, 4], unit="deg")}, "center must be one sky position"),
        (NEW | {"width": 4}, r"width is not an angle: found 4; give a positive angle"),
        (NEW | {"width": 4 * u.TeV}, "width is not an angle"),
        (NEW | {"width": [1, 2, 3] * u.deg}, "width must be one or two positive angles"),
        (NEW | {"binsz": 0 * u.deg}, "binsz must be one or two positive angles"),
        (NEW | {"binsz": (0.1, -0.1) * u.deg}, "binsz must be one or two positive angles"),
        (NEW | {"proj": "TNA"}, "proj='TNA' is not a projection of FITS; did you mean 'TAN'"),
        (NEW | {"proj": None}, "proj=None is not a projection"),
        (NEW | {"proj": "COE"}, "proj='COE' cannot be used without parameters"),
        (NEW | {"frame": "galatic"}, "frame='galatic' is not a frame of .* mean 'galactic'"),
        (NEW | {"frame": 3}, "frame=3 is not a frame of the sky; give 'icrs'"),
        (NEW | {"frame": "altaz"}, "frame='altaz' cannot be written to FITS"),
    ],
)
def test_wrong_combinations_are_told(options, message):
    with pytest.raises(InvalidOptionError, match=message):
        open_events(events(), **options)


@pytest.mark.parametrize("edges", [[1, 3, 10], [3, 1] * u.TeV, [1, 2] * u.s])
def test_energies_are_checked(edges):
    with pytest.raises(InvalidEnergyError, match="energy_edges"):
        open_events(events(), **(NEW | {"energy_edges": edges}))


def test_misspelt_option():
    with pytest.raises(UnknownOptionError, match="no option 'centre': did you mean 'center'"):
        open_events(events(), centre=CRAB)


# files and events


def test_several_files_are_added(tmp_path):
    path = tmp_path / "events.fits"
    path.write_bytes(events().read())
    one = open_events(path, **NEW)
    other = open_events(small.stream(small.ft1()), **NEW)
    both = open_events([str(path), small.stream(small.ft1())], **NEW)
    np.testing.assert_array_equal(both, one + other)
    assert "open_events events.fits+file object" in both.attrs["history"]
    assert "8 of 8 events" in both.attrs["history"]


@pytest.mark.parametrize("sources", [[], 3, [b"x", 5], None])
def test_sources_are_paths(sources):
    with pytest.raises(InvalidOptionError, match="path_or_paths must be a path, a file object"):
        open_events(sources, **NEW)


@pytest.mark.slow
def test_blocks_do_not_change_the_counts(monkeypatch, tmp_path):
    path = tmp_path / "events.fits"
    rng = np.random.default_rng(1)
    path.write_bytes(
        events(
            ra=rng.uniform(82, 85, 150), dec=rng.uniform(21, 23, 150),
            energy=rng.uniform(0.5, 12, 150),
        ).read()
    )  # fmt: skip
    whole = open_events(path, **NEW, cuts={"TIME": (100, 900) * u.s})
    for name, value in [("_BLOCK", 7), ("_BLOCK_BYTES", 10)]:
        monkeypatch.setattr(tables, name, value)
        xr.testing.assert_identical(
            open_events(path, **NEW, cuts={"TIME": (100, 900) * u.s}), whole
        )


def test_no_events():
    counts = open_events(events(ra=[], dec=np.array([]), energy=np.array([])), **NEW)
    assert not counts.any()
    assert "0 of 0 events" in counts.attrs["history"]


def test_invalid_events_are_dropped_and_counted():
    ra = np.array([83.6, np.nan, 83.6, 83.6, 83.6, 83.6, 0])
    dec = np.array([22.0, 22.0, 99.0, 22.0, np.inf, 22.0, 0])
    energy = np.array([2.0, 2.0, 2.0, np.nan, 2.0, 0.0, 2])
    text = r"EVENTS of 'file object': 4 of 7 events have no valid position or energy"
    with pytest.warns(DataWarning, match=text):
        counts = open_events(events(ra=ra, dec=dec, energy=energy), **NEW)
    assert counts.sum() == 1
    assert counts.attrs["history"].endswith(
        "1 of 7 events, dropped 1 outside the pixels, 1 outside the energies, 0 by cuts, 4 invalid"
    )
