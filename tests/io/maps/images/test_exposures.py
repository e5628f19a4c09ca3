"""Exposures of images: times with an effective area, and units that the caller gives."""

import astropy.units as u
import numpy as np
import pytest
from cases import mapdataset_files as small
from cases import part_files as partfiles
from cases.image_files import COUNTS, SECONDS, plane, xray
from cases.part_files import fermi_parts, stream

from xprofile import open_maps
from xprofile.exceptions import FileFormatError, InvalidOptionError

BAND = [0.5, 2] * u.keV


@pytest.mark.parametrize(
    ("unit", "options", "factor"),
    [
        ("", {"effective_area": 2 * u.m**2}, 2e4),
        ("ks", {"effective_area": [3] * u.cm**2}, 3e3),
        ("", {"effective_area": 3 * u.cm**2, "exposure_unit": "ks"}, 3e3),
        ("", {"exposure_unit": "cm2 s"}, 1),
        ("", {"exposure_unit": u.m**2 * u.h}, 3.6e7),
        ("s", {"exposure_unit": "m2 s"}, 1e4),
        ("m2 s", {}, 1e4),
    ],
)
def test_exposures_become_cm2_s(unit, options, factor):
    maps = open_maps(**xray(exposure=plane(SECONDS, unit)), energy_edges=BAND, **options)
    np.testing.assert_allclose(maps["exposure"], factor * SECONDS[None], rtol=1e-6)
    assert maps["exposure"].attrs["units"] == "cm2 s"


@pytest.mark.parametrize("chunks", [None, {}])
def test_each_true_energy_has_its_area(chunks):
    area = [10, 20, 40] * u.cm**2
    maps = open_maps(**fermi_parts(exposure=plane(SECONDS)), effective_area=area, chunks=chunks)
    np.testing.assert_allclose(
        maps["exposure"], np.multiply.outer([10, 20, 40], SECONDS), rtol=1e-6
    )
    np.testing.assert_allclose(maps["energy_true_min"], small.EDGES[:-1], rtol=1e-12)


def test_true_energies_of_an_image_are_those_of_the_energy_dispersion():
    parts = fermi_parts(exposure=plane(SECONDS), edisp=stream(partfiles.gtdrm()))
    maps = open_maps(**parts, effective_area=[1, 2, 3, 4] * u.m**2)
    np.testing.assert_allclose(
        maps["exposure"], np.multiply.outer([1e4, 2e4, 3e4, 4e4], SECONDS), rtol=1e-6
    )
    np.testing.assert_allclose(maps["energy_true_min"], small.EDGES_TRUE[:-1], rtol=1e-6)


def test_areas_of_bands():
    parts = xray(counts=[plane(COUNTS), plane(COUNTS)], background=0)
    parts["exposure"] = [plane(SECONDS), plane(2 * SECONDS)]
    maps = open_maps(**parts, energy_edges=[0.5, 2, 7] * u.keV, effective_area=[5, 7] * u.cm**2)
    np.testing.assert_allclose(maps["exposure"], np.multiply.outer([5, 14], SECONDS), rtol=1e-6)


@pytest.mark.parametrize(
    ("unit", "options", "message"),
    [
        ("", {}, "no unit.*exposure_unit='cm2 s'; for a time, give effective_area="),
        ("s", {}, "unit 's' of a time.*give effective_area="),
        ("cm2 s", {"effective_area": 3 * u.cm**2}, "expected a time.*leave effective_area out"),
    ],
)
def test_units_that_do_not_fit_are_told(unit, options, message):
    with pytest.raises(FileFormatError, match=message):
        open_maps(**xray(exposure=plane(SECONDS, unit)), energy_edges=BAND, **options)


@pytest.mark.parametrize(
    "area", [3, 3 * u.s, -1 * u.m**2, np.nan * u.m**2, np.ones((2, 2)) * u.m**2]
)
def test_effective_areas_are_checked(area):
    with pytest.raises(InvalidOptionError, match="effective_area must be one area"):
        open_maps(**xray(), energy_edges=BAND, effective_area=area)


def test_as_many_areas_as_energies():
    with pytest.raises(InvalidOptionError, match="effective_area has 2 values, expected one"):
        open_maps(**xray(), energy_edges=BAND, effective_area=[1, 2] * u.m**2)


def test_one_image_of_an_exposure_is_not_taken_for_all_energies_of_a_cube():
    with pytest.raises(FileFormatError, match=r"has no energies.*ENERGIES.*effective_area="):
        open_maps(**fermi_parts(exposure=plane(SECONDS, "cm2 s")))
