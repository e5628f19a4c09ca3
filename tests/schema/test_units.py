"""Units: how they are written, and changed by name."""

import astropy.units as u
import numpy as np
import pytest
import xarray as xr
from astropy.coordinates import SkyCoord
from cases.maps import make_maps

from xprofile import SkyBins, bin_maps, estimate, to_sed_type, to_units
from xprofile.exceptions import InvalidDataError, InvalidOptionError, MissingVariableError
from xprofile.profile.sed import is_brightness, quantity
from xprofile.schema.units import unit_text
from xprofile.schema.variables import SED_TYPES

ENDS = SkyCoord([3, -3] * u.deg, [0, 0] * u.deg, frame="galactic")
BINS = SkyBins.along_line(*ENDS, height=2 * u.deg, nbin=5)
EDGES = [10, 100, 1000] * u.GeV
OTHER = {
    "dnde": "m-2 s-1 GeV-1",
    "flux": "m-2 yr-1",
    "eflux": "TeV cm-2 s-1",
    "e2dnde": "GeV m-2 s-1",
}


@pytest.fixture(scope="module")
def binned():
    return bin_maps(make_maps(), BINS)


@pytest.fixture(scope="module")
def profile(binned):
    return estimate(binned, energy_edges=EDGES, selection_optional="all")


class TestUnitText:
    @pytest.mark.parametrize("kind", [kind for kind in SED_TYPES if kind != "norm"])
    @pytest.mark.parametrize("per", ["", " sr-1"])
    def test_those_of_fluxes_stay(self, kind, per):
        unit = SED_TYPES[kind].unit + per
        assert unit_text(unit) == unit
        assert unit_text(u.Unit(unit)) == unit

    def test_others(self):
        assert unit_text("ph / (TeV s sr cm2)") == "ph cm-2 s-1 TeV-1 sr-1"
        assert unit_text(u.arcmin) == "arcmin"
        assert unit_text("") == ""

    def test_what_is_none(self):
        with pytest.raises(InvalidOptionError, match="'parrots' is not a unit"):
            unit_text("parrots")
        with pytest.raises(InvalidOptionError, match="has a number in it"):
            unit_text("1e-12 cm-2 s-1")


class TestToUnits:
    @pytest.mark.parametrize("kind", OTHER)
    @pytest.mark.parametrize("bright", [False, True])
    def test_quantities_are_the_same(self, profile, kind, bright):
        before = to_sed_type(profile, kind, per_solid_angle=bright)
        unit = OTHER[kind] + (" sr-1" if bright else "")
        after = to_units(before, {kind: unit})
        assert is_brightness(after) == bright
        for name in (kind, f"{kind}_err", f"{kind}_errn", f"{kind}_ul", f"{kind}_sensitivity"):
            assert after[name].attrs == {**before[name].attrs, "units": unit}
            there = u.Quantity(after[name].to_numpy(), unit)
            here = u.Quantity(before[name].to_numpy(), before[name].attrs["units"])
            np.testing.assert_allclose(there.to_value(here.unit), here.value, rtol=1e-14)
        assert after[f"ref_{kind}"].attrs["units"] == OTHER[kind]
        back = to_units(after, {kind: before[kind].attrs["units"]})
        xr.testing.assert_allclose(back, before, rtol=1e-14, atol=0)
        assert back[kind].attrs == before[kind].attrs

    @pytest.mark.parametrize("first", OTHER)
    @pytest.mark.parametrize("second", OTHER)
    def test_conversions_keep_them(self, profile, first, second):
        """Into the units that were chosen, also while the profile has another quantity."""
        changed = to_units(to_sed_type(profile, first, per_solid_angle=True), OTHER | {
            first: OTHER[first] + " sr-1"})  # fmt: skip
        found = to_sed_type(changed, second)
        assert found[second].attrs["units"] == OTHER[second]
        expected = quantity(profile, f"{second}_ul")
        np.testing.assert_allclose(
            quantity(found, f"{second}_ul").to_value(expected.unit), expected.value, rtol=1e-13
        )
        norm = to_sed_type(found, "likelihood")
        np.testing.assert_allclose(norm["norm"], profile["norm"], rtol=1e-13)

    def test_photons_are_numbers(self, profile):
        before = to_sed_type(profile, "dnde")
        after = to_units(before, dnde="ph / (m2 s GeV)", energy="GEV")
        xr.testing.assert_identical(after, to_units(before, dnde="m-2 s-1 GeV-1", energy="GeV"))

    def test_fluxes_in_another_unit_than_their_reference(self, profile):
        dnde = to_sed_type(profile, "dnde")
        mixed = to_units(dnde, dnde="m-2 s-1 GeV-1").assign(ref_dnde=dnde["ref_dnde"])
        np.testing.assert_allclose(to_sed_type(mixed, "norm")["norm"], profile["norm"], rtol=1e-13)

    def test_axes(self, profile):
        changed = profile.profile.to_units(energy=u.keV, projected_distance="arcmin")
        for dim, factor, unit in (("energy", 1e9, "keV"), ("projected_distance", 60, "arcmin")):
            for name in (dim, f"{dim}_min", f"{dim}_max"):
                np.testing.assert_allclose(changed[name], profile[name] * factor, rtol=1e-14)
                assert changed[name].attrs == {**profile[name].attrs, "units": unit}
            assert dim in changed.indexes
        xr.testing.assert_identical(changed.drop_vars(changed.coords),
                                    profile.drop_vars(profile.coords))  # fmt: skip

    @pytest.mark.parametrize("name", ["energy", "energy_true"])
    def test_estimates_of_energies_in_another_unit_are_the_same(self, binned, profile, name):
        changed = to_units(binned, {name: "MeV"})
        assert changed["energy_true"].attrs["units"] == changed["energy"].attrs["units"] == "MeV"
        found = estimate(changed, energy_edges=EDGES, selection_optional="all")
        np.testing.assert_allclose(found["norm_ul"], profile["norm_ul"], rtol=1e-12)
        np.testing.assert_allclose(found["ref_flux"], profile["ref_flux"], rtol=1e-12)
        np.testing.assert_allclose(found["energy_max"], [1e5, 1e6], rtol=1e-12)

    def test_energies_have_one_unit(self, binned):
        """Norms would be those of other energies, by powers of ten."""
        with pytest.raises(InvalidOptionError, match=r"have one unit, found \['MeV', 'TeV'\]"):
            to_units(binned, energy="MeV", energy_true="TeV")
        names = ["energy_true", "energy_true_min", "energy_true_max"]
        axis = {name: (1e6 * binned[name]).assign_attrs(units="MeV") for name in names}
        with pytest.raises(InvalidDataError, match="energy_true is in 'MeV', but energy in 'TeV'"):
            estimate(binned.assign_coords(axis), energy_edges=EDGES)

    def test_other_variables(self, profile):
        found = to_units(profile, solid_angle="deg2")["solid_angle"]
        np.testing.assert_allclose(found, np.rad2deg(np.rad2deg(profile["solid_angle"])))
        assert found.attrs["units"] == "deg2"

    def test_what_cannot_be(self, profile):
        with pytest.raises(MissingVariableError, match="no variable 'power' whose unit"):
            to_units(profile, power="W")
        with pytest.raises(InvalidOptionError, match="energy in 'TeV' has no value in 'deg'"):
            to_units(profile, energy="deg")
        with pytest.raises(InvalidOptionError, match="per_solid_angle=True"):
            to_units(to_sed_type(profile, "flux"), flux="cm-2 s-1 sr-1")
