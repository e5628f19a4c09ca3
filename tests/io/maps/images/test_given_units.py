"""Units that the caller gives, instead of those in files or formats."""

from io import BytesIO

import astropy.units as u
import numpy as np
import pytest
from cases import mapdataset_files as small
from cases import part_files as partfiles
from cases.image_files import COUNTS, SECONDS, plane
from cases.part_files import ebounds, energies, fermi_parts, gtdrm, gtpsf, image, stream

from xprofile import open_map, open_maps
from xprofile.exceptions import DataWarning, FileFormatError, InvalidOptionError

EDGES, NODES = small.EDGES, small.NODES_TRUE
# of energies that are 1e3 times as large as those of the counts
FAR = "exposure is known from .*, and extrapolated to 3 of 3"


def counts(unit=None, energy_unit="keV", scale=partfiles.KEV):
    """Cube of counts; the unit of its energies may be missing."""
    cards = {} if unit is None else {"BUNIT": unit}
    table = ebounds(unit=energy_unit, scale=scale)
    return stream([image(small.COUNTS, cards=cards), table])


def exposure(unit=None, energy_unit=None, scale=partfiles.MEV):
    cards = {} if unit is None else {"BUNIT": unit}
    return stream([image(small.EXPOSURE, cards=cards), energies(unit=energy_unit, scale=scale)])


def responses():
    return fermi_parts(psf=stream(gtpsf()), edisp=stream(gtdrm()))


def parts(**others):
    return {"counts": counts(), "exposure": exposure(), **others}


@pytest.mark.parametrize("chunks", [None, {}])
@pytest.mark.parametrize("in_file", [None, "cm2 s", "K", "acres"])
def test_unit_of_an_exposure(in_file, chunks):
    maps = open_maps(**parts(exposure=exposure(in_file)), unit={"exposure": "m^2 s"}, chunks=chunks)
    np.testing.assert_allclose(maps["exposure"], 1e4 * small.EXPOSURE, rtol=1e-6)
    first, *assumed = maps.attrs["history"].splitlines()
    assert first.endswith("unit={'exposure': 'm^2 s'}")
    assert assumed == ["open_maps assumed: ENERGIES column Energy in MeV"]


def test_unit_with_a_number_in_it():
    maps = open_maps(**parts(), unit={"exposure": "10**4 cm2 s"})
    np.testing.assert_allclose(maps["exposure"], 1e4 * small.EXPOSURE, rtol=1e-6)


@pytest.mark.parametrize("unit", ["ct", "", "photons", u.ct])
def test_unit_of_counts(unit):
    with pytest.raises(FileFormatError, match=r"unit 'acres', which.*unit=\{'counts': 'ct'\}"):
        open_maps(**parts(counts=counts("acres")))
    with pytest.raises(FileFormatError, match=r"unit 'ct/s', expected counts without.*unit=\{'c"):
        open_maps(**parts(counts=counts("ct/s")))
    maps = open_maps(**parts(counts=counts("acres")), unit={"counts": unit})
    np.testing.assert_array_equal(maps["counts"], small.COUNTS)


def test_numbers_in_units_of_counts_count():
    maps = open_maps(**parts(counts=counts("10**3 counts")))
    np.testing.assert_allclose(maps["counts"], 1e3 * small.COUNTS, rtol=1e-6)


def test_unit_of_a_background_says_whether_it_is_a_rate():
    background = [image(small.BACKGROUND, name="IMAGE"), ebounds()]
    with pytest.raises(FileFormatError, match="is a background rate"):
        open_maps(**parts(background=stream(background)))
    maps = open_maps(**parts(background=stream(background)), unit={"background": "ct"})
    np.testing.assert_array_equal(maps["background"], small.BACKGROUND)
    assert "sr-1" not in maps.attrs["history"]


def test_unit_of_a_psf():
    given = {"psf": stream(gtpsf())}
    expected = open_maps(**parts(**given))["psf"]
    per_degree = open_maps(**parts(psf=stream(gtpsf())), unit={"psf": "deg-2"})
    np.testing.assert_allclose(per_degree["psf"], expected * (180 / np.pi) ** 2, rtol=1e-9)
    assert "sr-1" not in per_degree.attrs["history"]


@pytest.mark.parametrize("in_file", [None, "MeV", "m", "grains"])
def test_unit_of_energies_replaces_that_of_the_file(in_file):
    """NODES in MeV are 1e6 times as large; they are read as GeV here."""
    given = parts(exposure=exposure("cm2 s", in_file))
    with pytest.warns(DataWarning, match=FAR):
        maps = open_maps(**given, unit={"exposure": {"energy": "GeV"}})
    np.testing.assert_allclose(maps["energy_true"], 1e3 * NODES, rtol=1e-6)
    np.testing.assert_allclose(maps["energy_min"], EDGES[:-1], rtol=1e-6)
    assert "MeV" not in maps.attrs["history"]


def test_units_of_values_and_energies():
    with pytest.warns(DataWarning, match=FAR):
        maps = open_maps(**parts(), unit={"exposure": {"energy": u.GeV, "values": u.m**2 * u.s}})
    np.testing.assert_allclose(maps["energy_true"], 1e3 * NODES, rtol=1e-6)
    np.testing.assert_allclose(maps["exposure"], 1e4 * small.EXPOSURE, rtol=1e-6)


def test_energies_of_bins_without_a_unit():
    given = {"counts": counts(energy_unit=None, scale=1e3)}
    with pytest.raises(
        FileFormatError, match=r"E_MIN has the unit None.*'energy': 'GeV'.*or energy"
    ):
        open_maps(**parts(**given))
    given = {"counts": counts(energy_unit=None, scale=1e3)}
    maps = open_maps(**parts(**given), unit={"counts": {"energy": "GeV"}})
    np.testing.assert_allclose(maps["energy_min"], EDGES[:-1], rtol=1e-6)


def test_energies_of_responses():
    """The PSF and the matrix of the Fermi tools are in MeV, unless the caller says otherwise."""
    expected = open_maps(**responses())
    unit = {"psf": {"energy": "MeV"}, "edisp": {"energy": "MeV"}}
    found = open_maps(**responses(), unit=unit)
    np.testing.assert_array_equal(found["psf"], expected["psf"])
    np.testing.assert_array_equal(found["edisp"], expected["edisp"])
    assert "PSF column Energy" in expected.attrs["history"]
    assert "PSF column Energy" not in found.attrs["history"]


def test_energies_of_a_dataset():
    file = BytesIO(small.PLAIN.content)
    with pytest.warns(DataWarning, match=FAR):
        maps = open_maps(file, unit={"exposure": {"energy": "GeV"}}, edisp=None, psf=None)
    np.testing.assert_allclose(maps["energy_true"], 1e3 * NODES, rtol=1e-6)
    np.testing.assert_allclose(maps["energy_min"], EDGES[:-1], rtol=1e-6)


def test_single_maps():
    cube = open_map(exposure("acres"), unit={"values": "m2 s", "energy": "GeV"})
    assert cube.attrs["units"] == "m2 s"
    np.testing.assert_allclose(cube["energy_true"], 1e3 * NODES, rtol=1e-6)
    assert cube.attrs["history"] == (
        "open_map file object unit={'values': 'm2 s', 'energy': 'GeV'}"
    )
    step = {"CTYPE3": "log_Energy", "CRPIX3": 1, "CRVAL3": 1.0, "CDELT3": 1.0}
    logs = open_map(stream([image(small.COUNTS, energy=step)]), unit={"energy": "TeV"})
    np.testing.assert_allclose(logs["energy_true"], np.exp([1, 2, 3]), rtol=1e-12)


@pytest.mark.quick
@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"unit": "cm2 s"}, "unit must be a dict with the units of parts"),
        ({"unit": {"exposures": "cm2 s"}}, "among .*'exposure'.*found .*exposures"),
        ({"unit": {"background": "ct"}}, "background, but the maps have the parts counts, expo"),
        ({"unit": {"exposure": "TeV"}}, "unit of exposure is 'TeV', expected one like 'cm2 s'"),
        ({"unit": {"exposure": ""}}, "unit of exposure is 'a plain number'"),
        ({"unit": {"exposure": "acres"}}, "unit of exposure: 'acres' is not a unit"),
        ({"unit": {"counts": "s"}}, "unit of counts is 's', expected one like 'ct'"),
        ({"unit": {"exposure": {"energy": "s"}}}, "unit of exposure must be a unit of energy"),
        ({"unit": {"exposure": {"energies": "TeV"}}}, "expected a unit of the values.*or a dict"),
        ({"unit": {"exposure": {}}}, "expected a unit of the values"),
        ({"unit": {"exposure": True}}, "unit of exposure: True is not a unit"),
        ({"unit": {"exposure": "m2 s"}, "exposure_unit": "cm2 s"}, "both give the unit"),
        ({"exposure_unit": True}, "exposure_unit: True is not a unit"),
        ({"exposure_unit": ""}, "unit of exposure is 'a plain number'"),
    ],
)
def test_wrong_units(options, message):
    with pytest.raises(InvalidOptionError, match=message):
        open_maps(**parts(), **options)


def test_times_by_unit():
    maps = open_maps(
        counts=plane(COUNTS), exposure=plane(SECONDS, "counts"), unit={"exposure": "min"},
        energy_edges=[0.5, 2] * u.keV, effective_area=2 * u.cm**2,
    )  # fmt: skip
    np.testing.assert_allclose(maps["exposure"][0], 120 * SECONDS, rtol=1e-6)


def test_energies_of_an_energy_dispersion_are_true_ones():
    """Its reconstructed energies keep their unit, keV here, in files of all tools."""
    recipe = small.Recipe(node_true=False)
    expected = open_maps(BytesIO(recipe.content))
    found = open_maps(BytesIO(recipe.content), unit={"edisp": {"energy": "MeV"}})
    np.testing.assert_array_equal(found["edisp"], expected["edisp"])
    with pytest.raises(FileFormatError, match=r"EDISP .*has energy_true"):
        open_maps(BytesIO(recipe.content), unit={"edisp": {"energy": "GeV"}})


@pytest.mark.parametrize("name", ["counts", "background"])
def test_energies_in_memory_have_their_unit(name):
    maps = open_maps(**parts(), background=0)
    given = {"counts": maps["counts"], "background": 0}
    with pytest.raises(InvalidOptionError, match=rf"{name} is in memory \(.*expected a file"):
        open_maps(**parts(**given), unit={name: {"energy": "GeV"}})


def test_values_in_memory_have_their_unit():
    area = 1e11 * u.cm**2 * u.s
    cube = open_maps(**parts(), background=0)["exposure"]
    for exposure in (area, cube):
        with pytest.raises(InvalidOptionError, match=r"in memory \(\w+\) and has the unit 'cm2 s'"):
            open_maps(**parts(exposure=exposure), unit={"exposure": "m2 s"})
    cube.attrs = {}
    found = open_maps(**parts(exposure=cube), background=0, unit={"exposure": "m2 s"})
    np.testing.assert_allclose(found["exposure"], 1e4 * cube)
