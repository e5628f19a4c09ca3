"""Memory that results must not share: with the package, with one another, within one result."""

import astropy.units as u
import numpy as np
import pytest
import xarray as xr
from cases.small_inputs import binned, center, maps, profile

import xprofile
from xprofile import SkyBins, power_law


def made_of_arrays():
    return xprofile.from_arrays(
        np.ones((2, 10, 12)),
        wcs=maps().profile.wcs,
        energy_edges=[0.01, 0.1, 1] * u.TeV,
        background=1.0,
        exposure=1e12 * u.Unit("cm2 s"),
    )


def written(tmp_path):
    maps().profile.to_fits(tmp_path / "maps.fits", overwrite=True)
    return xprofile.open_maps(tmp_path / "maps.fits")


def test_tutorial_maps_do_not_share_their_axes():
    kept = xprofile.tutorial.open_maps("galactic-center-sim")
    edges = {name: kept[name].to_numpy().copy() for name in ("energy_min", "energy_true_max")}
    changed = xprofile.tutorial.open_maps("galactic-center-sim")
    for name in ("energy_min", "energy_max", "energy_true_min", "energy_true_max"):
        changed[name].values[:] = 7
    again = xprofile.tutorial.open_maps("galactic-center-sim")
    for name, values in edges.items():
        np.testing.assert_array_equal(kept[name], values)
        np.testing.assert_array_equal(again[name], values)


@pytest.mark.parametrize("make", ["arrays", "file"])
@pytest.mark.parametrize("axis", ["energy", "energy_true"])
def test_lower_and_upper_edges_are_two_arrays(tmp_path, make, axis):
    data = made_of_arrays() if make == "arrays" else written(tmp_path)
    upper = data[f"{axis}_max"].to_numpy().copy()
    data[f"{axis}_min"].values[:] = 7
    np.testing.assert_array_equal(data[f"{axis}_max"], upper)


RESULTS = {
    "estimate": lambda: binned().profile.estimate(),
    "bin": lambda: maps().profile.bin(SkyBins.annuli(center(), radius_max=1 * u.deg, nbin=2)),
    "reference": lambda: (
        profile().profile.to_sed_type("flux").profile.with_reference_model(power_law(2.5))
    ),
    "solid angle": lambda: maps().profile.solid_angle.to_dataset(name="a"),
    "sky": lambda: maps().profile.assign_sky_coords(),
}


@pytest.mark.parametrize("make", RESULTS.values(), ids=RESULTS)
def test_each_value_of_a_result_can_be_changed(make):
    found = make()
    for name, variable in found.variables.items():
        if isinstance(variable, xr.IndexVariable) or variable.dtype.kind not in "biuf":
            continue
        before, one = variable.values.copy(), (0,) * variable.ndim
        variable.values[one] = before[one] + 1
        assert np.sum(variable.values != before) <= 1, name


def test_encodings_are_copied_with_what_is_in_them():
    data = maps()
    data.encoding["unlimited_dims"] = ["energy"]
    data.counts.encoding["chunks"] = {"of": [1]}
    found = data.profile.sel(energy=slice(None))
    found.encoding["unlimited_dims"].append("lon")
    found.counts.encoding["chunks"]["of"].append(2)
    assert data.encoding == {"unlimited_dims": ["energy"]}
    assert data.counts.encoding == {"chunks": {"of": [1]}}


def test_places_of_bins_cannot_be_changed():
    bins = SkyBins.annuli(center(), radius_max=1 * u.deg, nbin=3)
    path = SkyBins.along_path(
        center().directional_offset_by([0, 90] * u.deg, 1 * u.deg), height=1 * u.deg, nbin=3
    )
    part, key = bins[1:], hash(bins)
    with pytest.raises(ValueError, match="read-only"):
        bins.shape.axes.position_angle[...] = 3 * u.deg
    for place in (bins.shape.axes.origin, path.shape.points):
        with pytest.raises(ValueError, match="read-only"):
            place.data.lon.view(np.ndarray)[...] = 7
    assert hash(bins) == key
    assert part == bins[1:]
    bins.center[0] = bins.center[1]  # a copy
    assert hash(bins) == key


def test_the_center_that_bins_are_made_of_stays_free():
    origin = center().reshape(1)[0]
    SkyBins.annuli(origin, radius_max=1 * u.deg, nbin=3)
    assert origin.data.lon.flags.writeable
