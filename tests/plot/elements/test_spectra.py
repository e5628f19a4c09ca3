"""Quantities over energy: what lacks energies, and how bins are told apart."""

import numpy as np
import pytest
from cases.profiles import make_profile

from xprofile.exceptions import InvalidOptionError, MissingVariableError
from xprofile.plot.elements.spectra import as_spectrum, energy_axis, split_bins


def test_spectra_need_the_energies_of_the_bins():
    profile = make_profile()
    for lost in ("energy_min", "energy_max"):
        with pytest.raises(MissingVariableError, match=rf"coordinates \['{lost}'\] are missing"):
            as_spectrum(profile.drop_vars(lost), "norm", 0)


def test_energies_are_above_zero():
    profile = make_profile()
    lower = profile.energy_min.copy(data=[0.0, 0.05])
    with pytest.raises(InvalidOptionError, match="energies above 0, found energy_min=0"):
        energy_axis(profile.assign_coords(energy_min=lower), None)
    assert energy_axis(profile, None).log


def test_series_are_named_by_their_bins():
    profile = make_profile().isel(projected_distance=slice(2, 4))
    texts = [text for text, _ in split_bins(profile, "norm")]
    assert texts == ["0.5 - 0.75 deg", "0.75 - 1 deg"]
    numbered = split_bins(profile.drop_vars("projected_distance"), "norm")
    assert [text for text, _ in numbered] == ["bin 0", "bin 1"]
    ((text, one),) = split_bins(profile.isel(projected_distance=[1]), "norm")
    assert text == ""
    np.testing.assert_array_equal(one.norm, profile.norm[1])
