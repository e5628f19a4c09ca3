"""Units changed by name, and selections by Quantity."""

import astropy.units as u
import numpy as np
import pytest
import xarray as xr
from astropy.coordinates import SkyCoord
from cases.maps import make_maps

from xprofile import SkyBins, bin_maps, estimate, select, to_sed_type, to_units
from xprofile.exceptions import InvalidOptionError, MissingVariableError
from xprofile.profile.sed import is_brightness, quantity
from xprofile.schema.units import unit_words
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


class TestWords:
    @pytest.mark.parametrize("kind", [kind for kind in SED_TYPES if kind != "norm"])
    @pytest.mark.parametrize("per", ["", " sr-1"])
    def test_those_of_fluxes_stay(self, kind, per):
        words = SED_TYPES[kind].unit + per
        assert unit_words(words) == words
        assert unit_words(u.Unit(words)) == words

    def test_others(self):
        assert unit_words("ph / (TeV s sr cm2)") == "ph cm-2 s-1 TeV-1 sr-1"
        assert unit_words(u.arcmin) == "arcmin"
        assert unit_words("") == ""

    def test_what_is_none(self):
        with pytest.raises(InvalidOptionError, match="'parrots' is no unit"):
            unit_words("parrots")
        with pytest.raises(InvalidOptionError, match="has a number in it"):
            unit_words("1e-12 cm-2 s-1")


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
        """Into the units that were chosen, whichever quantity the profile has meanwhile."""
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

    def test_estimates_of_energies_in_another_unit_are_the_same(self, binned, profile):
        changed = to_units(binned, energy="MeV")
        assert changed["energy_true"].attrs["units"] == "MeV"
        found = estimate(changed, energy_edges=EDGES, selection_optional="all")
        np.testing.assert_allclose(found["norm_ul"], profile["norm_ul"], rtol=1e-12)
        np.testing.assert_allclose(found["ref_flux"], profile["ref_flux"], rtol=1e-12)
        np.testing.assert_allclose(found["energy_max"], [1e5, 1e6], rtol=1e-12)

    def test_other_variables(self, profile):
        found = to_units(profile, solid_angle="deg2")["solid_angle"]
        np.testing.assert_allclose(found, np.rad2deg(np.rad2deg(profile["solid_angle"])))
        assert found.attrs["units"] == "deg2"

    def test_what_cannot_be(self, profile):
        with pytest.raises(MissingVariableError, match="no 'power' whose unit"):
            to_units(profile, power="W")
        with pytest.raises(InvalidOptionError, match="energy in 'TeV' has no value in 'deg'"):
            to_units(profile, energy="deg")
        with pytest.raises(InvalidOptionError, match="per_solid_angle=True"):
            to_units(to_sed_type(profile, "flux"), flux="cm-2 s-1 sr-1")


class TestSelect:
    def test_slices(self, binned):
        found = binned.profile.sel(
            energy=slice(20 * u.GeV, 200 * u.GeV), projected_distance=slice(60 * u.arcmin, None)
        )
        xr.testing.assert_identical(
            found, binned.sel(energy=slice(0.02, 0.2), projected_distance=slice(1, None))
        )
        assert 0 < found.sizes["energy"] < binned.sizes["energy"]
        assert 0 < found.sizes["projected_distance"] < 5

    def test_values(self, profile):
        x = profile["projected_distance"].to_numpy()
        one = select(profile, {"projected_distance": x[1] * 60 * u.arcmin}, method="nearest")
        xr.testing.assert_identical(one, profile.isel(projected_distance=1))
        two = select(profile, projected_distance=[x[1] * u.deg, x[3] * u.deg])
        xr.testing.assert_identical(two, profile.isel(projected_distance=[1, 3]))
        many = select(profile, projected_distance=x[[0, 2]] * u.deg)
        xr.testing.assert_identical(many, profile.isel(projected_distance=[0, 2]))
        with pytest.raises(KeyError):
            select(profile, projected_distance=(x[1] + 0.5) * u.deg, method="nearest",
                   tolerance=1 * u.arcmin)  # fmt: skip

    def test_numbers_are_left_alone(self, profile):
        wanted = {"energy": slice(0.05, None)}
        xr.testing.assert_identical(select(profile, wanted), profile.sel(wanted))
        scan = select(profile, norm_scan=1.0, method="nearest", drop=True)
        assert "norm_scan" not in scan.dims

    def test_what_cannot_be(self, profile):
        with pytest.raises(InvalidOptionError, match=r"energy is in 'TeV', found 3\.0 deg"):
            select(profile, energy=3 * u.deg)
        with pytest.raises(MissingVariableError, match="no coordinate 'time'"):
            select(profile, time=3 * u.s)
