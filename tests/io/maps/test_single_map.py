"""Single maps: templates, and images or cubes of Gammapy and others."""

from io import BytesIO

import astropy.units as u
import numpy as np
import pytest
import xarray as xr
from astropy.coordinates import SkyCoord
from astropy.io import fits
from cases import mapdataset_files as small
from cases import part_files as partfiles

from xprofile import SkyBins, open_map, to_units
from xprofile.exceptions import DataWarning, FileFormatError, InvalidOptionError


def stream(hdus):
    return BytesIO(partfiles.content(hdus))


def test_diffuse_cube_has_nodes_and_its_unit():
    cube = open_map(stream(partfiles.diffuse()))
    assert cube.dims == ("energy_true", "lat", "lon")
    assert cube.attrs["units"] == "ph cm-2 s-1 MeV-1 sr-1"
    np.testing.assert_allclose(cube["energy_true"], small.NODES_TRUE, rtol=1e-12)
    np.testing.assert_allclose(cube, 1e-20 * small.EXPOSURE, rtol=1e-6, atol=0)
    assert cube.attrs["history"].splitlines() == [
        "open_map file object",
        "open_map assumed: ENERGIES column Energy in MeV",
    ]


def test_image_has_no_energies():
    image = open_map(stream([partfiles.image(small.BACKGROUND[0], cards={"BUNIT": "K km/s"})]))
    assert image.dims == ("lat", "lon")
    assert image.attrs["units"] == "km K s-1"
    one_plane = open_map(stream([partfiles.image(small.BACKGROUND[:1])]))
    np.testing.assert_array_equal(one_plane, image)
    assert "units" not in one_plane.attrs


def test_gammapy_map_with_its_bands():
    cube = open_map(stream(partfiles.single_map(unit="cm2 s")), energy_unit="GeV")
    assert cube.dims == ("energy", "lat", "lon")
    np.testing.assert_allclose(cube["energy_min"], small.EDGES[:-1] * 1e3, rtol=1e-12)
    assert (cube.attrs["units"], cube["energy"].attrs["units"]) == ("cm2 s", "GeV")


@pytest.mark.parametrize("name", ["WEIGHTS", "weights"])
def test_any_image_of_a_file(name):
    weights = open_map(stream(partfiles.ctbin()), hdu=name)
    assert weights.name == "weights"
    np.testing.assert_array_equal(weights, small.MASK_SAFE)
    with pytest.raises(InvalidOptionError, match=r"no HDU 'OTHER' in .*; found .*WEIGHTS"):
        open_map(stream(partfiles.ctbin()), hdu="OTHER")


def test_unit_may_be_said():
    file = partfiles.diffuse(unit="counts of some kind")
    with pytest.warns(DataWarning, match=r"has the unit 'counts of some kind'.* kept as text"):
        kept = open_map(stream(file))
    assert kept.attrs["units"] == "counts of some kind"
    with pytest.raises(InvalidOptionError, match="'counts of some kind', which is not known"):
        to_units(kept.to_dataset(name="template"), template="cm-2")
    assert open_map(stream(file), unit="cm-2 s-1 MeV-1 sr-1").attrs["units"] == (
        "cm-2 s-1 MeV-1 sr-1"
    )
    with pytest.raises(InvalidOptionError, match="'furlong squared' is not a unit"):
        open_map(stream(file), unit="furlong squared")
    scaled = open_map(stream(partfiles.diffuse(unit="10**20 cm-2")))
    assert u.Unit(scaled.attrs["units"]) == u.Unit("1e20 cm-2")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("JY/BEAM", u.Jy / u.beam),
        ("counts", u.ct),
        ("K KM/S", u.K * u.km / u.s),
        ("photons/cm^2/s/MeV/sr", u.ph / (u.cm**2 * u.s * u.MeV * u.sr)),
    ],
)
def test_units_as_people_write_them(text, expected):
    image = open_map(stream([partfiles.image(small.BACKGROUND[0], cards={"BUNIT": text})]))
    assert u.Unit(image.attrs["units"]) == expected


@pytest.mark.parametrize("text", ["None", "unknown", " "])
def test_no_unit_in_words(text):
    image = open_map(stream([partfiles.image(small.BACKGROUND[0], cards={"BUNIT": text})]))
    assert "units" not in image.attrs


def test_real_template_and_image(gammapy_data):
    template = open_map(gammapy_data / "real" / "template_HB9.fits.gz")
    assert u.Unit(template.attrs["units"]) == u.Jy / u.beam
    assert open_map(gammapy_data / "real" / "xray_counts.fits.gz").sum() > 0


def test_energy_unit_must_be_one():
    with pytest.raises(InvalidOptionError, match=r"energy_unit must be a unit .*found 'm'"):
        open_map(stream(partfiles.diffuse()), energy_unit="m")


def test_compressed_images(tmp_path):
    """fpack stores images in tables."""
    path = tmp_path / "diffuse.fits.fz"
    values = partfiles.diffuse()[0].data
    header = partfiles.diffuse()[0].header
    packed = fits.CompImageHDU(values, header, name="DIFFUSE", compression_type="GZIP_2")
    fits.HDUList([fits.PrimaryHDU(), packed, partfiles.energies()]).writeto(path)
    expected = open_map(stream(partfiles.diffuse()))
    for chunks in (None, {}):
        np.testing.assert_array_equal(open_map(path, chunks=chunks), expected)


def test_bins_of_a_cube(tmp_path):
    path = tmp_path / "diffuse.fits"
    path.write_bytes(partfiles.content(partfiles.diffuse()))
    center = SkyCoord(0, 0, unit="deg", frame="galactic")
    bins = SkyBins.annuli(center, radius_max=1.2 * u.deg, nbin=2)
    mean = open_map(path).profile.bin(bins, how="mean")
    assert mean.dims == ("energy_true", "projected_distance")
    assert mean.attrs["units"] == "ph cm-2 s-1 MeV-1 sr-1"
    lazy = open_map(path, chunks={"energy_true": 1})
    assert lazy.chunks[0] == (1, 1, 1, 1)
    xr.testing.assert_identical(lazy.profile.bin(bins, how="mean"), mean)


@pytest.mark.quick
@pytest.mark.parametrize(
    ("hdus", "message"),
    [
        ([fits.PrimaryHDU()], "no image with two axes on the sky"),
        ([fits.PrimaryHDU(np.ones((3, 4)))], "PRIMARY of .* has no celestial axes"),
        ([partfiles.image(np.ones((2, 6, 8)))], "no table of energies for its 2 planes"),
        (
            [partfiles.image(np.ones((2, 6, 8))), partfiles.energies()],
            r"PRIMARY has the shape \(2, 6, 8\), expected \(4, 6, 8\)",
        ),
    ],
)
def test_what_is_no_map(hdus, message):
    with pytest.raises(FileFormatError, match=message):
        open_map(stream(hdus))


def test_real_diffuse_cube(gammapy_data):
    path = gammapy_data / "fermi-3fhl-gc" / "gll_iem_v06_gc.fits.gz"
    cube = open_map(path, unit="cm-2 s-1 MeV-1 sr-1")
    start, end = (SkyCoord(lon, 0, unit="deg", frame="galactic") for lon in (7, -7))
    bins = SkyBins.along_line(start, end, height=1.1 * u.deg, nbin=7)
    mean = cube.profile.bin(bins, how="mean")
    assert mean.sizes == {"energy": 30, "projected_distance": 7}
    assert mean.attrs["units"] == "cm-2 s-1 MeV-1 sr-1"
    with fits.open(path) as hdus:
        rows, columns = np.abs(cube["lat"]) < 0.55, np.abs(cube["lon"] - 6) < 1
        inside = hdus[0].data[:, rows.to_numpy()][:, :, columns.to_numpy()]
    np.testing.assert_allclose(mean[:, 0], inside.mean(axis=(1, 2)), rtol=1e-4, atol=0)
