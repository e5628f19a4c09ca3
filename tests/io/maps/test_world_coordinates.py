"""World coordinates of files: distortions, frames, misspelled axes, and files without pixels."""

import warnings
from itertools import pairwise

import astropy.units as u
import numpy as np
import pytest
import xarray as xr
from astropy.coordinates import SkyCoord
from astropy.io import fits
from astropy.wcs import WCS
from cases import mapdataset_files as small
from cases.part_files import content, ebounds, energies
from cases.world_headers import DISTORTED, SHAPE, SIP, header, reference_lonlat

from xprofile import SkyBins, bin_maps, open_map, open_maps, skycoord, write_maps
from xprofile.exceptions import DataWarning, FileFormatError

pytestmark = pytest.mark.filterwarnings("ignore::astropy.wcs.FITSFixedWarning")
every = pytest.mark.parametrize("name", DISTORTED)
PIXELS = np.meshgrid(np.arange(SHAPE[1]), np.arange(SHAPE[0]))
FRAMES = {"sip in ecliptic": "barycentricmeanecliptic", "tpv in galactic": "galactic"}


def brute_sky(name):
    """Sky positions of all pixels by astropy alone."""
    lon, lat = reference_lonlat(name, *PIXELS)
    return SkyCoord(lon, lat, unit="deg", frame=FRAMES.get(name, "icrs"))


def cube(cards, table=None, planes=3, seed=1):
    """Cube of counts in the pixels of a header, or of an exposure with a table of its energies."""
    values = np.random.default_rng(seed).poisson(3, (planes, *SHAPE))
    hdu = fits.PrimaryHDU(values.astype(np.int32 if table is None else np.float64))
    hdu.header.extend(cards, update=True, unique=True)
    return [hdu, ebounds(small.EDGES[: planes + 1]) if table is None else table]


def write(path, hdus):
    path.write_bytes(content(hdus))
    return path


@pytest.fixture
def files(tmp_path):
    """Make the files of counts, background and exposure on the pixels of a header."""

    def make(cards):
        nodes = energies(small.NODES_TRUE[:3], unit="MeV")
        tables = {"counts": None, "background": None, "exposure": nodes}
        return {
            part: write(tmp_path / f"{part}.fits", cube(cards, table, seed=seed))
            for seed, (part, table) in enumerate(tables.items())
        }

    return make


@pytest.mark.slow
@every
def test_maps_keep_positions_through_all_steps(name, files, tmp_path):
    maps = open_maps(**files(DISTORTED[name]))
    expected = brute_sky(name)
    part = maps.isel(lon=slice(65, 10, -1), lat=slice(7, 44))
    write_maps(maps, tmp_path / "maps.fits")
    write_maps(part, tmp_path / "part.fits")
    maps.profile.to_netcdf(tmp_path / "maps.nc")
    part.profile.to_netcdf(tmp_path / "part.nc")
    found = {
        "maps": (maps, expected),
        "fits": (open_maps(tmp_path / "maps.fits"), expected),
        "netcdf": (xr.load_dataset(tmp_path / "maps.nc"), expected),
        "part in fits": (open_maps(tmp_path / "part.fits"), expected[7:44, 11:66]),
        "part in netcdf": (xr.load_dataset(tmp_path / "part.nc"), expected[7:44, 65:10:-1]),
    }
    for step, (data, sky) in found.items():
        assert skycoord(data).separation(sky).max() < 1e-9 * u.deg, step
    assert found["fits"][0].wcs.identical(maps.wcs)


@pytest.mark.slow
@every
def test_bins_of_maps_from_files_are_those_of_brute_force(name, files, tmp_path):
    maps = open_maps(**files(DISTORTED[name]))
    sky = brute_sky(name)
    center = sky[30, 40].directional_offset_by(0.3 * u.rad, 0.0234 * u.deg)
    distance, edges = sky.separation(center).deg, [0, 0.7, 1.5, 2.2]
    counts = maps.counts.to_numpy()
    expected = [
        [plane[(a <= distance) & (distance < b)].sum() for a, b in pairwise(edges)]
        for plane in counts
    ]
    write_maps(maps.isel(lon=slice(5, None)), tmp_path / "maps.fits")
    lazy = open_maps(**files(DISTORTED[name]), chunks={})
    for data in (maps, open_maps(tmp_path / "maps.fits"), lazy):
        binned = bin_maps(data, SkyBins.annuli(center, edges=edges * u.deg))
        np.testing.assert_array_equal(binned.counts, expected)


@every
def test_one_map_keeps_its_positions(name, tmp_path):
    path = write(tmp_path / "map.fits", cube(DISTORTED[name]))
    image = open_map(path)
    assert skycoord(image).separation(brute_sky(name)).max() < 1e-9 * u.deg
    assert not {"lon", "lat"} & set(image.coords)


def test_arrays_keep_positions_as_parts(files):
    paths = files(DISTORTED["sip"])
    maps = open_maps(**paths).isel(lon=slice(4, 60))
    again = open_maps(counts=maps.counts, background=maps.background, exposure=maps.exposure)
    assert skycoord(again).separation(skycoord(maps)).max() < 1e-9 * u.deg
    np.testing.assert_array_equal(again.x, np.arange(56))


def test_parts_with_other_distortions_are_on_other_pixels(files, tmp_path):
    paths = files(DISTORTED["sip"])
    other = header("TAN-SIP", **SIP | {"A_2_0": 1e-3})
    paths["background"] = write(tmp_path / "other.fits", cube(other))
    with pytest.raises(FileFormatError, match="pixels"):
        open_maps(**paths)


def test_misspelled_axes_are_mended_with_a_warning(tmp_path):
    wrong = write(tmp_path / "wrong.fits", cube(header("ARC", CTYPE2="DEC---ARC")))
    right = write(tmp_path / "right.fits", cube(header("ARC")))
    with pytest.warns(DataWarning, match=r"'wrong.fits'.*CTYPE2 'DEC---ARC' as 'DEC--ARC'"):
        found = open_map(wrong)
    assert found.wcs.identical(open_map(right).wcs)


@pytest.mark.parametrize(
    ("cards", "match"),
    [
        (header(CTYPE1="RA---FOO", CTYPE2="DEC--FOO"), r"'wrong.fits' has no valid WCS.*RA---FOO"),
        (header(names=("HPLN", "HPLT")), r"'wrong.fits': .*HPLN-TAN.*frame"),
        (header(D2IMARR=1), "D2IMARR.*expected SIP"),
        (
            header(
                CTYPE1="Energy",
                CTYPE2="RA---TAN",
                CTYPE3="DEC--TAN",
                CD1_2=0.0,
                CD2_1=0.0,
                CD3_3=0.1,
            ),
            "other axes before those of the sky.*Energy",
        ),
    ],
)
def test_other_coordinates_are_refused_by_name(cards, match, tmp_path):
    path = write(tmp_path / "wrong.fits", cube(cards))
    with pytest.raises(FileFormatError, match=match):
        open_map(path)


def region_map(name="SKYMAP", region=True):
    """Table of a map on a region, as Gammapy writes it."""
    columns = [
        fits.Column("CHANNEL", "I", array=np.arange(3)),
        fits.Column("DATA", "D", array=np.ones(3)),
    ]
    table = fits.BinTableHDU.from_columns(columns, name=name)
    shape = fits.Column("SHAPE", "16A", array=["CIRCLE"])
    region_hdu = fits.BinTableHDU.from_columns([shape], name=f"{name}_REGION")
    return [fits.PrimaryHDU(), table, *([region_hdu] if region else [])]


@pytest.mark.parametrize("region", [True, False])
def test_region_maps_are_named(region, tmp_path):
    path = write(tmp_path / "region.fits", region_map(region=region))
    for options in ({}, {"hdu": "SKYMAP"}):
        with pytest.raises(
            FileFormatError, match=r"SKYMAP of 'region.fits' is a region map of Gam"
        ):
            open_map(path, **options)


def test_counts_on_a_region_are_named(files, tmp_path):
    paths = files(DISTORTED["sip"])
    paths["counts"] = write(tmp_path / "spectrum.fits", region_map("COUNTS"))
    with pytest.raises(FileFormatError, match=r"COUNTS of 'spectrum.fits' is a region map"):
        open_maps(**paths)


REAL = {  # positions of the first pixel by astropy, in degrees
    "gll_iem_v06_cutout.fits": "galactic",
    "tev_image_counts.fits.gz": "galactic",
    "tev_image_exclusion.fits.gz": "galactic",
    "xray_counts.fits.gz": "fk5",
    "xray_exposure.fits.gz": "fk5",
    "template_HB9.fits.gz": "galactic",
}


@pytest.mark.parametrize("name", REAL)
def test_real_images_are_where_astropy_puts_them(name, gammapy_data):
    path = gammapy_data / "real" / name
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)  # about units
        image = open_map(path, unit="")
    cards = fits.getheader(path)
    pixels = np.meshgrid(np.arange(cards["NAXIS1"]), np.arange(cards["NAXIS2"]))
    sky = WCS(cards).celestial.pixel_to_world(*pixels)
    found = skycoord(image)
    assert found.frame.name == REAL[name]
    assert found.separation(sky).max() < 1e-9 * u.deg
