"""Units as people write them, read as what they mean."""

import astropy.units as u
import pytest
from hypothesis import given
from hypothesis import strategies as st

from xprofile.schema.written_units.parsing import (
    as_unit,
    conversion_factor,
    is_number,
    named_unit,
    without_events,
)
from xprofile.schema.written_units.spellings import MEANINGS

ONE = u.dimensionless_unscaled
PER_FLUX = u.cm**2 * u.s

SPELLINGS = {
    ONE: ["", " ", "None", "NONE", "none", "unknown", "N/A", "dimensionless", "1", "[]"],
    u.ct: ["ct", "CT", "cts", "count", "Count", "counts", "COUNTS", "events", "Event", "'counts'"],
    u.ph: ["ph", "PH", "Ph", "photon", "Photons", "PHOTONS"],
    u.MeV: ["MeV", "MEV", "Mev", "mev"],
    u.GeV: ["GeV", "GEV", "Gev"],
    u.TeV: ["TeV", "TEV", "Tev"],
    u.keV: ["keV", "KEV", "KeV", "Kev", "kev"],
    u.eV: ["eV", "EV", "ev"],
    u.deg: ["deg", "DEG", "degree", "DEGREE", "degrees", "Degrees"],
    u.s: ["s", "S", "sec", "Sec", "SECONDS"],
    u.ks: ["ks", "ksec", "Ksec", "KSEC"],
    u.sr: ["sr", "SR", "ster"],
    u.K * u.km / u.s: ["K km/s", "K km s-1", "K KM/S", "K*km/s"],
    u.Jy / u.beam: ["Jy/beam", "JY/BEAM", "Jy beam^-1", "jy/beam", "JY/BM"],
    u.MJy / u.sr: ["MJy/sr", "MJY/SR", "MJY/STER"],
    u.ct / u.s: ["ct/s", "counts/s", "Counts per second", "cts s^-1", "cps", "COUNTS/SEC"],
    PER_FLUX: [
        "cm2 s",
        "cm^2 s",
        "cm**2 s",
        "s cm2",
        "CM2 S",
        "CM**2*S",
        "cm2 S",
        "cm^{2} s",
        "[cm2 s]",
        "cm²·s",
    ],
    u.ph / PER_FLUX: ["ph/cm**2/s", "ph cm-2 s-1", "photons/cm^2/s", "PH/CM2/S", "Photon/(cm2 s)"],
    1 / PER_FLUX: ["(cm2 s)-1", "(cm**2 s)**-1", "(cm^2 s)^(-1)"],
    1 / (PER_FLUX * u.sr * u.MeV): ["1/(cm2 s sr MeV)", "1/cm^2/s/sr/MeV", "/cm2/s/sr/MeV"],
    u.ph / (PER_FLUX * u.MeV * u.sr): ["photons/cm^2/s/MeV/sr", "PHOTONS/CM^2/S/MEV/SR"],
    u.Unit("1e-12 erg cm-2 s-1"): ["1e-12 erg/cm2/s", "1E-12 ERGS/CM2/S", "10^-12 erg cm-2 s-1"],
}


@pytest.mark.parametrize(
    ("text", "unit"), [(text, unit) for unit, texts in SPELLINGS.items() for text in texts]
)
def test_spellings(text, unit):
    assert as_unit(text) == unit


@pytest.mark.parametrize("text", ["meV", "mHz", "mK", "solMass", "G", "TS", "V", "sqrt(s)", "Myr"])
def test_what_astropy_knows_stays(text):
    assert as_unit(text) == u.Unit(text)


@pytest.mark.slow
@given(st.sampled_from(sorted(MEANINGS)), st.sampled_from([str.upper, str.lower, str.title]))
def test_all_names_of_the_table_are_units(name, case):
    assert isinstance(as_unit(case(name)), u.UnitBase)


def test_units_that_are_no_texts():
    assert as_unit(2 * u.m) == u.Unit("2 m")
    with pytest.raises(TypeError, match="expected a text or a unit, found True"):
        as_unit(True)
    with pytest.raises(ValueError, match=r"has a factor that is not positive and finite"):
        as_unit(-1 * u.m)


@pytest.mark.quick
@pytest.mark.parametrize("text", ["furlong", "acre s", "counts of some kind", "cm^", "mag(ct/s)"])
def test_what_is_no_unit(text):
    with pytest.raises(ValueError, match=r"did not parse|logarithmic"):
        as_unit(text)


def test_only_texts_and_units_are_taken():
    assert as_unit(u.m) is u.m
    with pytest.raises(TypeError):
        as_unit(None)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("counts", True), ("Count", True), ("photons", True), ("", True), ("counts/pixel", True),
        ("ct / s", False), ("ph/cm2", False), ("deg", False), ("Jy/beam", False),
    ],
)  # fmt: skip
def test_numbers_of_events(text, number):
    assert is_number(as_unit(text)) == number


def test_unit_that_is_named():
    assert [named_unit(text) for text in (None, "None", " ", "n/a", "?")] == [None] * 5
    assert named_unit(" cm2 s ") == "cm2 s"


def test_photons_and_counts_have_no_unit_in_conversions():
    assert without_events(u.ph / PER_FLUX) == 1 / PER_FLUX
    assert without_events(u.m) is u.m
    assert conversion_factor(u.ph / u.m**2, u.cm**-2) == pytest.approx(1e-4)
    assert conversion_factor(u.ct, u.ph) == 1
    with pytest.raises(u.UnitConversionError):
        conversion_factor(u.ph, u.s)
