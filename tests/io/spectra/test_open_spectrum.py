"""Spectra in text files."""

import astropy.units as u
import numpy as np
import pytest
from cases.maps import make_maps

from xprofile import open_spectrum, predict, table_model
from xprofile.exceptions import FileFormatError, InvalidOptionError, MissingFileError

UNIT = u.Unit("cm-2 s-1 sr-1 MeV-1")
LINES = "# an isotropic spectrum\n58.5 1.2e-07 3e-9\n 1000.  2.5e-10\t1e-11\n878000 1e-17 2e-18\n"


def write(folder, text):
    path = folder / "iso.txt"
    path.write_text(text)
    return path


def test_the_format_of_the_fermi_lat(tmp_path):
    model = open_spectrum(write(tmp_path, LINES))
    energies = [58.5, 1000, 878000] * u.MeV
    np.testing.assert_allclose(model(energies).to_value(UNIT), [1.2e-7, 2.5e-10, 1e-17], rtol=1e-9)
    maps = make_maps(shape=(4, 5))
    expected = table_model(energies, [1.2e-7, 2.5e-10, 1e-17] * UNIT)
    found = predict(maps, None, spectral_model=model)
    np.testing.assert_allclose(found, predict(maps, None, spectral_model=expected), rtol=1e-12)


def test_other_units(tmp_path):
    path = write(tmp_path, "1 2\n10 0.2\n")
    model = open_spectrum(path, unit="cm-2 s-1 TeV-1", energy_unit="TeV")
    np.testing.assert_allclose(model(1 * u.TeV).to_value("cm-2 s-1 TeV-1"), 2)
    for wrong in ({"unit": "blah"}, {"energy_unit": "m"}):
        with pytest.raises(InvalidOptionError):
            open_spectrum(path, **wrong)


@pytest.mark.quick
@pytest.mark.parametrize(
    "lines", ["", "a b,c d", "1 2", "1,2", "2 1,1 1", "1 -2,2 3", "1 nan,2 3", "0 1,1 1", "1 1,1 2"]
)
def test_other_files_are_format_errors(tmp_path, lines):
    with pytest.raises(FileFormatError, match=r"iso\.txt.*expected lines with an energy"):
        open_spectrum(write(tmp_path, lines.replace(",", "\n")))


def test_a_missing_file(tmp_path):
    with pytest.raises(MissingFileError):
        open_spectrum(tmp_path / "none.txt")
