"""Profiles referred to another spectral model."""

import astropy.units as u
import numpy as np
import pytest
import xarray as xr
from astropy.coordinates import SkyCoord
from cases.maps import make_maps

from xprofile import (
    SkyBins,
    bin_maps,
    estimate,
    power_law,
    to_sed_type,
    to_units,
    with_reference_model,
)
from xprofile.exceptions import InvalidOptionError, MissingVariableError
from xprofile.spectrum.model_json import model_from_json

OLD, NEW = power_law(2.0), power_law(2.7, 3e-11 * u.Unit("cm-2 s-1 TeV-1"))
ENDS = SkyCoord([3, -3] * u.deg, [0, 0] * u.deg, frame="galactic")
BINNED = bin_maps(make_maps(), SkyBins.along_line(*ENDS, height=2 * u.deg, nbin=5))
TYPES = ["dnde", "flux", "eflux", "e2dnde"]


def make_profile(edges=(10, 100, 1000), **settings):
    return estimate(
        BINNED, energy_edges=edges * u.GeV, spectral_model=OLD, selection_optional="all", **settings
    )


@pytest.mark.parametrize("kind", TYPES)
def test_what_the_profile_has_stays(kind):
    profile = to_sed_type(make_profile(), kind)
    changed = profile.profile.with_reference_model(NEW)
    for suffix in ("", "_err", "_errn", "_errp", "_ul", "_sensitivity"):
        xr.testing.assert_identical(changed[kind + suffix], profile[kind + suffix])
    assert model_from_json(changed.attrs["spectral_model"]).alpha == 2.7
    assert "PowerLaw1D" in changed.attrs["history"].splitlines()[-1]
    energy = changed["energy"].to_numpy() * u.TeV
    expected = NEW(energy).to_value("cm-2 s-1 TeV-1")
    np.testing.assert_allclose(changed["ref_dnde"], expected, rtol=1e-12)


@pytest.mark.parametrize("kind", TYPES)
def test_there_and_back(kind):
    profile = to_sed_type(make_profile(), kind)
    back = with_reference_model(with_reference_model(profile, NEW), OLD)
    for name in profile.data_vars:
        if name != "stat_scan":
            np.testing.assert_allclose(back[name], profile[name], rtol=1e-12, err_msg=name)
    norms = back["norm_scan_values"]
    assert norms.dims == ("projected_distance", "energy", "norm_scan")
    np.testing.assert_allclose(norms[0, 1], profile["norm_scan"], rtol=1e-12)


def test_other_fluxes_follow_the_model():
    """In narrow bins they stay, and norms are those of an estimate with the model."""
    edges = np.geomspace(100, 101, 2)
    maps = make_maps(nenergy=1, ntrue=1)
    low, high = edges / 1000
    axis = {"energy_min": low, "energy_max": high, "energy": np.sqrt(low * high)}
    for name, value in axis.items():
        for full in (name, name.replace("energy", "energy_true")):
            attrs = maps[full].attrs
            maps = maps.assign_coords({full: maps[full] * 0 + value})
            maps[full].attrs = attrs
    binned = bin_maps(maps, SkyBins.along_line(*ENDS, height=2 * u.deg, nbin=5))
    old, new = (estimate(binned, spectral_model=m, selection_optional="all") for m in (OLD, NEW))
    changed = with_reference_model(to_sed_type(old, "flux"), NEW)
    for kind in ["likelihood", *TYPES]:
        found, expected = to_sed_type(changed, kind), to_sed_type(new, kind)
        name = "norm_ul" if kind == "likelihood" else f"{kind}_ul"
        np.testing.assert_allclose(found[name], expected[name], rtol=1e-3)


@pytest.mark.parametrize("edges", [(10, 1000), (10, 100, 1000)])
@pytest.mark.parametrize("scan", [{}, {"scan_n_sigma": 3}])
def test_scans_stand_for_the_same_fluxes(edges, scan):
    profile = to_sed_type(make_profile(edges, **scan), "flux")
    changed = with_reference_model(profile, NEW)
    given = profile["norm_scan_values" if scan else "norm_scan"] * profile["ref_flux"]
    shared = not scan and len(edges) == 2
    found = changed["norm_scan" if shared else "norm_scan_values"] * changed["ref_flux"]
    assert ("norm_scan_values" in changed) == (not shared)
    given, found = (v.drop_vars("norm_scan", errors="ignore") for v in (given, found))
    given, found = xr.broadcast(given, found)
    np.testing.assert_allclose(found, given.transpose(*found.dims), rtol=1e-12)
    assert changed["stat_scan"].dims == profile["stat_scan"].dims


def test_of_one_energy_and_other_units():
    profile = to_units(to_sed_type(make_profile(), "dnde"), energy="GeV", dnde="m-2 s-1 GeV-1")
    one = with_reference_model(profile.isel(energy=1), NEW)
    assert one["ref_flux"].dims == ()
    both = with_reference_model(profile, NEW)
    np.testing.assert_allclose(one["ref_flux"], both["ref_flux"][1], rtol=1e-14)
    norm = to_sed_type(both, "norm")["norm"]
    expected = make_profile()
    ratio = expected["ref_dnde"].to_numpy() / both["ref_dnde"].to_numpy()
    np.testing.assert_allclose(norm, expected["norm"] * ratio, rtol=1e-12)
    ends = expected["norm_scan"][0].item() * expected["ref_dnde"].to_numpy()
    found = both["norm_scan_values"].isel(norm_scan=0, projected_distance=0) * both["ref_dnde"]
    np.testing.assert_allclose(found, ends, rtol=1e-12)


def test_what_cannot_be():
    with pytest.raises(InvalidOptionError, match=r"to_sed_type\('flux'\)"):
        with_reference_model(make_profile(), NEW)
    lost = to_sed_type(make_profile(), "flux").drop_vars("ref_flux")
    with pytest.raises(MissingVariableError, match="the profile has no ref_flux"):
        with_reference_model(lost, NEW)
    bare = with_reference_model(lost.drop_vars("stat_scan"), NEW)
    assert "ref_flux" in bare
    with pytest.raises(MissingVariableError, match="not a profile"):
        with_reference_model(lost.drop_vars("energy_min"), NEW)
