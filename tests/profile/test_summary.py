"""What the accessor prints."""

import astropy.units as u
import pytest
import xarray as xr
from astropy.coordinates import SkyCoord
from astropy.modeling.models import Const1D
from cases.maps import make_maps

from xprofile import SkyBins, bin_maps, estimate, power_law, to_sed_type

ENDS = SkyCoord([3, -3] * u.deg, [0, 0] * u.deg, frame="galactic")


@pytest.fixture(scope="module")
def binned():
    return bin_maps(make_maps(), SkyBins.along_line(*ENDS, height=2 * u.deg, nbin=5))


def make_profile(binned, model):
    edges = [10, 100, 1000] * u.GeV
    return estimate(binned, spectral_model=model, energy_edges=edges, selection_optional=["ul"])


def test_of_a_profile(binned):
    profile = to_sed_type(make_profile(binned, power_law(2.3)), "dnde")
    lines = repr(profile.profile).splitlines()
    assert lines[:2] == ["Flux profile, dnde", "------------------"]
    assert lines[2:12] == [
        "  projected_distance   : 5, from 0 to 6 deg",
        "  energy               : 2, from 0.01 to 1 TeV",
        "  spectral_model       : "
        "PowerLaw1D(amplitude=1e-12 cm-2 s-1 TeV-1, x_0=1.0 TeV, alpha=2.3)",
        "  n_sigma              : 1",
        "  cl                   : 0.682689",
        "  n_sigma_ul           : 2",
        "  cl_ul                : 0.97725",
        "  n_sigma_sensitivity  : 5",
        "  sqrt_ts_threshold_ul : 2",
        "  ul_method            : likelihood",
    ]
    assert lines[13].split(maxsplit=3) == ["dnde", "cm-2", "s-1", "TeV-1  differential flux"]
    assert sum("  " in line for line in lines[13:]) == len(profile.data_vars)
    assert not any(line.endswith(" ") for line in lines)


def test_of_one_bin_and_energy(binned):
    one = make_profile(binned, power_law(2.3)).isel(energy=1, projected_distance=2)
    text = repr(one.profile)
    assert "projected_distance   : 1, from 2.4 to 3.6 deg" in text
    assert "energy               : 1, from 0.1 to 1 TeV" in text


@pytest.mark.parametrize(
    ("model", "text"),
    [
        (Const1D(2 * u.Unit("cm-2 s-1 TeV-1")), "Const1D(amplitude=2.0 cm-2 s-1 TeV-1)"),
        (lambda energy: energy.value * u.Unit("cm-2 s-1 TeV-1"), "<lambda>"),
    ],
)
def test_of_other_models(binned, model, text):
    profile = make_profile(binned, model)
    assert text in repr(profile.profile)
    bare = profile.copy()
    bare.attrs = {"sed_type": "likelihood", "n_sigma": 1, "sqrt_ts_threshold_ul": 2}
    assert "spectral_model       : not known" in repr(bare.profile)


def test_of_maps_binned_data_and_others(binned):
    assert repr(make_maps().profile).startswith("Maps\n----\n")
    text = repr(binned.profile)
    assert text.startswith("Binned data\n-----------\n")
    assert "energy_true        : 6, from 0.01 to 1 TeV" in text
    assert repr(xr.Dataset().profile).startswith("Dataset\n-------")
    named = xr.Dataset({"a": ("region", [1, 2])}, {"region": ["x", "y"]})
    assert "  region : 2\n\n  a" in repr(named.profile)
